"""How far outputs are from references in brush, line and print, on pictures kept out of training."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from impasto.train.batches import Pool
from impasto.train.paint_features import PaintFeatures, grey_of
from impasto.train.paint_generator import MULTIPLE, PaintGenerator
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.simplification import simplify

_MOST = 8
_MOST_REFERENCES = 32
_LEAST_SPREAD = 1e-4


class TextureValidation:
    """Distance of means and deviations of early features between outputs and references, in grey.

    Parameters
    ----------
    references, content
        Pictures kept out of training.
    features
        What it sees with.
    """

    def __init__(self, references: Pool, content: Pool, features: PaintFeatures, recipe: PaintRecipe) -> None:
        self._features, self._strength, self._radius = features, recipe.effective_noise, recipe.simplification
        side, scale = recipe.crop_side, 2 * recipe.crop_side / (recipe.closest + recipe.farthest)
        self._content = [_middle(content.picture(index), 1.0, side) for index in range(min(_MOST, len(content)))]
        shown = [_middle(references.picture(i), scale, side) for i in range(min(_MOST_REFERENCES, len(references)))]
        self._target = self._statistics(shown)
        self.untouched = self._gap(self._content)

    @torch.no_grad()
    def distance(self, generator: PaintGenerator, style: int = 0) -> float:
        """Return the distance of what a generator makes of the content; 0 means the same statistics."""
        was_training = generator.training
        generator.eval()
        styles, random = torch.tensor([style]), torch.Generator().manual_seed(0)
        outputs = []
        for content in self._content:
            noise = torch.randn(1, 1, *content.shape[-2:], generator=random) * self._strength
            outputs.append(generator(simplify(content, self._radius), noise, styles).clamp(0, 1))
        generator.train(was_training)
        return self._gap(outputs)

    @torch.no_grad()
    def _statistics(self, images: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Return mean and deviation of every channel over all pictures, by stage."""
        sums: list[Tensor] = []
        for image in images:
            maps = self._features.texture(grey_of(image))
            moments = [
                torch.stack((m.float().mean(dim=(0, 2, 3)), m.float().square().mean(dim=(0, 2, 3)))) for m in maps
            ]
            sums = moments if not sums else [one + two for one, two in zip(sums, moments, strict=True)]
        means = [total / len(images) for total in sums]
        return [(first, (second - first.square()).clamp_min(_LEAST_SPREAD**2).sqrt()) for first, second in means]

    def _gap(self, images: list[Tensor]) -> float:
        parts = []
        for (mean, spread), (wanted, wanted_spread) in zip(self._statistics(images), self._target, strict=True):
            away = ((mean - wanted) / wanted_spread).abs() + ((spread - wanted_spread) / wanted_spread).abs()
            parts.append(away.mean())
        return float(torch.stack(parts).mean())


def _middle(picture: Tensor, scale: float, side: int) -> Tensor:
    """Return the middle of 1×3×H×W at another scale, of at most twice `side`, cut to what the network takes."""
    if scale != 1:
        picture = functional.interpolate(picture, scale_factor=scale, mode="bilinear", antialias=True).clamp(0, 1)
    sizes = [min(length, 2 * side) // MULTIPLE * MULTIPLE for length in picture.shape[-2:]]
    top, left = ((length - size) // 2 for length, size in zip(picture.shape[-2:], sizes, strict=True))
    return picture[..., top : top + sizes[0], left : left + sizes[1]]
