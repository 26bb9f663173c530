"""How far the colours of outputs are from those of the references."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from impasto.quality.metric import Compared, Group, Image
from impasto.vision.lab import rgb_to_lab

_NUM_DIRECTIONS = 32
_BIN_WIDTH = 0.5
_REACH = 140.0  # no sRGB colour is further from mid grey
_NUM_BINS = int(2 * _REACH / _BIN_WIDTH)
_MIDDLE = np.array([50, 0, 0], np.float32)
_MOST_PIXELS = 65536


class ColorHistogramDistance:
    """Sliced Wasserstein distance of the colours of all outputs from those of all references, in CIELAB.

    Chosen over chi-square and its kin since those compare bin with bin: to them a palette that is off by one bin is as
    wrong as one on the other side of the wheel. Here, colours are moved onto each other, and it counts how far. Along
    each of 32 directions the transport of one histogram onto the other is exact (N. Bonneel et al., "Sliced and Radon
    Wasserstein Barycenters of Measures", 2015). Twice the mean over directions is given, so that a shift of every
    colour by d ΔE76 gives d.

    Each picture weighs the same; of large ones, 65536 pixels or fewer on an even grid are counted.
    """

    name: ClassVar[str] = "color_distance"
    title: ClassVar[str] = "Color distance"
    group: ClassVar[Group] = "style"
    compared_with: ClassVar[Compared] = "references"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = (
        "How far, in ΔE, the colors of outputs must move to become those of the references; 0 is the same palette."
    )

    def __init__(self) -> None:
        self.reference_histograms = np.zeros((_NUM_DIRECTIONS, _NUM_BINS))
        self.output_histograms = np.zeros((_NUM_DIRECTIONS, _NUM_BINS))

    def update_reference(self, image: Image) -> None:
        self.reference_histograms += _histograms(image)

    def update_output(self, image: Image) -> None:
        self.output_histograms += _histograms(image)

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        self.reference_histograms += other.reference_histograms
        self.output_histograms += other.output_histograms

    def compute(self) -> float:
        """Return the distance in ΔE76, or nan without outputs or without references."""
        totals = [each.sum(axis=1, keepdims=True) for each in (self.output_histograms, self.reference_histograms)]
        if not all(total.all() for total in totals):
            return float("nan")
        shares = self.output_histograms / totals[0] - self.reference_histograms / totals[1]
        return float(2 * _BIN_WIDTH * np.abs(shares.cumsum(axis=1)).sum(axis=1).mean())


def _histograms(image: Image) -> NDArray[np.float64]:
    """Return the share of pixels in each bin along each direction."""
    step = int(np.ceil(np.sqrt(image.shape[0] * image.shape[1] / _MOST_PIXELS)))
    colors = rgb_to_lab(image[step // 2 :: step, step // 2 :: step]).reshape(-1, 3) - _MIDDLE
    bins = ((colors @ _DIRECTIONS.T + np.float32(_REACH)) / np.float32(_BIN_WIDTH)).astype(np.int32)
    bins = np.clip(bins, 0, _NUM_BINS - 1) + np.arange(_NUM_DIRECTIONS, dtype=np.int32) * _NUM_BINS
    counts = np.bincount(bins.ravel(), minlength=_NUM_DIRECTIONS * _NUM_BINS)
    return counts.reshape(_NUM_DIRECTIONS, _NUM_BINS) / len(colors)


def _half_sphere(num_directions: int) -> NDArray[np.float32]:
    """Return unit vectors spread evenly over half a sphere, along Fibonacci's spiral: opposite ones see the same."""
    number = np.arange(num_directions) + 0.5
    height = 1 - number / num_directions
    angle = np.pi * (1 + np.sqrt(5)) * number
    radius = np.sqrt(1 - height**2)
    return np.stack([height, radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32)


_DIRECTIONS = _half_sphere(_NUM_DIRECTIONS)
