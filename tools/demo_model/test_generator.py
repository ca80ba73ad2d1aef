"""Tests of the generator, the renderer and, where it exists, the exported model file."""

import json

import pytest

import config
from generator.core import Gen, is_held_out
from generator.mix import make_sample, with_tools
from render import final_messages, prompt_and_answer, render_template, segments

SEEDS = range(300)


def whole_text(sample):
    """The training text of a sample."""
    return "".join(text for text, _ in segments(sample))


def test_same_seed_gives_same_conversation():
    for seed in SEEDS:
        assert make_sample(seed) == make_sample(seed)


def test_splits_differ():
    assert [make_sample(s, "train") for s in SEEDS] != [make_sample(s, "eval") for s in SEEDS]


def test_invented_words_respect_the_split():
    train, evaluation = Gen(1, "train"), Gen(1, "eval")
    assert not any(is_held_out(train.word()) for _ in range(500))
    assert all(is_held_out(evaluation.word()) for _ in range(500))


def test_template_renders_what_training_sees():
    for seed in SEEDS:
        sample = make_sample(seed)
        assert render_template(final_messages(sample), sample.tools or None, sample.thinking) == whole_text(
            sample
        )


def test_prompt_is_a_prefix_of_the_training_text():
    for seed in SEEDS:
        sample = make_sample(seed)
        messages, _ = prompt_and_answer(sample)
        prompt = render_template(messages, sample.tools or None, sample.thinking, True)
        assert whole_text(sample).startswith(prompt), prompt


def test_tool_calls_are_json_with_arguments_from_the_question():
    found = 0
    for seed in SEEDS:
        sample = make_sample(seed, kind=with_tools)
        names = [tool["function"]["name"] for tool in sample.tools]
        for index, message in enumerate(sample.messages):
            for call in message.get("tool_calls", []):
                function = json.loads(json.dumps(call["function"]))
                assert function["name"] in names
                found += check_arguments(sample, index, function["arguments"])
    assert found > 100


def check_arguments(sample, index, arguments):
    """Every free value must be written in the user's message; enum values may be translated."""
    question = [m["content"] for m in sample.messages[:index] if m["role"] == "user"][-1]
    enums = json.dumps([t for t in sample.tools if "enum" in json.dumps(t)], ensure_ascii=False)
    for value in arguments.values():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        assert shown in question or json.dumps(value, ensure_ascii=False) in enums, (shown, question)
    return len(arguments)


def test_arguments_given_as_text_render_like_objects():
    call = {"type": "function", "function": {"name": "f", "arguments": {"a": 1, "b": "\u6c34"}}}
    text = {"type": "function", "function": {"name": "f", "arguments": '{"a": 1, "b": "\u6c34"}'}}
    user = {"role": "user", "content": "x"}
    first, second = ([user, {"role": "assistant", "content": None, "tool_calls": [c]}] for c in (call, text))
    assert render_template(first) == render_template(second)


def test_old_reasoning_is_dropped():
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "secret"},
        {"role": "user", "content": "c"},
    ]
    assert "secret" not in render_template(messages, generate=True)


def test_thinking_switch():
    messages = [{"role": "user", "content": "a"}]
    assert render_template(messages, generate=True).endswith("<|im_start|>assistant\n")
    assert render_template(messages, thinking=False, generate=True).endswith("<think>\n\n</think>\n\n")


@pytest.mark.skipif(not config.GGUF_PATH.exists(), reason="no exported model yet")
def test_exported_file_matches_training():
    for package in ("gguf", "torch", "tokenizers", "regex"):
        pytest.importorskip(package, reason=f"{package} (tools/demo_model/requirements.txt) is not installed")
    from gguf_model import load_template, load_tokenizer

    template, tokenizer = load_template(config.GGUF_PATH), load_tokenizer(config.GGUF_PATH)
    for seed in range(60):
        sample = make_sample(seed)
        text = render_template(
            final_messages(sample), sample.tools or None, sample.thinking, template=template
        )
        assert text == whole_text(sample)
        assert tokenizer.decode(tokenizer.encode(text)) == text
        pieces = [i for part, _ in segments(sample) for i in tokenizer.encode(part)]
        assert pieces == tokenizer.encode(text)
