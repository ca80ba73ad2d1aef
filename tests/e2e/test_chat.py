"""Answers as the clients see them: usage, streaming, limits, stops, seeds, choices."""
import concurrent.futures
import random

import openai
import pytest

from conftest import MODEL


def ask(client, text: str, **options):
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}], **options)


def off(**options):
    return {"extra_body": {"enable_thinking": False, **options}}


def test_usage_has_seven_true_numbers(client):
    usage = ask(client, "What is 2 + 3?", temperature=0, extra_body={"enable_thinking": True}).usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    reasoning = usage.completion_tokens_details.reasoning_tokens
    assert 0 < reasoning <= usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens == usage.prompt_cache_hit_tokens
    assert usage.prompt_cache_hit_tokens + usage.prompt_cache_miss_tokens == usage.prompt_tokens


def test_thinking_switch_decides_whether_there_is_reasoning(client):
    on = ask(client, "What is 7 + 5?", temperature=0, extra_body={"enable_thinking": True})
    assert on.choices[0].message.reasoning_content
    assert "think>" not in on.choices[0].message.content + on.choices[0].message.reasoning_content
    without = ask(client, "What is 7 + 5?", temperature=0, **off())
    assert getattr(without.choices[0].message, "reasoning_content", None) is None
    assert without.usage.completion_tokens_details.reasoning_tokens == 0


@pytest.mark.parametrize("seed", range(8))
def test_streamed_text_and_usage_equal_the_unstreamed(client, seed):
    question = random.Random(seed).choice(["Tell me a joke.", "你是谁?", "What is 12 + 30?", "How do I start the server?"])
    plain = ask(client, question, seed=seed, temperature=1.0)
    content, reasoning, last = "", "", None
    stream = ask(client, question, seed=seed, temperature=1.0, stream=True, stream_options={"include_usage": True})
    for chunk in stream:
        if chunk.choices:
            content += chunk.choices[0].delta.content or ""
            reasoning += getattr(chunk.choices[0].delta, "reasoning_content", None) or ""
        last = chunk
    message = plain.choices[0].message
    assert content == message.content
    assert reasoning == (getattr(message, "reasoning_content", None) or "")
    assert last.usage.completion_tokens == plain.usage.completion_tokens


def test_max_tokens_cuts_the_answer_exactly(client):
    reply = ask(client, "How do I start the server?", max_tokens=5, **off())
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 5


def test_stop_never_shows_and_finishes_with_stop(client):
    whole = ask(client, "How do I start the server?", temperature=0, **off()).choices[0].message.content
    stop = whole[len(whole) // 2:][:3]
    cut = ask(client, "How do I start the server?", temperature=0, stop=stop, **off()).choices[0]
    assert cut.finish_reason == "stop"
    assert cut.message.content == whole[:whole.index(stop)]


def test_n_choices_share_the_prompt_and_have_their_own_seeds(client):
    three = ask(client, "Tell me a joke.", n=3, seed=11, temperature=1.5, **off())
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    one = ask(client, "Tell me a joke.", seed=12, temperature=1.5, **off())
    assert three.choices[1].message.content == one.choices[0].message.content
    assert three.usage.prompt_tokens == one.usage.prompt_tokens


def test_same_seed_same_bytes_alone_and_among_others(server, client):
    def answer(seed: int) -> str:
        reply = ask(client, "Tell me about yourself and how to use you.", seed=seed, temperature=1.0)
        message = reply.choices[0].message
        return (getattr(message, "reasoning_content", None) or "") + "|" + message.content

    alone = [answer(seed) for seed in range(9)]
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        together = list(pool.map(answer, range(9)))
    assert together == alone


def test_same_seed_same_bytes_with_one_and_two_threads(start, tmp_path):
    texts = []
    for threads in ("1", "2"):
        own = start("--threads", threads, data=tmp_path / threads)
        client = openai.OpenAI(base_url=own.base_url, api_key=own.key, max_retries=0)
        texts.append([ask(client, "How do I use this server?", seed=seed, temperature=1.0).choices[0].message.content
                      for seed in range(4)])
        own.stop()
    assert texts[0] == texts[1]


def test_second_turn_reuses_the_first_ones_prefix(client):
    first = [{"role": "user", "content": "My name is Ottilie. " + "Please remember it well. " * 12}]
    reply = client.chat.completions.create(model=MODEL, messages=first, temperature=0, **off())
    turns = first + [{"role": "assistant", "content": reply.choices[0].message.content},
                     {"role": "user", "content": "What is my name?"}]
    again = client.chat.completions.create(model=MODEL, messages=turns, temperature=0, **off())
    assert again.usage.prompt_tokens_details.cached_tokens > 0


def test_prompt_over_the_context_is_refused_not_cut(client):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, "word " * 60000)
    assert caught.value.status_code == 400
    assert "maximum context length is" in str(caught.value)


def test_tool_round_trip(client):
    from test_examples import TOOLS
    messages = [{"role": "user", "content": "What is the weather like in Paris?"}]
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS, temperature=0)
    call = first.choices[0].message
    assert call.tool_calls
    messages += [call.model_dump(exclude_none=True),
                 {"role": "tool", "tool_call_id": call.tool_calls[0].id,
                  "content": '{"temperature": 21, "condition": "sunny"}'}]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS, temperature=0)
    assert "21" in answer.choices[0].message.content
