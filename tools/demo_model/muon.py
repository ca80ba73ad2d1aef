"""Muon: momentum whose matrix updates are made orthogonal by a Newton-Schulz iteration.

Source: Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
"""

import collections

import torch
import torch.distributed


def orthogonalise(batch, steps=5):
    """Approximate orthogonal factor of every matrix in `batch` (count, rows, columns)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = batch.bfloat16()
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.transpose(1, 2)).float()


def orthogonalise_shared(batch):
    """As `orthogonalise`, with the matrices dealt out among the training processes."""
    if not torch.distributed.is_initialized():
        return orthogonalise(batch)
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    out = torch.zeros_like(batch)
    out[rank::world] = orthogonalise(batch[rank::world])
    torch.distributed.all_reduce(out)
    return out


class Muon(torch.optim.Optimizer):
    """Nesterov momentum with orthogonal updates for two-dimensional weights."""

    def __init__(self, weights, rate, momentum=0.95, weight_decay=0.0):
        super().__init__(list(weights), {"lr": rate, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """One update; weights of one shape are handled together."""
        for group in self.param_groups:
            by_shape = collections.defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape[weight.shape].append(weight)
            for shape, weights in by_shape.items():
                updates = []
                for weight in weights:
                    buffer = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                    buffer.lerp_(weight.grad, 1 - group["momentum"])
                    updates.append(torch.lerp(weight.grad, buffer, group["momentum"]))
                scale = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for weight, update in zip(weights, orthogonalise_shared(torch.stack(updates))):
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.add_(update, alpha=-scale)
