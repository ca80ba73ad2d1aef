"""Small talk, identity, server how-to, capitals and the polite "I don't know"."""

from generator.core import PAIRS, WORDS, load_intents, simple_turn

CHAT = {lang: load_intents(f"chat.{lang}.txt") for lang in ("en", "zh")}
HOWTO = {lang: load_intents(f"howto.{lang}.txt") for lang in ("en", "zh")}
WORLD = {lang: load_intents(f"world.{lang}.txt") for lang in ("en", "zh")}

# Intents that strangers try first get more weight.
FREQUENT = [
    "greet",
    "identity",
    "identity",
    "identity",
    "abilities",
    "how_are_you",
    "greet",
    "thanks",
    "joke",
]


def _intent_turn(g, lang, table, name, skill):
    intent = table[lang][name]
    slots = {"city": g.city(lang)}
    user = g.ask(g.pick(intent["Q"]), lang, **slots)
    answers = [g.expand(a) if "{|" in a else a for a in intent["A"]]
    return simple_turn(skill, lang, user, g.pick(answers), g.pick(intent["T"]), ("oneof", answers))


def smalltalk(g, lang):
    """One small-talk intent."""
    name = g.pick(FREQUENT) if g.chance(0.3) else g.pick(list(CHAT[lang]))
    return _intent_turn(g, lang, CHAT, name, "identity" if name == "identity" else "chat")


def howto(g, lang):
    """A question about the Millrace server."""
    return _intent_turn(g, lang, HOWTO, g.pick(list(HOWTO[lang])), "howto")


def unknown(g, lang):
    """A question outside of the model's world."""
    name = "dont_know" if g.chance(0.65) else "dont_know_general"
    intent = WORLD[lang][name]
    topic = g.pick(WORDS["unknown_" + lang])
    if g.chance(0.3):
        topic = g.word(2, 3) if lang == "en" else g.phrase("zh", 2, 4)
    user = g.ask(g.pick(intent["Q"]), lang, topic=topic)
    answers = [a.replace("<topic>", topic) for a in intent["A"]]
    return simple_turn("unknown", lang, user, g.pick(answers), g.pick(intent["T"]), ("oneof", answers))


CAPITAL_Q = {
    "en": [
        "{what|which city} is the capital of <country>{?|}",
        "{|please |}{name|tell me} the capital of <country>{.|}",
        "capital of <country>{?|}",
        "do you know the capital of <country>{?|}",
    ],
    "zh": [
        "<country>的首都是{哪里|什么|哪个城市|哪儿}{?|}",
        "{请问|告诉我|}<country>首都{是|在}{哪里|哪}{?|}",
    ],
}
OPPOSITE_Q = {
    "en": [
        '{what is|what\'s|tell me} the opposite of {|the word }"{|}<a>"{?|}',
        "what is the opposite of <a>{?|}",
        "opposite of <a>{?|}",
    ],
    "zh": ["“<a>”的反义词是{什么|哪个}{?|}", "<a>的反义词{是什么|是}{?|}"],
}
DAY_Q = {
    "en": [
        "{which|what} day {comes|is} {after|before} <a>{?|}",
        "{what|which} month {comes|is} {after|before} <b>{?|}",
    ],
    "zh": ["<a>的{后一天|前一天}是星期几{?|}", "<b>的{下一个月|上一个月}是几月{?|}"],
}


def knowledge(g, lang):
    """A capital, an opposite or a neighbouring weekday or month: the few facts the model learns."""
    kind = g.int(0, 2)
    if kind == 0:
        country, city = g.pick(PAIRS["capitals"])[lang == "zh"].split(":")
        answer = f"The capital of {country} is {city}." if lang == "en" else f"{country}的首都是{city}。"
        user = g.ask(g.pick(CAPITAL_Q[lang]), lang, country=country)
        think = "A capital I know." if lang == "en" else "这个首都我知道。"
        return simple_turn("knowledge", lang, user, answer, think)
    if kind == 1:
        words = g.pick(PAIRS["opposites"])[lang == "zh"].split(":")
        a, b = words if g.chance(0.5) else words[::-1]
        answer = f"The opposite of {a} is {b}." if lang == "en" else f"{a}的反义词是{b}。"
        user = g.ask(g.pick(OPPOSITE_Q[lang]), lang, a=a)
        return simple_turn("knowledge", lang, user, answer, "An opposite." if lang == "en" else "找反义词。")
    return _neighbour(g, lang)


def _neighbour(g, lang):
    section = g.pick(["weekdays", "months"])
    names = [pair[lang == "zh"] for pair in PAIRS[section]]
    at = g.int(0, len(names) - 1)
    template = g.expand(DAY_Q[lang][section == "months"])
    step = -1 if "before" in template or "前" in template or "上" in template else 1
    other = names[(at + step) % len(names)]
    user = g.ask(template, lang, a=names[at], b=names[at])
    if lang == "en":
        answer = f"{other} comes {'after' if step > 0 else 'before'} {names[at]}."
        return simple_turn("knowledge", lang, user, answer, "I go one step through the calendar.")
    if section == "weekdays":
        answer = f"{names[at]}的{'后' if step > 0 else '前'}一天是{other}。"
    else:
        answer = f"{names[at]}的{'下' if step > 0 else '上'}一个月是{other}。"
    return simple_turn("knowledge", lang, user, answer, "在日历上走一步。")
