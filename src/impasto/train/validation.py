"""How far outputs are from references in colour, on pictures kept out of training: no true answer is known there."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.train.batches import Pool
from impasto.train.look_generator import apply_lut

_SAMPLES_PER_PICTURE = 1024
_NUM_DIRECTIONS = 64
_NUM_QUANTILES = 256


class ColorValidation:
    """Sliced Wasserstein distance between the colours of outputs and of references (Bonneel et al. 2015).

    Parameters
    ----------
    references, content
        Pictures kept out of training.
    """

    def __init__(self, references: Pool, content: Pool, seed: int) -> None:
        self._random = torch.Generator().manual_seed(seed)
        directions = torch.randn(_NUM_DIRECTIONS, 3, generator=self._random)
        self._directions = functional.normalize(directions, dim=1)
        self._content = [self._sample(content, index) for index in range(len(content))]
        self._thumbnails = content.thumbnails
        colors = torch.cat([self._sample(references, index) for index in range(len(references))])
        self._target = self._quantiles(colors)
        self.untouched = float((self._quantiles(torch.cat(self._content)) - self._target).abs().mean())

    def _sample(self, pool: Pool, index: int) -> Tensor:
        pixels = pool.picture(index)[0].flatten(1)
        chosen = torch.randint(pixels.shape[1], (_SAMPLES_PER_PICTURE,), generator=self._random)
        return pixels[:, chosen].T

    def _quantiles(self, colors: Tensor) -> Tensor:
        steps = torch.linspace(0, 1, _NUM_QUANTILES)
        ordered = (colors @ self._directions.T).sort(dim=0).values
        return ordered[(steps * (len(ordered) - 1)).round().long()]

    @torch.no_grad()
    def distance(self, generator: nn.Module) -> float:
        """Return the mean distance of colours along random directions; 0 means the same distribution."""
        outputs = []
        for thumbnail, colors in zip(self._thumbnails, self._content, strict=True):
            lut = generator(thumbnail[None])
            outputs.append(apply_lut(colors.T[None, :, None], lut)[0, :, 0].T.clamp(0, 1))
        return float((self._quantiles(torch.cat(outputs)) - self._target).abs().mean())


@torch.no_grad()
def mean_lut(generator: nn.Module, thumbnails: Tensor) -> Tensor:
    """Return the mean N×N×N×3 of the LUTs that a generator makes for thumbnails B×3×S×S."""
    total = torch.stack([generator(part).clamp(0, 1).mean(dim=0) * len(part) for part in thumbnails.split(16)])
    return total.sum(dim=0) / len(thumbnails)
