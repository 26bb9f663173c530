"""How far dreams are from references, in what an encoder or a few pixels see of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from impasto.train.dream_batches import DreamSource, as_levels
from impasto.train.dream_generator import DreamGenerator
from impasto.train.dream_recipe import DreamRecipe
from impasto.vision.encoders import Encoder

_NUM_DREAMS = 256
_MOST_REFERENCES = 1024
_AT_ONCE = 32
_PIXELS_SIDE = 8
_SEED = 1_000_000_007


class DreamValidation:
    """Kernel distance (KID; Bińkowski et al. 2018) of outputs and references, always of the same latents.

    With a projected judge it is on pooled features of the judge's own encoder, which flatters: measure a finished style
    with another one. With a convolutional judge it is on 8×8 pixels.

    Parameters
    ----------
    references
        N×3×S×S bytes.
    """

    def __init__(self, references: Tensor, source: DreamSource, recipe: DreamRecipe, encoder: Encoder | None) -> None:
        self._encoder, self._side = encoder, recipe.seen_side
        self._latents = source.latents(np.random.default_rng((recipe.seed, _SEED)), _NUM_DREAMS)
        spaced = references[:: -(-len(references) // _MOST_REFERENCES)]
        self._references = torch.cat([self._pooled(as_levels(part)) for part in spaced.split(_AT_ONCE)])

    @torch.no_grad()
    def distance(self, generator: DreamGenerator) -> float:
        """Return the distance of what a generator makes; about 0 is as near as references are to each other."""
        was_training = generator.training
        generator.eval()
        rows = torch.cat([self._pooled(generator(part)) for part in self._latents.split(_AT_ONCE)])
        generator.train(was_training)
        return kernel_distance(rows, self._references)

    @torch.no_grad()
    def _pooled(self, images: Tensor) -> Tensor:
        if self._encoder is None:
            return functional.adaptive_avg_pool2d(images, _PIXELS_SIDE).flatten(1) * 2 - 1
        if images.shape[-1] != self._side:
            images = functional.interpolate(images, (self._side, self._side), mode="bilinear")
        return self._encoder(images.contiguous(memory_format=torch.channels_last))[-1].mean(dim=(2, 3))


def kernel_distance(first: Tensor, second: Tensor) -> float:
    """Return the unbiased squared discrepancy of rows N×D and M×D under the kernel (x·y / D + 1)³.

    A set of one row is compared with itself, too, since nothing unbiased can be said of it.
    """
    first, second = first.double(), second.double()
    within = [_mean_kernel(rows) for rows in (first, second)]
    return float(within[0] + within[1] - 2 * _kernels(first, second).mean())


def _mean_kernel(rows: Tensor) -> Tensor:
    kernels, count = _kernels(rows, rows), len(rows)
    if count == 1:
        return kernels.mean()
    return (kernels.sum() - kernels.diagonal().sum()) / (count * (count - 1))


def _kernels(first: Tensor, second: Tensor) -> Tensor:
    return (first @ second.T / first.shape[1] + 1) ** 3
