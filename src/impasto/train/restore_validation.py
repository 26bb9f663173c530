"""How far mended photos are from what they were, on photos kept out of training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from impasto.train.damage import MARGIN
from impasto.train.restore_batches import damaged_pair, middle, stacked
from impasto.train.restore_recipe import RestoreRecipe
from impasto.train.restore_trainer import feature_gap
from impasto.vision.encoders import Encoder

_MOST = 24
_SIDE = 192


class RestoreValidation:
    """Middles of photos, always damaged in the same ways.

    Parameters
    ----------
    pictures
        Each H×W×3 uint8.
    """

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], recipe: RestoreRecipe, encoder: Encoder) -> None:
        self._encoder, self._stages = encoder, recipe.stages
        side = max(2 * (_SIDE // 2), recipe.crop_side) if recipe.crop_side >= 64 else recipe.crop_side
        pairs = [
            damaged_pair(middle(picture, side + 2 * MARGIN), recipe, np.random.default_rng((recipe.seed, number)))
            for number, picture in enumerate(pictures[:_MOST])
        ]
        self.batch = stacked(pairs)
        self._wanted = [self._features(image[None]) for image in self.batch.real]
        self.untouched = self._gap(self.batch.content)
        self.untouched_decibels = decibels(self.batch.content, self.batch.real)

    def distance(self, generator: nn.Module) -> float:
        """Return the distance of features, in deviations, and 0 where nothing is left of the damage."""
        return self._gap(self.mended(generator))

    def decibels(self, generator: nn.Module) -> float:
        """Return the peak signal-to-noise ratio, the mean over photos."""
        return decibels(self.mended(generator), self.batch.real)

    @torch.no_grad()
    def mended(self, generator: nn.Module) -> Tensor:
        """Return what a generator makes of all damaged photos, one at a time."""
        return torch.cat([generator(image[None]).clamp(0, 1) for image in self.batch.content])

    def _gap(self, images: Tensor) -> float:
        gaps = [
            float(feature_gap(wanted, self._features(image[None]), self._stages))
            for wanted, image in zip(self._wanted, images, strict=True)
        ]
        return float(np.mean(gaps))

    @torch.no_grad()
    def _features(self, images: Tensor) -> list[Tensor]:
        return self._encoder(images, num_stages=max(self._stages) + 1)


def decibels(images: Tensor, wanted: Tensor) -> float:
    """Return the mean over pictures of the peak signal-to-noise ratio."""
    errors = (images - wanted).square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return float((-10 * errors.log10()).mean())
