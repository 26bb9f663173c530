"""From what PyAV decodes or a camera gives to the one form that the live loop works on: 8 bits, 4:2:0; and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from impasto.media.color_tags import FULL, LIMITED, ColorTags, read_color
from impasto.media.frame import Color
from impasto.media.pixel_layout import fill_planes, read_layout, take_planes
from impasto.media.planar import PlanarFrame, Planes
from impasto.media.video_library import av

_FORMATS = ("yuv420p", "yuvj420p")
_HD = 1
_MATRIX_NAMES = {"bt709": 1, "fcc": 4, "bt601": 6, "smpte240m": 7, "bt2020": 9}
_PRIMARY_NAMES = {"bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020": 9, "smpte432": 12}
_TRANSFER_NAMES = {"bt709": 1, "smpte170m": 6, "srgb": 13, "smpte2084": 16, "arib-std-b67": 18}


def read_picture(picture: Any) -> PlanarFrame:
    """Return what a `VideoFrame` shows, brought to 8 bits and 4:2:0 where it is anything else.

    Raises
    ------
    UnreadableMediaError
        The pixel format cannot be taken apart.
    """
    name = picture.format.name
    layout = read_layout(name)
    tags = ColorTags(*(int(n) for n in (picture.color_primaries, picture.color_trc, picture.colorspace)))
    tags = replace(tags, range=int(picture.color_range))
    color = read_color(tags, name, (picture.width, picture.height), layout.kind == "rgb", 8)
    if layout.kind == "rgb":
        picture = picture.reformat(format="yuv420p", dst_colorspace=_HD, dst_color_range=LIMITED)
        color = replace(color, matrix="bt709", full_range=False)
    elif name not in _FORMATS:
        extent = FULL if color.full_range else LIMITED
        picture = picture.reformat(format="yuv420p", src_color_range=extent, dst_color_range=extent)
    y, u, v = take_planes(picture)[:3]
    return PlanarFrame((y, u, v), color=color)


def make_picture(frame: PlanarFrame) -> Any:
    """Return a `VideoFrame` of even sides, as encoders want them: an odd row or column at the border is left out."""
    height, width = frame.height // 2 * 2, frame.width // 2 * 2
    y, u, v = frame.planes
    half = np.s_[: height // 2, : width // 2]
    picture = av.VideoFrame(width, height, "yuv420p")
    fill_planes(picture, [y[:height, :width], u[half], v[half]])
    set_tags(picture, frame.color)
    return picture


def set_tags(target: Any, color: Color) -> None:
    """Say on a picture or an encoder how its colours are to be read."""
    target.colorspace = _MATRIX_NAMES.get(color.matrix, 2)
    target.color_primaries = _PRIMARY_NAMES.get(color.primaries, 2)
    target.color_trc = _TRANSFER_NAMES.get(color.transfer, 2)
    target.color_range = FULL if color.full_range else LIMITED


def scaled(frame: PlanarFrame, width: int, height: int) -> PlanarFrame:
    """Return the frame at another size, both sides even."""
    picture = make_picture(frame).reformat(width=width, height=height)
    planes: Planes = tuple(take_planes(picture)[:3])  # type: ignore[assignment]
    return frame.with_planes(planes)
