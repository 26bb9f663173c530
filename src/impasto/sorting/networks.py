"""The networks that look at pictures: the shipped encoder, and a small one that learns from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.vision.efficientnet_lite import EfficientNetLite0, load_efficientnet_lite0

FIRST_FREE_BLOCK = 11
"""Blocks from this one on are learned where the encoder is fine-tuned: early ones see edges and colours alike."""
_WIDTHS = (16, 32, 64, 96)


class Network(Protocol):
    """Looks at pictures B×3×S×S in [0, 1]; what it sees is the mean of its last maps."""

    def maps(self, images: Tensor) -> Tensor:
        """Return the last maps B×F×h×w."""

    def free_parts(self) -> dict[str, nn.Parameter]:
        """Return what is learned, by name."""


class EncoderNetwork(nn.Module):
    """EfficientNet-Lite0 up to the maps that its own classifier averages: 1280 of them, at a stride of 32."""

    def __init__(self, encoder: EfficientNetLite0 | None = None) -> None:
        super().__init__()
        self.encoder = load_efficientnet_lite0() if encoder is None else encoder

    def maps(self, images: Tensor) -> Tensor:
        """Return the last maps B×1280×h×w."""
        return functional.relu6(self.encoder.head(self.encoder(images)[-1]))

    def free_parts(self) -> dict[str, nn.Parameter]:
        """Return the weights of the last blocks."""
        starts = ("encoder.head.", *(f"encoder.blocks.{index}." for index in range(FIRST_FREE_BLOCK, 16)))
        return {name: weight for name, weight in self.named_parameters() if name.startswith(starts)}


class SmallNetwork(nn.Module):
    """Four convolutions at an eighth of the side: for teaching, and for classes unlike any photo.

    Nothing in it is normalised by what a picture shows elsewhere, so that its maps say what is where.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for num_inputs, num_outputs in zip((3, *_WIDTHS), _WIDTHS, strict=False):
            layers += [nn.Conv2d(num_inputs, num_outputs, 3, 2 if num_outputs < _WIDTHS[-1] else 1, 1), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def maps(self, images: Tensor) -> Tensor:
        """Return the last maps B×96×h×w."""
        result: Tensor = self.layers(images * 2 - 1)
        return result

    def free_parts(self) -> dict[str, nn.Parameter]:
        """Return all weights."""
        return dict(self.named_parameters())


def num_features(network: Network) -> int:
    """Return the number of maps."""
    return 1280 if isinstance(network, EncoderNetwork) else _WIDTHS[-1]


def pooled(maps: Tensor) -> Tensor:
    """Average maps B×F×h×w to features B×F."""
    return maps.mean(dim=(2, 3))


def fill(network: Network, tensors: Mapping[str, Tensor]) -> bool:
    """Copy learned weights into a network; tell whether they are its own."""
    parts = network.free_parts()
    if parts.keys() != tensors.keys() or any(parts[name].shape != value.shape for name, value in tensors.items()):
        return False
    with torch.no_grad():
        for name, value in tensors.items():
            parts[name].copy_(value)
    return True
