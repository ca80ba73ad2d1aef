#!/bin/sh
# The conformance suite against the built program; the table of results goes to $CONFORMANCE_TABLE. More options go to
# pytest.
set -u
cd "$(dirname "$0")/.."
if ! reason=$(sh scripts/python_packages.sh); then
  echo "SKIPPED: conformance suite: its packages could not be installed: $reason"
  exit 0
fi
reason=$(sh scripts/node_packages.sh) || echo "SKIPPED: the Node client: its packages could not be installed: $reason"
exec build/e2e/venv/bin/pytest -q -rs -p no:cacheprovider tests/conformance \
  --conformance-table "${CONFORMANCE_TABLE:-build/conformance.md}" "$@"
