"""Builds the vocabulary: byte-level BPE whose merges are ordered so that copied text splits alike everywhere.

A word is split the same way after a space, after a quote and inside JSON, because letter merges come first and
the merge of a space with a whole common word comes last. Small models copy far better with it. Chinese is one
token for a common character and two for others.
"""

import argparse
import collections
import json
import pathlib
import re

import regex
from tokenizers import Tokenizer, models, trainers

import config
from generator.core import TEXT_DIR, WORDS
from generator.mix import make_sample
from render import segments
from tokenizer import BYTES, CONTROL, SPLIT, USER_DEFINED, to_symbols

SPACE = to_symbols(" ")


def count_pieces(sample_count):
    """Counts of split pieces over generated conversations."""
    pieces = collections.Counter()
    pattern = regex.compile(SPLIT)
    marks = re.compile("|".join(re.escape(t) for t in CONTROL + USER_DEFINED))
    for seed in range(sample_count):
        text = "".join(part for part, _ in segments(make_sample(f"vocab-{seed}")))
        for part in marks.split(text):
            pieces.update(pattern.findall(part))
    return pieces


def known_characters():
    """Chinese characters and marks that get a token of their own."""
    found = collections.Counter()
    for path in sorted(TEXT_DIR.glob("*.txt")) + sorted((TEXT_DIR.parent / "generator").glob("*.py")):
        found.update(c for c in path.read_text(encoding="utf-8") if ord(c) > 127)
    found.update(
        "\uff0c\u3002\uff1f\uff01\uff1a\uff1b\u3001\u201c\u201d\u2018"
        "\u2019\u300a\u300b\uff08\uff09\u2026\u2014\u00b0\uff5e"
    )
    return sorted(found)


def copied_words():
    """Words that appear mostly as values; they keep their space apart, so that all places spell them alike."""
    sections = [
        "en_names",
        "surnames",
        "cities",
        "nouns",
        "plain_words",
        "tool_nouns",
        "colors",
        "jobs",
        "weekdays",
        "months",
    ]
    words = {w for s in sections for entry in WORDS[s] for w in re.findall("[A-Za-z]+", entry)}
    return sorted(w for w in words if len(w) > 2)


class Merges:
    """An ordered merge list together with the tokens it makes."""

    def __init__(self):
        self.tokens = dict.fromkeys(BYTES)
        self.merges = []

    def add(self, left, right):
        """Appends one merge unless its result exists."""
        if left + right not in self.tokens:
            self.merges.append(f"{left} {right}")
            self.tokens[left + right] = None

    def add_character(self, character):
        """Merges the bytes of one character from the left."""
        symbols = to_symbols(character)
        for end in range(2, len(symbols) + 1):
            self.add(symbols[: end - 1], symbols[end - 1])

    def add_trained(self, counts, merge_count, longest):
        """Appends merges learnt by ordinary BPE on weighted byte-symbol strings."""
        bpe = Tokenizer(models.BPE())
        trainer = trainers.BpeTrainer(
            vocab_size=merge_count + 256,
            show_progress=False,
            max_token_length=longest,
            initial_alphabet=BYTES,
            min_frequency=3,
        )
        bpe.train_from_iterator((text for text, n in sorted(counts.items()) for _ in range(n)), trainer)
        for merge in json.loads(bpe.to_str())["model"]["merges"][:merge_count]:
            self.add(*merge)


def build(sample_count):
    """All tokens and merges."""
    pieces = count_pieces(sample_count)
    merges = Merges()
    for lead in range(0xE4, 0xEA):
        for second in range(0x80, 0xC0):
            if 0xE4B8 <= lead << 8 | second <= 0xE9BE:
                merges.add(BYTES[lead], BYTES[second])
    for character in known_characters():
        merges.add_character(character)
    letters, marks = collections.Counter(), collections.Counter()
    letters.update({word: 240 for word in copied_words()})
    for piece, n in pieces.items():
        for word in re.findall("[A-Za-z]+", piece):
            letters[word] += n
        if not any(c.isalnum() for c in piece) and piece.isascii() and len(piece) > 1:
            marks[to_symbols(piece)] += n
    merges.add_trained({w: -(-n // 4) for w, n in letters.items()}, config.LETTER_MERGES, 14)
    merges.add_trained({m: -(-n // 4) for m, n in marks.items() if n > 20}, config.MARK_MERGES, 8)
    copied = copied_words()
    spaced = [
        (n, p[1:])
        for p, n in pieces.items()
        if re.fullmatch(" [A-Za-z]+", p)
        and p[1:] not in copied
        and n >= 12
        and (len(p) > 2 or p in (" a", " I"))
    ]
    for _, word in sorted(spaced, key=lambda item: (-item[0], item[1]))[: config.SPACE_MERGES]:
        if word in merges.tokens:
            merges.add(SPACE, word)
    return list(merges.tokens) + CONTROL + USER_DEFINED, merges.merges


def main():
    """Writes the vocabulary file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=config.WORK_DIR / "vocab.json")
    arguments = parser.parse_args()
    if arguments.output.exists():
        return
    tokens, merges = build(config.VOCAB_SAMPLES)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(
        json.dumps({"tokens": tokens, "merges": merges}, ensure_ascii=False), encoding="utf-8"
    )
    print(f"vocabulary: {len(tokens)} tokens, {len(merges)} merges")


if __name__ == "__main__":
    main()
