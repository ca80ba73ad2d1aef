"""Start, second start, keys while running, stop."""
import json
import signal
import sqlite3
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import DEMO, MODEL, millrace


def post(server, key: str, body: dict | None = None) -> tuple[int, str]:
    body = body or {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
    request = urllib.request.Request(server.base_url + "/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", "Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_first_start_prints_a_key_and_a_curl_line_that_works(start):
    server = start()
    assert server.key
    server.wait_for_output(r"\}'$")
    text = server.output()
    begin = text.index("curl ")
    command = text[begin:text.index("}'", begin) + 2]
    reply = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(reply.stdout)["choices"][0]["message"]["content"]


def test_key_is_shown_once_and_stored_only_as_a_digest(start, tmp_path):
    data = tmp_path / "data"
    first = start(data=data)
    key = first.key
    assert first.stop() == 0
    second = start(data=data)
    assert key not in second.output() and second.key == ""
    assert post(second, key)[0] == 200
    second.stop()
    for path in data.rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), path
            assert path.stat().st_mode & 0o077 == 0, f"{path} is readable by others"


def test_keys_made_and_revoked_while_the_server_runs(start, tmp_path):
    data = tmp_path / "data"
    server = start(data=data)
    made = json.loads(millrace("keys", "create", "--data", str(data), "--name", "second", "--json").stdout)
    deadline_tries = 200
    while post(server, made["key"])[0] != 200 and deadline_tries:
        deadline_tries -= 1
    assert post(server, made["key"])[0] == 200
    listed = json.loads(millrace("keys", "list", "--data", str(data), "--json").stdout)
    assert {entry["name"] for entry in listed} >= {"second"}
    assert all("key" not in entry for entry in listed)
    assert millrace("keys", "revoke", "--data", str(data), made["id"]).returncode == 0
    tries = 5000
    while post(server, made["key"])[0] == 200 and tries:
        tries -= 1
    assert post(server, made["key"]) == (403, '"Forbidden"')


def test_unknown_key_is_401_with_the_exact_body(server):
    assert post(server, "sk-nothing") == (401, '"Invalid token"')


def test_interrupt_drains_and_exits_0(start):
    server = start()
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "How do I use this server?"}]}
    request = urllib.request.Request(server.base_url + "/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", "Authorization": f"Bearer {server.key}"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        first = reply.readline()
        server.process.send_signal(signal.SIGINT)
        rest = reply.read()
    assert first.startswith(b"data: ")
    assert rest.endswith(b"data: [DONE]\n\n")
    assert server.process.wait(30) == 0


def test_usage_ledger_equals_what_clients_were_told(start, tmp_path):
    data = tmp_path / "data"
    server = start(data=data)
    told = [json.loads(post(server, server.key)[1])["usage"] for _ in range(7)]
    assert server.stop() == 0
    rows = sqlite3.connect(data / "millrace.db").execute(
        "SELECT count(*), sum(prompt_tokens), sum(completion_tokens) FROM usage").fetchone()
    assert rows == (7, sum(u["prompt_tokens"] for u in told), sum(u["completion_tokens"] for u in told))


def test_one_log_line_a_request_and_no_content_in_it(start):
    server = start()
    secret = "Zanzibar-marmalade"
    body = {"model": MODEL, "messages": [{"role": "user", "content": secret}], "max_tokens": 3}
    assert post(server, server.key, body)[0] == 200
    key = server.key
    assert server.stop() == 0
    lines = [line for line in server.lines if " POST chat " in line]
    assert len(lines) == 1 and " 200 " in lines[0] and MODEL in lines[0]
    assert secret not in server.output()
    assert server.output().count(key) <= 2  # the one announcement: the key and its curl line


def test_no_auth_serves_without_a_key_on_loopback(start):
    server = start("--no-auth")
    assert server.key == ""
    assert post(server, "whatever")[0] == 200


def test_no_auth_off_loopback_is_refused():
    run = millrace("serve", "--no-auth", "--listen", "0.0.0.0:0", "--model", f"{DEMO}={MODEL}")
    assert run.returncode != 0
    assert b"loopback" in run.stderr


def test_port_in_use_is_a_clear_error(server, tmp_path):
    run = millrace("serve", "--listen", f"127.0.0.1:{server.port}", "--data", str(tmp_path), "--model", str(DEMO))
    assert run.returncode == 1
    assert str(server.port).encode() in run.stderr


@pytest.mark.parametrize("name", ["models", "healthz"])
def test_other_routes_answer(server, name):
    path = "/healthz" if name == "healthz" else "/v1/models"
    request = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {server.key}"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        data = json.loads(reply.read())
        assert reply.headers["x-siliconcloud-trace-id"]
    assert data == {"status": "ok"} if name == "healthz" else data["data"][0]["id"] == MODEL
