"""Frames of films as code values, for what is laid over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from impasto.media.chroma import chroma_shape
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame

LIMITED = Color(transfer="bt709", full_range=False)


def flat_frame(
    size: tuple[int, int] = (90, 160),
    lightness: float = 0.5,
    bit_depth: int = 8,
    subsampling: tuple[int, int] = (2, 2),
    color: Color = LIMITED,
    **more: Any,
) -> PlanarFrame:
    """Return an even grey of some lightness."""
    kind = np.uint8 if bit_depth == 8 else np.uint16
    unit, last = 2 ** (bit_depth - 8), 2**bit_depth - 1
    value = lightness * last if color.full_range else (16 + 219 * lightness) * unit
    luma = np.full(size, round(value), kind)
    chroma = np.full(chroma_shape(*size, subsampling), round(value) if color.matrix == "identity" else 128 * unit, kind)
    return PlanarFrame((luma, chroma, chroma.copy()), bit_depth, subsampling, color, **more)


def ramp_frame(size: tuple[int, int] = (90, 160), bit_depth: int = 8, **more: Any) -> PlanarFrame:
    """Return a frame whose luma rises from left to right, and some colour."""
    frame = flat_frame(size, bit_depth=bit_depth, **more)
    unit = 2 ** (bit_depth - 8)
    luma = np.broadcast_to(np.linspace(16 * unit, 235 * unit, size[1]), size)
    tints = [np.broadcast_to(np.linspace(a * unit, b * unit, frame.planes[1].shape[1]), frame.planes[1].shape)
             for a, b in ((90, 160), (140, 110))]  # fmt: skip
    y, u, v = (np.ascontiguousarray(np.rint(plane).astype(frame.planes[0].dtype)) for plane in (luma, *tints))
    return frame.with_planes((y, u, v))
