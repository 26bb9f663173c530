"""Compiled blending of two pictures by a mask, as in `lut_kernels`: without the GIL, on one thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.lut_kernels import ONE, TWO
from impasto.media.compiled import compiled

Array = NDArray[Any]
Taps = tuple[Array, Array]


@compiled
def blend_rows(
    source: Array,
    target: Array,
    steps: tuple[np.uint64, np.uint64],
    mask: Array,
    row_taps: Taps,
    column_taps: Taps,
    rounding: np.float32,
) -> None:
    """Leave of `target` what the mask says, and put `source` in its place elsewhere.

    Parameters
    ----------
    source, target
        Rows of two pictures, K×(step·W), with `steps` items a pixel.
    mask
        H×W; its scale is in `row_taps`, whose weights add up to what makes it lie in [0, 1].
    row_taps, column_taps
        From the mask to these K rows, and to W columns.
    rounding
        What is added before truncation.
    """
    row_starts, row_weights = row_taps
    starts, weights = column_taps
    sums = np.empty(mask.shape[1], np.float32)
    for y in range(row_starts.size):
        sums[:] = 0
        for k in range(row_weights.shape[1]):
            weight, row = row_weights[y, k], mask[row_starts[y] + k]
            for x in range(sums.size):
                sums[x] += weight * np.float32(row[x])
        i, j = np.uint64(0), np.uint64(0)
        before, after = source[y], target[y]
        for x in range(starts.size):
            share = np.float32(0)
            for k in range(weights.shape[1]):
                share += weights[x, k] * sums[starts[x] + k]
            share = min(max(share, np.float32(0)), np.float32(1))
            for c in (np.uint64(0), ONE, TWO):
                one = np.float32(before[i + c])
                after[j + c] = one + share * (np.float32(after[j + c]) - one) + rounding
            i += steps[0]
            j += steps[1]
