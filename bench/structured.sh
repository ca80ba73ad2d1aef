#!/bin/sh
# Constrained decoding beside llguidance and xgrammar, by the MaskBench procedure. See README.md.
set -eu
cd "$(dirname "$0")/.."
data=${MASKBENCH:-../shared/data/jsonschemabench}
if [ ! -d "$data" ]; then
  echo "bench-structured: no folder $data with MaskBench files; name one: MASKBENCH=DIR" >&2
  exit 1
fi
sh scripts/install_packages.sh bench
mkdir -p build/bench

vocab=${VOCAB:-build/bench/qwen2-vocabulary.gguf}
if [ ! -f "$vocab" ] && [ -n "${VOCAB:-}" ]; then
  echo "bench-structured: no file $vocab (VOCAB=FILE.gguf)" >&2
  exit 1
elif [ ! -f "$vocab" ]; then
  given=../shared/data/vocab/qwen2.vocab.json
  if [ ! -f "$given" ]; then
    echo "bench-structured: no vocabulary at $given; name a GGUF file with one: VOCAB=FILE.gguf" >&2
    exit 1
  fi
  cmake --build build --target make_model -j "$(nproc)" >/dev/null
  build/make_model --shape tiny --type Q8_0 --vocabulary "$given" "$vocab"
fi

# Package by package and without what they depend on: see bench/README.md. One that cannot be had is left out.
venv=build/bench/venv
wanted=bench/requirements-structured.txt
if ! cmp -s $wanted $venv/requirements.txt; then
  python3 -m venv $venv
  rm -f $venv/left-out.txt
  while read -r package; do
    $venv/bin/pip install -q --disable-pip-version-check --no-deps "$package" >build/bench/pip.log 2>&1 \
      || echo "$package: $(tail -n 1 build/bench/pip.log)" >>$venv/left-out.txt
  done <$wanted
  [ -f $venv/left-out.txt ] || cp $wanted $venv/requirements.txt
fi
[ ! -f $venv/left-out.txt ] || sed 's/^/not installed: /' $venv/left-out.txt

# shellcheck disable=SC2086  # PEERS is a list of words
TOKENIZERS_PARALLELISM=false exec $venv/bin/python bench/structured.py --data "$data" --vocab "$vocab" \
  --program "${MILLRACE:-build/millrace}" --limit "${LIMIT:-0}" --seed "${SEED:-1}" --runs "${RUNS:-3}" \
  --timeout "${TIMEOUT:-60}" --peers ${PEERS-llguidance xgrammar}
