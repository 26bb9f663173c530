"""`Frame`: what flows from a source through a stylizer to a sink."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.media.scene_light import SceneLight

Pixels: TypeAlias = NDArray[Any]
"""H×W×3 RGB: uint8 in [0, 255], uint16 in [0, 65535], or float32 in [0, 1]."""
PADDED_CHANNELS = 4


@dataclass(frozen=True, slots=True)
class Color:
    """How pixel values are to be read.

    `icc_profile` holds the embedded profile of a still; None means sRGB. The pictures of films have besides a `matrix`
    from RGB to what is stored ("bt601", "bt709", "bt2020", "fcc", "smpte240m"; "identity" for RGB that is stored as
    green, blue, red) and a `chroma_location`: "left" between rows but on the first of its columns, "topleft" on the
    first of both, "top", or "center" in the middle of what a sample stands for.
    """

    primaries: str = "bt709"
    transfer: str = "srgb"
    full_range: bool = True
    bit_depth: int = 8
    icc_profile: bytes | None = None
    matrix: str = "bt709"
    chroma_location: str = "left"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a still carries beside its pixels and what must survive a restyle.

    `exif` has its orientation already reset to 1, since pixels are stored upright.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    jpeg_subsampling: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One upright picture.

    Attributes
    ----------
    pixels
        H×W×3 RGB, at its native depth: uint8, uint16, or float32 in [0, 1].
    alpha
        H×W of the same dtype as `pixels`, or None.
    pts
        Exact presentation time in seconds; None for a still.
    index, shot
        Position in the source, and the number of the shot it belongs to.
    path
        Where a still was read from.
    scene
        What linear light holds beyond what `pixels` show of it; None for pictures that are made for displays.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    index: int = 0
    shot: int = 0
    pts: Fraction | None = None
    color: Color = field(default_factory=Color)
    metadata: Metadata = field(default_factory=Metadata)
    path: Path | None = None
    scene: SceneLight | None = None

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def with_pixels(self, pixels: Pixels) -> Frame:
        """Return the same frame showing other pixels."""
        return replace(self, pixels=pixels)


def empty_padded(height: int, width: int) -> Pixels:
    """Return an uninitialised H×W×4 uint8 array: the layout of Pillow's RGB, so that neither side has to copy.

    Its view `[..., :3]` serves as `Frame.pixels`; the fourth byte of a pixel means nothing.
    """
    return np.empty((height, width, PADDED_CHANNELS), np.uint8)


def padded_storage(pixels: Pixels) -> Pixels | None:
    """Return the H×W×4 array that pixels are the whole `[..., :3]` of; None where they lie in any other way."""
    base = pixels.base
    if not isinstance(base, np.ndarray) or base.dtype != np.uint8 or not base.flags.c_contiguous:
        return None
    is_whole = base.shape == (*pixels.shape[:-1], PADDED_CHANNELS) and pixels.shape[-1:] == (3,)
    is_same = pixels.dtype == np.uint8 and pixels.strides == base.strides and pixels.ctypes.data == base.ctypes.data
    return base if is_whole and is_same else None


def every_nth(picture: Pixels, side: int) -> Pixels:
    """Bring the short side of H×W×3 down to `side` by leaving out pixels; a smaller picture stays as it is.

    For what must see colours as a look has made them: the mean of graded pixels is not the graded mean.
    """
    height, width = picture.shape[:2]
    scale = max(1.0, min(height, width) / side)
    rows, columns = (
        np.floor((np.arange(round(length / scale)) + 0.5) * scale).clip(0, length - 1).astype(int)
        for length in (height, width)
    )
    return picture[np.ix_(rows, columns)]


def pixel_maximum(dtype: np.dtype[Any]) -> float:
    """Return the value that stands for white: 255, 65535 or 1.0."""
    return float(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else 1.0
