"""The byte-level BPE tokenizer: gpt2 byte alphabet, qwen2 split, explicit merge list."""

import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
USER_DEFINED = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """The 256 printable characters that stand for bytes, indexed by byte."""
    kept = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    alphabet, extra = {}, 0
    for byte in range(256):
        if byte in kept:
            alphabet[byte] = chr(byte)
        else:
            alphabet[byte] = chr(256 + extra)
            extra += 1
    return [alphabet[byte] for byte in range(256)]


BYTES = byte_alphabet()


def to_symbols(text):
    """Text as byte symbols."""
    return "".join(BYTES[b] for b in text.encode("utf-8"))


class DemoTokenizer:
    """Tokens, merges and token ids of one vocabulary file."""

    def __init__(self, path):
        data = json.loads(path.read_text(encoding="utf-8"))
        self.tokens, self.merges = data["tokens"], data["merges"]
        vocab = {token: index for index, token in enumerate(self.tokens)}
        bpe = models.BPE(vocab=vocab, merges=[tuple(m.split(" ")) for m in self.merges])
        self.backend = Tokenizer(bpe)
        self.backend.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(SPLIT), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        self.backend.decoder = decoders.ByteLevel()
        self.backend.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in CONTROL])
        self.backend.add_tokens([AddedToken(t, special=False, normalized=False) for t in USER_DEFINED])
        self.end_id = vocab["<|im_end|>"]
        self.pad_id = vocab["<|endoftext|>"]

    def encode(self, text):
        """Token ids of `text`; special tokens are recognised."""
        return self.backend.encode(text, add_special_tokens=False).ids

    def encode_batch(self, texts):
        """Token ids of many texts."""
        return [e.ids for e in self.backend.encode_batch_fast(texts, add_special_tokens=False)]

    def decode(self, ids):
        """Text of token ids, special tokens included."""
        return self.backend.decode(ids, skip_special_tokens=False)

    def token_types(self):
        """GGUF token types: 1 normal, 3 control, 4 user-defined."""
        return [3 if t in CONTROL else 4 if t in USER_DEFINED else 1 for t in self.tokens]
