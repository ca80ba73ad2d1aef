"""The real program for tests: one running `millrace serve`, and single runs of the other commands."""
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build" / "millrace"
DEMO = ROOT / "models" / "demo" / "millrace-demo.gguf"
MODEL = "millrace-demo"
READY_SECONDS = 60


class Server:
    """One running `millrace serve`; its output is collected as it comes.

    The constructor returns with the first line that matches `wait_for`.
    """

    def __init__(self, data: pathlib.Path, *extra: str, model: str | None = f"{DEMO}={MODEL}",
                 wait_for: str = r"^ready$"):
        command = [str(BINARY), "serve", "--data", str(data), "--listen", "127.0.0.1:0", *extra]
        if model:
            command += ["--model", model]
        self.data = data
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env={**os.environ, "NO_COLOR": "1"})
        self.lines: list[str] = []
        self._ready = threading.Event()
        self.url = ""
        self.key = ""
        threading.Thread(target=self._collect, args=(wait_for,), daemon=True).start()
        if not self._ready.wait(READY_SECONDS) or not self.url:
            self.process.kill()
            raise RuntimeError("the server did not start:\n" + "".join(self.lines))

    def _collect(self, wait_for: str) -> None:
        for line in self.process.stdout:
            self.lines.append(line)
            if match := re.search(r"\bsk-[A-Za-z0-9]{20,}", line):
                self.key = self.key or match.group(0)
            if match := re.search(r"listening on (http://\S+)/v1", line):
                self.url = match.group(1)
            if re.search(wait_for, line):
                self._ready.set()
        self._ready.set()

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def base_url(self) -> str:
        return self.url + "/v1"

    def output(self) -> str:
        return "".join(self.lines)

    def wait_for_output(self, pattern: str, seconds: float = 30) -> str:
        """Polls until a line of the output matches; a request's log line comes after its answer."""
        deadline = time.monotonic() + seconds
        while True:
            for line in list(self.lines):
                if re.search(pattern, line):
                    return line
            assert time.monotonic() < deadline, f"no line matches {pattern!r}"
            threading.Event().wait(0.02)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as reply:
            text = reply.read().decode()
        values = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                  if re.match(rf"{name}(\{{|\s)", line)]
        assert values, f"no metric {name}"
        return sum(values)

    def wait_for_metric(self, name: str, value: float, seconds: float = 30) -> None:
        """Polls until the metric has the value: work ends shortly after its client left, not at once."""
        deadline = time.monotonic() + seconds
        while (now := self.metric(name)) != value:
            assert time.monotonic() < deadline, f"{name} is {now}, not {value}"
            threading.Event().wait(0.02)

    def resident_bytes(self) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def stop(self, sig: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(60)


def millrace(*arguments: str, stdin: bytes | None = None, timeout: int = 60) -> subprocess.CompletedProcess:
    """Runs the binary once."""
    return subprocess.run([str(BINARY), *arguments], input=stdin, capture_output=True, timeout=timeout)
