#!/bin/sh
# Engine speed on made-up weights of Qwen3-0.6B's shape, beside llama.cpp when LLAMA_BENCH names it. See README.md.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install_packages.sh bench
cmake --build build --target make_model -j "$(nproc)" >/dev/null
mkdir -p build/bench
for type in ${TYPES:-Q8_0 Q4_K_M}; do
  file=build/bench/qwen3-0.6b-$type.gguf
  [ -f "$file" ] || build/make_model --shape qwen3-0.6b --type "$type" "$file"
  python3 bench/engine.py --file "$file" --threads "${THREADS:-$(nproc)}" --rounds "${ROUNDS:-3}" \
    --prefill "${PREFILL:-512}" --decode "${DECODE:-64}" --peer "${LLAMA_BENCH:-}" --peer-root "${LLAMA_ROOT:-}"
done
echo "Held answers beside free ones, $file:"
python3 bench/constrained.py "$file" --rounds "${ROUNDS:-3}"
