"""Features made by hand, as if an encoder had seen pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.quality.features import FeatureReader, PictureFeatures

STRIDES = (4, 8, 32)


def drawn(rng: np.random.Generator, mean: NDArray[np.float64], deviation: float = 1.0) -> PictureFeatures:
    """Return features whose pooled vector is drawn from a normal distribution; earlier maps are noise."""
    early = [rng.normal(size=(3, 16, 16)), rng.normal(size=(4, 8, 8))]
    pooled = rng.normal(mean, deviation)
    late = np.broadcast_to(pooled[:, None, None], (len(pooled), 2, 2))
    return PictureFeatures([each.astype(np.float32) for each in (*early, late)], STRIDES)


def plain_reader() -> FeatureReader:
    """Return an encoder of sorts: the picture, its slopes, and the mean of its quarters."""

    def maps(image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        planes = image.transpose(2, 0, 1)
        slopes = np.concatenate([np.gradient(planes, axis=axis) for axis in (1, 2)])
        half = (image.shape[0] // 2, image.shape[1] // 2)
        quarters = [[planes[:, : half[0], : half[1]], planes[:, : half[0], half[1] :]]]
        quarters.append([planes[:, half[0] :, : half[1]], planes[:, half[0] :, half[1] :]])
        means = np.stack([np.stack([each.mean(axis=(1, 2)) for each in row], axis=-1) for row in quarters], axis=1)
        return [planes, slopes.astype(np.float32), means.astype(np.float32)]

    return FeatureReader(maps, STRIDES)
