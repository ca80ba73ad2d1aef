"""Every number of the recipe in one place."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORK_DIR = ROOT / "build" / "demo_model"
GGUF_PATH = ROOT / "models" / "demo" / "millrace-demo.gguf"

SEED = 20251
MODEL_NAME = "Millrace Demo"

VOCAB_SAMPLES = 40000
LETTER_MERGES = 2000
MARK_MERGES = 160
SPACE_MERGES = 700

# One step is MICRO_BATCHES batches of about MICRO_TOKENS tokens; every document is one row.
STEPS = 2700
PROCESSES = 2
MICRO_BATCHES = 4
MICRO_TOKENS = 2048
BUCKETS = [40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048]

WARMUP_STEPS = 40
# The rate is full up to the first step, then falls linearly from point to point.
DECAY = [(1200, 1.0), (1700, 13 / 18), (2700, 0.0)]
MUON_RATE = 0.02
ADAM_RATE = 0.004
WEIGHT_DECAY = 0.01

PROMPT_SHARE = 0.25  # share of prompt tokens that are trained on
PROMPT_WEIGHT = 0.3  # their weight; answers have weight 1
LATE_TOKENS = 10_500_000  # from here on the mix has more sums
SHORT_STEPS = 200  # about this many steps at the start are copying lessons on short conversations
