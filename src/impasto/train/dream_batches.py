"""Square pictures in memory, and what a step of learning dreams sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.style.latents import parse_noise
from impasto.train.dream_recipe import DreamRecipe


@dataclass(frozen=True)
class DreamBatch:
    """References B×3×S×S in [0, 1], and latents B×D to make as many pictures of."""

    real: Tensor
    latents: Tensor

    def mapped(self, change: Callable[[Tensor], Tensor]) -> DreamBatch:
        """Return the batch with every tensor changed."""
        return DreamBatch(change(self.real), change(self.latents))


class DreamSource:
    """Draws the batch of a step, which depends on the seed and the step alone.

    Parameters
    ----------
    pictures
        Each S×S×3 uint8.
    """

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], recipe: DreamRecipe) -> None:
        self.pictures = as_bytes(pictures)
        self._recipe = recipe
        self._noise = parse_noise(recipe.noise)

    def random(self, step: int) -> np.random.Generator:
        """Return the random numbers that belong to a step."""
        return np.random.default_rng((self._recipe.seed, step))

    def batch(self, step: int) -> DreamBatch:
        random, recipe = self.random(step), self._recipe
        chosen = torch.from_numpy(random.integers(len(self.pictures), size=recipe.batch_size))
        real = as_levels(self.pictures[chosen])
        if recipe.mirror:
            is_mirrored = torch.from_numpy(random.random(recipe.batch_size) < 0.5)
            real = torch.where(is_mirrored[:, None, None, None], real.flip(-1), real)
        return DreamBatch(real, self.latents(random, recipe.batch_size))

    def latents(self, random: np.random.Generator, count: int) -> Tensor:
        """Draw latents as the recipe says."""
        return torch.from_numpy(self._noise.draw(random, count, self._recipe.latent_size))


def as_bytes(pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
    """Return pictures S×S×3 as one tensor N×3×S×S of bytes."""
    return torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).copy())


def as_levels(images: Tensor) -> Tensor:
    """Return bytes as float32 in [0, 1]."""
    return images.float() / 255
