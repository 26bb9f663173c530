"""Features made comparable: each number in deviations of the pictures at hand, so that no channel drowns another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FLOOR = 0.02
_LEAST_DEVIATION = 0.05
"""What is less is no difference to the eye: over photos the features deviate by 0.1 to 3."""


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """A shift and a scale for each of D features.

    Two pictures drawn at random are about √2 apart, whatever D is.

    Attributes
    ----------
    center, scale
        (D,) float32.
    num_fitted
        How many pictures it was fitted to.
    """

    center: NDArray[np.float32]
    scale: NDArray[np.float32]
    num_fitted: int

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Move N×D or (D,) raw features into the space."""
        return (vectors - self.center) * self.scale


def fit_space(vectors: NDArray[np.float32], weights: NDArray[np.float32]) -> FeatureSpace:
    """Fit a space to N×D raw features.

    Parameters
    ----------
    weights
        (D,) shares of the squared distance that each feature is to have, which sum to 1.
    """
    center = vectors.mean(axis=0, dtype=np.float64)
    variance = vectors.var(axis=0, dtype=np.float64)
    # What hardly varies must not be blown up: rounding would then count as much as what the eye sees.
    typical = float(np.median(variance[variance > 0])) if (variance > 0).any() else 1.0
    scale = np.sqrt(weights / (variance + max(_FLOOR * typical, _LEAST_DEVIATION**2)))
    return FeatureSpace(center.astype(np.float32), scale.astype(np.float32), len(vectors))


def likeness(squared_distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn squared distances in a space into likeness: 1 is the same, and 0.37 what two random pictures have."""
    return np.exp(-np.maximum(squared_distances, 0) / 2)
