"""A look for pictures whose numbers are not sRGB, or whose colours are to stay."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.lut import Lut3D
from impasto.media.frame import Frame
from impasto.vision.lab import lab_to_rgb, rgb_to_lab, rgb_to_lightness

ColorTransform = Callable[[NDArray[Any]], NDArray[np.float32]]


def lut_in_native_space(lut: Lut3D, to_srgb: ColorTransform, to_native: ColorTransform, size: int = 33) -> Lut3D:
    """Return the LUT that does to colours in a picture's own space what `lut` does to their sRGB values.

    A colour x becomes x + native(lut(sRGB(x))) − native(sRGB(x)): the difference gives back what the way through
    sRGB clips or rounds, so that the identity stays exactly that and a wide gamut is not lost.

    Parameters
    ----------
    lut
        A look for sRGB.
    to_srgb, to_native
        Transforms of (K, 3) colours in [0, 1], as from `impasto.media.color_profile.profile_transforms`.
    size
        Steps per axis of the result.
    """
    colors = Lut3D.identity(size).table.reshape(-1, 3)
    srgb = np.ascontiguousarray(to_srgb(colors), np.float32)
    residual = colors - to_native(srgb)
    graded = to_native(lut.apply(srgb)) + residual
    return Lut3D(graded.clip(0, 1).reshape(size, size, size, 3))


def foreign_profile(frame: Frame) -> bytes | None:
    """Return the profile of a frame that is not in sRGB."""
    icc_profile = frame.color.icc_profile
    if icc_profile is None:
        return None
    from impasto.media.color_profile import is_srgb  # noqa: PLC0415  imports Pillow, which arrays do not need

    return None if is_srgb(icc_profile) else icc_profile


def lut_keeping_color(lut: Lut3D, size: int = 33) -> Lut3D:
    """Return the LUT that takes L* from `lut`, and a* and b* from what it is given; both are for sRGB."""
    colors = Lut3D.identity(size).table
    lab = rgb_to_lab(colors)
    lab[..., 0] = rgb_to_lightness(lut.apply(colors))
    return Lut3D(lab_to_rgb(lab))


@lru_cache(maxsize=8)
def profile_luts(icc_profile: bytes, size: int = 65) -> tuple[Lut3D, Lut3D]:
    """Return tables that lead from the colour space of a profile to sRGB, and back.

    They are close, not exact: to be used for differences of colours.
    """
    from impasto.media.color_profile import profile_transforms  # noqa: PLC0415  imports Pillow

    colors = Lut3D.identity(size).table.reshape(-1, 3)
    shape = (size, size, size, 3)
    to_srgb, to_native = (transform(colors).reshape(shape) for transform in profile_transforms(icc_profile))
    return Lut3D(to_srgb), Lut3D(to_native)
