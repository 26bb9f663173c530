"""The registry of encoders: frozen networks that turn pictures into features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from impasto.errors import UsageError
from impasto.vision.efficientnet_lite import load_efficientnet_lite0


class Encoder(Protocol):
    """A frozen feature extractor: B×3×H×W in [0, 1] to one feature map per stage, early to late."""

    num_channels: tuple[int, ...]
    strides: tuple[int, ...]

    def __call__(self, images: Tensor, num_stages: int = ...) -> list[Tensor]: ...


ENCODERS: dict[str, Callable[[], Encoder]] = {"efficientnet-lite0": load_efficientnet_lite0}


def load_encoder(name: str) -> Encoder:
    """Load an encoder by name.

    Raises
    ------
    UsageError
        If no encoder has this name.
    MissingExtraError
        If the package that carries its weights is not installed.
    """
    if name not in ENCODERS:
        raise UsageError(f"no encoder named '{name}'; known: {', '.join(sorted(ENCODERS))}")
    return ENCODERS[name]()
