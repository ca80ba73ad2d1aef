"""A thousand streams at once, ten thousand connections that wait, and minutes of both in `make soak`."""
import asyncio
import json
import os
import random
import resource
import time

import pytest

from conftest import DEMO, MODEL
from exchange import events_of, request_bytes

STREAMS = 1_000
IDLE = 10_000
SOAK_SECONDS = int(os.environ.get("MILLRACE_SOAK_SECONDS", "180"))
# Descriptors beside the connections: the interpreter's own, files, pipes.
SPARE = 500
CONFIG = f"""models:
  - {{path: {DEMO}, id: {MODEL}, context: 512}}
engine: {{kv_memory: 64MiB, queue_length: 4096}}
http: {{connections: {IDLE + SPARE}, idle_timeout_s: 3600, stall_timeout_s: 600}}
log_level: warn
"""


@pytest.fixture
def big(start, tmp_path):
    """A server that takes as many connections as the tests make."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE + SPARE
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"the system allows {hard} descriptors, {wanted} are needed (ulimit -Hn)")
    # The server starts with the usual limit and has to raise it by itself.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        config = tmp_path / "millrace.yaml"
        config.write_text(CONFIG, encoding="utf-8")
        server = start("--config", str(config), model=None)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        yield server
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def wait_until_closed(server) -> None:
    """Polls until the server has given back the descriptors of clients that left."""
    deadline = time.monotonic() + 30
    while (held := len(os.listdir(f"/proc/{server.process.pid}/fd"))) > SPARE:
        assert time.monotonic() < deadline, f"{held} descriptors are held"
        time.sleep(0.05)


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
    status = int(head.split()[1])
    if "transfer-encoding: chunked" not in head:
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        return status, await reader.readexactly(length)
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return status, body


def chat_bytes(server, number: int, **options) -> bytes:
    body = {"model": MODEL, "stream": True, "seed": number, "max_tokens": 12, "enable_thinking": False,
            "messages": [{"role": "user", "content": f"Tell me about number {number}."}], **options}
    return request_bytes(server.key, json.dumps(body).encode())


async def stream_to_the_end(server, number: int, all_sent: asyncio.Barrier) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        await all_sent.wait()
        writer.write(chat_bytes(server, number))
        status, body = await read_answer(reader)
        assert status == 200, body
        events = events_of(body)
        assert events[-1] == "[DONE]" and "error" not in json.loads(events[-2])
        assert json.loads(events[-2])["choices"][0]["finish_reason"] in ("stop", "length")
    finally:
        writer.close()


async def many_streams(server) -> None:
    everybody = asyncio.Barrier(STREAMS)
    async with asyncio.timeout(300):
        await asyncio.gather(*(stream_to_the_end(server, number, everybody) for number in range(STREAMS)))


def test_a_thousand_streams_at_once_all_end_well(big):
    asyncio.run(many_streams(big))
    big.wait_for_metric("millrace_engine_running_sequences", 0)
    big.wait_for_metric("millrace_engine_waiting_requests", 0)
    total = big.metric("millrace_engine_kv_blocks_total")
    assert big.metric("millrace_engine_kv_blocks_free") + big.metric("millrace_engine_kv_blocks_cached") == total


async def hold_connections(server) -> float:
    """Bytes of the server's memory for each connection that waits."""
    health = request_bytes(server.key, b"", method="GET", path="/healthz")
    before = server.resident_bytes()
    gate = asyncio.Semaphore(200)  # how many connect at the same time: the kernel's queue is finite

    async def connect():
        async with gate:
            connection = await asyncio.open_connection("127.0.0.1", server.port, limit=4096)
            connection[1].write(health)
            assert await read_answer(connection[0]) == (200, b'{"status":"ok"}')
            return connection

    async with asyncio.timeout(300):
        connections = await asyncio.gather(*(connect() for _ in range(IDLE)))
        each = (server.resident_bytes() - before) / IDLE
        # The server still answers others while they wait, and every one of them afterwards.
        await stream_to_the_end(server, 1, asyncio.Barrier(1))
        for _, writer in connections:
            writer.write(health)
        answers = await asyncio.gather(*(read_answer(reader) for reader, _ in connections))
        assert answers == [(200, b'{"status":"ok"}')] * IDLE
        for _, writer in connections:
            writer.close()
    return each


def test_ten_thousand_idle_connections_are_kept_and_cost_little(big):
    each = asyncio.run(hold_connections(big))
    print(f"\n{IDLE} idle connections: {each / 1024:.1f} KiB of the server's memory each")
    assert each < 16 * 1024
    wait_until_closed(big)


async def soak_client(server, number: int, until: float, counts: dict) -> None:
    """Streams one after another until the time is over; every third is left in its middle."""
    dice = random.Random(number)
    while time.monotonic() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(chat_bytes(server, dice.randrange(1 << 30), max_tokens=dice.randint(1, 40),
                                    n=dice.choice([1, 1, 2]), enable_thinking=dice.random() < 0.3,
                                    max_completion_tokens=60))
            if dice.random() < 0.33:
                await reader.readexactly(dice.choice([1, 200, 900]))
                counts["left"] += 1
            else:
                status, body = await read_answer(reader)
                assert status == 200 and body.endswith(b"data: [DONE]\n\n"), body[-300:]
                counts["whole"] += 1
        finally:
            writer.close()


async def soak(server, samples: list[tuple[float, int]], counts: dict) -> None:
    begin = time.monotonic()

    async def watch():
        while True:
            samples.append((time.monotonic() - begin, server.resident_bytes()))
            await asyncio.sleep(1)

    watcher = asyncio.create_task(watch())
    clients = (soak_client(server, number, begin + SOAK_SECONDS, counts) for number in range(STREAMS))
    await asyncio.gather(*clients)
    watcher.cancel()


def slope(samples: list[tuple[float, int]]) -> float:
    """Bytes a second of the line of least squares."""
    mean_time = sum(at for at, _ in samples) / len(samples)
    mean_size = sum(size for _, size in samples) / len(samples)
    return sum((at - mean_time) * (size - mean_size) for at, size in samples) / sum(
        (at - mean_time) ** 2 for at, _ in samples)


@pytest.mark.skipif("MILLRACE_SOAK" not in os.environ, reason="takes minutes: make soak")
def test_minutes_of_streams_and_cancels_keep_memory_flat(big):
    samples: list[tuple[float, int]] = []
    counts = {"whole": 0, "left": 0}
    asyncio.run(soak(big, samples, counts))
    second_half = samples[len(samples) // 2:]
    growth = slope(second_half)
    print(f"\n{STREAMS} clients for {SOAK_SECONDS} s: {counts}; resident memory {samples[0][1] >> 20} MiB at first, "
          f"{samples[-1][1] >> 20} MiB at last, slope of the second half {growth * 60 / 1024:+.1f} KiB a minute")
    assert counts["whole"] > STREAMS and counts["left"] > STREAMS // 3
    assert growth * 60 < 4 << 20
    big.wait_for_metric("millrace_engine_running_sequences", 0)
    total = big.metric("millrace_engine_kv_blocks_total")
    assert big.metric("millrace_engine_kv_blocks_free") + big.metric("millrace_engine_kv_blocks_cached") == total
