"""Pictures as a painter would block them in: areas of one tone with sharp edges, and nothing that is finer."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# The higher, the more the calmest quarter decides alone.
_SHARPNESS = 4
_LEAST_VARIANCE = 1e-4


def simplify(planes: Tensor, radius: int) -> Tensor:
    """Replace each pixel of B×C×H×W by the mean of the calmest of four squares that it is a corner of.

    The generalised filter of Kuwahara: squares count by a power of their variance, so that nothing jumps (Papari et al.
    2007, "Artistic edge and corner enhancing smoothing").

    Parameters
    ----------
    radius
        The squares' side less one, in pixels; what is thinner goes. Nothing goes at 0.
    """
    if not radius:
        return planes
    side = radius + 1
    padded = functional.pad(planes, (radius, radius, radius, radius), mode="replicate")
    means = functional.avg_pool2d(padded, side, 1)
    spread = functional.avg_pool2d(padded.square(), side, 1) - means.square()
    variances = spread.mean(dim=1, keepdim=True).clamp_min(0)
    height, width = planes.shape[-2:]
    corners = [(rows, columns) for rows in (0, radius) for columns in (0, radius)]
    mean, variance = (
        torch.stack([each[..., row : row + height, column : column + width] for row, column in corners])
        for each in (means, variances)
    )
    weights = (variance + _LEAST_VARIANCE).pow(-_SHARPNESS)
    return (weights * mean).sum(dim=0) / weights.sum(dim=0)
