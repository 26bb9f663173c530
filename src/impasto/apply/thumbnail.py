"""What a look's network sees of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import available_cores, run_blocks
from impasto.media.frame import Pixels, padded_storage, pixel_maximum
from impasto.media.planar import PlanarFrame, codes_to_rgb


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


def planar_thumbnail(frame: PlanarFrame, side: int) -> NDArray[np.float32]:
    """Shrink a frame of a film to side×side×3 float32 RGB in [0, 1], like `area_thumbnail` of its RGB.

    Only means are converted: the way from codes to RGB is linear, but for colours that RGB cannot show.

    Raises
    ------
    UnusablePixelsError
        The matrix is unknown.
    """
    from impasto.apply import planar_kernels  # noqa: PLC0415  numba takes half a second to import

    matrix, offset = codes_to_rgb(frame.color, frame.bit_depth)
    codes = np.empty((3, side, side))
    for plane, averages in zip(frame.planes, codes, strict=True):
        rows, columns = _box_edges(plane.shape[0], side), _box_edges(plane.shape[1], side)
        planar_kernels.average_plane(np.ascontiguousarray(plane), rows, columns, averages)
    rgb = np.moveaxis(codes, 0, -1) @ matrix.T + offset
    return rgb.clip(0, 1).astype(np.float32)


def _box_edges(length: int, num_boxes: int) -> NDArray[np.int64]:
    boxes = np.arange(num_boxes)
    return np.stack([boxes * length // num_boxes, -(-(boxes + 1) * length // num_boxes)], axis=1)
