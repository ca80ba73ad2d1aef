#!/bin/sh
# Style as a test: clang-format, layers, sizes, then clang-tidy over the sources (LINT_FILES narrows it).
set -eu
cd "$(dirname "$0")/.."
python3 tools/check_layers.py .
python3 tools/check_tidy.py .
git ls-files -co --exclude-standard 'src/*.h' 'src/*.cc' | xargs clang-format-14 --dry-run --Werror
cmake --preset release -DMILLRACE_TESTS=ON >/dev/null
# What clang reports inside of the standard library; see cmake/Warnings.cmake.
noise="--extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-deprecated-declarations"
files=${LINT_FILES:-$(git ls-files 'src/*.cc' | grep -v _fuzz.cc)}
# shellcheck disable=SC2086  # lists of words
printf '%s\n' $files | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build --quiet $noise
