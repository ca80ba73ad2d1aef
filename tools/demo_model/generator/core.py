"""Random choices, template expansion, user noise and the conversation types shared by all skills."""

import dataclasses
import pathlib
import random
import re
import zlib

TEXT_DIR = pathlib.Path(__file__).resolve().parent.parent / "text"
EVAL_SHARE = 9  # one name, random word or function name in this many is kept for evaluation

_GROUP = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"<([a-z0-9_]+)>")
_FULL_WIDTH = {",": "\uff0c", "?": "\uff1f", "!": "\uff01", ":": "\uff1a", ";": "\uff1b"}
_HAN = "[\u4e00-\u9fa5\u201c\u201d\u300a\u300b]"
_ZH_PUNCTUATION = re.compile(f"(?<={_HAN})[,?!:;]|[,?!:;](?={_HAN})")
_ONSETS = "b c d f g h j k l m n p r s t v w z br dr fl gr kl pl pr st tr sh ch th".split()
_VOWELS = "a e i o u a e i o ai ea ou".split()
_CODAS = ["", "", "", "n", "r", "l", "s", "m", "k", "t", "x", "nd", "rk", "st"]


@dataclasses.dataclass
class Turn:
    """One user request and everything the assistant does for it.

    `messages` starts with the user message. `check` is (kind, value), read by evaluate.py: ("exact", text),
    ("oneof", texts), ("contains", texts), ("number", n) or ("calls", [(name, arguments)]).
    """

    skill: str
    lang: str
    messages: list
    check: tuple


@dataclasses.dataclass
class Sample:
    """A whole conversation; the last turn is the one that is evaluated."""

    skill: str
    lang: str
    messages: list
    tools: list
    thinking: bool
    check: tuple


def full_width(text):
    """Gives the ASCII punctuation next to Chinese characters its full-width form."""
    return _ZH_PUNCTUATION.sub(lambda m: _FULL_WIDTH[m.group(0)], text)


def load_sections(name):
    """Reads text/words.txt style sections into {section: [entries]}."""
    sections, current = {}, None
    for line in (TEXT_DIR / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            current.extend(entry.strip() for entry in line.split(",") if entry.strip())
    return sections


def load_intents(name):
    """Reads T:/Q:/A: files into {intent: {"T": [...], "Q": [...], "A": [...]}}."""
    intents, current = {}, None
    for line in (TEXT_DIR / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            current = intents.setdefault(line[2:], {"T": [], "Q": [], "A": []})
        elif line:
            text = line[3:].replace("\\n", "\n")
            current[line[0]].append(full_width(text) if ".zh." in name and line[0] != "Q" else text)
    return intents


WORDS = load_sections("words.txt")
PAIRS = {
    key: [tuple(entry.split("=")) for entry in entries] for key, entries in WORDS.items() if "=" in entries[0]
}


HAN_COMMON = sorted(set((TEXT_DIR / "han.txt").read_text(encoding="utf-8")) - {"\n"})
# The first plane of GB 2312: 3755 characters in general use.
HAN_ALL = [
    bytes((row, cell)).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFF)
    if (row, cell) < (0xD7, 0xFA)
]


def is_held_out(text):
    """True for the share of names and words that only evaluation may use."""
    return zlib.crc32(text.encode()) % EVAL_SHARE == 0


class Gen:
    """A random source with the split it draws for: "train" or "eval"."""

    def __init__(self, seed, split="train"):
        self.rng = random.Random(f"{split}-{seed}")
        self.split = split

    def pick(self, options):
        """One of `options`."""
        return options[int(self.rng.random() * len(options))]

    def chance(self, probability):
        """True with this probability."""
        return self.rng.random() < probability

    def int(self, low, high):
        """An integer in [low, high]."""
        return self.rng.randint(low, high)

    def sample(self, options, count):
        """`count` different options."""
        return self.rng.sample(options, count)

    def fits(self, text):
        """Whether `text` belongs to this split."""
        return is_held_out(text) == (self.split == "eval")

    def split_pick(self, options):
        """One of those options that belong to this split."""
        for _ in range(200):
            option = self.pick(options)
            if self.fits(option):
                return option
        return option

    def expand(self, template):
        """Replaces every {a|b|c} by one alternative, innermost first."""
        while True:
            match = _GROUP.search(template)
            if not match:
                return template
            choice = self.pick(match.group(1).split("|"))
            template = template[: match.start()] + choice + template[match.end() :]

    def text(self, template, **slots):
        """Expands a template and fills its <slots>."""
        return fill(self.expand(template), slots)

    def ask(self, template, lang, **slots):
        """A user's sentence: expanded, sometimes sloppy, then filled so that values stay exact."""
        plain = self.expand(template)
        plain = self._sloppy_en(plain) if lang == "en" else self._sloppy_zh(plain)
        return fill(plain, slots)

    def _sloppy_en(self, text):
        roll = self.rng.random()
        if roll < 0.45 and not text.startswith("<"):
            text = text[:1].upper() + text[1:]
        elif roll < 0.60:
            text = _SLOT.sub(lambda m: m.group(0), text.lower())
        elif roll < 0.62:
            text = "".join(
                part if part.startswith("<") else part.upper() for part in re.split(r"(<[a-z0-9_]+>)", text)
            )
        if self.chance(0.08):
            text = self._typo(text)
        if self.chance(0.15) and text[-1:] in ".?!":
            text = text[:-1]
        return text

    def _typo(self, text):
        """Swaps, drops or doubles one letter of a longer word outside of slots."""
        spots = [m for m in re.finditer(r"(?<![<\w/.\"])[a-z]{5,}(?![>\w/])", text)]
        if not spots:
            return text
        word = self.pick(spots)
        at = self.int(word.start() + 1, word.end() - 2)
        kind = self.int(0, 2)
        middle = [text[at + 1] + text[at], text[at + 1], text[at] * 2 + text[at + 1]][kind]
        return text[:at] + middle + text[at + 2 :]

    def _sloppy_zh(self, text):
        if self.chance(0.65):
            text = full_width(text)
        if self.chance(0.2) and text[-1:] in "。?!\uff1f\uff01":
            text = text[:-1]
        return text

    # Values ------------------------------------------------------------------------------------

    def word(self, low=1, high=3):
        """An invented word of `low`..`high` syllables that belongs to this split."""
        while True:
            parts = []
            for _ in range(self.int(low, high)):
                parts.append(self.pick(_ONSETS) + self.pick(_VOWELS) + self.pick(_CODAS))
            word = "".join(parts)
            if len(word) > 2 and self.fits(word):
                return word

    def code(self):
        """A short identifier such as A-4821, x7k2p or 90417."""
        kind = self.int(0, 4)
        digits = "".join(str(self.int(0, 9)) for _ in range(self.int(2, 5)))
        letters = "".join(self.pick("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(self.int(1, 3)))
        if kind == 0:
            return f"{letters}-{digits}"
        if kind == 1:
            return letters + digits
        if kind == 2:
            return "".join(self.pick("abcdefghijkmnpqrstuvwxyz0123456789") for _ in range(self.int(4, 7)))
        if kind == 3:
            return f"{self.pick(['ord', 'usr', 'doc', 'inv', 'id', self.word(1, 1)])}_{digits}"
        return str(self.int(100, 99999))

    def han(self, low, high):
        """A few random characters, as unfamiliar names and verses look to the model."""
        table = HAN_COMMON if self.chance(0.6) else HAN_ALL
        return "".join(self.pick(table) for _ in range(self.int(low, high)))

    def name(self, lang):
        """A person's name; sometimes an invented one."""
        if lang == "zh" and self.chance(0.85):
            return self.han(2, 3) if self.chance(0.25) else self.split_pick(WORDS["zh_names"])
        if self.chance(0.25):
            return self.word(1, 3).capitalize()
        return self.split_pick(WORDS["en_names"])

    def full_name(self, lang):
        """First and last name in English, a plain name in Chinese."""
        if lang == "zh":
            return self.name("zh")
        last = self.pick(WORDS["surnames"]) if self.chance(0.7) else self.word(2, 3).capitalize()
        return f"{self.name('en')} {last}"

    def city(self, lang):
        """A city in this language; sometimes an invented one."""
        if self.chance(0.25):
            return self.han(2, 3) if lang == "zh" and self.chance(0.6) else self.word(2, 3).capitalize()
        pair = self.pick(PAIRS["cities"])
        return pair[lang == "zh"]

    def pair(self, section, lang):
        """The entry of a bilingual list in this language."""
        return self.pick(PAIRS[section])[lang == "zh"]

    def plain(self, lang):
        """An everyday word, rarely an invented one."""
        if self.chance(0.15):
            return self.han(2, 3) if lang == "zh" else self.word()
        return self.pick(WORDS["plain_zh" if lang == "zh" else "plain_words"])

    def phrase(self, lang, low=2, high=5):
        """A few words in a row, such as a title."""
        count = self.int(low, high)
        if lang == "zh":
            return "".join(self.plain("zh") for _ in range(max(1, count // 2)))
        return " ".join(self.plain("en") for _ in range(count))

    def date(self, lang):
        """A date as people write it."""
        kind = self.int(0, 3)
        year, month, day = self.int(2019, 2031), self.int(1, 12), self.int(1, 28)
        if kind == 0:
            return f"{year}-{month:02d}-{day:02d}"
        if lang == "zh":
            return [f"{month}月{day}日", self.pair("weekdays", "zh"), self.pick(["明天", "后天", "今天"])][
                kind - 1
            ]
        month_name = PAIRS["months"][month - 1][0]
        return [f"{month_name} {day}", self.pair("weekdays", "en"), self.pick(["tomorrow", "today"])][
            kind - 1
        ]

    def time(self):
        """A time of day."""
        return f"{self.int(0, 23):02d}:{self.pick(['00', '15', '30', '45', '05', '20'])}"

    def email(self):
        """A mail address under an example domain."""
        return f"{self.word(1, 2)}@{self.pick(['example.com', 'example.org', self.word(1, 2) + '.com'])}"

    def number(self, low=1, high=999):
        """A number, small ones more often."""
        return self.int(low, min(high, self.pick([9, 20, 99, 99, 999, 9999])) if high > 9 else high)


def fill(text, slots):
    """Puts values into <slots>."""
    return _SLOT.sub(lambda m: str(slots[m.group(1)]) if m.group(1) in slots else m.group(0), text)


def simple_turn(skill, lang, user, answer, think, check=None):
    """A turn with one answer; exact match is the default check."""
    messages = [
        {"role": "user", "content": user},
        {"role": "assistant", "content": answer, "reasoning_content": think},
    ]
    return Turn(skill, lang, messages, check or ("exact", answer))
