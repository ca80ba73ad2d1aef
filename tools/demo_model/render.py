"""Conversations to text: the Jinja chat template, and the same text cut into segments with training weights."""

import json
import pathlib

import jinja2

TEMPLATE_TEXT = (pathlib.Path(__file__).resolve().parent / "chat_template.jinja").read_text(encoding="utf-8")


def to_json(value):
    """JSON as chat templates expect it: key order and non-ASCII kept."""
    return json.dumps(value, ensure_ascii=False)


def environment():
    """A Jinja environment with the template's filters."""
    env = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    env.filters["tojson"] = to_json
    return env


_TEMPLATE = environment().from_string(TEMPLATE_TEXT)


def render_template(messages, tools=None, thinking=True, generate=False, template=_TEMPLATE):
    """The prompt text that a server makes with the chat template."""
    return template.render(
        messages=messages, tools=tools, add_generation_prompt=generate, enable_thinking=thinking
    )


def last_query(messages):
    """Index of the last user message."""
    return max(i for i, m in enumerate(messages) if m["role"] == "user")


def final_messages(sample):
    """The messages as this sample's thinking mode has them: reasoning kept or dropped, working shown or not."""
    result, last = [], last_query(sample.messages)
    for index, message in enumerate(sample.messages):
        message = dict(message)
        shown = message.pop("content_without_thinking", None)
        if message["role"] == "assistant":
            thinks = sample.thinking and index > last
            if not thinks:
                message.pop("reasoning_content", None)
                message["content"] = shown or message["content"]
        result.append(message)
    return result


def assistant_body(message):
    """What the model has to write after the think block, with its end mark."""
    parts = [message["content"]] if message["content"] else []
    for call in message.get("tool_calls", []):
        function = call["function"]
        parts.append(
            '<tool_call>\n{"name": "%s", "arguments": %s}\n</tool_call>'
            % (function["name"], to_json(function["arguments"]))
        )
    return "\n".join(parts) + "<|im_end|>"


def segments(sample):
    """[(text, is_target)] whose concatenation equals the template's rendering of the whole conversation."""
    messages = final_messages(sample)
    last, out, rest = last_query(messages), [], list(messages)
    system = rest.pop(0)["content"] if rest[0]["role"] == "system" else ""
    if system or sample.tools:
        lines = "\n".join(["Tools:"] + [to_json(t) for t in sample.tools]) if sample.tools else ""
        out.append(
            (
                f"<|im_start|>system\n{system}{chr(10) * 2 if system and lines else ''}{lines}<|im_end|>\n",
                False,
            )
        )
    offset = len(messages) - len(rest)
    for index, m in enumerate(rest, offset):
        if m["role"] == "user":
            out.append((f"<|im_start|>user\n{m['content'].strip()}<|im_end|>\n", False))
        elif m["role"] == "tool":
            out.append(
                (
                    f"<|im_start|>user\n<tool_response>\n{m['content'].strip()}\n</tool_response><|im_end|>\n",
                    False,
                )
            )
        else:
            out.append(("<|im_start|>assistant\n", False))
            reasoning = m.get("reasoning_content", "")
            out.append((f"<think>\n{reasoning}\n</think>\n\n", bool(reasoning)))
            out.append((assistant_body(m), True))
            out.append(("\n", False))
    return out


def prompt_and_answer(sample):
    """(prompt messages, index of the first message the model has to write) of the last turn, for evaluation."""
    messages = final_messages(sample)
    last = last_query(messages)
    cut = max([i for i, m in enumerate(messages) if m["role"] == "tool" and i > last], default=last) + 1
    return messages[:cut], cut
