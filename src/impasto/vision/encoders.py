"""The registry of encoders: frozen networks that turn pictures into features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from torch import Tensor

from impasto.errors import UsageError
from impasto.vision.efficientnet_lite import load_efficientnet_lite0
from impasto.vision.mobilenet_v2 import load_mobilenet_v2
from impasto.vision.torchvision_encoders import load_inception, load_resnet50, load_torchvision_vgg16
from impasto.vision.vgg16 import load_authors_vgg16, load_vgg16


class Encoder(Protocol):
    """A frozen feature extractor: B×3×H×W in [0, 1] to one feature map per stage, early to late."""

    num_channels: tuple[int, ...]
    strides: tuple[int, ...]

    def __call__(self, images: Tensor, num_stages: int = ...) -> list[Tensor]: ...


DEFAULT_ENCODER = "efficientnet-lite0"

ENCODERS: dict[str, Callable[[], Encoder]] = {
    DEFAULT_ENCODER: load_efficientnet_lite0,
    "mobilenet-v2": load_mobilenet_v2,
    "resnet50": load_resnet50,
    "vgg16": load_torchvision_vgg16,
    "inception": load_inception,
}
"""By name; each finds its own weights."""

FILE_ENCODERS: dict[str, Callable[[Path], Encoder]] = {
    "mobilenet-v2": load_mobilenet_v2,
    "resnet50": load_resnet50,
    "vgg16": load_vgg16,
    "vgg16-caffe": load_authors_vgg16,
    "inception": load_inception,
}
"""By name; each reads its weights from a file of the user's, given as `NAME:PATH`."""


def load_encoder(name: str) -> Encoder:
    """Load an encoder by name, or by name and weights file: `mobilenet-v2`, `vgg16:weights/vgg16.pth`.

    Raises
    ------
    UsageError
        If no encoder has this name, or the file is of another network.
    MissingExtraError
        If the package that carries its weights, or its network, is not installed.
    UnreadableMediaError
        If the file is missing or holds no weights.
    """
    kind, path = split_encoder(name)
    if path is not None and kind in FILE_ENCODERS:
        return FILE_ENCODERS[kind](path)
    if path is None and kind in ENCODERS:
        return ENCODERS[kind]()
    known = ", ".join(sorted(ENCODERS))
    files = ", ".join(f"{kind}:PATH" for kind in sorted(FILE_ENCODERS))
    raise UsageError(f"no encoder named '{name}'; known: {known}; with weights from a file: {files}")


def split_encoder(name: str) -> tuple[str, Path | None]:
    """Split `vgg16:weights.pth` into the name and the path, which is None where there is none."""
    kind, separator, path = name.partition(":")
    return kind, Path(path) if separator else None
