"""Puts turns together into conversations with system prompts, tools and the thinking switch."""

from generator import arithmetic, chat, extract, memory, textops, tooluse
from generator.core import Gen, Sample, full_width, simple_turn
from generator.toolkit import tool_json

# (weight, function) of the single-turn skills.
SKILLS = [
    (13, chat.smalltalk),
    (9, chat.howto),
    (5, chat.unknown),
    (3, chat.knowledge),
    (18, arithmetic.arithmetic),
    (3, arithmetic.word_problem),
    (1.5, arithmetic.compare),
    (1.2, arithmetic.counting),
    (12, textops.repeat),
    (1.5, textops.repeat_times),
    (5, textops.letter_case),
    (7, textops.word_order),
    (3, textops.sort_numbers),
    (6, textops.translate),
    (4, textops.replace),
    (2, textops.spell),
    (1, textops.summary),
    (5, extract.extract),
    (6, extract.json_object),
    (2, memory.statement),
    (0.7, memory.untold),
    (1.2, tooluse.tool_without_tools),
]
# Later on, sums get more room: their small facts take longest to learn.
LATE_SKILLS = SKILLS + [(14, arithmetic.arithmetic), (3, arithmetic.word_problem), (15, arithmetic.tables)]
# The first steps: mostly copying, so that the model learns early to look things up in its prompt.
COPY_SKILLS = [
    (10, textops.repeat),
    (3, textops.replace),
    (2, textops.summary),
    (3, extract.extract),
    (3, extract.json_object),
    (2, textops.word_order),
]
SYSTEMS = {
    "en": [
        "You are a helpful assistant.",
        "You are a helpful assistant",
        "You are Millrace Demo, a small assistant.",
        "Be brief.",
        "Answer briefly.",
        "You are a friendly assistant. Keep answers short.",
        "You are an AI assistant.",
        "Help the user.",
        "You are a useful and polite assistant.",
        "Today is <d>. You are a helpful assistant.",
        "You are a chat bot for <c>.",
        "The user's name is <n>. Be kind.",
        "You are a helpful assistant with tools.",
    ],
    "zh": [
        "你是一个有用的助手",
        "你是一个有用的助手。",
        "你是一个有帮助的助手。",
        "你是一个乐于助人的人工智能助手。",
        "请简短回答。",
        "你是 Millrace Demo,一个小助手。",
        "你是一个友好的助手,请用中文回答。",
        "You are a helpful assistant.",
        "今天是<d>。你是一个有用的助手。",
        "你是<c>的客服机器人。",
        "你是一个有用的助手x",
    ],
}
PERSONA = {
    "en": (
        "You are <n>{, a helpful assistant|, an assistant of <c>||, a friendly chat bot}.",
        "Your name is <n>.",
        "You are called <n>. {Be helpful.|Answer briefly.}",
    ),
    "zh": ("你是<n>,一个有用的助手。", "你的名字是<n>。", "你叫<n>{。|,是一个助手。}"),
}
PERSONA_ANSWER = {"en": "I am <n>. How can I help you?", "zh": "我是<n>,有什么可以帮你的吗?"}
LANGUAGE_RULE = {
    "zh": [
        "Always answer in Chinese.",
        "Answer in Chinese.",
        "You are a helpful assistant. Answer in Chinese.",
        "请用中文回答。",
        "只用中文回答。",
    ],
    "en": [
        "请用英文回答。",
        "只用英语回答。",
        "Always answer in English.",
        "You are a helpful assistant. Answer in English.",
        "你是一个有用的助手,请用英文回答。",
    ],
}


def _weighted(g, table):
    total = sum(weight for weight, _ in table)
    roll = g.rng.random() * total
    for weight, item in table:
        roll -= weight
        if roll <= 0:
            return item
    return table[-1][1]


def system_prompt(g, lang):
    """A neutral system prompt or None."""
    if g.chance(0.5):
        return None
    text = full_width(g.pick(SYSTEMS[lang])) if lang == "zh" else g.pick(SYSTEMS[lang])
    return (
        text.replace("<d>", g.date(lang))
        .replace("<c>", g.word(2, 3).capitalize())
        .replace("<n>", g.name(lang))
    )


def _finish(g, lang, turns, tools, system=None):
    messages = [] if system is None else [{"role": "system", "content": system}]
    for turn in turns:
        messages.extend(turn.messages)
    last = turns[-1]
    return Sample(last.skill, lang, messages, tools, g.chance(0.5), last.check)


def single(g, lang, skill=None):
    """One request."""
    turn = (skill or _weighted(g, SKILLS))(g, lang)
    return _finish(g, lang, [turn], [], system_prompt(g, lang))


def persona(g, lang):
    """The system prompt gives the assistant another name."""
    n = g.name(lang) if g.chance(0.6) else g.word(2, 3).capitalize()
    template = g.expand(g.pick(PERSONA[lang]))
    system = (
        (full_width(template) if lang == "zh" else template)
        .replace("<n>", n)
        .replace("<c>", g.word(2, 3).capitalize())
    )
    question = g.ask(g.pick(chat.CHAT[lang]["identity"]["Q"]), lang)
    answer = full_width(PERSONA_ANSWER[lang]) if lang == "zh" else PERSONA_ANSWER[lang]
    think = "The system prompt gives my name." if lang == "en" else "系统提示给了我名字。"
    return _finish(
        g, lang, [simple_turn("persona", lang, question, answer.replace("<n>", n), think)], [], system
    )


def other_language(g, lang):
    """The system prompt asks for the language that the user does not use."""
    target = "en" if lang == "zh" else "zh"
    name = g.pick([n for n in chat.CHAT[lang] if n in chat.CHAT[target]])
    mine, theirs = chat.CHAT[lang][name], chat.CHAT[target][name]
    user = g.ask(g.pick(mine["Q"]), lang, city=g.city(lang))
    turn = simple_turn(
        "persona", lang, user, g.pick(theirs["A"]), g.pick(theirs["T"]), ("oneof", theirs["A"])
    )
    return _finish(g, lang, [turn], [], full_width(g.pick(LANGUAGE_RULE[target])))


def dialogue(g, lang, low=2, high=4):
    """Several unrelated requests, sometimes with a fact that comes back at the end."""
    turns = [_weighted(g, SKILLS)(g, lang) for _ in range(g.int(low, high))]
    roll = g.rng.random()
    if roll < 0.5:
        keys = set()
        for _ in range(g.pick([1, 1, 2])):
            key, say, ask = memory.fact_pair(g, lang)
            if key in keys:
                continue
            keys.add(key)
            turns.insert(g.int(0, len(turns)), say)
        turns = [t for t in turns if t.skill != "memory" or t.messages[1]["content"] != memory.UNTOLD[lang]]
        turns.append(ask)
        if g.chance(0.4):
            turns = [t for t in turns if t.skill == "memory"]
    elif roll < 0.6:
        turns.append(memory.again(g, lang, turns[-1].messages[-1]["content"]))
    elif roll < 0.66:
        turns.append(memory.recall_first(g, lang, turns[0].messages[0]["content"]))
    return _finish(g, lang, turns, [], system_prompt(g, lang))


def with_tools(g, lang, turn_count=None):
    """A conversation with tools; earlier turns use the same tools."""
    if g.chance(0.04):
        turn, tools = tooluse.parallel(g, lang)
        return _finish(g, lang, [turn], [tool_json(g, t) for t in tools], system_prompt(g, lang))
    tools = tooluse.toolset(g, lang)
    turns = []
    for index in range(turn_count or g.pick([1, 1, 1, 2, 2, 3])):
        roll = g.rng.random()
        if roll < 0.2:
            turns.append(tooluse.no_tool(g, lang, tools))
        elif roll < 0.62:
            turns.append(tooluse.call_and_answer(g, lang, tools))
        else:
            turns.append(tooluse.call(g, lang, tools))
            break
    return _finish(g, lang, turns, [tool_json(g, t) for t in tools], system_prompt(g, lang))


def long_dialogue(g, lang):
    """Enough turns for a longer context."""
    if g.chance(0.3):
        return with_tools(g, lang, g.int(3, 6))
    return dialogue(g, lang, 6, 14)


def first_lessons(g, lang):
    """A short conversation for the start of training."""
    roll = g.rng.random()
    if roll < 0.65:
        return single(g, lang, _weighted(g, COPY_SKILLS))
    if roll < 0.8:
        return _finish(g, lang, list(memory.fact_pair(g, lang)[1:]), [], system_prompt(g, lang))
    if roll < 0.9:
        return persona(g, lang)
    return single(g, lang)


def late_single(g, lang):
    """One request of the later mix."""
    return single(g, lang, _weighted(g, LATE_SKILLS))


def late(g, lang):
    """A conversation of the later part of training."""
    return _weighted(g, LATE_KINDS)(g, lang)


KINDS = [
    (52, single),
    (3, persona),
    (2, other_language),
    (15, dialogue),
    (26, with_tools),
    (2, long_dialogue),
]

LATE_KINDS = [(62, late_single)] + KINDS[1:]


def make_sample(seed, split="train", kind=None):
    """The conversation number `seed`."""
    g = Gen(seed, split)
    lang = "zh" if g.chance(0.4) else "en"
    return (kind or _weighted(g, KINDS))(g, lang)
