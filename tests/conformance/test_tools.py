"""Tools: C-160 to C-184."""
import json
import re

import jsonschema
import pytest

from wire import calls, choice, ok, refused, text, usage

FEW = {"max_tokens": 4}
OFF = {"enable_thinking": False}
WEATHER = {"type": "function", "function": {
    "name": "get_current_weather",
    "description": "Get the current weather in a given location",
    "parameters": {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["location"],
    },
}}
TIME = {"type": "function", "function": {
    "name": "get_time", "description": "Get the time of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
                   "additionalProperties": False}}}
QUESTION = "What is the weather like in Boston today?"


def tool(name="f", **function) -> dict:
    return {"type": "function", "function": {"name": name, **function}}


def named(name: str) -> dict:
    return {"type": "function", "function": {"name": name}}


def well_formed(call: dict) -> None:
    assert set(call) == {"id", "type", "function"} and call["type"] == "function"
    assert re.fullmatch(r"call_[A-Za-z0-9]{22,}", call["id"]) or not call["id"].startswith("call_")
    assert set(call["function"]) == {"name", "arguments"}
    assert isinstance(call["function"]["name"], str) and isinstance(call["function"]["arguments"], str)


def asked(target, question=QUESTION, **fields):
    """A reply that calls the weather tool; greedy, so that a small model does it every time."""
    reply = target.chat("M", question, **{"tools": [WEATHER], "temperature": 0, **OFF, **fields})
    assert calls(reply), f"the model did not call: {reply}"
    return reply


def test_c_160_weather_sample(target):
    """The documented weather sample answers 200."""
    message = choice(target.chat("M", QUESTION, tools=[WEATHER], tool_choice="auto"))["message"]
    assert message["content"] or message["tool_calls"]


def test_c_161_number_of_tools(target):
    """128 tools are fine, 129 are not."""
    many = [tool(f"f{at}") for at in range(129)]
    ok(target.chat("M", tools=many[:128], tool_choice="none", **FEW, **OFF))
    refused(target.chat("M", tools=many), "tools: List should have at most 128 items after validation, not 129")


def test_c_162_no_tools(target):
    """An empty list is no tools."""
    none, empty = (target.chat("M", "hi", temperature=0, **OFF, **more) for more in ({}, {"tools": []}))
    assert choice(none) == choice(empty)
    assert usage(none)["prompt_tokens"] == usage(empty)["prompt_tokens"]


@pytest.mark.parametrize("tools, path", [
    ({}, "tools"), ([{"type": "retrieval", "function": {"name": "f"}}], "tools.0.type"),
    ([{"function": {"name": "f"}}], "tools.0.type"), ([{"type": "function"}], "tools.0.function"),
    ([WEATHER, {"type": "function", "function": "f"}], "tools.1.function"), ([5], "tools.0"),
    ([{"type": "function", "function": {}}], "tools.0.function.name"),
], ids=["object", "retrieval", "no type", "no function", "text function", "number", "no name"])
def test_c_163_shape_of_tools(target, tools, path):
    """Tools of another shape: 400/20015 with the path."""
    refused(target.chat("M", tools=tools), f"{path}: ")


@pytest.mark.parametrize("name, good", [("has space", False), ("has.dot", False), ("", False), ("a" * 65, False),
                                        ("a" * 64, True), ("a-B_9", True), ("é", False), ("a\n", False)],
                         ids=["space", "dot", "empty", "65", "64", "all kinds", "accent", "newline"])
def test_c_164_names(target, name, good):
    """Names have 1 to 64 letters, digits, _ and -."""
    reply = target.chat("M", tools=[tool(name)], **FEW, **OFF)
    if good:
        ok(reply)
    else:
        refused(reply, "tools.0.function.name: String should match pattern '^[A-Za-z0-9_-]{1,64}$'")


def test_c_165_duplicate_names(target):
    """Two tools of one name: 400/20015."""
    assert refused(target.chat("M", tools=[tool("a"), tool("b"), tool("a")])) == "tools.2.function.name: Duplicate name"


@pytest.mark.parametrize("function, good", [({}, True), ({"parameters": None}, True), ({"parameters": {}}, True),
                                            ({"parameters": []}, False), ({"parameters": "x"}, False)], ids=str)
def test_c_166_parameters(target, function, good):
    """parameters may be missing or null, not another type."""
    reply = target.chat("M", tools=[tool(**function)], **FEW, **OFF)
    if good:
        ok(reply)
    else:
        refused(reply, "tools.0.function.parameters: Input should be a valid dictionary")


@pytest.mark.parametrize("kind", ["int", "str", "float"])
def test_c_167_python_types(target, kind):
    """Parameter types int, str and float are accepted without strict."""
    parameters = {"type": "object", "properties": {"a": {"type": kind}}}
    ok(target.chat("M", tools=[tool(parameters=parameters)], **FEW, **OFF))


def test_c_168_strict_is_a_boolean(target):
    """strict "yes": 400/20015."""
    refused(target.chat("M", tools=[tool(strict="yes")]), "tools.0.function.strict: Input should be a valid boolean")


def test_c_169_tools_elsewhere(target):
    """Tools on a record without them: 400/20037."""
    refused(target.chat("BARE", tools=[WEATHER]), "Function call is not supported for this model.", code=20037)


@pytest.mark.parametrize("seed", range(3))
def test_c_170_required(target, seed):
    """tool_choice required: at least one call, finish reason tool_calls."""
    reply = target.chat("M", "hi", tools=[WEATHER, TIME], tool_choice="required", seed=seed, temperature=1, **OFF)
    assert len(calls(reply)) >= 1 and choice(reply)["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("name", ["get_time", "get_current_weather"])
def test_c_171_named(target, name):
    """A named tool_choice: exactly one call, to that name."""
    reply = target.chat("M", QUESTION, tools=[WEATHER, TIME], tool_choice=named(name), **OFF)
    assert [call["function"]["name"] for call in calls(reply)] == [name]
    assert choice(reply)["finish_reason"] == "tool_calls"


def test_c_172_none(target):
    """tool_choice none: no tool_calls key."""
    reply = target.chat("M", QUESTION, tools=[WEATHER], tool_choice="none", temperature=0, **OFF)
    assert "tool_calls" not in choice(reply)["message"]
    assert usage(reply)["prompt_tokens"] == usage(target.chat("M", QUESTION, **OFF))["prompt_tokens"]


@pytest.mark.parametrize("value", ["sometimes", 5, {}, named("nobody"), {"type": "function"}, {"type": "x"}],
                         ids=["sometimes", "number", "empty", "not in tools", "no function", "type x"])
def test_c_173_other_choices(target, value):
    """Another tool_choice, or a function that is not in tools: 400/20015."""
    refused(target.chat("M", tools=[WEATHER], tool_choice=value), "tool_choice")
    if value == named("nobody"):
        assert (refused(target.chat("M", tools=[WEATHER], tool_choice=value))
                == "tool_choice: function nobody is not in tools")


@pytest.mark.parametrize("value, good", [("required", False), (named("f"), False), ("auto", True), ("none", True)],
                         ids=["required", "named", "auto", "none"])
def test_c_174_choice_without_tools(target, value, good):
    """A forced choice needs tools; auto and none do not."""
    reply = target.chat("M", tool_choice=value, **FEW, **OFF)
    if good:
        ok(reply)
    else:
        assert refused(reply) == "tool_choice: tools is required"


def test_c_175_allowed_tools(target):
    """allowed_tools with mode required calls only a listed tool."""
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named("get_time")]}}
    reply = target.chat("M", QUESTION, tools=[WEATHER, TIME], tool_choice=allowed, **OFF)
    assert calls(reply) and {call["function"]["name"] for call in calls(reply)} == {"get_time"}


@pytest.mark.parametrize("fields", [{}, {"tool_choice": "required"}], ids=["auto", "required"])
def test_c_176_one_call(target, fields):
    """parallel_tool_calls false: at most one call."""
    for seed in range(3):
        reply = target.chat("M", "What is the weather in Paris and in Oslo?", tools=[WEATHER], seed=seed,
                            parallel_tool_calls=False, **OFF, **fields)
        assert len(calls(reply)) <= 1


def test_c_177_shape_of_calls(target):
    """A reply with calls: content is a text, each call has its four members."""
    message = choice(asked(target))["message"]
    assert isinstance(message["content"], str)
    for call in message["tool_calls"]:
        well_formed(call)


def test_c_178_strict_arguments(target):
    """Arguments of forced strict calls parse and fit the schema."""
    schema = {"type": "object", "additionalProperties": False, "required": ["city", "days"],
              "properties": {"city": {"enum": ["Paris", "Oslo"]},
                             "days": {"type": "integer", "minimum": 1, "maximum": 7}}}
    for seed in range(3):
        reply = target.chat("M", "hi", tools=[tool("plan", parameters=schema, strict=True)], tool_choice=named("plan"),
                            temperature=1.5, seed=seed, **OFF)
        jsonschema.validate(json.loads(calls(reply)[0]["function"]["arguments"]), schema)
    broken = {"type": "object", "properties": {"a": {"type": "int"}}}
    refused(target.chat("M", tools=[tool(parameters=broken, strict=True)]), "tools.0.function.parameters")


def test_c_179_unique_ids(target):
    """Call ids are unique."""
    found = [call["id"] for reply in (asked(target), asked(target, n=2)) for one in ok(reply)["choices"]
             for call in one["message"]["tool_calls"]]
    assert len(found) >= 3 and len(set(found)) == len(found)


def test_c_180_no_calls(target):
    """A reply without calls has no tool_calls key."""
    assert "tool_calls" not in choice(target.chat("M", "Who are you?", tool_choice="none", tools=[WEATHER]))["message"]
    assert "tool_calls" not in choice(target.chat("M", "Who are you?"))["message"]


def test_c_181_round_trip(target):
    """The call sent back as received with a result gives an answer."""
    message = choice(asked(target))["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "Sunny, 21 degrees"}
    reply = target.chat("M", [{"role": "user", "content": QUESTION}, message, result], tools=[WEATHER], temperature=0,
                        **OFF)
    assert text(reply)


def test_c_182_cut_call(target):
    """A tool reply cut by max_tokens has finish reason length."""
    whole = usage(asked(target))["completion_tokens"]
    reply = target.chat("M", QUESTION, tools=[WEATHER], temperature=0, max_tokens=whole - 5, **OFF)
    assert choice(reply)["finish_reason"] == "length"


def test_c_183_legacy_functions(target):
    """functions and function_call work where tools are absent, and answer with tool_calls."""
    reply = target.chat("M", QUESTION, functions=[WEATHER["function"]], function_call="auto", temperature=0, **OFF)
    assert calls(reply)[0]["function"]["name"] == "get_current_weather"
    assert "function_call" not in choice(reply)["message"]
    assert "tool_calls" not in choice(target.chat("M", QUESTION, functions=[WEATHER["function"]], function_call="none",
                                                  temperature=0, **OFF))["message"]


def test_c_184_tools_thinking_streaming(target):
    """Tools, thinking and streaming together: the reasoning comes before the calls."""
    stream = target.stream("M", QUESTION, tools=[WEATHER], temperature=0, enable_thinking=True)
    kinds = ["call" if one["delta"].get("tool_calls") else "thought" for one in stream.of()
             if one["delta"].get("tool_calls") or one["delta"].get("reasoning_content")]
    assert "thought" in kinds and "call" in kinds and kinds == sorted(kinds, reverse=True)
    assert stream.calls()[0]["function"]["name"] == "get_current_weather" and stream.finish() == "tool_calls"
