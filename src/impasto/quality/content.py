"""Metrics of what is left of the content: what a picture shows, whatever its colours."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from impasto.quality.metric import Compared, Group, Image, MeanMetric, require_same_size
from impasto.quality.structural_similarity import WINDOW_SIDE, similarity
from impasto.vision.lab import rgb_to_lightness

# Weights of the scales from fine to coarse (Wang, Simoncelli & Bovik 2003).
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_FEWEST_PIXELS = 3
_FLATTEST = 1e-3  # L* a pixel, root mean square

Plane = NDArray[np.float32]


class MultiScaleSimilarity(MeanMetric):
    """MS-SSIM of L* (Wang, Simoncelli & Bovik, "Multi-scale Structural Similarity for Image Quality Assessment", 2003).

    Of the five scales, those are left out at which a picture is smaller than the window of 11 pixels, and the weights
    of the others made to sum to 1; without any the picture is left out.
    """

    name: ClassVar[str] = "ms_ssim"
    title: ClassVar[str] = "Structure kept"
    group: ClassVar[Group] = "content"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = True
    explanation: ClassVar[str] = (
        "MS-SSIM on lightness: 1 means that shapes and shading are untouched, 0 that none is left."
    )

    def update(self, image: Image, target: Image) -> None:
        require_same_size(image, target)
        if min(image.shape[:2]) >= WINDOW_SIDE:
            self.add(_multi_scale_similarity(_unit_lightness(image), _unit_lightness(target)))


class EdgeAgreement(MeanMetric):
    """Correlation of the gradients of L*, as vectors, over the picture.

    It asks where edges lie, which way they point and how strong they are beside one another. A change of contrast
    over the whole picture does not matter; edges that light and dark have swapped on count against it. Contents
    without any edge are left out.
    """

    name: ClassVar[str] = "edge_agreement"
    title: ClassVar[str] = "Edges kept"
    group: ClassVar[Group] = "content"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = True
    explanation: ClassVar[str] = (
        "1 means the same edges, 0 unrelated ones, and below 0 that light and dark are swapped."
    )

    def update(self, image: Image, target: Image) -> None:
        require_same_size(image, target)
        if min(image.shape[:2]) < _FEWEST_PIXELS:
            return
        edges, wanted = _gradients(rgb_to_lightness(image)), _gradients(rgb_to_lightness(target))
        strength, wanted_strength = _norm(edges), _norm(wanted)
        flattest = _FLATTEST * np.sqrt(wanted[0].size)
        if wanted_strength <= flattest:
            return
        agreement = sum(float(np.vdot(each, other)) for each, other in zip(edges, wanted, strict=True))
        self.add(agreement / (strength * wanted_strength) if strength > flattest else 0.0)


def _unit_lightness(image: Image) -> Plane:
    return rgb_to_lightness(image) * np.float32(0.01)


def _multi_scale_similarity(plane: Plane, other: Plane) -> float:
    sizes = [min(plane.shape) >> scale for scale in range(len(_SCALE_WEIGHTS))]
    num_scales = sum(size >= WINDOW_SIDE for size in sizes)
    weights = np.array(_SCALE_WEIGHTS[:num_scales])
    values = []
    for scale in range(num_scales):
        whole, structure = similarity(plane, other)
        # Brightness counts at the coarsest scale only; structure may be opposed, but a power of that is not a number.
        values.append(max(0.0, whole if scale == num_scales - 1 else structure))
        plane, other = halve(plane), halve(other)
    return float(np.prod(np.array(values) ** (weights / weights.sum())))


def halve(plane: Plane) -> Plane:
    """Average 2×2 pixels of H×W or H×W×C; an odd last row or column is dropped."""
    even = plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2]
    return np.float32(0.25) * (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2])


def _gradients(plane: Plane) -> tuple[Plane, Plane]:
    """Return Sobel's slopes across and down: change a pixel, within the picture."""
    across, down = plane[:, 2:] - plane[:, :-2], plane[2:] - plane[:-2]
    across = across[:-2] + np.float32(2) * across[1:-1] + across[2:]
    down = down[:, :-2] + np.float32(2) * down[:, 1:-1] + down[:, 2:]
    return across / np.float32(8), down / np.float32(8)


def _norm(planes: tuple[Plane, Plane]) -> float:
    return float(np.sqrt(sum(float(np.vdot(plane, plane)) for plane in planes)))
