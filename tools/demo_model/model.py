"""The network: a small Qwen3 decoder (grouped-query attention, per-head q/k norms, SwiGLU, tied embeddings)."""

import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network. The defaults are the ones of the bundled model."""

    vocab_size: int = 4608
    hidden: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    ffn: int = 640
    rope_base: float = 10000.0
    eps: float = 1e-6
    context_length: int = 2048


def rope_table(config, length):
    """Cosine and sine tables, each (length, head_dim / 2), for half-split rotary embedding."""
    half = config.head_dim // 2
    inverse = config.rope_base ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * inverse[None, :]
    return angles.cos().float(), angles.sin().float()


def apply_rope(x, cos, sin):
    """Rotates pairs (i, i + d/2) of `x` (..., length, head_dim)."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


class RmsNorm(nn.Module):
    """Root-mean-square norm with a learned gain."""

    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


class Block(nn.Module):
    """One pre-norm decoder layer."""

    def __init__(self, config):
        super().__init__()
        c = config
        self.config = c
        self.attn_norm = RmsNorm(c.hidden, c.eps)
        self.attn_q = nn.Linear(c.hidden, c.heads * c.head_dim, bias=False)
        self.attn_k = nn.Linear(c.hidden, c.kv_heads * c.head_dim, bias=False)
        self.attn_v = nn.Linear(c.hidden, c.kv_heads * c.head_dim, bias=False)
        self.attn_output = nn.Linear(c.heads * c.head_dim, c.hidden, bias=False)
        self.attn_q_norm = RmsNorm(c.head_dim, c.eps)
        self.attn_k_norm = RmsNorm(c.head_dim, c.eps)
        self.ffn_norm = RmsNorm(c.hidden, c.eps)
        self.ffn_gate = nn.Linear(c.hidden, c.ffn, bias=False)
        self.ffn_up = nn.Linear(c.hidden, c.ffn, bias=False)
        self.ffn_down = nn.Linear(c.ffn, c.hidden, bias=False)

    def attention(self, x, cos, sin, cache, mask):
        """Causal attention over `x` (batch, length, hidden); `cache` holds earlier keys and values or is None.

        `mask` (batch, 1, length, all keys) replaces the causal rule for padded batches.
        """
        c = self.config
        batch, length, _ = x.shape
        q = self.attn_q(x).view(batch, length, c.heads, c.head_dim)
        k = self.attn_k(x).view(batch, length, c.kv_heads, c.head_dim)
        v = self.attn_v(x).view(batch, length, c.kv_heads, c.head_dim).transpose(1, 2)
        q = apply_rope(self.attn_q_norm(q).transpose(1, 2), cos, sin)
        k = apply_rope(self.attn_k_norm(k).transpose(1, 2), cos, sin)
        if cache is not None:
            k, v = cache.extend(self, k, v)
        groups = c.heads // c.kv_heads
        k = k.repeat_interleave(groups, dim=1)
        v = v.repeat_interleave(groups, dim=1)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=length > 1 and mask is None)
        return self.attn_output(out.transpose(1, 2).reshape(batch, length, -1))

    def forward(self, x, cos, sin, cache=None, mask=None):
        x = x + self.attention(self.attn_norm(x), cos, sin, cache, mask)
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Model(nn.Module):
    """Token ids in, hidden states out; `logits` multiplies by the tied embedding."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocab_size, config.hidden)
        self.blk = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.output_norm = RmsNorm(config.hidden, config.eps)
        cos, sin = rope_table(config, config.context_length)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def initialise(self, seed):
        """Draws all weights from `seed`; residual outputs start small."""
        generator = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            if weight.ndim < 2:
                continue
            scale = 0.02 if "token_embd" in name else weight.shape[1] ** -0.5
            if "attn_output" in name or "ffn_down" in name:
                scale *= (2 * self.config.layers) ** -0.5
            with torch.no_grad():
                weight.normal_(0.0, scale, generator=generator)

    def forward(self, ids, start=0, cache=None, mask=None):
        """Hidden states after the final norm for `ids` (batch, length) that begin at position `start`."""
        length = ids.shape[1]
        x = self.token_embd(ids)
        cos, sin = self.cos[start : start + length].to(x.dtype), self.sin[start : start + length].to(x.dtype)
        for block in self.blk:
            x = block(x, cos, sin, cache, mask)
        return self.output_norm(x)

    def logits(self, hidden):
        """Scores over the vocabulary."""
        return hidden @ self.token_embd.weight.to(hidden.dtype).T


class KeyValueCache:
    """Keys and values of the tokens seen so far, one entry a layer."""

    def __init__(self):
        self.entries = {}

    def extend(self, block, k, v):
        """Appends `k` and `v` (batch, kv_heads, length, head_dim) and returns all of them."""
        if block in self.entries:
            old_k, old_v = self.entries[block]
            k, v = torch.cat((old_k, k), dim=2), torch.cat((old_v, v), dim=2)
        self.entries[block] = (k, v)
        return k, v
