"""Whether a generator is sound: whether its outputs differ, are sharp, and are free of grids and bands."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from impasto.quality.metric import Compared, Group, Image, MeanMetric
from impasto.vision.lab import rgb_to_lab, rgb_to_lightness

_FIELDS = 16
_BLUR_SIDE = 11
_TILE = 64
_RING = (3, 6)  # of frequencies that a grid frequency is held against: nearest and farthest, in steps of 1/64
# Power of a wave of a quarter of an 8-bit level, in three channels: what is fainter than that is not there.
_FAINTEST = 3 * (0.25 / 255 / 2 * (_TILE / 2) ** 2) ** 2

Plane = NDArray[np.float32]


class Diversity:
    """Root mean square distance between pairs of outputs, in ΔE76 between fields of a 16×16 grid; 0 when collapsed."""

    name: ClassVar[str] = "diversity"
    title: ClassVar[str] = "Diversity"
    group: ClassVar[Group] = "health"
    compared_with: ClassVar[Compared] = "nothing"
    higher_is_better: ClassVar[bool] = True
    explanation: ClassVar[str] = "How far outputs differ from one another, in ΔE; 0 means that the generator collapsed."

    def __init__(self) -> None:
        self.count = 0
        self.mean = np.zeros((_FIELDS, _FIELDS, 3))
        self.scatter = 0.0
        """Sum of squared distances from the mean: all that pairwise distances ask for."""

    def update(self, image: Image) -> None:
        self._combine(1, rgb_to_lab(_field_means(image)).astype(np.float64), 0.0)

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        if other.count:
            self._combine(other.count, other.mean, other.scatter)

    def compute(self) -> float:
        """Return the distance in ΔE76, or nan with fewer than two outputs."""
        if self.count < 2:
            return float("nan")
        return float(np.sqrt(2 * self.scatter / (self.count - 1) / _FIELDS**2))

    def _combine(self, count: int, mean: NDArray[np.float64], scatter: float) -> None:
        """Add up moments without cancellation (Chan, Golub & LeVeque 1979), so that equal pictures give exactly 0."""
        total, difference = self.count + count, mean - self.mean
        self.scatter += scatter + float((difference**2).sum()) * self.count * count / total
        self.mean = self.mean + difference * (count / total)
        self.count = total


class DiversityKept:
    """Diversity of the outputs over that of the contents that they were made of."""

    name: ClassVar[str] = "diversity_kept"
    title: ClassVar[str] = "Diversity kept"
    group: ClassVar[Group] = "health"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = True
    explanation: ClassVar[str] = "1 means that outputs differ as much as their contents do, 0 that all are the same."

    def __init__(self) -> None:
        self.contents = Diversity()
        self.outputs = Diversity()

    def update_reference(self, image: Image) -> None:
        self.contents.update(image)

    def update_output(self, image: Image) -> None:
        self.outputs.update(image)

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        self.contents.merge(other.contents)
        self.outputs.merge(other.outputs)

    def compute(self) -> float:
        """Return the ratio, or nan with fewer than two outputs, or contents that do not differ."""
        contents = self.contents.compute()
        return self.outputs.compute() / contents if contents > 0 else float("nan")


class Sharpness(MeanMetric):
    """1 less the blur of L* by how little blurring it once more changes; contrast does not matter.

    F. Crete et al., "The Blur Effect: Perception and Estimation with a New No-reference Perceptual Blur Metric", 2007.
    Pictures under 14 pixels a side, or without any edge, are left out.
    """

    name: ClassVar[str] = "sharpness"
    title: ClassVar[str] = "Sharpness"
    group: ClassVar[Group] = "health"
    compared_with: ClassVar[Compared] = "nothing"
    higher_is_better: ClassVar[bool] = True
    explanation: ClassVar[str] = "0 is blurred, 1 as crisp as noise; a sharp photo of 500 pixels has about 0.6."

    def update(self, image: Image) -> None:
        if min(image.shape[:2]) >= _BLUR_SIDE + 3:
            lightness = rgb_to_lightness(image)
            # Stripes have an edge along one axis only, and fmax passes the nan of the other over.
            self.add(1 - float(np.fmax(_blur(lightness), _blur(lightness.T))))


class CheckerboardEnergy(MeanMetric):
    """Energy at the frequencies of grids of period 2 and 4, over that of the frequencies around them, in decibels.

    Transposed convolutions and upsampling by twos leave such grids (Odena, Dumoulin & Olah, "Deconvolution and
    Checkerboard Artifacts", 2016). The spectrum of tiles of 64 pixels is averaged over a picture, all channels added;
    the strongest of the fifteen grid frequencies counts. Waves of under a quarter of an 8-bit
    level are as good as none. Pictures under 64 pixels a side are left out.
    """

    name: ClassVar[str] = "checkerboard"
    title: ClassVar[str] = "Checkerboard"
    group: ClassVar[Group] = "health"
    compared_with: ClassVar[Compared] = "nothing"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = (
        "How far, in decibels, grids of period 2 or 4 stick out; photos mostly have up to 3, and from 10 it shows."
    )

    def update(self, image: Image) -> None:
        if min(image.shape[:2]) >= _TILE:
            self.add(_grid_decibels(_tile_spectrum(image)))


def _field_means(image: Image) -> NDArray[np.float32]:
    """Average a picture over 16×16 fields; one smaller than that has its pixels repeated."""
    fields = image
    for axis in (0, 1):
        length = image.shape[axis]
        starts = np.arange(_FIELDS) * length // _FIELDS
        sizes = np.maximum(np.diff(np.append(starts, length)), 1).astype(np.float32)
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        fields = np.add.reduceat(fields, starts, axis=axis, dtype=np.float32)
        fields /= sizes.reshape(shape)
    return fields


def _blur(plane: Plane) -> float:
    """Return which share of the change along columns outlasts a blur along them; nan where there is none."""
    sums = np.cumsum(plane, axis=0, dtype=np.float64)
    sums[_BLUR_SIDE:] = sums[_BLUR_SIDE:] - sums[:-_BLUR_SIDE].copy()
    blurred = (sums[_BLUR_SIDE - 1 :] / _BLUR_SIDE).astype(np.float32)
    half = _BLUR_SIDE // 2
    change, left = _change(plane[half:-half]), _change(blurred)
    total = float(change.sum(dtype=np.float64))
    if total <= 1e-3 * change.size:
        return float("nan")
    return 1 - float(np.maximum(change - left, 0).sum(dtype=np.float64)) / total


def _change(plane: Plane) -> Plane:
    """Return Sobel's slope down the columns, without sign."""
    down = plane[2:] - plane[:-2]
    result: Plane = np.abs(down[:, :-2] + np.float32(2) * down[:, 1:-1] + down[:, 2:])
    return result


def _tile_spectrum(image: Image) -> NDArray[np.float64]:
    """Return the mean power 64×64 of the tiles of a picture, frequency 0 first."""
    down, across = (length // _TILE for length in image.shape[:2])
    tiles = image[: down * _TILE, : across * _TILE].reshape(down, _TILE, across, _TILE, 3)
    window = np.hanning(_TILE + 1)[:-1].astype(np.float32)
    power: NDArray[np.float64] = np.zeros((_TILE, _TILE))
    for row in tiles:
        centered = row - row.mean(axis=(0, 2), keepdims=True)
        spectrum = np.fft.fft2(centered * window[:, None, None, None] * window[None, None, :, None], axes=(0, 2))
        power += (spectrum.real**2 + spectrum.imag**2).sum(axis=(1, 3))
    power /= down * across
    return power


def _grid_decibels(power: NDArray[np.float64]) -> float:
    """Return the most by which a grid frequency exceeds the median of a ring around it."""
    reach = np.arange(-_RING[1], _RING[1] + 1)
    rows, columns = np.meshgrid(reach, reach, indexing="ij")
    far = np.maximum(abs(rows), abs(columns)) >= _RING[0]
    rows, columns = rows[far], columns[far]
    quarters = range(0, _TILE, _TILE // 4)
    ratios = [
        power[row, column] / (np.median(power[(row + rows) % _TILE, (column + columns) % _TILE]) + _FAINTEST)
        for row in quarters
        for column in quarters
        if row or column
    ]
    return float(10 * np.log10(max(*ratios, 1.0)))
