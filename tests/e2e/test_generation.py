"""Answers of random models held to random schemas: an independent validator accepts each of them.

A slice in `make test`; a thousand of each kind for each family in `make soak`, which sets MILLRACE_GENERATIONS. With
MILLRACE_GENERATION_TIMES=FILE each request leaves a line there: seconds, tokens, body.
"""
import concurrent.futures
import json
import os
import random
import time

import pytest

from support.answers import Refused, ask
from support.families import FAMILIES
from support.schemas import Schemas, problem_with

SEED = 20260801
GENERATIONS = int(os.environ.get("MILLRACE_GENERATIONS", "12"))  # choices of each kind, for each family
CLIENTS = 6
TOKENS = 2500  # of an answer; the context of the models is 4096
BUDGET = 128
QUESTIONS = ["Tell me about Paris.", "随便说点什么", "List three things.", "What is 3 + 4?"]

every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def fields_of(family, dice: random.Random) -> dict:
    """A request without what holds its answer. The penalty leads a model with random weights out of what it repeats:
    recursion and lists of calls."""
    thinking = {"enable_thinking": dice.random() < 0.3} if family.hybrid else {}
    return {"model": family.name, "messages": [{"role": "user", "content": dice.choice(QUESTIONS)}],
            "max_tokens": TOKENS, "frequency_penalty": 2, "temperature": dice.choice([0, 0.7, 1.3]),
            "seed": dice.randrange(2**31), "n": dice.choice([1, 1, 3]), "stream": dice.random() < 0.5,
            "thinking_budget": BUDGET, **thinking}


def tools_of(dice: random.Random) -> list[dict]:
    return [{"type": "function", "function": {
        "name": f"tool_{number}", "strict": dice.random() < 0.5, "parameters": Schemas(dice).parameters()}}
        for number in range(dice.randint(1, 3))]


def problem_of_json(choice, body: dict) -> str | None:
    if choice.finish != "stop" or choice.calls:
        return f"it ended with {choice.finish}"
    return problem_with(choice.content, body["response_format"]["json_schema"]["schema"])


def problem_of_calls(choice, body: dict) -> str | None:
    if choice.finish != "tool_calls" or choice.content or not choice.calls:
        return f"it ended with {choice.finish}, content {choice.content!r}, {len(choice.calls)} calls"
    wanted = body["tool_choice"]
    if (wanted != "required" or not body["parallel_tool_calls"]) and len(choice.calls) != 1:
        return f"{len(choice.calls)} calls"
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in body["tools"]}
    for name, arguments in choice.calls:
        if wanted not in ("required", {"type": "function", "function": {"name": name}}):
            return f"a call of {name}"
        if problem := problem_with(arguments, schemas[name]):
            return f"{name}: {problem}"
    return None


def run_all(server, make_body, problem_of) -> None:
    """Asks until there were enough choices; fails with each that is wrong, and how to get it again."""
    def one(number: int) -> tuple[int, list[str]]:
        body = make_body(number)
        began = time.monotonic()
        try:
            answer = ask(server, body)
        except Refused as refused:
            return 1, [f"{number}: {refused}: {json.dumps(body, ensure_ascii=False)}"]
        if report := os.environ.get("MILLRACE_GENERATION_TIMES"):
            with open(report, "a", encoding="utf-8") as file:
                file.write(f"{time.monotonic() - began:.3f} {answer.completion_tokens} {json.dumps(body)}\n")
        return len(answer.choices), [
            f"{number}: {problem}: {choice} {json.dumps(body, ensure_ascii=False)}"
            for choice in answer.choices if (problem := problem_of(choice, body))]

    count, number, wrong = 0, 0, []
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        while count < GENERATIONS:
            for made, problems in pool.map(one, range(number, number + 2 * CLIENTS)):
                count += made
                wrong += problems
            number += 2 * CLIENTS
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong[:20])


@every_family
def test_answers_fit_their_schema(families, family):
    families.model(family)

    def body(number: int) -> dict:
        dice = random.Random(f"{SEED}-{family.name}-{number}")
        schema = {"name": "answer", "schema": Schemas(dice).any()}
        return {**fields_of(family, dice), "response_format": {"type": "json_schema", "json_schema": schema}}

    run_all(families.server, body, problem_of_json)


@every_family
def test_forced_calls_fit_their_tools(families, family):
    families.model(family)

    def body(number: int) -> dict:
        dice = random.Random(f"{SEED}-calls-{family.name}-{number}")
        tools = tools_of(dice)
        named = {"type": "function", "function": {"name": dice.choice(tools)["function"]["name"]}}
        return {**fields_of(family, dice), "tools": tools, "tool_choice": dice.choice(["required", named]),
                "parallel_tool_calls": dice.random() < 0.5}

    run_all(families.server, body, problem_of_calls)
