"""`millrace grammar`: what a schema admits, and where an instance stops being admitted."""
import itertools
import json
import pathlib
import random
import re

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


class Patterns:
    """Random patterns over a, b and -, with everything that looks around; the same dice give the same ones."""

    def __init__(self, dice: random.Random):
        self._dice = dice

    def choice(self, depth: int) -> str:
        return "|".join(self._sequence(depth) for _ in range(self._dice.choice([1, 1, 2])))

    def _sequence(self, depth: int) -> str:
        return "".join(self._term(depth) for _ in range(self._dice.randint(1, 3)))

    def _term(self, depth: int) -> str:
        kind = self._dice.random()
        if depth <= 0 or kind < 0.45:
            return self._dice.choice(["a", "b", "-", "[ab]", "[^a]", "."]) + self._dice.choice(["", "", "*", "+", "?"])
        if kind < 0.55:
            return self._dice.choice(["^", "$", r"\b", r"\B"])
        if kind < 0.72:
            return self._dice.choice(["(?=", "(?!"]) + self.choice(depth - 1) + ")"
        return f"(?:{self.choice(depth - 1)})" + self._dice.choice(["", "*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}"])


def test_patterns_match_what_another_implementation_matches(tmp_path):
    """Python's `re` is the other. The empty text is left out: its \\B has rules of its own there."""
    dice = random.Random(4711)
    patterns = Patterns(dice)
    texts = ["".join(letters) for length in range(1, 6) for letters in itertools.product("ab-", repeat=length)]
    for number in range(250):
        pattern = patterns.choice(2)
        matcher = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
        tests = [{"valid": matcher.search(text) is not None, "data": text} for text in dice.sample(texts, 30)]
        (tmp_path / f"{number:03}.json").write_text(
            json.dumps({"schema": {"type": "string", "pattern": pattern}, "tests": tests}), encoding="utf-8")
    run = millrace("grammar", "--maskbench", str(tmp_path), "--vocab", str(DEMO), "--json")
    *schemas, last = [json.loads(line) for line in run.stdout.decode().splitlines()]
    passed = 0
    for result in schemas:
        case = json.loads((tmp_path / result["file"]).read_text(encoding="utf-8"))
        if result["status"] == "refused" and "no JSON value is valid" in result["error"]:
            assert not any(test["valid"] for test in case["tests"]), case["schema"]
            continue
        assert result["status"] == "pass", (result, case["schema"])
        passed += 1
    assert passed > 150
    assert last["summary"]["dead_ends"] == 0
