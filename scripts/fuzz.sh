#!/bin/sh
# Runs every fuzz target for FUZZ_SECONDS each. A finding ends the run with its reproducer's path.
set -eu
cd "$(dirname "$0")/.."
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)"
for target in $(find build-fuzz/src -type f -name '*_fuzz' | sort); do
  name=$(basename "$target")
  mkdir -p build-fuzz/corpus/"$name"
  echo "== $name"
  "$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=build-fuzz/"$name"- build-fuzz/corpus/"$name" 2>&1 | tail -n 8
done
