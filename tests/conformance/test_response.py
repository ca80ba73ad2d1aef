"""The reply that is not streamed: C-218 to C-226."""
import json
import re
import time

import pytest

from test_tools import QUESTION, WEATHER
from wire import calls, choice, ok, text, usage

FEW = {"max_tokens": 4}
UNICODE = ["Repeat: 你好，世界 🎉🎊", "Repeat: naïve café 👩‍👩‍👧‍👦", "请用中文介绍一下你自己"]
SPECIAL = r"<\|[a-z_]+\|>|</?tool_call>|</?think>|<｜"


def counts(numbers: dict) -> list[int]:
    return [numbers["prompt_tokens"], numbers["completion_tokens"], numbers["total_tokens"],
            numbers["completion_tokens_details"]["reasoning_tokens"],
            numbers["prompt_tokens_details"]["cached_tokens"], numbers["prompt_cache_hit_tokens"],
            numbers["prompt_cache_miss_tokens"]]


def test_c_218_id(target):
    """The id is 32 hex digits that begin with the time, and new each time."""
    ids = [ok(target.chat("N", **FEW))["id"] for _ in range(3)]
    assert len(set(ids)) == 3
    for one in ids:
        assert re.fullmatch("[0-9a-f]{32}", one)
        assert abs(int(one[:12], 16) / 1000 - time.time()) < 5


def test_c_219_top_level(target):
    """object, created and model are as documented; an alias is repeated."""
    body = ok(target.chat("N", **FEW))
    assert body["object"] == "chat.completion" and body["model"] == target.model("N")
    assert type(body["created"]) is int and abs(body["created"] - time.time()) < 5
    assert set(body) == {"id", "object", "created", "model", "choices", "usage", "system_fingerprint"}
    if not target.foreign:
        assert ok(target.chat("N", model="demo/plain-alias", **FEW))["model"] == "demo/plain-alias"


def test_c_220_fingerprint(target):
    """system_fingerprint is empty."""
    assert ok(target.chat("N", **FEW))["system_fingerprint"] == ""


def test_c_221_choice(target):
    """The choice has index 0, role assistant and a text."""
    one = choice(target.chat("N", **FEW))
    assert one["index"] == 0 and one["message"]["role"] == "assistant" and isinstance(one["message"]["content"], str)
    assert set(one) == {"index", "message", "finish_reason"} and set(one["message"]) == {"role", "content"}


@pytest.mark.parametrize("fields", [{}, FEW, {"stop": "e"}, {"n": 2, "temperature": 1.5}], ids=str)
def test_c_222_finish_reason(target, fields):
    """The finish reason is one of the four."""
    for one in ok(target.chat("N", "Who are you?", **fields))["choices"]:
        assert one["finish_reason"] in ("stop", "length", "tool_calls", "content_filter")


@pytest.mark.parametrize("role, fields", [("N", {}), ("N", {"n": 3}), ("M", {"enable_thinking": True}), ("N", FEW),
                                          ("N", {"stop": "e"}), ("M", {"n": 2, "thinking_budget": 128})], ids=str)
def test_c_223_usage(target, role, fields):
    """usage has its seven numbers and they agree."""
    numbers = usage(target.chat(role, "Who are you?", **fields))
    assert all(type(count) is int and count >= 0 for count in counts(numbers))
    prompt, completion, total, reasoning, cached, hit, miss = counts(numbers)
    assert total == prompt + completion and reasoning <= completion and hit + miss == prompt and cached == hit
    assert prompt > 0 and completion > 0


def test_c_224_cached_prompt(target):
    """A repeated long prompt shows cached tokens."""
    asked = {"messages": "Please remember this sentence, it matters a lot. " * 12, "max_tokens": 2}
    first, second = (usage(target.chat("N", **asked)) for _ in range(2))
    assert second["prompt_tokens_details"]["cached_tokens"] > 0
    assert second["prompt_cache_hit_tokens"] + second["prompt_cache_miss_tokens"] == second["prompt_tokens"]
    assert first["prompt_tokens"] == second["prompt_tokens"]


@pytest.mark.parametrize("question", UNICODE)
def test_c_225_unicode(target, question):
    """Answers with emoji and CJK are valid UTF-8, also when cut."""
    whole = text(target.chat("N", question, temperature=0, max_tokens=40))
    for limit in (1, 2, 3, 4, 5, 7, 11, 19):
        reply = target.chat("N", question, temperature=0, max_tokens=limit)
        json.loads(reply.body.decode("utf-8", "strict"))
        assert whole.startswith(text(reply)), "an incomplete character was not left out"
        assert not any(0xD800 <= ord(letter) < 0xE000 for letter in text(reply))


def test_c_226_clean_text(target):
    """Calls have no index, and no special token shows anywhere."""
    reply = target.chat("M", QUESTION, tools=[WEATHER], temperature=0, enable_thinking=False)
    assert calls(reply) and all("index" not in call for call in calls(reply))
    replies = [reply, *[target.chat("M", "Tell me a joke.", seed=seed, temperature=1.2, thinking_budget=128)
                        for seed in range(6)]]
    for message in (choice(one)["message"] for one in replies):
        shown = message["content"] + message.get("reasoning_content", "")
        shown += "".join(call["function"]["arguments"] for call in message.get("tool_calls", []))
        assert not re.search(SPECIAL, shown), shown
