#!/bin/sh
# End-to-end tests: the real binary on a free port, driven by the official Python and Node clients.
#
# The clients come from PyPI and npm. Where a registry cannot be reached, that suite is reported as skipped, by name
# and with the reason.
set -u
cd "$(dirname "$0")/.."
venv=build/e2e/venv
node_dir=build/e2e/node
mkdir -p build/e2e

install_python() {
  [ -x $venv/bin/pytest ] && cmp -s tests/e2e/requirements.txt $venv/requirements.txt && return 0
  python3 -m venv $venv && $venv/bin/pip install -q --disable-pip-version-check -r tests/e2e/requirements.txt \
    && cp tests/e2e/requirements.txt $venv/requirements.txt
}

install_node() {
  [ -d $node_dir/node_modules/openai ] && cmp -s tests/e2e/node/package.json $node_dir/package.json && return 0
  mkdir -p $node_dir && cp tests/e2e/node/package.json $node_dir/package.json \
    && (cd $node_dir && npm install --silent --no-audit --no-fund)
}

if ! install_python >build/e2e/python.log 2>&1; then
  echo "SKIPPED: end-to-end suite (Python): its packages could not be installed: $(tail -n 1 build/e2e/python.log)"
  exit 0
fi
if ! install_node >build/e2e/node.log 2>&1; then
  echo "SKIPPED: end-to-end suite (Node): its packages could not be installed: $(tail -n 1 build/e2e/node.log)"
  rm -rf $node_dir
fi
exec $venv/bin/pytest -q -rs -p no:cacheprovider tests/e2e "$@"
