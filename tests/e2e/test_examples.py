"""The examples of the hosted API's page, with base_url, key and model name changed and nothing else."""
import json
import shutil
import subprocess

import pytest

from conftest import MODEL, ROOT

TOOLS = [{
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["location"],
        },
    },
}]
PAIR = [
    {"role": "system", "content": "你是一个有用的助手"},
    {"role": "user", "content": "你好,请介绍一下你自己"},
]


def curl(server, body: dict) -> str:
    return subprocess.run(
        ["curl", "-sS", "--request", "POST", "--url", server.base_url + "/chat/completions",
         "-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {server.key}",
         "-d", json.dumps(body, ensure_ascii=False)],
        capture_output=True, text=True, check=True, timeout=120).stdout


def test_curl_system_and_user_pair(server):
    reply = json.loads(curl(server, {"model": MODEL, "messages": PAIR}))
    assert reply["object"] == "chat.completion"
    assert reply["model"] == MODEL
    choice = reply["choices"][0]
    assert choice["message"]["role"] == "assistant"
    assert "Millrace" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"


def test_curl_streams_and_ends_with_done(server):
    text = curl(server, {"model": MODEL, "messages": PAIR, "stream": True})
    events = text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks)
    content = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert "Millrace" in content


def test_python_client_plain(client):
    response = client.chat.completions.create(model=MODEL, messages=PAIR)
    assert "Millrace" in response.choices[0].message.content


def test_python_client_stream(client):
    text = ""
    for chunk in client.chat.completions.create(model=MODEL, messages=PAIR, stream=True):
        text += chunk.choices[0].delta.content or ""
    assert "Millrace" in text


def test_python_client_tools(client):
    completion = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "What's the weather like in Boston today?"}],
        tools=TOOLS, tool_choice="auto", temperature=0)
    choice = completion.choices[0]
    assert choice.finish_reason == "tool_calls"
    call = choice.message.tool_calls[0]
    assert call.function.name == "get_current_weather"
    assert "Boston" in json.loads(call.function.arguments)["location"]


def test_node_fetch_and_official_client(server):
    modules = ROOT / "build" / "e2e" / "node" / "node_modules"
    if shutil.which("node") is None or not modules.is_dir():
        pytest.skip("Node or its openai package is not installed")
    script = ROOT / "tests" / "e2e" / "node" / "examples.mjs"
    local = modules.parent / "examples.mjs"  # modules resolve beside the script
    local.write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    run = subprocess.run(["node", str(local), server.base_url, server.key, MODEL],
                         capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "all examples passed"


def test_vision_message_role_of_the_page_is_refused(server):
    reply = json.loads(curl(server, {"model": MODEL, "messages": [
        {"role": "user", "content": "What's in this image?"},
        {"role": "image_url", "image_url": {"url": "https://example.com/image1.jpg"}}]}))
    assert reply["code"] == 20015
    assert "image_url" in reply["message"]
    assert reply["data"] is None
