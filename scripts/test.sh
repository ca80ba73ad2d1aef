#!/bin/sh
# Builds everything and runs every test: unit tests by ctest, then the end-to-end suites with the official clients.
set -eu
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}

cmake --preset release -DMILLRACE_TESTS=ON >/dev/null
cmake --build build -j "$jobs"
# Unit tests that compare with Python packages find them first in the path, and skip by name without them.
sh scripts/python_packages.sh >/dev/null || true
PATH="$PWD/build/e2e/venv/bin:$PATH" ctest --test-dir build -j "$jobs" --output-on-failure

sh scripts/e2e.sh
