"""Reads the exported GGUF back: dequantised weights, tokenizer and chat template, for evaluation and tests."""

import json
import pathlib
import tempfile

import gguf
import torch

from model import KeyValueCache, Model, ModelConfig
from render import environment
from tokenizer import DemoTokenizer


def _field(reader, name):
    return reader.fields[name].contents()


def load_model(path):
    """The network with the file's weights."""
    reader = gguf.GGUFReader(str(path))
    model = Model(
        ModelConfig(
            vocab_size=_field(reader, "qwen3.vocab_size"),
            hidden=_field(reader, "qwen3.embedding_length"),
            layers=_field(reader, "qwen3.block_count"),
            heads=_field(reader, "qwen3.attention.head_count"),
            kv_heads=_field(reader, "qwen3.attention.head_count_kv"),
            head_dim=_field(reader, "qwen3.attention.key_length"),
            ffn=_field(reader, "qwen3.feed_forward_length"),
            rope_base=_field(reader, "qwen3.rope.freq_base"),
            eps=_field(reader, "qwen3.attention.layer_norm_rms_epsilon"),
            context_length=_field(reader, "qwen3.context_length"),
        )
    )
    state = {
        t.name: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).copy()) for t in reader.tensors
    }
    model.load_state_dict(state)
    return model.eval()


def load_tokenizer(path):
    """The tokenizer from the file's token and merge lists."""
    reader = gguf.GGUFReader(str(path))
    data = {
        "tokens": _field(reader, "tokenizer.ggml.tokens"),
        "merges": _field(reader, "tokenizer.ggml.merges"),
    }
    with tempfile.TemporaryDirectory() as folder:
        vocab = pathlib.Path(folder) / "vocab.json"
        vocab.write_text(json.dumps(data), encoding="utf-8")
        return DemoTokenizer(vocab)


def load_template(path):
    """The compiled chat template of the file."""
    return environment().from_string(_field(gguf.GGUFReader(str(path)), "tokenizer.chat_template"))


@torch.inference_mode()
def generate(model, ids, end_id, limit=300, temperature=0.0, generator=None):
    """Continues `ids` until the end mark; greedy unless a temperature is given."""
    cache, position, out = KeyValueCache(), 0, []
    step = torch.tensor([ids])
    limit = min(limit, model.config.context_length - len(ids))
    while len(out) < limit:
        scores = model.logits(model(step, position, cache)[:, -1])[0]
        position += step.shape[1]
        if temperature > 0:
            chosen = int(torch.multinomial(torch.softmax(scores / temperature, -1), 1, generator=generator))
        else:
            chosen = int(scores.argmax())
        if chosen == end_id:
            return out
        out.append(chosen)
        step = torch.tensor([[chosen]])
    return out


@torch.inference_mode()
def generate_batch(model, prompts, end_id, limit=300):
    """Greedy continuations of many prompts at once, padded on the left.

    Rotary positions are relative, so padding shifts nothing.
    """
    longest, rows = max(map(len, prompts)), len(prompts)
    ids = torch.zeros(rows, longest, dtype=torch.long)
    real = torch.zeros(rows, longest, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        real[row, longest - len(prompt) :] = True
    causal = torch.ones(longest, longest, dtype=torch.bool).tril()
    own = torch.eye(longest, dtype=torch.bool)
    mask = (causal & real[:, None, :] | own)[:, None]
    cache, out, open_rows, position = KeyValueCache(), [[] for _ in prompts], set(range(rows)), 0
    for _ in range(min(limit, model.config.context_length - longest)):
        chosen = model.logits(model(ids, position, cache, mask)[:, -1]).argmax(-1)
        position += ids.shape[1]
        for row in list(open_rows):
            if int(chosen[row]) == end_id:
                open_rows.discard(row)
            else:
                out[row].append(int(chosen[row]))
        if not open_rows:
            break
        ids = chosen[:, None]
        real = torch.cat((real, torch.ones(rows, 1, dtype=torch.bool)), dim=1)
        mask = real[:, None, None, :]
    return out
