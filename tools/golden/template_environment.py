"""The jinja2 environment in which chat templates are written: that of transformers' apply_chat_template."""
import datetime
import json

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment


class GenerationTag(jinja2.ext.Extension):
    """{% generation %}: marks what the assistant writes; renders its body."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def strftime_now(text):
    """A fixed moment, the same that render_template uses."""
    return datetime.datetime.fromtimestamp(1_700_000_000, datetime.timezone.utc).strftime(text)


def make_environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                                extensions=[GenerationTag, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = to_json
    environment.filters["from_json"] = json.loads  # ours, for templates that use it
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = strftime_now
    return environment


def render(environment, source, context: dict) -> dict:
    """{"output": text}, or {"error": text} with what jinja2 says. `source` is text or a compiled template."""
    try:
        template = environment.from_string(source) if isinstance(source, str) else source
        return {"output": template.render(**context)}
    except Exception as error:  # jinja2 lets every kind of exception through
        return {"error": f"{type(error).__name__}: {error}"}
