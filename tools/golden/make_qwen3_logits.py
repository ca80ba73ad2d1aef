#!/usr/bin/env python3
"""Makes tests/golden/qwen3_*.gguf: tiny random Qwen3 models and the logits another implementation computes for them.

Usage: make_qwen3_logits.py OUTPUT_FOLDER          needs: pip install torch transformers gguf numpy

The other implementation is Qwen3(Moe)ForCausalLM of transformers, in 32-bit floats on the CPU. For each model
NAME two files are written: `qwen3_NAME.gguf`, a model as any other, and `qwen3_NAME_logits.gguf`, whose metadata holds
token ids and whose tensors hold the logits after each of them:

    one.tokens, one.logits          a prompt of one token
    long.tokens, long.logits        a prompt of 200 tokens, longer than a cache block and than YaRN's original context
    greedy.tokens, greedy.logits    12 tokens, then 8 more, each the likeliest; logits of the last 8 steps
    greedy.prompt_length            12

The weights of norms are random too, because norms of ones hide mistakes; widths are chosen so that no two of them are
equal by accident.
"""
import pathlib
import sys

import gguf
import numpy as np
import torch
import transformers

LONG_PROMPT = 200
GREEDY_PROMPT = 12
GREEDY_STEPS = 8
# A step whose two likeliest tokens are closer than this part of the range could go either way after rounding.
GREEDY_MARGIN = 0.02

CONFIGS = {
    "tied": dict(vocab_size=130, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                 num_key_value_heads=2, head_dim=32, tie_word_embeddings=True, rms_norm_eps=1e-6,
                 max_position_embeddings=512, rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
    "yarn": dict(vocab_size=110, hidden_size=80, intermediate_size=112, num_hidden_layers=3, num_attention_heads=6,
                 num_key_value_heads=3, head_dim=16, tie_word_embeddings=False, rms_norm_eps=1e-5,
                 max_position_embeddings=256,
                 rope_parameters={"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0,
                                  "original_max_position_embeddings": 64}),
    "experts": dict(vocab_size=90, hidden_size=48, moe_intermediate_size=32, num_hidden_layers=2, num_attention_heads=6,
                    num_key_value_heads=2, head_dim=16, num_experts=6, num_experts_per_tok=3, norm_topk_prob=True,
                    decoder_sparse_step=1, mlp_only_layers=[], tie_word_embeddings=False, rms_norm_eps=1e-6,
                    max_position_embeddings=256, rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
}
# Those stored in halves have their weights rounded before the logits are computed.
STORED_AS = {"tied": np.float32, "yarn": np.float16, "experts": np.float16}

TENSOR_NAMES = {
    "input_layernorm.weight": "attn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "self_attn.q_norm.weight": "attn_q_norm.weight",
    "self_attn.k_norm.weight": "attn_k_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
    "mlp.gate.weight": "ffn_gate_inp.weight",
    "mlp.experts.gate_up_proj": "ffn_gate_up_exps.weight",
    "mlp.experts.down_proj": "ffn_down_exps.weight",
}


def gguf_name(name: str) -> str:
    if name.startswith("model.layers."):
        layer, rest = name.removeprefix("model.layers.").split(".", 1)
        return f"blk.{layer}.{TENSOR_NAMES[rest]}"
    return {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
            "lm_head.weight": "output.weight"}[name]


def random_model(name: str) -> transformers.PreTrainedModel:
    torch.manual_seed(sum(name.encode()))
    with_experts = "num_experts" in CONFIGS[name]
    config_class = transformers.Qwen3MoeConfig if with_experts else transformers.Qwen3Config
    model_class = transformers.Qwen3MoeForCausalLM if with_experts else transformers.Qwen3ForCausalLM
    config = config_class(attn_implementation="eager", **CONFIGS[name])
    model = model_class(config).float().eval()
    with torch.no_grad():
        for tensor_name, weight in model.named_parameters():
            if weight.dim() == 1:
                weight.copy_(1 + 0.3 * torch.randn_like(weight))
            elif "embed_tokens" in tensor_name or "lm_head" in tensor_name:
                # Small, so that the epsilon of the first norm counts.
                weight.copy_(0.05 * torch.randn_like(weight))
            else:
                weight.copy_(1.5 * torch.randn_like(weight) / weight.shape[-1] ** 0.5)
            if weight.dim() > 1 and STORED_AS[name] == np.float16:
                weight.copy_(weight.half().float())
    return model


def write_model(model: transformers.PreTrainedModel, name: str, path: pathlib.Path) -> None:
    config = model.config
    rope = config.rope_parameters
    with_experts = "num_experts" in CONFIGS[name]
    writer = gguf.GGUFWriter(path, "qwen3moe" if with_experts else "qwen3")
    writer.add_name(f"golden-{name}")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    if with_experts:
        writer.add_expert_count(config.num_experts)
        writer.add_expert_used_count(config.num_experts_per_tok)
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    for tensor_name, weight in model.named_parameters():
        dtype = np.float32 if weight.dim() == 1 else STORED_AS[name]
        writer.add_tensor(gguf_name(tensor_name), weight.detach().numpy().astype(dtype))
    write(writer)


def write(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@torch.no_grad()
def logits_of(model: transformers.PreTrainedModel, tokens: list[int]) -> np.ndarray:
    """Of every position, without a cache."""
    return model(torch.tensor([tokens]), use_cache=False).logits[0].numpy()


def greedy(model: transformers.PreTrainedModel, prompt: list[int]) -> tuple[list[int], np.ndarray] | None:
    """The tokens with the continuation, and the logits it was chosen from; None when a choice was too close."""
    tokens = list(prompt)
    rows = []
    for _ in range(GREEDY_STEPS):
        row = logits_of(model, tokens)[-1]
        second, first = np.sort(row)[-2:]
        if first - second < GREEDY_MARGIN * (row.max() - row.min()):
            return None
        rows.append(row)
        tokens.append(int(row.argmax()))
    return tokens, np.stack(rows)


def write_logits(model: transformers.PreTrainedModel, path: pathlib.Path) -> None:
    draw = np.random.default_rng(7)
    vocabulary = model.config.vocab_size
    prompt = lambda length: draw.integers(0, vocabulary, length).tolist()  # noqa: E731
    writer = gguf.GGUFWriter(path, "golden")
    one = prompt(1)
    long = prompt(LONG_PROMPT)
    found = None
    while found is None:
        found = greedy(model, prompt(GREEDY_PROMPT))
    greedy_tokens, greedy_logits = found
    writer.add_uint32("greedy.prompt_length", GREEDY_PROMPT)
    for name, tokens, logits in (("one", one, logits_of(model, one)), ("long", long, logits_of(model, long)),
                                 ("greedy", greedy_tokens, greedy_logits)):
        writer.add_array(f"{name}.tokens", tokens)
        writer.add_tensor(f"{name}.logits", logits.astype(np.float32))
    write(writer)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    for name in CONFIGS:
        model = random_model(name)
        write_model(model, name, folder / f"qwen3_{name}.gguf")
        write_logits(model, folder / f"qwen3_{name}_logits.gguf")


if __name__ == "__main__":
    main()
