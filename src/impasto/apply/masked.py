"""`MaskedStylizer`: a style on a part of the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import PIXELS_PER_BLOCK, available_cores, run_blocks
from impasto.apply.resampling import averaging_taps
from impasto.apply.stylizer import State, Stylizer
from impasto.media.frame import Frame, Pixels, padded_storage, pixel_maximum

Mask: TypeAlias = NDArray[Any]
"""H×W, uint8, uint16, or float32 in [0, 1], of any size: how much of the style there is."""
Region = Callable[[Frame], Mask | None]
"""Tells where in a frame the style goes; None for everywhere."""


class MaskedStylizer:
    """Restyles frames with another stylizer, and blends the result with the frame by a mask.

    Parameters
    ----------
    stylizer
        What restyles the whole frame; its state passes through.
    region
        Where that stays.
    num_threads
        Default: every core this process may use.
    """

    def __init__(self, stylizer: Stylizer, region: Region, *, num_threads: int | None = None) -> None:
        self._stylizer = stylizer
        self._region = region
        self._num_threads = num_threads or available_cores()

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        """Return the frame, restyled where the mask says; and the state of the stylizer within.

        Raises
        ------
        UsageError
            The mask does not fit the frame.
        """
        mask = self._region(frame)
        restyled, state = self._stylizer(frame, state)
        if mask is None or restyled is frame:
            return restyled, state
        pixels = restyled.pixels
        if padded_storage(pixels) is None and not (pixels.flags.c_contiguous and pixels.flags.writeable):
            pixels = np.array(pixels, order="C")
        _blend(frame.pixels, pixels, mask, self._num_threads)
        return restyled.with_pixels(pixels), state


def _blend(before: Pixels, after: Pixels, mask: Mask, num_threads: int) -> None:
    """Change `after`, which no one else has seen yet, to `before` where the mask is black."""
    from impasto.apply import blend_kernels  # noqa: PLC0415  numba takes half a second to import

    height, width = before.shape[:2]
    source, target = (pixels if (whole := padded_storage(pixels)) is None else whole for pixels in (before, after))
    steps = np.uint64(source.shape[-1]), np.uint64(target.shape[-1])
    row_starts, row_weights = averaging_taps(mask.shape[0], height)
    row_weights = row_weights / np.float32(pixel_maximum(mask.dtype))
    column_taps = averaging_taps(mask.shape[1], width)
    rounding = np.float32(0 if before.dtype == np.float32 else 0.5)

    def blend(first: int, last: int) -> None:
        rows = np.ascontiguousarray(source[first:last]).reshape(last - first, -1)
        changed = target[first:last].reshape(last - first, -1)
        taps = row_starts[first:last], row_weights[first:last]
        blend_kernels.blend_rows(rows, changed, steps, mask, taps, column_taps, rounding)

    run_blocks(blend, height, max(16, PIXELS_PER_BLOCK // width), num_threads)
