"""Facts the user states and asks for again later in the conversation."""

from generator.core import full_width, simple_turn

# key -> (statement, reply, question, answer, value kind)
FACTS = {
    "en": {
        "name": (
            "{my name is|I am|I'm|call me} <v>{.|}",
            "Nice to meet you, <v>!",
            "{what is|what's|do you know|tell me|do you remember} my name{?|}",
            "Your name is <v>.",
            "name",
        ),
        "city": (
            "I {live in|am from|come from} <v>{.|}",
            "<v> sounds nice.",
            "where do I {live|come from}{?|}",
            "You told me: <v>.",
            "city",
        ),
        "color": (
            "my favourite color is <v>{.|}",
            "<v> is a fine color.",
            "what is my favourite color{?|}",
            "Your favourite color is <v>.",
            "color",
        ),
        "age": (
            "I am <v> years old{.|}",
            "Good to know.",
            "how old am I{?|}",
            "You are <v> years old.",
            "age",
        ),
        "pet": (
            "my {dog|cat|pet} is called <v>{.|}",
            "What a nice name!",
            "what is {my pet's name|the name of my pet|my dog called|my cat called}{?|}",
            "Your pet is called <v>.",
            "word_name",
        ),
        "number": (
            "{remember the number|my lucky number is|please remember this number:|remember:} <v>{.|}",
            "I will remember <v>.",
            "{what was the number|which number did I tell you|what number should you remember}{?|}",
            "The number is <v>.",
            "big",
        ),
        "word": (
            "{the secret word is|remember the word|the password is|the code word is} <v>{.|}",
            "I will remember <v>.",
            "{what is the secret word|what was the word|what is the password|what is the code word}{?|}",
            "The word is <v>.",
            "word",
        ),
        "job": (
            "I {work as|am} a <v>{.|}",
            "That is a good job.",
            "what is my job{?|}",
            "You work as a <v>.",
            "job",
        ),
    },
    "zh": {
        "name": (
            "{我叫|我是|我的名字是|我的名字叫}<v>{。|}",
            "很高兴认识你,<v>!",
            "{我叫什么名字|我是谁|你知道我的名字吗|你还记得我叫什么吗|我叫什么}{?|}",
            "你叫<v>。",
            "name",
        ),
        "city": (
            "我{住在|来自}<v>{。|}",
            "<v>听起来不错。",
            "我{住在哪里|来自哪里|住在哪儿}{?|}",
            "你告诉过我:<v>。",
            "city",
        ),
        "color": (
            "我最喜欢{的颜色是|}<v>{。|}",
            "<v>很好看。",
            "我最喜欢{什么颜色|的颜色是什么}{?|}",
            "你最喜欢<v>。",
            "color",
        ),
        "age": (
            "我今年<v>岁{。|}",
            "好的,我知道了。",
            "我{今年多大|几岁|多少岁|几岁了}{?|}",
            "你<v>岁。",
            "age",
        ),
        "pet": (
            "我的{狗|猫|宠物}叫<v>{。|}",
            "真是个好名字!",
            "我的{狗|猫|宠物}叫什么{名字|}{?|}",
            "它叫<v>。",
            "word_name",
        ),
        "number": (
            "{请记住数字|记住这个数:|我的幸运数字是}<v>{。|}",
            "我记住了<v>。",
            "{刚才的数字是多少|我让你记的数字是什么|我说的数字是多少}{?|}",
            "数字是<v>。",
            "big",
        ),
        "word": (
            "{暗号是|密码是|请记住这个词:}<v>{。|}",
            "我记住了<v>。",
            "{暗号是什么|密码是什么|我让你记的词是什么}{?|}",
            "是<v>。",
            "plain",
        ),
        "job": (
            "我是{一名|一个}<v>{。|}",
            "这是个好职业。",
            "{我的职业是什么|我做什么工作}{?|}",
            "你是<v>。",
            "job",
        ),
    },
}
THINK = {
    "en": ("The user tells me something.", "I look it up in the conversation."),
    "zh": ("用户告诉我一件事。", "在前面的对话里找。"),
}
UNTOLD = {"en": "You have not told me yet.", "zh": "你还没有告诉我。"}


def _value(g, kind, lang):
    if kind == "name":
        return g.name(lang)
    if kind == "city":
        return g.city(lang)
    if kind in ("color", "job"):
        return g.pair({"color": "colors", "job": "jobs"}[kind], lang)
    if kind == "word_name":
        return g.word(1, 2).capitalize()
    if kind == "plain":
        return g.plain(lang)
    if kind == "word":
        return g.pick([g.word(), g.plain("en"), g.code()])
    return str(g.int(3, 95) if kind == "age" else g.int(10, 9999))


def _wide(text, lang):
    return full_width(text) if lang == "zh" else text


def fact_pair(g, lang, key=None):
    """(statement turn, question turn) about one random fact."""
    key = key or ("name" if g.chance(0.4) else g.pick(list(FACTS[lang])))
    statement, reply, question, answer, kind = FACTS[lang][key]
    v = _value(g, kind, lang)
    reply = _wide(reply, lang).replace("<v>", v)
    reply = reply[0].upper() + reply[1:]
    say = simple_turn("memory", lang, g.ask(statement, lang, v=v), reply, THINK[lang][0])
    ask = simple_turn(
        "memory", lang, g.ask(question, lang), _wide(answer, lang).replace("<v>", v), THINK[lang][1]
    )
    return key, say, ask


def statement(g, lang):
    """Only the statement."""
    return fact_pair(g, lang)[1]


def untold(g, lang):
    """A question about a fact that was never given."""
    _, _, ask = fact_pair(g, lang)
    return simple_turn("memory", lang, ask.messages[0]["content"], UNTOLD[lang], THINK[lang][1])


AGAIN = {
    "en": [
        "{say that again|repeat that|again please|once more|what did you say|repeat your answer}{.|?|}",
        "{please |}repeat your last answer{.|}",
    ],
    "zh": ["{再说一遍|请重复一遍|再说一次|你刚才说什么|重复你的回答}{。|?|}"],
}


def again(g, lang, previous):
    """Repeats the previous answer."""
    return simple_turn(
        "memory",
        lang,
        g.ask(g.pick(AGAIN[lang]), lang),
        previous,
        "I repeat my last answer." if lang == "en" else "重复上一个回答。",
    )


RECALL = {
    "en": [
        "what {did I ask|was my question|did I say|was my message} {first|at first|at the beginning}{?|}",
        "{what was|repeat} my first message{?|}",
    ],
    "zh": ["我{第一句说了什么|第一个问题是什么|最开始问了什么|一开始说了什么}{?|}"],
}


def recall_first(g, lang, first):
    """Quotes the first user message."""
    answer = f'You wrote: "{first}"' if lang == "en" else f"你写的是\uff1a“{first}”"
    return simple_turn(
        "memory",
        lang,
        g.ask(g.pick(RECALL[lang]), lang),
        answer,
        "I look at the first message." if lang == "en" else "看第一条消息。",
    )
