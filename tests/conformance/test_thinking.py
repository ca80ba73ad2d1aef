"""Thinking: switches, budgets, effort: C-138 to C-159."""
import pytest

from target import LONG_TASK
from wire import choice, ok, refused, usage

TASK = "What is 17 + 25?"
DEFAULT_AGENTS = ["claude-cli/1.0 (external, cli)", "opencode/1.0", "Claude-Code/2"]


def reasons(reply) -> bool:
    """Whether the reply reasons; text and count must agree."""
    message, count = choice(reply)["message"], usage(reply)["completion_tokens_details"]["reasoning_tokens"]
    assert ("reasoning_content" in message) == (count > 0), str(reply)
    assert message.get("reasoning_content", "x") != ""
    return count > 0


def test_c_138_on(target):
    """enable_thinking true on a hybrid model: reasoning."""
    assert reasons(target.chat("M", TASK, enable_thinking=True))
    assert reasons(target.chat("DSV3", TASK, enable_thinking=True))


def test_c_139_off(target):
    """enable_thinking false: no reasoning_content and no reasoning tokens."""
    assert not reasons(target.chat("M", TASK, enable_thinking=False))


@pytest.mark.parametrize("value", [True, False])
def test_c_140_switch_on_another_model(target, value):
    """The switch on a model that cannot switch: 400/20015."""
    refused(target.chat("N", TASK, enable_thinking=value),
            "Value error, current model does not support parameter `enable_thinking`")


@pytest.mark.parametrize("value", [True, False])
def test_c_141_switch_ignored(own, value):
    """With inapplicable_thinking=ignore: 200."""
    assert not reasons(own(api={"inapplicable_thinking": "ignore"}, roles=["N"]).chat("N", enable_thinking=value))


@pytest.mark.parametrize("value", ["true", 1, 0, []], ids=str)
def test_c_142_switch_of_another_type(target, value):
    """A switch that is no boolean: 400/20015."""
    for role in ("M", "N"):
        refused(target.chat(role, enable_thinking=value), "enable_thinking: Input should be a valid boolean")


def test_c_143_default(target):
    """Without a switch the record decides."""
    assert reasons(target.chat("M", TASK))
    assert not reasons(target.chat("DSV3", TASK))
    assert not reasons(target.chat("N", TASK))


@pytest.mark.parametrize("value, problem", [
    (128, None), (32768, None), (127, "Must be greater than or equal to 128"),
    (0, "Must be greater than or equal to 128"), (32769, "Must be less than or equal to 32768"),
    ("128", "Input should be a valid integer"),
])
def test_c_144_budget(target, value, problem):
    """thinking_budget from 128 to 32768."""
    reply = target.chat("M", thinking_budget=value)
    if problem is None:
        ok(reply)
    else:
        assert refused(reply) == f"thinking_budget: {problem}"


def test_c_145_budget_is_checked_everywhere(target):
    """A bad budget is refused with thinking off and on a model that never reasons."""
    for role, more in (("M", {"enable_thinking": False}), ("N", {})):
        for value in (127, 32769):
            refused(target.chat(role, thinking_budget=value, **more), "thinking_budget: Must be")


def test_c_146_budget_elsewhere(target):
    """A good budget on a model that never reasons: 200."""
    assert not reasons(target.chat("N", thinking_budget=1000))


def cut_thought(target):
    """A thought that meets its budget of 128 tokens. Our own model thinks briefly; it is kept from ending."""
    more = {} if target.foreign else target.biased("</think>", -100)
    task = "Prove that the square root of 2 is irrational, in every way." if target.foreign else "Tell me a joke."
    return target.chat("M", task, thinking_budget=128, enable_thinking=True, temperature=0, **more)


def test_c_147_budget_cuts(target):
    """With budget 128 at most 128 tokens are reasoning, and an answer follows."""
    reply = cut_thought(target)
    reasoning = usage(reply)["completion_tokens_details"]["reasoning_tokens"]
    assert reasoning == 128 if not target.foreign else 0 < reasoning <= 128
    assert choice(reply)["message"]["content"]


def test_c_148_budget_is_no_length(target):
    """A cut of the thought is not the finish reason length."""
    assert choice(cut_thought(target))["finish_reason"] == "stop"


def test_c_149_max_tokens_counts_the_answer(target):
    """max_tokens with thinking counts the answer only."""
    reply = target.chat("M", LONG_TASK, max_tokens=10, enable_thinking=True, temperature=0)
    numbers = usage(reply)
    answer = numbers["completion_tokens"] - numbers["completion_tokens_details"]["reasoning_tokens"]
    assert reasons(reply) and choice(reply)["finish_reason"] == "length"
    assert 10 <= answer <= 14  # delimiters may count


def test_c_150_max_tokens_counts_all(own):
    """With max_tokens_scope=total it counts everything."""
    reply = own(api={"max_tokens_scope": "total"}, roles=["M"]).chat("M", LONG_TASK, max_tokens=10, temperature=0)
    assert reasons(reply) and usage(reply)["completion_tokens"] <= 10


def test_c_151_limit_inside_reasoning(target):
    """max_completion_tokens that end inside the reasoning: empty content and length."""
    reply = target.chat("M", TASK, max_completion_tokens=5, enable_thinking=True)
    assert reasons(reply)
    assert choice(reply)["message"]["content"] == "" and choice(reply)["finish_reason"] == "length"


@pytest.mark.parametrize("seed", range(6))
def test_c_152_no_delimiters(target, seed):
    """Neither <think> nor </think> shows, in whole answers or streams."""
    asked = {"messages": TASK, "temperature": 1.2, "seed": seed, "thinking_budget": 128}
    message = choice(target.chat("M", **asked))["message"]
    stream = target.stream("M", **asked)
    for shown in (message["content"], message.get("reasoning_content", ""), stream.joined("content"),
                  stream.joined("reasoning_content")):
        assert "<think>" not in shown and "</think>" not in shown
    assert not message.get("reasoning_content", "").startswith("\n") and not message["content"].startswith("\n")


@pytest.mark.parametrize("given, effective", [("low", "high"), ("medium", "high"), ("high", "high"), ("xhigh", "max"),
                                              ("max", "max"), ("minimal", "high")])
def test_c_153_effort(target, given, effective):
    """reasoning_effort is mapped to high or max."""
    reply = target.chat("EFFORT", reasoning_effort=given)
    assert reasons(reply)
    target.logged(reply, f"effort={effective}")


@pytest.mark.parametrize("agent, effective", [("curl/8", "high"), *[(agent, "max") for agent in DEFAULT_AGENTS],
                                              ("my claude-cli", "high")])
def test_c_154_effort_by_agent(target, agent, effective):
    """Without an effort it is high, and max for agents."""
    reply = target.chat("EFFORT", headers=(f"User-Agent: {agent}",))
    ok(reply)
    target.logged(reply, f"effort={effective}")


@pytest.mark.parametrize("agent", DEFAULT_AGENTS)
def test_c_155_explicit_effort_wins(target, agent):
    """An explicit effort beats the agent."""
    reply = target.chat("EFFORT", reasoning_effort="low", headers=(f"User-Agent: {agent}",))
    ok(reply)
    target.logged(reply, "effort=high")


@pytest.mark.parametrize("role", ["M", "N", "EFFORT", "BARE"])
def test_c_156_unknown_effort(target, role):
    """An unknown effort: 400/20015 everywhere; a known one is ignored elsewhere."""
    refused(target.chat(role, reasoning_effort="turbo"), "reasoning_effort: Input should be '")
    refused(target.chat(role, reasoning_effort=5), "reasoning_effort: Input should be a valid string")
    ok(target.chat(role, reasoning_effort="high", max_tokens=4))


def test_c_157_effort_none(target):
    """Effort none: no reasoning, unless a switch says on."""
    assert not reasons(target.chat("EFFORT", TASK, reasoning_effort="none"))
    assert reasons(target.chat("EFFORT", TASK, reasoning_effort="none", enable_thinking=True))


@pytest.mark.parametrize("switch", [
    {"thinking": {"type": "disabled"}}, {"chat_template_kwargs": {"enable_thinking": False}},
    {"chat_template_kwargs": {"thinking": False}}, {"chat_template_args": {"enable_thinking": False}},
], ids=str)
def test_c_158_aliases(target, switch):
    """The aliases switch a hybrid model off and are ignored elsewhere."""
    assert not reasons(target.chat("M", TASK, **switch))
    assert not reasons(target.chat("N", TASK, **switch))
    ok(target.chat("N", TASK, thinking={"type": "enabled", "budget_tokens": 5}))
    refused(target.chat("N", thinking={"type": "maybe"}), "thinking.type: Input should be")
    refused(target.chat("N", chat_template_kwargs=5), "chat_template_kwargs: Input should be a valid dictionary")


def test_c_159_precedence(target):
    """enable_thinking beats thinking.type, which beats the template's."""
    assert reasons(target.chat("M", TASK, enable_thinking=True, thinking={"type": "disabled"}))
    assert not reasons(target.chat("M", TASK, enable_thinking=False, thinking={"type": "enabled"}))
    assert reasons(target.chat("M", TASK, thinking={"type": "enabled"},
                               chat_template_kwargs={"enable_thinking": False}))
