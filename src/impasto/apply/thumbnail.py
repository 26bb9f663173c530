"""What a look's network sees of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import available_cores, run_blocks
from impasto.media.frame import Pixels, padded_storage, pixel_maximum


def area_thumbnail(pixels: Pixels, side: int, *, num_threads: int | None = None) -> NDArray[np.float32]:
    """Shrink a whole picture to a square by averaging areas, ignoring its aspect.

    Output row i is the mean of the input rows from ⌊i·H/side⌋ up to, but without, ⌈(i+1)·H/side⌉; columns likewise.
    That is adaptive average pooling, `torch.nn.functional.interpolate(mode="area")`, which training uses. Values are
    averaged as encoded, not in linear light. A picture smaller than `side` has its pixels repeated.

    Parameters
    ----------
    pixels
        H×W×3 RGB of dtype uint8, uint16, or float32 in [0, 1].
    side
        Rows and columns of the result.

    Returns
    -------
    side×side×3, float32 in [0, 1].
    """
    from impasto.apply import lut_kernels  # noqa: PLC0415  numba takes half a second to import

    height, width = pixels.shape[:2]
    storage = padded_storage(pixels)
    source = np.ascontiguousarray(pixels) if storage is None else storage
    rows, step = source.reshape(height, -1), source.shape[-1]
    row_edges, column_edges = _box_edges(height, side), _box_edges(width, side)
    averages = np.empty((side, side, 3), np.float32)

    def average(first: int, last: int) -> None:
        lut_kernels.average_boxes(rows, step, row_edges, column_edges, averages, first, last)

    run_blocks(average, side, max(1, side // 16), num_threads or available_cores())
    averages /= pixel_maximum(pixels.dtype)
    return averages


def _box_edges(length: int, num_boxes: int) -> NDArray[np.int64]:
    boxes = np.arange(num_boxes)
    return np.stack([boxes * length // num_boxes, -(-(boxes + 1) * length // num_boxes)], axis=1)
