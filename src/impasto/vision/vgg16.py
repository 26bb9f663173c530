"""VGG-16 as a frozen encoder (Simonyan & Zisserman 2015), with torchvision's weights or the authors' own.

Both are kept under the same names, and differ in what they expect: torchvision's RGB of unit deviation, the authors'
BGR in levels of 255. Nothing in a file tells which it is, so each has its own name in the registry.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from impasto.vision.staged_network import IMAGENET_DEVIATION, IMAGENET_MEAN, StagedNetwork, fill, frozen, read_weights

NUM_CHANNELS = (64, 128, 256, 512, 512)
STRIDES = (1, 2, 4, 8, 16)
_CONVOLUTIONS = (2, 2, 3, 3, 3)
_AUTHORS_MEAN = tuple(level / 255 for level in (123.68, 116.779, 103.939))
_AUTHORS_DEVIATION = (1 / 255,) * 3
_FIRST_WEIGHT = "features.0.weight"


def build_vgg16(
    saved: dict[str, Tensor] | None = None, source: Path | str = "", authors_input: bool = False
) -> StagedNetwork:
    """Build the encoder: five stages, each up to the last activation before a pooling.

    Parameters
    ----------
    saved
        Weights under torchvision's names, `features.N.weight`; random ones by default.
    source
        Where they are from, for the message when they do not fit.
    authors_input
        The weights expect BGR in levels of 255 with the mean taken off.
    """
    stages, layers = _stages()
    if saved is not None:
        if authors_input and _FIRST_WEIGHT in saved:
            # Turned once, here, so that pictures need not be.
            saved = saved | {_FIRST_WEIGHT: torch.flip(saved[_FIRST_WEIGHT], dims=(1,))}
        fill(layers, saved, source)
    mean, deviation = (_AUTHORS_MEAN, _AUTHORS_DEVIATION) if authors_input else (IMAGENET_MEAN, IMAGENET_DEVIATION)
    return frozen(StagedNetwork(stages, NUM_CHANNELS, STRIDES, mean, deviation))


def _stages() -> tuple[list[nn.Sequential], nn.ModuleDict]:
    """Return the stages, and the same convolutions under torchvision's names."""
    stages, numbered = [], {}
    num_inputs, number = 3, 0
    for num_outputs, num_convolutions in zip(NUM_CHANNELS, _CONVOLUTIONS, strict=True):
        stage: list[nn.Module] = []
        if number:
            stage.append(nn.MaxPool2d(2))
            number += 1
        for _ in range(num_convolutions):
            convolution = nn.Conv2d(num_inputs, num_outputs, 3, padding=1)
            numbered[str(number)] = convolution
            stage += [convolution, nn.ReLU()]
            num_inputs, number = num_outputs, number + 2
        stages.append(nn.Sequential(*stage))
    return stages, nn.ModuleDict({"features": nn.ModuleDict(numbered)})


def load_vgg16(path: Path) -> StagedNetwork:
    """Build the encoder with torchvision's weights, from a file."""
    return build_vgg16(read_weights(path), path)


def load_authors_vgg16(path: Path) -> StagedNetwork:
    """Build the encoder with the authors' weights, from a file that has them under torchvision's names."""
    return build_vgg16(read_weights(path), path, authors_input=True)
