"""JSON answers: C-185 to C-198."""
import json

import jsonschema
import pytest

from wire import choice, ok, refused, text

OFF = {"enable_thinking": False}
CLOSED = {"type": "object", "additionalProperties": False}
PERSON = {**CLOSED, "required": ["name", "age"], "properties": {
    "name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 150}}}


def form(schema, **more) -> dict:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, **more}}


def fits(target, schema, question="Give me an example as JSON.", **fields):
    """Asks for JSON by the schema, over several seeds; each answer must fit."""
    for seed in range(3):
        reply = target.chat("M", question, response_format=form(schema), seed=seed, temperature=1, **{**OFF, **fields})
        assert choice(reply)["finish_reason"] == "stop", str(reply)
        jsonschema.Draft202012Validator(schema).validate(json.loads(text(reply)))


def bad(target, schema, contains="", **more) -> None:
    refused(target.chat("M", response_format=form(schema, **more)), "response_format.json_schema.schema",
            contains=contains)


def test_c_185_text(target):
    """Type text is as if absent."""
    plain, typed = (choice(target.chat("M", "Who are you?", temperature=0, **more))
                    for more in ({}, {"response_format": {"type": "text"}}))
    assert plain == typed


@pytest.mark.parametrize("question", ["Tell me about Paris as JSON.", "Who are you?"], ids=["named", "unnamed"])
def test_c_186_json_object(target, question):
    """json_object: the content is a JSON object whatever the messages say."""
    whole = 0
    for seed in range(6):
        reply = target.chat("M", question, response_format={"type": "json_object"}, seed=seed, max_tokens=400, **OFF)
        if choice(reply)["finish_reason"] == "length":
            assert text(reply).startswith("{")  # a small model may talk on; C-197 looks at such answers
        else:
            whole += 1
            assert isinstance(json.loads(text(reply)), dict)
    assert whole > 0


def test_c_187_json_schema(target):
    """json_schema: the content fits the schema."""
    fits(target, PERSON)


@pytest.mark.parametrize("value, path", [
    ({}, "json_schema"), ({"json_schema": {"schema": PERSON}}, "json_schema.name"),
    ({"json_schema": {"name": "a"}}, "json_schema.schema"), ({"json_schema": 5}, "json_schema"),
    ({"json_schema": {"name": "a b", "schema": PERSON}}, "json_schema.name"),
    ({"json_schema": {"name": "a" * 65, "schema": PERSON}}, "json_schema.name"),
    ({"json_schema": {"name": "a", "schema": []}}, "json_schema.schema"),
    ({"json_schema": {"name": "a", "schema": PERSON, "strict": "yes"}}, "json_schema.strict"),
    ({"json_schema": {"type": "object"}}, "json_schema.name"),
], ids=["nothing", "no name", "no schema", "number", "bad name", "long name", "list", "strict", "bare schema"])
def test_c_188_shape(target, value, path):
    """Missing or malformed members: 400/20015."""
    refused(target.chat("M", response_format={"type": "json_schema", **value}), f"response_format.{path}: ")


@pytest.mark.parametrize("value, path", [({"type": "yaml"}, "response_format.type"), ("json", "response_format"),
                                         ({}, "response_format.type"), ({"type": "regex"}, "response_format.type"),
                                         ({"type": 5}, "response_format.type")], ids=str)
def test_c_189_type(target, value, path):
    """Another type, a text or no type: 400/20015."""
    refused(target.chat("M", response_format=value), f"{path}: ")


@pytest.mark.parametrize("schema", [
    {**CLOSED, "required": ["a"], "properties": {"a": {"enum": ["x", 5, None]}}},
    {**CLOSED, "required": ["a"], "properties": {"a": {"const": {"b": [1, "ä"]}}}},
    {"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "array", "maxItems": 2, "items": {
        "type": "integer", "minimum": -5, "maximum": 5}}},
    {**CLOSED, "required": ["p"], "properties": {"p": {"$ref": "#/$defs/person"}}, "$defs": {"person": PERSON}},
    {"oneOf": [{"const": 1}, {"type": "string", "pattern": "^[ab]{2,4}$"}]},
], ids=["enum", "const", "arrays", "ref", "oneOf"])
def test_c_190_keywords(target, schema):
    """enum, const, required, additionalProperties, nested arrays and references are honoured."""
    fits(target, schema)


def test_c_191_recursion(target):
    """A recursive schema works."""
    fits(target, {"type": "object", "properties": {"v": {"type": "integer", "maximum": 9, "minimum": 0},
                                                   "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
                  "required": ["v"], "additionalProperties": False})


@pytest.mark.parametrize("strict", [True, False, None])
def test_c_192_unenforceable(target, strict):
    """An assertion that cannot be enforced is refused by name; annotations and unknown formats are ignored."""
    look_ahead = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)\\1"}}}
    bad(target, look_ahead, contains="pattern", strict=strict)
    annotated = {"title": "T", "description": "d", "examples": [1], "x-mine": {}, "type": "string", "maxLength": 5,
                 "format": "colour", "default": "a"}
    ok(target.chat("M", response_format=form(annotated, strict=strict), **OFF))


def nested(depth: int) -> dict:
    schema = {"type": "string"}
    for _ in range(depth - 1):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def test_c_193_size_of_schemas(target):
    """A schema nested 11 deep or with too many properties: 400/20015."""
    ok(target.chat("M", response_format=form(nested(10)), max_tokens=4, **OFF))
    bad(target, nested(12))
    bad(target, {"type": "object", "properties": {f"p{at}": {} for at in range(5001)}})
    bad(target, {"enum": [f"value-{at}" for at in range(1001)]})


@pytest.mark.parametrize("reference", ["#/$defs/none", "http://127.0.0.1:1/x.json", "other.json"])
def test_c_194_references(target, reference):
    """An unresolvable or remote reference: 400/20015."""
    bad(target, {"type": "object", "properties": {"a": {"$ref": reference}}})


@pytest.mark.parametrize("value", [{"type": "json_object"}, form(PERSON)], ids=["object", "schema"])
def test_c_195_json_elsewhere(target, value):
    """JSON mode on a record without it: 400/20024."""
    refused(target.chat("BARE", response_format=value), "Json mode is not supported for this model.", code=20024)


def test_c_196_json_after_thinking(target):
    """With thinking the reasoning is free and the content is JSON."""
    reply = target.chat("M", "What is 17 + 25?", response_format=form(PERSON), enable_thinking=True)
    message = choice(reply)["message"]
    jsonschema.validate(json.loads(message["content"]), PERSON)
    assert not message["reasoning_content"].lstrip().startswith("{")


def test_c_197_cut_json(target):
    """Cut by max_tokens: finish reason length, the content begins a JSON text."""
    schema = {"type": "object", "properties": {"list": {"type": "array", "minItems": 50, "maxItems": 50,
                                                        "items": {"type": "integer"}}},
              "required": ["list"], "additionalProperties": False}
    reply = target.chat("M", response_format=form(schema), max_tokens=12, **OFF)
    assert choice(reply)["finish_reason"] == "length"
    assert text(reply).startswith("{") and '{"list":['.startswith(text(reply).replace(" ", "")[:9])


def test_c_198_no_fence(target):
    """JSON content has no code fence."""
    for seed in range(3):
        reply = target.chat("M", "Write JSON in a ```json block.", response_format={"type": "json_object"}, seed=seed,
                            **OFF)
        assert text(reply).startswith("{") and text(reply).endswith("}")
