"""What an operator does: records, the catalogue, loading, reload, limits, the log, an orderly end."""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
import yaml

from conftest import BINARY, DEMO, millrace

SEED_NAME = "Pro/zai-org/GLM-4.7"
# A picture of one black pixel: 14 bytes of file header, 40 of picture header, one row of 24 bits padded to 32.
BLACK_PIXEL = base64.b64encode(struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 58, 0, 0, 54, 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
                               + bytes(4)).decode()


def call(server, path: str, body: dict | None = None, key: str | None = None) -> tuple[int, object, dict]:
    """Status, parsed body and headers of one request."""
    request = urllib.request.Request(
        server.url + path, None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {key or server.key}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, json.loads(reply.read()), dict(reply.headers)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), dict(error.headers)


def chat(server, model: str, **fields) -> tuple[int, object, dict]:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4, "seed": 1, **fields}
    return call(server, "/v1/chat/completions", body)


class Stream:
    """A streamed chat on a connection of its own, read as it comes."""

    def __init__(self, server, model: str, **fields):
        body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "Tell me a story"}],
                           **fields}).encode()
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket.sendall(
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        self.bytes = b""

    def read_until(self, text: bytes) -> None:
        while text not in self.bytes:
            piece = self.socket.recv(65536)
            assert piece, f"the connection ended before {text!r}: {self.bytes[-500:]!r}"
            self.bytes += piece

    def read_all(self) -> bytes:
        """To the end of the chunked body."""
        self.read_until(b"\r\n0\r\n\r\n")
        return self.bytes


def endless(**fields) -> dict:
    """Fields of a request that does not end by itself: an unlikely end, a long answer."""
    return {"max_tokens": 1500, "temperature": 1.5, "top_p": 1, "top_k": 0, "logit_bias": {}, "seed": 3, **fields}


def end_token_bias() -> dict:
    """Forbids every control token of the bundled model, so that an answer runs to its limit."""
    text = "<|im_end|><|endoftext|>"
    run = millrace("tokenize", str(DEMO), "--special", stdin=text.encode())
    return {token: -100 for token in run.stdout.decode().split()}


@pytest.fixture(scope="module")
def long_answer() -> dict:
    return endless(logit_bias=end_token_bias(), enable_thinking=False)


@pytest.fixture
def config(tmp_path):
    """Writes the configuration file; called again, replaces it."""
    path = tmp_path / "millrace.yaml"

    def write(settings: dict) -> str:
        path.write_text(yaml.safe_dump(settings, sort_keys=False))
        return str(path)

    return write


def entry(model_id: str, **keys) -> dict:
    return {"path": str(DEMO), "id": model_id, **keys}


def launch(start, path: str, **options):
    return start("--config", path, model=None, **options)


# --- Records and the catalogue ---


def test_records_of_one_file_may_have_chat_formats_of_their_own(start, config):
    server = launch(start, config({"models": [entry("own"), entry("chatml", prompt="chatml")]}))
    assert len([line for line in server.lines if " loaded in " in line]) == 1
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    assert chat(server, "own", tools=tools)[0] == 200
    assert chat(server, "chatml", tools=tools)[0] == 400  # ChatML has no place for them
    assert chat(server, "chatml")[0] == 200


def test_check_names_the_chat_formats_there_are(config):
    run = millrace("check", "--config", config({"models": [entry("m", prompt="alpaca", syntax="xml")]}))
    assert run.returncode != 0
    assert re.search(r"models\.0\.prompt: 'alpaca' should be one of .*chatml.*template", run.stderr.decode())
    assert re.search(r"models\.0\.syntax: 'xml' should be one of .*hermes", run.stderr.decode())


def test_records_of_one_file_share_weights_and_engine(start, config):
    server = launch(start, config({"models": [entry("one"), entry("two", aliases=["zwei"]),
                                              entry("three", context=256)]}))
    assert len([line for line in server.lines if " loaded in " in line]) == 2
    assert re.search(r"model one, two loaded in \d+ ms", server.output())
    answers = [chat(server, name)[1]["choices"][0]["message"]["content"] for name in ("one", "two", "zwei")]
    assert len(set(answers)) == 1
    # The same blocks, too: the second record found the prompt of the first.
    long = [{"role": "user", "content": "the same long words " * 12}]
    chat(server, "one", messages=long)
    assert chat(server, "two", messages=long)[1]["usage"]["prompt_tokens_details"]["cached_tokens"] > 0
    assert chat(server, "three", messages=long)[1]["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


def test_a_seed_name_gets_its_record_from_the_catalogue(start):
    server = start(model=f"{DEMO}={SEED_NAME}")
    status, reply, _ = chat(server, SEED_NAME, enable_thinking=True, max_tokens=8)
    assert status == 200 and reply["model"] == SEED_NAME
    usage = chat(server, SEED_NAME, enable_thinking=False)[1]["usage"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 0


def test_a_record_that_never_or_always_reasons_does_so(start, config):
    server = launch(start, config({"models": [entry("never", thinking="never"), entry("always", thinking="always"),
                                              entry("hybrid", thinking="hybrid", thinking_default=False)]}))

    def reasoning(model: str, **fields) -> int:
        status, reply, _ = chat(server, model, **fields)
        assert status == 200, reply
        usage = reply["usage"]["completion_tokens_details"]["reasoning_tokens"]
        assert ("reasoning_content" in reply["choices"][0]["message"]) == (usage > 0)
        return usage

    for seed in range(5):
        assert reasoning("never", seed=seed, temperature=1.2) == 0
        assert reasoning("always", seed=seed, temperature=1.2) > 0
        assert reasoning("hybrid", seed=seed) == 0
    assert reasoning("never", thinking={"type": "enabled"}) == 0
    assert reasoning("always", thinking={"type": "disabled"}) > 0
    for model in ("never", "always"):
        status, reply, _ = chat(server, model, enable_thinking=True)
        assert (status, reply["code"]) == (400, 20015) and "enable_thinking" in reply["message"]


def test_what_a_record_may_not_is_refused_with_the_code_of_the_contract(start, config):
    server = launch(start, config({"models": [entry("plain", tools=False, json_mode=False, prefix=False, max_n=1,
                                                    max_prompt_tokens=64)]}))
    tool = {"type": "function", "function": {"name": "f"}}
    for fields, code in [({"tools": [tool]}, 20037), ({"response_format": {"type": "json_object"}}, 20024),
                         ({"prefix": "So"}, 20030), ({"n": 2}, 20066),
                         ({"messages": [{"role": "user", "content": "many words " * 60}]}, 20015)]:
        status, reply, _ = chat(server, "plain", **fields)
        assert (status, reply["code"]) == (400, code), fields


def test_a_demand_that_the_file_cannot_meet_is_a_warning_and_refused_when_asked_for(start, config):
    server = launch(start, config({"models": [entry("seer", inputs=["image"])]}))
    warning = server.wait_for_output(r"models\.0 \(seer\): inputs: ")
    assert "warn" in warning
    image = {"type": "image_url", "image_url": {"url": "data:image/bmp;base64," + BLACK_PIXEL}}
    status, reply, _ = chat(server, "seer", messages=[{"role": "user", "content": [image]}])
    assert (status, reply["code"]) == (400, 20041)
    assert chat(server, "seer")[0] == 200


def test_models_lists_flags_and_the_catalogue_may_be_extended(config, tmp_path):
    extra = tmp_path / "mine.yaml"
    extra.write_text("records:\n  Qwen/Qwen3-8B: {max_n: 2}\n  my/own: {like: Qwen/Qwen3-8B, sampling: {top_k: 7}}\n")
    path = config({"catalogue": [str(extra)], "models": [entry("Qwen/Qwen3-8B"), entry("x", record="my/own", max_n=5)]})
    run = millrace("models", "--config", path, "--json")
    first, second = json.loads(run.stdout)
    assert (first["max_n"], first["thinking"], first["max_reasoning"]) == (2, "hybrid", 32768)
    assert (second["max_n"], second["sampling"]["top_k"], second["thinking_default"]) == (5, 7, True)
    listed = millrace("models", "--catalogue", "--config", path, "--json").stdout
    known = {record["id"]: record for record in json.loads(listed)}
    assert known["my/own"]["max_n"] == 2
    assert known["deepseek-ai/DeepSeek-OCR"]["inputs"] == ["image"]
    assert known["deepseek-ai/DeepSeek-V4-Flash"]["effort"] is True
    assert b"Pro/zai-org/GLM-5" in millrace("models", "--catalogue").stdout


# --- Check ---


@pytest.mark.parametrize("settings, complaint", [
    ({"models": [{"path": str(DEMO), "record": "no/such"}]}, "models.0.record: the catalogue has no 'no/such'"),
    ({"models": [{"path": str(DEMO), "max_n": 0}]}, "models.0.max_n: should be from 1 to 20"),
    ({"models": [{"path": str(DEMO)}], "limits": {"default": {"rpm": "many"}}},
     "limits.default.rpm: should be a whole"),
    ({"models": [{"path": str(DEMO)}], "limits": {"day_zone": "+99:00"}}, "limits.day_zone: '+99:00' is not a zone"),
    ({"models": [{"path": str(DEMO)}], "catalogue": ["/nowhere.yaml"]}, "/nowhere.yaml: cannot be read"),
    ({"models": [{"path": str(DEMO)}], "api": {"media": {"allowed_addresses": ["ten"]}}}, "api.media: "),
    ({"models": [{"path": str(DEMO)}, {"path": str(DEMO)}]}, "names two models"),
])
def test_check_tells_what_is_wrong(config, settings, complaint):
    run = millrace("check", "--config", config(settings))
    assert run.returncode == 1
    assert complaint in run.stderr.decode()


def test_check_tells_conflicts_of_record_and_file_as_warnings(config):
    run = millrace("check", "--config", config({"models": [entry("seer", inputs=["image"])],
                                                "limits": {"models": {"typo": {"rpm": 1}}}}))
    assert run.returncode == 0
    assert "warning: models.0 (seer): inputs: " in run.stderr.decode()
    assert "warning: limits.models.typo: no model of this id is served" in run.stderr.decode()


def test_check_finds_weights_that_are_missing(tmp_path):
    cut = tmp_path / "cut.gguf"
    data = DEMO.read_bytes()
    cut.write_bytes(data.replace(b"output_norm.weight", b"output_gone.weight"))
    run = millrace("check", "--model", str(cut))
    assert run.returncode == 1 and b"output_norm" in run.stderr


@pytest.mark.parametrize("text, complaint", [
    (b"- a\n- list\n", "should be a mapping of keys to values (line 1)"),
    (b"threads: 1\nthreads: 2\n", "threads: is there twice (line 2)"),
    (b"threads: 1\n\x00\x01\n", "0x00"),
    (b"{threads: 1} trailing\n", "behind the end of the document"),
    (b"\x89PNG\r\n\x1a\n", "0x89"),
])
def test_a_file_that_is_no_configuration_is_named(tmp_path, text, complaint):
    path = tmp_path / "broken.yaml"
    path.write_bytes(text)
    run = millrace("check", "--config", str(path), "--model", str(DEMO))
    assert run.returncode == 1
    assert f"{path}: " in run.stderr.decode() and complaint in run.stderr.decode()


@pytest.mark.parametrize("arguments, complaint", [
    (["serve", "--listen", "", "--model", str(DEMO)], "--listen: '' is not HOST:PORT"),
    (["serve", "--data", "", "--model", str(DEMO)], "--data: names no directory"),
    (["serve", "--config", "", "--model", str(DEMO)], "cannot be read"),
    (["srve"], "there is no command 'srve', did you mean 'serve'?"),
    (["frobnicate"], "there is no command 'frobnicate'; millrace --help lists them"),
])
def test_a_wrong_command_line_is_an_error_that_helps(arguments, complaint):
    run = millrace(*arguments)
    assert run.returncode in (1, 2)
    assert complaint in run.stderr.decode()


# --- Loading ---


@pytest.fixture(scope="module")
def large_model(tmp_path_factory) -> pathlib.Path:
    """Half a gigabyte of random weights: reading it takes time, so there is a time before it is ready."""
    tool = BINARY.parent / "make_model"
    if not tool.exists():
        pytest.skip("make_model is not built")
    path = tmp_path_factory.mktemp("large") / "large.gguf"
    subprocess.run([str(tool), "--shape", "qwen3-0.6b", "--type", "Q8_0", str(path)], check=True, timeout=300)
    yield path
    path.unlink()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def drop_from_memory(path: pathlib.Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def test_requests_are_answered_503_until_the_model_is_loaded(start, large_model):
    drop_from_memory(large_model)
    server = start(model=f"{large_model}=large", wait_for="listening on")
    seen = []
    while not any(line == "ready\n" for line in server.lines):
        seen.append((chat(server, "large", max_tokens=1), call(server, "/readyz"), call(server, "/healthz"),
                     chat(server, "large", n=0)))
    refused = [one for one in seen if one[0][0] == 503]
    assert refused, "the model was loaded before the first request"
    for (_, reply, headers), ready, health, invalid in refused:
        assert reply == {"code": 50505, "message": "Model service overloaded. Please try again later.", "data": None}
        assert int(headers["Retry-After"]) >= 1
    (_, first_ready, first_health, first_invalid) = refused[0]
    assert (first_ready[0], first_ready[1]["code"]) == (503, 50505)
    assert first_health[0] == 200
    assert (first_invalid[0], first_invalid[1]["code"]) == (400, 20015)
    assert call(server, "/v1/models")[1]["data"][0]["id"] == "large"
    assert call(server, "/readyz")[:2] == (200, {"status": "ok"})
    assert chat(server, "large", max_tokens=1)[0] == 200


def test_an_interrupt_while_a_model_loads_ends_the_process(start, large_model):
    drop_from_memory(large_model)
    server = start(model=f"{large_model}=large", wait_for="listening on")
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20) == 0
    assert "stopped" in server.output()


def test_a_model_whose_weights_are_broken_ends_the_start_with_its_reason(start, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(DEMO.read_bytes().replace(b"output_norm.weight", b"output_gone.weight"))
    server = start(model=f"{broken}=broken", wait_for="could not be loaded")
    assert server.process.wait(20) == 1
    line = server.wait_for_output("could not be loaded")
    assert "error" in line and "broken" in line and "output_norm" in line
    assert "\nready\n" not in server.output()


# --- Reload ---


def reload(server, pattern: str = "configuration (read again|not changed)") -> None:
    before = len(server.lines)
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 30
    while not any(re.search(pattern, line) for line in server.lines[before:]):
        assert time.monotonic() < deadline, server.output()
        threading.Event().wait(0.01)


def ids(server) -> list[str]:
    return [item["id"] for item in call(server, "/v1/models")[1]["data"]]


def test_reload_changes_models_limits_and_switches_under_a_running_stream(start, config, long_answer):
    settings = {"models": [entry("stays"), entry("goes", context=1024)], "limits": {"default": {"rpm": 1000}}}
    server = launch(start, config(settings))
    stream = Stream(server, "goes", **{**long_answer, "max_tokens": 600})
    stream.read_until(b"data: ")
    assert chat(server, "stays")[2]["x-ratelimit-limit-requests"] == "1000"

    config({"models": [entry("stays", max_n=1), entry("comes", context=512)], "limits": {"default": {"rpm": 50}},
            "api": {"error_envelope": "both"}, "log_format": "json"})
    reload(server, "read again: 2 models served, 1 to load")
    assert ids(server) == ["comes", "stays"]
    status, reply, _ = chat(server, "goes")
    assert (status, reply["code"]) == (400, 20012) and "error" in reply
    assert chat(server, "stays", n=2)[1]["code"] == 20066
    assert chat(server, "stays")[2]["x-ratelimit-limit-requests"] == "50"
    server.wait_for_output("model comes loaded")
    assert chat(server, "comes")[0] == 200

    text = stream.read_all()
    assert text.rstrip().endswith(b"0") and b"data: [DONE]" in text
    assert b'"finish_reason":"length"' in text
    line = json.loads(server.wait_for_output(r'"event":"request".*"model":"goes".*"stream":true'))
    assert (line["status"], line["code"], line["completion_tokens"]) == (200, 0, 600)


def test_reload_with_a_problem_changes_nothing_and_tells_every_problem(start, config):
    server = launch(start, config({"models": [entry("a")]}))
    config({"models": [entry("b", max_n=99)], "colour": "red", "limits": {"default": {"rpm": -1}}})
    reload(server)
    for complaint in ("models.0.max_n", "colour: unknown key", "limits.default.rpm"):
        server.wait_for_output(rf"configuration not changed: .*{complaint}")
    assert ids(server) == ["a"]
    assert chat(server, "a")[0] == 200
    config({"models": [entry("a"), {"path": "/nowhere.gguf", "id": "b"}]})
    reload(server)
    server.wait_for_output("configuration not changed: .*no such file")
    config({"models": [entry("b")]})
    reload(server)
    assert ids(server) == ["b"]


def test_reload_names_what_needs_a_restart(start, config):
    server = launch(start, config({"models": [entry("a")]}))
    config({"models": [entry("a")], "threads": 7, "engine": {"queue_length": 3}, "http": {"connections": 9},
            "listen": "127.0.0.1:1", "limits": {"day_zone": "+08:00"}, "api": {"fetch_remote_media": False}})
    reload(server)
    for name in ("threads", "engine.queue_length", "http.connections", "limits.day_zone", "api.fetch_remote_media"):
        server.wait_for_output(rf"warn.* {re.escape(name)}: the change needs a restart")
    assert chat(server, "a")[0] == 200


def test_reload_takes_a_model_out_whose_weights_are_broken_and_serves_the_rest(start, config, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(DEMO.read_bytes().replace(b"output_norm.weight", b"output_gone.weight"))
    server = launch(start, config({"models": [entry("a")]}))
    config({"models": [entry("a"), {"path": str(broken), "id": "broken"}]})
    reload(server, "model broken could not be loaded")
    assert ids(server) == ["a"]
    assert chat(server, "a")[0] == 200
    # Mended, it comes with the next reload.
    shutil.copy(DEMO, tmp_path / "mended.gguf")
    (tmp_path / "mended.gguf").rename(broken)
    reload(server, "model broken loaded in")
    assert ids(server) == ["a", "broken"]
    assert chat(server, "broken")[0] == 200


def test_many_reloads_under_load_lose_no_answer(start, config):
    settings = [{"models": [entry("a"), entry("b", context=c)]} for c in (512, 256)]
    server = launch(start, config(settings[0]))
    failures, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            status, reply, _ = chat(server, "a")
            if status != 200:
                failures.append((status, reply))

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    for turn in range(12):
        config(settings[(turn + 1) % 2])
        reload(server, "read again")
    stop.set()
    for client in clients:
        client.join()
    assert not failures
    assert server.stop() == 0


# --- Limits ---


def test_limits_of_the_configuration_hold(start, config):
    limits = {"models": {"a": {"rpm": 2}}, "accounts": {"default": {"models": {"b": {"rpm": 1}}}}}
    server = launch(start, config({"models": [entry("a"), entry("b")], "limits": limits,
                                   "api": {"rate_limit_contact": "Ask Bob."}}))
    assert [chat(server, "a")[0] for _ in range(3)] == [200, 200, 429]
    status, reply, headers = chat(server, "b")
    assert (status, headers["x-ratelimit-limit-requests"]) == (200, "1")
    status, reply, headers = chat(server, "b")
    assert status == 429 and int(headers["Retry-After"]) >= 1
    assert reply["message"] == "Request was rejected due to rate limiting. Ask Bob. Details:RPM limit reached."


# --- The end ---


def test_while_draining_new_requests_are_503_and_running_ones_end(start, config, long_answer):
    server = launch(start, config({"models": [entry("a")], "shutdown_grace_s": 60}))
    stream = Stream(server, "a", **long_answer)
    stream.read_until(b"data: ")
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_output("stopping: 1 requests have 60 s to end")
    status, reply, headers = chat(server, "a")
    assert (status, reply["code"]) == (503, 50505) and "Retry-After" in headers
    assert call(server, "/readyz")[0] == 503
    assert call(server, "/healthz")[0] == 200
    text = stream.read_all()
    assert b"data: [DONE]" in text and b'"finish_reason":"length"' in text and b"50505" not in text
    assert server.process.wait(30) == 0


def test_after_the_grace_period_streams_get_an_error_event_and_others_503(start, config, long_answer):
    server = launch(start, config({"models": [entry("a")], "shutdown_grace_s": 0}))
    stream = Stream(server, "a", **long_answer)
    stream.read_until(b"data: ")
    whole: list = []
    waiting = threading.Thread(target=lambda: whole.append(chat(server, "a", **long_answer)))
    waiting.start()
    server.wait_for_metric("millrace_engine_running_sequences", 2)
    server.process.send_signal(signal.SIGTERM)
    text = stream.read_all().decode()
    waiting.join()
    events = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    error = json.loads(events[-2])
    assert error["error"]["message"] == "Model service overloaded. Please try again later."
    assert error["code"] == 50505
    assert '"finish_reason":"' not in text
    assert (whole[0][0], whole[0][1]["code"]) == (503, 50505)
    assert server.process.wait(30) == 0
    lines = [line for line in server.lines if " POST chat " in line]
    assert len(lines) == 2
    assert not [line for line in lines if " 499 " in line]
    assert all("code=50505" in line for line in lines)
    assert sorted(re.search(r"chat (\d+) ", line).group(1) for line in lines) == ["200", "503"]


def test_a_second_signal_ends_the_grace_period_at_once(start, config, long_answer):
    server = launch(start, config({"models": [entry("a")], "shutdown_grace_s": 3600}))
    stream = Stream(server, "a", **long_answer)
    stream.read_until(b"data: ")
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_output("stopping: ")
    server.process.send_signal(signal.SIGINT)
    assert b"50505" in stream.read_all()
    assert server.process.wait(30) == 0


# --- The log ---


def test_the_request_log_has_every_fact_and_no_content(start, config):
    server = launch(start, config({"models": [entry("deepseek-ai/DeepSeek-V4-Flash")], "log_format": "json"}))
    secret = "Quetzalcoatl"
    status, reply, headers = chat(server, "deepseek-ai/DeepSeek-V4-Flash", reasoning_effort="xhigh",
                                  thinking_budget=128, messages=[{"role": "user", "content": secret}])
    assert status == 200
    line = json.loads(server.wait_for_output('"route":"chat"'))
    assert line["trace"] == headers["x-siliconcloud-trace-id"]
    assert (line["status"], line["code"], line["model"]) == (200, 0, "deepseek-ai/DeepSeek-V4-Flash")
    assert (line["thinking"], line["effort"], line["stream"]) == (True, "max", False)
    usage = reply["usage"]
    assert line["prompt_tokens"] == usage["prompt_tokens"]
    assert line["completion_tokens"] == usage["completion_tokens"]
    assert line["reasoning_tokens"] == usage["completion_tokens_details"]["reasoning_tokens"]
    assert 0 <= line["queue_ms"] <= line["first_token_ms"] <= line["ms"]
    assert line["account"] == "default" and line["key"]
    assert call(server, "/v1/chat/completions", {"model": "none"})[0] == 400
    assert json.loads(server.wait_for_output('"code":20012'))["status"] == 400
    key = server.key
    assert server.stop() == 0
    logged = [line for line in server.lines if line.startswith("{")]
    assert all(json.loads(line)["time"] for line in logged)
    assert secret not in "".join(logged) and key not in "".join(logged)


def test_effort_in_the_log_follows_the_client_and_the_request(start):
    server = start(model=f"{DEMO}=deepseek-ai/DeepSeek-V4-Flash")
    claude = "claude-cli/1.0 (external, cli)"
    for trace, agent, effort, expected in [("t-plain", "curl/8", None, "high"), ("t-agent", claude, None, "max"),
                                           ("t-open", "opencode/1.0", None, "max"),
                                           ("t-low", "opencode/1.0", "low", "high")]:
        body = {"model": "deepseek-ai/DeepSeek-V4-Flash", "messages": [{"role": "user", "content": "Hi"}],
                "max_tokens": 2, "thinking_budget": 128, **({"reasoning_effort": effort} if effort else {})}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.key}", "User-Agent": agent,
                   "X-Trace-Id": trace}
        request = urllib.request.Request(server.base_url + "/chat/completions", json.dumps(body).encode(), headers)
        urllib.request.urlopen(request, timeout=60).read()
        assert f"effort={expected}" in server.wait_for_output(rf"trace={trace}$")
