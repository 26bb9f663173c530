"""An explanation as a picture: what speaks for a class, laid over the photo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import UnreadableMediaError, UsageError
from impasto.gallery.reading import Failure
from impasto.media.image_read import read_thumbnail_srgb
from impasto.sorting.classifier import Classifier, Told
from impasto.sorting.reading import squeezed

METHODS = ("grad-cam", "integrated-gradients")
_SHOWN_SIDE = 800
_GAP = 12
_PAPER = 250
_SEEDS = (0, 1)
_FEW_STEPS = 8
"""Are enough to rank what a network with shuffled weights sees."""
_STRONGEST = 0.75
_COLORS = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], np.float32)
"""From dark violet to yellow: read alike by people who see colours otherwise."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why a classifier says what it says.

    Attributes
    ----------
    told
        What it says.
    target
        The class that is explained.
    maps
        By method, S×S from 0 to 1.
    chance
        By method: how like the maps of networks with shuffled weights are to it, from -1 to 1. Near 1, the map shows
        the picture's edges and nothing of what was learned.
    """

    told: Told
    target: str
    maps: dict[str, NDArray[np.float32]]
    chance: dict[str, float]


def explain_picture(classifier: Classifier, path: Path, label: str | None = None) -> Explanation:
    """Explain a class of a picture, by default the most probable one.

    Raises
    ------
    UsageError
        The classifier does not know the class.
    UnreadableMediaError
        The picture cannot be used.
    """
    from impasto.sorting.attribution import Explainer, likeness  # noqa: PLC0415

    told = next(iter(classifier.tell([path])))
    if isinstance(told, Failure):
        raise UnreadableMediaError(told.message)
    target = told.guess if label is None else label
    if target not in classifier.labels:
        raise UsageError(f"The classifier has no class {target!r}; it knows: {', '.join(classifier.labels)[:300]}.")
    side = classifier.backbone.side
    square = squeezed(read_thumbnail_srgb(path, side, fit_short_side=True), side)
    index = classifier.labels.index(target)
    explainer = Explainer(classifier.backbone, classifier.file.head)
    maps = [explainer.grad_cam(square, index), explainer.integrated_gradients(square, index)]
    likenesses: list[list[float]] = [[], []]
    for seed in _SEEDS:
        shuffled = Explainer(classifier.backbone, classifier.file.head, seed)
        others = shuffled.grad_cam(square, index), shuffled.integrated_gradients(square, index, _FEW_STEPS)
        for found, true, other in zip(likenesses, maps, others, strict=True):
            found.append(likeness(true, other))
    chance = {method: float(np.mean(found)) for method, found in zip(METHODS, likenesses, strict=True)}
    return Explanation(told, target, dict(zip(METHODS, maps, strict=True)), chance)


def draw_explanation(explanation: Explanation, path: Path) -> Pixels:
    """Draw the photo, and the maps over it, side by side, H×W×3."""
    photo = read_thumbnail_srgb(path, _SHOWN_SIDE)
    panels = [photo, *(overlay(photo, values) for values in explanation.maps.values())]
    across = photo.shape[1] <= photo.shape[0] * 2
    gap_shape = (photo.shape[0], _GAP, 3) if across else (_GAP, photo.shape[1], 3)
    gap = np.full(gap_shape, _PAPER, np.uint8)
    pieces = [piece for panel in panels for piece in (gap, panel)][1:]
    return np.concatenate(pieces, axis=1 if across else 0)


def overlay(photo: Pixels, values: NDArray[np.float32]) -> Pixels:
    """Lay a map S×S from 0 to 1 over a photo H×W×3: the photo fades to grey, and what speaks for the class glows."""
    height, width = photo.shape[:2]
    image = Image.fromarray(np.asarray(values * 255, np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    shares = np.asarray(image, np.float32)[..., None] / 255
    positions = np.linspace(0, 1, len(_COLORS))
    glow = np.stack([np.interp(shares[..., 0], positions, _COLORS[:, channel]) for channel in range(3)], axis=-1)
    grey = photo.mean(axis=2, keepdims=True).repeat(3, axis=2)
    mixed: NDArray[np.float32] = grey + _STRONGEST * shares * (glow - grey)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
