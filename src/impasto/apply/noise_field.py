"""The noise that a paint style's network takes: fixed to the canvas, whatever picture, tile or frame lies on it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import available_cores, run_blocks


@lru_cache(maxsize=4)
def noise_field(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """Return standard normal noise, 1×1×H×W, whose value at a place depends on that place and the seed alone.

    It cannot be written to, since frames of a film share it.
    """
    from impasto.apply import paint_kernels  # noqa: PLC0415  numba takes half a second to import

    field = np.empty((height, width), np.float32)

    def fill(first: int, last: int) -> None:
        paint_kernels.fill_noise(field, np.uint64(seed), first, last)

    run_blocks(fill, height, max(1, (1 << 16) // width), available_cores())
    field.flags.writeable = False
    return field[None, None]
