#!/bin/sh
# Tests of the real binary on free ports: the conformance suite, then the end-to-end suite with the official Python and
# Node clients. Options go to the latter.
#
# The clients come from PyPI and npm. Where a registry cannot be reached, that suite is reported as skipped, by name
# and with the reason.
set -u
cd "$(dirname "$0")/.."
pytest=build/e2e/venv/bin/pytest

if ! reason=$(sh scripts/python_packages.sh); then
  echo "SKIPPED: end-to-end suite (Python): its packages could not be installed: $reason"
  exit 0
fi
reason=$(sh scripts/node_packages.sh) \
  || echo "SKIPPED: end-to-end suite (Node): its packages could not be installed: $reason"
$pytest -q -rs -p no:cacheprovider tools/demo_model || exit 1
sh scripts/conformance.sh || exit 1
exec $pytest -q -rs -p no:cacheprovider tests/e2e "$@"
