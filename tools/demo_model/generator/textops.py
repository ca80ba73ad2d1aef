"""Copying and changing short texts."""

from generator.core import PAIRS, WORDS, simple_turn


def random_content(g, lang):
    """Something to copy: words, codes, numbers, names or a mix."""
    kind = g.int(0, 8)
    if kind > 6:
        return sentence(g, lang)
    if kind == 0:
        return " ".join(g.word() for _ in range(g.int(1, 6)))
    if kind == 1:
        return " ".join(g.code() for _ in range(g.int(1, 4)))
    if kind == 2:
        return g.phrase(lang, 2, 8)
    if kind == 3:
        return ", ".join(str(g.number()) for _ in range(g.int(2, 7)))
    if kind == 4:
        return f"{g.name(lang)} {g.pick(['-', ':', '/', '='])} {g.code()}"
    if kind == 5 and lang == "zh":
        return g.pick(["", "\uff0c"]).join(g.han(2, 7) for _ in range(g.int(1, 3)))
    words = [
        g.pick([g.word(), g.plain(lang), g.code(), g.name(lang), str(g.number())]) for _ in range(g.int(2, 8))
    ]
    return g.pick([" ", ", ", " "]).join(words) + g.pick(["", "", ".", "!", "?"])


SENTENCE = {
    "en": [
        "the <a> <b> {is|was|stands|sleeps|sings|waits|grows|falls} {near|under|over|behind|in|beside} the <c> <d>",
        "{I|we|they|you} {like|see|want|need|have|know} <n> {<a> |}<b>s and the <c>",
        "<p> {gave|sold|showed|sent} the <a> <b> to <q>",
        "{where|when|why} did <p> {lose|find|hide|buy} the <b>?",
        "there are <n> <b>s in the <a> <c>",
    ],
    "zh": [
        "<p>在<c>{看到|找到|丢了|买了}<n>个<b>",
        "{我|我们|他|她}{喜欢|想要|认识|记得}<a><b>",
        "<p>把<b>{送给|借给|卖给}了<q>",
        "{今天|昨天|明天}<c>有<n>{只|个|本}<b>",
        "<a>的<b>在<c>里",
    ],
}


def sentence(g, lang):
    """A simple made-up sentence."""
    slots = {key: g.plain(lang) for key in "abcd"}
    slots.update(p=g.name(lang), q=g.name(lang), n=g.number())
    text = g.text(g.pick(SENTENCE[lang]), **slots)
    if text[-1] != "?":
        text += g.pick([".", ".", "", "!"]) if lang == "en" else g.pick(["。", "", "!"])
    return text[0].upper() + text[1:]


REPEAT = {
    "en": [
        "{repeat|say|write|copy|echo}{| exactly| this| the following| after me| this exactly}: <s>",
        "{please |can you |}{repeat|copy|echo|say} {this text|the text|this|exactly this}: <s>",
        '{repeat after me|copy this|say exactly}: "<s>"',
        '{please |}{say|repeat|write} "<s>"{.|}',
        "repeat the following text: <s>",
        "{answer|reply} {only |}with: <s>",
        '{reply|answer} {only |just |}"<s>"{.|}',
    ],
    "zh": [
        "{请|}{重复|复述|照抄|抄写|复制}{|一遍|这句话|下面的话|以下内容}:<s>",
        "{请|}跟我{说|念|读}:<s>",
        "{请|}{原样|}{输出|返回|重复}“<s>”{。|}",
        "{请|}说“<s>”{。|}",
        "{请|}{只|}回答“<s>”{。|}",
    ],
}


def repeat(g, lang):
    """Exact repetition."""
    content = random_content(g, lang)
    user = g.ask(g.pick(REPEAT[lang]), lang, s=content)
    return simple_turn("copy", lang, user, content, "I repeat the text." if lang == "en" else "照样重复。")


TWICE = {
    "en": ["{write|say|repeat} <s> <n> times{.|}", 'repeat "<s>" <n> times{.|}'],
    "zh": ["{把|请把|}“<s>”{写|重复|说}<n>遍{。|}", "{重复|说}<n>遍:<s>"],
}


def repeat_times(g, lang):
    """One word several times."""
    word = g.pick([g.plain(lang), g.word(), g.name(lang)])
    count = g.int(2, 5)
    user = g.ask(g.pick(TWICE[lang]), lang, s=word, n=count)
    return simple_turn(
        "copy",
        lang,
        user,
        " ".join([word] * count),
        f"I write it {count} times." if lang == "en" else f"写{count}遍。",
    )


CASE = {
    "upper": {
        "en": [
            "{write|put|convert|change|make|turn} {this |}{in|into|to} {upper case|uppercase|capital "
            "letters|all caps|capitals}: <s>",
            "{uppercase|upper case|capitalize all letters of|make uppercase}: <s>",
            "{uppercase|upper-case} <s>",
            'convert "<s>" to {uppercase|upper case|capital letters}{.|}',
        ],
        "zh": [
            "{请|}把{|下面的单词|这些字母}{变成|改成|转换成|转成}大写:<s>",
            "{请|}把“<s>”{变成|改成|转成}大写{。|}",
        ],
    },
    "lower": {
        "en": [
            "{write|put|convert|change|make|turn} {this |}{in|into|to} {lower case|lowercase|small letters}: <s>",
            "{lowercase|lower case|make lowercase}: <s>",
            'convert "<s>" to {lowercase|lower case}{.|}',
        ],
        "zh": [
            "{请|}把{|下面的单词|这些字母}{变成|改成|转换成|转成}小写:<s>",
            "{请|}把“<s>”{变成|改成|转成}小写{。|}",
        ],
    },
}


def letter_case(g, lang):
    """Upper or lower case of a few words."""
    kind = g.pick(["upper", "upper", "lower"])
    words = [
        g.pick([g.pick(WORDS["plain_words"]), g.pick(PAIRS["nouns"])[0], g.word(), g.name("en")])
        for _ in range(g.int(1, 4))
    ]
    text = " ".join(words)
    source = text.upper() if kind == "lower" else g.pick([text, text, text.capitalize()])
    user = g.ask(g.pick(CASE[kind][lang]), lang, s=source)
    think = {"en": f"I change it to {kind} case.", "zh": "改成大写。" if kind == "upper" else "改成小写。"}[
        lang
    ]
    return simple_turn("case", lang, user, text.upper() if kind == "upper" else text.lower(), think)


ORDER = {
    "reverse": {
        "en": [
            "{reverse|turn around|invert} the {order of the words|word order|words|list}: <s>",
            "{write|say|put} {these|the following} words in reverse order: <s>",
            "reverse: <s>",
        ],
        "zh": ["{请|}把{这些词|下面的词|词语|顺序}{倒过来|反过来|颠倒顺序|倒序排列}:<s>", "{倒序|反序}:<s>"],
    },
    "first": {
        "en": [
            "{what is|which is|give me|tell me} the first {word|item}{ of this| in this list| here|}: <s>",
            'first word of "<s>"{?|}',
        ],
        "zh": ["{下面|这里|}第一个词是{什么|哪个}:<s>", "{请|}{给出|说出|告诉我}第一个词:<s>"],
    },
    "last": {
        "en": [
            "{what is|which is|give me|tell me} the last {word|item}{ of this| in this list| here|}: <s>",
            'last word of "<s>"{?|}',
        ],
        "zh": ["{下面|这里|}最后一个词是{什么|哪个}:<s>", "{请|}{给出|说出|告诉我}最后一个词:<s>"],
    },
    "second": {
        "en": [
            "{what is|which is|give me|tell me} the second {word|item}{ of this| in this list| here|}: <s>"
        ],
        "zh": ["{下面|这里|}第二个词是{什么|哪个}:<s>", "{请|}{给出|说出|告诉我}第二个词:<s>"],
    },
    "count": {
        "en": [
            "{count the words|how many words are there|how many words|how many words does this "
            "have|word count}{?|}: <s>",
            'how many words are in "<s>"{?|}',
        ],
        "zh": ["{有几个词|数一数有几个词|一共有多少个词}{?|}:<s>"],
    },
    "sort": {
        "en": [
            "{sort|order|put} {these words|the words|them|this list} {alphabetically|by alphabet|from "
            "a to z|in alphabetical order}: <s>",
            "sort alphabetically: <s>",
        ],
        "zh": ["{请|}把{这些单词|下面的单词}按字母{顺序|}{排序|排列}:<s>", "按字母排序:<s>"],
    },
    "list": {
        "en": [
            "{make|write} a {list|bullet list|bulleted list} {of|from|with}{|:} <s>",
            "{list|turn into a list}: <s>",
        ],
        "zh": ["{请|}{列出|列一个清单|写成列表|做成列表}:<s>"],
    },
    "numbered": {
        "en": ["{make|write} a numbered list {of|from|with}{|:} <s>", "number these: <s>"],
        "zh": ["{请|}{写成编号列表|做成带编号的列表|编号列出}:<s>"],
    },
}
ORDER_THINK = {
    "reverse": ("I go from the last word to the first.", "从最后一个词往前写。"),
    "first": ("The first word.", "第一个词。"),
    "last": ("The last word.", "最后一个词。"),
    "second": ("The second word.", "第二个词。"),
    "list": ("One item on each line.", "每行一项。"),
    "numbered": ("One numbered item on each line.", "每行一项并编号。"),
}


def _word_list(g, lang, kind):
    low, high = (2, 8) if kind in ("count", "first", "last") else (3, 6)
    if kind == "sort":
        words, letters = [], set()
        while len(words) < g.int(3, 5):
            word = g.pick(WORDS["plain_words"]) if g.chance(0.7) else g.pick(PAIRS["nouns"])[0]
            if word[0] not in letters:
                letters.add(word[0])
                words.append(word)
        return words
    words = []
    while len(words) < g.int(low, high) or len(words) < low:
        word = g.pick([g.plain(lang), g.plain(lang), g.word(), g.name(lang), g.pair("nouns", lang)])
        if word not in words:
            words.append(word)
    return words


def word_order(g, lang):
    """Reverse, pick, count, sort or list words."""
    kind = g.pick(
        [
            "reverse",
            "reverse",
            "first",
            "last",
            "second",
            "count",
            "count",
            "sort",
            "sort",
            "list",
            "numbered",
        ]
    )
    words = _word_list(g, lang, kind)
    joiner = (
        " "
        if kind == "count"
        else g.pick([" ", ", ", ", "]) if lang == "en" else g.pick([" ", "、", ",", ","])
    )
    text = joiner.join(words)
    user = g.ask(g.pick(ORDER[kind][lang]), lang, s=text)
    think = ORDER_THINK.get(kind, ("", ""))[lang == "zh"]
    if kind == "reverse":
        answer = joiner.join(words[::-1])
    elif kind in ("first", "last", "second"):
        answer = words[{"first": 0, "last": -1, "second": 1}[kind]]
    elif kind == "count":
        think = ", ".join(f"{word} {i}" for i, word in enumerate(words, 1))
        answer = str(len(words))
    elif kind == "sort":
        think = ", ".join(f"{word[0]} {word}" for word in sorted(words))
        answer = joiner.join(sorted(words))
    elif kind == "list":
        answer = "\n".join(f"- {word}" for word in words)
    else:
        answer = "\n".join(f"{i}. {word}" for i, word in enumerate(words, 1))
    return simple_turn("words", lang, user, answer, think)


SORT_NUMBERS = {
    "en": [
        "{sort|order|arrange} {these numbers|the numbers|them|}{ from small to large| ascending| "
        "in ascending order|}: <s>",
        "sort from {largest to smallest|large to small}: <s>",
        "{what is|find|give me} the {largest|biggest} number: <s>",
        "{what is|find|give me} the {smallest|lowest} number: <s>",
    ],
    "zh": [
        "{请|}把{这些数|下面的数字|}从小到大{排序|排列}:<s>",
        "{请|}从大到小{排序|排列}:<s>",
        "{下面|}最大的数是{哪个|多少}:<s>",
        "{下面|}最小的数是{哪个|多少}:<s>",
    ],
}


def sort_numbers(g, lang):
    """Sort a few numbers or find the extreme."""
    kind = g.pick([0, 0, 1, 2, 3])
    high = g.pick([9, 99, 99])
    numbers = g.sample(range(0, high + 1), g.int(3, 5))
    user = g.ask(SORT_NUMBERS[lang][kind], lang, s=", ".join(map(str, numbers)))
    if kind < 2:
        ordered = sorted(numbers, reverse=kind == 1)
        answer = ", ".join(map(str, ordered))
    else:
        answer = str(max(numbers) if kind == 2 else min(numbers))
    think = "I compare the numbers." if lang == "en" else "比较这些数。"
    return simple_turn("numbers", lang, user, answer, think)


TRANSLATE = {
    "en": [
        '{translate|how do you say|what is} {"|}<a>{"|} {in|into|to} Chinese{?|.|}',
        '{what\'s the Chinese word for|Chinese word for|the Chinese for} {"|}<a>{"|}{?|}',
        "translate to Chinese: <a>",
    ],
    "zh": [
        "“<b>”{用英文怎么说|的英文是什么|翻译成英文}{?|}",
        "{把|请把|}{|“}<b>{|”}翻译成英{文|语}{。|}",
        "<b>{用英语怎么说|英文怎么说|的英语是什么|的英文是什么}{?|}",
        "翻译成英文:<b>",
    ],
    "en_back": [
        '{translate|what does|what is} {"|}<b>{"|} {in|into|to|mean in} English{?|.|}',
        "translate to English: <b>",
    ],
    "zh_back": [
        "{|“}<a>{|”}{是什么意思|用中文怎么说|的中文是什么|翻译成中文|中文怎么说}{?|}",
        "翻译成中文:<a>",
    ],
}


def translate(g, lang):
    """A word of the small dictionary in the other language."""
    section = g.pick(["nouns", "nouns", "nouns", "adjectives", "verbs", "weekdays", "cities"])
    english, chinese = g.pick(PAIRS[section])
    back = g.chance(0.5)
    template = g.pick(TRANSLATE[lang + ("_back" if back else "")])
    user = g.ask(template, lang, a=english, b=chinese)
    to_english = (lang == "zh") != back
    think = "A word I know." if lang == "en" else "这个词我认识。"
    return simple_turn("translate", lang, user, english if to_english else chinese, think)


REPLACE = {
    "en": [
        '{replace|change|swap} "<a>" {with|by|for|to} "<b>"{ in|:| in this text:} <s>',
        "{replace|change} the word <a> {with|to} <b>: <s>",
        "{replace|change} <a> {with|by|to} <b> in: <s>",
    ],
    "zh": ["{请|}把“<a>”{换成|替换成|改成}“<b>”:<s>", "{请|}{将|把}<a>{替换为|换成}<b>:<s>"],
}
REMOVE = {
    "en": ['{remove|delete|drop} {the word |}"{|}<a>" from: <s>', "{remove|delete} the word <a>: <s>"],
    "zh": ["{请|}{去掉|删掉|删除}“<a>”:<s>"],
}


def replace(g, lang):
    """Replace or remove one word."""
    words = _word_list(g, lang, "replace")
    old, new = g.pick(words), g.pick([g.plain(lang), g.word(), g.name(lang)])
    if g.chance(0.3):
        user = g.ask(g.pick(REMOVE[lang]), lang, a=old, s=" ".join(words))
        words = [word for word in words if word != old]
        think = "I leave this word out." if lang == "en" else "去掉这个词。"
    else:
        user = g.ask(g.pick(REPLACE[lang]), lang, a=old, b=new, s=" ".join(words))
        words = [new if word == old else word for word in words]
        think = f"{old} -> {new}"
    return simple_turn("replace", lang, user, " ".join(words), think)


SPELL = {
    "en": ['{spell|please spell|how do you spell|can you spell} {"|}<s>{"|}{.|?|}', "spell the word <s>{.|}"],
    "zh": ["{请|}{拼写|拼出}单词<s>{。|}", "<s>怎么拼写{?|}"],
}


def spell(g, lang):
    """Letters of an English word."""
    word = g.pick(
        [g.pick(WORDS["plain_words"]), g.pick(PAIRS["nouns"])[0], g.word(1, 2), g.name("en").lower()]
    )
    user = g.ask(g.pick(SPELL[lang]), lang, s=word)
    return simple_turn(
        "spell", lang, user, "-".join(word), "Letter by letter." if lang == "en" else "一个字母一个字母地写。"
    )


SUMMARY = {
    "en": [
        "{summarize|summarise|sum up|shorten}{| this| this text| the following text| this for me}: <s>",
        "{give me a|write a} {short |}summary{| of this}: <s>",
        "{what is the main point|what is this about|tl;dr}{|?}: <s>",
    ],
    "zh": [
        "{请|}{总结|概括|缩写}{|一下}{|这段话|下面的话}:<s>",
        "{下面这段话|这段话}{的大意是什么|说了什么}:<s>",
    ],
}


def summary(g, lang):
    """The first sentence stands for the whole text: all the summary a small model can give."""
    ends = ".!?" if lang == "en" else "。!?"
    parts = [sentence(g, lang).rstrip(ends) + ("." if lang == "en" else "。") for _ in range(g.int(2, 4))]
    user = g.ask(g.pick(SUMMARY[lang]), lang, s=(" " if lang == "en" else "").join(parts))
    answer = ("In short: " if lang == "en" else "简单说\uff1a") + parts[0]
    return simple_turn(
        "summary", lang, user, answer, "The first sentence says most." if lang == "en" else "第一句最重要。"
    )
