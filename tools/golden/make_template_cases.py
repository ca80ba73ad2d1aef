#!/usr/bin/env python3
"""Writes src/chat_template/testdata/language_cases.json: small templates and what jinja2 makes of them.

Usage: make_template_cases.py [OUTPUT]. Needs jinja2 (3.1.6 made the file that is kept). Cases that jinja2 refuses
have `"error": true` instead of an output: only that they fail is compared.
"""
import json
import pathlib
import sys

import template_cases
from template_environment import make_environment, render

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sources() -> list[str]:
    lines = []
    for group in ("OUTPUT", "ARITHMETIC", "FILTERS", "JSON", "METHODS", "TESTS", "FUNCTIONS"):
        lines += getattr(template_cases, group).strip("\n").split("\n")
    return lines + template_cases.BLOCKS + template_cases.MALFORMED


def main() -> int:
    environment = make_environment()
    cases = []
    for source in sources():
        rendered = render(environment, source, template_cases.CONTEXT)
        answer = {"output": rendered["output"]} if "output" in rendered else {"error": True}
        cases.append({"template": source} | answer)
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else (
        ROOT / "src/chat_template/testdata/language_cases.json")
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    context = json.dumps(template_cases.CONTEXT, ensure_ascii=False)
    output.write_text(f'{{"context": {context},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{output}: {len(cases)} cases, {sum('error' in case for case in cases)} of them refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
