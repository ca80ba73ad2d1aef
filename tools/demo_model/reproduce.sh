#!/bin/sh
# Makes models/demo/millrace-demo.gguf from nothing: vocabulary, corpus, training, export, evaluation.
#
# Every stage leaves a file in build/demo_model and is skipped when that file exists, so the script can be
# killed and started again. Set PYTHON to an interpreter that has requirements.txt installed.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}
"$python" vocab.py
"$python" corpus.py
"$python" train.py
"$python" export.py
"$python" evaluate.py
