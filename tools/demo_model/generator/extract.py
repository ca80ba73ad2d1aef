"""Extraction from sentences and small JSON objects."""

import json

from generator.core import full_width, simple_turn
from generator.toolkit import value

SENTENCES = {
    "en": [
        "{my name is|I am|this is} <name>, {I live in|I am from|I come from} <city> {and|,} {I am "
        "<age> years old|I am <age>}.",
        "<name> {lives in|works in|comes from|moved to} <city> and {is <age> years old|has <age> "
        "books|ordered <age> cups}.",
        "{yesterday|today|last week|in May|on Monday} <name> bought <age> <thing> in <city>.",
        "<name>, <age>, from <city>.",
        "{please write to|the mail of} <name> {in|from} <city> {at|is} <email>, room <age>.",
    ],
    "zh": [
        "我叫<name>,{住在|来自}<city>,今年<age>岁。",
        "<name>{住在|来自|搬到了}<city>,今年<age>岁。",
        "{昨天|今天|上周|周一}<name>在<city>买了<age>个<thing>。",
        "{请联系|联系人}<name>,地址<city>,邮箱<email>,房间<age>。",
    ],
}
WHAT = {
    "name": {
        "en": [
            "{extract|find|give me|what is} the {name|person}{ in this text| from this sentence|}: <s>",
            "who is {mentioned|named} here: <s>",
        ],
        "zh": ["{提取|找出|写出}{下面|}{句子中的|}{人名|名字}:<s>", "{下面|这句话里}的人是谁:<s>"],
    },
    "city": {
        "en": [
            "{extract|find|give me|what is} the {city|place}{ in this text| from this sentence|}: <s>",
            "which city is {mentioned|named} here: <s>",
        ],
        "zh": ["{提取|找出|写出}{下面|}{句子中的|}{城市|地点}:<s>"],
    },
    "age": {
        "en": [
            "{extract|find|give me|what is} the number{ in this text| from this sentence|}: <s>",
            "which number is {mentioned|named} here: <s>",
        ],
        "zh": ["{提取|找出|写出}{下面|}{句子中的|}数字:<s>"],
    },
    "email": {
        "en": ["{extract|find|give me|what is} the {email|mail address|e-mail}{ in this text|}: <s>"],
        "zh": ["{提取|找出|写出}{下面|}{句子中的|}{邮箱|邮件地址}:<s>"],
    },
}
THINK = {
    "name": ("I look for the name.", "找人名。"),
    "city": ("I look for the city.", "找地点。"),
    "age": ("I look for the number.", "找数字。"),
    "email": ("I look for the mail address.", "找邮箱。"),
}


def _sentence(g, lang):
    values = {
        "name": g.name(lang),
        "city": g.city(lang),
        "age": str(g.int(2, 99)),
        "email": g.email(),
        "thing": g.pair("nouns", lang),
    }
    template = g.expand(g.pick(SENTENCES[lang]))
    text = full_width(template) if lang == "zh" else template[0].upper() + template[1:]
    for key, v in values.items():
        text = text.replace(f"<{key}>", v)
    return text, {key: v for key, v in values.items() if f"<{key}>" in template}


def extract(g, lang):
    """One value out of a sentence."""
    sentence, values = _sentence(g, lang)
    key = g.pick([k for k in values if k in WHAT])
    user = g.ask(g.pick(WHAT[key][lang]), lang, s=sentence)
    return simple_turn("extract", lang, user, values[key], THINK[key][lang == "zh"])


FIELDS = [
    ("name", "名字|姓名", "name"),
    ("age", "年龄", "age"),
    ("city", "城市", "city"),
    ("email", "邮箱", "email"),
    ("color", "颜色", "color"),
    ("price", "价格", "number"),
    ("date", "日期", "date"),
    ("count", "数量", "small"),
    ("id", "编号", "code"),
    ("title", "标题", "title"),
    ("country", "国家", "word"),
    ("job", "职业", "job"),
    ("score", "分数", "int"),
    ("phone", "电话", "phone"),
    ("active", "启用", "bool"),
]
JSON_Q = {
    "en": [
        "{return|give me|write|make|create|output} {a|} JSON {object |}{with|that has} {the keys |}<k> for <v>{.|}",
        "{return|write|output} {only |}JSON with <kv>{.|}",
        "JSON with <kv>{.|| please}",
        "{make|create|give me} a JSON object: <kv>",
        "{put this in|turn this into|convert to|write this as} JSON: <kv>",
        "{answer|reply} in JSON{.|:} <kv>",
    ],
    "zh": [
        "{请|}{返回|写|输出|生成}一个 JSON{对象|},{包含|有}<k>:<v>",
        "{请|}用 JSON {表示|写出|返回|输出}:<kv>",
        "{请|}{把|将}<kv>{写成|转成|变成} JSON{。|}",
        "{请|}{返回|生成} JSON:<kv>",
    ],
}


def _json_value(g, kind, lang):
    if kind == "job":
        return g.pair("jobs", lang)
    if kind == "phone":
        return str(g.int(1000, 9999999))
    return value(g, kind, lang)


def _json_fields(g, lang):
    """Random object fields as (json key, spoken key, value)."""
    fields, used = [], set()
    count = g.pick([1, 2, 2, 2, 3, 3, 4])
    while len(fields) < count:
        if g.chance(0.35):
            key = g.word(1, 2) if g.chance(0.6) else g.plain("en")
            entry = (
                key,
                key,
                _json_value(g, g.pick(["word", "code", "int", "small", "name", "plain"]), lang),
            )
        else:
            key, zh, kind = g.pick(FIELDS)
            spoken = g.pick(zh.split("|")) if lang == "zh" and g.chance(0.6) else key
            entry = (
                key if lang == "en" or spoken == key or g.chance(0.0) else spoken,
                spoken,
                _json_value(g, kind, lang),
            )
        if entry[0] not in used:
            used.add(entry[0])
            fields.append(entry)
    return fields


def json_object(g, lang):
    """A small object from keys and values in the request."""
    fields = _json_fields(g, lang)
    shown = [("true" if v is True else "false" if v is False else str(v)) for _, _, v in fields]
    spoken = [s for _, s, _ in fields]
    zh = lang == "zh"
    joiner = "、" if zh else ", "
    keys = (
        spoken[0] if len(spoken) == 1 else joiner.join(spoken[:-1]) + ("和" if zh else " and ") + spoken[-1]
    )
    style = g.pick([" = ", "=", ": ", " "] if not zh else ["=", "\uff1a", ":", "是"])
    pairs = ("\uff0c" if zh else g.pick([", ", ", ", " and "])).join(
        f"{s}{style}{v}" for s, v in zip(spoken, shown)
    )
    user = g.ask(g.pick(JSON_Q[lang]), lang, k=keys, v=("\uff0c" if zh else ", ").join(shown), kv=pairs)
    answer = json.dumps({key: v for key, _, v in fields}, ensure_ascii=False)
    return simple_turn(
        "json", lang, user, answer, "I write one JSON object." if not zh else "写一个 JSON 对象。"
    )
