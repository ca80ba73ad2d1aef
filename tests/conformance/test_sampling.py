"""Sampling and limits of a request: C-104 to C-137."""
import re

import pytest

from target import LONG_TASK
from unit_tests import prove
from wire import choice, ok, refused, text, usage

FEW = {"max_tokens": 4}


def accepts(target, field, value, role="N") -> None:
    ok(target.chat(role, **{**FEW, field: value}))


def rejects(target, field, value, problem="Must be", role="N") -> None:
    refused(target.chat(role, **{field: value}), f"{field}: {problem}")


@pytest.mark.parametrize("value", [0, 0.7, 1, 2, 2.0])
def test_c_104_temperature(target, value):
    """temperature from 0 to 2."""
    accepts(target, "temperature", value)
    rejects(target, "temperature", -0.1, "Must be greater than or equal to 0")
    rejects(target, "temperature", 2.1, "Must be less than or equal to 2")


def test_c_105_greedy_repeats(target):
    """temperature 0 twice gives equal text."""
    assert len({text(target.chat("N", LONG_TASK, temperature=0)) for _ in range(3)}) == 1


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_c_106_top_p(target, value):
    """top_p from 0 to 1."""
    accepts(target, "top_p", value)
    rejects(target, "top_p", -0.1, "Must be greater than or equal to 0")
    rejects(target, "top_p", 1.01, "Must be less than or equal to 1")


@pytest.mark.parametrize("value, problem", [
    (-1, None), (0, None), (1, None), (50, None), (50.7, None), (100, None),
    (-2, "Must be greater than or equal to -1"), (0.5, "Must be greater than or equal to 1"),
    (-0.5, "Must be greater than or equal to 1"), (101, "Must be less than or equal to 100"),
    (100.5, "Must be less than or equal to 100"),
])
def test_c_107_top_k(target, value, problem):
    """top_k is -1, 0 or 1 to 100."""
    if problem is None:
        accepts(target, "top_k", value)
    else:
        rejects(target, "top_k", value, problem)


@pytest.mark.parametrize("temperature", [0.7, 1.5, 2])
def test_c_108_top_k_one_is_greedy(target, temperature):
    """top_k 1 equals greedy output at any temperature."""
    greedy = text(target.chat("N", LONG_TASK, temperature=0, max_tokens=60))
    assert text(target.chat("N", LONG_TASK, temperature=temperature, top_k=1, max_tokens=60)) == greedy
    assert text(target.chat("N", LONG_TASK, temperature=temperature, top_k=1.9, max_tokens=60)) == greedy


@pytest.mark.parametrize("value", [0, 0.05, 1])
def test_c_109_min_p(target, value):
    """min_p from 0 to 1 on a Qwen3 record."""
    accepts(target, "min_p", value, "M")
    rejects(target, "min_p", -0.1, "Must be greater than or equal to 0", "M")
    rejects(target, "min_p", 1.1, "Must be less than or equal to 1", "M")


def test_c_110_min_p_elsewhere(target):
    """min_p is checked on a record without it, and has no effect there."""
    def answers(role, **fields):
        return [text(target.chat(role, "Tell me a joke.", temperature=2, top_p=1, top_k=0, seed=seed, max_tokens=30,
                                 **fields)) for seed in range(4)]

    assert answers("BARE", min_p=0.5) == answers("BARE")
    rejects(target, "min_p", 1.5, "Must be less than or equal to 1", "BARE")
    if not target.foreign:  # where it counts it has one
        assert answers("N", min_p=0.5) != answers("N")


@pytest.mark.parametrize("field", ["frequency_penalty", "presence_penalty"])
def test_c_111_penalties(target, field):
    """frequency_penalty and presence_penalty from -2 to 2."""
    for value in (-2, 0, 2):
        accepts(target, field, value)
    rejects(target, field, -2.1, "Must be greater than or equal to -2")
    rejects(target, field, 2.1, "Must be less than or equal to 2")


def test_c_112_repetition_penalty(target):
    """repetition_penalty above 0 and up to 2."""
    for value in (0.1, 1.1, 2):
        accepts(target, "repetition_penalty", value)
    for value in (0, -1):
        rejects(target, "repetition_penalty", value, "Must be greater than 0")
    rejects(target, "repetition_penalty", 2.5, "Must be less than or equal to 2")


def same_as_absent(target, role, **defaults) -> None:
    for seed in range(6):
        asked = {"messages": "Tell me a joke.", "seed": seed, "max_tokens": 40}
        assert (choice(target.chat(role, **asked)) == choice(target.chat(role, **asked, **defaults)))
    assert len(ok(target.chat(role, **FEW))["choices"]) == 1


def test_c_113_defaults_of_a_vlm(target):
    """A VLM record's defaults are temperature 0.7, top_k 50, frequency_penalty 0.5, n 1."""
    same_as_absent(target, "V", temperature=0.7, top_k=50, frequency_penalty=0.5, n=1)
    if not target.foreign:
        prove("local", "MakeRecord.InputsBringTheSamplingDefaultsOfModelsThatSee")


def test_c_114_defaults_of_an_llm(target):
    """An LLM record's defaults are 0.7, 0.7, 50, 0 and 1."""
    same_as_absent(target, "N", temperature=0.7, top_p=0.7, top_k=50, frequency_penalty=0, n=1)
    if not target.foreign:
        prove("api", "RequestParser.UsesTheDefaultsOfALanguageModel_C114")


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("value", [0, -1])
def test_c_115_max_tokens_below_one(target, field, value):
    """max_tokens 0 and -1: 400/20015 with the known text."""
    assert refused(target.chat("N", **{field: value})) == f"{field}: Must be greater than or equal to 1"


def test_c_116_max_tokens_cuts(target):
    """max_tokens 5 with a long task: exactly 5 tokens and length."""
    reply = target.chat("N", LONG_TASK, max_tokens=5)
    assert choice(reply)["finish_reason"] == "length" and usage(reply)["completion_tokens"] == 5


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_c_117_max_tokens_over_the_context(target, field):
    """max_tokens at or above the context: 400/20015 with the known text."""
    context = target.context("N")
    for value in (context, context + 1, 10**9):
        assert (refused(target.chat("N", **{field: value}))
                == f"max_tokens ({value}) have exceeded max_seq_len ({context}) limit.")


def test_c_118_sum_over_the_context(target):
    """Prompt and max_tokens together over the context: 200."""
    reply = target.chat("N", max_tokens=target.context("N") - 1)
    assert choice(reply)["finish_reason"] in ("stop", "length")


@pytest.mark.parametrize("stream", [False, True])
def test_c_119_prompt_over_the_context(target, stream):
    """A prompt over the context: 400/20015 with both halves of the text, streamed or not."""
    context = target.context("N")
    message = refused(target.chat("N", "word " * (context + 10), stream=stream))
    found = re.fullmatch(r"number of input tokens \((\d+)\) has exceeded max_prompt_tokens \((\d+)\) limit\. "
                         r"This model's maximum context length is (\d+) tokens\.", message)
    assert found and int(found[1]) > context and found[2] == found[3] == str(context), message
    if not target.foreign:
        message = refused(target.chat("SHORT", "word " * 100, stream=stream))
        assert "has exceeded max_prompt_tokens (64) limit. This model's maximum context length is 2048" in message
        ok(target.chat("SHORT", **FEW))


def test_c_120_max_completion_tokens(target):
    """max_completion_tokens 5: at most 5 tokens."""
    reply = target.chat("N", LONG_TASK, max_completion_tokens=5)
    assert usage(reply)["completion_tokens"] <= 5 and choice(reply)["finish_reason"] == "length"


def test_c_121_both_limits(target):
    """Of two limits the tighter one shows."""
    for first, second in ((4, 9), (9, 4)):
        reply = target.chat("N", LONG_TASK, max_tokens=first, max_completion_tokens=second)
        assert usage(reply)["completion_tokens"] == 4 and choice(reply)["finish_reason"] == "length"


@pytest.mark.parametrize("value", ["x", ["a", "b", "c", "d"], None, [], "", ["", "", "", ""]], ids=str)
def test_c_122_stop_forms(target, value):
    """stop may be a text, up to four of them, null or empty."""
    accepts(target, "stop", value)
    refused(target.chat("N", stop=list("abcde")), "stop: List should have at most 4 items after validation, not 5")
    refused(target.chat("N", stop=[1]), "stop.0: Input should be a valid string")
    refused(target.chat("N", stop=5), "stop: Input should be a valid")


def test_c_123_stop(target):
    """The stop text never shows, and the finish reason is stop."""
    whole = text(target.chat("N", LONG_TASK, temperature=0))
    for stop in (whole[len(whole) // 2], whole[len(whole) // 3:][:3]):
        cut = choice(target.chat("N", LONG_TASK, temperature=0, stop=stop))
        assert cut["message"]["content"] == whole[:whole.index(stop)] and cut["finish_reason"] == "stop"


def test_c_124_stop_over_several_tokens(target):
    """A stop text that spans several tokens is honoured, the earliest of several first."""
    whole = text(target.chat("N", LONG_TASK, temperature=0))
    early, late = whole[20:32], whole[40:52]
    cut = choice(target.chat("N", LONG_TASK, temperature=0, stop=[late, early]))
    assert cut["message"]["content"] == whole[:whole.index(early)] and cut["finish_reason"] == "stop"


def test_c_125_stop_inside_reasoning(target):
    """A stop text inside the reasoning does not end the answer."""
    asked = {"messages": "What is 17 + 25?", "temperature": 0, "enable_thinking": True}
    message = choice(target.chat("M", **asked))["message"]
    thought, answer = message["reasoning_content"], message["content"]
    stops = [thought[at:at + 3] for at in range(len(thought) - 2) if thought[at:at + 3] not in answer][:4]
    assert stops, "the model only thinks what it says"
    assert choice(target.chat("M", **asked, stop=stops))["message"] == message


def test_c_126_long_stop(target):
    """A stop entry over the length limit: 400/20015."""
    accepts(target, "stop", "a" * 1024)
    refused(target.chat("N", stop=["b", "a" * 1025]), "stop.1: String should have at most 1024 bytes")
    refused(target.chat("N", stop="é" * 513), "stop")


def test_c_127_n_out_of_range(target):
    """n 0: 20015; 21: 20081; 2 where only one is allowed: 20066."""
    refused(target.chat("N", n=0), "n: Must be greater than or equal to 1")
    refused(target.chat("N", n=21), "n: Must be less than or equal to 20", code=20081)
    if not target.foreign:
        refused(target.chat("N", n=9), "n: Must be less than or equal to 8")
    refused(target.chat("BARE", n=2), "This model does not support n greater than 1.", code=20066)


def test_c_128_three_choices(target):
    """n = 3: three choices in order; the prompt is counted once."""
    one, three = (target.chat("N", LONG_TASK, n=n, **FEW) for n in (1, 3))
    assert [one["index"] for one in ok(three)["choices"]] == [0, 1, 2]
    assert usage(three)["prompt_tokens"] == usage(one)["prompt_tokens"]
    assert usage(three)["completion_tokens"] == 12


def test_c_129_seed(target):
    """A seed repeats; 1.5 and "a" are refused."""
    asked = {"messages": "Tell me a joke.", "temperature": 1, "max_tokens": 60}
    assert len({text(target.chat("N", seed=1, **asked)) for _ in range(3)}) == 1
    if not target.foreign:  # and it matters
        assert len({text(target.chat("N", seed=seed, **{**asked, "temperature": 2})) for seed in range(8)}) > 1
    for value in (1.5, "a", True, 2**63):
        refused(target.chat("N", seed=value), "seed")
    for value in (-2**63, 2**63 - 1, 0):
        accepts(target, "seed", value)


def test_c_130_logit_bias(target):
    """logit_bias 100 makes a token win, -100 removes it, 101 is refused."""
    won = target.chat("N", temperature=0, max_tokens=3, **target.biased("Hello", 100))
    assert text(won) == "HelloHelloHello"
    first = target.tokens(text(target.chat("N", LONG_TASK, temperature=0)))[0]
    without = text(target.chat("N", LONG_TASK, temperature=0, max_tokens=5, logit_bias={str(first): -100}))
    assert target.tokens(without)[0] != first
    for bias in ({"0": 101}, {"0": -101}, {"0": "1"}, {"x": 1}, {"-1": 1}, {"99999999": 1}, []):
        refused(target.chat("N", logit_bias=bias), "logit_bias")


def test_c_131_logprobs(target):
    """logprobs: one entry a token, two alternatives each, none above 0."""
    reply = target.chat("N", LONG_TASK, max_tokens=8, temperature=0, logprobs=True, top_logprobs=2)
    got = choice(reply)["logprobs"]
    assert got["refusal"] is None
    assert len(got["content"]) == usage(reply)["completion_tokens"] == 8
    assert "".join(entry["token"] for entry in got["content"]) == text(reply)
    assert bytes(byte for entry in got["content"] for byte in entry["bytes"]).decode() == text(reply)
    for entry in got["content"]:
        assert set(entry) == {"token", "logprob", "bytes", "top_logprobs"}
        top = [other["logprob"] for other in entry["top_logprobs"]]
        assert len(top) == 2 and 0 >= top[0] >= top[1] and entry["logprob"] <= 0
        assert top[0] == entry["logprob"]  # greedy takes the first
    alone = choice(target.chat("N", LONG_TASK, max_tokens=2, logprobs=True))["logprobs"]["content"]
    assert [entry["top_logprobs"] for entry in alone] == [[], []]


def test_c_132_top_logprobs_out_of_range(target):
    """top_logprobs 21, or 1 without logprobs: 400/20015."""
    refused(target.chat("N", logprobs=True, top_logprobs=21), "top_logprobs: Must be less than or equal to 20")
    refused(target.chat("N", logprobs=True, top_logprobs=-1), "top_logprobs: Must be greater than or equal to 0")
    refused(target.chat("N", top_logprobs=1), "top_logprobs: logprobs must be true")
    accepts(target, "top_logprobs", 0)


def test_c_133_no_logprobs(target):
    """Without logprobs the key is absent."""
    assert "logprobs" not in choice(target.chat("N", **FEW))
    assert "logprobs" not in choice(target.chat("N", logprobs=False, **FEW))


@pytest.mark.parametrize("value", [None, True, 5, "x", [1], {"a": []}], ids=str)
def test_c_134_ignored_fields(target, value):
    """user, metadata, store and the like take any value."""
    names = ["user", "metadata", "store", "service_tier", "prompt_cache_key", "safety_identifier", "verbosity",
             "prediction", "web_search_options", "audio", "include_reasoning", "provider", "stop_token_ids",
             "ignore_eos", "best_of", "guided_json", "timeout"]
    assert "service_tier" not in ok(target.chat("N", **FEW, **dict.fromkeys(names, value)))


def test_c_135_modalities(target):
    """modalities must hold text."""
    accepts(target, "modalities", ["text"])
    accepts(target, "modalities", ["text", "audio"])
    refused(target.chat("N", modalities=["audio"]), "modalities")
    refused(target.chat("N", modalities="text"), "modalities")


def test_c_136_prefix_and_suffix_unsupported(target):
    """prefix and suffix on records without the flags: 20030 and 20031; suffix alone: 20015."""
    refused(target.chat("BARE", prefix="a"), "Prefix completion is not supported for this model.", code=20030)
    refused(target.chat("N", prefix="a", suffix="b"), "FIM completion is not supported for this model.", code=20031)
    refused(target.chat("N", suffix="b"), "prefix: Field required")


@pytest.mark.parametrize("field", ["prefix", "suffix"])
def test_c_137_prefix_and_suffix_with_json(target, field):
    """prefix with JSON mode: 20033; suffix with it: 20032."""
    form = {"type": "json_object"}
    if field == "prefix":
        refused(target.chat("N", prefix="a", response_format=form),
                "Prefix completion cannot be used together with JSON mode.", code=20033)
    else:
        refused(target.chat("FIM", prefix="a", suffix="b", response_format=form),
                "FIM completion cannot be used together with JSON mode.", code=20032)
