"""Sampling weights that make content resemble the references in what a look cannot change.

References and content are different photos: a brighter background in sixty of them reads as a brighter look. What the
pictures show, as told by deep features of their luminance ranks, survives any tone curve, and foretells part of how
bright and how colourful a photo was. Content is therefore drawn with weights under which the mean of these features
comes close to that of the references (entropy balancing, Hainmueller 2012, with a ridge for small sets).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from impasto.train.batches import Pool
from impasto.vision.encoders import Encoder

_SIDE = 128
_LUMA = (0.2126, 0.7152, 0.0722)
_NUM_COMPONENTS = 20
_NUM_NEWTON_STEPS = 30
_MAX_WEIGHT = 5.0

Array = NDArray[np.float64]


def luminance_ranks(picture: Tensor, side: int = _SIDE) -> Tensor:
    """Return a picture 1×3×H×W as 1×3×side×side of luminance ranks in [0, 1]: histogram-equalised grey."""
    small = functional.interpolate(picture, (side, side), mode="area")[0]
    luminance = torch.einsum("chw,c->hw", small, small.new_tensor(_LUMA)).flatten()
    ranks = torch.empty_like(luminance)
    ranks[luminance.argsort(stable=True)] = torch.linspace(0, 1, luminance.numel())
    return ranks.view(1, 1, side, side).expand(1, 3, side, side)


@torch.no_grad()
def scene_descriptors(encoder: Encoder, pool: Pool) -> Array:
    """Describe what pictures show: one row each."""
    rows = []
    for index in range(len(pool)):
        features = encoder(
            luminance_ranks(pool.picture(index)).contiguous(memory_format=torch.channels_last), num_stages=4
        )
        rows.append(torch.cat([stage.mean(dim=(2, 3))[0] for stage in features[2:]]))
    return torch.stack(rows).double().numpy()


def balancing_weights(content: Array, references: Array) -> Array:
    """Return sampling probabilities for content rows under which their mean approaches that of the references' rows.

    Parameters
    ----------
    content, references
        Descriptors, one row a picture.

    Returns
    -------
    NDArray
        One probability for each content row; they sum to one, and none is above five times the even share.
    """
    num_content = len(content)
    if num_content < 2 or len(references) < 2:
        return np.full(num_content, 1 / num_content)
    together = np.concatenate((content, references))
    centred = (together - together.mean(0)) / (together.std(0) + 1e-9)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    components = centred @ directions[: min(_NUM_COMPONENTS, len(references) // 2)].T
    components /= components.std(0) + 1e-9
    own, target = components[:num_content], components[num_content:].mean(0)
    multipliers = _solve(own - target, ridge=2 / len(references))
    return _capped(_tilted(own - target, multipliers), _MAX_WEIGHT / num_content)


def _capped(weights: Array, cap: float) -> Array:
    """Lower weights to the cap and raise the others in proportion, until all sum to one under it."""
    weights = np.maximum(weights, 1e-12)
    while weights.max() > cap * (1 + 1e-9):
        is_capped = weights >= cap
        rest = (1 - cap * is_capped.sum()) / weights[~is_capped].sum()
        weights = np.where(is_capped, cap, weights * rest)
    return np.asarray(weights / weights.sum())


def _tilted(offsets: Array, multipliers: Array) -> Array:
    exponents = offsets @ multipliers
    weights = np.exp(exponents - exponents.max())
    return np.asarray(weights / weights.sum())


def _solve(offsets: Array, ridge: float) -> Array:
    """Minimise log Σ exp(offset · λ) + ridge / 2 · |λ|² by damped Newton steps."""
    multipliers = np.zeros(offsets.shape[1])
    for _ in range(_NUM_NEWTON_STEPS):
        weights = _tilted(offsets, multipliers)
        mean = weights @ offsets
        gradient = mean + ridge * multipliers
        hessian = (offsets * weights[:, None]).T @ offsets - np.outer(mean, mean) + ridge * np.eye(len(mean))
        step = np.linalg.solve(hessian, gradient)
        multipliers = multipliers - step / max(1.0, float(np.linalg.norm(step)))
    return multipliers
