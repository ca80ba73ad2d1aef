#!/bin/sh
# The long load tests of the built program: 100,000 mutated bodies, then 1,000 clients that stream and leave for
# MILLRACE_SOAK_SECONDS (default 180). Prints what was seen and the slope of the server's memory.
set -u
cd "$(dirname "$0")/.."
if ! reason=$(sh scripts/python_packages.sh); then
  echo "SKIPPED: soak: its packages could not be installed: $reason"
  exit 0
fi
export MILLRACE_SOAK=1
exec build/e2e/venv/bin/pytest -q -s -rs -p no:cacheprovider tests/e2e/test_property.py tests/e2e/test_scale.py "$@"
