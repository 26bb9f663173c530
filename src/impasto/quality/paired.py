"""Metrics against the picture that an output should equal."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from impasto.quality.metric import Compared, Group, Image, MeanMetric, require_same_size
from impasto.quality.structural_similarity import similarity
from impasto.vision.lab import delta_e_2000, rgb_to_lab

_MOST_DECIBELS = 100.0
_STRIP_ROWS = 64


def mean_squared_error(image: Image, target: Image) -> float:
    """Return the mean squared difference of two pictures of the same size."""
    require_same_size(image, target)
    difference = (image - target).ravel()
    # einsum sums in the precision of its operands, so sum each strip apart, and the strips in double precision.
    strips = np.array_split(difference, max(1, difference.size // 4096))
    return sum(float(np.dot(strip, strip)) for strip in strips) / difference.size


class MeanSquaredError(MeanMetric):
    """Mean squared difference of sRGB values in [0, 1]."""

    name: ClassVar[str] = "mse"
    title: ClassVar[str] = "Mean squared error"
    group: ClassVar[Group] = "paired"
    compared_with: ClassVar[Compared] = "target"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = "Mean squared difference of pixel values in [0, 1]; 0 means equal."

    def update(self, image: Image, target: Image) -> None:
        self.add(mean_squared_error(image, target))


class PeakSignalToNoise(MeanMetric):
    """Peak signal-to-noise ratio, the mean of decibels over pictures; equal pictures count as 100 dB."""

    name: ClassVar[str] = "psnr"
    title: ClassVar[str] = "PSNR"
    group: ClassVar[Group] = "paired"
    compared_with: ClassVar[Compared] = "target"
    higher_is_better: ClassVar[bool] = True
    explanation: ClassVar[str] = (
        "Closeness of pixel values in decibels: 20 is far, 30 near, 40 hardly to be told apart."
    )

    def update(self, image: Image, target: Image) -> None:
        error = mean_squared_error(image, target)
        # Infinity would drown every other picture, and JSON has no word for it.
        self.add(min(_MOST_DECIBELS, -10 * np.log10(max(error, 1e-30))))


class StructuralSimilarity(MeanMetric):
    """SSIM, the mean over the channels; pictures under 11 pixels a side are left out."""

    name: ClassVar[str] = "ssim"
    title: ClassVar[str] = "SSIM"
    group: ClassVar[Group] = "paired"
    compared_with: ClassVar[Compared] = "target"
    higher_is_better: ClassVar[bool] = True
    explanation: ClassVar[str] = "Likeness of local brightness, contrast and structure: 1 means equal, 0 unrelated."

    def update(self, image: Image, target: Image) -> None:
        require_same_size(image, target)
        channels = range(image.shape[2])
        self.add(float(np.mean([similarity(image[..., each], target[..., each])[0] for each in channels])))


class ColorDifference(MeanMetric):
    """CIEDE2000, the mean over pixels."""

    name: ClassVar[str] = "delta_e_2000"
    title: ClassVar[str] = "Color difference ΔE2000"
    group: ClassVar[Group] = "paired"
    compared_with: ClassVar[Compared] = "target"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = "How different colors look: about 1 is just noticeable, 10 is plain at a glance."

    def update(self, image: Image, target: Image) -> None:
        require_same_size(image, target)
        total = 0.0
        # In strips, so that the many steps of the formula stay in the cache.
        for top in range(0, image.shape[0], _STRIP_ROWS):
            strip = slice(top, top + _STRIP_ROWS)
            lab, other = rgb_to_lab(image[strip]), rgb_to_lab(target[strip])
            total += float(delta_e_2000(lab, other).sum(dtype=np.float64))
        self.add(total / (image.shape[0] * image.shape[1]))
