#!/usr/bin/env python3
"""Writes docs/openapi.yaml as JSON into a C++ source: openapi_source.py OPENAPI.yaml OUT.cc"""
import json
import pathlib
import sys

import yaml

# Ends the raw string literal; JSON as made here cannot hold it.
DELIMITER = "openapi"
# Compilers may limit the length of one literal; neighbours are joined.
LITERAL_CHARACTERS = 8000


def source(document: dict) -> str:
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    pieces = [text[at:at + LITERAL_CHARACTERS] for at in range(0, len(text), LITERAL_CHARACTERS)]
    literals = "\n".join(f'    R"{DELIMITER}({piece}){DELIMITER}"' for piece in pieces)
    return ('#include "api/openapi_document.h"\n\nnamespace millrace::api {\n\n'
            f"std::string_view OpenApiDocument() {{\n  return\n{literals};\n}}\n\n"
            "}  // namespace millrace::api\n")


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    document = yaml.safe_load(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    pathlib.Path(sys.argv[2]).write_text(source(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
