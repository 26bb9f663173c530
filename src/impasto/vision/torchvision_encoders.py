"""Encoders whose networks or weights come from torchvision, where that is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.vision.staged_network import StagedNetwork, fill, frozen, read_weights
from impasto.vision.vgg16 import build_vgg16

_INCEPTION_STAGES = (
    ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"),
    ("maxpool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3"),
    ("maxpool2", "Mixed_5b", "Mixed_5c", "Mixed_5d"),
    ("Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
)
_RESNET_STAGES = (("conv1", "bn1", "relu", "maxpool", "layer1"), ("layer2",), ("layer3",), ("layer4",))


def build_resnet50(saved: dict[str, Tensor] | None = None, source: Path | str = "") -> StagedNetwork:
    """Build ResNet-50 (He et al. 2016): strides 4 to 32, with 256, 512, 1024 and 2048 channels."""
    network = _torchvision_models().resnet50(weights=None)
    stages = _stages(network, _RESNET_STAGES, saved, source)
    return frozen(StagedNetwork(stages, (256, 512, 1024, 2048), (4, 8, 16, 32)))


def build_inception(saved: dict[str, Tensor] | None = None, source: Path | str = "") -> StagedNetwork:
    """Build Inception v3 (Szegedy et al. 2016): strides 2 to 32, with 64 to 2048 channels; pictures of 75² at least.

    Its convolutions are not padded, so that maps are a few pixels smaller than the stride says. The weights are
    torchvision's: distances on them are not those of the original FID, whose network was trained apart.
    """
    network = _torchvision_models().inception_v3(weights=None, init_weights=False)
    stages = _stages(network, _INCEPTION_STAGES, saved, source)
    half = (0.5, 0.5, 0.5)
    return frozen(StagedNetwork(stages, (64, 192, 288, 768, 2048), (2, 4, 8, 16, 32), half, half))


def load_resnet50(path: Path | None = None) -> StagedNetwork:
    """Build ResNet-50 with weights from a file, by default those that torchvision fetches once and keeps."""
    return build_resnet50(*_weights("ResNet50_Weights", path))


def load_inception(path: Path | None = None) -> StagedNetwork:
    """Build Inception v3 with weights from a file, by default those that torchvision fetches once and keeps."""
    return build_inception(*_weights("Inception_V3_Weights", path))


def load_torchvision_vgg16() -> StagedNetwork:
    """Build VGG-16 with the weights that torchvision fetches once and keeps."""
    return build_vgg16(*_weights("VGG16_Weights", None))


def _stages(
    network: nn.Module, names: tuple[tuple[str, ...], ...], saved: dict[str, Tensor] | None, source: Path | str
) -> list[nn.Sequential]:
    parts = {name: network.get_submodule(name) for stage in names for name in stage}
    if saved is not None:
        fill(nn.ModuleDict(parts), saved, source)
    return [nn.Sequential(*(parts[name] for name in stage)) for stage in names]


def _weights(name: str, path: Path | None) -> tuple[dict[str, Tensor], Path | str]:
    if path is not None:
        return read_weights(path), path
    weights = getattr(_torchvision_models(), name).IMAGENET1K_V1
    try:
        return weights.get_state_dict(progress=False, check_hash=True), "torchvision"
    except OSError as error:
        raise UnreadableMediaError(
            f"torchvision could not fetch {weights.url} ({error}); fetch it yourself and give its path: ENCODER:PATH"
        ) from error


def _torchvision_models() -> Any:
    try:
        from torchvision import models  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("this encoder needs torchvision: pip install torchvision") from error
    except RuntimeError as error:
        # What a torchvision built for another torch raises while it is imported.
        raise MissingExtraError(
            f"torchvision does not fit the torch that is installed ({error}); install the pair that belongs together"
        ) from error
    return models
