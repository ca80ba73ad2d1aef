"""Messages and their sequence: C-074 to C-103."""
import pytest

from pictures import data_url, picture
from wire import ok, refused, text, usage

FEW = {"max_tokens": 4}
PIXEL = data_url(picture("PNG", 1, 1))


def user(content="hi", **more) -> dict:
    return {"role": "user", "content": content, **more}


def system(content="Be brief.") -> dict:
    return {"role": "system", "content": content}


def assistant(content=..., **more) -> dict:
    whole = {"role": "assistant", "content": content, **more}
    return {key: value for key, value in whole.items() if value is not ...}


def call(identifier="call_1", **changes) -> dict:
    whole = {"id": identifier, "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}, **changes}
    return {key: value for key, value in whole.items() if value is not ...}


def result(identifier="call_1", content="done") -> dict:
    whole = {"role": "tool", "tool_call_id": identifier, "content": content}
    return {key: value for key, value in whole.items() if value is not ...}


def prompt(target, messages, role="N", **fields) -> int:
    return usage(target.chat(role, messages, **{**FEW, **fields}))["prompt_tokens"]


def same_answer(target, one, other) -> None:
    first, second = (target.chat("N", messages, temperature=0, max_tokens=12) for messages in (one, other))
    assert usage(first)["prompt_tokens"] == usage(second)["prompt_tokens"]
    assert text(first) == text(second)


def test_c_074_system_and_user(target):
    """A system and a user message as strings: 200."""
    ok(target.chat("N", [system(), user()], **FEW))


@pytest.mark.parametrize("messages", [[user()], [system()], [system(), system("Really.")]], ids=["user", "system",
                                                                                                "systems"])
def test_c_075_one_role_alone(target, messages):
    """Only user or only system messages: 200."""
    ok(target.chat("N", messages, **FEW))


def test_c_076_developer(target):
    """The role developer behaves as system."""
    same_answer(target, [{**system(), "role": "developer"}, user()], [system(), user()])


def test_c_077_role_image_url(target):
    """The role image_url of the documented JavaScript sample: 400/20015 naming it."""
    odd = {"role": "image_url", "image_url": {"url": "https://example.com/a.jpg"}}
    message = refused(target.chat("N", [user(), odd]))
    assert message == ("Input tag 'image_url' found using 'role' does not match any of the expected tags: "
                       "'system', 'user', 'assistant', 'tool'")


def test_c_078_role_missing_or_misspelt(target):
    """A missing role: 400/20015; a capital letter makes it unknown."""
    assert refused(target.chat("N", [{"content": "hi"}])) == "messages.0.role: Field required"
    refused(target.chat("N", [{"role": "User", "content": "hi"}]), "Input tag 'User' found using 'role'")
    refused(target.chat("N", [{"role": 5, "content": "hi"}]), "messages.0.role: Input should be a valid string")


def test_c_079_user_content(target):
    """User content must be there and not an empty list; an empty text is fine."""
    assert refused(target.chat("N", [user(None)])) == "messages.0.content: Field required"
    assert refused(target.chat("N", [{"role": "user"}])) == "messages.0.content: Field required"
    assert (refused(target.chat("N", [user([])]))
            == "messages.0.content: List should have at least 1 item after validation, not 0")
    ok(target.chat("N", [user("")], **FEW))


@pytest.mark.parametrize("content", [5, {}, True], ids=str)
def test_c_080_content_of_another_type(target, content):
    """User content of another type: 400/20015."""
    refused(target.chat("N", [user(content)]), "messages.0.content: Input should be a valid")


def test_c_081_one_text_part(target):
    """One text part equals the plain string."""
    same_answer(target, [user([{"type": "text", "text": "How are you?"}])], [user("How are you?")])


def test_c_082_text_parts_are_joined(target):
    """Text parts are joined by a newline."""
    parts = [{"type": "text", "text": word} for word in ("One.", "Two.", "")]
    same_answer(target, [user(parts)], [user("One.\nTwo.\n")])


@pytest.mark.parametrize("kind", ["file", "image", "input_image", "x", ""])
def test_c_083_unknown_part(target, kind):
    """An unknown part type: 400/20015 naming the part."""
    parts = [{"type": "text", "text": "a"}, {"type": kind, kind: {}}]
    refused(target.chat("N", [user(parts)]), "messages.0.content.1.type: Input should be")


def test_c_084_text_part_without_text(target):
    """A text part without text: 400/20015."""
    assert (refused(target.chat("N", [user([{"type": "text"}])])) == "messages.0.content.0.text: Field required")
    refused(target.chat("N", [user([{"text": "a"}])]), "messages.0.content.0.type: Field required")
    refused(target.chat("N", [user(["a"])]), "messages.0.content.0")


@pytest.mark.parametrize("content", [None, ..., ""], ids=["null", "absent", "empty"])
def test_c_085_call_and_result(target, content):
    """An assistant message with calls and no content, then its result: 200."""
    ok(target.chat("N", [user(), assistant(content, tool_calls=[call()]), result()], **FEW))


@pytest.mark.parametrize("more", [{}, {"tool_calls": None}, {"tool_calls": []}], ids=["bare", "null", "empty"])
def test_c_086_empty_assistant(target, more):
    """An assistant message with nothing in it: 400/20015."""
    assert refused(target.chat("N", [user(), assistant(None, **more)])) == "messages.1.content: Field required"


def test_c_087_no_calls(target):
    """Empty tool_calls beside content: 200."""
    ok(target.chat("N", [user(), assistant("Yes?", tool_calls=[]), user()], **FEW))


@pytest.mark.parametrize("broken, path", [
    ({"type": ...}, None), ({"type": None}, None), ({"type": "x"}, "type"), ({"id": ...}, "id"), ({"id": ""}, "id"),
    ({"function": {"arguments": "{}"}}, "function.name"), ({"function": ...}, "function"), ({"index": 3}, None),
], ids=["no type", "null type", "type x", "no id", "empty id", "no name", "no function", "index"])
def test_c_088_echoed_call(target, broken, path):
    """An echoed call needs id and name; its type may be left out but not be another."""
    reply = target.chat("N", [user(), assistant(None, tool_calls=[call(**broken)]), result()], **FEW)
    if path is None:
        ok(reply)
    else:
        refused(reply, f"messages.1.tool_calls.0.{path}")


@pytest.mark.parametrize("arguments", [{"a": 1}, "", None, '{"a": ', "no json"], ids=["object", "empty", "null", "cut",
                                                                                    "text"])
def test_c_089_echoed_arguments(target, arguments):
    """Echoed arguments may be an object, empty, null or broken."""
    function = {"name": "f", "arguments": arguments}
    ok(target.chat("N", [user(), assistant(None, tool_calls=[call(function=function)]), result()], **FEW))


@pytest.mark.parametrize("identifier", [..., None, ""], ids=["absent", "null", "empty"])
def test_c_090_result_without_id(target, identifier):
    """A tool message without tool_call_id: 400/20015."""
    refused(target.chat("N", [user(), assistant(None, tool_calls=[call()]), result(identifier)]),
            "messages.2.tool_call_id")


@pytest.mark.parametrize("messages", [[user(), result()], [result()], [user(), assistant("x"), result()],
                                      [user(), assistant(None, tool_calls=[call()]), user(), result()]],
                         ids=["user", "first", "no call", "interrupted"])
def test_c_091_result_without_call(target, messages):
    """A tool message with no call right before it: 400/20015 with the known text."""
    refused(target.chat("N", messages), '"messages" in request are illegal: Message has tool role, but there was no '
                                        'previous assistant message with a tool call!')


def test_c_092_result_for_another_call(target):
    """A tool message with an unknown id: 400/20015."""
    assert (refused(target.chat("N", [user(), assistant(None, tool_calls=[call()]), result("call_9")]))
            == "messages.2.tool_call_id: not found in the previous tool_calls")


@pytest.mark.parametrize("order", [["a", "b"], ["b", "a"], ["a", "b", "a"]], ids="".join)
def test_c_093_two_results(target, order):
    """Two results for two calls in either order: 200."""
    both = assistant(None, tool_calls=[call("a"), call("b")])
    ok(target.chat("N", [user(), both, *[result(one) for one in order]], **FEW))


def test_c_094_unanswered_call(target):
    """An unanswered call followed by a user message: 200."""
    ok(target.chat("N", [user(), assistant(None, tool_calls=[call("a"), call("b")]), result("a"), user()], **FEW))
    ok(target.chat("N", [user(), assistant(None, tool_calls=[call()]), user()], **FEW))


def test_c_095_result_parts(target):
    """Tool content may be text parts, not pictures."""
    history = [user(), assistant(None, tool_calls=[call()])]
    ok(target.chat("N", history + [result(content=[{"type": "text", "text": "done"}])], **FEW))
    picture = result(content=[{"type": "image_url", "image_url": {"url": PIXEL}}])
    refused(target.chat("N", history + [picture]), "messages.2.content.0")


def test_c_096_echoed_reasoning(target):
    """An assistant message with reasoning_content: 200."""
    for role in ("N", "M"):
        ok(target.chat(role, [user(), assistant("Yes.", reasoning_content="Hm."), user()], **FEW, thinking_budget=128))
        ok(target.chat(role, [user(), assistant(None, reasoning_content="Hm."), user()], **FEW, thinking_budget=128))


def test_c_097_old_reasoning_is_dropped(target):
    """Reasoning of finished turns does not reach the prompt."""
    counts = {prompt(target, [user(), assistant(content, **more), user()], "M", enable_thinking=False)
              for content, more in [("Yes.", {}), ("Yes.", {"reasoning_content": "A long thought. " * 20}),
                                    ("<think>\nA long thought.\n</think>\n\nYes.", {})]}
    assert len(counts) == 1


def test_c_098_users_in_a_row(target):
    """Two user messages in a row: 200."""
    ok(target.chat("N", [user("a"), user("b")], **FEW))


def test_c_099_late_system(target, own, servers):
    """A late system message is kept, or refused with late_system=reject."""
    ok(target.chat("N", [user(), system()], **FEW))
    if servers.foreign:
        return
    strict = own(api={"late_system": "reject"}, roles=["N"])
    refused(strict.chat("N", [user(), system()]), "System message must be at the beginning.")
    ok(strict.chat("N", [system(), system(), user()], **FEW))


def test_c_100_ends_with_assistant(target):
    """A conversation that ends with the assistant: 200."""
    ok(target.chat("N", [user(), assistant("Yes.")], **FEW))


@pytest.mark.parametrize("word", ["prefix", "partial"])
def test_c_101_continued_answer(target, word):
    """prefix:true on the last assistant message continues it; a record without the flag answers 20030."""
    messages = [user("Count from 1 to 10."), assistant("1, 2, 3, 4,", **{word: True})]
    reply = target.chat("M", messages, temperature=0)
    answer = text(reply)
    assert answer and not answer.startswith("1, 2, 3, 4,")
    assert "reasoning_content" not in ok(reply)["choices"][0]["message"]
    refused(target.chat("BARE", messages), "Prefix completion is not supported for this model.", code=20030)


def test_c_102_unknown_keys_of_messages(target):
    """Unknown keys of messages and parts are ignored."""
    part = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}, "x": []}
    ok(target.chat("N", [user([part], id=5, annotations=[], audio={}),
                         assistant("a", refusal=None, audio=None, annotations=[]), user(cache_control=1)], **FEW))


def test_c_103_long_name(target):
    """A name of 64 characters is fine, 65 are not."""
    ok(target.chat("N", [user(name="é" * 64)], **FEW))
    refused(target.chat("N", [user(name="a" * 65)]), "messages.0.name: String should have at most 64 characters")
    refused(target.chat("N", [user(name=5)]), "messages.0.name: Input should be a valid string")
