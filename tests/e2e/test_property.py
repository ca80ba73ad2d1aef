"""Thousands of bodies, valid and broken: every answer is one the contract knows, none hangs, nothing is kept."""
import collections
import concurrent.futures
import dataclasses
import json
import os
import random
import re
import traceback

import pytest

from bodies import Bodies, break_bytes, break_tree, chunked, odd_headers, to_bytes
from conftest import DEMO, MODEL
from exchange import Connection, Contract, Reply, events_of, request_bytes

SEED = int(os.environ.get("MILLRACE_PROPERTY_SEED", "20260101"))
COUNT = 100_000 if os.environ.get("MILLRACE_SOAK") else 10_000
CLIENTS = 4
RESIDENT_GROWTH_MAX = 32 << 20
# A small context bounds the answers to bodies whose own limits were broken.
CONFIG = f"models:\n  - {{path: {DEMO}, id: {MODEL}, context: 256}}\nengine: {{kv_memory: 16MiB}}\nlog_level: warn\n"


@dataclasses.dataclass
class Case:
    kind: str
    body: bytes
    headers: dict[str, str]
    streamed: bool = False


def case_of(bodies: Bodies, number: int) -> Case:
    """Request `number`, from nothing but the seed and the number."""
    dice = random.Random(f"{SEED}-{number}")
    body = bodies.valid(dice)
    kind = dice.choice(["valid", "tree", "tree", "tree", "bytes", "bytes", "headers"])
    if kind == "tree":
        break_tree(body, dice)
    data = to_bytes(body, dice)
    if kind == "bytes":
        data = break_bytes(data, dice)
    headers = odd_headers(dice) if kind == "headers" else {}
    if dice.random() < 0.1:
        data = chunked(data, dice)
        headers |= {"Content-Length": "", "Transfer-Encoding": "chunked"}
    return Case(kind, data, headers)


def check(contract: Contract, case: Case, reply: Reply | None) -> None:
    assert reply is not None, "the connection closed instead of an answer"
    streamed = reply.headers.get("content-type", "").startswith("text/event-stream")
    contract.check_reply(reply, streamed=streamed)
    if streamed:
        assert not any(event.startswith('{"error"') for event in events_of(reply.body))
    trace = case.headers.get("X-Trace-Id", "")
    if re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", trace):
        assert reply.headers["x-siliconcloud-trace-id"] == trace
    assert reply.status < 500, "no request may make the server fail"


def run(server, contract: Contract, bodies: Bodies, numbers) -> collections.Counter:
    """Sends the requests over one connection, which is made anew only when the server says that it closes."""
    seen: collections.Counter = collections.Counter()
    connection = Connection(server.port)
    for number in numbers:
        case = case_of(bodies, number)
        reply = None
        try:
            connection.send(request_bytes(server.key, case.body, headers=case.headers))
            reply = connection.reply()
            check(contract, case, reply)
        except Exception:
            pytest.fail(f"MILLRACE_PROPERTY_SEED={SEED}, request {number} ({case.kind}), headers {case.headers}, body "
                        f"{case.body[:500]!r}\nanswer {str(reply)[:2000]}\n{traceback.format_exc(limit=3)}")
        seen[case.kind, reply.status] += 1
        if reply.headers.get("connection") == "close":
            connection.close()
            connection = Connection(server.port)
    connection.close()
    return seen


def run_all(server, contract: Contract, bodies: Bodies, numbers: range) -> collections.Counter:
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        parts = pool.map(lambda client: run(server, contract, bodies, numbers[client::CLIENTS]), range(CLIENTS))
        return sum(parts, collections.Counter())


def test_mutated_bodies_get_answers_of_the_contract(start, tmp_path):
    config = tmp_path / "millrace.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    server = start("--config", str(config), model=None)
    contract = Contract()
    bodies = Bodies(contract.document, MODEL)
    seen = run_all(server, contract, bodies, range(COUNT // 2))
    before = server.resident_bytes()
    seen += run_all(server, contract, bodies, range(COUNT // 2, COUNT))
    growth = server.resident_bytes() - before
    print(f"\n{COUNT} bodies of seed {SEED}: {dict(sorted(seen.items()))}, resident memory {growth / 1024:+.0f} KiB")
    assert sum(seen.values()) == COUNT
    # Were most bodies refused for one trivial reason, the rest of the code would go unseen.
    assert seen["valid", 200] > COUNT // 20
    assert growth < RESIDENT_GROWTH_MAX
    server.wait_for_metric("millrace_engine_running_sequences", 0)
    plain = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}).encode()
    with Connection(server.port) as connection:
        connection.send(request_bytes(server.key, plain))
        assert connection.reply().status == 200
