"""Content for paint where there is none: references with their brushwork smoothed away.

A guided filter of a picture by itself (He et al. 2010, "Guided image filtering") levels what varies little, as strokes
within a surface do, and keeps edges. It is a stand-in: nobody has seen the photo, and a stroke on an edge stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_RADIUS = 5
_KEPT_DEVIATION = 0.12
_NUM_ROUNDS = 2


def unpainted(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return H×W×3 with its brushwork smoothed away."""
    image = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255
    for _ in range(_NUM_ROUNDS):
        image = _smoothed(image)
    pixels: NDArray[np.uint8] = (image[0].permute(1, 2, 0) * 255).round().clamp(0, 255).byte().numpy()
    return pixels


def unpainted_pictures(references: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Return references as photos might show them."""
    return [unpainted(picture) for picture in references]


def _smoothed(image: Tensor) -> Tensor:
    mean = _box(image)
    variance = (_box(image.square()) - mean.square()).clamp_min(0)
    slope = variance / (variance + _KEPT_DEVIATION**2)
    return _box(slope) * image + _box(mean * (1 - slope))


def _box(image: Tensor) -> Tensor:
    side = 2 * _RADIUS + 1
    return functional.avg_pool2d(image, side, 1, _RADIUS, count_include_pad=False)
