#!/bin/sh
# A virtual environment with the packages of PyPI that tests use: build/e2e/venv. Takes no time when it is there.
# Exit status 1, with the reason on standard output, where PyPI cannot be reached.
set -u
cd "$(dirname "$0")/.."
venv=build/e2e/venv
mkdir -p build/e2e
[ -x $venv/bin/pytest ] && cmp -s tests/e2e/requirements.txt $venv/requirements.txt && exit 0
python3 -m venv $venv >build/e2e/python.log 2>&1 \
  && $venv/bin/pip install -q --disable-pip-version-check -r tests/e2e/requirements.txt >>build/e2e/python.log 2>&1 \
  && cp tests/e2e/requirements.txt $venv/requirements.txt && exit 0
tail -n 1 build/e2e/python.log
exit 1
