"""The samples of the hosted API's page, with address, key and model changed and nothing else: C-279 to C-285."""
import shutil
import subprocess

import openai
import pytest

from pictures import picture_server
from test_streaming import node, python_client
from test_tools import WEATHER
from test_vision import address, allowing
from wire import Reply, choice, encode, ok, refused, text

PAIR = [{"role": "system", "content": "你是一个有用的助手"}, {"role": "user", "content": "你好,请介绍一下你自己"}]
QUESTION = [{"role": "user", "content": "What is the weather like in Boston today?"}]


def curl(target, body: dict) -> Reply:
    """The request as the page's curl line sends it."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    run = subprocess.run(["curl", "-sS", "--request", "POST", "--url", target.api.base_url + "/chat/completions",
                          "-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {target.api.key}",
                          "-d", "@-", "-w", "\n%{http_code}"], input=encode(body), capture_output=True, timeout=120)
    content, _, status = run.stdout.rpartition(b"\n")
    return Reply(int(status), [("Content-Type", "application/json")], content)


def vision(url: str, **fields) -> dict:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "What's in this image?"},
                                                      {"type": "image_url", "image_url": {"url": url}}]}], **fields}


def test_c_279_first_curl(target):
    """The first curl body answers 200 with content."""
    assert text(curl(target, {"model": target.model("M"), "messages": PAIR}))


def test_c_280_streaming_curl(target):
    """The streaming curl body ends with data: [DONE]."""
    reply = curl(target, {"model": target.model("M"), "messages": PAIR, "stream": True})
    assert reply.status == 200 and reply.body.endswith(b"data: [DONE]\n\n")


def test_c_281_vision_curl(own, sighted):
    """The vision curl body answers 200 on a VLM."""
    with picture_server() as server:
        target = allowing(own, server)
        body = vision(address(server, "/picture"), temperature=0.7, max_tokens=1000)
        ok(curl(target, {"model": target.model("V"), **body}))


def test_c_282_vision_python(own, sighted):
    """The Python vision body answers likewise."""
    with picture_server() as server:
        target = allowing(own, server)
        reply = python_client(target).chat.completions.create(model=target.model("V"),
                                                              **vision(address(server, "/picture"), max_tokens=300))
        assert reply.choices[0].message.role == "assistant"


def test_c_283_vision_javascript(target):
    """The JavaScript vision body, whose role is image_url, answers 400/20015."""
    messages = [{"role": "user", "content": "What's in this image?"},
                {"role": "image_url", "image_url": {"url": "https://example.com/image1.jpg"}}]
    refused(target.chat("V", messages, temperature=0.7, max_tokens=1000), "Input tag 'image_url' found using 'role'")


def test_c_284_tools(target):
    """The tools bodies of curl, Python and JavaScript answer 200 with content or calls."""
    body = {"model": target.model("M"), "messages": QUESTION, "tools": [WEATHER], "tool_choice": "auto"}
    message = choice(curl(target, body))["message"]
    assert message["content"] or message["tool_calls"]
    completion = python_client(target).chat.completions.create(**body)
    assert completion.choices[0].message.content or completion.choices[0].message.tool_calls
    node(target, "weather")


def test_c_285_openai_python(target):
    """openai-python with base_url and api_key alone prints the content."""
    client = openai.OpenAI(api_key=target.api.key, base_url=target.api.base_url)
    response = client.chat.completions.create(model=target.model("M"), messages=PAIR)
    assert response.choices[0].message.content
