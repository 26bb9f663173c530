"""CIE L*a*b* of sRGB (D65, 2° observer), the way back, and how different two colours look."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_WHITE = np.array([0.95047, 1.0, 1.08883])
_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
TO_XYZ = (_XYZ / _WHITE[:, None]).astype(np.float32)
"""Linear sRGB to XYZ over the white point (IEC 61966-2-1), so that white is 1, 1, 1."""
FROM_XYZ = np.linalg.inv(TO_XYZ).astype(np.float32)
_NUM_STEPS = 4096


def rgb_to_linear(rgb: NDArray[Any]) -> Floats:
    """Decode sRGB in [0, 1] to linear light, of any shape, to within 1e-7; what lies beyond is cut off."""
    position = np.clip(rgb, 0, 1).astype(np.float32, copy=False) * np.float32(_NUM_STEPS)
    index = position.astype(np.intp)
    # Between neighbours of a table, since a power costs several times as much.
    value: Floats = _LINEAR[index] + (position - index.astype(np.float32)) * _SLOPE[index]
    return value


def linear_to_rgb(linear: NDArray[Any]) -> Floats:
    """Encode linear light in [0, 1] as sRGB, of any shape."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


def rgb_to_lightness(rgb: NDArray[Any]) -> Floats:
    """Return L* in [0, 100], of shape (…), of sRGB (…×3) in [0, 1]."""
    luminance: Floats = rgb_to_linear(rgb) @ TO_XYZ[1]
    return np.float32(116) * compress_light(luminance) - np.float32(16)


def rgb_to_lab(rgb: NDArray[Any]) -> Floats:
    """Return L* in [0, 100], a* and b* (…×3) of sRGB (…×3) in [0, 1]."""
    x, y, z = np.moveaxis(compress_light(rgb_to_linear(rgb) @ TO_XYZ.T), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def lab_to_rgb(lab: NDArray[Any]) -> Floats:
    """Return sRGB (…×3) of L* in [0, 100], a* and b* (…×3), cut off into [0, 1] where no screen shows it."""
    lightness, a, b = np.moveaxis(np.asarray(lab, np.float32), -1, 0)
    y = (lightness + 16) / 116
    light = _expand(np.stack([y + a / 500, y, y - b / 200], axis=-1))
    return linear_to_rgb((light @ FROM_XYZ.T).clip(0, 1))


def compress_light(light: Floats) -> Floats:
    """Return CIE's f of light over that of white, of any shape: a cube root, with a straight line near black."""
    return np.where(light > 216 / 24389, np.cbrt(light), light * np.float32(24389 / 27 / 116) + np.float32(16 / 116))


def delta_e_2000(lab: Floats, other: Floats) -> Floats:
    """Return the CIEDE2000 difference (…) of two colours (…×3); about 1 is just noticeable.

    G. Sharma, W. Wu, E. Dalal, "The CIEDE2000 Color-Difference Formula", 2005; its equation numbers are cited.
    """
    (light1, a1, b1), (light2, a2, b2) = np.moveaxis(lab, -1, 0), np.moveaxis(other, -1, 0)
    stretch = 1.5 - 0.5 * _saturation((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2)  # 4, 5
    a1, a2 = a1 * stretch, a2 * stretch
    chroma1, chroma2 = np.hypot(a1, b1), np.hypot(a2, b2)  # 6
    hue1, hue2 = np.arctan2(b1, a1), np.arctan2(b2, a2)  # 7
    turn = (hue2 - hue1 + np.pi) % (2 * np.pi) - np.pi  # 10, in (-π, π]
    colored = chroma1 * chroma2 > 0
    hue_change = 2 * np.sqrt(chroma1 * chroma2) * np.sin(np.where(colored, turn, 0) / 2)  # 11
    hue = np.where(colored, hue1 + turn / 2, hue1 + hue2)  # 14; the hue of grey is 0
    chroma = (chroma1 + chroma2) / 2  # 13
    chroma_part = (chroma2 - chroma1) / (1 + 0.045 * chroma)  # 16
    hue_part = hue_change / (1 + 0.015 * chroma * _hue_weight(hue))  # 17
    off_middle = ((light1 + light2) / 2 - 50) ** 2  # 12
    light_part = (light2 - light1) / (1 + 0.015 * off_middle / np.sqrt(20 + off_middle))  # 15
    squared = light_part**2 + chroma_part**2 + hue_part**2 + _rotation(chroma, hue) * chroma_part * hue_part
    result: Floats = np.sqrt(np.maximum(squared, 0), dtype=np.float32)  # 22; rounding may leave it below 0
    return result


def _saturation(chroma: Floats) -> Floats:
    """Return √(C⁷ / (C⁷ + 25⁷)), as 4 and 19 ask for."""
    ratio = np.power(np.float32(25) / np.maximum(chroma, np.float32(1e-3)), np.float32(7))
    result: Floats = 1 / np.sqrt(1 + ratio, dtype=np.float32)
    return result


def _hue_weight(hue: Floats) -> Floats:
    """15 of Sharma et al.: T."""
    degree = np.float32(np.pi / 180)
    result: Floats = (
        1
        - 0.17 * np.cos(hue - 30 * degree)
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + 6 * degree)
        - 0.20 * np.cos(4 * hue - 63 * degree)
    )
    return result


def _rotation(chroma: Floats, hue: Floats) -> Floats:
    """18 to 21 of Sharma et al.: hue and chroma lean on each other around blue."""
    off_blue = (np.degrees(hue) % 360 - 275) / 25
    result: Floats = -2 * _saturation(chroma) * np.sin(np.radians(60 * np.exp(-(off_blue**2))))
    return result


def _expand(root: Floats) -> Floats:
    """Undo `compress_light`."""
    light: Floats = np.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29)).astype(np.float32)
    return light


def _decode(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


# The last slope is never weighed by more than 0.
_LINEAR = _decode(np.arange(_NUM_STEPS + 1) / _NUM_STEPS).astype(np.float32)
_SLOPE = np.append(np.diff(_decode(np.arange(_NUM_STEPS + 1) / _NUM_STEPS)), 0).astype(np.float32)
