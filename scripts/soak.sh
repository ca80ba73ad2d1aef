#!/bin/sh
# The long tests of the built program: 100,000 mutated bodies; 1,000 clients that stream and leave for
# MILLRACE_SOAK_SECONDS (default 180); for each family of chat formats MILLRACE_GENERATIONS (default 1,000) answers held
# to a schema and as many forced calls. Prints what was seen and the slope of the server's memory.
set -u
cd "$(dirname "$0")/.."
if ! reason=$(sh scripts/python_packages.sh); then
  echo "SKIPPED: soak: its packages could not be installed: $reason"
  exit 0
fi
cmake --build build --target make_model -j "$(nproc)" >/dev/null || exit 1
export MILLRACE_SOAK=1 MILLRACE_GENERATIONS="${MILLRACE_GENERATIONS:-1000}"
exec build/e2e/venv/bin/pytest -q -s -rs -p no:cacheprovider tests/e2e/test_property.py tests/e2e/test_scale.py \
  tests/e2e/test_generation.py "$@"
