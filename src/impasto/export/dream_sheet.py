"""Dreams side by side, enlarged so that small ones can be looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import UsageError

LEAST_TILE = 128
_GAP = 2
_PAPER = 250
_MAX_SHEET_SIDE = 30_000

Square = NDArray[np.uint8]


def enlarged(picture: Square, side: int) -> Square:
    """Return S×S×3 at another size."""
    if picture.shape[0] == side:
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))


def default_tile(side: int) -> int:
    """Return the side at which pictures of `side` are shown: a multiple of it, of at least `LEAST_TILE`."""
    return side * max(1, -(-LEAST_TILE // side))


def dream_sheet(pictures: Sequence[Square] | Square, columns: int | None = None, tile: int | None = None) -> Square:
    """Lay pictures S×S×3 out in rows; return H×W×3 uint8.

    Parameters
    ----------
    columns
        By default as many as rows, or one more.
    tile
        Side at which each is shown; see `default_tile`.

    Raises
    ------
    UsageError
        The sheet would be too large, or there is nothing on it.
    """
    if not len(pictures):
        raise UsageError("there is no picture to lay out")
    columns = min(columns or math.ceil(math.sqrt(len(pictures))), len(pictures))
    rows = -(-len(pictures) // columns)
    tile = tile or default_tile(pictures[0].shape[0])
    height, width = (count * (tile + _GAP) - _GAP for count in (rows, columns))
    if max(height, width) > _MAX_SHEET_SIDE:
        raise UsageError(f"a sheet of {width}×{height} pixels is too large; ask for fewer pictures or a smaller tile")
    sheet = np.full((height, width, 3), _PAPER, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (place * (tile + _GAP) for place in divmod(index, columns))
        sheet[top : top + tile, left : left + tile] = enlarged(picture, tile)
    return sheet
