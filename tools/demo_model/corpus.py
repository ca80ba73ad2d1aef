"""Turns generated conversations into token files for training."""

import argparse

import numpy

import config
from generator.core import Gen
from generator.mix import first_lessons, late, make_sample
from render import segments
from tokenizer import DemoTokenizer

CHUNK = 2000


def encode_chunk(tokenizer, seeds, kind):
    """(token ids, target flags) of each conversation."""
    rows, texts = [], []
    for seed in seeds:
        parts = segments(make_sample(seed, kind=kind))
        rows.append([target for _, target in parts])
        texts.extend(text for text, _ in parts)
    encoded = iter(tokenizer.encode_batch(texts))
    for flags in rows:
        ids, targets = [], []
        for flag in flags:
            part = next(encoded)
            ids.extend(part)
            targets.extend([flag] * len(part))
        yield ids, targets


def build(tokenizer, token_count):
    """Flat token ids, loss kinds (0 none, 1 prompt, 2 answer) and document ends for at least `token_count` tokens."""
    ids, kinds, ends, total, seed = [], [], [], 0, 0
    g = Gen("prompt-loss")
    short_tokens = config.SHORT_STEPS * config.MICRO_BATCHES * config.MICRO_TOKENS
    while total < token_count:
        kind = first_lessons if total < short_tokens else late if total >= config.LATE_TOKENS else None
        for document, targets in encode_chunk(tokenizer, range(seed, seed + CHUNK), kind):
            if len(document) <= config.BUCKETS[-1]:
                ids.append(numpy.array(document, dtype=numpy.uint16))
                kinds.append(
                    numpy.array(
                        [2 if t else int(g.rng.random() < config.PROMPT_SHARE) for t in targets],
                        dtype=numpy.uint8,
                    )
                )
                total += len(document)
                ends.append(total)
        seed += CHUNK
    return numpy.concatenate(ids), numpy.concatenate(kinds), numpy.array(ends, dtype=numpy.int64)


def main():
    """Writes corpus.npz unless it exists."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    path = config.WORK_DIR / "corpus.npz"
    if path.exists():
        return
    tokenizer = DemoTokenizer(config.WORK_DIR / "vocab.json")
    token_count = int(config.STEPS * config.MICRO_BATCHES * config.MICRO_TOKENS * 1.02)
    ids, kinds, ends = build(tokenizer, token_count)
    partial = path.with_suffix(".partial.npz")
    numpy.savez(partial, ids=ids, kinds=kinds, ends=ends)
    partial.rename(path)
    print(f"corpus: {len(ends)} conversations, {len(ids)} tokens, {(kinds == 2).mean():.3f} of them answers")


if __name__ == "__main__":
    main()
