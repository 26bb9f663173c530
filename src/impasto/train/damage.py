"""Damage of the kinds that photos suffer: blur, loss of size, noise and JPEG, one after the other."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from impasto.train.restore_recipe import RestoreRecipe

MARGIN = 16
"""Pixels around a crop that damage is done to as well, so that it does not know of the crop's edge."""
_BEST_QUALITY = 95
_LEAST_SIDE = 4

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class Damage:
    """What is done to one picture.

    Attributes
    ----------
    blur
        σ of a Gaussian, in pixels.
    shrinking
        How many times smaller it becomes, before it is brought back to its size.
    noise
        Deviation in levels of 255, of each pixel of the small picture.
    quality
        Of JPEG; None for none.
    halves_color
        Whether JPEG keeps colours at half the size.
    """

    blur: float = 0.0
    shrinking: float = 1.0
    noise: float = 0.0
    quality: int | None = None
    halves_color: bool = True

    @classmethod
    def draw(cls, recipe: RestoreRecipe, random: np.random.Generator) -> Damage:
        """Draw damage up to the recipe's worst; each kind is there or not."""
        blurs, shrinks, adds_noise, compresses = random.random(4) < recipe.damage_share
        blur, shrinking, noise, quality = random.random(4)
        return cls(
            blur=float(blurs * blur * recipe.most_blur),
            shrinking=float(1 + shrinks * shrinking * (recipe.most_shrinking - 1)),
            noise=float(adds_noise * noise * recipe.most_noise),
            quality=round(recipe.least_quality + quality * (_BEST_QUALITY - recipe.least_quality))
            if compresses
            else None,
            halves_color=bool(random.random() < 0.5),
        )

    def apply(self, pixels: Levels, random: np.random.Generator) -> Levels:
        """Return H×W×3 uint8, damaged, at the same size."""
        image = Image.fromarray(pixels)
        size = image.size
        if self.blur > 0:
            image = image.filter(ImageFilter.GaussianBlur(self.blur))
        if self.shrinking > 1:
            width, height = (max(_LEAST_SIDE, round(side / self.shrinking)) for side in size)
            image = image.resize((width, height), Image.Resampling.BICUBIC)
        if self.noise > 0:
            levels = np.asarray(image, np.float32)
            noisy = levels + random.standard_normal(levels.shape, np.float32) * np.float32(self.noise)
            image = Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))
        if self.quality is not None:
            image = _compressed(image, self.quality, self.halves_color)
        if image.size != size:
            image = image.resize(size, Image.Resampling.BICUBIC)
        return np.asarray(image)


def _compressed(image: Image.Image, quality: int, halves_color: bool) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, subsampling=2 if halves_color else 0)
    with Image.open(stream) as read:
        return read.convert("RGB")
