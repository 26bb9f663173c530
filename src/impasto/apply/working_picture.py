"""A picture at the size at which it is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import run_blocks
from impasto.apply.resampling import averaging_taps
from impasto.media.frame import Pixels, padded_storage, pixel_maximum

Floats = NDArray[np.float32]

_MAX_ENLARGEMENT = 2.0
# More than this only where the picture itself has more: enlarging is for small pictures.
_MAX_ENLARGED_PIXELS = 4_000_000
# Networks see zeros beyond the border, which darken what lies next to it; this much is cut off again.
_MARGIN = 8


@dataclass(frozen=True, slots=True)
class WorkingSize:
    """How large a picture is when it is painted, and with what is added around it.

    Attributes
    ----------
    height, width
        Of the picture itself.
    margin
        Pixels added at the top and at the left; at the bottom and at the right there are at least as many.
    padded_height, padded_width
        With all that is added: multiples of what the network asks for.
    """

    height: int
    width: int
    margin: int
    padded_height: int
    padded_width: int

    @property
    def inner(self) -> tuple[slice, slice]:
        """The rows and columns of the picture itself."""
        return slice(self.margin, self.margin + self.height), slice(self.margin, self.margin + self.width)


def working_size(height: int, width: int, short_side: float, multiple: int = 8) -> WorkingSize:
    """Choose the size at which a picture is painted.

    Its short side becomes `short_side`, so that a brush has the same size against the picture however large that is.
    Small pictures are enlarged to that end, at most twice.
    """
    room = float(np.sqrt(_MAX_ENLARGED_PIXELS / (height * width)))
    scale = min(short_side / min(height, width), max(1.0, min(_MAX_ENLARGEMENT, room)))
    small_height, small_width = max(1, round(height * scale)), max(1, round(width * scale))
    padded = [-(-(side + 2 * _MARGIN) // multiple) * multiple for side in (small_height, small_width)]
    return WorkingSize(small_height, small_width, _MARGIN, *padded)


def working_picture(pixels: Pixels, size: WorkingSize, *, num_threads: int) -> Floats:
    """Bring pixels to working size, mirrored at the borders to fill what is added.

    Parameters
    ----------
    pixels
        H×W×3 of dtype uint8, uint16, or float32 in [0, 1].

    Returns
    -------
    1×3×H×W of the padded size, in [0, 1].
    """
    from impasto.apply import paint_kernels  # noqa: PLC0415  numba takes half a second to import

    height, width = pixels.shape[:2]
    storage = padded_storage(pixels)
    source = np.ascontiguousarray(pixels) if storage is None else storage
    rows, step = source.reshape(height, -1), source.shape[-1]
    row_taps, column_taps = averaging_taps(height, size.height), averaging_taps(width, size.width)
    padded = np.empty((3, size.padded_height, size.padded_width), np.float32)
    target = padded[:, *size.inner]
    scale = np.float32(1 / pixel_maximum(pixels.dtype))

    def shrink(first: int, last: int) -> None:
        taps = row_taps[0][first:last], row_taps[1][first:last]
        paint_kernels.shrink_rows(rows, step, scale, taps, column_taps, target[:, first:last])

    run_blocks(shrink, size.height, max(16, size.height // 16), num_threads)
    _mirror(padded, size)
    return padded[None]


def _mirror(padded: Floats, size: WorkingSize) -> None:
    rows, columns = size.inner
    for span, axis, target in ((columns, 2, padded[:, rows]), (rows, 1, padded)):
        length = target.shape[axis]
        outside = [place for place in range(length) if not span.start <= place < span.stop]
        mirrored = [_mirrored(place - span.start, span.stop - span.start) + span.start for place in outside]
        if axis == 2:
            target[:, :, outside] = target[:, :, mirrored]
        else:
            target[:, outside] = target[:, mirrored]


def _mirrored(place: int, length: int) -> int:
    """Return which of `length` items stands at a place beyond them, when they are mirrored as often as it takes."""
    place %= 2 * length
    return place if place < length else 2 * length - 1 - place
