"""Running a network over a large picture in tiles that cannot be told from the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from impasto.errors import StyleFileError
from impasto.style.runtime import Runtime

Floats = NDArray[np.float32]

MAX_TILE_PIXELS = 1_500_000
"""Of a picture at working size, that is painted at once."""
OVERLAP = 128
"""How far the network sees, in pixels; a multiple of what its sides must be multiples of."""


@dataclass(frozen=True, slots=True)
class Tile:
    """What is painted, and which part of that is kept: ranges of rows or of columns."""

    seen: slice
    kept: slice

    @property
    def kept_within(self) -> slice:
        """The kept part, counted from where the seen part starts."""
        return slice(self.kept.start - self.seen.start, self.kept.stop - self.seen.start)


def paint_in_tiles(
    runtime: Runtime, inputs: Mapping[str, Floats], *, multiple: int = 8, max_pixels: int = MAX_TILE_PIXELS
) -> dict[str, Floats]:
    """Run a network that sees only its surroundings; return its outputs `painted` and `next_state` for the whole.

    Parameters
    ----------
    inputs
        1×C×H×W each; H and W are multiples of `multiple`.

    Raises
    ------
    StyleFileError
        The network fails, or its outputs are no pictures.
    """
    height, width = next(iter(inputs.values())).shape[2:]
    rows, columns = cut_tiles(height, width, multiple, max_pixels)
    if len(rows) == len(columns) == 1:
        return _run(runtime, inputs)
    whole = {name: np.empty((1, 3, height, width), np.float32) for name in ("painted", "next_state")}
    for row in rows:
        for column in columns:
            seen = {name: np.ascontiguousarray(value[..., row.seen, column.seen]) for name, value in inputs.items()}
            if inputs["state"] is inputs["content"]:
                seen["state"] = seen["content"]
            for name, value in _run(runtime, seen).items():
                whole[name][..., row.kept, column.kept] = value[..., row.kept_within, column.kept_within]
    return whole


def _run(runtime: Runtime, inputs: Mapping[str, Floats]) -> dict[str, Floats]:
    outputs = runtime.run(inputs)
    found = {}
    for name in ("painted", "next_state"):
        value = outputs.get(name)
        # The sum is finite where every value is, as these are small: one pass, and no second array.
        if value is None or value.shape != inputs["content"].shape or not np.isfinite(value.sum()):
            raise StyleFileError("The style's network returned no usable picture. Learn or download the style again.")
        found[name] = value.astype(np.float32, copy=False)
    return found


def cut_tiles(height: int, width: int, multiple: int, max_pixels: int) -> tuple[list[Tile], list[Tile]]:
    """Cut a picture into as few tiles as keep to the limit, overlaps included; it cannot ask for less than overlaps."""
    options = [
        (num_rows * num_columns, abs(height / num_rows - width / num_columns), num_rows, num_columns)
        for num_rows in _useful_counts(height)
        for num_columns in _useful_counts(width)
        if _seen_length(height, num_rows, multiple) * _seen_length(width, num_columns, multiple) <= max_pixels
    ]
    most = (0, 0, _useful_counts(height)[-1], _useful_counts(width)[-1])
    num_rows, num_columns = min(options, default=most)[2:]
    return list(_cuts(height, num_rows, multiple)), list(_cuts(width, num_columns, multiple))


def _useful_counts(length: int) -> range:
    return range(1, 2 + length // (2 * OVERLAP))


def _seen_length(length: int, count: int, multiple: int) -> int:
    return max(int(cut.seen.stop - cut.seen.start) for cut in _cuts(length, count, multiple))


def _cuts(length: int, count: int, multiple: int) -> Iterator[Tile]:
    overlap = -(-OVERLAP // multiple) * multiple
    ends = [length * k // count // multiple * multiple for k in range(count)] + [length]
    for start, stop in pairwise(ends):
        yield Tile(slice(max(0, start - overlap), min(length, stop + overlap)), slice(start, stop))
