#!/usr/bin/env python3
"""Renders conversations with jinja2 and with our interpreter and compares every byte.

Usage: compare_templates.py RENDER_TEMPLATE FOLDER [COUNT]. RENDER_TEMPLATE is the program of that name, FOLDER may hold
*.jinja files; they and those of template_constructs.py are rendered with COUNT (400) conversations each. Exit status
77 (skipped) where jinja2 is missing, 1 when anything differs. Where jinja2 fails, ours must fail too; the words may
differ.
"""
import json
import pathlib
import subprocess
import sys

SHOWN_MAX = 5


def compare(program: str, environment, render, source: str, contexts: list[dict]) -> tuple[int, int]:
    """How many renderings differ, and how many of jinja2's failed. Prints the first differences."""
    requests = [{"template": source, "context": contexts[0]}] + [{"context": context} for context in contexts[1:]]
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    answers = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.split("\n")
    different = failed = 0
    template = environment.from_string(source)
    for context, line in zip(contexts, answers, strict=False):
        wanted = render(environment, template, context)
        got = json.loads(line)
        failed += "error" in wanted
        if wanted == got or ("error" in wanted and "error" in got):
            continue
        different += 1
        if different <= SHOWN_MAX:
            print("context:", json.dumps(context, ensure_ascii=False))
            print("jinja2: ", json.dumps(wanted, ensure_ascii=False))
            print("ours:   ", json.dumps(got, ensure_ascii=False))
    return different, failed


def main() -> int:
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 400
    try:
        from template_environment import make_environment, render
    except ImportError:
        print("skipped: this Python has no jinja2")
        return 77
    from conversations import Maker
    from template_constructs import TEMPLATES
    sources = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.jinja"))}
    if not sources:
        print(f"no templates in {folder}: only those of template_constructs.py are compared")
    contexts = [Maker(seed).context() for seed in range(count)]
    environment = make_environment()
    total = 0
    for name, source in (sources | TEMPLATES).items():
        different, failed = compare(program, environment, render, source, contexts)
        total += different
        print(f"{name}: {count} conversations, {failed} refused by jinja2, {different} different")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
