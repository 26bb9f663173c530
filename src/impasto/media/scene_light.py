"""Linear light of a scene, as OpenEXR holds it, shown to styles that know displays only, and back.

A display ends at white, a scene does not. What a display shows of a pixel brighter than white is its colour at the
brightest it can be: R, G and B are divided by the largest of them. That factor is kept, and multiplies the styled pixel
once that is linear again: highlights keep their shape and their ratio to white, and take the hue that the style gives
to their colour. An identity style changes nothing, but for rounding in float32. Negative values (colours that the
primaries cannot show) and what is not finite cannot be shown at all; they are put back as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""Chromaticities x and y of red, green, blue and white, as OpenEXR writes them."""
_SAME = 5e-4


@dataclass(frozen=True, slots=True, eq=False)
class SceneLight:
    """What a picture of a scene holds beyond what a display shows of it.

    Attributes
    ----------
    gain
        H×W: how many times brighter than the shown pixel the scene is, at least 1.
    rest
        H×W×3: what could not be shown and is added again; None where that is nothing.
    chromaticities
        Of the file's primaries and white, as `REC709`.
    """

    gain: Floats
    rest: Floats | None = None
    chromaticities: tuple[float, ...] = REC709


def show_scene(linear: NDArray[Any], chromaticities: Sequence[float] = REC709) -> tuple[Floats, SceneLight]:
    """Return what a display shows of a scene, and what `restore_scene` needs besides.

    Parameters
    ----------
    linear
        H×W×3 linear RGB, where 1 is white; any range.
    chromaticities
        Of the primaries that `linear` is made of.

    Returns
    -------
    H×W×3 float32, sRGB in [0, 1], and the rest.
    """
    scene = np.asarray(linear, np.float32)
    finite = np.isfinite(scene).all(axis=2, keepdims=True)
    usable = np.where(finite, scene, np.float32(0))
    colors = _through(usable, _matrix(chromaticities))
    shown = np.maximum(colors, 0)
    gain = np.maximum(shown.max(axis=2), 1)
    rest = np.where(finite, colors - shown, scene)
    nothing = bool(finite.all()) and not rest.any()
    light = SceneLight(gain, None if nothing else rest, tuple(float(value) for value in chromaticities))
    return encode_srgb(shown / gain[..., None]), light


def restore_scene(pixels: Floats, light: SceneLight) -> Floats:
    """Return the linear RGB, in the primaries of the file, of what `show_scene` has shown and a style has changed."""
    linear = decode_srgb(pixels) * light.gain[..., None]
    if light.rest is None:
        return _through(linear, _matrix(light.chromaticities, inverse=True))
    finite = np.isfinite(light.rest).all(axis=2, keepdims=True)
    colors = linear + np.where(finite, light.rest, np.float32(0))
    return np.where(finite, _through(colors, _matrix(light.chromaticities, inverse=True)), light.rest)


def encode_srgb(linear: Floats) -> Floats:
    """Encode light in [0, 1] for a display. Standard: IEC 61966-2-1."""
    curved = np.float32(1.055) * np.power(linear, np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(linear <= np.float32(0.0031308), linear * np.float32(12.92), curved)


def decode_srgb(encoded: Floats) -> Floats:
    """Return the light of values in [0, 1]; the inverse of `encode_srgb`."""
    curved = np.power((encoded + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    return np.where(encoded <= np.float32(0.04045), encoded / np.float32(12.92), curved)


def _matrix(chromaticities: Sequence[float], inverse: bool = False) -> Floats | None:
    """Return the matrix to the primaries of sRGB, or back; None where they are the same.

    White stays white, whichever it is: it is a picture's neutral, and not to be tinted by a style's white.
    """
    if np.abs(np.subtract(chromaticities, REC709)).max() < _SAME:
        return None
    matrix = np.linalg.solve(_to_xyz(REC709[:6], REC709[6:]), _to_xyz(chromaticities[:6], REC709[6:]))
    matrix /= matrix.sum(axis=1, keepdims=True)
    return (np.linalg.inv(matrix) if inverse else matrix).astype(np.float32)


def _to_xyz(primaries: Sequence[float], white: Sequence[float]) -> NDArray[np.float64]:
    points = np.array([*primaries, *white]).reshape(4, 2)
    columns = np.column_stack([points[:, 0], points[:, 1], 1 - points.sum(axis=1)]).T / points[:, 1]
    scale = np.linalg.solve(columns[:, :3], columns[:, 3])
    result: NDArray[np.float64] = columns[:, :3] * scale
    return result


def _through(colors: Floats, matrix: Floats | None) -> Floats:
    return colors if matrix is None else np.asarray(colors @ matrix.T, np.float32)
