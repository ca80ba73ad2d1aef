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

install_node() {
  [ -d $node_dir/node_modules/openai ] && cmp -s tests/e2e/node/package.json $node_dir/package.json && return 0
  mkdir -p $node_dir && cp tests/e2e/node/package.json $node_dir/package.json \
    && (cd $node_dir && npm install --silent --no-audit --no-fund)
}

if ! reason=$(sh scripts/python_packages.sh); then
  echo "SKIPPED: end-to-end suite (Python): its packages could not be installed: $reason"
  exit 0
fi
if ! install_node >build/e2e/node.log 2>&1; then
  echo "SKIPPED: end-to-end suite (Node): its packages could not be installed: $(tail -n 1 build/e2e/node.log)"
  rm -rf $node_dir
fi
$venv/bin/pytest -q -rs -p no:cacheprovider tools/demo_model || exit 1
exec $venv/bin/pytest -q -rs -p no:cacheprovider tests/e2e "$@"
