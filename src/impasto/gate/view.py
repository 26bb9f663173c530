"""`View`: a picture at the size that the gate works at, whatever its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from impasto.media.frame import Pixels
from impasto.vision.lab import rgb_to_lab

WORKING_SIDE = 512
"""Long side, in pixels, at which pictures are compared; smaller ones stay as they are."""
SMALLEST_SIDE = 48
"""A working picture with a shorter side than this shows too little."""
_CLOSE_UP_SIDE = 768

Image8 = NDArray[np.uint8]
Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class View:
    """One picture, small as a whole, and its middle as it is.

    Attributes
    ----------
    rgb
        H×W×3 uint8 sRGB with a long side of at most `WORKING_SIDE`.
    close_up
        The middle at full resolution, where the grid of a JPEG is still eight pixels wide.
    """

    rgb: Image8
    close_up: Image8

    @cached_property
    def lab(self) -> Plane:
        """H×W×3: L* in [0, 100], a* and b*."""
        return rgb_to_lab(self.rgb.astype(np.float32) / np.float32(255))

    @property
    def lightness(self) -> Plane:
        return self.lab[..., 0]

    @property
    def is_tiny(self) -> bool:
        return bool(min(self.rgb.shape[:2]) < SMALLEST_SIDE)


def view_picture(pixels: Pixels) -> View:
    """Return the view of H×W×3 sRGB pixels, uint8, uint16, or float32 in [0, 1]."""
    from impasto.media.image_write import to_8bit  # noqa: PLC0415  imports Pillow

    height, width = pixels.shape[:2]
    top, left = (max(0, length - _CLOSE_UP_SIDE) // 16 * 8 for length in (height, width))  # whole blocks of a JPEG
    close_up = np.ascontiguousarray(to_8bit(pixels[top : top + _CLOSE_UP_SIDE, left : left + _CLOSE_UP_SIDE]))
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return View(close_up, close_up)
    return View(resized(to_8bit(pixels), round(height * scale), round(width * scale)), close_up)


def resized(rgb: Image8, height: int, width: int) -> Image8:
    """Resize by averaging what each new pixel covers."""
    from PIL import Image  # noqa: PLC0415

    size = (max(1, width), max(1, height))
    return np.asarray(Image.fromarray(np.ascontiguousarray(rgb)).resize(size, Image.Resampling.HAMMING))
