"""Bytes as they arrive on sockets: cut anywhere, out of order, too many, too slow, not HTTP."""
import json
import random
import socket
import threading
import time

import pytest

from conftest import DEMO, MODEL
from exchange import Connection, Contract, request_bytes

CONTRACT = Contract()
BODY = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1, "seed": 1,
                   "enable_thinking": False}).encode()
STREAM = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "How do I use this server?"}],
                     "stream": True, "enable_thinking": False}).encode()
GENERIC = {"code": 20015, "message": "The parameter is invalid. Please check again.", "data": None}
# Time limits short enough to wait for, and a rate that a steady sender keeps.
SHORT_LIMITS = """http: {head_timeout_s: 1, body_timeout_s: 1, body_bytes_per_s: 2000, idle_timeout_s: 2}
"""


def chat(server, body: bytes = BODY, **options) -> bytes:
    return request_bytes(server.key, body, **options)


def chunked_chat(server, chunks: bytes, **headers: str) -> bytes:
    fields = {"Content-Length": "", "Transfer-Encoding": "chunked", **headers}
    return request_bytes(server.key, b"", headers=fields) + chunks


def as_chunks(body: bytes, size: int, extension: bytes = b"") -> bytes:
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(f"{len(piece):x}".encode() + extension + b"\r\n" + piece + b"\r\n" for piece in pieces)


def answer(server, data: bytes, *, half_close: bool = False):
    """The one answer to these bytes; None when the server closes without."""
    with Connection(server.port) as connection:
        connection.send(data)
        if half_close:
            connection.socket.shutdown(socket.SHUT_WR)
        return connection.reply()


def assert_refused(server, data: bytes, status: int = 400) -> None:
    """One refusal of the contract, and the connection is over: nobody knows where the next request would begin."""
    with Connection(server.port) as connection:
        connection.send(data)
        reply = connection.reply()
        assert reply is not None and reply.status == status, (data[:200], reply)
        CONTRACT.check_reply(reply)
        if status == 400:
            assert reply.json() == GENERIC
        assert reply.headers["connection"] == "close"
        assert connection.at_end(), data[:200]


def assert_alive(server) -> None:
    assert answer(server, chat(server)).status == 200


def test_a_request_cut_at_every_byte_is_one_request(server):
    data = chat(server, headers={"Connection": "keep-alive"})
    chunks = chunked_chat(server, as_chunks(BODY, 40, b";a=b") + b"0\r\nTrailer: x\r\n\r\n")
    with Connection(server.port) as connection:
        wanted = None
        for whole in (data, chunks):
            for cut in range(1, len(whole), 1 if whole is chunks else 3):
                connection.send(whole[:cut])
                time.sleep(0)  # lets the server see the first part by itself, most times
                connection.send(whole[cut:])
                reply = connection.reply()
                assert reply.status == 200, cut
                text = reply.json()["choices"]
                wanted = wanted or text
                assert text == wanted, cut


def test_one_byte_at_a_time(server):
    with Connection(server.port) as connection:
        for byte in chat(server):
            connection.send(bytes([byte]))
        assert connection.reply().status == 200


def test_pipelined_requests_are_answered_in_order(server):
    traces = [f"pipelined-{number}" for number in range(40)]
    dice = random.Random(3)
    data = b""
    for trace in traces:
        body = dice.choice([BODY, STREAM, b"{", b""])
        data += chat(server, body, headers={"X-Trace-Id": trace})
    with Connection(server.port) as connection:
        sender = threading.Thread(target=connection.send, args=(data,))
        sender.start()
        replies = [connection.reply() for _ in traces]
        sender.join()
    assert [reply.headers["x-siliconcloud-trace-id"] for reply in replies] == traces
    assert all(reply.complete and reply.status in (200, 400) for reply in replies)


@pytest.mark.parametrize("head", [
    b"X-Large: " + b"a" * 70_000, b"\r\n".join(b"X-%d: y" % number for number in range(101)),
    b"a" * 70_000 + b": x"], ids=["value", "lines", "name"])
def test_a_head_over_its_limits_is_431(server, head):
    assert_refused(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n", 431)
    assert_alive(server)


def test_a_target_of_any_length_within_the_head_limit_is_read(server):
    reply = answer(server, b"GET /healthz?" + b"q" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert reply.status == 200
    assert_refused(server, b"GET /" + b"q" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431)


@pytest.mark.parametrize("headers", [
    "Content-Length: 2\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 2",
    "Content-Length: 2\r\nContent-Length: 2", "Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2, 2",
    "Content-Length: -1", "Content-Length: +2", "Content-Length: 0x2", "Content-Length: 2 2", "Content-Length: ",
    "Content-Length: 99999999999999999999", "Content-Length: two", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: identity", "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: xchunked", "Transfer-Encoding: \x0bchunked", "X: \x01", "Transfer-Encoding : chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Content-Length : 2", " Content-Length: 2",
    "X: y\r\n folded", "X: y\r\n\tfolded", "X\x00: y", "X: y\x00", "X: a\rb", ": name", "no colon", "X\x7f: y",
    "Host: y", "X: y\nZ: bare line feed", "Transfer-Encoding:"], ids=repr)
def test_ambiguous_or_malformed_heads_are_refused(server, headers):
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n{headers}\r\n\r\n"
    assert_refused(server, head.encode("latin-1") + b"{}")
    assert_alive(server)


@pytest.mark.parametrize("line", [
    b"GET /healthz", b"GET  /healthz HTTP/1.1", b"GET /healthz  HTTP/1.1", b"GET /healthz HTTP/1.1 ",
    b" GET /healthz HTTP/1.1",
    b"GET /healthz HTTP/2.0", b"GET /healthz HTTP/1.2", b"GET /healthz http/1.1", b"GET /healthz HTTP/1.1x", b"GET",
    b"G\x00T /healthz HTTP/1.1", b"GET /heal\x00thz HTTP/1.1", b"GET /heal thz HTTP/1.1", b"GET healthz HTTP/1.1",
    b"GET /%zz HTTP/1.1", b"GET /%00 HTTP/1.1", b"GET /a#b HTTP/1.1", b"CONNECT x:80 HTTP/1.1", b"PRI * HTTP/2.0",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /\x7f HTTP/1.1", b"GET /a\tb HTTP/1.1"], ids=repr)
def test_malformed_request_lines_are_refused(server, line):
    assert_refused(server, line + b"\r\nHost: x\r\n\r\n")
    assert_alive(server)


def test_bare_line_feeds_are_refused(server):
    assert_refused(server, chat(server).replace(b"\r\n", b"\n"))


@pytest.mark.parametrize("chunks", [
    b"g\r\n", b"-1\r\nx\r\n", b"0x1\r\nx\r\n0\r\n\r\n", b"2\r\n{}0\r\n\r\n", b"2\r\n{}\r\r0\r\n\r\n", b"2\n{}\n0\n\n",
    b"\r\n", b"2 \r\n{}\r\n0\r\n\r\n; ", b"ffffffffffffffffffff\r\nx", b"2;\x00\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}\r\n0\r\nno colon\r\n\r\n", b"2;" + b"a" * 20_000], ids=lambda chunks: repr(chunks[:40]))
def test_broken_chunks_are_refused(server, chunks):
    with Connection(server.port) as connection:
        connection.send(chunked_chat(server, chunks))
        connection.socket.shutdown(socket.SHUT_WR)
        reply = connection.reply()
        # What merely ends too early has nobody left to tell; what is wrong is told.
        assert reply is None or reply.status == 400 and reply.headers["connection"] == "close", reply
    assert_alive(server)


@pytest.mark.parametrize("size", [b"7fffffffffffffff", b"ffffffffffffffff", b"100000000", b"4000001"])
def test_a_chunk_larger_than_any_body_is_413_before_it_comes(server, size):
    before = server.resident_bytes()
    assert_refused(server, chunked_chat(server, size + b"\r\n" + b"x" * 1000), 413)
    assert server.resident_bytes() - before < 64 << 20


@pytest.mark.parametrize("chunks", [
    as_chunks(BODY, 1), as_chunks(BODY, 1000), as_chunks(BODY, 7, b";name=value"),
    as_chunks(BODY, 7, b';name="quoted; \\" \\r"'),
    as_chunks(BODY, 50, b";a;b;c=d"), as_chunks(BODY, 16).replace(b"10\r\n", b"0010\r\n")],
    ids=["bytes", "whole", "extension", "quoted", "several", "zeros"])
@pytest.mark.parametrize("trailers", [b"", b"A: b\r\n", b"Authorization: Bearer x\r\nX-Trace-Id: t\r\n"],
                         ids=["none", "one", "ignored"])
def test_chunked_bodies_with_extensions_and_trailers_are_read(server, chunks, trailers):
    with Connection(server.port) as connection:
        for _ in range(2):  # the second shows that the first was read to its end
            connection.send(chunked_chat(server, chunks + b"0\r\n" + trailers + b"\r\n"))
            reply = connection.reply()
            assert reply.status == 200 and reply.headers["x-siliconcloud-trace-id"] != "t"


def test_a_length_in_the_trailers_is_refused(server):
    assert_refused(server, chunked_chat(server, as_chunks(BODY, 50) + b"0\r\nContent-Length: 5\r\n\r\n"))


def test_absolute_targets_mean_their_path(server):
    for target in ("http://x/v1/chat/completions", "http://other:1234/chat/completions?a=b",
                   "HTTP://x//v1/chat/completions/"):
        assert answer(server, chat(server, path=target)).status == 200
    assert answer(server, chat(server, path="http://x")).status == 404
    assert answer(server, chat(server, path="*")).status == 404


def test_escapes_count_in_model_names_only(server):
    assert answer(server, chat(server, path="/v1/chat%2Fcompletions")).status == 404
    assert answer(server, chat(server, path="/%76%31/chat/completions")).status == 404
    name = "".join(f"%{ord(letter):02x}" for letter in MODEL)
    reply = answer(server, chat(server, b"", method="GET", path="/v1/models/" + name))
    assert reply.status == 200 and reply.json()["id"] == MODEL


def http10(server, body: bytes, *headers: str) -> bytes:
    lines = ["POST /v1/chat/completions HTTP/1.0", f"Authorization: Bearer {server.key}",
             f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("headers", [(), ("Connection: keep-alive",)], ids=["plain", "keep-alive"])
def test_http_1_0_gets_no_chunks_and_the_connection_closes(server, headers):
    for body, end in ((BODY, b"}"), (STREAM, b"data: [DONE]\n\n")):
        with Connection(server.port) as connection:
            connection.send(http10(server, body, *headers))
            reply = connection.reply()
            assert reply.status == 200 and reply.body.endswith(end)
            assert "transfer-encoding" not in reply.headers
            assert reply.headers["connection"] == "close"
            assert connection.at_end()


def test_http_1_0_with_chunks_is_refused(server):
    head = http10(server, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    assert_refused(server, head + b"0\r\n\r\n")


def test_a_client_that_stops_sending_after_its_request_counts_as_gone_or_is_answered(server):
    for body in (BODY, STREAM):
        answer(server, chat(server, body), half_close=True)
    server.wait_for_metric("millrace_engine_running_sequences", 0)
    assert_alive(server)


def test_a_half_closed_client_learns_what_is_wrong_with_its_request(server):
    assert answer(server, b"GET / HTTP/1.1\r\nHost x\r\n\r\n", half_close=True).status == 400
    assert answer(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", half_close=True).status == 200


def test_resets_in_every_phase_free_everything(server):
    whole = chat(server, STREAM)
    phases = [0, 1, 20, whole.index(b"\r\n\r\n") + 2, whole.index(b"\r\n\r\n") + 4, len(whole) - 1, len(whole)]
    for phase in phases:
        for _ in range(5):
            connection = Connection(server.port)
            connection.send(whole[:phase])
            connection.reset()
    for count in (1, 100, 500):  # inside the answer
        for _ in range(5):
            connection = Connection(server.port)
            connection.send(whole)
            connection.stream.read(count)
            connection.reset()
    for data in (chunked_chat(server, b"5\r\n{\"mo"), chat(server, headers={"Expect": "100-continue"})[:-5]):
        connection = Connection(server.port)
        connection.send(data)
        connection.reset()
    server.wait_for_metric("millrace_engine_running_sequences", 0)
    server.wait_for_metric("millrace_engine_waiting_requests", 0)
    assert_alive(server)


@pytest.fixture
def strict(start, tmp_path):
    config = tmp_path / "millrace.yaml"
    config.write_text(f"models:\n  - {{path: {DEMO}, id: {MODEL}}}\n{SHORT_LIMITS}", encoding="utf-8")
    return start("--config", str(config), model=None)


def drip(connection: Connection, data: bytes, done: threading.Event) -> None:
    """A byte every twentieth of a second, for as long as the server listens and nothing has come back."""
    for byte in data:
        try:
            connection.send(bytes([byte]))
        except OSError:
            return
        if done.wait(0.05):
            return


@pytest.mark.parametrize("phase", ["head", "body", "chunks"])
def test_dripped_requests_end_with_408(strict, phase):
    data = {"head": b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 1000,
            "body": chat(strict, b"{" * 10_000), "chunks": chunked_chat(strict, b"1\r\nx\r\n" * 1000)}[phase]
    quick = 0 if phase == "head" else data.index(b"\r\n\r\n") + 4
    with Connection(strict.port) as connection:
        connection.send(data[:quick])
        done = threading.Event()
        sender = threading.Thread(target=drip, args=(connection, data[quick:], done))
        sender.start()
        reply = connection.reply()
        done.set()
        sender.join()
        assert reply is not None and reply.status == 408
        CONTRACT.check_reply(reply)
        assert reply.json()["message"] == "Request timeout."
        assert reply.headers["connection"] == "close"


def test_a_slow_but_steady_body_is_read(strict):
    body = BODY[:-1] + b" " * 9000 + b"}"
    with Connection(strict.port) as connection:
        data = chat(strict, body)
        pause = threading.Event()
        for at in range(0, len(data), 300):  # 6000 bytes a second, longer than the time limit
            connection.send(data[at:at + 300])
            pause.wait(0.05)
        assert connection.reply().status == 200


def test_a_hundred_slow_heads_do_not_keep_others_waiting(strict):
    slow = [Connection(strict.port) for _ in range(100)]
    for connection in slow:
        connection.send(b"GET /healthz HTTP/1.1\r\nHo")
    assert_alive(strict)
    for connection in slow:
        assert connection.reply().status == 408
        connection.close()


def test_idle_connections_are_closed_without_a_word(strict):
    with Connection(strict.port) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.reply().status == 200
        assert connection.at_end()
    with Connection(strict.port) as connection:
        assert connection.at_end()


def test_bodies_together_over_their_bound_are_503(start, tmp_path):
    config = tmp_path / "millrace.yaml"
    config.write_text(f"models:\n  - {{path: {DEMO}, id: {MODEL}}}\nhttp: {{bodies_memory: 1MiB}}\n"
                      "api: {max_body_bytes: 1048576}\n", encoding="utf-8")
    server = start("--config", str(config), model=None)
    half = b" " * 600_000
    with Connection(server.port) as first, Connection(server.port) as second, Connection(server.port) as third:
        first.send(chat(server, half + BODY)[:-1])  # waits for its last byte
        second.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert second.reply().status == 200
        while (reply := answer(server, chat(server, half + BODY))).status == 200:
            pass  # until the server has read the first body
        assert reply.status == 503
        CONTRACT.check_reply(reply)
        third.send(chunked_chat(server, as_chunks(half + BODY, 100_000) + b"0\r\n\r\n"))
        assert third.reply().status == 503
        first.send(BODY[-1:])
        assert first.reply().status == 200
    assert answer(server, chat(server, half + BODY)).status == 200
