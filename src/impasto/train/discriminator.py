"""The projected discriminator: light heads on frozen features, one that sees colours, and one that sees exposure.

After Sauer et al. 2021 ("Projected GANs converge faster"): the features of each stage go through a fixed random 1×1
projection, then through a small spectrally normalised head. The colour head sees a few pixels at a time, at full
precision of colour, which the encoder's features have partly forgotten. The exposure head sees how bright, how
contrasty and how tinted a whole crop is: what a look that depends on the picture changes.

Both of them read colours through random Fourier features (Rahimi & Recht 2007): a network on raw colours is slow to
see that a tone is a fiftieth too dark, and a look is made of such differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from impasto.vision.encoders import Encoder

_COLOR_POOL = 4


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


class FourierFeatures(nn.Module):
    """Cosines of random directions of the channels, fixed: B×C×H×W → B×num_features×H×W."""

    frequencies: Tensor
    phases: Tensor

    def __init__(self, num_inputs: int, num_features: int, highest: float, generator: torch.Generator) -> None:
        super().__init__()
        # From coarse to fine in equal shares: coarse ones pull from afar, fine ones settle the last difference.
        scales = torch.exp(torch.rand(num_features, 1, generator=generator) * math.log(highest))
        frequencies = torch.randn(num_features, num_inputs, generator=generator) * scales
        self.register_buffer("frequencies", frequencies[:, :, None, None])
        self.register_buffer("phases", torch.rand(num_features, generator=generator) * 2 * math.pi)

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.cos(functional.conv2d(inputs, self.frequencies, self.phases))


class ColorHead(nn.Module):
    """Logits from colour alone, pixel by pixel and in the company of their picture's mean: B×3×H×W → B×1×h×w."""

    def __init__(self, generator: torch.Generator, num_features: int = 96, num_channels: int = 64) -> None:
        super().__init__()
        self.features = FourierFeatures(3, num_features, 8.0, generator)
        # Not spectrally normalised: differences of colour are small, and three norms of one would flatten them.
        self.first = nn.Conv2d(num_features + 9, num_channels, 1)
        self.second = nn.Conv2d(num_channels, num_channels, 1)
        self.logits = nn.Conv2d(num_channels, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        pixels = functional.avg_pool2d(images, _COLOR_POOL) * 2 - 1
        mean, spread = mean_and_spread(pixels)
        company = (mean.expand_as(pixels), spread.expand_as(pixels))
        hidden = functional.leaky_relu(self.first(torch.cat((self.features(pixels), pixels, *company), dim=1)), 0.2)
        hidden = functional.leaky_relu(self.second(hidden), 0.2)
        logits: Tensor = self.logits(hidden)
        return logits


class ExposureHead(nn.Module):
    """One logit a picture, from the mean and the spread of its lightness and of its tints: B×3×H×W → B×1×1×1."""

    def __init__(self, generator: torch.Generator, num_features: int = 64, num_channels: int = 32) -> None:
        super().__init__()
        self.features = FourierFeatures(6, num_features, 1.0, generator)
        self.first = nn.Conv2d(num_features + 6, num_channels, 1)
        self.logits = nn.Conv2d(num_channels, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        mean, spread = (_lightness_and_tints(part) for part in mean_and_spread(images))
        statistics = torch.cat((mean * 2 - 1, spread * 2), dim=1) * 2
        hidden = functional.leaky_relu(self.first(torch.cat((self.features(statistics), statistics), dim=1)), 0.2)
        logits: Tensor = self.logits(hidden)
        return logits


def mean_and_spread(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and deviation of each channel over each picture, B×C×1×1."""
    mean = images.mean(dim=(2, 3), keepdim=True)
    return mean, (images - mean).square().mean(dim=(2, 3), keepdim=True).add(1e-6).sqrt()


def _lightness_and_tints(colors: Tensor) -> Tensor:
    red, green, blue = colors.split(1, dim=1)
    return torch.cat((colors.mean(dim=1, keepdim=True), 2 * (red - green), 2 * (blue - green)), dim=1)


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
        self.color_head = ColorHead(generator)
        self.exposure_head = ExposureHead(generator)

    def forward(self, images: Tensor) -> list[Tensor]:
        return self.judge(images, self._encoder[0](images, num_stages=max(self.stages) + 1))

    def judge(self, images: Tensor, features: Sequence[Tensor]) -> list[Tensor]:
        """Return the logits of images whose features at all stages, from the first on, are known already."""
        logits = [head(features[stage]) for head, stage in zip(self.feature_heads, self.stages, strict=True)]
        return [*logits, self.color_head(images), self.exposure_head(images)]
