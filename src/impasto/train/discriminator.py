"""The projected discriminator: light heads on frozen features, and one that sees colour only.

After Sauer et al. 2021 ("Projected GANs converge faster"): the features of each stage go through a fixed random 1×1
projection, then through a small spectrally normalised head. The colour head sees a few pixels at a time, at full
precision of colour, which the encoder's features have partly forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from impasto.vision.encoders import Encoder


class FeatureHead(nn.Module):
    """Logits from one stage of features: B×C×h×w → B×1×h×w."""

    projection: Tensor

    def __init__(self, num_inputs: int, num_channels: int, generator: torch.Generator) -> None:
        super().__init__()
        projection = torch.randn(num_channels, num_inputs, 1, 1, generator=generator) / num_inputs**0.5
        self.register_buffer("projection", projection)
        self.hidden = spectral_norm(nn.Conv2d(num_channels, num_channels, 3, padding=1))
        self.logits = spectral_norm(nn.Conv2d(num_channels, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        projected = functional.conv2d(features, self.projection)
        hidden = functional.leaky_relu(self.hidden(projected), 0.2)
        logits: Tensor = self.logits(hidden)
        return logits


class ColorHead(nn.Module):
    """Logits from colour alone, pixel by pixel and in the company of their neighbourhood's mean: B×3×H×W → B×1×h×w."""

    def __init__(self, num_channels: int = 32, pool: int = 4) -> None:
        super().__init__()
        self.pool = pool
        # Not spectrally normalised: differences of colour are small, and three norms of one would flatten them.
        self.first = nn.Conv2d(9, num_channels, 1)
        self.second = nn.Conv2d(num_channels, num_channels, 1)
        self.logits = nn.Conv2d(num_channels, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        pixels = functional.avg_pool2d(images, self.pool) * 2 - 1
        mean = pixels.mean(dim=(2, 3), keepdim=True)
        spread = (pixels - mean).square().mean(dim=(2, 3), keepdim=True).add(1e-6).sqrt()
        context = torch.cat((pixels, mean.expand_as(pixels), spread.expand_as(pixels)), dim=1)
        hidden = functional.leaky_relu(self.first(context), 0.2)
        hidden = functional.leaky_relu(self.second(hidden), 0.2)
        logits: Tensor = self.logits(hidden)
        return logits


class Discriminator(nn.Module):
    """Projected discriminator.

    `forward` takes B×3×H×W in [0, 1] and returns one logit map per head; a positive logit says "real".

    Parameters
    ----------
    encoder
        Frozen features. They are not part of this module's parameters or state.
    stages
        Which of the encoder's stages are judged, 0 being the earliest: early ones see texture, late ones see objects.
    """

    def __init__(
        self, encoder: Encoder, stages: Sequence[int] = (0, 1, 2, 3), num_channels: int = 64, seed: int = 0
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self._encoder = [encoder]  # in a list, so that the frozen network is not registered as a part of this one
        self.stages = tuple(stages)
        self.feature_heads = nn.ModuleList(
            FeatureHead(encoder.num_channels[stage], num_channels, generator) for stage in self.stages
        )
        self.color_head = ColorHead()

    def forward(self, images: Tensor) -> list[Tensor]:
        features = self._encoder[0](images, num_stages=max(self.stages) + 1)
        logits = [head(features[stage]) for head, stage in zip(self.feature_heads, self.stages, strict=True)]
        return [*logits, self.color_head(images)]
