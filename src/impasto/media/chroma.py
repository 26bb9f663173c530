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
    overhang
        How far to carry the slope of the last two pixels on where the last sample stands for half its pixels only.
    """

    factor: int
    enlarging: NDArray[np.float32]
    reducing: NDArray[np.float32]
    first_tap: int
    overhang: float = 0.0

    def slope_beyond(self, length: int) -> float:
        """Return what of the slope to carry on beyond the end of this many pixels."""
        return self.overhang if length % self.factor and length > 1 else 0.0


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
    first, taps = _DUALS.get((factor, is_cosited)) or _shortest_dual(factor, is_cosited, weights)
    overhang = 0.5 if factor == 2 and not is_cosited else 0.0
    return Axis(factor, weights.astype(np.float32), np.array(taps, np.float32), first, overhang)


def _shortest_dual(factor: int, is_cosited: bool, weights: NDArray[np.float64]) -> tuple[int, tuple[float, ...]]:
    """Return the dual filter of least norm, for factors of four, which hardly any film has."""
    first, last = (-factor, factor) if is_cosited else (-factor, 2 * factor - 1)
    padded = np.zeros((5, 7 * factor))
    for n in range(5):
        padded[n, n * factor : (n + 3) * factor] = weights[:, ::-1].T.ravel()
    window = padded[:, 3 * factor + first : 3 * factor + last + 1]
    taps = np.linalg.lstsq(window, np.eye(5)[2], rcond=None)[0]
    return first, tuple(taps.tolist())
