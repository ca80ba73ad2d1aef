"""Trains the bundled model. Kill it at any time; the next run goes on from the last checkpoint."""

import argparse
import json
import time

import numpy
import torch
import torch.nn.functional as F

import config
from batches import Batches
from model import Model, ModelConfig
from muon import Muon
from tokenizer import DemoTokenizer


def learning_rate(step, steps):
    """Share of the full rate: short warm-up, plateau, linear fall to zero."""
    warm = min(1.0, (step + 1) / config.WARMUP_STEPS)
    rest = (steps - step) / (steps * (1 - config.DECAY_FROM))
    return warm * min(1.0, rest)


def make_optimizers(model):
    """Muon for the hidden matrices, AdamW for the embedding and the norms."""
    matrices = [w for name, w in model.named_parameters() if w.ndim == 2 and "token_embd" not in name]
    others = [w for name, w in model.named_parameters() if w.ndim < 2 or "token_embd" in name]
    return [Muon(matrices, config.MUON_RATE, weight_decay=config.WEIGHT_DECAY),
            torch.optim.AdamW(others, config.ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0)]


def weighted_loss(model, inputs, targets, weights):
    """Sum of weighted token losses and of weights; only weighted positions reach the vocabulary."""
    kind = "cuda" if inputs.is_cuda else "cpu"
    with torch.autocast(kind, dtype=torch.bfloat16):
        hidden = model(inputs)
        at = weights.flatten().nonzero().squeeze(1)
        logits = model.logits(hidden.flatten(0, 1)[at])
    losses = F.cross_entropy(logits.float(), targets.flatten()[at], reduction="none")
    return (losses * weights.flatten()[at]).sum()


def compile_blocks(model):
    """Compiles the layers where a C++ compiler is there; plain execution gives the same results, only slower."""
    try:
        torch._dynamo.config.recompile_limit = 64
        torch._dynamo.config.accumulated_recompile_limit = 4096
        for block in model.blk:
            block.compile(dynamic=False)
    except Exception as error:  # any missing tool chain: go on without
        print(f"not compiled: {error}")


def save(path, model, optimizers, step, spent):
    """Writes a checkpoint in one rename, so that a kill never leaves half a file."""
    partial = path.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "step": step, "spent": spent}, partial)
    partial.replace(path)


def load(path, model, optimizers):
    """Restores the last checkpoint; returns (step, seconds spent so far)."""
    if not path.exists():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimizer, saved in zip(optimizers, state["optimizers"]):
        optimizer.load_state_dict(saved)
    return state["step"], state["spent"]


def train(steps, stop_after, save_seconds):
    """Runs the remaining steps."""
    tokenizer = DemoTokenizer(config.WORK_DIR / "vocab.json")
    model = Model(ModelConfig(vocab_size=len(tokenizer.tokens)))
    model.initialise(config.SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    optimizers = make_optimizers(model)
    path = config.WORK_DIR / "checkpoint.pt"
    step, spent = load(path, model, optimizers)
    print(f"{sum(w.numel() for w in model.parameters())} parameters, from step {step} of {steps} on {device}", flush=True)
    batches = Batches(numpy.load(config.WORK_DIR / "corpus.npz"), tokenizer.pad_id)
    batches.skip(step)
    compile_blocks(model)
    started = saved = time.time()
    running = None
    while step < min(steps, stop_after):
        rate = learning_rate(step, steps)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("full_rate", group["lr"]) * rate
        loss = train_step(model, optimizers, batches.step(), device)
        running = loss if running is None else 0.97 * running + 0.03 * loss
        step += 1
        now = time.time()
        if step % 20 == 0:
            print(json.dumps({"step": step, "loss": round(running, 4), "rate": round(rate, 3), "seconds": round(spent + now - started)}), flush=True)
        if now - saved > save_seconds or step == min(steps, stop_after):
            save(path, model, optimizers, step, spent + now - started)
            saved = now
    print(f"done: {step} steps, {spent + time.time() - started:.0f} s of training", flush=True)


def train_step(model, optimizers, micro_batches, device):
    """One optimizer step over its micro-batches; returns the mean loss."""
    total_weight = sum(float(weights.sum()) for _, _, weights in micro_batches)
    total_loss = 0.0
    for inputs, targets, weights in micro_batches:
        loss = weighted_loss(model, inputs.to(device), targets.to(device), weights.to(device)) / total_weight
        loss.backward()
        total_loss += float(loss.detach())
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return total_loss


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=config.STEPS)
    parser.add_argument("--stop-after", type=int, default=10 ** 9, help="stop early at this step, keeping the schedule")
    parser.add_argument("--save-seconds", type=float, default=180)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(config.SEED)
    train(arguments.steps, arguments.stop_after, arguments.save_seconds)


if __name__ == "__main__":
    main()
