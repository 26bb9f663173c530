"""Photos in memory, and what a step of learning to restore sees: crops, and what damage makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.train.damage import MARGIN, Damage
from impasto.train.restore_recipe import RestoreRecipe

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class RestoreBatch:
    """Crops B×3×S×S in [0, 1], and the same ones damaged."""

    real: Tensor
    content: Tensor

    def mapped(self, change: Callable[[Tensor], Tensor]) -> RestoreBatch:
        """Return the batch with every tensor changed."""
        return RestoreBatch(change(self.real), change(self.content))


class RestoreSource:
    """Draws the batch of a step, which depends on the seed and the step alone.

    Parameters
    ----------
    pictures
        Each H×W×3 uint8.
    """

    def __init__(self, pictures: Sequence[Levels], recipe: RestoreRecipe) -> None:
        self.pictures = list(pictures)
        self._recipe = recipe

    def random(self, step: int) -> np.random.Generator:
        """Return the random numbers that belong to a step."""
        return np.random.default_rng((self._recipe.seed, step))

    def batch(self, step: int) -> RestoreBatch:
        random, recipe = self.random(step), self._recipe
        pairs = []
        for index in random.integers(len(self.pictures), size=recipe.batch_size):
            crop = _crop(self.pictures[index], recipe.crop_side + 2 * MARGIN, random)
            if random.random() < 0.5:
                crop = np.ascontiguousarray(crop[:, ::-1])
            pairs.append(damaged_pair(crop, recipe, random))
        return stacked(pairs)


def damaged_pair(crop: Levels, recipe: RestoreRecipe, random: np.random.Generator) -> tuple[Levels, Levels]:
    """Return what is within the margin of a crop, as it is and damaged."""
    damaged = Damage.draw(recipe, random).apply(crop, random)
    inner = (slice(MARGIN, -MARGIN),) * 2
    return crop[inner], damaged[inner]


def stacked(pairs: Sequence[tuple[Levels, Levels]]) -> RestoreBatch:
    """Put pairs of one size together."""
    real, content = (np.stack(part).transpose(0, 3, 1, 2) for part in zip(*pairs, strict=True))
    return RestoreBatch(*(torch.from_numpy(part.copy()).float() / 255 for part in (real, content)))


def middle(picture: Levels, side: int) -> Levels:
    """Return the middle of a picture as side×side, mirrored beyond its edges where it is smaller."""
    return _cut(picture, side, [(length - side) // 2 for length in picture.shape[:2]])


def _crop(picture: Levels, side: int, random: np.random.Generator) -> Levels:
    return _cut(picture, side, [int(random.integers(max(1, length - side + 1))) for length in picture.shape[:2]])


def _cut(picture: Levels, side: int, corner: Sequence[int]) -> Levels:
    missing = [max(0, side - length) for length in picture.shape[:2]]
    if any(missing):
        around = [(lack // 2, lack - lack // 2) for lack in missing]
        picture = np.pad(picture, [*around, (0, 0)], mode="symmetric")
    top, left = (max(0, place) for place in corner)
    return picture[top : top + side, left : left + side]
