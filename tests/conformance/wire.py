"""A client that shows every byte: requests as given, replies with their headers, chunks and events.

It speaks HTTP/1.1 over a socket of its own, because the statements are about bytes that ordinary clients hide.
"""
import dataclasses
import json
import socket
import ssl
import urllib.parse

TIMEOUT_SECONDS = 60


@dataclasses.dataclass
class Reply:
    """One answer as it came over the wire."""
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    chunks: list[bytes] = dataclasses.field(default_factory=list)  # of a chunked body
    ended: bool = True  # the body came to its proper end

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)

    @property
    def trace(self) -> str | None:
        return self.header("x-siliconcloud-trace-id")

    def __str__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:600]!r}"


class Connection:
    """One connection, over which several requests may go."""

    def __init__(self, api: "Api", receive_buffer: int | None = None):
        self._socket = socket.socket(socket.AF_INET6 if ":" in api.host else socket.AF_INET)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(TIMEOUT_SECONDS)
        self._socket.connect((api.host, api.port))
        if api.tls:
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=api.host)
        self._unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self._socket.close()

    def reset(self) -> None:
        """Leaves without a word: the peer sees a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has answered and closed; its answer is what counts

    def quiet_for(self, seconds: float) -> bool:
        """Whether nothing arrives for that long."""
        if self._unread:
            return False
        self._socket.settimeout(seconds)
        try:
            self._unread = self._socket.recv(65536)
            return False
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(TIMEOUT_SECONDS)

    def _fill(self) -> bool:
        try:
            piece = self._socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        self._unread += piece
        return bool(piece)

    def take(self, count: int) -> bytes:
        while len(self._unread) < count and self._fill():
            pass
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken

    def until(self, mark: bytes) -> bytes:
        """Everything up to and with the mark; what there is where the connection ends before it."""
        while mark not in self._unread and self._fill():
            pass
        taken, found, rest = self._unread.partition(mark)
        self._unread = rest
        return taken + found

    def rest(self) -> bytes:
        while self._fill():
            pass
        taken, self._unread = self._unread, b""
        return taken

    def head(self) -> Reply:
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        assert lines[0].startswith("HTTP/1."), f"not a reply: {lines[0]!r}"
        pairs = [line.partition(":") for line in lines[1:] if line]
        return Reply(int(lines[0].split()[1]), [(name, value.strip()) for name, _, value in pairs])

    def body(self, reply: Reply, method: str = "POST") -> Reply:
        if method == "HEAD" or reply.status in (100, 204, 304):
            return reply
        if (reply.header("transfer-encoding") or "").lower() == "chunked":
            while (size := self.until(b"\r\n").strip()) and int(size.split(b";")[0], 16):
                length = int(size.split(b";")[0], 16)
                reply.chunks.append(self.take(length))
                self.take(2)
            reply.ended = bool(size)
            if size:
                self.until(b"\r\n")
            reply.body = b"".join(reply.chunks)
        elif (length := reply.header("content-length")) is not None:
            reply.body = self.take(int(length))
            reply.ended = len(reply.body) == int(length)
        else:
            reply.body = self.rest()
        return reply

    def reply(self, method: str = "POST") -> Reply:
        return self.body(self.head(), method)


@dataclasses.dataclass
class Api:
    """A server and the key to use it with."""
    base_url: str  # ends in /v1
    key: str

    @property
    def _parts(self):
        return urllib.parse.urlsplit(self.base_url)

    @property
    def tls(self) -> bool:
        return self._parts.scheme == "https"

    @property
    def host(self) -> str:
        return self._parts.hostname

    @property
    def port(self) -> int:
        return self._parts.port or (443 if self.tls else 80)

    @property
    def prefix(self) -> str:
        """The path of the base URL: /v1."""
        return self._parts.path.rstrip("/")

    @property
    def root(self) -> str:
        """The same without the version."""
        return self.prefix.removesuffix("/v1")

    @property
    def chat_path(self) -> str:
        return self.prefix + "/chat/completions"

    def with_key(self, key: str) -> "Api":
        return Api(self.base_url, key)

    def connect(self, **options) -> Connection:
        return Connection(self, **options)

    def authorization(self) -> str:
        return f"Authorization: Bearer {self.key}"

    def request(self, method: str, path: str, body: bytes | None = None, *headers: str,
                authorization: str | None = "", length: bool = True) -> bytes:
        """The bytes of a request. `authorization` is a whole header line, None for none."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}"]
        if authorization is not None:
            lines.append(authorization or self.authorization())
        if body is not None:
            if not any(header.lower().startswith("content-type") for header in headers):
                lines.append("Content-Type: application/json")
            if length:
                lines.append(f"Content-Length: {len(body)}")
        lines += [header for header in headers if header.lower() != "content-type:"]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")

    def send(self, method: str, path: str, body: bytes | None = None, *headers: str, **options) -> Reply:
        with self.connect() as connection:
            connection.send(self.request(method, path, body, *headers, **options))
            return connection.reply(method)

    def get(self, path: str, *headers: str, **options) -> Reply:
        """`path` begins after the version: /models."""
        return self.send("GET", self.prefix + path, None, *headers, **options)

    def post(self, body, *headers: str, **options) -> Reply:
        """`body`: bytes as they are, anything else as JSON."""
        return self.send("POST", self.chat_path, encode(body), *headers, **options)


def encode(body) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def chunked(body: bytes, size: int = 7) -> bytes:
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def ok(reply: Reply) -> dict:
    """The body of a reply that must be a success."""
    assert reply.status == 200, str(reply)
    return reply.json()


def refused(reply: Reply, start: str = "", *, status: int = 400, code: int = 20015, contains: str = "") -> str:
    """Checks shape O and returns its message, which must begin with `start`."""
    assert reply.status == status, str(reply)
    assert (reply.header("content-type") or "").startswith("application/json"), str(reply)
    body = reply.json()
    assert isinstance(body, dict) and list(body) == ["code", "message", "data"], str(reply)
    assert body["code"] == code and type(body["code"]) is int and body["data"] is None, str(reply)
    assert body["message"].startswith(start) and contains in body["message"], str(reply)
    return body["message"]


def bare(reply: Reply, status: int, text: str) -> None:
    """Checks shape S: the body is exactly the text as a JSON string."""
    assert reply.status == status, str(reply)
    assert reply.body == json.dumps(text).encode(), str(reply)


def choice(reply: Reply) -> dict:
    return ok(reply)["choices"][0]


def text(reply: Reply) -> str:
    return choice(reply)["message"]["content"]


def usage(reply: Reply) -> dict:
    return ok(reply)["usage"]


def calls(reply: Reply) -> list[dict]:
    return choice(reply)["message"].get("tool_calls", [])


class Stream:
    """The events of a whole streamed reply, held to the framing rules."""

    def __init__(self, reply: Reply):
        assert reply.status == 200, str(reply)
        assert reply.ended, "the chunked body was cut off"
        self.reply = reply
        blocks = reply.body.decode("utf-8").split("\n\n")
        assert blocks.pop() == "", "the last event has no blank line after it"
        self.events = [block for block in blocks if not block.startswith(":")]
        self.comments = [block for block in blocks if block.startswith(":")]
        assert all(event.startswith("data: ") and "\n" not in event for event in self.events), self.events
        assert self.events and self.events[-1] == "data: [DONE]", self.events[-3:]
        self.chunks = [json.loads(event.removeprefix("data: ")) for event in self.events[:-1]]

    def of(self, index: int = 0) -> list[dict]:
        """The choice entries of one choice, in order."""
        return [one for chunk in self.chunks for one in chunk.get("choices", []) if one["index"] == index]

    def joined(self, field: str, index: int = 0) -> str:
        return "".join(one["delta"].get(field) or "" for one in self.of(index))

    def calls(self, index: int = 0) -> list[dict]:
        """Tool calls put together from their fragments as accumulating clients do."""
        whole: list[dict] = []
        for fragment in (part for one in self.of(index) for part in one["delta"].get("tool_calls") or []):
            if fragment["index"] == len(whole):
                whole.append({"id": fragment["id"], "type": fragment["type"], "function": {
                    "name": fragment["function"]["name"], "arguments": ""}})
            whole[fragment["index"]]["function"]["arguments"] += fragment["function"].get("arguments", "")
        return whole

    def finish(self, index: int = 0) -> str:
        return [one["finish_reason"] for one in self.of(index) if one["finish_reason"]][0]

    def last_usage(self) -> dict:
        return [chunk["usage"] for chunk in self.chunks if chunk.get("usage")][-1]
