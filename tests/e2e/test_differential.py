"""The same request streamed and whole: one answer, told in two ways."""
import concurrent.futures
import dataclasses
import json
import random

import pytest

from conftest import MODEL
from exchange import Connection, Contract, events_of, request_bytes

SEED = 20260102
COUNT = 500
CLIENTS = 8
CONTRACT = Contract()
QUESTIONS = ["What is 12 + 30?", "你是谁?", "Tell me a joke.", "How do I start the server?", "把这句话重复一遍:你好,世界 🌍",
             "What is the weather like in Paris and in 北京?", "Repeat: naïve café 👩‍👩‍👧 ﷽", "Who are you?", "用中文讲个笑话",
             "Say a b c d e f g three times.", "What time is it in Oslo?", "", "Translate 'cat' to Chinese."]
STOPS = ["\n", ".", " a", "你", "the", "</", "{", "ing ", "🌍", "Millrace is", "e s"]
TOOLS = [{"type": "function", "function": {"name": name, "description": text, "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
    for name, text in (("get_weather", "The weather in a city"), ("get_time", "The time in a city"))]


@dataclasses.dataclass
class Choice:
    content: str = ""
    reasoning: str | None = None
    calls: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    finish: str | None = None
    logprobs: list | None = None


def request_of(number: int) -> dict:
    """Request `number`, from nothing but the seed and the number."""
    dice = random.Random(f"{SEED}-{number}")
    body = {"model": MODEL, "messages": [{"role": "user", "content": dice.choice(QUESTIONS)}],
            "seed": dice.randrange(-2**63, 2**63), "temperature": dice.choice([0, 0.3, 0.7, 1.0, 1.5]),
            "n": dice.choice([1, 1, 1, 2, 4]), "max_tokens": dice.choice([1, 2, 7, 30, 120])}
    if dice.random() < 0.3:
        body["messages"].insert(0, {"role": "system", "content": dice.choice(["Answer briefly.", "你叫小明。"])})
    if dice.random() < 0.8:
        body["enable_thinking"] = dice.random() < 0.5
    if dice.random() < 0.3:
        body["thinking_budget"] = dice.choice([128, 150, 400])
    if dice.random() < 0.3:
        body["max_completion_tokens"] = dice.choice([1, 5, 40, 200])
    if dice.random() < 0.4:
        body["stop"] = dice.choice([dice.choice(STOPS), dice.sample(STOPS, dice.randint(1, 4))])
    if dice.random() < 0.4:
        body |= {"tools": TOOLS, "parallel_tool_calls": dice.random() < 0.5}
    elif dice.random() < 0.2:
        body["prefix"] = dice.choice(["Sure", "The answer", "我是"])
    for name, values in {"top_p": [0.1, 0.9, 1], "top_k": [1, 5, -1], "min_p": [0, 0.2], "repetition_penalty": [1.3],
                         "frequency_penalty": [-1, 0.5], "presence_penalty": [1]}.items():
        if dice.random() < 0.15:
            body[name] = dice.choice(values)
    return body


def whole(server, body: dict) -> tuple[list[Choice], dict]:
    reply = exchange(server, body)
    assert reply.status == 200, reply.body
    CONTRACT.check_reply(reply)
    answer = reply.json()
    choices = []
    for choice in answer["choices"]:
        message = choice["message"]
        calls = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls", [])]
        choices.append(Choice(message["content"], message.get("reasoning_content"), calls, choice["finish_reason"],
                              (choice.get("logprobs") or {}).get("content")))
    return choices, answer["usage"]


def add(choice: Choice, part: dict) -> None:
    delta = part["delta"]
    assert choice.finish is None, "something follows the finish chunk"
    if delta["reasoning_content"]:
        assert not choice.content and not choice.calls, "reasoning after the answer began"
        choice.reasoning = (choice.reasoning or "") + delta["reasoning_content"]
    choice.content += delta["content"] or ""
    for call in delta.get("tool_calls", []):
        if "id" in call:
            assert call["index"] == len(choice.calls)
            choice.calls.append((call["function"]["name"], ""))
        assert call["index"] == len(choice.calls) - 1
        name, arguments = choice.calls[-1]
        choice.calls[-1] = (name, arguments + call["function"]["arguments"])
    choice.finish = part["finish_reason"]
    if "logprobs" in part:  # null in chunks without answer text
        choice.logprobs = (choice.logprobs or []) + (part["logprobs"] or {"content": []})["content"]


def streamed(server, body: dict, number: int) -> tuple[list[Choice], dict]:
    # Both forms of usage in a stream: the running count, and the chunk of its own.
    options = {"stream_options": {"include_usage": True}} if number % 2 else {}
    reply = exchange(server, {**body, **options, "stream": True})
    assert reply.status == 200, reply.body
    CONTRACT.check_reply(reply, streamed=True)
    choices = [Choice() for _ in range(body["n"])]
    roles, usage, spent = [], None, 0
    for event in events_of(reply.body)[:-1]:
        chunk = json.loads(event)
        usage = chunk["usage"] or usage
        if chunk["usage"]:
            assert chunk["usage"]["completion_tokens"] >= spent, "usage falls"
            spent = chunk["usage"]["completion_tokens"]
        for part in chunk["choices"]:
            if "role" in part["delta"]:
                roles.append(part["index"])
            assert len(roles) == body["n"] or "role" in part["delta"], "text before all roles are told"
            add(choices[part["index"]], part)
    assert roles == list(range(body["n"]))
    return choices, usage


def exchange(server, body: dict):
    with Connection(server.port, seconds=120) as connection:
        connection.send(request_bytes(server.key, json.dumps(body).encode()))
        return connection.reply()


def counts(usage: dict) -> dict:
    """Usage without what depends on who came before: the cached part of the prompt."""
    hit, miss = usage["prompt_cache_hit_tokens"], usage["prompt_cache_miss_tokens"]
    assert hit == usage["prompt_tokens_details"]["cached_tokens"] and hit + miss == usage["prompt_tokens"]
    return {name: value for name, value in usage.items() if "cache" not in name and name != "prompt_tokens_details"}


def compare(server, number: int) -> dict:
    body = request_of(number)
    plain, plain_usage = whole(server, body)
    stream, stream_usage = streamed(server, body, number)
    told = f"seed {SEED}, request {number}: {json.dumps(body, ensure_ascii=False)}"
    assert stream == plain, told
    assert counts(stream_usage) == counts(plain_usage), told
    for choice in plain:
        stops = body.get("stop", [])
        stops = [stops] if isinstance(stops, str) else stops
        assert choice.calls or not any(stop in choice.content for stop in stops), told
    return {"calls": any(choice.calls for choice in plain), "reasoning": any(choice.reasoning for choice in plain),
            **{f"finish_{choice.finish}": True for choice in plain}}


def accepts(server, field: dict) -> bool:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1, **field}
    return exchange(server, body).status == 200


def test_streamed_answers_equal_whole_ones(server):
    with_prefix = accepts(server, {"prefix": "Sure"})
    numbers = [number for number in range(2 * COUNT) if with_prefix or "prefix" not in request_of(number)][:COUNT]
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        seen = list(pool.map(lambda number: compare(server, number), numbers))
    assert len(seen) == COUNT
    # The comparison is worth what it has seen.
    for fact in ("calls", "reasoning", "finish_stop", "finish_length", "finish_tool_calls"):
        assert sum(one.get(fact, False) for one in seen) > COUNT // 50, fact


def test_streamed_log_probabilities_equal_whole_ones(server):
    if not accepts(server, {"logprobs": True}):
        pytest.skip("this build refuses logprobs")
    for number in range(40):
        body = {**request_of(number), "logprobs": True, "top_logprobs": number % 4}
        if "prefix" in body or "tools" in body:
            continue
        plain, _ = whole(server, body)
        stream, _ = streamed(server, body, number)
        assert stream == plain, json.dumps(body)
        assert all(choice.logprobs is not None for choice in plain)
