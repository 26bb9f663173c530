"""How a pixel format lies in memory, and which planar one holds the same values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UnreadableMediaError
from impasto.media.chroma import Subsampling
from impasto.media.video_library import av

_SCHEMES = {(2, 2): "420", (2, 1): "422", (1, 1): "444", (1, 2): "440", (4, 1): "411", (4, 4): "410"}
_DEPTHS = (8, 9, 10, 12, 14, 16)


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """The planes that a picture is taken apart into.

    Attributes
    ----------
    planar
        Pixel format that holds the same code values in planes of little-endian words.
    kind
        "yuv", "rgb" or "grey".
    """

    planar: str
    kind: str
    bit_depth: int
    subsampling: Subsampling
    has_alpha: bool


@lru_cache(maxsize=64)
def read_layout(pixel_format: str) -> PixelLayout:
    """Describe a pixel format.

    Raises
    ------
    UnreadableMediaError
        Floats, packed hardware formats, or more than 16 bits.
    """
    layout = av.VideoFormat(pixel_format, 64, 64)
    if pixel_format == "pal8" or layout.is_rgb:
        depth = next((d for d in _DEPTHS if d >= max(c.bits for c in layout.components)), 0)
        has_alpha = pixel_format == "pal8" or (len(layout.components) == 4 and not pixel_format.endswith("0"))
        return _checked(pixel_format, f"gbr{'a' * has_alpha}p", "rgb", depth, (1, 1), has_alpha)
    depth = layout.components[0].bits
    if len(layout.components) < 3:
        return _checked(pixel_format, "gray", "grey", max(depth, 8), (2, 2), False)
    subsampling = (64 // layout.components[1].width, 64 // layout.components[1].height)
    has_alpha = len(layout.components) == 4
    name = f"yuv{'a' * has_alpha}{_SCHEMES.get(subsampling, '')}p"
    return _checked(pixel_format, name, "yuv", depth, subsampling, has_alpha)


def _checked(
    pixel_format: str, stem: str, kind: str, depth: int, subsampling: Subsampling, has_alpha: bool
) -> PixelLayout:
    planar = planar_name(stem, depth)
    if depth not in _DEPTHS or "f" in pixel_format.removeprefix("yuv"):
        raise UnreadableMediaError(f"Pictures of the pixel format '{pixel_format}' cannot be taken apart.")
    return PixelLayout(planar, kind, depth, subsampling, has_alpha)


def planar_name(stem: str, bit_depth: int) -> str:
    """Return `yuv420p10le` of `yuv420p` and 10."""
    return stem if bit_depth == 8 else f"{stem}{bit_depth}le"


def yuv_name(subsampling: Subsampling, bit_depth: int, has_alpha: bool = False) -> str:
    """Return the pixel format of these planes."""
    return planar_name(f"yuv{'a' * has_alpha}{_SCHEMES[subsampling]}p", bit_depth)


def take_planes(frame: Any) -> list[NDArray[Any]]:
    """Copy all planes of a planar frame of PyAV, in its own order (green, blue, red where it is RGB)."""
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    return [plane_view(frame, n, kind).copy() for n in range(len(frame.planes))]


def borrow_planes(frame: Any) -> list[NDArray[Any]]:
    """Return all planes like `take_planes`, without copying those whose lines have no padding: not to be written to.

    A decoder may still look at what it has given out, and keeps the memory for as long as a plane is in use.
    """
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    return [np.ascontiguousarray(plane_view(frame, n, kind)) for n in range(len(frame.planes))]


def fill_planes(frame: Any, planes: list[NDArray[Any]]) -> None:
    """Write planes into a planar frame of PyAV that nothing else uses."""
    for n, values in enumerate(planes):
        plane_view(frame, n, values.dtype.type)[:] = values


def plane_view(frame: Any, number: int, kind: type[Any]) -> NDArray[Any]:
    """Return one plane of a frame without what pads its lines."""
    plane = frame.planes[number]
    lines = np.frombuffer(plane, kind).reshape(-1, plane.line_size // np.dtype(kind).itemsize)
    view: NDArray[Any] = lines[: plane.height, : plane.width]
    return view
