"""sRGB to CIE L*a*b* (D65) and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Colors = NDArray[np.float32]
"""…×3: sRGB in [0, 1], or L* in [0, 100] with a* and b*."""

_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _RGB_TO_XYZ.sum(axis=1)
_TO_RELATIVE_XYZ = (_RGB_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_FROM_RELATIVE_XYZ = np.linalg.inv((_RGB_TO_XYZ / _WHITE[:, None]).T).astype(np.float32)
_DELTA = 6 / 29


def rgb_to_lab(rgb: NDArray[Any]) -> Colors:
    """Convert sRGB, …×3 in [0, 1]. White is exactly neutral: a* = b* = 0."""
    values = np.asarray(rgb, np.float32)
    linear = np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)
    relative = linear.astype(np.float32) @ _TO_RELATIVE_XYZ
    root = np.where(relative > _DELTA**3, np.cbrt(np.maximum(relative, _DELTA**3)), relative / (3 * _DELTA**2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1).astype(np.float32)


def lab_to_rgb(lab: NDArray[Any]) -> Colors:
    """Convert to sRGB, clipped into [0, 1]."""
    lightness, a, b = np.moveaxis(np.asarray(lab, np.float32), -1, 0)
    y = (lightness + 16) / 116
    root = np.stack((y + a / 500, y, y - b / 200), axis=-1)
    relative = np.where(root > _DELTA, root**3, 3 * _DELTA**2 * (root - 4 / 29))
    linear = (relative.astype(np.float32) @ _FROM_RELATIVE_XYZ).clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)
