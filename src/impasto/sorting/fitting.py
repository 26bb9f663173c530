"""How a network learns classes from pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.sorting.effort import Effort
from impasto.sorting.folds import Indices
from impasto.sorting.networks import EncoderNetwork, Network, num_features, pooled
from impasto.sorting.reading import Squares
from impasto.sorting.regression import Floats

_BATCH_SIZE = 16
_HEAD_RATE = 3e-3
_DECAY = 1e-3
_WARM_UP = 0.1
_LEAST_CUT = 0.8


def fit_network(
    network: Network, squares: Squares, targets: Indices, weights: Floats, effort: Effort
) -> dict[str, Floats]:
    """Learn a network with a linear classifier on top, and return what was learned of the network.

    A shipped encoder gets a rate a hundred times smaller than what starts from nothing. The pictures are mirrored and
    cut by chance.
    """
    generator = torch.Generator().manual_seed(effort.seed)
    parts = network.free_parts()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(effort.seed)
        head = nn.Linear(num_features(network), int(targets.max()) + 1)
        if not isinstance(network, EncoderNetwork):
            _begin_anew(network)
    for weight in parts.values():
        weight.requires_grad_(True)
    rate = 1e-4 if isinstance(network, EncoderNetwork) else _HEAD_RATE
    groups = [{"params": list(parts.values()), "lr": rate}, {"params": list(head.parameters()), "lr": _HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=_DECAY)
    num_steps = effort.num_epochs * -(-len(squares) // _BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share_of_rate(step / max(num_steps, 1)))
    for epoch in range(effort.num_epochs):
        order = torch.randperm(len(squares), generator=generator).numpy()
        for first in range(0, len(order), _BATCH_SIZE):
            chosen = order[first : first + _BATCH_SIZE]
            images = _varied(torch.from_numpy(squares[chosen]).permute(0, 3, 1, 2).float() / 255, generator)
            losses = functional.cross_entropy(
                head(pooled(network.maps(images))), torch.from_numpy(targets[chosen]), reduction="none"
            )
            loss = (losses * torch.from_numpy(weights[chosen])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if effort.progress is not None:
            effort.progress(epoch + 1, effort.num_epochs)
    return {name: weight.detach().numpy().astype(np.float32) for name, weight in parts.items()}


def _begin_anew(network: Any) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            assert module.bias is not None
            nn.init.zeros_(module.bias)


def _share_of_rate(done: float) -> float:
    """Rise, then fall along half a cosine."""
    if done < _WARM_UP:
        return (done + 0.01) / (_WARM_UP + 0.01)
    return 0.5 * (1 + float(np.cos(np.pi * (done - _WARM_UP) / (1 - _WARM_UP))))


def _varied(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of the pictures B×3×S×S, and cut each a little, but bring it back to its side."""
    number, side = len(images), images.shape[-1]
    mirror = 1 - 2 * torch.randint(0, 2, (number,), generator=generator).float()
    scale = _LEAST_CUT + (1 - _LEAST_CUT) * torch.rand(number, generator=generator)
    shift = (torch.rand(number, 2, generator=generator) * 2 - 1) * (1 - scale)[:, None]
    theta = torch.zeros(number, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = mirror * scale, scale, shift
    grid = functional.affine_grid(theta, [number, 3, side, side], align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
