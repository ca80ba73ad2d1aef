#!/usr/bin/env python3
"""What an answer held to a schema costs beside a free one, a token, on the same model (goal: nothing).

Starts `build/millrace` with MODEL and asks in turns, streamed, for free text and for the schema below. Time is from the
first piece of an answer to its end, divided by the tokens that came in it; the median of the rounds is told.
"""
import argparse
import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ITEM = {"type": "object", "additionalProperties": False, "required": ["name", "count", "ready", "kind"],
        "properties": {"name": {"type": "string", "maxLength": 24},
                       "count": {"type": "integer", "minimum": 0, "maximum": 99},
                       "ready": {"type": "boolean"}, "kind": {"enum": ["small", "middle", "large"]}}}
SCHEMA = {"type": "array", "items": ITEM, "minItems": 100}
FORMS = {
    "free text": {},
    "json_schema": {"response_format": {"type": "json_schema", "json_schema": {"name": "items", "schema": SCHEMA}}},
    "json_object": {"response_format": {"type": "json_object"}},
}


def ask(port: int, tokens: int, seed: int, fields: dict) -> tuple[float, int]:
    """Seconds from the first piece to the last, and the tokens behind the first piece."""
    body = {"model": "bench", "messages": [{"role": "user", "content": "List what you have."}], "max_tokens": tokens,
            "seed": seed, "stream": True, "enable_thinking": False, "temperature": 0.7,
            "stream_options": {"include_usage": True}, **fields}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        sys.exit(f"{answer.status}: {answer.read().decode()}")
    first = last = None
    total = 0
    for line in answer:
        if not line.startswith(b"data: {"):
            continue
        chunk = json.loads(line[6:])
        if (chunk.get("usage") or {}).get("completion_tokens"):
            total = chunk["usage"]["completion_tokens"]
        if any(choice["delta"].get("content") for choice in chunk["choices"]):
            last = time.monotonic()
            first = first or last
    connection.close()
    return (last or 0) - (first or 0), total


def wait_until_loaded(port: int) -> None:
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
        connection.close()
        if status == 200:
            return
        time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", help="a GGUF file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    binary = pathlib.Path(__file__).resolve().parent.parent / "build" / "millrace"
    with tempfile.TemporaryDirectory() as data:
        command = [binary, "serve", "--no-auth", "--listen", "127.0.0.1:0", "--data", data,
                   "--model", f"{options.model}=bench"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            port = next(int(line.split(b"http://127.0.0.1:")[1].split(b"/")[0]) for line in server.stdout
                        if b"http://127.0.0.1:" in line)
            wait_until_loaded(port)
            times: dict[str, list[float]] = {form: [] for form in FORMS}
            for number in range(options.rounds + 1):  # the first warms up
                for form, fields in FORMS.items():
                    seconds, tokens = ask(port, options.tokens, 1000 + number, fields)
                    if number and tokens > 1:
                        times[form].append(seconds / (tokens - 1) * 1000)
        finally:
            server.terminate()
            server.wait()
    medians = {form: statistics.median(values) for form, values in times.items() if values}
    if options.json:
        print(json.dumps(medians))
        return
    for form, milliseconds in medians.items():
        change = milliseconds / medians["free text"] - 1
        print(f"{form:12} {milliseconds:8.2f} ms a token   {change:+7.1%} of free text")


if __name__ == "__main__":
    main()
