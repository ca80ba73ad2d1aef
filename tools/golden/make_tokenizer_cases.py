#!/usr/bin/env python3
"""Writes texts with the pieces and ids that Hugging Face's `tokenizers` gives them, for src/tokenizer/hf_cases_test.cc.

Usage:
  make_tokenizer_cases.py OUT.json                          # the committed file: few texts, a tiny vocabulary
  make_tokenizer_cases.py OUT.json --count 20000 --seed 7   # many texts; read by MILLRACE_TOKENIZER_CASES=OUT.json
  make_tokenizer_cases.py OUT.json --count 20000 --qwen2 FOLDER  # with qwen2.vocab.json and qwen2.merges.txt of FOLDER

Needs Python with `tokenizers` (written with 0.23.3). The same seed and count give the same file.
"""
import argparse
import json
import pathlib
import random
import unicodedata

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
WIDE_CJK = "[一-龥ࠀ-一가-퟿]+"
# Expressions of the published tokenizers, applied one after the other.
PATTERNS = {
    "gpt-2": [GPT2],
    "starcoder": [r"\p{N}", GPT2],
    "llama-bpe": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + SPACES],
    "qwen2": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + SPACES],
    "qwen35": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + SPACES],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", WIDE_CJK, r"\p{N}"],
    "deepseek-v3": [
        r"\p{N}{1,3}",
        "[一-龥\u3040-ゟ゠-ヿ]+",
        r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
        r"| ?[\p{P}\p{S}]+[\r\n]*|" + SPACES,
    ],
}

SENTENCES = [
    "The quick brown fox doesn't jump over the lazy dog; it's 12:45 and we'll see what they've done.",
    "def main(argv: list[str]) -> int:\n    for i in range(100):\n\t\tprint(f\"{i:>3} {argv[i]!r}\")\n\n    return 0\n",
    "今天天气很好，我们去公园散步吧。人工智能正在改变世界！",
    "東京タワーは1958年に完成した。カタカナ・ひらがな・漢字。",
    "안녕하세요, 세계! 오늘은 2026년입니다.",
    "Быстрая коричневая лиса перепрыгнула через 3 ленивых собак.",
    "Größe, Äpfel, naïve café, Việt Nam, Ελληνικά, עברית, العربية ١٢٣",
    "हिन्दी में लिखा हुआ वाक्य, தமிழ், ไทยภาษา, ខ្មែរ",
    "🚀🔥 emoji 👩‍👩‍👧‍👦 and flags 🇩🇪, ½ ² Ⅷ ㊙ №5",
    "SELECT * FROM t WHERE a >= 10 AND b != 'x';\r\n-- done\r\n",
    "https://example.org/a/b?c=d&e=%20#f  \\alpha_{ij} $x^2$ <tag attr=\"v\">text</tag>",
]
CHARACTERS = [
    "abcdefgstmdlrvezABCXYZ", "'''’\"", "0123456789", " \t\n\r  ", "\u00a0\u3000\u2003\u0085\u2028",
    "\u0301\u0323\u0300\u0327\u09be\u0cc2\u3099", "é\u1ebf\u212b\u017f\u212aſßıİ", "\u1100\u1161\u11a8가각힣",
    "一丁中文字龥龦㐀\U00020000\U0002ebf0", "ひらカナーゟ・", ".,;:!?-_/\\()[]{}<>=+*&^%$#@~`|", "。，！？～、「」",
    "🦙😀\u200d\ufe0f\U0001fae9", "¹½Ⅳ٣५", "\x00\x01\x7f\u200b\ufeff\u00ad", "ξяאبठไក",
]


def random_text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.2:
        begin = rng.randrange(40)
        return "".join(rng.choices(SENTENCES, k=2))[begin:begin + rng.randrange(60)]
    if kind < 0.7:
        sets = rng.sample(CHARACTERS, rng.randrange(2, 6))
        return "".join(rng.choice(rng.choice(sets)) for _ in range(rng.randrange(1, 24)))
    if kind < 0.85:
        return "".join(rng.choice(rng.choice(CHARACTERS)) for _ in range(rng.randrange(1, 40)))
    planes = [(0, 0x2FF), (0x300, 0x1FFF), (0x2000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x10FFFF)]
    return "".join(chr(rng.randint(*rng.choice(planes))) for _ in range(rng.randrange(1, 16)))


def pre_tokenizer(patterns: list[str]):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(p), behavior="isolated") for p in patterns])


def split_cases(patterns: list[str], texts: list[str]) -> list[dict]:
    splitter = pre_tokenizer(patterns)
    cases = []
    for text in texts:
        spans = [span for _, span in splitter.pre_tokenize_str(text)]
        cases.append({"text": text, "pieces": [len(text[begin:end].encode()) for begin, end in spans]})
    return cases


def byte_level(patterns: list[str]):
    return pre_tokenizers.Sequence([
        *(pre_tokenizers.Split(Regex(p), behavior="isolated") for p in patterns),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def tiny_vocabulary() -> dict:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level(PATTERNS["qwen2"])
    trainer = trainers.BpeTrainer(vocab_size=460, show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(SENTENCES * 2, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return {"tokens": tokens, "merges": [" ".join(m) if isinstance(m, list) else m for m in model["merges"]]}


def qwen2_vocabulary(folder: pathlib.Path) -> dict:
    vocab = json.loads((folder / "qwen2.vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "qwen2.merges.txt").read_text(encoding="utf-8").split("\n")
    return {"tokens": sorted(vocab, key=vocab.get), "merges": [m for m in lines if m and not m.startswith("#version")]}


def encode_cases(vocabulary: dict, texts: list[str]) -> list[dict]:
    ids = {token: index for index, token in enumerate(vocabulary["tokens"])}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[tuple(m.split(" ")) for m in vocabulary["merges"]]))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = byte_level(PATTERNS["qwen2"])
    # The library normalises by Unicode 9 and leaves marks that are newer out of the order of marks.
    nfc = normalizers.NFC()
    return [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts
            if nfc.normalize_str(text) == unicodedata.normalize("NFC", text)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=100, help="texts of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--qwen2", type=pathlib.Path, help="folder with qwen2.vocab.json and qwen2.merges.txt")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    texts = [random_text(rng) for _ in range(args.count)]
    vocabulary = qwen2_vocabulary(args.qwen2) if args.qwen2 else tiny_vocabulary()
    cases = {
        "vocabulary": vocabulary,
        "encode": encode_cases(vocabulary, SENTENCES + texts),
        "splits": {name: split_cases(patterns, [random_text(rng) for _ in range(args.count // 2)])
                   for name, patterns in PATTERNS.items()},
    }
    args.out.write_text(json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
