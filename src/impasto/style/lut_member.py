"""A 3D LUT as a member of a style file: bare numbers, since a header from a stranger could ask for any memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import StyleFileError

_DTYPE = np.dtype("<f2")
"""Within [0, 1], float16 is off by at most a sixteenth of an 8-bit level."""


def pack_lut(table: NDArray[Any]) -> bytes:
    """Return an N×N×N×3 table, indexed [red, green, blue, channel], as little-endian float16."""
    return table.astype(_DTYPE).tobytes()


def unpack_lut(packed: bytes) -> NDArray[np.float32]:
    """Return the table that `pack_lut` was given, as float32.

    Raises
    ------
    StyleFileError
        The size is not that of a cube, or a value is not finite.
    """
    size = round((len(packed) / (3 * _DTYPE.itemsize)) ** (1 / 3))
    if size < 2 or len(packed) != size**3 * 3 * _DTYPE.itemsize:
        raise StyleFileError(f"The style's mean LUT of {len(packed)} bytes is not a cube. Get the style again.")
    table = np.frombuffer(packed, _DTYPE).reshape(size, size, size, 3).astype(np.float32)
    if not np.isfinite(table).all():
        raise StyleFileError("The style's mean LUT holds values that are not finite. Get the style again.")
    return table
