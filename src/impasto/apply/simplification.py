"""Photos as a painter would block them in, which is what the network of a paint style sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import run_blocks

Floats = NDArray[np.float32]

_ROWS_PER_BLOCK = 32


def simplify(picture: Floats, radius: int, *, num_threads: int) -> Floats:
    """Replace each pixel by the mean of the calmest of four squares that it is a corner of.

    The filter of Kuwahara, generalised: squares count by a power of their variance (Papari et al. 2007, "Artistic edge
    and corner enhancing smoothing"). What is learned is learned with this same filter.

    Parameters
    ----------
    picture
        1×3×H×W in [0, 1].
    radius
        The squares' side less one, in pixels: what is thinner goes. At 0 the picture itself is returned.
    """
    if not radius:
        return picture
    from impasto.apply import simplification_kernels as kernels  # noqa: PLC0415  numba takes half a second to import

    planes = np.ascontiguousarray(picture[0], np.float32)
    height, width = planes.shape[1:]
    boxes = np.empty((kernels.NUM_MOMENTS, height + radius, width + radius), np.float32)
    simple = np.empty_like(planes)
    run_blocks(
        lambda first, last: kernels.box_rows(planes, radius, boxes, first, last),
        height + radius,
        _ROWS_PER_BLOCK,
        num_threads,
    )
    run_blocks(
        lambda first, last: kernels.calmest_rows(boxes, radius, simple, first, last),
        height,
        _ROWS_PER_BLOCK,
        num_threads,
    )
    return simple[None]
