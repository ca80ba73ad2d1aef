"""Small templates, one behaviour of the language each. make_template_cases.py renders them with jinja2."""

CONTEXT = {
    "n": 7, "f": 2.5, "zero": 0, "yes": True, "no": False, "nothing": None, "empty": "", "s": "Hello, World",
    "u": "Grüße ｜ 你好 🌍", "ws": " \t a b \n ", "lines": "one\ntwo\r\n\nfour\n", "quote": "it's \"so\" \\ \n \x07",
    "xs": [3, 1, 2], "names": ["b", "A", "c", "a"], "nested": [[1, [2, 3]], [], {"k": [None, True, 1.0]}],
    "d": {"one": 1, "two": 2, "items": "shadow", "nested": {"deep": {"er": "x"}}},
    "people": [{"name": "Ann", "age": 31, "tags": ["x"]}, {"name": "bob", "age": 25}, {"name": "Cid", "age": 31}],
    "big": 9007199254740993, "small": 1e-7, "huge": 1e22, "html": "<a href='x'>&\"</a>",
    "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"},
                 {"role": "assistant", "content": "<think>\nr\n</think>\n\nA", "tool_calls": None}],
}

OUTPUT = """
{{ n }}|{{ f }}|{{ yes }}|{{ no }}|{{ nothing }}|{{ empty }}|{{ undefined_name }}
{{ s }}|{{ u }}|{{ xs }}|{{ d }}|{{ nested }}
{{ quote }}|{{ [quote, "it's", 'a"b', 'é\u200b'] }}
{{ (1,) }}{{ (1, 2) }}{{ () }}{{ [] }}{{ {} }}
{{ 1, 2 }}
{{ 1.0 }}|{{ 1e16 }}|{{ 1e15 }}|{{ 123456789.123 }}|{{ 1e-4 }}|{{ 1e-5 }}|{{ 0.1 + 0.2 }}|{{ -0.0 }}
{{ big }}|{{ small }}|{{ huge }}|{{ 0x1F }}|{{ 0b101 }}|{{ 0o17 }}|{{ 1_000 }}|{{ 1_0.5_0 }}|{{ 2e3 }}
{{ 'a' 'b' "c" }}
{{ 'tab\\tnl\\nq\\'q\\\\ \\x41 \\u00e9 \\101 \\d' }}
{{ "\\U0001F30D" }}
{{ true }}{{ True }}{{ false }}{{ none }}{{ None }}
{{ d.items() }}|{{ d.keys() }}|{{ d.values() }}|{{ range(3) }}|{{ range(1, 9, 3) }}
{{ xs[0] }}|{{ xs[-1] }}|{{ xs[9] }}|{{ s[0] }}|{{ u[-1] }}|{{ d['one'] }}|{{ d.two }}|{{ d['none'] }}|{{ d.none }}
{{ d.nested.deep.er }}|{{ d['nested']['deep']['er'] }}|{{ nested[0][1][1] }}|{{ nested.0.1.0 }}
{{ d['items'] }}
{{ xs[1, 2] is defined }}{{ d[] is defined }}
{{ xs[1,] }}
{{ undefined_name.attribute }}
{{ nothing.attribute }}|{{ n.attribute }}
{{ d.none.more }}
{{ undefined_name[0] }}
{{ undefined_name() }}
{{ undefined_name + 1 }}
{{ undefined_name ~ 'x' }}|{{ undefined_name == undefined_other }}|{{ undefined_name == none }}
{{ not undefined_name }}|{{ undefined_name or 'fallback' }}|{{ undefined_name and 1 }}
{{ 'x' in undefined_name }}
{{ [undefined_name] }}|{{ {'a': undefined_name} }}
{{ xs['append'](1) }}
{{ xs.append(1) }}
{{ d.update({'a': 1}) }}
{{ d.pop('one') }}
{{ s.__class__ }}
{{ s.no_method() }}
{{ 5() }}
"""

ARITHMETIC = """
{{ 1 + 2 * 3 - 4 / 2 }}|{{ 7 // 2 }}|{{ -7 // 2 }}|{{ 7 % 3 }}|{{ -7 % 3 }}|{{ 7 % -3 }}|{{ 2 ** 10 }}|{{ 2 ** -1 }}
{{ 7.5 // 2 }}|{{ -7.5 % 2 }}|{{ 2 ** 0.5 }}|{{ 1 / 3 }}|{{ 6 / 3 }}|{{ yes + 1 }}|{{ yes * 3 }}
{{ -n }}|{{ +n }}|{{ - -n }}|{{ -f }}|{{ -1 ** 2 }}|{{ 2 ** 3 ** 2 }}|{{ -2|abs }}|{{ -yes }}
{{ 'a' + 'b' }}|{{ 'ab' * 3 }}|{{ 3 * 'ab' }}|{{ 'a' * 0 }}|{{ 'a' * -1 }}|{{ [1] + [2] }}|{{ [1] * 2 }}
{{ (1,) + (2,) }}
{{ 'a' ~ 1 ~ none ~ true ~ 1.5 ~ [1] }}
{{ 1 ~ 2 + 3 }}
{{ 'a' + 'b' ~ 'c' }}|{{ 2 * 3 ~ 4 }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 1 + 'a' }}
{{ 'a' + 1 }}
{{ none + 1 }}
{{ [1] + (2,) }}
{{ 'a' - 'b' }}
{{ {} + {} }}
{{ 1 == 1.0 }}|{{ true == 1 }}|{{ 'a' == 'a' }}|{{ 'a' != 'b' }}|{{ [1, 2] == [1, 2.0] }}|{{ (1,) == [1] }}
{{ none == false }}
{{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}|{{ '1' == 1 }}|{{ range(3) == range(3) }}
{{ 1 < 2 < 3 }}|{{ 1 < 3 < 2 }}|{{ 3 > 2 >= 2 }}|{{ 'a' < 'b' }}|{{ 'Z' < 'a' }}|{{ [1, 2] < [1, 3] }}
{{ 'ä' > 'z' }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ [1] < (1,) }}
{{ {} < {} }}
{{ 1 in xs }}|{{ 9 in xs }}|{{ 9 not in xs }}|{{ 'ell' in s }}|{{ '' in s }}|{{ 'one' in d }}|{{ 1 in d }}
{{ [1] in [[1]] }}
{{ 1.0 in xs }}|{{ true in [1] }}|{{ 'x' in ['x', none] }}|{{ none in [none] }}|{{ 2 in range(3) }}
{{ 1 in 'a' }}
{{ 1 in 5 }}
{{ [] in d }}
{{ not 1 in xs }}|{{ not (1 in xs) }}|{{ not yes and no }}|{{ yes or no and no }}|{{ (yes or no) and no }}
{{ 'a' and 'b' }}|{{ '' and 'b' }}|{{ '' or 0 or 'z' }}|{{ 0 or none }}
{{ 'a' if yes else 'b' }}|{{ 'a' if no else 'b' }}|{{ 'a' if no }}|{{ 1 if no else 2 if no else 3 }}
{{ (1 if no) is defined }}
{{ 'a' if yes else undefined_name.x }}
{{ 1 if yes else 2, 3 }}
{{ xs[1:] }}|{{ xs[:1] }}|{{ xs[::-1] }}|{{ xs[-2:] }}|{{ xs[5:] }}|{{ xs[::2] }}|{{ xs[2:0:-1] }}|{{ xs[:-1] }}
{{ xs[:] }}
{{ s[1:4] }}|{{ s[::-1] }}|{{ s[-5:] }}|{{ u[0:3] }}|{{ u[::-1] }}|{{ u[::2] }}|{{ s[100:] }}
{{ (1, 2, 3)[1:] }}|{{ range(9)[2:4]|list }}
{{ s[none:3] }}|{{ xs[true:] }}|{{ xs[-100:100] }}|{{ xs[100:-100:-1] }}
{{ xs[::0] }}
{{ xs['a':] }}
{{ d[1:] }}
{{ nothing[1:] }}
{{ {'a': 1, 'a': 2, 1: 'x', true: 'y', 'b': [1]} }}
{{ {[1]: 2} }}
{{ {'a': {'b': 'c'}}.a.b }}|{{ {1: 'x'}[1] }}|{{ {1: 'x'}[true] }}|{{ {none: 1}[none] }}
{{ (1 + 2) * 3 }}|{{ ((1)) }}|{{ (1, (2, 3)) }}
{{ 10 - 2 - 3 }}|{{ 100 / 10 / 2 }}|{{ 2 - -2 }}
"""

FILTERS = """
{{ s|upper }}|{{ s|lower }}|{{ u|upper }}|{{ u|lower }}|{{ 'ß'|upper }}|{{ 'ÀÉŁŽ ΑΒΓ ДЖ'|lower }}
{{ 'àéłž αβγς джё'|upper }}
{{ 'hello wORLD foo-bar (baz) [x] {y} <z> it\\'s'|title }}|{{ 'hELLO wORLD'|capitalize }}
{{ 'élan'|capitalize }}|{{ 5|upper }}
{{ ws|trim }}|{{ 'xxaxx'|trim('x') }}|{{ 'abcba'|trim('ab') }}|{{ '\\u3000a\\u00a0'|trim }}|{{ 5|trim }}
{{ s|length }}|{{ u|length }}|{{ xs|count }}|{{ d|length }}|{{ undefined_name|length }}|{{ range(5)|length }}
{{ ''|length }}
{{ 5|length }}
{{ none|length }}
{{ xs|first }}|{{ xs|last }}|{{ s|first }}|{{ u|last }}|{{ []|first }}|{{ []|last }}|{{ d|first }}|{{ d|last }}
{{ undefined_name|first }}
{{ xs|join }}|{{ xs|join(', ') }}|{{ names|join('-') }}|{{ s|join('.') }}|{{ [1, none, 'a', 2.5]|join('|') }}
{{ d|join(',') }}
{{ people|join(', ', attribute='name') }}|{{ people|map(attribute='age')|join('/') }}
{{ undefined_name|default('x') }}|{{ none|default('x') }}|{{ ''|d('x') }}|{{ ''|d('x', true) }}
{{ none|d('x', boolean=true) }}
{{ undefined_name|default }}|{{ d.none|default('q') }}|{{ 0|default(5, true) }}|{{ no|d('z') }}
{{ xs|sort }}|{{ names|sort }}|{{ names|sort(case_sensitive=true) }}|{{ xs|sort(reverse=true) }}|{{ s|sort|join }}
{{ people|sort(attribute='age')|map(attribute='name')|list }}
{{ people|sort(attribute='age,name', reverse=true)|map(attribute='name')|list }}
{{ [1, 'a']|sort }}
{{ xs|reverse|list }}|{{ s|reverse }}|{{ u|reverse }}|{{ d|reverse|list }}
{{ [1, 2, 1, 1.0, 'a', 'A']|unique|list }}|{{ ['a', 'A']|unique(case_sensitive=true)|list }}
{{ people|unique(attribute='age')|map(attribute='name')|list }}
{{ xs|min }}|{{ xs|max }}|{{ names|min }}|{{ names|max }}|{{ []|min }}|{{ people|max(attribute='age') }}
{{ names|max(case_sensitive=true) }}
{{ xs|sum }}|{{ people|sum(attribute='age') }}|{{ [0.5, 1]|sum }}|{{ []|sum }}|{{ xs|sum(start=10) }}
{{ [[1], [2]]|sum(start=[]) }}
{{ ['a']|sum }}
{{ d|items|list }}|{{ undefined_name|items|list }}|{{ d|dictsort }}|{{ {'b': 1, 'A': 2}|dictsort }}
{{ {'b': 1, 'A': 2}|dictsort(true) }}
{{ {'a': 2, 'b': 1}|dictsort(by='value') }}|{{ {'a': 2, 'b': 1}|dictsort(reverse=true) }}
{{ {'a': 2}|dictsort(by='x') }}
{{ none|items|list }}
{{ s|list }}|{{ d|list }}|{{ range(3)|list }}|{{ (1, 2)|list }}|{{ undefined_name|list }}
{{ none|list }}
{{ s|replace('l', 'L') }}|{{ s|replace('l', 'L', 1) }}|{{ 'aaa'|replace('a', 'b', 2) }}
{{ 'ab'|replace('', '-') }}|{{ 121|replace(1, 3) }}
{{ n|string }}|{{ none|string }}|{{ xs|string }}|{{ (n|string) is string }}|{{ undefined_name|string|length }}
{{ '42'|int }}|{{ ' 42 '|int }}|{{ '42.9'|int }}|{{ 'x'|int }}|{{ 'x'|int(5) }}|{{ '0x1f'|int(base=16) }}
{{ '1f'|int(0, 16) }}|{{ 3.9|int }}|{{ -3.9|int }}
{{ none|int }}|{{ true|int }}|{{ '1_000'|int }}|{{ '-7'|int }}|{{ '+7'|int }}|{{ ''|int }}|{{ '1e3'|int }}
{{ [] |int }}|{{ '١'|int(9)|string|length }}
{{ '1.5'|float }}|{{ 'x'|float }}|{{ 'x'|float(2.0) }}|{{ 3|float }}|{{ '1e3'|float }}|{{ ' 1 '|float }}
{{ 'inf'|float }}|{{ '-.5'|float }}
{{ -5|abs }}|{{ -1.5|abs }}|{{ true|abs }}
{{ 'a'|abs }}
{{ 2.5|round }}|{{ 3.5|round }}|{{ 2.675|round(2) }}|{{ 1.005|round(2) }}|{{ 7|round }}|{{ 1234|round(-2) }}
{{ 1234.5|round(-2) }}|{{ -2.5|round }}
{{ 2.1|round(method='ceil') }}|{{ 2.9|round(0, 'floor') }}|{{ 2.123|round(2, 'ceil') }}|{{ 2|round(0, 'floor') }}
{{ 2.1|round(method='up') }}
{{ html|escape }}|{{ html|e }}|{{ html|safe }}|{{ html|e|e }}|{{ html|forceescape }}|{{ 5|e }}
{{ (html|safe) + '<b>' }}|{{ '<i>' + (html|safe) }}
{{ (html|safe) ~ '<b>' }}|{{ ('<b>'|e)|upper }}|{{ ['<b>'|safe] }}|{{ ('<b>'|safe).replace('b', '<') }}
{{ '<b>'|safe|replace('b', '<') }}
{{ ('<b>'|safe) * 2 + '<' }}|{{ ('<b>'|safe)[0] + '<' }}|{{ ('<b>'|safe)[1:] + '<' }}
{{ ('a<b'|safe).split('<')|join('<') }}|{{ ('<%s>'|safe) % '<' }}
{{ lines|indent }}|{{ lines|indent(2, true) }}|{{ lines|indent(2, blank=true) }}|{{ lines|indent('> ') }}
{{ 'a'|indent }}|{{ ''|indent(2, true) }}
{{ 5|indent }}
{{ 'a b  c\\nd_e f-g'|wordcount }}|{{ u|wordcount }}|{{ ''|wordcount }}
{{ 'foo bar baz qux'|truncate(9) }}|{{ 'foo bar baz qux'|truncate(9, true) }}
{{ 'foo bar baz qux'|truncate(11) }}|{{ 'foo bar baz qux'|truncate(11, false, '…', 0) }}
{{ 'abc'|center(9) }}|{{ 'abc'|center(8) }}|{{ 'abcd'|center(9) }}|{{ 'abc'|center(2) }}
{{ '%s is %d years, %.2f%%'|format('x', 3, 2.5) }}|{{ '%(a)s-%(b)05d'|format(a='q', b=7) }}
{{ '%5s|%-5s|%05d|%+d|%x|%X|%o|%c|%r'|format('a', 'b', 3, 4, 255, 255, 8, 'z', 'q') }}
{{ '%s %s'|format('x') }}
{{ '%s'|format('x', 'y') }}
{{ '%d'|format('x') }}
{{ '%e %E %g %G %f'|format(12345.678, 0.00012, 0.00001, 1e20, 1.5) }}|{{ '%5.1f|%-8.3e|'|format(3.14159, 2.5) }}
{{ '%s %s' % (1, 'a') }}|{{ '%s' % xs }}|{{ '%.3s' % s }}
{{ 'x' % xs }}|{{ 'x' % [] }}|{{ 'x' % d }}|{{ 'x' % range(2) }}|{{ 'x' % undefined_name }}|{{ '%s' % undefined_name }}
{{ 'x' % 1 }}
{{ 'x' % d.keys() }}
{{ '%s %s' % xs }}
{{ '%d' % undefined_name }}
{{ xs|truncate }}|{{ d|truncate(9) }}|{{ undefined_name|truncate }}|{{ (1, 2)|truncate(3) }}
{{ range(300)|list|truncate }}
{{ 3|truncate }}
{{ xs|batch(2)|list }}|{{ xs|batch(2, 0)|list }}|{{ range(7)|slice(3)|list }}|{{ range(7)|slice(3, 'x')|list }}
{{ []|batch(2)|list }}
{{ people|groupby('age') }}
{% for age, group in people|groupby('age') %}{{ age }}:{{ group|map(attribute='name')|join(',') }};{% endfor %}
{% for g in people|groupby('tags', default=['none']) %}{{ g.grouper }}={{ g.list|length }};{% endfor %}
{{ names|groupby(0) }}
{{ people|map(attribute='name')|map('upper')|list }}|{{ xs|map('string')|join }}
{{ people|map(attribute='tags')|list }}|{{ people|map(attribute='tags', default='-')|list }}
{{ people|map(attribute='tags.0')|list }}
{{ [{'t': ['x']}]|map(attribute='t.0')|list }}|{{ [[1, 2], [3, 4]]|map(attribute=1)|list }}
{{ [[1, 2], [3]]|map('first')|list }}|{{ ['a,b']|map('replace', ',', '.')|list }}
{{ xs|map('no_such')|list }}
{{ xs|select('odd')|list }}|{{ xs|reject('odd')|list }}|{{ [0, 1, '', 'a', none]|select|list }}
{{ [0, 1]|reject|list }}|{{ xs|select('>', 1)|list }}|{{ xs|select('in', [1, 2])|list }}
{{ people|selectattr('age', 'equalto', 31)|map(attribute='name')|list }}
{{ people|selectattr('tags', 'defined')|list|length }}
{{ people|rejectattr('tags')|map(attribute='name')|list }}
{{ people|selectattr('age', '>', 30)|map(attribute='name')|list }}
{{ messages|selectattr('role', '==', 'user')|list|length }}
{{ people|selectattr('name.0', 'eq', 'A')|list|length }}
{{ xs|select('no_such')|list }}
{{ s|attr('upper') is callable }}|{{ d|attr('one') is defined }}
{{ xs|first|string + 'x' }}|{{ -1|abs }}|{{ 'a'|upper ~ 'b' }}|{{ 'a' ~ 'b'|upper }}|{{ 1 + 2|string|length }}
{{ [1, 2]|length == 2 }}
{{ xs|list|map('string')|list|tojson }}|{% set g = xs|map('string') %}{{ g|join }}{{ g|join }}
{{ (xs|select('odd'))|length }}
"""

JSON = """
{{ d|tojson }}|{{ nested|tojson }}|{{ u|tojson }}|{{ quote|tojson }}|{{ nothing|tojson }}
{{ [yes, no, f, n]|tojson }}|{{ (1, 2)|tojson }}
{{ html|tojson }}|{{ '</script>'|tojson }}|{{ {'a': {}, 'b': [], 'c': ''}|tojson }}
{{ d|tojson(indent=2) }}|{{ nested|tojson(indent=4) }}|{{ [1, [2]]|tojson(indent='\\t') }}
{{ {}|tojson(indent=2) }}|{{ [1]|tojson(indent=0) }}
{{ d|tojson(separators=(',', ':')) }}|{{ d|tojson(sort_keys=true) }}|{{ u|tojson(ensure_ascii=true) }}
{{ {'ü': '\\x7f'}|tojson(true) }}
{{ {1: 'a', true: 'b', none: 'c', 2.5: 'd'}|tojson }}
{{ [big, small, huge, 1.0, -0.0, 1e16, 123456789012345678]|tojson }}
{{ undefined_name|tojson }}
{{ range(3)|tojson }}
{{ d.items()|tojson }}
{{ (xs|map('string'))|tojson }}
{{ d|tojson|length }}|{{ (d|tojson) ~ '' is string }}|{{ ('<'|tojson|safe) ~ '>' }}|{{ messages|tojson }}
{{ '{"a": [1, 2.5, null, true], "b": "x"}'|from_json }}|{{ ('[1]'|from_json)[0] + 1 }}
"""

METHODS = """
{{ s.upper() }}|{{ s.lower() }}|{{ 'hello world it\\'s'.title() }}|{{ 'aBC dEF'.capitalize() }}
{{ 'aBc'.swapcase() }}|{{ 'AbC'.casefold() }}
{{ ws.strip() }}|{{ ws.lstrip() }}|{{ ws.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ '\\n\\na\\n'.lstrip('\\n') }}
{{ 'abc'.rstrip('bc') }}|{{ ' a '.strip(none) }}
{{ 'a,b,,c'.split(',') }}|{{ 'a,b,,c'.split(',', 1) }}|{{ ' a  b '.split() }}|{{ 'a b c'.split(none, 1) }}
{{ ''.split() }}|{{ ''.split(',') }}|{{ 'a<think>b'.split('<think>')[-1] }}
{{ 'a,b,c'.rsplit(',', 1) }}|{{ ' a  b  c '.rsplit(none, 1) }}|{{ 'a,b'.rsplit(',') }}
{{ 'a b c'.split(maxsplit=1) }}|{{ 'a-b-c'.split(sep='-') }}
{{ 'abc'.split('') }}
{{ lines.splitlines() }}|{{ lines.splitlines(true) }}|{{ 'a\\x0bb\\u2028c'.splitlines() }}|{{ ''.splitlines() }}
{{ 'a=b=c'.partition('=') }}|{{ 'a=b=c'.rpartition('=') }}|{{ 'abc'.partition('=') }}|{{ 'abc'.rpartition('=') }}
{{ s.replace('l', 'L') }}|{{ s.replace('l', '', 1) }}|{{ 'aaaa'.replace('aa', 'b') }}
{{ 'abc'.replace('', '.') }}|{{ 'üü'.replace('ü', 'u') }}
{{ s.startswith('Hell') }}|{{ s.endswith('d') }}|{{ s.startswith(('x', 'He')) }}|{{ s.endswith(('x', 'y')) }}
{{ s.startswith('ell', 1) }}|{{ s.endswith('lo', 0, 5) }}
{{ s.startswith(1) }}
{{ s.find('o') }}|{{ s.find('o', 5) }}|{{ s.find('zz') }}|{{ s.rfind('o') }}|{{ u.find('你') }}
{{ s.index('W') }}|{{ s.count('l') }}|{{ s.count('') }}|{{ s.rfind('o', 0, 6) }}
{{ s.index('zz') }}
{{ ', '.join(['a', 'b']) }}|{{ '-'.join('abc') }}|{{ ''.join([]) }}|{{ ','.join(d) }}
{{ ','.join([1]) }}
{{ 'a1'.isalnum() }}|{{ 'ab'.isalpha() }}|{{ '12'.isdigit() }}|{{ ' \\t'.isspace() }}|{{ 'AB'.isupper() }}
{{ 'ab1'.islower() }}|{{ ''.isdigit() }}|{{ 'é'.isalpha() }}|{{ '1.2'.isdecimal() }}|{{ 'aé'.isascii() }}
{{ '12'.isnumeric() }}
{{ 'a'.center(5, '*') }}|{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3, '.') }}|{{ '7'.zfill(3) }}|{{ '-7'.zfill(4) }}
{{ 'ab'.center(5) }}
{{ 'prefix-x'.removeprefix('prefix-') }}|{{ 'x.txt'.removesuffix('.txt') }}|{{ 'x'.removeprefix('y') }}
{{ '{} {}'.format('a', 1) }}|{{ '{0}{1}{0}'.format('a', 'b') }}|{{ '{x}-{y}'.format(x=1, y='z') }}
{{ '{{}}'.format() }}|{{ '{!r}'.format('a') }}|{{ '{0[0]} {1.one}'.format(xs, d) }}
{{ '{:>5}|{:<5}|{:^5}|{:*^7}|{:05d}|{:+d}|{:,}'.format('a', 'b', 'c', 'd', 42, 7, 1234567) }}
{{ '{:.2f}|{:.3}|{:x}|{:b}|{:e}|{:%}'.format(3.14159, 2.71828, 255, 5, 12345.678, 0.25) }}
{{ '{:10.3f}|{:<10}|{:10}|{:s}|{:d}|{:_}|{:#x}|{:g}|{}'.format(3.14159, 7, 8, 'x', 9, 1234567, 255, 1e20, 1.0) }}
{{ '{:.2}'.format('abc') }}
{{ '{}'.format() }}
{{ '{'.format(1) }}
{{ d.get('one') }}|{{ d.get('zzz') }}|{{ d.get('zzz', 'def') }}|{{ d.items()|list|length }}|{{ d.keys()|list }}
{{ d.values()|first }}|{{ d.copy() == d }}
{{ xs.index(1) }}|{{ xs.count(1) }}|{{ xs.copy() }}|{{ (1, 2, 1).count(1) }}
{{ xs.index(99) }}
{{ s.upper(1) }}
{{ 'a'.join(sep='b') }}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for c in 'añ' %}{{ c }}.{% endfor %}{% for k in d %}{{ k }},{% endfor %}
"""

TESTS = """
{{ n is defined }}{{ zz is defined }}{{ zz is undefined }}{{ d.zz is defined }}{{ nothing is defined }}
{{ d.one is defined }}
{{ nothing is none }}{{ n is none }}{{ zz is none }}{{ yes is true }}{{ 1 is true }}{{ no is false }}
{{ yes is boolean }}{{ 1 is boolean }}
{{ n is integer }}{{ f is integer }}{{ yes is integer }}{{ f is float }}{{ n is number }}{{ yes is number }}
{{ s is number }}
{{ s is string }}{{ n is string }}{{ d is mapping }}{{ xs is mapping }}{{ xs is sequence }}{{ s is sequence }}
{{ d is sequence }}{{ n is sequence }}{{ range(2) is sequence }}
{{ d.items() is sequence }}{{ zz is sequence }}{{ nothing is sequence }}{{ xs is iterable }}{{ s is iterable }}
{{ n is iterable }}{{ zz is iterable }}{{ nothing is iterable }}{{ d is iterable }}
{{ 3 is odd }}{{ 4 is even }}{{ 4 is odd }}{{ 9 is divisibleby 3 }}{{ 9 is divisibleby(4) }}{{ 'ab' is lower }}
{{ 'AB' is upper }}{{ 'aB' is lower }}
{{ 1 is eq 1 }}{{ 1 is equalto 2 }}{{ 1 is ne 2 }}{{ 2 is gt 1 }}{{ 2 is lt 1 }}{{ 2 is ge 2 }}{{ 2 is le 1 }}
{{ 2 is greaterthan 1 }}{{ 1 is lessthan 2 }}
{{ 1 is in [1, 2] }}{{ 'a' is in 'abc' }}{{ 3 is not in [1] }}{{ yes is sameas true }}{{ 1 is sameas true }}
{{ none is sameas none }}
{{ n is not defined }}{{ not n is defined }}{{ n is defined and zz is not defined }}
{{ zz is defined or n is defined }}
{{ 'upper' is filter }}{{ 'zz' is filter }}{{ 'odd' is test }}{{ 'zz' is test }}{{ range is callable }}
{{ (1,) is filter }}{{ 3 is test }}{{ none is test }}{{ undefined_name is filter }}
{{ xs is filter }}
{{ d is test }}
{{ n is callable }}{{ s.upper is callable }}
{{ ('a'|safe) is escaped }}{{ 'a' is escaped }}{{ ('a'|safe) is string }}
{{ n is no_such }}
{{ 'x' if zz is defined else 'y' }}|{{ zz is defined and zz.x }}|{{ (n is defined) == true }}
{{ n is number == true }}
{{ 'a' is odd }}
{{ n is divisibleby }}
{% if n is defined and n is not none and n > 3 %}big{% endif %}
"""

FUNCTIONS = """
{{ range(3)|list }}|{{ range(1, 4)|list }}|{{ range(5, 0, -2)|list }}|{{ range(0)|list }}|{{ range(3)[1] }}
{{ range(1, 2, 0) }}
{{ range(1000000) }}
{{ range('a') }}
{{ dict(a=1, b='x') }}|{{ dict() }}|{{ dict({'a': 1}, b=2) }}|{{ dict([('a', 1), ['b', 2]]) }}
{{ dict(d, one=9).one }}
{% set ns = namespace(a=1) %}{% set ns.a = ns.a + 1 %}{% set ns.b = 'x' %}{{ ns.a }}{{ ns.b }}{{ ns.c }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns['b'] }}
{% set ns = namespace(n=0) %}{% for x in xs %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}
{% set ns = namespace(items=[]) %}{% for x in xs %}{% set ns.items = ns.items + [x * 2] %}{% endfor %}{{ ns.items }}
{% set x = 1 %}{% set x.y = 2 %}
{% set zz.y = 2 %}
{{ raise_exception('bad ' ~ 1) }}
{{ strftime_now('%Y-%m-%d %H:%M:%S %A %B %j') }}|{{ strftime_now('%d %b %y') }}
{% if strftime_now is defined %}yes{% endif %}{% if other_function is defined %}{{ other_function() }}{% endif %}
{{ range(*[1, 4])|list }}|{{ dict(**{'a': 1}) }}|{{ '{} {}'.format(*[1, 2]) }}|{{ '{a}'.format(**{'a': 3}) }}
{{ no_such_function() }}
"""

# Whole templates, where line ends matter.
BLOCKS = [
    "{% for x in xs %}{{ loop }}{% endfor %}{% for x in xs if x > 1 %}{{ loop ~ '' }}{% endfor %}",
    "{% if yes %}a{% elif no %}b{% else %}c{% endif %}|{% if no %}a{% elif yes %}b{% endif %}|{% if no %}"
    "a{% else %}c{% endif %}",
    "{% if zz %}a{% endif %}{% if xs %}b{% endif %}{% if [] %}c{% endif %}{% if '' %}d{% endif %}"
    "{% if {} or 0.0 %}e{% endif %}",
    "{% for x in xs %}{{ loop.index }}/{{ loop.length }}:{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for x in xs %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}"
    ";{% endfor %}",
    "{% for x in xs %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {{ loop.previtem is defined }}{% endfor %}",
    "{% for x in [] %}x{% else %}none{% endfor %}|{% for x in zz %}x{% else %}undefined{% endfor %}",
    "{% for x in xs if x > 1 %}{{ loop.index }}:{{ x }}{% if loop.last %}.{% endif %} {% endfor %}",
    "{% for x in xs if x > 5 %}x{% else %}nothing{% endfor %}",
    "{% for x in xs if x > 1 %}{{ loop.length }}{{ loop.revindex }} {% endfor %}",
    "{% set ns = namespace(stop=false) %}{% for x in xs if not ns.stop %}{{ x }}{% set ns.stop = true %}"
    "{% endfor %}",
    "{% set ns = namespace(stop=false) %}{% for x in xs if not ns.stop %}{{ loop.last }}"
    "{% set ns.stop = true %}{% endfor %}",
    "{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in xs %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% else %}never{% endfor %}",
    "{% for a in xs %}{% for b in xs %}{% if b == 1 %}{% break %}{% endif %}{{ a }}{{ b }}{{ loop.index }}"
    " {% endfor %}{{ loop.index }}{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}{{ v }};{% endfor %}|{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}"
    "{{ c }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for a, b in [1] %}{% endfor %}",
    "{% for x in 5 %}{% endfor %}",
    "{% for x in none %}{% endfor %}",
    "{% for x in xs %}{{ loop.cycle('a', 'b') }}{% endfor %}|{% for x in [1, 1, 2] %}{{ loop.changed(x) }}"
    "{% endfor %}",
    "{% for x in [[1, [2]], [3]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}"
    "@{{ loop.depth }}{% endif %}{% endfor %}",
    "{% for x in xs %}{{ loop(xs) }}{% endfor %}",
    "{% for x in 1, 2 %}{{ x }}{% endfor %}{% for x in (1, 2) %}{{ x }}{% endfor %}",
    "{% set x = 1 %}{% for i in xs %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}",
    "{% for i in xs %}{% set y = i %}{% endfor %}{{ y }}|{% if yes %}{% set z = 5 %}{% endif %}{{ z }}",
    "{% set x = 'outer' %}{% for x in xs %}{{ x }}{% endfor %}{{ x }}|{{ loop }}",
    "{% for i in xs %}{% if loop.first %}{% set seen = i %}{% endif %}{{ seen }}{% endfor %}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}|{% set (c, d2) = [3, 4] %}{{ c }}"
    "{{ d2 }}{% set t = 1, %}{{ t }}",
    "{% set a, b = 1 %}",
    "{% set x %}<{{ n }}>{% endset %}{{ x }}{{ x|length }}|{% set x | upper | trim %} ab {% endset %}{{ x }}",
    "{% set x %}{% set inner = 1 %}{{ inner }}{% endset %}{{ x }}{{ inner is defined }}",
    "{% for x in xs %}{% continue %}{% else %}e{% endfor %}{% for x in xs %}{% break %}{% else %}e{% endfor %}",
    "{% for x in xs %}{% if x == 3 %}{% continue %}{% endif %}{{ x }}{% else %}e{% endfor %}",
    "{{ none|map('upper')|list }}{{ none|selectattr('a')|list }}{{ undefined_name|select|list }}{{ 0|reject|list }}",
    "{% filter upper %}abc {{ s }}{% endfilter %}|{% filter replace('a', 'b') | upper %}aaa{% endfilter %}",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}|{% with a = 1, b = n %}{{ a }}{{ b }}"
    "{% endwith %}",
    "{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "{% macro m(a, b='x') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m() }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}|{% macro k(a=n) %}{{ a }}{% endmacro %}{{ k() }}",
    "{% macro outer() %}{{ caller() }}-{{ caller() }}{% endmacro %}{% call outer() %}body{{ n }}{% endcall %}",
    "{% macro each(items) %}{% for i in items %}{{ caller(i, loop.index) }}{% endfor %}{% endmacro %}"
    "{% call(x, i) each(xs) %}{{ i }}:{{ x }} {% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n * fact(n - 1)|int }}{% endif %}{% endmacro %}{{ fact(10) }}",
    "{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}",
    "{% for i in xs %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro m(x) %}{% set y = x %}{{ y }}{% endmacro %}{{ m(1) }}{{ y is defined }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}b{% endmacro %}{{ a() }}",
    "{% set f = namespace(g=none) %}{% macro m() %}hi{% endmacro %}{% set f.g = m %}{{ f.g() }}",
    "{% macro m(x) -%}  {{ x }}  {%- endmacro %}[{{ m('a') }}]{{ m('b')|trim|length }}",
    "{% generation %}g{{ n }}{% set q = 1 %}{% endgeneration %}{{ q is defined }}",
    "{% block head %}h{{ n }}{% endblock %}|{% block tail %}t{% endblock tail %}",
    "{% print 1, 'a' %}",
    "{% raw %}{{ n }} {% if %}{% endraw %}|{%- raw -%}  x  {%- endraw -%}  y",
    "  {% raw %}\n a {% endraw %}\n b",
    "a {# comment #} b {#- trimmed -#} c\n{# line #}\nd\n   {# indented #}\ne {#+ kept +#}\nf",
    "{% if yes %}\n  a\n{% endif %}\nb\n",
    "  {% if yes %}\n    a\n  {% endif %}\n  b\n\n",
    "x  {% if yes %}  a  {% endif %}  b",
    "  {%+ if yes %}\na{% endif +%}\n b",
    "x\n  {%- if yes -%}\n  a\n  {%- endif -%}\n  b",
    "a {{- n -}} b {{ n -}} c {{- n }} d",
    "  {{ n }}\n  {{ n }}\n",
    "a\n\n  {{- n }}\n\n\nb",
    "{% set x = 1 %}\n\n{% set y = 2 %}\n{{ x }}\n{{ y }}\n",
    "{% for x in xs %}\n  {{ x }}\n{% endfor %}\nend",
    "{%- for x in xs %}\n  - {{ x }}\n{%- endfor %}\nend",
    "a\r\nb\rc\n{% if yes %}\r\nd\r\n{% endif %}",
    "line\n",
    "line\n\n",
    "\n",
    "\u00a0 {%- if yes %} a\u3000 {%- endif %}",
    "{{'a'}}{%if yes%}b{%endif%}{{-'c'-}}",
    "{% if yes: %}a{% endif %}",
    "{{ {'a': {'b': 1}}['a']['b'] }}{{ {'x': [1, 2]}.x[1] }}{{ '}}' }}{{ '%}' }}",
    "{% set s2 = '{% not a tag %}' %}{{ s2 }}{{ \"{{ x }}\" }}",
    "{ % not } { { a } } % } # }",
    "{% for m in messages %}{{ '<|' + m.role + '|>' + m['content'] + '\\n' }}{% endfor %}",
    "{% for m in messages[::-1] %}{{ m.role }}{% if m.tool_calls %}!{% endif %}{% endfor %}"
    "{{ messages[-1]['content'].split('</think>')[-1].lstrip('\\n') }}",
    "{%- if messages[0]['role'] == 'system' -%}{%- set loop_messages = messages[1:] -%}{%- endif -%}"
    "{{ loop_messages|length }}",
]

MALFORMED = [
    "{{ n", "{% if n %}", "{% endif %}", "{{ }}", "{% %}", "{{ n }", "{% for x xs %}{% endfor %}", "{{ 'abc }}"
    "", "{{ (1 }}",
    "{{ 1 + }}", "{{ [1, 2 }}", "{{ {1 2} }}", "{{ a.1b }}", "{{ 1 ~ }}", "{% set 5 = 1 %}", "{% set true = 1 %}",
    "{% unknown_tag %}", "{% include 'x' %}", "{% extends 'x' %}", "{# open", "{% raw %}"
    "x", "{{ n|no_such_filter }}",
    "{% break %}", "{% for x in xs %}{% endif %}", "{% if yes %}{% endfor %}", "{% macro m(a=1, b) %}"
    "{% endmacro %}",
    "{% call n %}{% endcall %}", "{{ f(a=1, 2) }}", "{{ n is defined is true }}", "{% for x in xs %}"
    "", "{{ ? }}", "{{ a b }}",
    "{{ '\\x4' }}", "{% set x %}", "{% else %}", "{{ 1 if }}", "{{ not }}", "{{ x[ }}", "{{ x[] }}", "{{ .5 }}"
    "", "{{ 1.e }}",
    "{% for [a, b] in [(1, 2)] %}{% endfor %}", "{% set [a] = xs %}", "{% for a, [b] in nested %}{% endfor %}",
]
