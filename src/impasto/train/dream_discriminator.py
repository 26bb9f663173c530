"""What judges dreams: on frozen features (Sauer et al. 2021, "Projected GANs converge faster"), or on pixels.

Both can also read from a picture what it was made of: an auxiliary task (Chen et al. 2016, "InfoGAN"), at which a
generator that makes one picture of everything cannot succeed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from impasto.train.dream_recipe import DreamRecipe
from impasto.vision.encoders import Encoder

_NUM_CHANNELS = 48
_CONVOLUTIONAL_CHANNELS = (32, 64, 128, 256)
_HEAD_SIDE = 4
_SLOPE = 0.2


class DreamJudge(nn.Module, ABC):
    """`forward` takes B×3×S×S in [0, 1] and returns maps of logits; a positive logit says "real"."""

    @abstractmethod
    def features(self, images: Tensor) -> list[Tensor]:
        """Return what pictures are judged by; it learns nothing."""

    @abstractmethod
    def judge(self, features: list[Tensor]) -> list[Tensor]:
        """Return one map of logits a head."""

    @abstractmethod
    def read(self, features: list[Tensor]) -> Tensor:
        """Return what latents B×D the pictures seem to be made of."""

    def measure(self, features: list[Tensor], agree: Callable[[float], float] = float) -> None:
        """Learn the scale of features from the first batch that is seen; processes `agree` on one."""

    def forward(self, images: Tensor) -> list[Tensor]:
        return self.judge(self.features(images))


class _Head(nn.Module):
    """Halves a map down to 4 pixels a side, and judges that: B×C×h×w → B×1×4×4 or less."""

    def __init__(self, num_inputs: int, num_channels: int, map_side: int) -> None:
        super().__init__()
        parts: list[nn.Module] = [spectral_norm(nn.Conv2d(num_inputs, num_channels, 3, padding=1))]
        while map_side > _HEAD_SIDE:
            parts += [
                nn.LeakyReLU(_SLOPE),
                spectral_norm(nn.Conv2d(num_channels, num_channels, 4, stride=2, padding=1)),
            ]
            map_side //= 2
        parts += [nn.LeakyReLU(_SLOPE), spectral_norm(nn.Conv2d(num_channels, 1, 1))]
        self.layers = nn.Sequential(*parts)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.layers(features)
        return logits


class ProjectedJudge(DreamJudge):
    """Heads on frozen features that fixed random projections have mixed, within stages and from late to early ones.

    Parameters
    ----------
    encoder
        Frozen; no part of this module's parameters or state.
    """

    def __init__(self, encoder: Encoder, recipe: DreamRecipe) -> None:
        super().__init__()
        self._encoder = [encoder]  # in a list, so that the frozen network is not registered as a part of this one
        self.seen_side, self.stages = recipe.seen_side, sorted(recipe.stages)
        random = torch.Generator().manual_seed(recipe.seed)
        width = max(8, round(_NUM_CHANNELS * recipe.judge_width))
        counts = [encoder.num_channels[stage] for stage in self.stages]
        sides = [recipe.seen_side // encoder.strides[stage] for stage in self.stages]
        for index, count in enumerate(counts):
            # Fixed and random, so that no head can turn away from what is still wrong.
            projection = torch.randn(width, count, 1, 1, generator=random) / count**0.5
            mixing = torch.randn(width, width, 3, 3, generator=random) / (3 * width**0.5)
            self.register_buffer(f"projection_{index}", projection)
            self.register_buffer(f"mixing_{index}", mixing)
        self.register_buffer("deviations", torch.zeros(len(counts)))
        self.heads = nn.ModuleList(_Head(width, width, side) for side in sides)
        self.reader = nn.Linear(counts[-1], recipe.latent_size)

    deviations: Tensor

    def features(self, images: Tensor) -> list[Tensor]:
        if images.shape[-1] != self.seen_side:
            images = functional.interpolate(images, (self.seen_side, self.seen_side), mode="bilinear")
        seen = self._encoder[0](images, num_stages=max(self.stages) + 1)
        return [seen[stage] for stage in self.stages]

    @torch.no_grad()
    def measure(self, features: list[Tensor], agree: Callable[[float], float] = float) -> None:
        if not self.deviations.any():
            found = [
                agree(float(functional.conv2d(each.float(), self._fixed("projection", index)).std().clamp_min(1e-6)))
                for index, each in enumerate(features)
            ]
            self.deviations.copy_(torch.tensor(found))

    def judge(self, features: list[Tensor]) -> list[Tensor]:
        mixed: Tensor | None = None
        logits: list[Tensor] = []
        for index in reversed(range(len(features))):
            scale = self.deviations[index].clamp_min(1e-6)
            projected = functional.conv2d(features[index], self._fixed("projection", index)) / scale
            if mixed is not None:
                projected = (
                    projected + functional.interpolate(mixed, projected.shape[-2:], mode="bilinear")
                ) * 0.5**0.5
            mixed = functional.conv2d(projected, self._fixed("mixing", index), padding=1)
            logits.append(self.heads[index](mixed))
        return logits[::-1]

    def read(self, features: list[Tensor]) -> Tensor:
        latents: Tensor = self.reader(features[-1].mean(dim=(2, 3)))
        return latents

    def _fixed(self, name: str, index: int) -> Tensor:
        buffer = getattr(self, f"{name}_{index}")
        assert isinstance(buffer, Tensor)
        return buffer


class ConvolutionalJudge(DreamJudge):
    """Strided convolutions on pixels (Radford et al. 2016); no batch norm, by which pictures would see each other."""

    def __init__(self, recipe: DreamRecipe) -> None:
        super().__init__()
        widths = [max(4, round(channels * recipe.judge_width)) for channels in _CONVOLUTIONAL_CHANNELS]
        layers: list[nn.Module] = []
        before, side = 3, recipe.side
        while side > _HEAD_SIDE:
            after = widths[min(len(layers) // 2, len(widths) - 1)]
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE)]
            before, side = after, side // 2
        self.trunk = nn.Sequential(*layers)
        self.logits = nn.Conv2d(before, 1, side)
        self.reader = nn.Linear(before * side**2, recipe.latent_size)

    def features(self, images: Tensor) -> list[Tensor]:
        return [images]

    def judge(self, features: list[Tensor]) -> list[Tensor]:
        return [self.logits(self.trunk(features[0] * 2 - 1))]

    def read(self, features: list[Tensor]) -> Tensor:
        latents: Tensor = self.reader(self.trunk(features[0] * 2 - 1).flatten(1))
        return latents


def make_judge(recipe: DreamRecipe, encoder: Encoder | None) -> DreamJudge:
    """Build the discriminator that a recipe asks for; a projected one needs an encoder."""
    if recipe.judge == "convolutional":
        return ConvolutionalJudge(recipe)
    assert encoder is not None, "a projected judge sees with an encoder"
    return ProjectedJudge(encoder, recipe)
