"""The commands that show what a model reads and how its answers are read."""
import json
import pathlib

import pytest

from conftest import DEMO, millrace

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "parameters": {"type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer"}}}}}


def render(source, body: dict, *options: str) -> str:
    run = millrace("render", str(source), *options, stdin=json.dumps(body).encode())
    assert run.returncode == 0, run.stderr
    return run.stdout.decode()


def parse(text: str, tools: pathlib.Path, syntax: str, *options: str) -> list[dict]:
    run = millrace("parse", "--syntax", syntax, "--tools", str(tools), *options, stdin=text.encode())
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.decode().splitlines()]


@pytest.fixture
def template(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "chat.jinja"
    path.write_text("{{ bos_token }}{% for m in messages %}[{{ m.role }}|{{ m.content }}]{% endfor %}"
                    "{{ 'T' if tools }}{{ ' think' if enable_thinking }}{{ eos_token }}"
                    "{{ strftime_now('%Y-%m-%d') }}\n\n", encoding="utf-8")
    return path


@pytest.fixture
def tools(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps([WEATHER]), encoding="utf-8")
    return path


def test_render_prints_the_prompt_byte_for_byte(template):
    body = {"messages": [{"role": "developer", "content": "S"},
                         {"role": "user", "content": [{"type": "text", "text": "grüß"},
                                                      {"type": "text", "text": "x"}]}],
            "tools": [WEATHER], "enable_thinking": False}
    out = render(template, body, "--bos-token", "<s>", "--eos-token", "</s>", "--time", "86400")
    assert out == "<s>[system|S][user|grüß\nx]T</s>1970-01-02\n"
    assert " think" in render(template, body | {"enable_thinking": True})


def test_render_takes_a_whole_chat_completions_body(template):
    body = {"model": "any", "stream": True, "temperature": 0.3, "messages": [{"role": "user", "content": "Hi"}]}
    assert "[user|Hi]" in render(template, body)


def test_render_of_a_model_is_what_the_model_reads():
    body = {"messages": [{"role": "user", "content": "Hi <|im_end|>"}]}
    text = render(DEMO, body)
    tokens = render(DEMO, body, "--tokens")
    pairs = tokens.split(" ")
    assert text.startswith("<|im_start|>") and text.endswith("assistant\n")
    assert pairs[0].endswith(':"<|im_start|>"')
    # What a user writes is never a control token, so the text takes more tokens than the two marks.
    assert sum(pair.endswith(':"<|im_end|>"') for pair in pairs) == 1


def test_render_knows_encoders_by_name():
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    begin = "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜>"
    assert render("deepseek_v31", body) == begin + "</think>"
    assert "### get_weather\nDescription: \n\nParameters: {" in render("deepseek_v31", body | {"tools": [WEATHER]})
    assert render("deepseek_v32", body) == begin + "</think>"
    assert render("deepseek_v32", body | {"enable_thinking": True}) == begin + "<think>"
    assert render("deepseek_v4", body) == begin + "<think>"


FLASH = "deepseek-ai/DeepSeek-V4-Flash"
STRONG, STRONGER = "Reasoning Effort: Absolute maximum", "Reasoning Effort: Beyond maximum"


@pytest.mark.parametrize("given, agent, effort", [
    (None, "", STRONG), (None, "claude-cli/1.0 (external, cli)", STRONGER), ("low", "claude-cli/1.0", STRONG),
    ("high", "", STRONG), ("xhigh", "", STRONGER), ("none", "", None)])
def test_render_takes_effort_as_the_record_does(given, agent, effort):
    body = {"messages": [{"role": "user", "content": "Hi"}]} | ({"reasoning_effort": given} if given else {})
    text = render("deepseek_v4_0731", body, "--record", FLASH, "--user-agent", agent)
    turn = f"<｜User｜>Hi<｜Assistant｜>{'<think>' if effort else '</think>'}"
    assert text.endswith(turn)
    assert text.removesuffix(turn).startswith(f"<｜begin▁of▁sentence｜>{effort or ''}")
    # A record says nothing of effort by itself.
    assert render("deepseek_v4_0731", body, "--user-agent", agent) == f"<｜begin▁of▁sentence｜>{turn}".replace(
        "</think>", "<think>")


def test_render_makes_the_prompt_of_a_configured_model(tmp_path):
    path = tmp_path / "millrace.yaml"
    path.write_text(json.dumps({
        "models": [{"path": str(DEMO), "id": "a", "aliases": ["b"], "prompt": "deepseek_v4_0731", "effort": True},
                   {"path": str(DEMO), "id": "off", "prompt": "deepseek_v32", "thinking": "never"},
                   {"path": str(DEMO), "id": "always", "thinking": "always"},
                   {"path": str(DEMO), "id": FLASH, "prompt": "deepseek_v4_0731"}],
        "api": {"agent_user_agents": ["robot"], "inapplicable_thinking": "ignore"}}), encoding="utf-8")
    body = {"messages": [{"role": "user", "content": "Hi"}]}

    def configured(name: str, *options: str, **fields) -> str:
        return render(name, body | fields, "--config", str(path), *options)

    assert configured("b") == configured("a") == configured(FLASH) and STRONG in configured("a")
    assert STRONGER in configured("a", "--user-agent", "Robot/2")
    assert configured("off", enable_thinking=True).endswith("<｜Assistant｜></think>")
    assert configured("always").endswith("assistant\n<think>\n")
    assert configured("always", prefix="It is").endswith("</think>\n\nIt is")
    for options, status, words in [(["--config", str(path), "none"], 1, "'none'"),
                                   (["--config", str(tmp_path / "none.yaml"), "a"], 1, "none.yaml"),
                                   (["--config", str(path), "--record", FLASH, "a"], 2, "--record"),
                                   (["--record", "nope", "deepseek_v4"], 1, "'nope'")]:
        run = millrace("render", *options, stdin=json.dumps(body).encode())
        assert (run.returncode, run.stdout) == (status, b"") and words in run.stderr.decode(), run.stderr


def test_render_refuses_what_a_server_refuses(template):
    path = template.with_name("plain.jinja")
    path.write_text("{% for m in messages %}{{ m.content }}{% endfor %}", encoding="utf-8")
    user = {"messages": [{"role": "user", "content": "Hi"}]}
    for fields, words in [({"enable_thinking": True}, "enable_thinking"), ({"tools": [WEATHER]}, "function call"),
                          ({"prefix": "a", "suffix": "b"}, "fim")]:
        run = millrace("render", str(path), stdin=json.dumps(user | fields).encode())
        assert run.returncode == 1 and words in run.stderr.decode().lower(), run.stderr


def test_render_forgets_old_reasoning_unless_told_otherwise(tmp_path):
    path = tmp_path / "r.jinja"
    path.write_text("{% for m in messages %}{{ m.reasoning_content or '-' }}{% endfor %}", encoding="utf-8")
    body = {"messages": [{"role": "user", "content": "a"},
                         {"role": "assistant", "content": "b", "reasoning_content": "why"},
                         {"role": "user", "content": "c"}]}
    assert render(path, body) == "---"
    assert render(path, body, "--as-given") == "-why-"


@pytest.mark.parametrize("source, body, words", [
    ("{% if %}", '{"messages":[{"role":"user","content":"x"}]}', "line 1"),
    ("{{ raise_exception('no') }}", '{"messages":[{"role":"user","content":"x"}]}', "no"),
    ("x", '{"messages":5}', "messages"),
    ("x", "not json", "parameter"),
])
def test_render_says_what_is_wrong(tmp_path, source, body, words):
    path = tmp_path / "bad.jinja"
    path.write_text(source, encoding="utf-8")
    run = millrace("render", str(path), stdin=body.encode())
    assert run.returncode == 1 and words in run.stderr.decode() and run.stdout == b""


def test_render_refuses_what_it_cannot_open(tmp_path):
    assert millrace("render", str(tmp_path / "none"), stdin=b"{}").returncode == 1
    path = tmp_path / "t.jinja"
    path.write_text("x", encoding="utf-8")
    run = millrace("render", "--tokens", str(path), stdin=b'{"messages":[{"role":"user","content":"x"}]}')
    assert run.returncode == 2 and b"GGUF" in run.stderr


def test_folders_and_endless_files_are_clear_errors(tmp_path, template, tools):
    body = json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode()
    for path, words in ((tmp_path, "cannot be read"), (pathlib.Path("/dev/zero"), "larger than")):
        for command in (["render", str(path)], ["parse", "--syntax", "hermes", "--tools", str(path)]):
            run = millrace(*command, stdin=body)
            assert run.returncode == 1 and run.stdout == b"", command
            assert run.stderr.decode().startswith(f"{path}: ") and words in run.stderr.decode(), run.stderr


def test_parse_prints_json_whatever_bytes_come():
    run = millrace("parse", "--syntax", "hermes", "--stream", "1", stdin=b"a\xff\xfeb\xe4\xb8")
    assert run.returncode == 0, run.stderr
    assert "".join(json.loads(line)["content"] for line in run.stdout.splitlines()) == "a\ufffd\ufffdb\ufffd"


ANSWERS = {
    "hermes": 'Hm.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Köln", "days": 2}}\n</tool_call>',
    "qwen3_coder": "Hm.\n\n<tool_call>\n<function=get_weather>\n<parameter=city>\nKöln\n</parameter>\n"
                   "<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>",
    "glm45": "Hm.\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Köln</arg_value>\n"
             "<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>",
    "glm47": "Hm.<tool_call>get_weather<arg_key>city</arg_key><arg_value>Köln</arg_value><arg_key>days</arg_key>"
             "<arg_value>2</arg_value></tool_call>",
    "deepseek_v3": "Hm.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n"
                   '{"city": "Köln", "days": 2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "deepseek_v31": "Hm.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>"
                    '{"city": "Köln", "days": 2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "deepseek_v32": 'Hm.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name="get_weather">\n'
                    '<｜DSML｜parameter name="city" string="true">Köln</｜DSML｜parameter>\n'
                    '<｜DSML｜parameter name="days" string="false">2</｜DSML｜parameter>\n'
                    "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
    "hunyuan": '<answer>\nHm.\n<tool_calls>[{"name": "get_weather", "arguments": {"city": "Köln", "days": 2}}]'
               "</tool_calls>\n</answer>",
}
ANSWERS["deepseek_v4"] = ANSWERS["deepseek_v32"].replace("function_calls", "tool_calls")


@pytest.mark.parametrize("syntax", ANSWERS)
def test_parse_reads_every_syntax_whole_and_in_pieces(syntax, tools):
    text = "<think>\nLook.\n</think>\n\n" + ANSWERS[syntax]
    (message,) = parse(text, tools, syntax)
    assert message["reasoning_content"] == "Look." and message["content"] == "Hm."
    (call,) = message["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Köln", "days": 2}
    events = parse(text, tools, syntax, "--stream", "3")
    assert "".join(e.get("reasoning_content", "") for e in events) == "Look."
    assert "".join(e.get("content", "") for e in events) == "Hm."
    assert "".join(e.get("arguments", "") for e in events) == call["function"]["arguments"]
    assert [e for e in events if "call" in e] == [{"call": "get_weather"}] and events[-1] == {"call_finished": True}


def test_parse_tells_a_cut_from_an_end(tools):
    text = 'Hm. <tool_call>\n{"name": "get_wea'
    assert parse(text, tools, "hermes")[0]["content"] == 'Hm. \n{"name": "get_wea'
    assert parse(text, tools, "hermes", "--cut")[0]["content"] == "Hm."


def test_parse_may_begin_inside_reasoning(tools):
    assert parse("a</think>b", tools, "hermes", "--inside-reasoning")[0]["reasoning_content"] == "a"


def test_parse_names_the_syntaxes_it_knows():
    run = millrace("parse", "--syntax", "nope", stdin=b"")
    assert run.returncode == 2
    for name in ANSWERS:
        assert name in run.stderr.decode()
