#!/usr/bin/env python3
"""Checks the rules of style that a program can check: sizes, names, leftovers.

Usage: check_tidy.py ROOT. Prints every offence; exit status 1 when there is one.
"""
import pathlib
import re
import subprocess
import sys

SOURCE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 120
BANNED_FOLDERS = {"utils", "util", "common", "helpers", "misc"}
CODE = {".h", ".cc", ".py", ".sh", ".ts", ".js", ".mjs"}
BLOCK_OPENER = re.compile(r"([)\]:;{}]|\b(else|do|try|const|noexcept|mutable|override|final)|->[\w:<>,&* ]+)\s*$")
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def tracked(root: pathlib.Path) -> list[pathlib.Path]:
    names = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    return [root / name for name in names if (root / name).is_file()]


def strip_cpp(text: str) -> str:
    """Blanks comments, strings and character literals, keeping line breaks and columns."""
    pattern = re.compile(r'R"([^(\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'
                         r"|(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'", re.S)
    blanked = pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", blanked, flags=re.M)


def cpp_functions(text: str):
    """Yields (first line, line count) of each function body: a brace block whose opener follows a ')'."""
    stack = []
    clean = strip_cpp(text)
    line = 1
    last = ""
    statement_line = 1
    for char in clean:
        if char == "\n":
            line += 1
            continue
        if char.isspace():
            continue
        if last in ";{}":
            statement_line = line
        if char == "{":
            before = clean_statement_tail(last)
            stack.append((statement_line, before))
        elif char == "}" and stack:
            start, is_body = stack.pop()
            if is_body:
                yield start, line - start + 1
        last = char
    return


def clean_statement_tail(last: str) -> bool:
    return last not in ";{}=,(" and last != ""


def is_function(lines: list[str], start: int) -> bool:
    head = " ".join(lines[start - 1:start + 8]).strip()
    return not re.match(r"(extern\b|namespace|class|struct|enum|union|template\s*<[^>]*>\s*(class|struct))\b", head)


def try_is_behind_an_element(clean: str, at: int) -> bool:
    """Whether the TRY at `at` stands in braces behind another element, directly or inside of calls."""
    depth = 0
    is_behind = False
    while (at := at - 1) >= 0:
        char = clean[at]
        if char in ")]}":
            depth += 1
        elif char in "([{" and depth > 0:
            depth -= 1
        elif char == "{" and (is_behind or BLOCK_OPENER.search(clean[max(0, at - 200):at])):
            return not BLOCK_OPENER.search(clean[max(0, at - 200):at])
        elif char in "([{":
            is_behind = False
        elif char == ";" and depth == 0:
            return False
        elif char == "," and depth == 0:
            is_behind = True
    return False


def check_try(text: str, where: str) -> list[str]:
    """GCC 12 does not destroy the elements in front when TRY returns: what they hold is lost."""
    clean = strip_cpp(text)
    return [f"{where}:{clean.count(chr(10), 0, m.start()) + 1}: TRY in braces behind another element: name it first"
            for m in re.finditer(r"\bTRY\(", clean) if try_is_behind_an_element(clean, m.start())]


def check_cpp(path: pathlib.Path, text: str, where: str) -> list[str]:
    problems = []
    lines = strip_cpp(text).splitlines()
    for start, count in cpp_functions(text):
        if count > FUNCTION_LINES_MAX and is_function(lines, start):
            problems.append(f"{where}:{start}: function of {count} lines, at most {FUNCTION_LINES_MAX}")
    problems += check_try(text, where)
    if path.suffix == ".h" and "#pragma once" not in text:
        problems.append(f"{where}: header without #pragma once")
    return problems


def check_python(text: str, where: str) -> list[str]:
    import ast
    problems = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > FUNCTION_LINES_MAX:
                problems.append(f"{where}:{node.lineno}: function of {count} lines, at most {FUNCTION_LINES_MAX}")
    return problems


def check_file(path: pathlib.Path, root: pathlib.Path) -> list[str]:
    where = str(path.relative_to(root))
    problems = [f"{where}: folder name '{part}' says nothing"
                for part in path.relative_to(root).parts[:-1] if part in BANNED_FOLDERS]
    if path.suffix not in CODE:
        return problems
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    generated = path.stem.endswith("_table")
    if len(lines) > SOURCE_LINES_MAX and not generated:
        problems.append(f"{where}: {len(lines)} lines, at most {SOURCE_LINES_MAX}")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX and not generated:
            problems.append(f"{where}:{number}: {len(line)} columns, at most {LINE_COLUMNS_MAX}")
        if LEFTOVER.search(line) and path.name != "check_tidy.py":
            problems.append(f"{where}:{number}: leftover marker")
    if path.suffix in {".h", ".cc"}:
        problems += check_cpp(path, text, where)
    elif path.suffix == ".py":
        problems += check_python(text, where)
    return problems


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = []
    for path in tracked(root):
        problems += check_file(path, root)
    print("\n".join(problems) if problems else "tidy: sizes, names and leftovers are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
