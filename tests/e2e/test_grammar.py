"""`millrace grammar`: what a schema admits, and where an instance stops being admitted."""
import json
import pathlib

import pytest

from conftest import DEMO, millrace

SCHEMA = {"type": "object", "additionalProperties": False, "required": ["city"],
          "properties": {"city": {"type": "string", "maxLength": 6}, "days": {"type": "integer", "maximum": 14}}}


@pytest.fixture
def schema(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA), encoding="utf-8")
    return path


def grammar(schema, instance: str, *options: str) -> tuple[int, str]:
    run = millrace("grammar", str(schema), *options, stdin=instance.encode())
    assert run.stderr == b""
    return run.returncode, run.stdout.decode()


@pytest.mark.parametrize("options", [(), ("--vocab", str(DEMO))])
def test_an_admitted_instance_is_said_to_be(schema, options):
    status, out = grammar(schema, '{\n  "days": 3,\n  "city": "Ur\\u00e9"\n}\n', *options)
    assert status == 0
    assert "instance: admitted\n" in out
    assert "masks: " in out and "memory: " in out and "compiled in " in out


@pytest.mark.parametrize("instance, byte, allowed", [
    ('{"city":"Babylon"}', 15, "'\"'"),
    ('{"days":1}', 9, "',', '0'..'4'"),
    ('{"town":"Ur"}', 2, "'\\', 'c'..'d'"),
    ('{"city":"Ur","days":15}', 21, "'}', '0'..'4'"),
    ('{"city":"Ur"', 12, "',', '}'"),
])
def test_a_refused_one_is_told_where_and_what_would_be_allowed(schema, instance, byte, allowed):
    status, out = grammar(schema, instance)
    assert status == 1
    assert f"instance: refused at byte {byte} of {len(instance)}: " in out
    listed = out.split("allowed there: ")[1].splitlines()[0]
    for part in allowed.split(", "):
        assert part in listed, out


def test_tokens_of_a_model_are_told_too(schema):
    status, out = grammar(schema, '{"town":1}', "--vocab", str(DEMO))
    assert status == 1
    assert " tokens: " in out.split("allowed there: ")[2]


def test_white_space_counts_only_when_it_is_asked_to(schema):
    assert grammar(schema, '{ "city": "Ur" }')[0] == 0
    status, out = grammar(schema, '{ "city": "Ur" }', "--as-given")
    assert status == 1
    assert "refused at byte 1 " in out


def test_integers_have_a_fraction_of_zeros_only_when_that_is_free(schema):
    assert grammar(schema, '{"city":"Ur","days":3.0}')[0] == 1
    assert grammar(schema, '{"city":"Ur","days":3.0}', "--free-numbers")[0] == 0


def test_a_folder_is_run_whole_and_summed_up(tmp_path):
    files = {
        "good.json": {"schema": SCHEMA, "tests": [{"data": {"city": "Ur"}, "valid": True},
                                                  {"data": {"days": 1}, "valid": False}]},
        "wrong.json": {"schema": {"type": "string"}, "tests": [{"data": 1, "valid": True}]},
        "lax.json": {"schema": {"type": "string"}, "tests": [{"data": "a", "valid": False}]},
        "refused.json": {"schema": {"$ref": "#/nowhere"}, "tests": []},
        "empty.json": {"schema": {}},
        "broken.json": [],
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    run = millrace("grammar", "--maskbench", str(tmp_path), "--vocab", str(DEMO), "--json")
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.decode().splitlines()]
    assert {line["file"]: line["status"] for line in lines[:-1]} == {
        "good.json": "pass", "wrong.json": "valid_rejected", "lax.json": "invalid_accepted",
        "refused.json": "refused", "empty.json": "no_tests", "broken.json": "unreadable"}
    summary = lines[-1]["summary"]
    assert summary["schemas"] == 6 and summary["dead_ends"] == 0
    assert summary["mask_us"]["count"] == sum(line["masks"] for line in lines[:-1]) > 0
    table = millrace("grammar", "--maskbench", str(tmp_path), "--vocab", str(DEMO)).stdout.decode()
    assert "wrong.json: valid_rejected: test 0 at byte 0\n" in table


def test_wrong_use_is_said(schema, tmp_path):
    assert millrace("grammar").returncode == 2
    assert millrace("grammar", str(schema), "--maskbench", str(tmp_path)).returncode == 2
    none = millrace("grammar", str(tmp_path / "none.json"))
    assert none.returncode == 1 and b"none.json" in none.stderr
    empty = millrace("grammar", "--maskbench", str(tmp_path / "sub"))
    assert empty.returncode == 1 and b"sub" in empty.stderr
