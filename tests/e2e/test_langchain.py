"""LangChain as its users set it up: base URL, key and model name."""
import asyncio
import json

import pytest

from conftest import MODEL

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402

QUESTION = [SystemMessage("You are a helpful assistant."), HumanMessage("Who are you?")]
WEATHER = "What is the weather like in Boston today?"


@tool
def get_current_weather(location: str) -> str:
    """Get the current weather in a given location"""
    return json.dumps({"temperature": 21, "condition": "sunny", "location": location})


@pytest.fixture(scope="session")
def model(server):
    return ChatOpenAI(model=MODEL, base_url=server.base_url, api_key=server.key, max_retries=0, temperature=0)


def test_invoke_answers_with_usage(model):
    reply = model.invoke(QUESTION)
    assert "Millrace" in reply.content
    assert reply.response_metadata["finish_reason"] == "stop"
    usage = reply.usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0


def test_stream_adds_up_to_the_invoked_answer(model):
    """Usage must not be added up over chunks: LangChain sums what each of them tells."""
    invoked = model.invoke(QUESTION)
    for usage in (True, False):
        total = None
        for chunk in model.stream(QUESTION, stream_usage=usage):
            total = chunk if total is None else total + chunk
        assert total.content == invoked.content
        if usage:
            assert total.usage_metadata["output_tokens"] == invoked.usage_metadata["output_tokens"]
            assert total.usage_metadata["input_tokens"] == invoked.usage_metadata["input_tokens"]


def test_batch_and_asynchronous_calls(model):
    replies = model.batch(["Who are you?", "What is 2 + 3?", "你是谁?"])
    assert len(replies) == 3 and all(reply.content for reply in replies)

    async def gather() -> list[str]:
        return [chunk.content async for chunk in model.astream(QUESTION)]

    assert "Millrace" in "".join(asyncio.run(gather()))


def test_tool_loop(model):
    bound = model.bind_tools([get_current_weather])
    messages = [HumanMessage(WEATHER)]
    for _ in range(3):
        reply = bound.invoke(messages)
        messages.append(reply)
        if not reply.tool_calls:
            break
        messages += [get_current_weather.invoke(call) for call in reply.tool_calls]
    assert any(isinstance(message, ToolMessage) for message in messages)
    assert "Boston" in messages[1].tool_calls[0]["args"]["location"]
    assert isinstance(messages[-1], AIMessage) and "21" in messages[-1].content


def test_streamed_tool_call_is_put_together(model):
    total = None
    for chunk in model.bind_tools([get_current_weather]).stream(WEATHER):
        total = chunk if total is None else total + chunk
    assert [call["name"] for call in total.tool_calls] == ["get_current_weather"]
    assert "Boston" in total.tool_calls[0]["args"]["location"] and total.tool_calls[0]["id"].startswith("call_")
    assert not total.invalid_tool_calls


def test_refusal_is_an_exception_with_the_servers_words(server):
    import openai
    wrong = ChatOpenAI(model="nobody", base_url=server.base_url, api_key=server.key, max_retries=0)
    with pytest.raises(openai.BadRequestError, match="Model does not exist"):
        wrong.invoke("hi")


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured_output(model, client, method):
    from test_clients import UNCONSTRAINED, City, constrained
    if not constrained(client):
        pytest.skip(UNCONSTRAINED)
    question = "It is 21 degrees in Oslo. Give the city as name and the temperature as JSON."
    if method == "json_mode":  # any object is JSON: what is in it is the model's affair
        reply = model.bind(response_format={"type": "json_object"}).invoke(question)
        assert isinstance(json.loads(reply.content), dict)
        return
    assert isinstance(model.with_structured_output(City, method=method).invoke(question), City)
