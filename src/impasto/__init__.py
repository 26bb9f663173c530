"""Impasto learns a visual style from example pictures and applies it.

    import impasto

    style = impasto.learn("wedding-favourites/", content="my-shoots/", minutes=5)
    graded = style.apply(image)            # a path, a Pillow image or an H×W×3 array; returns the same kind
    style = impasto.load("wedding.style")  # or the name of an installed style
    impasto.styles()                       # name → description

Importing this package loads nothing heavy: each name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from impasto.errors import (
    ClassifierFileError,
    ImpastoError,
    JobError,
    MissingExtraError,
    NoReferencesError,
    OutputError,
    StyleFileError,
    TrainingError,
    UnknownStyleError,
    UnreadableMediaError,
    UnusablePixelsError,
    UsageError,
)
from impasto.version import __version__

if TYPE_CHECKING:
    from impasto.api import Style, learn, load, styles

__all__ = [
    "ClassifierFileError",
    "ImpastoError",
    "JobError",
    "MissingExtraError",
    "NoReferencesError",
    "OutputError",
    "Style",
    "StyleFileError",
    "TrainingError",
    "UnknownStyleError",
    "UnreadableMediaError",
    "UnusablePixelsError",
    "UsageError",
    "__version__",
    "learn",
    "load",
    "styles",
]

_FETCHED_FROM_API = {"Style", "learn", "load", "styles"}


def __getattr__(name: str) -> Any:
    if name not in _FETCHED_FROM_API:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    value = getattr(import_module("impasto.api"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
