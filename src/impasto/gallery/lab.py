"""CIE L*a*b* back to sRGB; `impasto.vision.lab` has the way there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Colors = NDArray[np.float32]
"""…×3: sRGB in [0, 1], or L* in [0, 100] with a* and b*."""

_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_FROM_RELATIVE_XYZ = np.linalg.inv((_RGB_TO_XYZ / _RGB_TO_XYZ.sum(axis=1)[:, None]).T).astype(np.float32)
_DELTA = 6 / 29


def lab_to_rgb(lab: NDArray[Any]) -> Colors:
    """Convert …×3 to sRGB (D65, 2° observer), clipped into [0, 1]."""
    lightness, a, b = np.moveaxis(np.asarray(lab, np.float32), -1, 0)
    y = (lightness + 16) / 116
    root = np.stack((y + a / 500, y, y - b / 200), axis=-1)
    relative = np.where(root > _DELTA, root**3, 3 * _DELTA**2 * (root - 4 / 29))
    linear = (relative.astype(np.float32) @ _FROM_RELATIVE_XYZ).clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)
