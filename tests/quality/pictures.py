"""Pictures for metrics, all float32 sRGB in [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def grey(plane: Any) -> Image:
    """Make a picture of one plane."""
    return np.repeat(np.asarray(plane, np.float32)[..., None], 3, axis=2)


def textured(height: int, width: int, seed: int = 0) -> Image:
    """Return a picture with structure at every scale, within [0.1, 0.9]: fields of noise of 1 to 32 pixels, added."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for scale in (1, 2, 4, 8, 16, 32):
        fields = rng.random((-(-height // scale), -(-width // scale), 3))
        total += fields.repeat(scale, 0).repeat(scale, 1)[:height, :width] * scale**0.5
    low, high = total.min(), total.max()
    return (0.1 + 0.8 * (total - low) / max(high - low, 1e-9)).astype(np.float32)


def noisy(image: Image, deviation: float, seed: int = 1) -> Image:
    noise = np.random.default_rng(seed).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 1).astype(np.float32)


def measured(metric: Any, *pairs: Any) -> float:
    """Update a metric with each pair (or single picture), and compute it."""
    for pair in pairs:
        metric.update(*(pair if isinstance(pair, tuple) else (pair,)))
    return float(metric.compute())
