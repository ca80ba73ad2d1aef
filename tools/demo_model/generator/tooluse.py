"""Turns around tools: choosing and calling, answering from results, and doing neither when none fits."""

import json

from generator import chat, textops
from generator.core import Turn, full_width, simple_turn
from generator.toolkit import FAMILIES, action_tool, family_tool, value
from generator.core import PAIRS

MISSING = {
    "en": ["I have no tool for that.", "Sorry, none of my tools can do that."],
    "zh": ["我没有可以做这件事的工具。", "抱歉,我没有合适的工具。"],
}


def toolset(g, lang):
    """One to four tools; the extra ones are often near misses of the first."""
    schema_lang = "zh" if lang == "zh" and g.chance(0.6) else "en"
    count = g.pick([1, 1, 1, 1, 2, 2, 2, 3, 3, 4])
    first = family_tool(g, lang, schema_lang) if g.chance(0.45) else action_tool(g, lang, schema_lang)
    tools, names, topics = [first], {first.name}, {first.topic}
    while len(tools) < count:
        roll = g.rng.random()
        if roll < 0.4:
            tool = family_tool(g, lang, schema_lang)
        elif roll < 0.6 and first.topic[0] != first.topic[1]:
            noun = [n for n in PAIRS["tool_nouns"] if n[0] == first.topic[1]] or [
                (first.topic[1], first.topic[1])
            ]
            tool = action_tool(g, lang, schema_lang, verb=g.pick(PAIRS["tool_verbs"]), noun=noun[0])
        else:
            tool = action_tool(g, lang, schema_lang)
        if tool.name not in names and tool.topic not in topics:
            tools.append(tool)
            names.add(tool.name)
            topics.add(tool.topic)
    g.rng.shuffle(tools)
    return tools


def _argument(g, param, lang):
    """(what the user writes, JSON value) for one parameter."""
    if param.choices:
        choice = g.pick(param.choices)
        return choice[lang == "zh" and len(choice) > 1], choice[0]
    v = value(g, param.kind, lang)
    if param.kind == "bool":
        return ("true" if v else "false"), v
    return str(v), v


def make_request(g, tool, lang):
    """A question for `tool`: (user text, arguments in schema order)."""
    slots, arguments, tail = {}, {}, []
    for index, param in enumerate(tool.params, 1):
        inline = f"<{index}>" in tool.question
        if not inline and not param.required and g.chance(0.55):
            continue
        shown, arguments[param.name] = _argument(g, param, lang)
        if inline:
            slots[str(index)] = shown
        else:
            slot = f"v{index}"
            slots[slot] = shown
            tail.append(param.phrase.replace("<v>", f"<{slot}>").replace("<o>", f"<{slot}>"))
    body = g.expand(tool.question).strip()
    if tail:
        body = body.rstrip("?.。!\uff1f")
        glue = "" if lang == "zh" else " "
        body += "".join((glue if not part.startswith(",") else "") + part for part in map(g.expand, tail))
    if body[-1:] not in "?.。!\uff1f":
        body += g.pick([".", ".", "", "?", "!"]) if lang == "en" else g.pick(["。", "。", "", "!"])
    return g.ask(" ".join(body.split()), lang, **slots), arguments


def call_message(calls, think):
    """The assistant's message with tool calls."""
    return {
        "role": "assistant",
        "content": "",
        "reasoning_content": think,
        "tool_calls": [{"type": "function", "function": {"name": n, "arguments": a}} for n, a in calls],
    }


def _call_think(g, lang, tool, arguments):
    return f"I use {tool.name}." if lang == "en" else f"用 {tool.name}。"


def call(g, lang, tools):
    """The user asks for something one of the tools does."""
    tool = g.pick(tools)
    user, arguments = make_request(g, tool, lang)
    messages = [
        {"role": "user", "content": user},
        call_message([(tool.name, arguments)], _call_think(g, lang, tool, arguments)),
    ]
    return Turn("tool_call", lang, messages, ("calls", [(tool.name, arguments)]))


TWO_CITIES = {
    "en": [
        "{what's|what is|how is} the weather in <a> and {in |}<b>{?|}",
        "{check|get} the weather for <a> and <b>{.|}",
    ],
    "zh": ["<a>和<b>的天气{怎么样|如何}{?|}", "{查一下|查询}<a>和<b>的天气{。|}"],
}


def parallel(g, lang):
    """Two cities, two calls. Returns (turn, tools)."""
    tool = family_tool(g, lang, "en", FAMILIES[0])
    a, b = g.city(lang), g.city(lang)
    user = g.ask(g.pick(TWO_CITIES[lang]), lang, a=a, b=b)
    calls = [(tool.name, {tool.params[0].name: city}) for city in (a, b)]
    think = f"I use {tool.name} twice." if lang == "en" else f"用两次 {tool.name}。"
    messages = [{"role": "user", "content": user}, call_message(calls, think)]
    return Turn("tool_call", lang, messages, ("calls", calls)), [tool]


def no_tool(g, lang, tools):
    """Tools are there, but the message needs none, or asks for one that is missing."""
    if g.chance(0.3):
        have = {t.name for t in tools} | {t.topic for t in tools}
        other = action_tool(g, lang, "en")
        if other.topic not in have and other.topic[0] not in {t.topic[0] for t in tools} | {
            t.topic[1] for t in tools
        }:
            user, _ = make_request(g, other, lang)
            answers = [full_width(a) if lang == "zh" else a for a in MISSING[lang]]
            think = "No tool does this." if lang == "en" else "没有合适的工具。"
            return simple_turn("no_tool", lang, user, g.pick(answers), think, ("oneof", answers))
    while True:
        turn = g.pick([chat.smalltalk, chat.smalltalk, chat.howto, textops.repeat, chat.knowledge])(g, lang)
        if not any(word in turn.messages[1]["content"] for word in ("tool", "工具", "clock", "时钟")):
            break
    turn.skill = "no_tool"
    return turn


# Results -----------------------------------------------------------------------------------------

KEYS = [
    ("temperature", "温度", "int"),
    ("humidity", "湿度", "int"),
    ("price", "价格", "number"),
    ("status", "状态", "status"),
    ("name", "名字", "name"),
    ("city", "城市", "city"),
    ("date", "日期", "date"),
    ("time", "时间", "time"),
    ("id", "编号", "code"),
    ("total", "总数", "big"),
    ("count", "数量", "small"),
    ("distance", "距离", "number"),
    ("email", "邮箱", "email"),
    ("title", "标题", "title"),
    ("color", "颜色", "color"),
    ("condition", "天气", "sky"),
    ("owner", "负责人", "name"),
    ("level", "级别", "int"),
    ("score", "分数", "int"),
    ("file", "文件", "file"),
    ("message", "消息", "title"),
]
SKY = [
    ("sunny", "晴"),
    ("cloudy", "多云"),
    ("rainy", "下雨"),
    ("windy", "有风"),
    ("snowy", "下雪"),
    ("foggy", "有雾"),
    ("clear", "晴朗"),
]
STATUS = [
    ("shipped", "已发货"),
    ("open", "打开"),
    ("closed", "关闭"),
    ("pending", "处理中"),
    ("delivered", "已送达"),
    ("active", "启用"),
    ("paid", "已付款"),
    ("cancelled", "已取消"),
    ("running", "运行中"),
    ("done", "完成"),
]
DONE = {"en": "Done, it worked.", "zh": "已完成。"}
FAILED = {"en": "It did not work.", "zh": "没有成功。"}
ERRORS = [
    ("not found", "未找到"),
    ("permission denied", "没有权限"),
    ("timeout", "超时"),
    ("invalid id", "编号无效"),
    ("service unavailable", "服务不可用"),
]


def _result_value(g, kind, lang):
    if kind == "sky":
        return g.pick(SKY)[lang == "zh"]
    if kind == "status":
        return g.pick(STATUS)[lang == "zh"]
    return value(g, kind, lang)


def _fields(g, lang, count):
    """Random result fields as (json key, spoken key, value)."""
    fields, used = [], set()
    while len(fields) < count:
        if g.chance(0.3):
            key = g.word(1, 2)
            entry = (key, key, _result_value(g, g.pick(["code", "int", "word", "big"]), lang))
        else:
            key, zh, kind = g.pick(KEYS)
            entry = (key, zh if lang == "zh" else key, _result_value(g, kind, lang))
        if entry[0] not in used:
            used.add(entry[0])
            fields.append(entry)
    return fields


def describe(lang, fields):
    """One sentence that names every field."""
    if lang == "zh":
        return "\uff0c".join(f"{spoken}是{v}" for _, spoken, v in fields) + "。"
    parts = [f"the {spoken} is {v}" for _, spoken, v in fields]
    text = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return text[0].upper() + text[1:] + "."


def _weather_result(g, lang, arguments):
    """A typical weather answer: (result text, sentence)."""
    city = str(next(iter(arguments.values())))
    degrees, sky = g.int(-15, 38), g.pick(SKY)
    unit = arguments.get("unit", g.pick(["celsius", "fahrenheit"]))
    key = g.pick(["location", "city", "place"])
    condition = sky[0] if lang == "en" or g.chance(0.4) else sky[1]
    result = {
        key: city,
        "temperature": degrees,
        "unit": unit,
        g.pick(["condition", "description", "forecast", "sky"]): condition,
    }
    if g.chance(0.3):
        result.pop("unit")
    if g.chance(0.2):
        result.pop(key)
    units = {"celsius": "摄氏度", "fahrenheit": "华氏度"}
    if lang == "en":
        shown = f"{degrees} degrees {result['unit']}" if "unit" in result else f"{degrees} degrees"
        return json.dumps(result, ensure_ascii=False), f"In {city} it is {shown} and {condition}."
    shown = f"{degrees}{units.get(unit, '度')}" if "unit" in result else f"{degrees}度"
    sky_zh = sky[1]
    return json.dumps(result, ensure_ascii=False), f"{city}现在{shown}\uff0c{sky_zh}。"


def _generic_result(g, lang):
    """(result text, sentence) for any tool."""
    kind = g.int(0, 9)
    if kind == 0:
        ok = g.chance(0.75)
        result = g.pick([{"success": ok}, {"ok": ok}, {"status": "ok" if ok else "failed"}])
        return json.dumps(result), (DONE if ok else FAILED)[lang]
    if kind == 1:
        error = g.pick(ERRORS)[lang == "zh" and g.chance(0.5)] if g.chance(0.7) else g.phrase(lang, 2, 4)
        sentence = (
            f"The tool reported an error: {error}." if lang == "en" else f"工具报告了错误\uff1a{error}。"
        )
        return json.dumps({"error": error}, ensure_ascii=False), sentence
    if kind == 2:
        items = [g.pick([g.word(), g.name(lang), g.plain(lang), g.code()]) for _ in range(g.int(2, 5))]
        result = g.pick([{"items": items}, items, {"results": items}])
        sentence = (
            "I found: " + ", ".join(items) + "." if lang == "en" else "找到了\uff1a" + "、".join(items) + "。"
        )
        return json.dumps(result, ensure_ascii=False), sentence
    if kind == 3:
        v = _result_value(g, g.pick(["number", "big", "code", "time", "int"]), lang)
        result = g.pick([json.dumps({"result": v}), json.dumps({"value": v}), str(v)])
        return result, (f"The result is {v}." if lang == "en" else f"结果是{v}。")
    if kind == 4:
        text = (
            g.phrase(lang, 2, 7)
            if g.chance(0.5)
            else ", ".join(f"{k} {v}" for k, _, v in _fields(g, lang, 2))
        )
        return text, (f"The tool says: {text}" if lang == "en" else f"工具的回答是\uff1a{text}")
    fields = _fields(g, lang, g.int(1, 4))
    result = {key: v for key, _, v in fields}
    if g.chance(0.15):
        result = {"data": result}
    return json.dumps(result, ensure_ascii=False, indent=g.pick([None, None, None, 2])), describe(
        lang, fields
    )


def call_and_answer(g, lang, tools):
    """Call, result and the sentence made of it."""
    turn = call(g, lang, tools)
    name, arguments = turn.check[1][0]
    tool = next(t for t in tools if t.name == name)
    if tool.topic[0] == "get_current_weather" and g.chance(0.85):
        result, sentence = _weather_result(g, lang, arguments)
    else:
        result, sentence = _generic_result(g, lang)
    turn.messages.append({"role": "tool", "content": result})
    think = "The tool has answered." if lang == "en" else "工具已经返回结果。"
    turn.messages.append({"role": "assistant", "content": sentence, "reasoning_content": think})
    turn.skill, turn.check = "tool_result", ("exact", sentence)
    return turn


def tool_without_tools(g, lang):
    """An order for a tool when there are none at all."""
    user, _ = make_request(g, action_tool(g, lang, "en"), lang)
    answers = [full_width(a) if lang == "zh" else a for a in MISSING[lang]]
    think = "I have no tools here." if lang == "en" else "这里没有工具。"
    return simple_turn("no_tool", lang, user, g.pick(answers), think, ("oneof", answers))
