#!/usr/bin/env python3
"""Writes src/kernels/testdata/block_values.txt: random blocks of every quantised type and their values.

The values come from the `gguf` package's own numpy dequantisers (pip install gguf numpy), an implementation
independent of ours. Usage: make_block_values.py ROOT
"""
import pathlib
import sys

import gguf
import numpy as np

BLOCKS = 2
TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4"]
# Where a block keeps its scales, as byte offsets of halves.
SCALES = {"Q4_1": [0, 2], "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2],
          "Q6_K": [208], "MXFP4": []}


def random_blocks(name: str, random: np.random.Generator) -> np.ndarray:
    """Random bytes with finite scales."""
    size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]][1]
    blocks = random.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for offset in SCALES.get(name, [0]):
        scales = random.normal(0, 0.1, BLOCKS).astype(np.float16)
        blocks[:, offset:offset + 2] = scales.view(np.uint8).reshape(BLOCKS, 2)
    if name == "MXFP4":
        blocks[:, 0] = random.integers(110, 130, BLOCKS)
    return blocks


def main() -> None:
    random = np.random.default_rng(1)
    lines = ["# type, bytes of two blocks, bits of their values as 32-bit floats. "
             "Made by tools/golden/make_block_values.py."]
    for name in TYPES:
        blocks = random_blocks(name, random)
        values = gguf.quants.dequantize(blocks.reshape(-1), gguf.GGMLQuantizationType[name]).reshape(-1)
        bits = " ".join(f"{b:x}" for b in values.astype(np.float32).view(np.uint32))
        lines.append(f"{name} {blocks.tobytes().hex()} {bits}")
    out = pathlib.Path(sys.argv[1]) / "src/kernels/testdata/block_values.txt"
    out.parent.mkdir(exist_ok=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
