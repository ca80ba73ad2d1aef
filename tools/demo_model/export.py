"""Writes the trained weights, the vocabulary and the chat template as one GGUF file."""

import argparse
import pathlib

import gguf
import numpy
import torch

import config
from model import ModelConfig
from render import TEMPLATE_TEXT
from tokenizer import DemoTokenizer


def add_metadata(writer, model_config, tokenizer):
    """Architecture, tokenizer and general keys."""
    c = model_config
    writer.add_name(config.MODEL_NAME)
    writer.add_description(
        "Small chat model of the Millrace project, trained from scratch on generated text."
    )
    writer.add_license("apache-2.0")
    writer.add_languages(["en", "zh"])
    writer.add_size_label("5M")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(c.context_length)
    writer.add_embedding_length(c.hidden)
    writer.add_block_count(c.layers)
    writer.add_feed_forward_length(c.ffn)
    writer.add_head_count(c.heads)
    writer.add_head_count_kv(c.kv_heads)
    writer.add_key_length(c.head_dim)
    writer.add_value_length(c.head_dim)
    writer.add_layer_norm_rms_eps(c.eps)
    writer.add_rope_freq_base(c.rope_base)
    writer.add_rope_dimension_count(c.head_dim)
    writer.add_vocab_size(c.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokenizer.tokens)
    writer.add_token_types(tokenizer.token_types())
    writer.add_token_merges(tokenizer.merges)
    writer.add_eos_token_id(tokenizer.end_id)
    writer.add_bos_token_id(tokenizer.pad_id)
    writer.add_pad_token_id(tokenizer.pad_id)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE_TEXT)
    writer.add_float32("general.sampling.temp", 0.3)
    writer.add_float32("general.sampling.top_p", 0.9)
    writer.add_int32("general.sampling.top_k", 20)


def export(checkpoint, output):
    """Matrices as Q8_0, norms as F32; the embedding serves as the output matrix too."""
    state = torch.load(checkpoint, weights_only=True)["model"]
    tokenizer = DemoTokenizer(config.WORK_DIR / "vocab.json")
    writer = gguf.GGUFWriter(str(output), "qwen3")
    add_metadata(writer, ModelConfig(vocab_size=len(tokenizer.tokens)), tokenizer)
    for name, weight in state.items():
        array = weight.float().cpu().numpy().astype(numpy.float32)
        if array.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=pathlib.Path, default=config.WORK_DIR / "checkpoint.pt")
    parser.add_argument("--output", type=pathlib.Path, default=config.GGUF_PATH)
    arguments = parser.parse_args()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    export(arguments.checkpoint, arguments.output)
    print(f"{arguments.output.name}: {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
