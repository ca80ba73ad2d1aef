"""Answers held to a format: whatever a model would like to say, an independent validator accepts what it says."""
import concurrent.futures
import json
import random

import jsonschema
import openai
import pytest

from conftest import MODEL

SEED = 20260301
COUNT = 12
CLIENTS = 6

SCHEMAS = [
    {"type": "object", "properties": {"city": {"type": "string", "maxLength": 30}, "hot": {"type": "boolean"}},
     "required": ["city", "hot"], "additionalProperties": False},
    {"type": "object", "properties": {"kind": {"enum": ["cat", "dog", "bird"]}, "age": {
        "type": "integer", "minimum": 0, "maximum": 30}}, "required": ["kind", "age"], "additionalProperties": False},
    {"type": "array", "items": {"type": "number", "multipleOf": 0.5, "minimum": -3, "maximum": 3}, "minItems": 2,
     "maxItems": 4},
    {"oneOf": [{"type": "integer", "minimum": 10, "maximum": 20}, {"type": "boolean"}]},
    {"$ref": "#/$defs/node", "$defs": {"node": {
        "type": "object", "properties": {"name": {"type": "string", "pattern": "^[a-z]{1,8}$"}, "children": {
            "type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 1}},
        "required": ["name"], "additionalProperties": False}}},
    {"type": "object", "properties": {"when": {"type": "string", "format": "date"}, "id": {"const": 7}},
     "required": ["id", "when"], "additionalProperties": False},
    {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3, "maxItems": 3},
]
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "unit": {"enum": ["C", "F"]}},
    "required": ["city", "unit"], "additionalProperties": False}}} for name in ("get_weather", "get_time")]
QUESTIONS = ["Tell me about Paris.", "随便说点什么", "List three things.", "What is 3 + 4?"]


def ask(client, dice: random.Random, **fields) -> list:
    """The choices of one request, streamed or whole."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": dice.choice(QUESTIONS)}], "max_tokens": 300,
            "temperature": dice.choice([0, 0.7, 1.3]), "seed": dice.randrange(2**31), "n": dice.choice([1, 1, 3]),
            **fields, "extra_body": {"enable_thinking": dice.random() < 0.5, "thinking_budget": 128}}
    if dice.random() < 0.5:
        with client.chat.completions.stream(**{k: v for k, v in body.items() if k != "response_format"},
                                            **({"response_format": body["response_format"]}
                                               if "response_format" in body else {})) as stream:
            try:
                return stream.get_final_completion().choices
            except openai.LengthFinishReasonError:
                return []  # the client's own way to say that an answer was cut
    return client.chat.completions.create(**body).choices


def run_all(one) -> None:
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for failure in pool.map(one, range(COUNT)):
            assert failure is None, failure


def test_answers_fit_their_schema(client):
    def one(number: int):
        dice = random.Random(f"{SEED}-{number}")
        schema = dice.choice(SCHEMAS)
        for choice in ask(client, dice, response_format={
                "type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}):
            if choice.finish_reason == "length":
                continue  # the schema may allow more than the limit
            try:
                jsonschema.validate(json.loads(choice.message.content), schema,
                                    format_checker=jsonschema.FormatChecker())
            except ValueError as problem:
                return f"{number}: {choice.message.content!r}: {problem}"
            except jsonschema.ValidationError as problem:
                return f"{number}: {choice.message.content!r}: {problem.message}"
        return None

    run_all(one)


def test_json_objects_are_objects(client):
    def one(number: int):
        dice = random.Random(f"{SEED}-object-{number}")
        for choice in ask(client, dice, response_format={"type": "json_object"}, max_tokens=200):
            if choice.finish_reason != "length" and not isinstance(json.loads(choice.message.content), dict):
                return f"{number}: {choice.message.content!r}"
        return None

    run_all(one)


@pytest.mark.parametrize("strict", [False, True])
def test_forced_calls_fit_their_tool(client, strict):
    tools = [{**tool, "function": {**tool["function"], "strict": strict}} for tool in TOOLS]
    by_name = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}

    def one(number: int):
        dice = random.Random(f"{SEED}-call-{number}")
        choice_of = dice.choice(["required", {"type": "function", "function": {"name": "get_time"}}])
        parallel = dice.random() < 0.5
        for choice in ask(client, dice, tools=tools, tool_choice=choice_of, parallel_tool_calls=parallel):
            calls = choice.message.tool_calls or []
            if choice.finish_reason == "length":
                continue
            if choice.finish_reason != "tool_calls" or not calls or choice.message.content:
                return f"{number}: {choice}"
            if (not parallel or choice_of != "required") and len(calls) != 1:
                return f"{number}: {len(calls)} calls"
            for call in calls:
                if choice_of != "required" and call.function.name != "get_time":
                    return f"{number}: {call.function.name}"
                jsonschema.validate(json.loads(call.function.arguments), by_name[call.function.name])
        return None

    run_all(one)
