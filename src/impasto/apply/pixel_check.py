"""Checks on arrays that come through the API."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UnusablePixelsError
from impasto.media.frame import Pixels

_ROWS_AT_ONCE_BYTES = 1 << 24


def check_pixels(array: NDArray[Any]) -> Pixels:
    """Return an array as H×W×3 pixels, or say why it is not a picture.

    Greyscale and alpha are refused rather than guessed at: the message says how to convert. float16 and float64 become
    float32.

    Raises
    ------
    UnusablePixelsError
        Wrong type, shape or dtype, no pixels, or floats that are not finite or outside [0, 1].
    """
    if not isinstance(array, np.ndarray):
        raise UnusablePixelsError(f"Pixels must be a NumPy array, not {type(array).__name__}.")
    _check_shape(array)
    if array.dtype in (np.uint8, np.uint16):
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise UnusablePixelsError(
            f"Pixels must be uint8, uint16, or floats in [0, 1], not {array.dtype}. Convert them first."
        )
    _check_range(array)
    return array.astype(np.float32, copy=False)


def _check_shape(array: NDArray[Any]) -> None:
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
        hint = "For a greyscale picture, repeat it along a third axis: np.dstack([grey] * 3)."
    elif array.ndim == 3 and array.shape[2] == 4:
        hint = "Pass array[..., :3] and keep the alpha channel yourself."
    elif array.ndim == 3 and array.shape[0] == 3 and array.shape[2] != 3:
        hint = "Channels come last: array.transpose(1, 2, 0)."
    elif array.ndim != 3 or array.shape[2] != 3:
        hint = "Pass one picture at a time."
    elif array.size == 0:
        hint = "It has no pixels."
    else:
        return
    raise UnusablePixelsError(f"Pixels must be H×W×3 RGB, not of shape {array.shape}. {hint}")


def _check_range(array: NDArray[Any]) -> None:
    """Look at a strip at a time, since a mask of a whole 100-megapixel picture would take much memory."""
    num_rows = max(1, _ROWS_AT_ONCE_BYTES // max(1, array[0].nbytes))
    for start in range(0, len(array), num_rows):
        strip = array[start : start + num_rows]
        lowest, highest = strip.min(), strip.max()
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            raise UnusablePixelsError("Pixels hold values that are not finite (NaN or infinity). Replace them first.")
        if lowest < 0 or highest > 1:
            raise UnusablePixelsError(
                f"Float pixels must be in [0, 1], but reach from {strip.min():g} to {strip.max():g}. "
                "Divide by the white level, or clip them."
            )
