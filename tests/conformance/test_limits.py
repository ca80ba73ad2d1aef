"""Errors and rate limits: C-259 to C-278."""
import concurrent.futures
import json
import random
import time

import pytest

from pictures import data_url, image, looking, picture
from target import LONG_TASK
from test_streaming import busy
from unit_tests import prove
from wire import Reply, Stream, bare, encode, ok, refused, usage

FEW = {"max_tokens": 4}
OVERLOADED = b'{"code":50505,"message":"Model service overloaded. Please try again later.","data":null}'


def overloaded(reply: Reply) -> None:
    assert (reply.status, reply.body) == (503, OVERLOADED), str(reply)
    assert 1 <= int(reply.header("retry-after")) <= 60


def limit_reached(reply: Reply, metric: str) -> int:
    """Checks a 429 and returns its Retry-After."""
    assert reply.status == 429, str(reply)
    body = reply.json()
    assert list(body) == ["message", "data"] and body["data"] is None
    assert body["message"].startswith("Request was rejected due to rate limiting.")
    assert body["message"].endswith(f"{metric} limit reached.")
    assert int(reply.header("retry-after")) >= 1
    return int(reply.header("retry-after"))


def test_c_259_full_queue(own):
    """A full queue: 503 with exactly the documented body and Retry-After."""
    target = own(engine={"running_sequences": 8, "queue_length": 1}, roles=["N"])
    taken = busy(target, 1)
    waiting = target.api.connect()
    waiting.send(target.api.request("POST", target.api.chat_path, encode(target.body("N", n=8, **FEW))))
    target.server.wait_for_metric("millrace_engine_waiting_requests", 1)
    for stream in (False, True):
        overloaded(target.chat("N", stream=stream, **FEW))
    for connection in (*taken, waiting):
        connection.reset()


def test_c_260_shutdown(servers):
    """503 while the server shuts down, and while a model is loading."""
    if servers.foreign:
        pytest.skip("the server must be stopped for this")
    target = servers.own(roles=["N"], log_level="debug")  # of this test alone: it ends it
    idle = target.api.connect()
    idle.send(target.api.request("GET", target.api.prefix + "/models"))
    ok(idle.reply())
    taken = busy(target, 1)
    target.server.process.terminate()
    target.server.wait_for_output("(?i)(shutting|stopping|finishing|shut)")
    idle.send(target.api.request("POST", target.api.chat_path, encode(target.body("N", **FEW))))
    overloaded(idle.reply())
    for connection in (*taken, idle):
        connection.reset()
    assert target.server.process.wait(60) == 0
    prove("api", "Api.RefusesNewChatsWhileShuttingDown_C260")
    prove("local", "Local.KnowsItsRecordAndRefusesAtStartUntilItIsLoaded_C260")


def test_c_261_time_out(own):
    """No result in time: 504 and exactly "Gateway Timeout"."""
    target = own(api={"request_timeout_s": 1, "first_token_timeout_s": 1}, engine={"running_sequences": 8},
                 roles=["N"])
    taken = busy(target, 1)
    bare(target.chat("N", LONG_TASK, n=8, temperature=1, **target.endless()), 504, "Gateway Timeout")
    for connection in taken:
        connection.reset()
    prove("api", "ChatEndpoint.GivesUpWhenNothingComesInTime_C261")


def test_c_262_faults(servers):
    """An engine fault: 500 with 50507; another fault: 500 with 60000."""
    if servers.foreign:
        pytest.skip("needs a fault inside the server")
    prove("api", "ChatEndpoint.AnswersEngineFailures_C262", "ErrorTable.HidesWhatInternalErrorsSay",
          "ErrorTable.CallsABackendsInternalErrorAnEngineFailure_C262")


def test_c_263_rpm(limited):
    """RPM limit 3: three requests pass, the next is a 429 without a code."""
    target = limited(rpm=3)
    for _ in range(3):
        ok(target.chat("N", **FEW))
    limit_reached(target.chat("N", **FEW), "RPM")
    limit_reached(target.chat("N", stream=True, **FEW), "RPM")


@pytest.fixture(scope="session", autouse=True)
def refused_early(request, servers):
    """A request that was refused when the session began, so that its wait runs beside the other tests."""
    if servers.foreign or not any("c_264" in item.name for item in request.session.items):
        return None
    target = servers.limited(rpm=1)
    target.chat("N", **FEW)
    over = target.chat("N", **FEW)
    return (target, time.monotonic() + limit_reached(over, "RPM")) if over.status == 429 else None


@pytest.mark.last
def test_c_264_retry_after(limited, refused_early):
    """A 429 has Retry-After of at least 1; after that time a request passes."""
    if refused_early is None:
        target = limited(rpm=1)
        ok(target.chat("N", **FEW))
        refused_early = target, time.monotonic() + limit_reached(target.chat("N", **FEW), "RPM")
    target, due = refused_early
    time.sleep(max(0.0, due - time.monotonic()))
    ok(target.chat("N", **FEW))


def prompt_tokens(target) -> int:
    return usage(target.chat("N", **FEW))["prompt_tokens"]


def test_c_265_tpm(target, limited):
    """A prompt that exceeds the rest of the tokens: 429 naming TPM."""
    limit_reached(limited(tpm=60).chat("N", "word " * 100, max_tokens=1), "TPM")
    small = limited(tpm=60)
    ok(small.chat("N", "word " * 20, max_tokens=1))
    limit_reached(small.chat("N", "word " * 60, max_tokens=1), "TPM")


def test_c_266_generated_tokens_count(target, limited):
    """Generated tokens of earlier requests count."""
    prompt = prompt_tokens(target)
    room = limited(tpm=2 * prompt + 40)
    numbers = usage(room.chat("N", LONG_TASK, max_tokens=30, temperature=0))
    assert numbers["completion_tokens"] == 30
    limit_reached(room.chat("N", max_tokens=prompt + 20), "TPM")


def test_c_267_running_requests_go_on(limited, servers):
    """A running generation is not stopped by crossing TPM."""
    target = (limited(tpm=50) if servers.foreign else
              servers.own(limits={"default": {"tpm": 50}, "tpm_reservation": "prompt"}, roles=["N"]))
    if not servers.foreign:
        target = target.with_key(target.new_key())
    reply = target.chat("N", LONG_TASK, max_tokens=100, temperature=0)
    assert usage(reply)["completion_tokens"] == 100
    limit_reached(target.chat("N", max_tokens=1), "TPM")


def test_c_268_who_shares(limited, servers):
    """Limits hold per model and account: models are apart, keys of one account together, accounts apart."""
    target = limited(rpm=1)
    ok(target.chat("N", **FEW))
    limit_reached(target.chat("N", **FEW), "RPM")
    ok(target.chat("M", thinking_budget=128, **FEW))
    if servers.foreign:
        return
    first = target.with_key(target.new_key(account="shared"))
    second = target.with_key(target.new_key(account="shared"))
    ok(first.chat("N", **FEW))
    limit_reached(second.chat("N", **FEW), "RPM")
    limit_reached(second.chat("N", model="demo/plain-alias", **FEW), "RPM")
    ok(target.with_key(target.new_key()).chat("N", **FEW))


def test_c_269_rejects_are_free(limited):
    """Refusals of the 400 class and 401 consume no requests."""
    target = limited(rpm=1)
    for body in (b"{", target.body("N", n=0), target.body("N", model="x"), target.body("N", "word " * 5000)):
        assert target.api.post(body).status == 400
    assert target.api.with_key("sk-bad").post(target.body("N")).status == 401
    ok(target.api.get("/models"))
    ok(target.chat("N", **FEW))
    limit_reached(target.chat("N", **FEW), "RPM")


def test_c_270_refused_requests_move_nothing(limited, servers):
    """Refused requests do not push the window on."""
    target = limited(rpm=1)
    ok(target.chat("N", **FEW))
    waits = [limit_reached(target.chat("N", **FEW), "RPM") for _ in range(20)]
    assert waits == sorted(waits, reverse=True) and waits[0] <= 60
    if not servers.foreign:
        prove("accounts", "LimiterTest.RefusedRequestsDoNotPushTheWindow")


def test_c_271_choices_are_one_request(limited):
    """n = 4 is one request."""
    target = limited(rpm=2)
    ok(target.chat("N", n=4, **FEW))
    ok(target.chat("N", n=4, **FEW))
    limit_reached(target.chat("N", **FEW), "RPM")


def test_c_272_exactly_k(limited):
    """With limit 5 and 50 requests at once exactly 5 are admitted."""
    target = limited(rpm=5)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        statuses = sorted(reply.status for reply in pool.map(lambda _: target.chat("N", **FEW), range(50)))
    assert statuses == [200] * 5 + [429] * 45


def test_c_273_day(limited, servers):
    """RPD is a limit of its own and resets at the configured midnight (proved with a clock of the test's)."""
    target = limited(rpd=2)
    for _ in range(2):
        ok(target.chat("N", **FEW))
    limit_reached(target.chat("N", **FEW), "RPD")
    if not servers.foreign:
        prove("accounts", "LimiterTest.DaysEndAtMidnight", "LimiterTest.MidnightIsThatOfTheConfiguredZone")


def test_c_274_headers(target, limited):
    """Configured limits show in x-ratelimit headers, others do not."""
    one = limited(rpm=7)
    reply = one.chat("N", **FEW)
    assert ok(reply) and reply.header("x-ratelimit-limit-requests") == "7"
    assert reply.header("x-ratelimit-remaining-requests") == "6"
    assert reply.header("x-ratelimit-reset-requests").endswith("s")
    assert reply.header("x-ratelimit-limit-tokens") is None
    tokens = limited(tpm=100_000).chat("N", **FEW)
    assert tokens.header("x-ratelimit-limit-tokens") == "100000" and tokens.header("x-ratelimit-reset-tokens")
    assert tokens.header("x-ratelimit-limit-requests") is None
    assert not [name for name, _ in target.chat("N", **FEW).headers if name.lower().startswith("x-ratelimit")]


def test_c_275_bad_body_over_the_limit(limited):
    """A bad body over RPM: 400, not 429."""
    target = limited(rpm=1)
    ok(target.chat("N", **FEW))
    refused(target.chat("N", n=0), "n: ")
    refused(target.api.post(b"{"))
    limit_reached(target.chat("N", **FEW), "RPM")


def test_c_276_limit_before_queue(own):
    """Over RPM while the queue is full: 429, not 503."""
    target = own(engine={"running_sequences": 8, "queue_length": 1}, limits={"default": {"rpm": 1}}, roles=["N"])
    spent = target.with_key(target.new_key())
    ok(spent.chat("N", **FEW))
    first, second, third = (target.with_key(target.new_key()) for _ in range(3))
    taken = busy(first, 1)
    waiting = target.api.connect()
    waiting.send(second.api.request("POST", target.api.chat_path, encode(target.body("N", n=8, **FEW))))
    target.server.wait_for_metric("millrace_engine_waiting_requests", 1)
    overloaded(third.chat("N", **FEW))
    limit_reached(spent.chat("N", **FEW), "RPM")
    for connection in (*taken, waiting):
        connection.reset()


def test_c_277_keys_stay_secret(target):
    """No error body and no log contains a key."""
    key, wrong = target.api.key, "sk-" + "Z" * 48
    for body in (b"{", target.body("N", n=0), target.body("N", model=key), target.body("N", [{"role": key}])):
        reply = target.api.post(body)
        assert reply.status == 400
        if key.encode() not in encode(body):
            assert key.encode() not in reply.body
    assert wrong.encode() not in target.api.with_key(wrong).post(target.body("N")).body
    assert wrong.encode() not in target.api.get(f"/models/{wrong}", authorization=None).body
    if not target.foreign:
        later = [line for line in target.server.lines if " info " in line or " warn" in line or " error" in line]
        assert later and not any(key in line or wrong in line for line in later)


def mutate(dice: random.Random, body: bytes) -> bytes:
    kind = dice.randrange(5)
    mutated = bytearray(body)
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(mutated))
        if kind == 0:
            mutated[at] = dice.randrange(256)
        elif kind == 1:
            del mutated[at:at + dice.randrange(1, 9)]
        elif kind == 2:
            mutated[at:at] = mutated[dice.randrange(len(mutated)):][:dice.randrange(1, 40)]
        elif kind == 3:
            mutated[at:at] = dice.choice([b"null", b"-1", b"1e999", b"[]", b"{}", b'""', b"true", b"\xff", b"\\ud800"])
        if not mutated:
            break
    return bytes(mutated) if kind != 4 else body[:dice.randrange(len(body))]


def in_the_book(reply: Reply) -> None:
    """The reply is one of the documented ones."""
    assert reply.ended and reply.trace
    if reply.status == 200:
        if reply.header("content-type").startswith("text/event-stream"):
            Stream(reply)
        else:
            assert reply.json()["object"] == "chat.completion"
        return
    assert reply.status in (400, 413, 503), str(reply)
    assert list(reply.json()) == ["code", "message", "data"], str(reply)


def test_c_278_mutated_bodies(target):
    """1000 mutated bodies: every reply is a documented one, and the server lives."""
    dice = random.Random(278)
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    seeds = [target.body("N", "hi 你好", temperature=0.5, stop=["x"], stream=stream, n=2, seed=5, top_k=3, **FEW)
             for stream in (False, True)]
    seeds.append(target.body("M", [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [
        {"type": "text", "text": "hi"}]}], tools=[tool], tool_choice="auto", enable_thinking=True, **FEW,
        max_completion_tokens=8, stream_options={"include_usage": True}, logit_bias={"5": 1}, thinking_budget=128))
    seeds.append(target.body("V", looking(image(data_url(picture()))), **FEW))
    for number in range(1000):
        body = mutate(dice, encode(seeds[number % len(seeds)]))
        if b'"max_' not in body and b"max_tokens" not in body:
            continue  # an answer without a limit would only take long
        try:
            in_the_book(target.api.post(body))
        except (AssertionError, json.JSONDecodeError, OSError) as failure:
            raise AssertionError(f"mutation {number}: {body!r}") from failure
    assert target.alive()
