"""The commands beside `serve`: files, keys, usage, the client."""
import json
import pathlib
import struct
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import DEMO, MODEL, ROOT, millrace

SHARED = ROOT.parent / "shared" / "data" / "vocab"


def test_version_and_help():
    assert millrace("version").stdout.startswith(b"millrace ")
    assert b"serve" in millrace("--help").stdout


def test_usage_errors_exit_2():
    assert millrace().returncode == 2
    assert millrace("serve", "--nonsense").returncode == 2
    assert millrace("tokenize").returncode == 2


def test_inspect_tells_what_a_file_holds():
    text = millrace("inspect", str(DEMO)).stdout.decode()
    assert "general.architecture" in text and "qwen3" in text and "token_embd.weight" in text
    data = json.loads(millrace("inspect", "--json", str(DEMO)).stdout)
    assert data["metadata"]["general.architecture"] == "qwen3"
    assert any(tensor["name"] == "output_norm.weight" for tensor in data["tensors"])


@pytest.mark.parametrize("damage", ["empty", "cut", "magic", "lying_count", "text"])
def test_damaged_files_are_clear_errors(tmp_path: pathlib.Path, damage: str):
    whole = DEMO.read_bytes()
    data = {"empty": b"", "cut": whole[:len(whole) // 2], "magic": b"GGML" + whole[4:],
            "lying_count": whole[:8] + struct.pack("<Q", 1 << 60) + whole[16:], "text": b"hello " * 100}[damage]
    path = tmp_path / "damaged.gguf"
    path.write_bytes(data)
    for command in (["inspect", str(path)], ["check", "--model", str(path)], ["tokenize", str(path)],
                    ["serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "d"), "--model", str(path)]):
        run = millrace(*command, stdin=b"x")
        assert run.returncode == 1, command
        assert b"damaged.gguf" in run.stderr
        assert len(run.stderr.splitlines()) <= 3


def test_tokenize_prints_ids_one_line_a_text():
    one = millrace("tokenize", str(DEMO), stdin="Hello, 世界!".encode()).stdout
    assert len(one.splitlines()) == 1 and all(part.isdigit() for part in one.split())
    three = millrace("tokenize", "--lines", str(DEMO), stdin=b"a\nb\nc\n").stdout
    assert len(three.splitlines()) == 3


def test_tokenize_reproduces_the_published_gpt2_texts():
    if not (SHARED / "gpt-2.gguf").exists():
        pytest.skip("the gpt-2 vocabulary is not beside the project (../shared/data/vocab)")
    run = millrace("tokenize", "--separator", "__ggml_vocab_test__", str(SHARED / "gpt-2.gguf"),
                   stdin=(SHARED / "gpt-2.gguf.inp").read_bytes())
    want = (SHARED / "gpt-2.gguf.out").read_text().splitlines()
    assert [line.split() for line in run.stdout.decode().splitlines()] == [line.split() for line in want]


def test_check_reports_every_wrong_key_with_its_path(tmp_path: pathlib.Path):
    config = tmp_path / "millrace.yaml"
    config.write_text("listen: 127.0.0.1\nthreads: many\nmodels:\n  - path: /nowhere.gguf\n    colour: red\n"
                      "api:\n  sse_keepalive_s: -4\nengine:\n  kv_memory: 3 elephants\n", encoding="utf-8")
    run = millrace("check", "--config", str(config))
    assert run.returncode == 1
    text = run.stderr.decode()
    for path in ("listen", "threads", "models.0.path", "models.0.colour", "api.sse_keepalive_s", "engine.kv_memory"):
        assert path + ":" in text, text
    serve = millrace("serve", "--config", str(config))
    assert serve.returncode == 1 and "models.0.colour" in serve.stderr.decode()


def test_check_accepts_a_whole_configuration(tmp_path: pathlib.Path):
    config = tmp_path / "millrace.yaml"
    config.write_text(f"listen: 127.0.0.1:9999\ndata: {tmp_path}\nthreads: 2\nlog_level: info\n"
                      f"models:\n  - path: {DEMO}\n    id: demo\n    aliases: [little]\n    context: 512\n"
                      "engine:\n  kv_memory: 64MiB\napi:\n  stream_usage: openai\n", encoding="utf-8")
    run = millrace("check", "--config", str(config))
    assert run.returncode == 0, run.stderr


def test_bench_measures_prefill_and_decode():
    run = millrace("bench", "-m", str(DEMO), "--prefill", "32", "--decode", "4", "--batch", "1,2", "--threads", "2",
                   "--json")
    assert run.returncode == 0, run.stderr
    data = json.loads(run.stdout)
    assert data["prefill"]["tokens_per_second"] > 0
    assert [row["batch"] for row in data["decode"]] == [1, 2]


def test_chat_streams_an_answer_from_piped_input(server):
    run = millrace("chat", "--url", server.base_url, "--key", server.key, stdin="你是谁?\n/reset\n/quit\n".encode())
    assert run.returncode == 0, run.stderr
    assert "Millrace" in run.stdout.decode()


def test_chat_says_what_is_wrong_when_nobody_listens():
    run = millrace("chat", "--url", "http://127.0.0.1:9/v1", "--key", "sk-x", stdin=b"hi\n")
    assert run.returncode == 1
    assert b"127.0.0.1:9" in run.stderr


def run_json(*arguments: str):
    run = millrace(*arguments, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_keys_are_made_changed_and_listed(tmp_path: pathlib.Path):
    data = ["--data", str(tmp_path)]
    made = run_json("keys", "create", "--account", "team-a", "--name", "laptop", "--model", "org/one", "--model", "two",
                    "--expires", "2099-12-31T18:30", *data)
    assert made["key"].startswith("sk-") and made["models"] == ["org/one", "two"] and made["expires"] == 4102425000
    assert run_json("keys", "disable", made["id"], *data)["state"] == "disabled"
    listed = run_json("keys", "list", *data)
    assert [(key["account"], key["state"], key["models"]) for key in listed] == [
        ("team-a", "disabled", ["org/one", "two"])]
    assert "key" not in listed[0]
    assert run_json("keys", "enable", made["id"][:10], *data)["state"] == "active"
    assert run_json("keys", "models", made["id"], "--model", "three", *data)["models"] == ["three"]
    table = millrace("keys", "list", *data).stdout.decode()
    assert "active" in table and "three" in table and "2099-12-31 18:30" in table and "laptop" in table
    assert run_json("keys", "models", made["id"], "--all", *data)["models"] is None
    assert run_json("keys", "revoke", made["id"], *data)["state"] == "revoked"
    refused = millrace("keys", "enable", made["id"], *data)
    assert refused.returncode == 1 and b"revoked" in refused.stderr


@pytest.mark.parametrize("arguments, status, word", [
    (["create", "--expires", "tomorrow"], 1, "tomorrow"), (["create", "--expires", "2001-01-01"], 1, "future"),
    (["create", "--expires", "2099-01-01", "--expires-in-days", "3"], 2, "expires"),
    (["create", "--account", "a b"], 1, "account"), (["create", "--model", ""], 1, "model"),
    (["disable", "key-ffffffff"], 1, "no key"), (["disable"], 2, "ID"), (["models", "key-ffffffff"], 2, "--all"),
    (["models", "key-ffffffff", "--all", "--model", "m"], 2, "--all")])
def test_wrong_keys_commands_say_why(tmp_path: pathlib.Path, arguments: list[str], status: int, word: str):
    run = millrace("keys", *arguments, "--data", str(tmp_path))
    assert run.returncode == status and word in run.stderr.decode(), run.stderr


def ask_once(server, key: str) -> tuple[int, dict | str]:
    body = {"model": MODEL, "max_tokens": 4, "messages": [{"role": "user", "content": "Hello"}]}
    request = urllib.request.Request(server.base_url + "/chat/completions", json.dumps(body).encode(),
                                     {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def wait_for_status(server, key: str, status: int) -> None:
    """A running server hears of a changed key within a second."""
    deadline = time.monotonic() + 30
    while (answer := ask_once(server, key))[0] != status:
        assert time.monotonic() < deadline, answer
        threading.Event().wait(0.05)


def test_a_running_server_hears_of_changed_keys(start):
    server = start()
    data = ["--data", str(server.data)]
    made = run_json("keys", "create", "--model", "another", *data)
    assert ask_once(server, made["key"]) == (403, "Forbidden")
    run_json("keys", "models", made["id"], "--model", MODEL, *data)
    wait_for_status(server, made["key"], 200)
    run_json("keys", "disable", made["id"], *data)
    wait_for_status(server, made["key"], 403)
    run_json("keys", "enable", made["id"], *data)
    wait_for_status(server, made["key"], 200)


def test_usage_tells_what_was_booked(start):
    server = start()
    data = ["--data", str(server.data)]
    key = run_json("keys", "create", "--account", "team-a", *data)
    used = [ask_once(server, key["key"])[1]["usage"] for _ in range(3)]
    assert ask_once(server, server.key)[0] == 200
    assert server.stop() == 0
    rows = run_json("usage", *data)
    assert [row["account"] for row in rows] == ["default", "team-a"]
    row = run_json("usage", "--account", "team-a", "--since", "2020-01-01", "--before", "2099-01-01T00:00", *data)[0]
    assert row == rows[1]
    assert (row["key"], row["model"], row["requests"]) == (key["id"], MODEL, 3)
    assert row["prompt_tokens"] == sum(usage["prompt_tokens"] for usage in used)
    assert row["cached_tokens"] == sum(usage["prompt_cache_hit_tokens"] for usage in used)
    assert row["completion_tokens"] == sum(usage["completion_tokens"] for usage in used)
    assert run_json("usage", "--since", "2099-01-01", *data) == []
    assert run_json("usage", "--before", "2020-01-01", *data) == []
    table = millrace("usage", *data).stdout.decode().splitlines()
    assert table[0].split()[:3] == ["ACCOUNT", "KEY", "REQUESTS"] and table[-1].split()[:2] == ["TOTAL", "4"]
    wrong = millrace("usage", "--since", "last week", *data)
    assert wrong.returncode == 1 and b"--since" in wrong.stderr and b"last week" in wrong.stderr
