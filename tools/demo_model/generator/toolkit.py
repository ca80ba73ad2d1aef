"""Tool definitions: hand-written families, invented ones, and their JSON as clients send it."""

import dataclasses

from generator.core import PAIRS, TEXT_DIR, full_width

CURRENCIES = ["USD", "EUR", "CNY", "JPY", "GBP", "CHF", "KRW", "INR", "AUD", "CAD"]
LANGUAGES = [
    ("French", "法语"),
    ("German", "德语"),
    ("Chinese", "中文"),
    ("English", "英语"),
    ("Spanish", "西班牙语"),
    ("Japanese", "日语"),
    ("Italian", "意大利语"),
    ("Korean", "韩语"),
    ("Russian", "俄语"),
]
ROOMS = [
    ("kitchen", "厨房"),
    ("bedroom", "卧室"),
    ("living room", "客厅"),
    ("bathroom", "浴室"),
    ("office", "办公室"),
    ("garage", "车库"),
    ("hall", "走廊"),
    ("garden", "花园"),
    ("attic", "阁楼"),
    ("cellar", "地下室"),
]


@dataclasses.dataclass
class Param:
    """One argument of a tool. `choices` is a list of (value, zh word) for enums."""

    name: str
    kind: str
    description: str
    required: bool = True
    choices: tuple = ()
    json_type: str = "string"
    phrase: str = ""


@dataclasses.dataclass
class Tool:
    """A callable function and how users ask for it: `question` is a template with <1>, <2>… for the parameters."""

    name: str
    description: str
    params: list
    question: str
    topic: tuple


def value(g, kind, lang):
    """A random value of a kind: what the user writes, which is also the JSON value for strings."""
    zh = lang == "zh"
    makers = {
        "city": lambda: g.city(lang)
        + (", " + g.pick(["MA", "CA", "NY", "TX", "WA", "FL"]) if not zh and g.chance(0.1) else ""),
        "date": lambda: g.date(lang),
        "time": g.time,
        "title": lambda: g.phrase(lang, 1, 4),
        "topic": lambda: g.phrase(lang, 1, 3),
        "number": lambda: g.pick([g.number(), round(g.int(1, 9999) / 10, 1)]),
        "int": lambda: g.int(0, 100),
        "small": lambda: g.int(1, 12),
        "big": lambda: g.int(20, 1000),
        "deg": lambda: g.int(15, 28),
        "age": lambda: g.int(3, 95),
        "cur": lambda: g.pick(CURRENCIES),
        "sym": lambda: "".join(g.pick("ABCDEFGHIKLMNOPRSTVX") for _ in range(g.int(2, 4))),
        "language": lambda: g.pick(LANGUAGES)[zh],
        "room": lambda: g.pick(ROOMS)[zh],
        "email": g.email,
        "file": lambda: g.pick(["", "docs/", "/tmp/", g.word(1, 2) + "/"])
        + g.word(1, 2)
        + g.pick([".txt", ".csv", ".json", ".md", ".log"]),
        "word": g.word,
        "code": g.code,
        "name": lambda: g.full_name(lang) if g.chance(0.4) else g.name(lang),
        "color": lambda: g.pair("colors", lang),
        "plain": lambda: g.plain(lang),
        "expr": lambda: f"{g.int(2, 999)} {g.pick('+-*/')} {g.int(2, 99)}"
        + (f" {g.pick('+-*')} {g.int(2, 9)}" if g.chance(0.3) else ""),
        "bool": lambda: g.chance(0.5),
    }
    return makers[kind]()


NUMERIC = {
    "number": "number",
    "int": "integer",
    "small": "integer",
    "big": "integer",
    "deg": "integer",
    "age": "integer",
    "bool": "boolean",
}


def _load_families():
    families, current = [], None
    for line in (TEXT_DIR / "tools.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            current = {
                "name": [],
                "arg": [],
                "opt": [],
                "q.en": [],
                "q.zh": [],
                "o.en": [],
                "o.zh": [],
                "key": line[2:],
            }
            families.append(current)
        elif line:
            key, rest = line.split(": ", 1)
            if key == "name":
                current["name"] = rest.split()
            elif key.startswith("desc"):
                current[key] = rest
            elif key in ("arg", "opt"):
                current[key].append(rest.split(": "))
            else:
                current[key].append(rest)
    return families


FAMILIES = _load_families()


def _description(g, en, zh, schema_lang):
    """A description in the schema's language; "" stands for none."""
    template = full_width(zh) if schema_lang == "zh" else en
    return g.expand(template if template.startswith("{") else "{" + template + "}")


def _family_param(g, fields, schema_lang, required):
    names, kind, en, zh = (fields + [""] * 4)[:4]
    name = g.pick(names.split("|")) if g.chance(0.85) else g.word(1, 2)
    choices = ()
    if "=" in kind:
        choices = tuple(tuple(entry.split("=")) for entry in kind.split(","))
        kind = "enum"
    json_type = NUMERIC.get(kind, "string")
    if json_type == "integer" and g.chance(0.15):
        json_type = "number"
    return Param(name, kind, _description(g, en, zh, schema_lang), required, choices, json_type)


def family_tool(g, lang, schema_lang, family=None):
    """A tool of one of the hand-written families."""
    f = family or (FAMILIES[0] if g.chance(0.12) else g.pick(FAMILIES))
    params = [_family_param(g, fields, schema_lang, True) for fields in f["arg"]]
    for fields in f["opt"]:
        if g.chance(0.75):
            param = _family_param(g, fields, schema_lang, False)
            param.phrase = g.pick(f["o." + lang])
            params.append(param)
    name = f["name"][0] if f is FAMILIES[0] and g.chance(0.4) else g.pick(f["name"])
    if len({p.name for p in params}) < len(params):
        return family_tool(g, lang, schema_lang, family)
    description = _description(g, f["desc.en"], f["desc.zh"], schema_lang)
    return Tool(name, description, params, g.pick(f["q." + lang]), (f["key"], f["key"]))


# (names, kind, English description, Chinese description, English phrase, Chinese phrase)
CATALOGUE = [
    (
        "id|{n}_id|{n}Id|{n}_number|ref|key",
        "code",
        "{Id|Number} of the <n>|Id",
        "<n>编号|编号",
        "{with id|number|with number|} <v>",
        ",编号{是|为|}<v>",
    ),
    (
        "name|title|label|{n}_name",
        "title",
        "Name of the <n>|The name|Title",
        "名称|<n>名称",
        '{called|named|with the name} "<v>"',
        ",名{称是|为}“<v>”",
    ),
    ("date|day|due_date|on", "date", "The date|Date, any format", "日期", "{on|for} <v>", ",日期{是|为|}<v>"),
    ("time|start_time|at", "time", "The time|Start time", "时间", "at <v>", ",时间{是|为|}<v>"),
    (
        "quantity|count|amount|n",
        "small",
        "How many|The quantity",
        "数量",
        "{with quantity|quantity|count} <v>",
        ",数量{是|为|}<v>",
    ),
    (
        "email|recipient|mail",
        "email",
        "Mail address|The email",
        "邮箱|电子邮件",
        "{with email|for|to} <v>",
        ",邮箱{是|为|}<v>",
    ),
    ("city|location|place", "city", "The city|Place", "城市|地点", "in <v>", ",{地点|城市}{是|为|}<v>"),
    (
        "reason|comment|note|message|text",
        "title",
        "The reason|Free text|A comment",
        "原因|备注|说明",
        'with {reason|comment|note|message|text} "<v>"',
        ",{备注|原因|说明}是“<v>”",
    ),
    (
        "price|amount|value|total",
        "number",
        "The amount|Price",
        "金额|价格",
        "with {price|amount|value} <v>",
        ",{金额|价格}{是|为|}<v>",
    ),
    ("color|colour", "color", "The color|Color", "颜色", "in {color |}<v>", ",颜色{是|为|}<v>"),
    (
        "owner|user|customer|assignee|person",
        "name",
        "The person|Name of the owner",
        "人员|负责人",
        "for <v>",
        ",{负责人|用户}{是|为|}<v>",
    ),
    (
        "file|path|filename",
        "file",
        "The file|Path",
        "文件|路径",
        "{from|in|with} file <v>",
        ",文件{是|为|}<v>",
    ),
    ("language|lang", "language", "Language|The language", "语言", "in <v>", ",语言{是|为|}<v>"),
    ("room|room_name", "room", "The room|Room", "房间", "in the <v>", ",房间{是|为|}<v>"),
]
ENUMS = [
    (
        "priority|level|severity",
        "low=低,medium=中,high=高",
        "The priority|Priority",
        "优先级",
        "with <v> priority",
        ",优先级{是|为|}<v>",
    ),
    (
        "format|type|file_format",
        "pdf=pdf,csv=csv,json=json,xml=xml",
        "Format|File format",
        "格式",
        "{as|in format} <v>",
        ",格式{是|为|}<v>",
    ),
    ("size", "small=小,medium=中,large=大", "The size|Size", "尺寸|大小", "in size <v>", ",尺寸{是|为|}<v>"),
    (
        "mode|speed",
        "fast=快速,normal=普通,slow=慢速",
        "The mode|Mode",
        "模式",
        "in <v> mode",
        ",模式{是|为|}<v>",
    ),
]


def _catalogue_param(g, lang, schema_lang, noun):
    entry = g.pick(ENUMS) if g.chance(0.15) else g.pick(CATALOGUE)
    names, kind, en, zh, phrase_en, phrase_zh = entry
    name = g.pick(names.split("|")).replace("{n}", noun[0])
    choices = ()
    if "=" in kind:
        choices = tuple(tuple(pair.split("=")) for pair in kind.split(","))
        kind = "enum"
    description = _description(g, "{" + en + "|}", "{" + zh + "|}", schema_lang).replace(
        "<n>", noun[schema_lang == "zh"]
    )
    phrase = phrase_zh if lang == "zh" else phrase_en
    return Param(name, kind, description, True, choices, NUMERIC.get(kind, "string"), phrase)


def _invented_param(g, lang, schema_lang):
    """An argument with a made-up name, which the user then mentions by that name."""
    parts = [g.word(1, 2) if g.chance(0.6) else g.pick(PAIRS["nouns"])[0] for _ in range(g.pick([1, 1, 2]))]
    name = "_".join(parts) if g.chance(0.8) else parts[0] + "".join(p.capitalize() for p in parts[1:])
    kind = g.pick(["word", "code", "title", "int", "big", "name", "bool", "plain", "number"])
    spoken = " ".join(parts) if g.chance(0.7) else name
    quote = kind == "title" or g.chance(0.2) and kind in ("word", "name", "plain")
    shown = ("“<v>”" if lang == "zh" else '"<v>"') if quote else "<v>"
    if lang == "zh":
        phrase = g.pick([",<p>是", ",<p>为", ",<p>=", ",<p>设为"]) + shown
    else:
        phrase = (
            g.pick(["with <p> ", "<p> ", "and <p> ", ", <p> = ", "with <p> set to ", "where <p> is "]) + shown
        )
    description = g.pick(["", "", f"The {spoken}", spoken.capitalize(), f"Value of {spoken}"])
    if schema_lang == "zh" and g.chance(0.5):
        description = g.pick([f"{spoken} 的值", "参数 " + spoken])
    return Param(
        name, kind, description, True, (), NUMERIC.get(kind, "string"), phrase.replace("<p>", spoken)
    )


def function_name(g, verb, noun):
    """verb_noun in one of the usual spellings."""
    words = [verb] + noun.split("_")
    extra = g.pick([None, None, None, "info", "by_id", "record", "now", "v2", g.word(1, 1)])
    if extra:
        words += extra.split("_")
    style = g.int(0, 9)
    if style < 5:
        return "_".join(words)
    if style < 7:
        return words[0] + "".join(w.capitalize() for w in words[1:])
    if style == 7:
        return "".join(w.capitalize() for w in words)
    if style == 8:
        return "-".join(words)
    return "_".join([noun] + [verb])


ACTION_Q = {
    "en": [
        "{please |can you |could you |I want to |I need to |you should |hello, please |now "
        "|}<verb> {the|the|a|my|this} <noun>",
        "{please |}<verb> <noun>",
        "I {want|need} you to <verb> the <noun>",
        "{help me |let's }<verb> the <noun>",
    ],
    "zh": [
        "{请|帮我|请帮我|我要|我想|能不能|麻烦|}<verb>{这个|一个|一下||}<noun>",
        "{请|}<verb><noun>",
        "{请|帮我|}把<noun><verb>{一下|}",
    ],
}


def action_tool(g, lang, schema_lang, verb=None, noun=None):
    """A tool made of a verb, a noun and a few arguments."""
    while True:
        chosen_verb, chosen_noun = verb or g.pick(PAIRS["tool_verbs"]), noun or g.pick(PAIRS["tool_nouns"])
        if verb and noun or g.fits(chosen_verb[0] + chosen_noun[0]):
            break
    if not noun and not verb and g.chance(0.25):
        made_up = g.word(2, 3)
        chosen_noun = (made_up, made_up)
    if not verb and g.chance(0.1):
        made_up = g.word(1, 2)
        chosen_verb = (made_up, made_up)
    en, zh = chosen_verb[0], chosen_verb[1]
    article = g.pick(["a", "the", "one", "an existing"])
    description = (
        g.pick(
            [
                f"{en.capitalize()} {article} {chosen_noun[0]}",
                f"{en.capitalize()}s {article} {chosen_noun[0]}.",
                "",
            ]
        )
        if schema_lang == "en"
        else g.pick([f"{zh}{chosen_noun[1]}", f"{zh}一个{chosen_noun[1]}", f"用于{zh}{chosen_noun[1]}"])
    )
    params, used = [], set()
    for _ in range(g.pick([0, 1, 1, 1, 2, 2, 2, 3, 4])):
        invented = g.chance(0.35)
        param = (
            _invented_param(g, lang, schema_lang)
            if invented
            else _catalogue_param(g, lang, schema_lang, chosen_noun)
        )
        key = param.phrase.split("<v>")[0].split(" ")[0] if not invented and lang == "en" else param.name
        if param.name not in used and key not in used:
            used.update((param.name, key))
            param.required = g.chance(0.75)
            params.append(param)
    question = (
        g.pick(ACTION_Q[lang])
        .replace("<verb>", chosen_verb[lang == "zh"])
        .replace("<noun>", chosen_noun[lang == "zh"])
    )
    return Tool(function_name(g, en, chosen_noun[0]), description, params, question, (en, chosen_noun[0]))


def tool_json(g, tool):
    """The entry of the request's `tools` list, with the variations real clients show."""
    properties = {}
    for p in tool.params:
        entry = {"type": p.json_type}
        if p.description and g.chance(0.9):
            entry["description"] = p.description
        if p.choices:
            entry["enum"] = [choice[0] for choice in p.choices]
        if g.chance(0.05):
            entry = dict(reversed(entry.items()))
        properties[p.name] = entry
    parameters = {"type": "object", "properties": properties}
    required = [p.name for p in tool.params if p.required]
    if required or g.chance(0.5):
        parameters["required"] = required
    if g.chance(0.1):
        parameters["additionalProperties"] = False
    function = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.params or g.chance(0.7):
        function["parameters"] = parameters
    if g.chance(0.06):
        function["strict"] = True
    if g.chance(0.04):
        function = dict(reversed(function.items()))
    return {"type": "function", "function": function}
