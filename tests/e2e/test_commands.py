"""The commands that serve nothing."""
import json
import pathlib
import struct

import pytest

from conftest import DEMO, ROOT, millrace

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
