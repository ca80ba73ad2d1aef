#!/usr/bin/env python3
"""Checks that includes go strictly downward: each folder of src/ names what it may include.

Usage: check_layers.py ROOT. Prints every offending line; exit status 1 when there is one.
"""
import pathlib
import re
import sys

# Besides `base` and itself. Anything not listed is forbidden.
ALLOWED = {
    "base": set(),
    "json": set(),
    "metrics": set(),
    "chat": set(),
    "gguf": set(),
    "kernels": {"gguf"},
    "kv": set(),
    "http": set(),
    "media": {"chat", "http"},
    "scheduler": {"kv"},
    "model": {"gguf", "kernels", "kv"},
    "sampling": {"kernels"},
    "grammar": {"json"},
    "tokenizer": {"gguf", "json"},
    "chat_template": {"chat", "json"},
    "output_parser": {"chat", "json"},
    "engine": {"scheduler", "model", "sampling", "kernels", "kv", "metrics"},
    "accounts": {"json", "metrics"},
    "local": {"chat", "chat_template", "output_parser", "tokenizer", "engine", "grammar", "model", "sampling",
              "gguf", "json", "metrics"},
    "api": {"chat", "accounts", "http", "json", "media", "metrics"},
    "app": None,  # the only place that may know everything
}
# Third-party headers with a home: nowhere else.
HOMES = {
    re.compile(r"<boost/json"): {"json", "api", "app", "local", "chat_template", "output_parser", "tokenizer",
                                 "accounts", "grammar"},
    re.compile(r"<boost/(asio|beast)"): {"http", "api", "app"},
    re.compile(r"<sqlite3"): {"accounts"},
    re.compile(r"<openssl"): {"accounts", "http"},
    re.compile(r"<(yaml-cpp|CLI|spdlog)"): {"app"},
    re.compile(r"<utf8proc"): {"tokenizer"},
    re.compile(r"<(png|jpeglib|jerror|webp)\b"): {"media"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+("([^"]+)"|<[^>]+>)')


def check_file(path: pathlib.Path, layer: str, root: pathlib.Path) -> list[str]:
    problems = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        where = f"{path.relative_to(root)}:{number}"
        if match.group(2):
            target = match.group(2).split("/")[0]
            allowed = ALLOWED[layer]
            if target not in ALLOWED:
                problems.append(f"{where}: \"{match.group(2)}\" is not written from src/ (folder/file.h)")
            elif allowed is not None and target not in allowed | {"base", layer}:
                problems.append(f"{where}: {layer} may not include {target}")
        else:
            for pattern, homes in HOMES.items():
                if pattern.search(match.group(1)) and layer not in homes:
                    problems.append(f"{where}: {match.group(1)} belongs to {', '.join(sorted(homes))}")
    return problems


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = []
    for folder in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        if folder.name not in ALLOWED:
            problems.append(f"src/{folder.name}: not a folder of the layer picture")
            continue
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".h", ".cc"}:
                problems += check_file(path, folder.name, root)
    print("\n".join(problems) if problems else "layers: includes go downward")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
