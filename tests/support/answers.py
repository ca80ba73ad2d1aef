"""Chat completions asked for whole or streamed, read into one shape."""
import dataclasses
import http.client
import json


@dataclasses.dataclass
class Choice:
    reasoning: str | None = None  # None: the key never came
    content: str = ""
    calls: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # name and arguments
    finish: str | None = None


@dataclasses.dataclass
class Answer:
    """What does not depend on who was served before."""
    choices: list[Choice]
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int


class Refused(Exception):
    """An answer with another status than 200."""


def post(server, body: dict, seconds: float = 300) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=seconds)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), {
            "Content-Type": "application/json", "Authorization": f"Bearer {server.key}"})
        reply = connection.getresponse()
        data = reply.read()
        if reply.status != 200:
            raise Refused(f"{reply.status} {data.decode(errors='replace')}")
        return data
    finally:
        connection.close()


def ask(server, body: dict) -> Answer:
    """The answer to the body, in events when it says `stream`."""
    data = post(server, body)
    return _from_events(data) if body.get("stream") else _from_object(json.loads(data))


def _from_object(reply: dict) -> Answer:
    choices = []
    for entry in reply["choices"]:
        message = entry["message"]
        calls = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls", [])]
        assert "tool_calls" not in message or calls, "an empty list of calls"
        choices.append(Choice(message.get("reasoning_content"), message["content"], calls, entry["finish_reason"]))
    return _with_counts(choices, reply["usage"])


def _with_counts(choices: list[Choice], usage: dict) -> Answer:
    return Answer(choices, usage["prompt_tokens"], usage["completion_tokens"],
                  usage["completion_tokens_details"]["reasoning_tokens"])


def _from_events(data: bytes) -> Answer:
    events = [line.removeprefix("data: ") for line in data.decode().split("\n") if line.startswith("data: ")]
    assert events[-1] == "[DONE]", events[-1]
    chunks = [json.loads(event) for event in events[:-1]]
    choices: dict[int, Choice] = {}
    for chunk in chunks:
        for entry in chunk["choices"]:
            _add(choices.setdefault(entry["index"], Choice()), entry)
    usage = next(chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage"))
    return _with_counts([choices[index] for index in sorted(choices)], usage)


def _add(choice: Choice, entry: dict) -> None:
    delta = entry["delta"]
    assert choice.finish is None, "a chunk after the end"
    if delta.get("reasoning_content"):
        assert not choice.content and not choice.calls, "reasoning after the answer began"
        choice.reasoning = (choice.reasoning or "") + delta["reasoning_content"]
    choice.content += delta.get("content") or ""
    for fragment in delta.get("tool_calls") or []:
        function = fragment["function"]
        if "name" in function:
            assert fragment["index"] == len(choice.calls)
            choice.calls.append((function["name"], ""))
        name, arguments = choice.calls[fragment["index"]]
        choice.calls[fragment["index"]] = (name, arguments + function.get("arguments", ""))
    choice.finish = entry["finish_reason"] or choice.finish
