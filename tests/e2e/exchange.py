"""HTTP exchanges byte by byte, and what the OpenAPI document says of each answer."""
import dataclasses
import json
import pathlib
import re
import socket

import jsonschema
import referencing
import referencing.jsonschema
import yaml

from support.server import ROOT

DOCUMENT = ROOT / "docs" / "openapi.yaml"
SECONDS = 60


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes
    complete: bool  # the framing said where the body ends, and it did

    def json(self):
        return json.loads(self.body)


class Connection:
    """A connection that sends any bytes and reads answers one by one. Every wait ends after SECONDS."""

    def __init__(self, port: int, seconds: float = SECONDS):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self.stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Leaves with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.close()

    def reply(self, *, head_only: bool = False) -> Reply | None:
        """The next answer, None when the server closes instead."""
        line = self.stream.readline()
        if not line:
            return None
        match = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [ -~]*\r\n", line)
        assert match, line
        headers: dict[str, str] = {}
        while (line := self.stream.readline()) != b"\r\n":
            name, colon, value = line.decode("ascii").partition(":")
            assert colon and line.endswith(b"\r\n"), line
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value.strip()
        status = int(match[1])
        if head_only or status < 200 or status == 204:
            return Reply(status, headers, b"", True)
        return Reply(status, headers, *self._body(headers))

    def _body(self, headers: dict[str, str]) -> tuple[bytes, bool]:
        if "content-length" in headers:
            length = int(headers["content-length"])
            body = self.stream.read(length)
            return body, len(body) == length
        if headers.get("transfer-encoding") != "chunked":
            return self.stream.read(), True
        body = b""
        while line := self.stream.readline():
            size = int(line, 16)
            piece = self.stream.read(size + 2)
            if not piece.endswith(b"\r\n"):
                return body, False
            body += piece[:-2]
            if size == 0:
                return body, True
        return body, False

    def at_end(self) -> bool:
        try:
            return self.stream.read(1) == b""
        except ConnectionResetError:
            return True


def request_bytes(key: str, body: bytes, *, method: str = "POST", path: str = "/v1/chat/completions",
                  headers: dict[str, str] | None = None) -> bytes:
    """A request with the usual headers. A header given as "" is left out."""
    fields = {"Host": "x", "Authorization": f"Bearer {key}", "Content-Type": "application/json",
              "Content-Length": str(len(body)), **(headers or {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def events_of(body: bytes) -> list[str]:
    """The data of each event; comments are left out. Anything that is not framed as the contract has it fails."""
    text = body.decode("utf-8")
    assert text.endswith("\n\n"), text[-80:]
    events = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        if block.startswith(": "):
            assert "\n" not in block, block
            continue
        assert block.startswith("data: ") and "\n" not in block, block[:200]
        events.append(block.removeprefix("data: "))
    return events


class Contract:
    """Holds answers against docs/openapi.yaml."""

    def __init__(self, document: pathlib.Path = DOCUMENT):
        self.document = yaml.safe_load(document.read_text(encoding="utf-8"))
        resource = referencing.Resource(self.document, referencing.jsonschema.DRAFT202012)
        self._registry = referencing.Registry().with_resource("urn:api", resource)
        self._validators: dict[str, jsonschema.Draft202012Validator] = {}

    def check(self, schema: str, value) -> None:
        """`schema` is a JSON pointer into the document."""
        if schema not in self._validators:
            self._validators[schema] = jsonschema.Draft202012Validator(
                {"$ref": f"urn:api#{schema}"}, registry=self._registry)
        self._validators[schema].validate(value)

    def check_named(self, name: str, value) -> None:
        self.check(f"/components/schemas/{name}", value)

    def check_reply(self, reply: Reply, *, method: str = "post", path: str = "/v1/chat/completions",
                    streamed: bool = False) -> None:
        """Status, headers and body of an answer. Fails with what is wrong."""
        assert reply.complete, "the answer was cut off"
        trace = reply.headers.get("x-siliconcloud-trace-id", "")
        assert re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", trace), reply.headers
        assert reply.headers.get("x-request-id") == trace
        pointer = self._response_pointer(path, method, reply.status)
        response = self._at(pointer)
        for name, header in response.get("headers", {}).items():
            if self._resolve(header).get("required"):
                assert name.lower() in reply.headers, f"{name} is missing"
        if reply.status in (429, 503):
            assert int(reply.headers["retry-after"]) >= 1
        if reply.status == 401:
            assert reply.headers["www-authenticate"] == "Bearer"
        if reply.status == 200 and streamed:
            self._check_stream(reply)
            return
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        assert reply.headers["cache-control"] == "no-store"
        assert "content-length" in reply.headers
        self.check(pointer + "/content/application~1json/schema", reply.json())

    def _check_stream(self, reply: Reply) -> None:
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["cache-control"] == "no-cache"
        assert reply.headers["x-accel-buffering"] == "no"
        assert "content-length" not in reply.headers
        events = events_of(reply.body)
        assert events[-1] == "[DONE]" and "[DONE]" not in events[:-1], events[-2:]
        chunks = [json.loads(event) for event in events[:-1]]
        assert chunks, "a stream without any chunk"
        for chunk in chunks:
            self.check_named("StreamError" if "error" in chunk else "ChatCompletionChunk", chunk)

    def _response_pointer(self, path: str, method: str, status: int) -> str:
        responses = self.document["paths"][path][method]["responses"]
        assert str(status) in responses, f"status {status} is not in the document"
        if "$ref" in responses[str(status)]:
            return responses[str(status)]["$ref"].removeprefix("#")
        return f"/paths/{path.replace('/', '~1')}/{method}/responses/{status}"

    def _at(self, pointer: str):
        value = self.document
        for step in pointer.split("/")[1:]:
            value = value[step.replace("~1", "/").replace("~0", "~")]
        return value

    def _resolve(self, value: dict) -> dict:
        return self._at(value["$ref"].removeprefix("#")) if "$ref" in value else value
