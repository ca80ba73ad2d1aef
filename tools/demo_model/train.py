"""Trains the bundled model. Kill it at any time; the next run goes on from the last checkpoint.

On a CPU, two single-threaded processes share every step: they meet only when gradients are summed, so other
programs on the machine slow training far less than they slow threads that meet in every operation.
"""

import argparse
import json
import shutil
import tempfile
import time

import numpy
import torch
import torch.distributed
import torch.multiprocessing
import torch.nn.functional as F

import config
from batches import Batches
from model import Model, ModelConfig
from muon import Muon
from tokenizer import DemoTokenizer


def learning_rate(step):
    """Share of the full rate: short warm-up, plateau, piecewise linear fall to zero."""
    for (start, high), (end, low) in zip(config.DECAY, config.DECAY[1:]):
        if start <= step <= end:
            return high + (low - high) * (step - start) / (end - start)
    return min(1.0, (step + 1) / config.WARMUP_STEPS)


def make_optimizers(model):
    """Muon for the hidden matrices, AdamW for the embedding and the norms."""
    matrices = [w for name, w in model.named_parameters() if w.ndim == 2 and "token_embd" not in name]
    others = [w for name, w in model.named_parameters() if w.ndim < 2 or "token_embd" in name]
    return [
        Muon(matrices, config.MUON_RATE, weight_decay=config.WEIGHT_DECAY),
        torch.optim.AdamW(others, config.ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]


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
    """Compiles the layers once for all shapes; needs a C++ compiler. Without it training only takes longer."""
    if not shutil.which("c++") and not torch.cuda.is_available():
        print("no C++ compiler: training uncompiled", flush=True)
        return
    for block in model.blk:
        block.compile(dynamic=True)


def save(path, model, optimizers, step, spent):
    """Writes a checkpoint in one rename, so that a kill never leaves half a file."""
    partial = path.with_suffix(".partial")
    torch.save(
        {
            "model": model.state_dict(),
            "optimizers": [o.state_dict() for o in optimizers],
            "step": step,
            "spent": spent,
        },
        partial,
    )
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


def set_rates(optimizers, step):
    """Applies the schedule; returns the share of the full rate."""
    rate = learning_rate(step)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group.setdefault("full_rate", group["lr"]) * rate
    return rate


def sum_gradients(model, loss):
    """Adds up the gradients and the loss of all processes."""
    if not torch.distributed.is_initialized():
        return loss
    weights = [w for w in model.parameters() if w.grad is not None]
    flat = torch.cat([w.grad.flatten() for w in weights] + [torch.tensor([loss])])
    torch.distributed.all_reduce(flat)
    for weight, part in zip(weights, flat[:-1].split([w.numel() for w in weights])):
        weight.grad.copy_(part.view_as(weight))
    return float(flat[-1])


def train_step(model, optimizers, micro_batches, rank, world, device):
    """One optimizer step over its micro-batches; returns the mean loss."""
    total_weight = sum(float(weights.sum()) for _, _, weights in micro_batches)
    total_loss = 0.0
    for inputs, targets, weights in micro_batches[rank::world]:
        loss = weighted_loss(model, inputs.to(device), targets.to(device), weights.to(device)) / total_weight
        loss.backward()
        total_loss += float(loss.detach())
    total_loss = sum_gradients(model, total_loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return total_loss


def train(rank, world, arguments, store):
    """Runs the remaining steps; `rank` 0 reports and saves."""
    torch.manual_seed(config.SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    if world > 1:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{store}/store", rank=rank, world_size=world
        )
    tokenizer = DemoTokenizer(config.WORK_DIR / "vocab.json")
    model = Model(ModelConfig(vocab_size=len(tokenizer.tokens)))
    model.initialise(config.SEED)
    model.to(device)
    optimizers = make_optimizers(model)
    path = config.WORK_DIR / "checkpoint.pt"
    step, spent = load(path, model, optimizers)
    batches = Batches(numpy.load(config.WORK_DIR / "corpus.npz"), tokenizer.pad_id)
    batches.skip(step)
    if not arguments.no_compile:
        compile_blocks(model)
    if rank == 0:
        print(
            f"{sum(w.numel() for w in model.parameters())} parameters, from step {step} of {config.STEPS} on {device}",
            flush=True,
        )
    started = saved = time.time()
    running, last = None, min(config.STEPS, arguments.stop_after)
    while step < last:
        rate = set_rates(optimizers, step)
        loss = train_step(model, optimizers, batches.step(), rank, world, device)
        running = loss if running is None else 0.97 * running + 0.03 * loss
        step += 1
        now = time.time()
        if rank == 0 and step % 20 == 0:
            print(
                json.dumps(
                    {
                        "step": step,
                        "loss": round(running, 4),
                        "rate": round(rate, 3),
                        "seconds": round(spent + now - started),
                    }
                ),
                flush=True,
            )
        if rank == 0 and (now - saved > arguments.save_seconds or step == last):
            save(path, model, optimizers, step, spent + now - started)
            saved = now


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--stop-after", type=int, default=config.STEPS, help="stop early at this step, keeping the schedule"
    )
    parser.add_argument("--save-seconds", type=float, default=180)
    parser.add_argument("--no-compile", action="store_true", help="do not compile the layers")
    arguments = parser.parse_args()
    world = 1 if torch.cuda.is_available() else config.PROCESSES
    with tempfile.TemporaryDirectory() as store:
        torch.multiprocessing.spawn(train, (world, arguments, store), nprocs=world)


if __name__ == "__main__":
    main()
