"""Generators that make pictures of noise: a light one after Liu et al. 2021, and the classical one of Radford et al.

The light one ("Towards faster and stabilized GAN training for high-fidelity few-shot image synthesis") doubles the size
step by step, and lets the smallest maps say how much each channel of the largest ones counts (skip-layer excitation).
That is why layout and appearance can be taken from different latents.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.train.dream_recipe import DreamRecipe

_MOMENTUM = 0.1
_EPSILON = 1e-5
_SMALLEST = 4
# By how often the size has been doubled; later ones have the last of these.
_LIGHT_CHANNELS = (192, 128, 64, 32, 16, 16, 12, 8)
_DCGAN_CHANNELS = (256, 128, 64, 32, 16, 16, 16, 16)
_SKIP = 3  # doublings from the maps that excite to those that are excited


class NormalisedConv2d(nn.Module):
    """A convolution and a batch norm, whose statistics are plain buffers that a moving average can follow."""

    mean: Tensor
    variance: Tensor

    def __init__(self, num_inputs: int, num_outputs: int, side: int = 3) -> None:
        super().__init__()
        self.padding = side // 2
        self.weight = nn.Parameter(torch.empty(num_outputs, num_inputs, side, side))
        self.gain = nn.Parameter(torch.ones(num_outputs))
        self.bias = nn.Parameter(torch.zeros(num_outputs))
        self.register_buffer("mean", torch.zeros(num_outputs))
        self.register_buffer("variance", torch.ones(num_outputs))
        nn.init.kaiming_normal_(self.weight, nonlinearity="linear")

    def forward(self, inputs: Tensor) -> Tensor:
        outputs = functional.conv2d(inputs, self.weight, padding=self.padding)
        return functional.batch_norm(
            outputs, self.mean, self.variance, self.gain, self.bias, self.training, _MOMENTUM, _EPSILON
        )


class _NoiseInjection(nn.Module):
    """Adds noise of a strength that is learned; none where no random numbers are given."""

    def __init__(self) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, inputs: Tensor, random: torch.Generator | None) -> Tensor:
        if random is None:
            return inputs
        batch, _, height, width = inputs.shape
        noise = torch.randn(batch, 1, height, width, generator=random).to(inputs)
        return inputs + self.strength * noise


class _Doubling(nn.Module):
    """From one size to twice that: enlarged, convolved, and gated by half of the channels."""

    def __init__(self, num_inputs: int, num_outputs: int) -> None:
        super().__init__()
        self.convolution = NormalisedConv2d(num_inputs, 2 * num_outputs)
        self.noise = _NoiseInjection()

    def forward(self, inputs: Tensor, random: torch.Generator | None) -> Tensor:
        enlarged = functional.interpolate(inputs, scale_factor=2.0, mode="nearest")
        return functional.glu(self.convolution(self.noise(enlarged, random)), dim=1)


class _ScaledConv2d(nn.Module):
    """A convolution whose weights are of size 1 and scaled when used (Karras et al. 2018, "Progressive growing").

    A step of Adam moves all weights alike. Where thousands of inputs meet, that would turn the sum over in one step.
    """

    def __init__(self, num_inputs: int, num_outputs: int, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(num_outputs, num_inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(num_outputs))
        self.scale = (num_inputs * side**2) ** -0.5

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.conv2d(inputs, self.weight * self.scale, self.bias)


class _Excitation(nn.Module):
    """How much each channel of large maps counts, as small maps have it: B×C×h×w → B×D×1×1 in (0, 2).

    What is weighed has one size, and weights move slowly, so that it does not come to switch channels on and off. The
    generator would be left with as many kinds of pictures as there are ways to set the switches.
    """

    def __init__(self, num_inputs: int, num_outputs: int, smallest: int) -> None:
        super().__init__()
        self.smallest = smallest
        self.gather = _ScaledConv2d(num_inputs, num_outputs, smallest)
        self.weigh = _ScaledConv2d(num_outputs, num_outputs, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        pooled = functional.avg_pool2d(inputs, inputs.shape[-1] // self.smallest)
        hidden = functional.leaky_relu(self.gather(pooled), 0.1)
        hidden = hidden * (hidden.square().mean(dim=1, keepdim=True) + _EPSILON).rsqrt()
        return 2 * torch.sigmoid(self.weigh(hidden))


class DreamGenerator(nn.Module, ABC):
    """Makes pictures B×3×S×S in [0, 1] of latents B×D.

    Attributes
    ----------
    num_latents
        How many latents a picture can be mixed of.
    """

    num_latents = 1
    side: int
    latent_size: int

    @abstractmethod
    def forward(self, latents: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Make pictures; `random` scatters what is learned to be chance, while training."""

    @abstractmethod
    def mixed(self, latents: Tensor) -> Tensor:
        """Make pictures of B×`num_latents`×D."""


class LightGenerator(DreamGenerator):
    """See the module.

    Parameters
    ----------
    side
        Of the pictures: 4 or 6 times a power of 2.
    width
        Channels against the usual.
    """

    num_latents = 2

    def __init__(self, side: int, latent_size: int, width: float = 1.0) -> None:
        super().__init__()
        self.side, self.latent_size = side, latent_size
        self.smallest, num_doublings = start_of(side)
        widths = [_scaled(channels, width) for channels in _LIGHT_CHANNELS[: num_doublings + 1]]
        # One linear map: two in a row, with nothing between them, learn to let few directions of latents through.
        self.stem = nn.Linear(latent_size, 2 * widths[0] * self.smallest**2, bias=False)
        self.stem_norm = _ChannelNorm(2 * widths[0])
        self.doublings = nn.ModuleList(_Doubling(before, after) for before, after in pairwise(widths))
        self.excitations = nn.ModuleList(
            _Excitation(before, after, self.smallest) for before, after in zip(widths, widths[_SKIP:], strict=False)
        )
        self.pixels = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, latents: Tensor, random: torch.Generator | None = None) -> Tensor:
        maps = [self._smallest(latents)]
        for index, doubling in enumerate(self.doublings):
            following = doubling(maps[-1], random)
            source = index + 1 - _SKIP
            maps.append(following if source < 0 else following * self.excitations[source](maps[source]))
        return self._picture(maps[-1])

    def mixed(self, latents: Tensor) -> Tensor:
        """Make pictures of B×2×D: the layout of the first latents, the appearance of the second."""
        layout, appearance = self._smallest(latents[:, 0]), self._smallest(latents[:, 1])
        excited = [self.excitations[0](appearance)] if len(self.excitations) else []
        for index in range(min(len(self.excitations) - 1, len(self.doublings))):
            appearance = self.doublings[index](appearance, None)
            if index + 1 - _SKIP >= 0:
                appearance = appearance * excited[index + 1 - _SKIP]
            excited.append(self.excitations[index + 1](appearance))
        hidden = layout
        for index, doubling in enumerate(self.doublings):
            hidden = doubling(hidden, None)
            if index + 1 - _SKIP >= 0:
                hidden = hidden * excited[index + 1 - _SKIP]
        return self._picture(hidden)

    def _smallest(self, latents: Tensor) -> Tensor:
        hidden = self.stem(latents).unflatten(1, (-1, self.smallest, self.smallest))
        return functional.glu(self.stem_norm(hidden), dim=1)

    def _picture(self, hidden: Tensor) -> Tensor:
        return torch.sigmoid(2 * self.pixels(hidden))


class ClassicalGenerator(DreamGenerator):
    """Transposed convolutions with batch norms, after Radford et al. 2016 (DCGAN)."""

    def __init__(self, side: int, latent_size: int, width: float = 1.0) -> None:
        super().__init__()
        self.side, self.latent_size = side, latent_size
        self.smallest, num_doublings = start_of(side)
        # As many channels as the size leaves room for: a picture of 16 pixels needs no 256.
        widths = [_scaled(channels, width) for channels in _DCGAN_CHANNELS[-num_doublings - 5 :][: num_doublings + 1]]
        self.stem = nn.Linear(latent_size, widths[0] * self.smallest**2, bias=False)
        self.norms = nn.ModuleList(_ChannelNorm(channels) for channels in widths)
        self.doublings = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False) for before, after in pairwise(widths)
        )
        self.pixels = nn.Conv2d(widths[-1], 3, 3, padding=1)
        for part in (self.stem, *self.doublings):
            nn.init.normal_(part.weight, std=0.02)

    def forward(self, latents: Tensor, random: torch.Generator | None = None) -> Tensor:  # noqa: ARG002 - adds none
        hidden = self.stem(latents).unflatten(1, (-1, self.smallest, self.smallest))
        hidden = torch.relu(self.norms[0](hidden))
        for doubling, norm in zip(self.doublings, list(self.norms)[1:], strict=True):
            hidden = torch.relu(norm(doubling(hidden)))
        picture: Tensor = (torch.tanh(self.pixels(hidden)) + 1) / 2
        return picture

    def mixed(self, latents: Tensor) -> Tensor:
        """Make pictures of B×1×D."""
        pictures: Tensor = self(latents[:, 0])
        return pictures


class _ChannelNorm(nn.Module):
    """A batch norm on its own; see `NormalisedConv2d`."""

    mean: Tensor
    variance: Tensor

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))
        self.register_buffer("mean", torch.zeros(num_channels))
        self.register_buffer("variance", torch.ones(num_channels))

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = functional.batch_norm(
            inputs, self.mean, self.variance, self.gain, self.bias, self.training, _MOMENTUM, _EPSILON
        )
        return outputs


def make_generator(recipe: DreamRecipe) -> DreamGenerator:
    """Build the generator that a recipe asks for."""
    kind = LightGenerator if recipe.architecture == "light" else ClassicalGenerator
    return kind(recipe.side, recipe.latent_size, recipe.width)


def start_of(side: int) -> tuple[int, int]:
    """Return the side of the smallest maps, 4 to 7, and how often that is doubled."""
    num_doublings = int(math.log2(side / _SMALLEST))
    return side >> num_doublings, num_doublings


def _scaled(num_channels: int, width: float) -> int:
    """Return a number of channels that processors like, at least 8."""
    return max(8, round(num_channels * width / 8) * 8)
