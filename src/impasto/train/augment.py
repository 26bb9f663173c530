"""Augmentation: colour jitter for content, geometry for both sides, and nothing that changes a reference's colour."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

# At strength 1: stops of exposure, of white balance, and the logarithms of gamma, contrast and saturation.
_EXPOSURE, _WHITE_BALANCE, _GAMMA, _CONTRAST, _SATURATION = 0.8, 0.35, 0.5, 0.45, 0.8
_ROTATION_DEGREES = 4.0
_DISPLAY_GAMMA = 2.2
_LUMA = (0.2126, 0.7152, 0.0722)


class ContentJitter:
    """Random exposure, white balance, gamma, contrast and saturation, one draw a picture.

    Parameters
    ----------
    strength
        In [0, 1]; 0 leaves pictures as they are.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength

    def draw(self, num_pictures: int, random: np.random.Generator) -> Tensor:
        """Return `num_pictures`×7 amounts: red, green, blue gain and exposure in stops, then three logarithms."""
        scales = [_WHITE_BALANCE] * 3 + [_EXPOSURE, _GAMMA, _CONTRAST, _SATURATION]
        amounts = random.uniform(-1, 1, (num_pictures, 7)) * np.array(scales) * self.strength
        return torch.from_numpy(amounts.astype(np.float32))

    @staticmethod
    def apply(images: Tensor, amounts: Tensor) -> Tensor:
        """Change images B×3×H×W in [0, 1] by amounts from `draw`; the result is in [0, 1]."""
        shaped = amounts[:, :, None, None]
        gain = torch.exp2((shaped[:, :3] + shaped[:, 3:4]) / _DISPLAY_GAMMA)
        images = (images * gain).clamp(0, 1) ** torch.exp(shaped[:, 4:5])
        images = 0.5 + (images - 0.5) * torch.exp(shaped[:, 5:6])
        grey = (images * images.new_tensor(_LUMA)[:, None, None]).sum(dim=1, keepdim=True)
        return (grey + (images - grey) * torch.exp(shaped[:, 6:7])).clamp(0, 1)


class GeometricCrop:
    """Square crops at random places and scales, flipped and slightly rotated.

    Every pixel of a crop is a pixel of its picture. Means of pixels would not do: the mean of graded pixels is not the
    graded mean, and a curve that crushes blacks would be learned with blacks that are lifted.

    Parameters
    ----------
    side
        Side of the crops in pixels.
    """

    def __init__(self, side: int) -> None:
        self.side = side

    def __call__(
        self,
        pictures: Sequence[Tensor],
        random: np.random.Generator,
        faces: Sequence[tuple[float, float, float, float] | None] | None = None,
    ) -> Tensor:
        """Crop pictures, each 3×H×W with sides of at least `side`, to a batch B×3×side×side.

        `faces` are boxes (left, top, right, bottom) in [0, 1] that a crop keeps as far as it can, or None.
        """
        boxes = faces if faces is not None else [None] * len(pictures)
        return torch.cat([self._crop(picture, box, random) for picture, box in zip(pictures, boxes, strict=True)])

    def _crop(
        self, picture: Tensor, face: tuple[float, float, float, float] | None, random: np.random.Generator
    ) -> Tensor:
        height, width = picture.shape[-2:]
        extent = int(random.integers(self.side, min(height, width) + 1))
        top, left = crop_offsets((height, width), extent, face, random)
        crop = picture[None, :, top : top + extent, left : left + extent]
        if random.random() < 0.5:
            crop = crop.flip(-1)
        if random.random() < 0.25:
            return _rotate(crop, random.uniform(-_ROTATION_DEGREES, _ROTATION_DEGREES), self.side)
        if extent == self.side:
            return crop
        return functional.interpolate(crop, (self.side, self.side), mode="nearest-exact")


def crop_offsets(
    size: Sequence[int], extent: int, face: tuple[float, float, float, float] | None, random: np.random.Generator
) -> tuple[int, int]:
    """Return top and left of a random square in a picture of (height, width), which keeps a face as far as it can."""
    height, width = size
    top = _offset(height, extent, None if face is None else (face[1], face[3]), random)
    return top, _offset(width, extent, None if face is None else (face[0], face[2]), random)


def _offset(length: int, extent: int, face: tuple[float, float] | None, random: np.random.Generator) -> int:
    first, last = 0, length - extent
    if face is not None:
        low, high = math.ceil(face[1] * length) - extent, math.floor(face[0] * length)
        if low <= high:
            first, last = min(max(first, low), last), max(min(last, high), first)
        else:  # the face is larger than the crop: centre on it
            first = last = min(max((low + high) // 2, first), last)
    return int(random.integers(first, last + 1))


def _rotate(crop: Tensor, degrees: float, side: int) -> Tensor:
    """Rotate about the centre, zoomed in just enough that no corner is empty."""
    angle = float(np.deg2rad(degrees))
    zoom = 1 / (abs(np.cos(angle)) + abs(np.sin(angle)))
    cosine, sine = zoom * float(np.cos(angle)), zoom * float(np.sin(angle))
    matrix = crop.new_tensor([[[cosine, -sine, 0.0], [sine, cosine, 0.0]]])
    grid = functional.affine_grid(matrix, [1, 3, side, side], align_corners=False)
    return functional.grid_sample(crop, grid, mode="nearest", padding_mode="reflection", align_corners=False)


def augment_both(real: Tensor, fake: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Differentiable augmentation without colour (after Zhao et al. 2020): shift both batches, and cut a square out.

    One draw serves both, so the discriminator cannot tell them apart by it.
    """
    side = real.shape[-1]
    shift = tuple(int(v) for v in random.integers(-side // 8, side // 8 + 1, 2))
    hole = side // 4
    top, left = (int(v) for v in random.integers(0, side - hole + 1, 2))
    mask = real.new_ones(1, 1, side, side)
    mask[..., top : top + hole, left : left + hole] = 0
    return _shift_and_cut(real, shift, mask), _shift_and_cut(fake, shift, mask)


def _shift_and_cut(images: Tensor, shift: tuple[int, ...], mask: Tensor) -> Tensor:
    return torch.roll(images, shift, dims=(-2, -1)) * mask + 0.5 * (1 - mask)
