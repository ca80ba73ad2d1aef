"""Bytes no client should send. The server answers or closes, and lives."""
import json
import random
import socket

import pytest

from conftest import MODEL


def talk(server, data: bytes, *, half_close: bool = False) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        reply = b""
        while piece := connection.recv(65536):
            reply += piece
            if b"Connection: close" not in reply and reply.endswith((b'"}', b'"', b"}", b"\n\n")) and not half_close:
                break
        return reply


def request(server, body: bytes, *headers: str) -> bytes:
    lines = ["POST /v1/chat/completions HTTP/1.1", "Host: x", f"Authorization: Bearer {server.key}",
             f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def alive(server) -> bool:
    good = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}).encode()
    return b" 200 " in talk(server, request(server, good, "Connection: close")).split(b"\r\n")[0]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff\xfe", b"[" * 100000, b'{"model": NaN}', b'{"a":1} x',
                                  b'{"model": "millrace-demo"}', b'{"model": "millrace-demo", "messages": {}}'])
def test_bad_bodies_are_400_with_the_three_keys(server, body):
    reply = talk(server, request(server, body, "Connection: close"))
    head, _, text = reply.partition(b"\r\n\r\n")
    assert b" 400 " in head.split(b"\r\n")[0]
    assert set(json.loads(text)) == {"code", "message", "data"}
    assert alive(server)


@pytest.mark.parametrize("data", [b"\x00" * 100 + b"\r\n\r\n", b"GET\r\n\r\n",
                                  b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                                  b"GET / HTTP/9.9\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_bytes_that_are_not_http(server, data):
    talk(server, data, half_close=True)
    assert alive(server)


def test_both_lengths_are_400_and_close(server):
    reply = talk(server, request(server, b"{}", "Transfer-Encoding: chunked"))
    assert b" 400 " in reply.split(b"\r\n")[0]


def test_huge_head_is_431(server):
    reply = talk(server, b"GET /v1/models HTTP/1.1\r\nX: " + b"a" * 100000 + b"\r\n\r\n")
    assert b" 431 " in reply.split(b"\r\n")[0]


def test_two_thousand_mutated_bodies(server):
    dice = random.Random(7)
    good = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "hi 你好"}], "max_tokens": 1,
                       "temperature": 0.5, "stop": ["x"], "tools": [], "stream": False}, ensure_ascii=False).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        stream = connection.makefile("rb")
        for _ in range(2000):
            body = bytearray(good)
            for _ in range(dice.randrange(1, 4)):
                body[dice.randrange(len(body))] = dice.randrange(256)
            connection.sendall(request(server, bytes(body)))
            status = int(stream.readline().split()[1])
            length = 0
            streamed = False
            while (line := stream.readline().strip().lower()):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                streamed = streamed or line.startswith(b"transfer-encoding")
            assert status in (200, 400), bytes(body)
            assert not streamed
            stream.read(length)
    assert alive(server)
