"""Request bodies made from the OpenAPI document, and the same with something wrong."""
import copy
import json
import random
import re
import string

TEXTS = ["", "Hello", "What is 2 + 3?", "你好", "Tell me a joke.", "👩‍👩‍👧‍👦🇳🇴",
         "a\u0301\u0323", "\u202eabc", "\u0000", "\uffff", "\ufeff",
         "<|im_start|>system", "</think>", "<tool_call>", "\r\n\t\u2028", "é" * 40, "\\", '"', "%s%n{}",
         "\ud83d", "\udc00x"]
NUMBERS = [0, 1, -1, 0.5, -0.0, 2, 127, 128, 255, 2048, 32768, 32769, 2**31 - 1, 2**31, 2**53, 2**63 - 1, 2**63,
           -2**63 - 1, 2**64, 10**40, 1e-320, 1e308, 1.0000000000000002, 1e22]
VALUES = [None, True, False, "", "x", 0, 1, -1, 0.5, [], {}, [[]], [None], {"a": None}, "true", "1", [1, "2"], {"": ""}]
# What json.dumps cannot say: put into the text in place of a marker.
LITERALS = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "00", "0x10", "1.", ".5", "+1", "1e", "'x'", "undefined",
            "9" * 400, "0." + "0" * 400 + "1", "-", "tru", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u12\"",
            "\"\t\"", "/*c*/1", "[1,]", "{\"a\":1,}", "1e400", "-0", "\"\\u0000\""]
MARKER = "@literal@"
LARGE = 200_000  # characters of JSON that one change may add
CONTENT_TYPES = ["application/json", "application/json; charset=utf-8", "application/problem+json", "", "text/plain",
                 "application/json; charset=latin1", "APPLICATION/JSON", "application/jsonx", ";", "a" * 300,
                 "multipart/form-data; boundary=x", "application/json; charset=US-ASCII; q=1",
                 "application/json,text/plain"]
ENCODINGS = ["identity", "gzip", "br", "deflate, identity", "x", "IDENTITY"]


class Bodies:
    """All randomness comes from the dice given to each call, so that a number names a body."""

    def __init__(self, document: dict, model: str):
        self._document = document
        self._model = model
        self._schemas = document["components"]["schemas"]

    def valid(self, dice: random.Random) -> dict:
        """A body the document allows. Its answer is short, because it limits all tokens."""
        schema = self._schemas["ChatCompletionRequest"]
        body = {"model": self._model, "messages": self._messages(dice)}
        names = [name for name in schema["properties"] if name not in ("model", "messages")]
        for name in dice.sample(names, dice.choice([0, 1, 1, 2, 3, 5, len(names)])):
            body[name] = self._value(schema["properties"][name], dice, 0)
        if isinstance(body.get("n"), int):
            body["n"] = dice.randint(1, 3)
        body["max_completion_tokens"] = dice.randint(1, 4)
        return body

    def _messages(self, dice: random.Random) -> list:
        if dice.random() < 0.7:
            return [{"role": "user", "content": dice.choice(TEXTS)}]
        return [self._value(self._schemas["Message"], dice, 0) for _ in range(dice.randint(1, 4))]

    def _value(self, schema: dict, dice: random.Random, depth: int):
        if "$ref" in schema:
            return self._value(self._schemas[schema["$ref"].rsplit("/", 1)[1]], dice, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return dice.choice(schema["enum"])
        for many in ("oneOf", "anyOf"):
            if many in schema:
                return self._value(dice.choice(schema[many]), dice, depth + 1)
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = dice.choice(kind)
        if kind is None:
            return random_json(dice, 2)
        return getattr(self, f"_{kind}")(schema, dice, depth)

    def _null(self, _schema, _dice, _depth):
        return None

    def _boolean(self, _schema, dice, _depth):
        return dice.random() < 0.5

    def _integer(self, schema, dice, _depth):
        low, high = schema.get("minimum", 0), schema.get("maximum", 8)
        return dice.choice([low, max(low, high), dice.randint(low, max(low, high)), low + 1])

    def _number(self, schema, dice, _depth):
        low, high = schema.get("minimum", 0.01), schema.get("maximum", 2)
        return dice.choice([low, high, dice.uniform(low, high), round(dice.uniform(low, high), 2), 1])

    def _string(self, schema, dice, _depth):
        if "pattern" in schema:
            return "".join(dice.choices(string.ascii_letters + "_-", k=dice.randint(1, 64)))
        text = dice.choice(TEXTS) * dice.choice([1, 1, 1, 3])
        return text[:schema.get("maxLength", 1000)] or ("x" if schema.get("minLength") else "")

    def _array(self, schema, dice, depth):
        least = schema.get("minItems", 0)
        count = min(schema.get("maxItems", 3), dice.randint(least, least + 2)) if depth < 8 else least
        items = [self._value(schema.get("items", {}), dice, depth + 1) for _ in range(count)]
        if "contains" in schema:
            items.append(schema["contains"]["const"])
        return items

    def _object(self, schema, dice, depth):
        required = schema.get("required", [])
        made = {}
        for name, member in schema.get("properties", {}).items():
            if name in required or (depth < 6 and dice.random() < 0.4):
                made[name] = self._value(member, dice, depth + 1)
        if "propertyNames" in schema:
            made[str(dice.randint(0, 4000))] = self._value(schema["additionalProperties"], dice, depth + 1)
        return made if schema.get("properties") or made else copy.deepcopy(dice.choice(
            [{}, {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}, {"$ref": "#"}]))


def value_of(dice: random.Random):
    return copy.deepcopy(dice.choice(VALUES))


def random_json(dice: random.Random, depth: int):
    kind = dice.randrange(7 if depth else 5)
    if kind == 5:
        return [random_json(dice, depth - 1) for _ in range(dice.randrange(4))]
    if kind == 6:
        return {dice.choice(TEXTS): random_json(dice, depth - 1) for _ in range(dice.randrange(4))}
    return [None, dice.random() < 0.5, dice.choice(NUMBERS), dice.choice(TEXTS), value_of(dice)][kind]


def places(value, found: list | None = None) -> list:
    """Every (container, key) inside a value."""
    found = [] if found is None else found
    for key in value if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], (dict, list)):
            places(value[key], found)
    return found


def nested(dice: random.Random):
    value = value_of(dice)
    for _ in range(dice.choice([5, 60, 120, 127, 128, 129, 200, 400])):
        value = [value] if dice.random() < 0.5 else {"a": value}
    return value


def break_tree(body: dict, dice: random.Random) -> None:
    """Changes one to three places of the body."""
    for _ in range(dice.randint(1, 3)):
        if not (all_places := places(body)):
            return
        container, key = dice.choice(all_places)
        kind = dice.randrange(10)
        if kind == 0 and isinstance(container, dict):
            del container[key]
        elif kind == 1 and isinstance(container, dict):
            container[dice.choice(TEXTS) + str(key)] = container.pop(key)
        elif kind == 2 and isinstance(container, list):
            count = min(dice.choice([1, 5, 130, 1025, 2050]), LARGE // len(json.dumps(container[key])))
            container.extend(copy.deepcopy(container[key]) for _ in range(count))
        elif kind == 3:
            container[key] = nested(dice)
        elif kind == 4:
            container[key] = dice.choice(TEXTS[1:]) * dice.choice([65, 300, 1025, 10_000])
        elif kind == 5:
            container[key] = MARKER
        elif kind == 6:
            other, other_key = dice.choice(all_places)
            container[key] = json.loads(json.dumps(other[other_key]))
        else:
            container[key] = dice.choice([random_json(dice, 3), value_of(dice), dice.choice(NUMBERS)])


def to_bytes(body, dice: random.Random) -> bytes:
    """JSON in one of its spellings. Lone surrogates can only be escaped."""
    ascii_only = dice.random() < 0.5
    text = json.dumps(body, ensure_ascii=ascii_only, indent=dice.choice([None, None, 1]))
    text = re.sub(f'"{MARKER}"', lambda _match: dice.choice(LITERALS), text)
    escaped = re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)
    return escaped.encode()


def break_bytes(data: bytes, dice: random.Random) -> bytes:
    """Damages the text of a body."""
    at = dice.randrange(len(data) + 1)
    noise = dice.randbytes(dice.choice([1, 2, 30]))
    duplicate = dice.choice([b'"model":"nobody",', b'"messages":[],', b'"stream":true,"stream":false,', b'"n":0,'])
    wrong_utf8 = dice.choice([b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xe4\xb8"])
    return [
        lambda: data[:at],
        lambda: data[:at] + noise + data[at:],
        lambda: data[:at] + noise + data[at + len(noise):],
        lambda: data + dice.choice([b"x", b"{}", b"\x00", b" \n\t", b",", b"]"]),
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data.replace(b"{", b"{" + duplicate, 1),
        lambda: data.decode().encode(dice.choice(["utf-16", "utf-32", "utf-16-be"])),
        lambda: dice.randbytes(dice.choice([0, 1, 17, 3000])),
        lambda: b" " * dice.choice([1, 4096, 300_000]) + data,
        lambda: dice.choice([b"[", b'{"a":', b'"', b"{"]) * dice.choice([1, 129, 40_000]),
        lambda: data.replace(b'"', dice.choice([b"'", b"", b'\\"']), 1 + dice.randrange(4)),
        lambda: data[:at] + wrong_utf8 + data[at:],
    ][dice.randrange(12)]()


def chunked(data: bytes, dice: random.Random) -> bytes:
    pieces = []
    at = 0
    while at < len(data):
        piece = data[at:at + dice.choice([1, 7, 100, 5000, 1 << 20])]
        at += len(piece)
        pieces += [f"{len(piece):x}".encode(), dice.choice([b"", b";a=b", b';x="y z"']), b"\r\n", piece, b"\r\n"]
    return b"".join(pieces) + b"0\r\n" + dice.choice([b"", b"X-Trailer: t\r\n"]) + b"\r\n"


def odd_headers(dice: random.Random) -> dict[str, str]:
    headers = {}
    if dice.random() < 0.6:
        headers["Content-Type"] = dice.choice(CONTENT_TYPES)
    if dice.random() < 0.4:
        headers["Content-Encoding"] = dice.choice(ENCODINGS)
    if dice.random() < 0.3:
        headers["X-Trace-Id"] = dice.choice(["trace.1", "a b", "x" * 128, "x" * 129, "\xe9", "-", ":"])
    if dice.random() < 0.2:
        headers["traceparent"] = dice.choice([f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'0' * 32}-1-1", "x"])
    return headers
