"""Films whose numbers are not those of sRGB: HDR and wide gamuts, and the way to what looks are made for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.lut import Lut3D
from impasto.apply.native_space import ColorTransform, lut_in_native_space
from impasto.media.frame import Color
from impasto.vision.lab import linear_to_rgb, rgb_to_linear

_Curve = Callable[[NDArray[Any]], NDArray[Any]]
_Transforms = tuple[ColorTransform, ColorTransform]

WHITE_NITS = 203.0
"""Where HDR has the white of SDR (ITU-R BT.2408)."""
_PQ_NITS = 10000.0
_M1, _M2 = 2610 / 16384, 2523 / 32
_C1, _C2, _C3 = 3424 / 4096, 2413 / 128, 2392 / 128
_HLG_NITS, _HLG_GAMMA = 1000.0, 1.2
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073
_HLG_LUMA = np.array([0.2627, 0.6780, 0.0593])
_D65 = (0.3127, 0.3290)
_PRIMARIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "smpte431": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""x and y of red, green and blue. Others are close to BT.709, and taken for it."""
_SIZE = 65
"""Steps per axis of a LUT for such a film: much of its range lies beyond what looks know."""


def lut_for_film(lut: Lut3D, color: Color) -> Lut3D:
    """Return the LUT that does to a film's RGB what `lut` does to sRGB.

    Light beyond white, and colours beyond sRGB, are changed like the nearest that sRGB has.
    """
    transforms = film_transforms(color)
    return lut if transforms is None else lut_in_native_space(lut, *transforms, size=_SIZE)


@cache
def film_transforms(color: Color) -> _Transforms | None:
    """Return what leads from a film's RGB in [0, 1] to sRGB, clipped, and back; None where numbers are taken for sRGB.

    The latter are those of all SDR films with primaries close to BT.709: what they look like is defined on a display,
    by a curve close to that of sRGB.
    """
    curves = {"smpte2084": (_pq_to_linear, _linear_to_pq), "arib-std-b67": (_hlg_to_linear, _linear_to_hlg)}
    if color.primaries not in _PRIMARIES and color.transfer not in curves:
        return None
    if color.primaries == "bt709" and color.transfer not in curves:
        return None
    decode, encode = curves.get(color.transfer, (rgb_to_linear, linear_to_rgb))
    to_xyz = _to_xyz(_PRIMARIES.get(color.primaries, _PRIMARIES["bt709"]))
    to_bt709 = np.linalg.inv(_to_xyz(_PRIMARIES["bt709"])) @ to_xyz
    from_bt709 = np.linalg.inv(to_bt709)

    def to_srgb(native: NDArray[Any]) -> NDArray[np.float32]:
        linear = decode(native.clip(0, 1).astype(np.float64)) @ to_bt709.T
        return linear_to_rgb(linear.clip(0, 1))

    def to_native(srgb: NDArray[Any]) -> NDArray[np.float32]:
        linear = rgb_to_linear(srgb).astype(np.float64) @ from_bt709.T
        return encode(linear.clip(0, None)).clip(0, 1).astype(np.float32)

    return to_srgb, to_native


def _pq_to_linear(values: NDArray[Any]) -> NDArray[Any]:
    """Decode SMPTE ST 2084 to light, 1 standing for the white of SDR."""
    power = values ** (1 / _M2)
    light: NDArray[Any] = (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)
    return light * (_PQ_NITS / WHITE_NITS)


def _linear_to_pq(light: NDArray[Any]) -> NDArray[Any]:
    power = (light.clip(0, _PQ_NITS / WHITE_NITS) * (WHITE_NITS / _PQ_NITS)) ** _M1
    values: NDArray[Any] = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return values


def _hlg_to_linear(values: NDArray[Any]) -> NDArray[Any]:
    """Decode ITU-R BT.2100 HLG to the light of a display of 1000 cd/m², 1 standing for the white of SDR."""
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - _C) / _A) + _B) / 12)
    luminance = np.maximum(scene @ _HLG_LUMA, 1e-9)[..., None]
    display: NDArray[Any] = scene * luminance ** (_HLG_GAMMA - 1)
    return display * (_HLG_NITS / WHITE_NITS)


def _linear_to_hlg(light: NDArray[Any]) -> NDArray[Any]:
    display = light * (WHITE_NITS / _HLG_NITS)
    luminance = np.maximum(display @ _HLG_LUMA, 1e-9)[..., None]
    scene = (display * luminance ** (1 / _HLG_GAMMA - 1)).clip(0, 1)
    log: NDArray[Any] = _A * np.log(np.maximum(12 * scene - _B, 1e-9)) + _C
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), log)


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Return the matrix from linear RGB with a white of D65 to CIE XYZ."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    x, y = _D65
    return columns * np.linalg.solve(columns, np.array([x / y, 1, (1 - x - y) / y]))
