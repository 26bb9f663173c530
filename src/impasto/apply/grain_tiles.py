"""Tiles of noise with the spectrum of a style's grain, made once for a film and laid down anew for each frame.

Two tiles of different sides are added up, so that their sum repeats nowhere within a picture; where each lies is a
hash of the frame's number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from impasto.apply.chance import chance_below
from impasto.apply.noise_field import noise_field
from impasto.style.finish import Grain

TILE_UNIT = 28.0
"""The value in a tile of one standard deviation; bytes then end at 4.5 of them."""

_SIDES = (256, 512, 1024)
_OTHER_SIDE = 55 / 64
_NUM_SEEDS = 1 << 31

Offsets = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class GrainTiles:
    """Two square tiles of int8, the sum of which, times `unit`, is grain of amount 1."""

    first: NDArray[np.int8]
    second: NDArray[np.int8]
    unit: float

    @property
    def pair(self) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        return self.first, self.second

    def offsets(self, *keys: int) -> Offsets:
        """Return rows and columns at which the tiles are to begin, by hash of the keys."""
        sides = (len(self.first), len(self.first), len(self.second), len(self.second))
        a, b, c, d = (chance_below(side, *keys, n) for n, side in enumerate(sides))
        return a, b, c, d


@lru_cache(maxsize=8)
def grain_tiles(
    grain: Grain, height: int, width: int, sampling: tuple[int, int] = (1, 1), *, of_chroma: bool = False, seed: int = 0
) -> GrainTiles:
    """Return tiles for pictures of a size.

    Parameters
    ----------
    grain
        Its amounts do not matter.
    height, width
        In pixels, of the whole picture.
    sampling
        Horizontally and vertically: pixels of the picture to one of the plane that the grain is for.
    """
    short = min(height, width)
    rates = (short / sampling[1], short / sampling[0])
    side = next((side for side in _SIDES if side >= short), _SIDES[-1])
    first, deviation = _tile(grain, side, rates, of_chroma, chance_below(_NUM_SEEDS, seed, 0))
    second, _ = _tile(grain, int(side * _OTHER_SIDE), rates, of_chroma, chance_below(_NUM_SEEDS, seed, 1))
    return GrainTiles(first, second, deviation / TILE_UNIT / 2**0.5)


def _tile(
    grain: Grain, side: int, rates: tuple[float, float], of_chroma: bool, seed: int
) -> tuple[NDArray[np.int8], float]:
    """Return a periodic tile, and which part of the grain's deviation pixels so far apart can show."""
    rows, columns = np.fft.fftfreq(side)[:, None] * rates[0], np.fft.rfftfreq(side) * rates[1]
    frequency = np.hypot(rows, columns)
    density = grain.chroma_density(frequency) if of_chroma else grain.density(frequency)
    density[0, 0] = 0
    twice = np.where((columns == 0) | (columns == columns[-1]) & (side % 2 == 0), 1, 2)
    deviation = float((density * twice).sum() * rates[0] * rates[1]) ** 0.5 / side
    white = np.fft.rfft2(noise_field(side, side, seed)[0, 0])
    noise = np.fft.irfft2(white * np.sqrt(density), s=(side, side))
    scale = TILE_UNIT / max(float(noise.std()), 1e-30)
    return np.rint(noise * scale).clip(-127, 127).astype(np.int8), min(1.0, deviation)
