"""Frames of a film as a screen shows them: what the gate judges, and the small pictures of a report."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from impasto.apply.film_space import film_transforms
from impasto.apply.lut import Lut3D
from impasto.gate.view import Image8, resized
from impasto.media.color_profile import to_srgb
from impasto.media.frame import Color, Frame, Pixels
from impasto.media.image_write import to_8bit

if TYPE_CHECKING:
    from impasto.media.planar import PlanarFrame

Seen: TypeAlias = "PlanarFrame | Frame"

_QUALITY = 85
_LUT_SIZE = 65


def shown_pixels(frame: Seen) -> Pixels:
    """Return H×W×3 sRGB pixels of a frame of a film, or of a still, at its depth.

    HDR and wide gamuts are shown as looks see them: with the white of a page as white, and what is beyond clipped.
    """
    picture = to_srgb(frame if isinstance(frame, Frame) else frame.to_rgb())
    lut = _lut_to_srgb(Color(picture.color.primaries, picture.color.transfer))
    return picture.pixels if lut is None else lut.apply(picture.pixels)


@cache
def _lut_to_srgb(color: Color) -> Lut3D | None:
    """Return a table to sRGB: a 4K frame takes seconds without. None where numbers are taken for sRGB."""
    transforms = film_transforms(color)
    if transforms is None:
        return None
    table = Lut3D.identity(_LUT_SIZE).table
    return Lut3D(transforms[0](table.reshape(-1, 3)).reshape(table.shape))


def small_picture(frame: Seen, side: int) -> Image8:
    """Return a frame as uint8 sRGB with a long side of at most `side`."""
    pixels = to_8bit(shown_pixels(frame))
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    return resized(pixels, round(pixels.shape[0] * scale), round(pixels.shape[1] * scale))


def jpeg_bytes(picture: Image8) -> bytes:
    """Return a picture as JPEG."""
    from PIL import Image  # noqa: PLC0415

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()


def picture_of(jpeg: bytes, side: int) -> Image8:
    """Return a JPEG with a long side of at most `side`; grey where it is broken, as after a crash."""
    from PIL import Image  # noqa: PLC0415

    try:
        with Image.open(io.BytesIO(jpeg)) as image:
            image.draft("RGB", (side, side))
            pixels = np.asarray(image.convert("RGB"))
    except OSError:
        return np.full((max(1, side * 9 // 16), side, 3), 128, np.uint8)
    scale = min(1.0, side / max(pixels.shape[:2]))
    return resized(pixels, round(pixels.shape[0] * scale), round(pixels.shape[1] * scale))
