"""Small pictures in every format, and a web server that hands them out."""
import base64
import contextlib
import http.server
import io
import struct
import threading
import zlib

from PIL import Image


def picture(kind: str = "PNG", width: int = 8, height: int = 8, colour=(200, 30, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return buffer.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A small file that says it is large."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(10**6), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def data_url(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def image(url: str, **more) -> dict:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def looking(*parts, words: str = "What is this?") -> list[dict]:
    """Messages with one user message that has these parts after its text."""
    return [{"role": "user", "content": [{"type": "text", "text": words}, *parts]}]


class PictureHandler(http.server.BaseHTTPRequestHandler):
    """/picture, /missing, /large, /never (answers when released), /to?URL (redirects)."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/to?"):
            self._answer(302, b"", ("Location", self.path.removeprefix("/to?")))
        elif self.path == "/picture":
            self._answer(200, picture())
        elif self.path == "/large":
            self._answer(200, bytes(30 << 20))
        elif self.path == "/never":
            self.server.released.wait()
        else:
            self._answer(404, b"nothing here")

    def _answer(self, status: int, body: bytes, *headers):
        self.send_response(status)
        for name, value in (("Content-Type", "image/png"), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def picture_server(address: str = "127.0.0.1", port: int = 0):
    """Serves pictures; `asked` collects the paths, `released` ends requests for /never."""
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

    server = Server((address, port), PictureHandler)
    server.asked, server.released = [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
