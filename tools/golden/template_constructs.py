"""Chat templates of our own that use the constructs of published ones, one family's way of writing each.

compare_templates.py renders them with jinja2 and with our interpreter. Nothing here is a published text.
"""

TEMPLATES = {
    "brackets": (
        "{% if messages and messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
        "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
        '{% set system_message = false %}{% endif %}{% for m in loop_messages %}'
        "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}"
        '{% endif %}{% if loop.index0 == 0 and system_message != false %}'
        "{% set content = '<<SYS>>\\n' + (system_message or '') + '\\n<</SYS>>\\n\\n' + (m['content'] or "
        "'') %}{% else %}{% set content = m['content'] or '' %}{% endif %}{% if m['role'] == 'user' %}"
        "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif m['role'] == 'assistant' %}"
        "{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"),
    "headers": (
        "{{- bos_token }}{%- set date_string = strftime_now('%d %b %Y') if not date_string is defined else "
        "date_string %}{%- if messages and messages[0].role == 'system' %}"
        "{%- set system = messages[0].content | default('', true) | trim %}"
        "{%- set messages = messages[1:] %}{%- else %}{%- set system = '' %}{%- endif %}"
        "{{- '<|h|>system\\n' + 'Today: ' + date_string + '\\n' + system + '<|eot|>' }}"
        "{%- for message in messages %}{%- if not (message.role == 'ipython' or message.role == 'tool' or "
        "'tool_calls' in message) %}{{- '<|h|>' + message.role + '\\n' + (message.content or '') | trim + "
        "'<|eot|>' }}{%- elif 'tool_calls' in message and message.tool_calls %}"
        "{%- if not message.tool_calls | length == 1 %}{{- raise_exception('one call at a time') }}"
        '{%- endif %}{%- set call = message.tool_calls[0].function %}'
        '{{- \'{"name": "\' + call.name + \'", "parameters": \' }}{{- call.arguments | tojson }}'
        "{{- '}' }}{%- elif message.role in ['tool', 'ipython'] %}"
        '{%- if message.content is mapping or message.content is iterable %}{{- message.content | tojson }}'
        '{%- else %}{{- message.content }}{%- endif %}{%- endif %}{%- endfor %}'
        "{%- if add_generation_prompt %}{{- '<|h|>assistant\\n' }}{%- endif %}"),
    "python_tags": (
        '{%- set ns = namespace(found=false, last=-1) -%}{%- for m in messages[::-1] -%}'
        '{%- set index = (messages|length - 1) - loop.index0 -%}'
        "{%- if not ns.found and m.role == 'user' -%}{%- set ns.found = true -%}{%- set ns.last = index -%}"
        '{%- endif -%}{%- endfor -%}{{ ns.last }}{% for m in messages %}{{ loop.index0 > ns.last }}'
        "{{ loop.previtem.role if loop.previtem is defined else '^' }}"
        "{{ loop.nextitem.role if not loop.last else '$' }}{% endfor %}"),
    "turns": (
        "{% for m in messages %}{% set role = 'model' if m['role'] == 'assistant' else m['role'] %}"
        "{{ '<turn>' + role + '\\n' + (m['content'] | string) | trim + '<end>\\n' }}{% endfor %}"),
    "content_parts": (
        '{% for m in messages %}{%- if m.content is string -%}{{ m.content }}'
        '{%- elif m.content is iterable and m.content is not none -%}{%- for part in m.content -%}'
        "{%- if part['type'] == 'image' -%}<img>{%- elif part['type'] == 'text' -%}{{ part['text'] }}"
        '{%- endif -%}{%- endfor -%}{%- elif m.content is none -%}none{%- endif -%}{% endfor %}'),
    "render_macro": (
        '{%- macro render(content, number=0) -%}{%- if content is string -%}{{- content | trim -}}'
        '{%- elif content -%}{{ content | tojson }}{%- else -%}-{{ number }}{%- endif -%}{%- endmacro -%}'
        '{% for m in messages %}{{ render(m.content, loop.index) }}|{{ render(number=2, content=none) }}'
        '{% endfor %}'),
    "typescript": (
        "{%- macro kind(schema) -%}{%- if schema.type == 'array' -%}"
        "{{ kind(schema['items']) if schema['items'] else 'any' }}"
        '[]{%- elif schema.type is sequence and schema.type is not string -%}'
        "{{ schema.type | join(' | ') }}{%- elif schema.type == 'object' -%}"
        '{ {%- for name, value in schema.properties.items() -%}{{ name }}'
        "{{ '?' if name not in (schema.required or []) }}: {{ kind(value) }}{{ ', ' if not loop.last }}"
        "{%- endfor -%} }{%- else -%}{{ schema.type or 'any' }}{%- endif -%}{%- endmacro -%}"
        "{% for t in tools or [] %}{% set f = t.function %}// {{ f.description | default('none') }}"
        '\ntype {{ f.name }} = {% if f.parameters and f.parameters.properties %}{{ kind(f.parameters) }}'
        '{% else %}() => any{% endif %};\n{% endfor %}'),
    "channels": (
        "{%- macro tag(role, channel) -%}<|start|>{{ role }}{{ '<|channel|>' + channel if channel }}"
        '<|message|>{%- endmacro -%}{%- set ns = namespace(tool=none) -%}{% for m in messages %}'
        "{%- if m.role == 'assistant' and 'tool_calls' in m and m.tool_calls -%}"
        "{%- set ns.tool = m.tool_calls[0].function.name -%}{{ tag('assistant', 'commentary') }}"
        " to={{ ns.tool }}{%- elif m.role == 'tool' -%}{%- if ns.tool is none -%}"
        "{{ raise_exception('no call') }}{%- endif -%}{{ tag('functions.' ~ ns.tool, 'commentary') }}"
        '{{ m.content | tojson }}{%- elif loop.last and not add_generation_prompt -%}'
        "{{ tag(m.role, 'final') }}{{ m.content }}<|return|>{%- else -%}{{ tag(m.role, none) }}"
        '{{ m.content }}<|end|>{%- endif -%}{% endfor %}'),
    "json_tools": (
        "{% if tools is not none and tools %}{{ tools | map(attribute='function') | list | "
        "tojson(indent=2) }}{{ tools | selectattr('type', 'equalto', 'function') | "
        "map(attribute='function.name') | join(', ') }}{% endif %}"),
    "json_indent_4": (
        '{% for tool in tools or [] %}{{ tool | tojson(indent=4) }}\n{{ tool | tojson(indent=4) | safe }}'
        '{% endfor %}'),
    "json_tight": (
        "{{ (tools or []) | tojson(separators=(',', ':')) }}|{{ (tools or {}) | tojson(sort_keys=true) }}"),
    "unique_names": (
        "{% for name in (tools or []) | map(attribute='function') | map(attribute='name') | unique | "
        'sort(reverse=true) %}{{ name }};{% endfor %}'),
    "group_by_role": (
        "{% for role, group in messages | groupby('role') %}{{ role }}={{ group | length }} {% endfor %}"),
    "dict_items": (
        '{% for t in tools or [] %}{% for key, value in t.function.items() %}{{ key }}'
        ':{{ value is mapping }}{{ value is string }} {% endfor %}{% endfor %}'),
    "dictsort": (
        "{% for t in tools or [] %}{{ t.function | dictsort | map('first') | join(',') }}"
        ';{{ (t.function.parameters or {}) | items | list | length }}{% endfor %}'),
    "loop_controls": (
        "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{% if loop.index > 4 %}"
        "{% break %}{% endif %}{{ m.role }},{{ loop.cycle('a', 'b') }}{% else %}none{% endfor %}"),
    "generation": (
        "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
        '{{ eos_token }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}'),
    "think_split": (
        "{% for m in messages %}{% if m.role == 'assistant' and m.content is string %}"
        "{% if '</think>' in m.content %}{{ "
        "m.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') }}"
        "#{{ m.content.split('</think>')[-1].lstrip('\\n') }}{% else %}{{ m.content.partition('|')[0] }}"
        '{% endif %}{% endif %}{% endfor %}'),
    "safe_get": (
        "{% for m in messages %}{{ m.get('reasoning_content') or m.get('reasoning', '~') }}"
        "{{ m['missing'] | default('none') }}{% endfor %}"),
    "escapes": (
        '{% for m in messages %}{{ (m.content or \'\') | replace(\'\\n\', \'\\\\n\') | replace(\'"\', '
        '\'\\\\"\') }}{{ "\\n" ~ \'\\t\' }}{% endfor %}'),
    "default_system": (
        "{% if not messages or messages[0].role != 'system' %}{{ 'You are helpful.' }}{% endif %}"
        '{% for m in messages %}{{ m.role | upper }}:{{ m.content }}{% endfor %}'),
    "string_tests": (
        "{% for m in messages %}{% if m.content is string and m.content.startswith('<tool_response>') and "
        "m.content.endswith('</tool_response>') %}"
        'R{% elif m.content is string and m.content | length > 12 %}L{{ m.content[:5] }}'
        '{{ m.content[-3:] }}{% else %}S{% endif %}{% endfor %}'),
    "call_block": (
        '{% macro box(title) %}[{{ title }}:{{ caller() }}]{% endmacro %}{% for m in messages %}'
        '{% call box(m.role) %}{{ m.content }}{% endcall %}{% endfor %}'),
    "set_block": (
        '{% for m in messages %}{% set text %}{{ m.role }}: {{ m.content }}{% endset %}'
        "{{ text | trim | length }}{{ text.count('\\n') }}{% endfor %}"),
    "with_filter": (
        '{% with total = messages | length %}{{ total }}{% endwith %}{% filter upper %}{{ bos_token }}'
        '{% endfilter %}'),
    "in_tests": (
        "{% for m in messages %}{{ m.role in ['user', 'system'] }}{{ 'tool_calls' in m }}"
        "{{ m.role is in(['tool']) }}{{ m.role not in ('a', 'user') }}{% endfor %}"),
    "arithmetic": (
        '{% for m in messages %}{{ loop.index0 // 2 }}{{ loop.index % 3 }}{{ loop.revindex0 * 2 - 1 }}'
        '{{ (loop.length / 2) | round | int }}{{ 2 ** loop.depth }}{% endfor %}'),
    "conditional_chain": (
        "{{ 'a' if enable_thinking is defined and enable_thinking is false else ('b' if thinking | "
        "default(false) else 'c') }}{{ reasoning_effort if reasoning_effort is defined else 'medium' }}"),
    "documents": (
        '{% if documents is defined and documents %}{% for d in documents %}{{ d.title }}{% endfor %}'
        '{% else %}no documents{% endif %}'),
    "call_ids": (
        '{% for m in messages %}{% for c in m.tool_calls or [] %}'
        '{% if c.id is defined and c.id | length != 9 %}({{ c.id[-9:] }}){% else %}({{ c.id }}){% endif %}'
        '{% endfor %}{% endfor %}'),
    "arguments_kind": (
        '{% for m in messages %}{% for c in m.tool_calls or [] %}'
        '{% set f = c.function if c.function is defined else c %}{% if f.arguments is string %}'
        '{{ f.arguments }}{% elif f.arguments is mapping %}{{ f.arguments | tojson }}'
        '{% for k, v in f.arguments | items %}<{{ k }}>{{ v if v is string else v | tojson }}</{{ k }}'
        '>{% endfor %}{% endif %}{% endfor %}{% endfor %}'),
    "python_repr": (
        '{{ tools }}{% for m in messages %}{{ m.tool_calls }}{% endfor %}'),
    "number_tests": (
        "{% for x in [1, 1.5, true, none, 'a', [], {}] %}{{ x is number }}{{ x is integer }}"
        '{{ x is float }}{{ x is boolean }}{{ x is sequence }}{{ x is iterable }}{{ x is mapping }}'
        '{{ x is none }} {% endfor %}'),
    "merge_results": (
        "{% for m in messages %}{% if m.role == 'tool' %}"
        "{% if loop.first or loop.previtem.role != 'tool' %}<results>{% endif %}{{ m.content }}"
        "{% if loop.last or loop.nextitem.role != 'tool' %}</results>{% endif %}{% endif %}{% endfor %}"),
    "concat_namespace": (
        "{% set ns = namespace(out='', n=0, seen=[]) %}{% for m in messages %}"
        '{% set ns.out = ns.out ~ m.role[0] %}{% set ns.n = ns.n + 1 %}'
        '{% set ns.seen = ns.seen + [m.role] %}{% endfor %}{{ ns.out }}{{ ns.n }}{{ ns.seen }}'),
    "nested_loops": (
        '{% for m in messages %}{% set outer = loop %}{% for c in m.tool_calls or [] %}{{ outer.index }}'
        ".{{ loop.index }}{{ ' ' if not (loop.last and outer.last) }}{% endfor %}{% endfor %}"),
    "recursive": (
        "{% for item in [{'n': 1, 'c': [{'n': 2, 'c': []}]}] recursive %}{{ item.n }}{{ loop.depth }}"
        '{% if item.c %}({{ loop(item.c) }}){% endif %}{% endfor %}'),
    "trim_marks": (
        '  {%- if messages %}\n    a\n  {%- endif %}\n\n  {% if tools -%}\n    b\n  {%- endif -%}'
        '\n  c {#- note -#} d\n{% for m in messages %}\n- {{ m.role }}\n{% endfor %}\n'),
    "raw": (
        "{% raw %}{{ not rendered }}{% endraw %}{{ '{{' }}{{ '{%' }}"),
    "title_case": (
        '{% for m in messages %}{{ m.role.title() }} {{ m.role.capitalize() }} {{ m.role | title }}'
        " {{ (m.content or '') | first | default('-') }}{% endfor %}"),
    "join_content": (
        "{{ messages | map(attribute='content') | select('string') | map('trim') | reject('equalto', '') | "
        "join('\\n\\n') }}"),
    "last_user": (
        "{{ (messages | selectattr('role', 'equalto', 'user') | list | last | default({})).content | "
        "default('nobody') }}"),
    "alternatives": (
        '{% set last = messages[-1] if messages else {} %}'
        "{{ last.role == 'user' and add_generation_prompt or 'closed' }}"),
    "date_parts": (
        "{{ strftime_now('%Y-%m-%d %H:%M:%S %A %B %j %%') }}"
        '{{ strftime_now("%d %b %Y").split(\' \')[1] }}'),
    "format_strings": (
        "{% for m in messages %}{{ '%s: %d|%5.1f|%-4s|' % (m.role, loop.index, 2.25, 'x') }}"
        "{{ '{} {role}'.format(loop.index, role=m.role) }}{{ '%s' | format(m.role) }}{% endfor %}"),
    "find_and_slice": (
        "{% for m in messages %}{% if m.content is string %}{{ m.content.find('\\n') }}"
        "{{ m.content.replace('a', 'b', 1) }}{{ m.content.splitlines() | length }}{{ m.content[::-1][:2] }}"
        '{% endif %}{% endfor %}'),
}
