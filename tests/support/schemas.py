"""Varied JSON Schemas that a model which says anything at all still comes to the end of.

Every string, array and object is bounded, every number has an end to its digits, and recursion goes on with less than
one step a level on average. Patterns mean the same to Python and to ECMA-262.
"""
import json
import random

import jsonschema

KEYS = ["id", "name", "kind", "größe", "x y", "a-b", "list", "next", "市", "q\"t", "0"]
PATTERNS = ["^[a-z]{1,6}$", "^(red|green|blue)$", "^[A-Z][0-9]{2,4}$", "^a?b{0,3}c$", "^[^\"\\\\]{2,5}$",
            "^[0-9a-f]{2}(:[0-9a-f]{2}){1,3}$", "^x[äöü]{1,3}$"]
# With a bound where the format itself has none.
FORMATS = [{"format": "date"}, {"format": "uuid"}, {"format": "ipv4"}, {"format": "ipv6"},
           {"format": "time", "maxLength": 16}, {"format": "date-time", "maxLength": 26},
           {"format": "duration", "maxLength": 12}, {"format": "email", "maxLength": 24},
           {"format": "hostname", "maxLength": 14}, {"format": "uri", "maxLength": 24}]
CONSTANTS = [None, True, False, 0, -7, 2.5, "", "yes", "日本", [1, 2], {"a": None}]



def knowing_leap_seconds() -> jsonschema.FormatChecker:
    """The validator's checks of formats, but for the leap seconds of RFC 3339, which it does not know."""
    given = jsonschema.Draft202012Validator.FORMAT_CHECKER
    checker = jsonschema.FormatChecker([])
    checker.checkers = dict(given.checkers)
    for name in ("time", "date-time"):
        def check(value, name=name):
            return given.conforms(value.replace(":60", ":59") if isinstance(value, str) else value, name)
        checker.checkers[name] = (check, ())
    return checker


CHECKER = knowing_leap_seconds()


def problem_with(text: str, schema: dict) -> str | None:
    """What an independent validator says against the JSON text."""
    def no_constants(name: str):
        raise ValueError(f"{name} is no JSON")

    def once(pairs: list) -> dict:
        if len(dict(pairs)) != len(pairs):
            raise ValueError(f"a key comes twice: {pairs}")
        return dict(pairs)

    try:
        value = json.loads(text, parse_constant=no_constants, object_pairs_hook=once)
    except ValueError as problem:
        return f"not JSON: {problem}"
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(schema, format_checker=CHECKER).iter_errors(value))
    return error and error.message


class Schemas:
    """A source of schemas; the same dice give the same ones."""

    def __init__(self, dice: random.Random):
        self._dice = dice

    def any(self) -> dict:
        """The schema of a whole answer."""
        make = self._dice.choice([self._object, self._object, self._array, self._union, self._recursive, self._shared,
                                  self._conditional, self._map])
        return make(2)

    def parameters(self) -> dict:
        """What a tool takes. Families that write arguments one by one are held to no more than this at the top, and one
        of them has names between quotes."""
        keys = self._dice.sample([key for key in KEYS if '"' not in key], self._dice.randint(1, 4))
        return {"type": "object", "properties": {key: self._value(1) for key in keys}, "additionalProperties": False,
                "required": [key for key in keys if self._dice.random() < 0.7]}

    def _object(self, depth: int) -> dict:
        keys = self._dice.sample(KEYS, self._dice.randint(1, 4))
        schema = {"type": "object", "properties": {key: self._value(depth - 1) for key in keys},
                  "additionalProperties": False}
        required = [key for key in keys if self._dice.random() < 0.7]
        if required:
            schema["required"] = required
        if len(keys) > 1 and self._dice.random() < 0.2:
            schema["dependentRequired"] = {keys[0]: [keys[1]]}
        if self._dice.random() < 0.2:
            schema["minProperties"] = 1
        return schema

    def _value(self, depth: int) -> dict:
        leaves = [self._string, self._string, self._integer, self._number, self._constants, self._plain, self._format,
                  self._pattern]
        branches = [self._object, self._array, self._union, self._map, self._tuple] if depth > 0 else []
        make = self._dice.choice(leaves + branches)
        return make(depth)

    def _string(self, _depth: int) -> dict:
        least = self._dice.choice([0, 0, 1, 3])
        return {"type": "string", "minLength": least, "maxLength": least + self._dice.randint(0, 9)}

    def _pattern(self, _depth: int) -> dict:
        return {"type": "string", "pattern": self._dice.choice(PATTERNS)}

    def _format(self, _depth: int) -> dict:
        return {"type": "string", **self._dice.choice(FORMATS)}

    def _integer(self, _depth: int) -> dict:
        low = self._dice.randint(-1000, 1000)
        schema = {"type": "integer", "minimum": low, "maximum": low + self._dice.choice([0, 5, 100, 10**6])}
        if self._dice.random() < 0.3:
            schema = {"type": "integer", "exclusiveMinimum": low, "exclusiveMaximum": low + 50, "multipleOf": 7}
        return schema

    def _number(self, _depth: int) -> dict:
        low, step = self._dice.choice([-2.5, 0, 0.25, 100]), self._dice.choice([0.25, 0.5, 2])
        return {"type": "number", "minimum": low, "maximum": low + step * self._dice.choice([1, 10, 1000]),
                "multipleOf": step}

    def _constants(self, _depth: int) -> dict:
        if self._dice.random() < 0.3:
            return {"const": self._dice.choice(CONSTANTS)}
        return {"enum": self._dice.sample(CONSTANTS, self._dice.randint(1, 5))}

    def _plain(self, _depth: int) -> dict:
        return {"type": self._dice.choice(["boolean", "null", ["boolean", "null"]])}

    def _array(self, depth: int) -> dict:
        least = self._dice.choice([0, 0, 1, 2])
        schema = {"type": "array", "items": self._value(depth - 1), "minItems": least, "maxItems": least + 2}
        if self._dice.random() < 0.3:
            schema = {"type": "array", "uniqueItems": True, "minItems": 2, "maxItems": 4,
                      "items": {"enum": self._dice.sample(["n", "ne", "", "市", 0, 1, 2, 2.5, None], 5)}}
        elif self._dice.random() < 0.2:
            schema |= {"contains": {"type": "integer", "minimum": 3, "maximum": 5}, "maxItems": 4,
                       "items": {"type": ["integer", "string"], "minimum": 0, "maximum": 9, "maxLength": 3}}
        return schema

    def _tuple(self, depth: int) -> dict:
        return {"type": "array", "prefixItems": [self._value(depth - 1) for _ in range(2)], "items": False,
                "minItems": self._dice.randint(0, 2)}

    def _map(self, depth: int) -> dict:
        """Keys of the model's own choice."""
        schema = {"type": "object", "maxProperties": self._dice.randint(1, 3)}
        if self._dice.random() < 0.5:
            return schema | {"patternProperties": {"^[a-c]{1,3}$": self._value(depth - 1)},
                             "additionalProperties": False}
        return schema | {"propertyNames": {"pattern": "^[a-z_]{1,5}$"}, "additionalProperties": self._value(depth - 1)}

    def _union(self, depth: int) -> dict:
        if self._dice.random() < 0.4:
            return {"oneOf": [{"type": "integer", "minimum": 0, "maximum": 20, "multipleOf": 2},
                              {"type": "integer", "minimum": 10, "maximum": 30, "multipleOf": 3},
                              self._value(depth - 1) | {"type": "string", "maxLength": 6}]
                    if self._dice.random() < 0.5 else
                    [{"type": "object", "properties": {"tag": {"const": tag}, "value": self._value(depth - 1)},
                      "required": ["tag", "value"], "additionalProperties": False} for tag in ("a", "b")]}
        return {"anyOf": [self._value(depth - 1) for _ in range(self._dice.randint(2, 3))]}

    def _recursive(self, depth: int) -> dict:
        node = {"type": "object", "properties": {"v": self._value(0), "next": self._dice.choice([
            {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}, {"$ref": "#/$defs/node"},
            {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 1}])},
            "required": ["v"], "additionalProperties": False}
        return {"$ref": "#/$defs/node", "$defs": {"node": node}} if depth else node

    def _shared(self, depth: int) -> dict:
        pair = {"type": "array", "items": {"$ref": "#/$defs/item"}, "minItems": 1, "maxItems": 2}
        return {"type": "object", "properties": {"one": {"$ref": "#/$defs/item"}, "two": pair},
                "required": ["one"], "additionalProperties": False, "$defs": {"item": self._value(depth - 1)}}

    def _conditional(self, _depth: int) -> dict:
        return {"type": "object", "properties": {"kind": {"enum": ["s", "n"]}, "value": {
            "type": ["string", "integer"], "maxLength": 5, "minimum": 0, "maximum": 99}},
            "required": ["kind", "value"], "additionalProperties": False,
            "if": {"properties": {"kind": {"const": "s"}}},
            "then": {"properties": {"value": {"type": "string"}}},
            "else": {"properties": {"value": {"type": "integer"}}},
            "not": {"properties": {"value": {"enum": ["", 0]}}, "required": ["value"]}}
