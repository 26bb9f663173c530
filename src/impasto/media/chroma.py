"""How colour differences that are stored at a lower resolution lie between the pixels, and filters to and fro.

Enlarging is linear interpolation. Reducing is its dual filter: what is enlarged and reduced again comes back as it was,
so that a film may pass through RGB without its colours bleeding a little more each time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Subsampling = tuple[int, int]
_COSITED = {"left": (True, False), "topleft": (True, True), "top": (False, True), "center": (False, False)}
"""Whether samples lie on the first column, and on the first row, of the pixels they stand for."""
_DUALS: dict[tuple[int, bool], tuple[int, tuple[float, ...]]] = {
    (1, True): (0, (1.0,)),
    (1, False): (0, (1.0,)),
    (2, True): (-2, (-1 / 8, 2 / 8, 6 / 8, 2 / 8, -1 / 8)),
    (2, False): (-1, (-1 / 4, 3 / 4, 3 / 4, -1 / 4)),
}
"""Factor, cosited → offset of the first tap and the taps of the shortest dual (Cohen, Daubechies & Feauveau, 1992)."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Filters along one axis of a plane of colour differences.

    Attributes
    ----------
    factor
        Pixels for each sample.
    enlarging
        factor×3 float32: what the sample before, the own and the next weigh at each pixel of a sample.
    reducing
        Taps, float32, of which the first lies `first_tap` pixels from the first pixel of a sample.
    """

    factor: int
    enlarging: NDArray[np.float32]
    reducing: NDArray[np.float32]
    first_tap: int


def chroma_axes(subsampling: Subsampling, location: str) -> tuple[Axis, Axis]:
    """Return the filters along rows (horizontal) and along columns (vertical)."""
    horizontal, vertical = _COSITED.get(location, _COSITED["left"])
    return _axis(subsampling[0], horizontal), _axis(subsampling[1], vertical)


def chroma_shape(height: int, width: int, subsampling: Subsampling) -> tuple[int, int]:
    """Return the height and width of a plane of colour differences; what is left over counts as whole."""
    return -(-height // subsampling[1]), -(-width // subsampling[0])


def _axis(factor: int, is_cosited: bool) -> Axis:
    center = 0.0 if is_cosited else (factor - 1) / 2
    offsets = (np.arange(factor) - center) / factor
    weights = np.stack([np.maximum(-offsets, 0), 1 - np.abs(offsets), np.maximum(offsets, 0)], axis=-1)
    first, taps = _DUALS.get((factor, is_cosited)) or _plain_average(factor, is_cosited)
    return Axis(factor, weights.astype(np.float32), np.array(taps, np.float32), first)


def _plain_average(factor: int, is_cosited: bool) -> tuple[int, tuple[float, ...]]:
    """For factors of four, which hardly any film has."""
    if not is_cosited:
        return 0, (1 / factor,) * factor
    triangle = [(factor - abs(n)) / factor**2 for n in range(1 - factor, factor)]
    return 1 - factor, tuple(triangle)
