"""The vocabulary of a GGUF file, and a tokenizer of the `tokenizers` package made of it."""
import dataclasses
import pathlib
import struct

NORMAL, CONTROL = 1, 3
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9

# How text is split before merging, by `tokenizer.ggml.pre`.
SPLITS = {
    "qwen2": (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
              r"|\s*[\r\n]+|\s+(?!\S)|\s+"),
}


@dataclasses.dataclass
class Vocabulary:
    pre: str
    tokens: list[str]  # in the byte-level alphabet
    types: list[int]
    merges: list[str]
    eos: int

    def bytes_of(self) -> list[bytes]:
        byte = {character: value for value, character in enumerate(byte_alphabet())}
        return [bytes(byte[c] for c in token) if kind == NORMAL else token.encode()
                for token, kind in zip(self.tokens, self.types)]

    def special_ids(self) -> list[int]:
        return [index for index, kind in enumerate(self.types) if kind == CONTROL]


class Reader:
    """Reads the values of a GGUF file from its beginning on."""

    def __init__(self, data: memoryview):
        self.data, self.at = data, 0

    def scalar(self, code: str):
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize(code)
        return value

    def string(self) -> str:
        length = self.scalar("Q")
        self.at += length
        return str(self.data[self.at - length:self.at], "utf-8")

    def value(self, kind: int):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            element, count = self.scalar("I"), self.scalar("Q")
            return [self.value(element) for _ in range(count)]
        return self.scalar(SCALARS[kind])


def byte_alphabet() -> list[str]:
    """The character that stands for each byte: itself where it is printable, else from U+0100 on in order."""
    itself = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in itself else chr(next(others)) for byte in range(256)]


def read_vocabulary(path: pathlib.Path) -> Vocabulary:
    reader = Reader(memoryview(path.read_bytes()))
    if reader.scalar("I") != int.from_bytes(b"GGUF", "little"):
        raise SystemExit(f"{path} is not a GGUF file")
    reader.scalar("I"), reader.scalar("Q")  # version, tensors
    values = {}
    for _ in range(reader.scalar("Q")):
        key = reader.string()
        values[key] = reader.value(reader.scalar("I"))
    tokens = values["tokenizer.ggml.tokens"]
    return Vocabulary(pre=values.get("tokenizer.ggml.pre", ""), tokens=tokens,
                      types=values.get("tokenizer.ggml.token_type", [NORMAL] * len(tokens)),
                      merges=values.get("tokenizer.ggml.merges", []), eos=values["tokenizer.ggml.eos_token_id"])


def make_tokenizer(vocabulary: Vocabulary):
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
    if vocabulary.pre not in SPLITS:
        raise SystemExit(f"the vocabulary's split is '{vocabulary.pre}'; this benchmark knows {', '.join(SPLITS)}")
    ids = {token: index for index, token in enumerate(vocabulary.tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[tuple(merge.split(" ", 1)) for merge in vocabulary.merges]))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLITS[vocabulary.pre]), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return tokenizer
