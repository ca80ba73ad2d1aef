"""The OpenAPI document: valid, served as it stands, and true of what the server answers."""
import json
import urllib.request

import openapi_spec_validator
import pytest

from conftest import MODEL, ROOT
from exchange import Connection, Contract, request_bytes

CONTRACT = Contract()
HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {"messages": [{"role": "user", "content": "What is the weather like in Boston today?"}], "temperature": 0,
           "tools": CONTRACT.document["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]
           ["application/json"]["examples"]["tools"]["value"]["tools"]}
# What each field of the API's own page and of its clients is called.
FIELDS = """model messages stream max_tokens enable_thinking thinking_budget reasoning_effort min_p stop temperature
    top_p top_k frequency_penalty n response_format tools tool_choice parallel_tool_calls stream_options
    max_completion_tokens presence_penalty repetition_penalty seed logprobs top_logprobs logit_bias modalities
    functions function_call prefix suffix thinking chat_template_kwargs chat_template_args user""".split()


def exchange(server, data: bytes):
    with Connection(server.port) as connection:
        connection.send(data)
        return connection.reply(head_only=data.startswith(b"HEAD"))


def chat(server, body: dict, **options):
    return exchange(server, request_bytes(server.key, json.dumps({"model": MODEL, **body}).encode(), **options))


def get(server, path: str, **headers: str):
    return exchange(server, request_bytes(server.key, b"", method="GET", path=path, headers=headers))


def test_document_is_valid_openapi_3_1():
    openapi_spec_validator.validate(CONTRACT.document, cls=openapi_spec_validator.OpenAPIV31SpecValidator)


def test_document_is_served_without_a_key(server):
    with urllib.request.urlopen(server.url + "/openapi.json", timeout=30) as reply:
        assert json.load(reply) == CONTRACT.document


def test_document_names_every_field():
    assert set(CONTRACT.document["components"]["schemas"]["ChatCompletionRequest"]["properties"]) == set(FIELDS)


def test_document_names_the_program_version():
    project = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert f"VERSION {CONTRACT.document['info']['version']} " in project


@pytest.mark.parametrize("name", ["plain", "tools"])
def test_documented_examples_are_answered(server, name):
    examples = CONTRACT.document["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]
    body = examples["examples"][name]["value"]
    CONTRACT.check_named("ChatCompletionRequest", body)
    reply = chat(server, body)
    assert reply.status == 200
    CONTRACT.check_reply(reply)


@pytest.mark.parametrize("body", [
    {"messages": HELLO}, {"messages": HELLO, "enable_thinking": False}, {"messages": HELLO, "n": 3, "max_tokens": 3},
    {"messages": HELLO, "max_completion_tokens": 2}, WEATHER, {**WEATHER, "enable_thinking": False}],
    ids=["thinking", "plain", "choices", "cut", "tools", "tools-plain"])
@pytest.mark.parametrize("options", [None, {}, {"include_usage": True}, {"include_usage": False}], ids=str)
def test_answers_are_as_documented(server, body, options):
    body = body | ({"stream_options": options} if options is not None else {})
    for stream in (False, True):
        reply = chat(server, body | {"stream": stream})
        assert reply.status == 200
        CONTRACT.check_reply(reply, streamed=stream)


def test_refusals_are_as_documented(server):
    good = json.dumps({"model": MODEL, "messages": HELLO}).encode()
    wanted = [
        (400, request_bytes(server.key, b"{")),
        (400, request_bytes(server.key, good.replace(b"demo", b"nobody"))),
        (401, request_bytes("sk-wrong", good)),
        (413, request_bytes(server.key, b"", headers={"Content-Length": str(1 << 40)})),
        (415, request_bytes(server.key, good, headers={"Content-Type": "text/plain"})),
        (431, request_bytes(server.key, good, headers={"X-Large": "a" * 70_000})),
    ]
    for status, data in wanted:
        reply = exchange(server, data)
        assert reply.status == status
        CONTRACT.check_reply(reply)


def test_other_routes_answer_as_documented(server):
    for path, template in {"/v1/models": "/v1/models", "/v1/models?type=text": "/v1/models",
                           "/v1/models?type=x": "/v1/models", f"/v1/models/{MODEL}": "/v1/models/{id}",
                           "/v1/models/nobody": "/v1/models/{id}", "/v1/user/info": "/v1/user/info",
                           "/healthz": "/healthz"}.items():
        reply = get(server, path)
        CONTRACT.check_reply(reply, method="get", path=template)
    assert get(server, "/v1/models", Authorization="").status == 401


def test_every_documented_path_exists_for_its_methods_alone(server):
    for path, operations in CONTRACT.document["paths"].items():
        real = path.replace("{id}", MODEL)
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            reply = exchange(server, request_bytes(server.key, b"", method=method, path=real))
            assert (reply.status == 405) == (method.lower() not in operations), (method, path, reply.status)
            assert reply.status != 404, path
            if reply.status == 405:
                assert reply.json() == "405 method not allowed" and method not in reply.headers["allow"]
    assert get(server, "/v1/nothing").json() == "404 page not found"
