"""The official clients, each in every way it can ask: plain, streamed, parsed, asynchronous, raw, refused."""
import asyncio
import json

import openai
import pydantic
import pytest

from conftest import MODEL
from node_scripts import run_script
from test_examples import PAIR, TOOLS

WEATHER = [{"role": "user", "content": "What's the weather like in Boston today?"}]
PLAIN = {"extra_body": {"enable_thinking": False}}
UNCONSTRAINED = "needs constrained decoding, which this build refuses"


class City(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")  # a small model would invent properties for ever
    name: str
    temperature: int


@pytest.fixture(scope="session")
def later(server):
    return openai.AsyncOpenAI(base_url=server.base_url, api_key=server.key, max_retries=0, timeout=120)


def test_models_are_listed_and_found(client):
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


def test_stream_helper_accumulates_what_a_plain_call_returns(client):
    options = {"model": MODEL, "messages": PAIR, "seed": 3, "n": 2, "temperature": 1.0}
    plain = client.chat.completions.create(**options)
    kinds = set()
    with client.chat.completions.stream(**options) as stream:
        for event in stream:
            kinds.add(event.type)
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert [choice.message.content for choice in final.choices] == [choice.message.content for choice in plain.choices]
    assert [choice.finish_reason for choice in final.choices] == [choice.finish_reason for choice in plain.choices]
    assert all(choice.message.role == "assistant" for choice in final.choices)


def test_stream_helper_accumulates_tool_calls(client):
    deltas = ""
    with client.chat.completions.stream(model=MODEL, messages=WEATHER, tools=TOOLS, temperature=0) as stream:
        for event in stream:
            if event.type == "tool_calls.function.arguments.delta":
                deltas += event.arguments_delta
        final = stream.get_final_completion()
    call = final.choices[0].message.tool_calls[0]
    assert final.choices[0].finish_reason == "tool_calls"
    assert call.type == "function" and call.function.name == "get_current_weather" and call.id.startswith("call_")
    assert call.function.arguments == deltas and "Boston" in json.loads(deltas)["location"]


def test_stream_with_usage_has_one_chunk_without_choices(client):
    chunks = list(client.chat.completions.create(model=MODEL, messages=PAIR, stream=True, max_tokens=4,
                                                 stream_options={"include_usage": True}, **PLAIN))
    assert [len(chunk.choices) for chunk in chunks] == [1] * (len(chunks) - 1) + [0]
    assert chunks[-1].usage.completion_tokens == 4 and not any(chunk.usage for chunk in chunks[:-1])


def test_stream_may_be_left_early(client, server):
    with client.chat.completions.create(model=MODEL, messages=PAIR, stream=True) as stream:
        next(iter(stream))
    server.wait_for_metric("millrace_engine_running_sequences", 0)


def test_raw_response_has_the_headers(client):
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=PAIR, max_tokens=1,
                                                          extra_headers={"X-Trace-Id": "mine.1"}, **PLAIN)
    assert raw.status_code == 200
    assert raw.headers["x-siliconcloud-trace-id"] == "mine.1"
    assert raw.request_id == "mine.1"
    assert raw.parse().choices[0].finish_reason in ("length", "stop")


def test_streaming_response_can_be_read_line_by_line(client):
    with client.chat.completions.with_streaming_response.create(model=MODEL, messages=PAIR, stream=True,
                                                               max_tokens=2, **PLAIN) as response:
        lines = [line for line in response.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"


def test_asynchronous_client_asks_many_things_at_once(later):
    async def ask(number: int) -> str:
        stream = await later.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Repeat the number {number}."}], temperature=0,
            stream=True, **PLAIN)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def ask_all() -> list[str]:
        return await asyncio.gather(*(ask(number) for number in range(10, 30)))

    answers = asyncio.run(ask_all())
    assert len(answers) == 20 and all(answers)


@pytest.mark.parametrize("options, error, words", [
    ({"model": "nobody"}, openai.BadRequestError, "Model does not exist"),
    ({"temperature": 3}, openai.BadRequestError, "temperature: Must be less than or equal to 2"),
    ({"messages": []}, openai.BadRequestError, "List should have at least 1 item"),
    ({"messages": [{"role": "image_url", "content": "x"}]}, openai.BadRequestError, "Input tag 'image_url'"),
    ({"max_tokens": 0, "stream": True}, openai.BadRequestError, "max_tokens: Must be greater"),
], ids=["model", "range", "empty", "role", "stream"])
def test_refusals_become_the_clients_errors(client, options, error, words):
    with pytest.raises(error) as caught:
        client.chat.completions.create(**{"model": MODEL, "messages": PAIR, **options})
    assert caught.value.status_code == 400 and words in str(caught.value)
    assert isinstance(caught.value.body, dict) and set(caught.value.body) == {"code", "message", "data"}
    assert caught.value.request_id


def test_a_wrong_key_becomes_an_authentication_error(server):
    stranger = openai.OpenAI(base_url=server.base_url, api_key="sk-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as caught:
        stranger.chat.completions.create(model=MODEL, messages=PAIR)
    assert caught.value.status_code == 401 and caught.value.response.text == '"Invalid token"'


def test_python_tool_loop_ends_with_an_answer(client):
    messages = list(WEATHER)
    for _ in range(3):
        message = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS,
                                                 temperature=0).choices[0].message
        messages.append(message)
        if not message.tool_calls:
            break
        messages += [{"role": "tool", "tool_call_id": call.id, "content": '{"temperature": 21, "condition": "sunny"}'}
                     for call in message.tool_calls]
    assert "21" in messages[-1].content


def constrained(client) -> bool:
    try:
        client.chat.completions.create(model=MODEL, messages=PAIR, max_tokens=1,
                                       response_format={"type": "json_object"})
    except openai.BadRequestError:
        return False
    return True


def test_parse_returns_an_object_of_the_model(client):
    if not constrained(client):
        pytest.skip(UNCONSTRAINED)
    messages = [{"role": "user", "content": "It is 21 degrees in Oslo. Give the city and the temperature as JSON."}]
    for options in ({}, PLAIN):
        reply = client.chat.completions.parse(model=MODEL, messages=messages, response_format=City, temperature=0,
                                              **options)
        assert isinstance(reply.choices[0].message.parsed, City)
    with client.chat.completions.stream(model=MODEL, messages=messages, response_format=City, temperature=0) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, City)


def test_strict_tools_are_parsed(client):
    if not constrained(client):
        pytest.skip(UNCONSTRAINED)
    reply = client.chat.completions.parse(model=MODEL, messages=WEATHER, temperature=0, tool_choice="required",
                                          tools=[openai.pydantic_function_tool(City)])
    assert isinstance(reply.choices[0].message.tool_calls[0].function.parsed_arguments, City)


def test_node_official_client(server):
    run_script("openai.mjs", server, "openai")
