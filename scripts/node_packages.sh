#!/bin/sh
# The packages of npm that tests use: build/e2e/node. Takes no time when they are there.
# Exit status 1, with the reason on standard output, where npm or its registry cannot be reached.
set -u
cd "$(dirname "$0")/.."
node_dir=build/e2e/node
mkdir -p build/e2e
[ -d $node_dir/node_modules/openai ] && cmp -s tests/e2e/node/package.json $node_dir/package.json && exit 0
mkdir -p $node_dir && cp tests/e2e/node/package.json $node_dir/package.json \
  && (cd $node_dir && npm install --silent --no-audit --no-fund) >build/e2e/node.log 2>&1 && exit 0
rm -rf $node_dir
tail -n 1 build/e2e/node.log
exit 1
