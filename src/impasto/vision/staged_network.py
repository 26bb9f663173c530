"""A frozen classifier cut into stages: what encoders other than the default are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from impasto.errors import UnreadableMediaError, UsageError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class StagedNetwork(nn.Module):
    """Runs stages in order on normalised pictures; the output of each is a feature map.

    `forward` takes a float batch B×3×H×W of sRGB in [0, 1].

    Parameters
    ----------
    stages
        Early to late, each fed with what the one before it returned.
    num_channels, strides
        Of each stage's output.
    mean, deviation
        What the network was trained with, per channel of RGB in [0, 1].
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        stages: Sequence[nn.Module],
        num_channels: tuple[int, ...],
        strides: tuple[int, ...],
        mean: Sequence[float] = IMAGENET_MEAN,
        deviation: Sequence[float] = IMAGENET_DEVIATION,
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.num_channels, self.strides = num_channels, strides
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None], persistent=False)

    def forward(self, images: Tensor, num_stages: int | None = None) -> list[Tensor]:
        hidden = (images - self.mean) / self.deviation
        features = []
        for stage in self.stages[:num_stages]:
            hidden = stage(hidden)
            features.append(hidden)
        return features


def frozen(network: StagedNetwork) -> StagedNetwork:
    """Fold batch norms into the convolutions before them, and leave the network frozen and in `channels_last`."""
    network.eval()
    network.requires_grad_(False)
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            _fold_neighbours(module)
    # Module.to does take a memory format; torch's own stub leaves it out.
    return network.to(memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]


def _fold_neighbours(sequence: nn.Sequential) -> None:
    for index in range(len(sequence) - 1):
        convolution, norm = sequence[index], sequence[index + 1]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            sequence[index] = fuse_conv_bn_eval(convolution, norm).requires_grad_(False)
            sequence[index + 1] = nn.Identity()


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read tensors by name from a file of PyTorch's, as float32; nothing in it is executed.

    Raises
    ------
    UnreadableMediaError
        There is no such file, or it holds no weights.
    """
    try:
        saved: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UnreadableMediaError(f"{path} does not exist.") from error
    except Exception as error:  # pickle, zip and torch each raise their own on a file that is none of theirs
        raise UnreadableMediaError(f"{path} is not a file of PyTorch weights, or is damaged.") from error
    if not isinstance(saved, Mapping) or not all(isinstance(value, Tensor) for value in saved.values()):
        raise UnreadableMediaError(f"{path} holds no weights by name.")
    return {str(name): value.float() if value.is_floating_point() else value for name, value in saved.items()}


def fill(module: nn.Module, saved: Mapping[str, Tensor], source: Path | str) -> None:
    """Copy weights into a module by name. More than it needs, such as a classifier, is passed over.

    Raises
    ------
    UsageError
        Some are missing or of another shape: the file is of another network.
    """
    wanted = module.state_dict()
    unfit = [
        name
        for name, value in wanted.items()
        if not name.endswith("num_batches_tracked") and (name not in saved or saved[name].shape != value.shape)
    ]
    if unfit:
        raise UsageError(f"{source} holds weights of another network: {unfit[0]} is missing or of another shape.")
    module.load_state_dict({name: saved[name] for name in wanted if name in saved}, strict=False)
