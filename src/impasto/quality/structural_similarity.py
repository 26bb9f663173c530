"""The structural similarity index of Wang et al., "Image Quality Assessment: From Error Visibility to Structural
Similarity", 2004, with its Gaussian window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW_SIDE = 11
_DEVIATION = 1.5
_LUMINANCE_FLOOR, _CONTRAST_FLOOR = np.float32(0.01**2), np.float32(0.03**2)
_TAPS = np.exp(-0.5 * (np.arange(WINDOW_SIDE) - WINDOW_SIDE // 2) ** 2 / _DEVIATION**2)
_TAPS = (_TAPS / _TAPS.sum()).astype(np.float32)

Plane = NDArray[np.float32]


def similarity(plane: Plane, other: Plane) -> tuple[float, float]:
    """Return the mean SSIM of two planes H×W in [0, 1], and the mean of its contrast and structure alone.

    Windows lie within the picture, so that both are nan where it is smaller than one window.
    """
    if min(plane.shape) < WINDOW_SIDE:
        return float("nan"), float("nan")
    mean1, mean2 = _average(plane), _average(other)
    product = mean1 * mean2
    squares = mean1 * mean1 + mean2 * mean2
    covariance = _average(plane * other) - product
    variances = _average(plane * plane + other * other) - squares
    structure = (2 * covariance + _CONTRAST_FLOOR) / (variances + _CONTRAST_FLOOR)
    luminance = (2 * product + _LUMINANCE_FLOOR) / (squares + _LUMINANCE_FLOOR)
    return float((luminance * structure).mean(dtype=np.float64)), float(structure.mean(dtype=np.float64))


def _average(plane: Plane) -> Plane:
    """Weigh every window that lies within a plane: H×W to (H-10)×(W-10)."""
    return _average_rows(_average_rows(plane).T).T


def _average_rows(plane: Plane) -> Plane:
    """Weigh 11 neighbours within each row: H×W to H×(W-10)."""
    height, width = plane.shape
    # As one long row, since that is what numpy is quick at; where two rows meet, the result is dropped.
    flat = np.convolve(np.ascontiguousarray(plane).ravel(), _TAPS, mode="full")[WINDOW_SIDE - 1 :]
    result: Plane = flat.reshape(height, width)[:, : width - WINDOW_SIDE + 1]
    return result
