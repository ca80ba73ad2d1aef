"""Small sums: worked digit by digit in the think block, answered directly without it."""

from generator.core import full_width, simple_turn

ASK = {
    "en": [
        "{what is|what's|calculate|compute|how much is|please calculate|tell me|can you calculate|solve} <e>{?|.|}",
        "<e>{?| = ?| =|=?|=}",
        "<e>",
        "what does <e> {make|give|equal}{?|}",
        "{hi, |hello, |}what is <e>{?|}",
    ],
    "zh": [
        "<e>{等于多少|是多少|等于几|=?|=|等于|得多少|的结果是多少|=多少}{?|}",
        "{计算|请计算|算一下|帮我算一下|请算|请问}<e>{。|}",
        "<e>",
        "{你好,|}<e>等于{几|多少}{?|}",
    ],
}
SPOKEN = {
    "en": {
        "+": ["<a> plus <b>", "the sum of <a> and <b>", "<a> and <b> added together"],
        "-": ["<a> minus <b>", "the difference of <a> and <b>"],
        "*": ["<a> times <b>", "the product of <a> and <b>", "<a> multiplied by <b>"],
        "/": ["<a> divided by <b>"],
    },
    "zh": {
        "+": ["<a>加<b>", "<a>加上<b>", "<a>与<b>的和"],
        "-": ["<a>减<b>", "<a>减去<b>", "<a>与<b>的差"],
        "*": ["<a>乘<b>", "<a>乘以<b>", "<a>与<b>的积"],
        "/": ["<a>除以<b>"],
    },
}
SIGNS = {"+": ["+"], "-": ["-"], "*": ["*", "×", "x"], "/": ["/", "÷"]}


def add_steps(a, b):
    """Column addition, lowest digit first."""
    steps, carry, result = [], 0, a + b
    while a or b or not steps:
        total = a % 10 + b % 10 + carry
        if carry:
            steps.append(f"{a % 10}+{b % 10}+1={total}")
        else:
            steps.append(f"{a % 10}+{b % 10}={total}")
        carry, a, b = total // 10, a // 10, b // 10
    return ", ".join(steps) + f": {result}"


def sub_steps(a, b):
    """Column subtraction for a >= b, lowest digit first; a borrow shows as 1 taken more."""
    steps, borrow, result = [], 0, a - b
    while a or b or not steps:
        top, low = a % 10, b % 10 + borrow
        text = f"{b % 10}-1" if borrow else f"{b % 10}"
        lend = top < low
        steps.append(f"{top + 10 * lend}-{text}={top + 10 * lend - low}")
        borrow, a, b = int(lend), a // 10, b // 10
    return ", ".join(steps) + f": {result}"


def mul_steps(a, b):
    """Product by the digits of the larger factor; a table product is one step."""
    if a < b:
        a, b = b, a
    if a < 10 or b < 2 or a % 10 == 0 and a <= 100:
        return f"{a}*{b}={a * b}"
    parts, place = [], 1
    while a:
        if a % 10:
            parts.append((a % 10 * place, a % 10 * place * b))
        a, place = a // 10, place * 10
    text = ", ".join(f"{digit}*{b}={product}" for digit, product in parts)
    total = parts[0][1]
    for _, product in parts[1:]:
        text += f", {product}+{total}={product + total}"
        total += product
    return text


def steps(a, op, b):
    """The worked solution and the result."""
    if op == "+":
        return add_steps(a, b), a + b
    if op == "-" and a < b:
        return f"{a}<{b}. " + sub_steps(b, a), a - b
    if op == "-":
        return sub_steps(a, b), a - b
    if op == "/":
        return f"{b}*{a // b}={a}", a // b
    return mul_steps(a, b), a * b


def operands(g):
    """Two numbers and an operator, mostly with one or two digits."""
    op = g.pick("+++---**/")
    if op == "/":
        b, q = g.int(1, 10), g.int(0, 10)
        return b * q, op, b
    if op == "*":
        a, b = (g.int(0, 10), g.int(0, 10)) if g.chance(0.65) else (g.int(11, 99), g.int(2, 9))
        return (a, op, b) if g.chance(0.6) else (b, op, a)
    high = g.pick([9, 20, 99, 99, 99, 999])
    a, b = g.int(0, high), g.int(0, g.pick([9, high, high]))
    if op == "-" and a < b and g.chance(0.8):
        a, b = b, a
    return a, op, b


def is_hard(a, op, b):
    """Whether the sum deserves visible working even without a think block."""
    return op == "*" and a > 10 and b > 1 or op == "*" and b > 10 and a > 1 or max(a, b) > 99


def arithmetic(g, lang):
    """One sum."""
    a, op, b = operands(g)
    work, result = steps(a, op, b)
    sign = g.pick(SIGNS[op])
    if g.chance(0.25):
        expression = g.text(g.pick(SPOKEN[lang][op]), a=a, b=b)
    else:
        expression = g.pick([f"{a} {sign} {b}", f"{a}{sign}{b}"])
    user = g.ask(g.pick(ASK[lang]), lang, e=expression)
    shown = f"{a} {'×' if op == '*' else '÷' if op == '/' else op} {b} = {result}"
    answer = shown + ("." if lang == "en" else "。")
    turn = simple_turn("arithmetic", lang, user, answer, work, ("number", result))
    if is_hard(a, op, b):
        turn.messages[1]["content_without_thinking"] = f"{work}\n{answer}"
    return turn


THINGS = {
    "en": [
        "apples",
        "books",
        "coins",
        "eggs",
        "pens",
        "cats",
        "balls",
        "cups",
        "stones",
        "flowers",
        "boxes",
        "birds",
    ],
    "zh": ["苹果", "书", "硬币", "鸡蛋", "笔", "球", "杯子", "石头", "花", "盒子", "糖", "鸟"],
}
STORIES = {
    "en": [
        (
            "+",
            "{|hello, }<n> has <a> <t> and {buys|gets|finds|is given} <b> more{.|} how many <t> {does "
            "<n> have|are there|are there now}{?|}",
        ),
        (
            "-",
            "<n> has <a> <t> and {gives away|loses|sells|eats} <b>{.|} how many <t> {are left|does <n> "
            "have left|remain}{?|}",
        ),
        ("*", "<n> has <a> boxes with <b> <t> each{.|} how many <t> {is that|are there|does <n> have}{?|}"),
        (
            "+",
            "{I have|there are} <a> <t>{.|} {then <b> more come|I get <b> more|I buy <b> more}{.|} how "
            "many <t> {do I have|are there} now{?|}",
        ),
    ],
    "zh": [
        ("+", "<n>有<a>个<t>,又{买了|得到|找到}<b>个,{现在|一共}有多少个<t>{?|}"),
        ("-", "<n>有<a>个<t>,{送给别人|丢了|卖了|用掉}<b>个,还{剩|剩下}{多少个|几个}{?|}"),
        ("*", "有<a>个盒子,每个盒子里有<b>个<t>,一共有{多少|几}个<t>{?|}"),
    ],
}


def word_problem(g, lang):
    """A one-step story sum."""
    op, template = g.pick(STORIES[lang])
    a, b = (g.int(2, 9), g.int(2, 9)) if op == "*" else (g.int(2, 60), g.int(1, 40))
    if op == "-" and a < b:
        a, b = b, a
    work, result = steps(a, op, b)
    thing = g.pick(THINGS[lang])
    user = g.ask(template, lang, n=g.name(lang), a=a, b=b, t=thing)
    answer = (
        f"{a} {op.replace('*', '×')} {b} = {result}, so {result} {thing}."
        if lang == "en"
        else full_width(f"{a} {op.replace('*', '×')} {b} = {result},所以是{result}个{thing}。")
    )
    return simple_turn("arithmetic", lang, user, answer, work, ("number", result))


COMPARE = {
    "en": [
        "which {number |}is {larger|bigger|greater|higher}{:|,|} <a> or <b>{?|}",
        "{is <a> bigger than <b>|which is more, <a> or <b>}{?|}",
    ],
    "zh": ["<a>和<b>{哪个大|哪个更大|谁大}{?|}", "哪个数{大|更大}{:|,}<a>还是<b>{?|}"],
}


def compare(g, lang):
    """Which of two numbers is larger."""
    high = g.pick([9, 99, 99, 999])
    a, b = g.int(0, high), g.int(0, high)
    if a == b:
        b = a + 1
    user = g.ask(g.pick(COMPARE[lang]), lang, a=a, b=b)
    low, high = min(a, b), max(a, b)
    answer = f"{high} is larger than {low}." if lang == "en" else f"{high}比{low}大。"
    return simple_turn("arithmetic", lang, user, answer, f"{high}>{low}")


COUNT = {
    "en": ["count {from |}<a> to <b>{.|}", "{please |}{list|write|say} the numbers from <a> to <b>{.|}"],
    "zh": ["{从<a>数到<b>|请从<a>数到<b>|写出<a>到<b>的数字}{。|}"],
}


def counting(g, lang):
    """Numbers in a row."""
    a = g.pick([1, 1, 1, 0, g.int(1, 40)])
    b = a + g.int(2, 11) if g.chance(0.85) else g.pick([20, 30, 50])
    a = min(a, b - 2)
    row = list(range(a, b + 1))
    user = g.ask(g.pick(COUNT[lang]), lang, a=a, b=b)
    if g.chance(0.25):
        user = user.rstrip("。.")
        user += " backwards" if lang == "en" else ",倒着数"
        row.reverse()
    think = "I count in order." if lang == "en" else "按顺序数。"
    return simple_turn("counting", lang, user, ", ".join(map(str, row)), think)


TABLE = {
    "en": ["{solve|calculate|work out|compute|what is}{:|} <s>{?|}", "{solve these|a few sums}: <s>", "<s>"],
    "zh": ["{计算|请计算|算一算|口算}:<s>", "{请算一下|做几道题}:<s>", "<s>"],
}


def _table_entry(g):
    """One step as it appears in worked sums."""
    a, b = g.int(0, 9), g.int(0, 9)
    kind = g.int(0, 5)
    if kind < 2:
        carry = g.chance(0.3)
        return f"{a}+{b}{'+1' if carry else ''}", a + b + carry
    if kind < 4:
        borrow = int(g.chance(0.3))
        top = b + borrow + g.int(0, 9)
        return f"{top}-{b}{'-1' if borrow else ''}", top - b - borrow
    return f"{a}*{b}", a * b


def tables(g, lang):
    """Several one-digit sums at once."""
    entries = [_table_entry(g) for _ in range(g.int(3, 10))]
    user = g.ask(g.pick(TABLE[lang]), lang, s=", ".join(text for text, _ in entries))
    answer = ", ".join(f"{text}={result}" for text, result in entries)
    return simple_turn(
        "tables", lang, user, answer, "One after the other." if lang == "en" else "一个一个算。"
    )
