"""Which extras are installed."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Final

_PACKAGES: Final = {"learn": "torch", "video": "av", "faces": "ai_edge_litert", "live": "av", "sign": "c2pa"}


@cache
def extras() -> dict[str, bool]:
    """Return which extras are installed, by name, without importing them."""
    return {extra: find_spec(package) is not None for extra, package in _PACKAGES.items()}
