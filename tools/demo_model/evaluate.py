"""Measures the exported GGUF on held-out prompts: other seeds, and words and names never trained on.

Greedy decoding from the dequantised weights. Prints a Markdown table and writes evaluation.json.
"""

import argparse
import collections
import functools
import json
import pathlib
import re

import torch

import config
from generator import arithmetic, chat, extract, mix, textops
from generator.core import Gen
from gguf_model import generate_batch, load_model, load_template, load_tokenizer
from render import prompt_and_answer, render_template

BATCH = 25
SINGLE = {
    "small talk": chat.smalltalk,
    "server how-to": chat.howto,
    "says it does not know": chat.unknown,
    "capitals, opposites, calendar": chat.knowledge,
    "sums": arithmetic.arithmetic,
    "story sums": arithmetic.word_problem,
    "comparing numbers": arithmetic.compare,
    "counting": arithmetic.counting,
    "exact repetition": textops.repeat,
    "repetition n times": textops.repeat_times,
    "upper and lower case": textops.letter_case,
    "word lists": textops.word_order,
    "sorting numbers": textops.sort_numbers,
    "word translation": textops.translate,
    "replacing a word": textops.replace,
    "spelling": textops.spell,
    "extraction": extract.extract,
    "JSON object": extract.json_object,
}
TOOL_SKILLS = {"tool_call": "tool call", "tool_result": "answer from tool result", "no_tool": "no tool fits"}


def persona(g, lang):
    """A name or language given by the system prompt."""
    return (mix.persona if g.chance(0.6) else mix.other_language)(g, lang)


def memory(g, lang):
    """A dialogue whose last question is about an earlier turn."""
    while True:
        sample = mix.dialogue(g, lang)
        if sample.skill == "memory":
            return sample


def tool_sample(skill, g, lang):
    """A conversation with tools whose last turn is of this skill."""
    while True:
        sample = mix.with_tools(g, lang)
        if sample.skill == skill:
            return sample


def makers():
    """Row name -> function(g, lang) that makes a sample."""
    table = {
        name: functools.partial(lambda g, lang, f: mix.single(g, lang, f), f=f) for name, f in SINGLE.items()
    }
    table["system prompt obeyed"] = persona
    table["memory in dialogue"] = memory
    for skill, name in TOOL_SKILLS.items():
        table[name] = functools.partial(tool_sample, skill)
    return table


def split_answer(text, thinking):
    """The visible answer, or None when the think block never ends."""
    if not thinking:
        return text
    return text.split("</think>\n\n", 1)[1] if "</think>\n\n" in text else None


def parse_calls(answer):
    """[(name, arguments)] of all tool calls, or None when one is not valid."""
    calls = []
    for body in re.findall(r"<tool_call>\n(.*?)\n</tool_call>", answer, re.S):
        try:
            call = json.loads(body)
            calls.append((call["name"], call["arguments"]))
        except (ValueError, KeyError):
            return None
    return calls


def is_right(check, answer):
    """Applies a sample's check to the visible answer."""
    kind, expected = check
    if answer is None:
        return False
    if kind == "exact":
        return answer == expected
    if kind == "oneof":
        return answer in expected
    if kind == "number":
        found = re.findall(r"-?\d+", answer)
        return bool(found) and int(found[-1]) == expected
    return parse_calls(answer) == [tuple(call) for call in expected]


def answers(loaded, samples):
    """The texts the model writes for `samples`, in order; similar lengths are run together."""
    model, tokenizer, template = loaded
    prompts = []
    for sample in samples:
        messages, _ = prompt_and_answer(sample)
        prompts.append(
            tokenizer.encode(render_template(messages, sample.tools or None, sample.thinking, True, template))
        )
    texts = [""] * len(samples)
    order = sorted(range(len(samples)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        for index, ids in zip(part, generate_batch(model, [prompts[i] for i in part], tokenizer.end_id)):
            texts[index] = tokenizer.decode(ids)
    return texts


def run(path, count, verbose, only):
    """Scores[row][(lang, thinking)] = right answers out of `count`."""
    loaded = load_model(path), load_tokenizer(path), load_template(path)
    scores = collections.defaultdict(dict)
    for name, make in makers().items():
        if only and only not in name:
            continue
        for lang in ("en", "zh"):
            for thinking in (False, True):
                samples = [make(Gen(f"{name}-{lang}-{number}", "eval"), lang) for number in range(count)]
                for sample in samples:
                    sample.thinking = thinking
                right = 0
                for sample, text in zip(samples, answers(loaded, samples)):
                    ok = is_right(sample.check, split_answer(text, thinking))
                    right += ok
                    if verbose and not ok:
                        user = prompt_and_answer(sample)[0][-1]["content"]
                        print(
                            json.dumps(
                                {"row": name, "user": user, "got": text, "want": str(sample.check[1])},
                                ensure_ascii=False,
                            )
                        )
                scores[name][f"{lang} {'on' if thinking else 'off'}"] = right
        print(name, dict(scores[name]), flush=True)
    return scores


def table(scores, count):
    """The scores as Markdown, in per cent."""
    columns = ["en off", "en on", "zh off", "zh on"]
    lines = [
        "| skill | EN, thinking off | EN, thinking on | ZH, thinking off | ZH, thinking on |",
        "|---|---|---|---|---|",
    ]
    for name, row in scores.items():
        lines.append(f"| {name} | " + " | ".join(f"{100 * row[c] / count:.0f} %" for c in columns) + " |")
    total = [100 * sum(row[c] for row in scores.values()) / (count * len(scores)) for c in columns]
    lines.append("| **mean of all rows** | " + " | ".join(f"{t:.1f} %" for t in total) + " |")
    return "\n".join(lines)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=pathlib.Path, default=config.GGUF_PATH)
    parser.add_argument(
        "--count", type=int, default=50, help="prompts for each row, language and thinking mode"
    )
    parser.add_argument("--verbose", action="store_true", help="print every wrong answer")
    parser.add_argument("--only", default="", help="only rows whose name has this text")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    scores = run(arguments.model, arguments.count, arguments.verbose, arguments.only)
    config.WORK_DIR.mkdir(parents=True, exist_ok=True)
    (config.WORK_DIR / "evaluation.json").write_text(
        json.dumps({"count": arguments.count, "scores": scores}, indent=1)
    )
    print(table(scores, arguments.count))


if __name__ == "__main__":
    main()
