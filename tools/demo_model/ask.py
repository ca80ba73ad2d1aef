"""Asks the exported model from the command line: `python ask.py "Hello"`; --probe runs text/probes.txt."""

import argparse
import json
import pathlib

import torch

import config
from generator.core import TEXT_DIR
from gguf_model import generate, load_model, load_template, load_tokenizer
from render import render_template

WEATHER = {
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
}


class Chat:
    """One loaded model file."""

    def __init__(self, path):
        self.model, self.tokenizer, self.template = (
            load_model(path),
            load_tokenizer(path),
            load_template(path),
        )

    def answer(self, messages, tools=None, thinking=True, temperature=0.0):
        """The raw text the model writes, think block included."""
        prompt = render_template(messages, tools, thinking, True, self.template)
        ids = generate(
            self.model, self.tokenizer.encode(prompt), self.tokenizer.end_id, temperature=temperature
        )
        return self.tokenizer.decode(ids)


def run_probes(chat, temperature):
    """Prints the answers to hand-written prompts: `[system] ` and `[weather] ` prefixes, turns split by ` || `."""
    for line in (TEXT_DIR / "probes.txt").read_text(encoding="utf-8").splitlines():
        tools = None
        messages = []
        if line.startswith("[weather] "):
            tools, line = [WEATHER], line[10:]
        if line.startswith("[{"):
            text, line = line.split("}] ", 1)
            tools = json.loads(text + "}]")
        if line.startswith("[system: "):
            system, line = line[9:].split("] ", 1)
            messages.append({"role": "system", "content": system})
        for part in line.split(" || "):
            messages.append({"role": "user", "content": part})
            answers = {t: chat.answer(messages, tools, t, temperature) for t in (False, True)}
            messages.append({"role": "assistant", "content": answers[False]})
        print(f"> {line}\n   off: {answers[False]!r}\n   on:  {answers[True]!r}")


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompt", nargs="?")
    parser.add_argument("--model", type=pathlib.Path, default=config.GGUF_PATH)
    parser.add_argument("--no-thinking", action="store_true")
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--probe", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    chat = Chat(arguments.model)
    if arguments.probe:
        run_probes(chat, arguments.temperature)
    elif arguments.prompt:
        print(
            chat.answer(
                [{"role": "user", "content": arguments.prompt}],
                None,
                not arguments.no_thinking,
                arguments.temperature,
            )
        )


if __name__ == "__main__":
    main()
