"""Required fields and the general rules of the body: C-054 to C-073."""
import json
import shutil
import subprocess

import pytest

from support.server import ROOT
from wire import encode, ok, refused

FEW = {"max_tokens": 4}


def test_c_054_missing_model(target):
    """A missing model: 400/20015, and the message begins with model."""
    assert refused(target.api.post(target.body("N", model=...)), "model") == "model: Field required"


def test_c_055_null_model(target):
    """A null model counts as missing."""
    assert refused(target.api.post(target.body("N", model=None)), "model") == "model: Field required"


@pytest.mark.parametrize("model", [5, True, [], {}, ["Qwen/Qwen3-8B"]], ids=str)
def test_c_056_model_of_another_type(target, model):
    """A model that is not a string: 400/20015."""
    refused(target.api.post(target.body("N", model=model)), "model: Input should be a valid string")


def test_c_057_empty_model(target):
    """An empty model name: 400/20015."""
    refused(target.api.post(target.body("N", model="")), "The parameter is invalid. Please check again.")


UNKNOWN = b'{"code":20012,"message":"Model does not exist. Please check it carefully.","data":null}'


def unknown(reply) -> None:
    assert (reply.status, reply.body) == (400, UNKNOWN), str(reply)


def test_c_058_unknown_model(target):
    """An unknown model: 400 and exactly the 20012 object."""
    unknown(target.api.post(target.body("N", model="nobody/serves-this")))


def test_c_059_model_names_have_case(target):
    """A name that differs only in case is unknown."""
    name = target.model("N")
    unknown(target.api.post(target.body("N", model=name.swapcase())))
    unknown(target.api.post(target.body("N", model=name + " ")))


def test_c_060_unknown_model_wins(target):
    """An unknown model is told before a bad temperature."""
    unknown(target.api.post(target.body("N", model="nobody/serves-this", temperature=9, messages=...)))


@pytest.mark.parametrize("messages", [..., None], ids=["absent", "null"])
def test_c_061_missing_messages(target, messages):
    """Missing messages: 400/20015, and the message begins with messages."""
    assert refused(target.api.post(target.body("N", messages=messages)), "messages") == "messages: Field required"


def test_c_062_empty_messages(target):
    """Empty messages: 400/20015 with the text of a list that is too short."""
    assert (refused(target.api.post(target.body("N", [])))
            == "messages: List should have at least 1 item after validation, not 0")


@pytest.mark.parametrize("messages", [{}, 5, True], ids=str)
def test_c_063_messages_of_another_type(target, messages):
    """Messages that are no list: 400/20015."""
    refused(target.api.post(target.body("N", messages=messages)), "messages: Input should be a valid list")
    body = encode(target.body("N")).replace(encode([{"role": "user", "content": "hi"}]), b'"hi"')
    refused(target.api.post(body), "messages: Input should be a valid list")


@pytest.mark.parametrize("element", ["hi", 5, None, []], ids=str)
def test_c_064_message_of_another_type(target, element):
    """An element that is no object: 400/20015 naming its index."""
    refused(target.api.post(target.body("N", [{"role": "user", "content": "hi"}, element])), "messages.1")


def test_c_065_number_of_messages(target):
    """Eleven messages are fine; one more than the limit is not."""
    one = {"role": "user", "content": "a"}
    ok(target.chat("N", [one] * 11, **FEW))
    refused(target.chat("N", [one] * 2049), "messages: List should have at most 2048 items after validation, not 2049")


@pytest.mark.parametrize("value", [None, True, 1.5, "x", [], [[]], {}, {"a": {"b": 1}}], ids=json.dumps)
def test_c_066_unknown_keys(target, value):
    """Unknown keys of any type are ignored."""
    ok(target.chat("N", what_is_this=value, extra=value, **FEW))


OPTIONAL = """stream max_tokens thinking_budget reasoning_effort min_p stop temperature top_p top_k frequency_penalty n
response_format tools enable_thinking tool_choice parallel_tool_calls stream_options max_completion_tokens
presence_penalty repetition_penalty seed logprobs top_logprobs logit_bias user modalities functions function_call prefix
suffix thinking chat_template_kwargs chat_template_args metadata store""".split()


@pytest.mark.parametrize("field", OPTIONAL)
def test_c_067_null_is_absent(target, field):
    """Null counts as absent in every optional field."""
    ok(target.chat("N", **{**FEW, field: None}))


@pytest.mark.parametrize("field, value, kind", [
    ("max_tokens", "10", "integer"), ("stream", "true", "boolean"), ("temperature", "1", "number"),
    ("stream", 1, "boolean"), ("n", True, "integer"), ("top_p", [], "number"), ("top_k", {}, "number"),
    ("min_p", "0", "number"), ("frequency_penalty", False, "number"), ("seed", "5", "integer"),
    ("tools", {}, "list"), ("response_format", [], "dictionary"), ("logprobs", 1, "boolean"),
    ("parallel_tool_calls", "no", "boolean"), ("max_completion_tokens", "9", "integer"),
])
def test_c_068_types(target, field, value, kind):
    """Numbers as text, booleans as text or number, other types: 400/20015."""
    refused(target.chat("N", **{field: value}), f"{field}: Input should be a valid {kind}")


@pytest.mark.parametrize("written, status", [("10.0", 200), ("1e1", 200), ("10.5", 400), ("1e-1", 400)])
def test_c_069_integers_with_zero_fraction(target, written, status):
    """An integer may be written 10.0, not 10.5."""
    reply = target.api.post(encode(target.body("N", max_tokens=0)).replace(b'"max_tokens": 0',
                                                                          b'"max_tokens": ' + written.encode()))
    if status == 200:
        ok(reply)
    else:
        refused(reply, "max_tokens")


def test_c_070_duplicate_keys(target):
    """Of two equal keys the last one counts."""
    body = encode(target.body("N", max_tokens=4))
    refused(target.api.post(body[:-1] + b', "max_tokens": 0}'), "max_tokens")
    ok(target.api.post(b'{"max_tokens": 0, ' + body[1:]))


@pytest.mark.parametrize("fields, first", [
    ({"temperature": 9, "messages": []}, "messages"), ({"top_p": 9, "temperature": 9}, "temperature"),
    ({"n": 0, "max_tokens": 0}, "max_tokens"), ({"seed": "x", "stop": [1]}, "stop"),
    ({"presence_penalty": 9, "frequency_penalty": 9}, "frequency_penalty"), ({"tool_choice": 5, "top_k": 101}, "top_k"),
])
def test_c_071_first_bad_field(target, fields, first):
    """Of two bad fields the earlier one is told."""
    assert refused(target.api.post(target.body("N", **fields))).split(":")[0].split(".")[0] == first


def test_c_072_keys_of_a_400(target):
    """A 400 body has exactly code, message and data."""
    for body in (b"", b"{", target.body("N", n=0), target.body("N", model="x"), target.body("N", [{"role": "x"}])):
        reply = target.api.post(body)
        assert list(reply.json()) == ["code", "message", "data"]
        assert reply.body == json.dumps(reply.json(), ensure_ascii=False, separators=(",", ":")).encode()


NODE = """
import OpenAI from 'openai';
const [baseURL, apiKey, model] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey, maxRetries: 0});
try {
  await client.chat.completions.create({model, messages: [{role: 'user', content: 'hi'}], temperature: 9});
} catch (error) {
  console.log(JSON.stringify({status: error.status, message: error.message}));
}
"""


def test_c_073_second_envelope(own):
    """With error_envelope=both the body has an error object too, which openai-node shows."""
    target = own(api={"error_envelope": "both"}, roles=["N"])
    body = target.chat("N", temperature=9).json()
    assert list(body) == ["code", "message", "data", "error"]
    assert body["error"] == {"message": body["message"], "type": "invalid_request_error", "param": "temperature",
                             "code": 20015}
    overflow = target.chat("N", "word " * 5000).json()
    assert overflow["code"] == 20015 and overflow["error"]["code"] == "context_length_exceeded"
    assert target.api.get("/none").body == b'"404 page not found"'
    modules = ROOT / "build" / "e2e" / "node"
    if not shutil.which("node") or not (modules / "node_modules" / "openai").exists():
        pytest.skip("openai-node is not installed; the rest of the statement holds")
    run = subprocess.run(["node", "--input-type=module", "-", target.api.base_url, target.api.key, target.model("N")],
                         input=NODE, cwd=modules, capture_output=True, text=True, timeout=60)
    shown = json.loads(run.stdout)
    assert shown["status"] == 400 and body["message"] in shown["message"]
