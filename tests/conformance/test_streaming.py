"""Streams: C-227 to C-258."""
import json
import re

import pytest

from support.server import ROOT
from target import LONG_TASK
from test_response import UNICODE, counts
from test_tools import QUESTION, TIME, WEATHER
from unit_tests import prove
from wire import Stream, bare, calls, choice, encode, ok, refused, text, usage

FEW = {"max_tokens": 4}
JOKE = {"messages": "Tell me a joke.", "temperature": 1}
CALL = {"messages": QUESTION, "tools": [WEATHER], "temperature": 0, "enable_thinking": False}
CASES = {"plain": ("N", {**JOKE, "seed": 1}), "thinking": ("M", {**JOKE, "seed": 2, "thinking_budget": 128}),
         "call": ("M", CALL), "thought and call": ("M", {**CALL, "enable_thinking": True}),
         "cut": ("N", {"messages": LONG_TASK, "temperature": 0, **FEW}), "two": ("N", {**JOKE, "seed": 3, "n": 2})}
each_case = pytest.mark.parametrize("case", CASES)


def streamed(target, case, **more) -> Stream:
    role, fields = CASES[case]
    return target.stream(role, **{**fields, **more})


def test_c_227_headers(target):
    """A stream says text/event-stream and no-cache, and has no length."""
    reply = target.chat("N", stream=True, **FEW)
    assert reply.header("content-type").split(";")[0] == "text/event-stream"
    assert reply.header("cache-control") == "no-cache" and reply.header("content-length") is None
    assert reply.header("transfer-encoding") == "chunked" and reply.header("x-accel-buffering") == "no"


@each_case
def test_c_228_events(target, case):
    """Every event is one data line and a blank line; the last is [DONE]."""
    reply = streamed(target, case).reply
    assert b"\r" not in reply.body and reply.body.endswith(b"\n\ndata: [DONE]\n\n")
    for event in reply.body.removesuffix(b"\n\n").split(b"\n\n"):
        assert event.startswith(b"data: ") and b"\n" not in event


@each_case
def test_c_229_end(target, case):
    """Nothing follows [DONE], and the chunked body ends properly."""
    role, fields = CASES[case]
    with target.api.connect() as connection:
        connection.send(target.api.request("POST", target.api.chat_path,
                                           encode(target.body(role, stream=True, **fields)), "Connection: close"))
        reply = connection.reply()
        assert reply.ended and reply.body.endswith(b"data: [DONE]\n\n") and reply.body.count(b"[DONE]") == 1
        assert connection.rest() == b""


@each_case
def test_c_230_same_in_every_chunk(target, case):
    """All chunks share id, created and model."""
    chunks = streamed(target, case).chunks
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert re.fullmatch("[0-9a-f]{32}", chunks[0]["id"])
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk["system_fingerprint"] for chunk in chunks} == {""}


@each_case
def test_c_231_role(target, case):
    """The first chunk of a choice has the role, no later one does."""
    stream = streamed(target, case)
    for index in range(CASES[case][1].get("n", 1)):
        deltas = [one["delta"] for one in stream.of(index)]
        assert deltas[0]["role"] == "assistant" and not any("role" in delta for delta in deltas[1:])
        assert deltas[0].get("content") in ("", None) and deltas[0].get("reasoning_content") in ("", None)


@each_case
def test_c_232_finish(target, case):
    """One chunk of a choice has a finish reason, and it is the last."""
    stream = streamed(target, case)
    for index in range(CASES[case][1].get("n", 1)):
        reasons = [one["finish_reason"] for one in stream.of(index)]
        assert reasons[-1] and not any(reasons[:-1])
        assert stream.of(index)[-1]["delta"] == {"content": "", "reasoning_content": None}


@each_case
def test_c_233_same_as_whole(target, case):
    """The joined texts equal the reply that is not streamed."""
    role, fields = CASES[case]
    stream, whole = streamed(target, case), ok(target.chat(role, **fields))
    for one in whole["choices"]:
        index, message = one["index"], one["message"]
        assert stream.joined("content", index) == message["content"]
        assert stream.joined("reasoning_content", index) == message.get("reasoning_content", "")
        assert ([call["function"] for call in stream.calls(index)]
                == [call["function"] for call in message.get("tool_calls", [])])
        assert stream.finish(index) == one["finish_reason"]


@each_case
def test_c_234_order(target, case):
    """All reasoning comes before all content, and no chunk has both."""
    stream = streamed(target, case)
    for index in range(CASES[case][1].get("n", 1)):
        answered = False
        for delta in (one["delta"] for one in stream.of(index)):
            assert "content" in delta and "reasoning_content" in delta
            assert not (delta["content"] and delta["reasoning_content"])
            answered = answered or bool(delta["content"]) or "tool_calls" in delta
            assert not (answered and delta["reasoning_content"])


@pytest.mark.parametrize("question", UNICODE)
def test_c_235_characters(target, question):
    """No chunk ends inside a character."""
    for limit in (3, 40):
        stream = target.stream("N", question, temperature=0, max_tokens=limit)
        for event in stream.reply.body.split(b"\n\n"):
            event.decode("utf-8", "strict")
        assert stream.joined("content") == text(target.chat("N", question, temperature=0, max_tokens=limit))


def test_c_236_stop_is_held_back(target):
    """A stop text never shows, not even partly."""
    whole = text(target.chat("N", LONG_TASK, temperature=0))
    for at in (5, 12, 21):
        stop = whole[at:at + 9]
        stream = target.stream("N", LONG_TASK, temperature=0, stop=stop)
        assert stream.joined("content") == whole[:whole.index(stop)] and stream.finish() == "stop"


def fragments(target) -> list[dict]:
    return [part for one in streamed(target, "call").of() for part in one["delta"].get("tool_calls") or []]


def test_c_237_first_fragment(target):
    """The first fragment of a call has everything but arguments; later ones only those."""
    found = fragments(target)
    seen = set()
    for part in found:
        if part["index"] not in seen:
            seen.add(part["index"])
            assert set(part) == {"index", "id", "type", "function"} and part["type"] == "function" and part["id"]
            assert part["function"]["name"] and part["function"]["arguments"] == ""
        else:
            assert set(part) == {"index", "function"} and set(part["function"]) == {"arguments"}
    assert seen


def test_c_238_call_indices(target):
    """Call indices rise from 0, and the fragments of a call are together."""
    two = {"messages": "What is the weather like in Paris, and what time is it in Oslo?", "tools": [WEATHER, TIME]}
    for seed in range(6):
        stream = target.stream("M", **two, seed=seed, enable_thinking=False)
        order = [part["index"] for one in stream.of() for part in one["delta"].get("tool_calls") or []]
        assert order == sorted(order) and sorted(set(order)) == list(range(len(set(order))))
        assert all(len(one["delta"].get("tool_calls") or [0]) == 1 for one in stream.of())
    assert fragments(target)[0]["index"] == 0


def test_c_239_no_markup(target):
    """No tool markup leaks into the content."""
    for case in ("call", "thought and call"):
        stream = streamed(target, case)
        assert stream.calls() and not re.search("tool_call|<|get_current_weather", stream.joined("content"))


def test_c_240_two_choices(target):
    """n = 2: role chunks first in order, two finish chunks, one [DONE]."""
    stream = streamed(target, "two")
    firsts = [chunk["choices"][0] for chunk in stream.chunks[:2]]
    assert [(one["index"], one["delta"]["role"]) for one in firsts] == [(0, "assistant"), (1, "assistant")]
    assert [bool(stream.finish(index)) for index in (0, 1)] == [True, True]
    assert stream.events.count("data: [DONE]") == 1


@each_case
def test_c_241_one_choice_a_chunk(target, case):
    """A chunk with choices has exactly one."""
    assert {len(chunk["choices"]) for chunk in streamed(target, case).chunks} == {1}


@each_case
def test_c_242_running_usage(target, case):
    """Without stream_options usage is on every chunk, never falls, and is full on the last."""
    chunks = streamed(target, case).chunks
    assert all(chunk["choices"] for chunk in chunks)
    totals = [chunk["usage"]["total_tokens"] for chunk in chunks]
    assert totals == sorted(totals)
    assert all(chunk["usage"]["total_tokens"] == chunk["usage"]["prompt_tokens"] + chunk["usage"]["completion_tokens"]
               for chunk in chunks)
    counts(chunks[-1]["usage"])


@each_case
def test_c_243_usage_asked_for(target, case):
    """include_usage true: null everywhere but on one extra chunk without choices."""
    *chunks, last = streamed(target, case, stream_options={"include_usage": True}).chunks
    assert all(chunk["usage"] is None and len(chunk["choices"]) == 1 for chunk in chunks)
    assert last["choices"] == []
    counts(last["usage"])


@pytest.mark.parametrize("options", [{"include_usage": False}, {}], ids=str)
def test_c_244_no_usage(target, options):
    """include_usage false: no usage key anywhere."""
    stream = target.stream("N", stream_options=options, **FEW)
    assert not any("usage" in chunk or not chunk["choices"] for chunk in stream.chunks)


@each_case
def test_c_245_same_usage(target, case):
    """The stream's final usage equals that of the whole reply."""
    role, fields = CASES[case]
    whole, stream = usage(target.chat(role, **fields)), streamed(target, case).last_usage()
    assert counts(whole)[:4] == counts(stream)[:4]


def test_c_246_options_without_stream(target):
    """stream_options without a stream are ignored; another type is refused."""
    for more in ({}, {"stream": False}):
        assert "usage" in ok(target.chat("N", stream_options={"include_usage": False}, **FEW, **more))
    refused(target.chat("N", stream=True, stream_options=5), "stream_options: Input should be a valid dictionary")
    refused(target.chat("N", stream=True, stream_options={"include_usage": "yes"}),
            "stream_options.include_usage: Input should be a valid boolean")


@pytest.mark.parametrize("mode", ["openai", "final"])
def test_c_247_usage_switch(own, mode):
    """stream_usage openai and final behave as documented."""
    chunks = own(api={"stream_usage": mode}, roles=["N"]).stream("N", **FEW).chunks
    assert all(chunk["choices"] for chunk in chunks)
    have = [bool(chunk.get("usage")) for chunk in chunks]
    assert have == ([False] * len(chunks) if mode == "openai" else [False] * (len(chunks) - 1) + [True])
    if mode == "final":
        counts(chunks[-1]["usage"])


def test_c_248_bad_stream_request(target):
    """A bad field of a stream request is an ordinary 400."""
    refused(target.chat("N", stream=True, temperature=9), "temperature: ")
    refused(target.chat("N", [], stream=True), "messages: ")


def test_c_249_refused_stream_request(target, limited, servers):
    """401, 403, 429 and 503 on a stream request are ordinary replies."""
    bare(target.api.with_key("sk-bad").post(target.body("N", stream=True)), 401, "Invalid token")
    bare(target.api.with_key(target.key("disabled")).post(target.body("N", stream=True)), 403, "Forbidden")
    one = limited(rpm=1)
    one.stream("N", **FEW)
    over = one.chat("N", stream=True)
    assert over.status == 429 and list(over.json()) == ["message", "data"]
    if not servers.foreign:
        prove("api", "ChatEndpoint.AnswersErrorsOfStreamsAsOrdinaryReplies_C248_C249")


def test_c_250_failure_inside_a_stream(servers):
    """An engine failure after the first chunk: one event with error, then [DONE], no finish chunk."""
    if servers.foreign:
        pytest.skip("needs a fault inside the server")
    prove("api", "ChatEndpoint.ReportsFailuresInsideAStream_C250", "ChunkWriter.ReportsAFailureInsideTheStream_C250")


def busy(target, count: int) -> list:
    """Starts long streams on connections of their own and waits until each has its first event."""
    taken = []
    for _ in range(count):
        connection = target.api.connect()
        connection.send(target.api.request("POST", target.api.chat_path, encode(
            target.body("N", LONG_TASK, stream=True, n=8, temperature=1, **target.endless()))))
        assert connection.head().status == 200
        connection.until(b"\n\n")
        taken.append(connection)
    return taken


@pytest.mark.parametrize("seconds", [1, 0])
def test_c_251_keep_alive(own, seconds):
    """Comments come through silence, and none with 0."""
    target = own(api={"sse_keepalive_s": seconds}, engine={"running_sequences": 8}, roles=["N"])
    others = [target.api.connect() for _ in range(3)]
    for connection in others:  # these are served first, one after the other
        connection.send(target.api.request("POST", target.api.chat_path, encode(
            target.body("N", LONG_TASK, n=8, temperature=1, **target.endless()))))
        connection.quiet_for(0.05)
    with target.api.connect() as connection:
        connection.send(target.api.request("POST", target.api.chat_path,
                                           encode(target.body("N", stream=True, **FEW))))
        if seconds:
            assert connection.head().status == 200
            assert connection.until(b"\n\n").endswith(b": keep-alive\n\n"), "no comment came through the silence"
        else:
            assert connection.quiet_for(1.5), "an event or comment came"
        for other in others:
            other.reset()
        rest = connection.until(b"[DONE]\n\n")
        assert rest.endswith(b"data: [DONE]\n\n") and (seconds or b": keep-alive" not in rest)
    prove("api", "ChatEndpoint.SendsCommentsThroughSilence_C251")


def python_client(target):
    import openai
    return openai.OpenAI(base_url=target.api.base_url, api_key=target.api.key, max_retries=0, timeout=60)


def test_c_252_official_clients(target):
    """openai-python, plain and by its helper, and openai-node read text, reasoning and calls."""
    client = python_client(target)
    for case in ("plain", "thinking", "call", "thought and call"):
        role, fields = CASES[case]
        fields = dict(fields)
        messages = [{"role": "user", "content": fields.pop("messages")}]
        own_fields = {key: fields.pop(key) for key in ("enable_thinking", "thinking_budget") if key in fields}
        asked = {"model": target.model(role), "messages": messages, "extra_body": own_fields, **fields}
        whole = client.chat.completions.create(**asked).choices[0].message
        chunks = list(client.chat.completions.create(stream=True, **asked))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.content
        with client.chat.completions.stream(**asked) as helper:
            final = helper.get_final_completion().choices[0].message
        assert (final.content or "") == whole.content and final.role == "assistant"
        assert ([call.function.arguments for call in final.tool_calls or []]
                == [call.function.arguments for call in whole.tool_calls or []])
        assert getattr(final, "reasoning_content", None) == getattr(whole, "reasoning_content", None)
    node(target, "streams")


def node(target, what: str) -> None:
    """Runs a part of the Node script; skips where Node or its client is missing."""
    import shutil
    import subprocess
    modules = ROOT / "build" / "e2e" / "node"
    if not shutil.which("node") or not (modules / "node_modules" / "openai").exists():
        pytest.skip("openai-node is not installed; the rest of the statement holds")
    script = (ROOT / "tests" / "conformance" / "clients.mjs").read_text()
    run = subprocess.run(["node", "--input-type=module", "-", target.api.base_url, target.api.key, target.model("M"),
                          what], input=script, cwd=modules, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0 and run.stdout.strip() == "ok", run.stdout + run.stderr


def test_c_253_real_streaming(target):
    """The first event arrives before generation ends."""
    (connection,) = busy(target, 1)
    with connection:
        assert b"[DONE]" not in connection._unread
        if not target.foreign:
            assert target.server.metric("millrace_engine_running_sequences") > 0


def leaves(own, stream: bool) -> None:
    """The client of a request that takes every slot leaves; the next request is served, and the log tells."""
    target = own(engine={"running_sequences": 8}, roles=["N"])
    trace = f"leaver-{stream}"
    before = target.server.metric("millrace_engine_generated_tokens_total")
    connection = target.api.connect()
    connection.send(target.api.request("POST", target.api.chat_path, encode(
        target.body("N", LONG_TASK, stream=stream, n=8, temperature=1, **target.endless())), f"X-Trace-Id: {trace}"))
    target.server.wait_for_metric("millrace_engine_running_sequences", 8)
    connection.close()
    ok(target.chat("N", **FEW))
    spent = target.server.metric("millrace_engine_generated_tokens_total") - before
    assert spent < 8 * (target.context("N") - 100), "the request ran on after its client had left"
    target.server.wait_for_output(rf"POST chat 499 .*code=60001.* trace={trace}\b")


def test_c_254_stream_client_leaves(own):
    """Closing the socket of a stream frees the only slot."""
    leaves(own, True)


def test_c_255_client_leaves(own):
    """The same for a request that is not streamed."""
    leaves(own, False)


def test_c_256_stalled_reader(own):
    """A client that reads nothing is cut off, and memory stays bounded."""
    target = own(http={"stall_timeout_s": 1}, roles=["N"])
    ok(target.chat("N", **FEW))
    before = target.server.resident_bytes()
    with target.api.connect(receive_buffer=4096) as connection:
        connection.send(target.api.request("POST", target.api.chat_path, encode(
            target.body("N", LONG_TASK, stream=True, n=8, temperature=1, logprobs=True, top_logprobs=20,
                        **target.endless()))))
        target.server.wait_for_output("POST chat .* stream=true", seconds=90)  # when the request is over
        assert target.server.resident_bytes() - before < 96 << 20
        assert b"[DONE]" not in connection.rest()
    target.server.wait_for_metric("millrace_engine_running_sequences", 0)


def test_c_257_logprobs(target):
    """Chunks with content carry logprobs; joined they equal the whole list."""
    asked = {"messages": LONG_TASK, "temperature": 0, "max_tokens": 12, "logprobs": True, "top_logprobs": 3}
    whole, stream = choice(target.chat("N", **asked)), target.stream("N", **asked)
    parts = []
    for one in stream.of():
        assert (one["logprobs"] is not None) == bool(one["delta"]["content"])
        parts += one["logprobs"]["content"] if one["logprobs"] else []
    assert parts == whole["logprobs"]["content"] and len(parts) == 12


def test_c_258_empty_answer(target):
    """An empty answer: a role chunk, a finish chunk and [DONE]."""
    first = text(target.chat("N", LONG_TASK, temperature=0))[0]
    stream = target.stream("N", LONG_TASK, temperature=0, stop=first)
    assert len(stream.events) == 3 and stream.joined("content") == "" and stream.finish() == "stop"
    assert json.loads(stream.events[0][6:])["choices"][0]["delta"]["role"] == "assistant"
    assert calls(target.chat("N", LONG_TASK, temperature=0, stop=first)) == []
