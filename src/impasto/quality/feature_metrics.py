"""Metrics on an encoder's features. Numbers on different encoders cannot be compared with each other.

They are metrics as `impasto.quality.metric` says, but take in `PictureFeatures` instead of pixels, so that a picture
goes through the network once for all of them.
"""

from __future__ import annotations

from typing import ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from impasto.quality.feature_state import FeatureState, GramTotals, PatchRows, PooledMoments, PooledRows
from impasto.quality.features import PictureFeatures
from impasto.quality.metric import Compared, Group, MeanMetric, Metric

_State = TypeVar("_State", bound=FeatureState)
_MOST_ROWS = 4000
_SMALLEST_NORM = 1e-10
_SMALLEST_DEVIATION = 1e-6


class FeatureSetMetric(Metric, Protocol):
    """Compares all outputs with all references.

    Attributes
    ----------
    fewest_pictures
        With fewer outputs or fewer references, `compute` returns nan.
    """

    fewest_pictures: ClassVar[int]

    def update_reference(self, features: PictureFeatures) -> None:
        """Take in one reference."""

    def update_output(self, features: PictureFeatures) -> None:
        """Take in one output."""


class _TwoStates(Generic[_State]):
    """A state of the references and a like one of the outputs."""

    fewest_pictures: ClassVar[int] = 1
    group: ClassVar[Group] = "style"
    compared_with: ClassVar[Compared] = "references"
    higher_is_better: ClassVar[bool] = False
    reference: _State
    output: _State

    def update_reference(self, features: PictureFeatures) -> None:
        self.reference.add(features)

    def update_output(self, features: PictureFeatures) -> None:
        self.output.add(features)

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        self.reference.merge(other.reference)
        self.output.merge(other.output)

    def compute(self) -> float:
        """Return the distance, or nan with too few outputs or references."""
        if min(self.reference.count, self.output.count) < self.fewest_pictures:
            return float("nan")
        return self._distance()

    def _distance(self) -> float:
        raise NotImplementedError


class FrechetDistance(_TwoStates[PooledMoments]):
    """Fréchet distance of two normal distributions with the moments of pooled features (Heusel et al. 2017)."""

    name: ClassVar[str] = "fid"
    title: ClassVar[str] = "FID"
    fewest_pictures: ClassVar[int] = 2
    explanation: ClassVar[str] = (
        "How far outputs are from references in the encoder's features; few pictures raise it: compare equal numbers."
    )

    def __init__(self) -> None:
        self.reference, self.output = PooledMoments(), PooledMoments()

    def _distance(self) -> float:
        return frechet_distance(self.output.moments(), self.reference.moments())


class KernelDistance(_TwoStates[PooledRows]):
    """Squared maximum mean discrepancy of pooled features, cubic kernel, unbiased (Bińkowski et al. 2018)."""

    name: ClassVar[str] = "kid"
    title: ClassVar[str] = "KID"
    fewest_pictures: ClassVar[int] = 2
    explanation: ClassVar[str] = (
        "As FID, but fair with few pictures too; sets of one kind give 0, give or take, and so at times less than 0."
    )

    def __init__(self) -> None:
        self.reference, self.output = PooledRows(), PooledRows()

    def _distance(self) -> float:
        return kernel_distance(self.output.rows(), self.reference.rows())


class PatchKernelDistance(_TwoStates[PatchRows]):
    """KID over parts of pictures and early maps, each feature scaled by its spread over the references.

    Parts of 1/16 and maps up to stride 8 know textures, edges and colours, and not what a picture shows.
    """

    name: ClassVar[str] = "patch_kid"
    title: ClassVar[str] = "Patch KID"
    explanation: ClassVar[str] = (
        "How far small parts are from those of the references, whatever they show; 0 is in style."
    )

    def __init__(self) -> None:
        self.reference, self.output = PatchRows(), PatchRows()

    def _distance(self) -> float:
        outputs, references = self.output.rows(), self.reference.rows()
        mean = references.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = references.std(axis=0, dtype=np.float64).astype(np.float32)
        varying = deviation > _SMALLEST_DEVIATION
        outputs, references = (
            (rows[:, varying] - mean[varying]) / deviation[varying] for rows in (outputs, references)
        )
        return kernel_distance(outputs, references)


class GramDistance(_TwoStates[GramTotals]):
    """Distance of mean Gram matrices of early maps over the sum of their norms, averaged over stages."""

    name: ClassVar[str] = "gram_distance"
    title: ClassVar[str] = "Gram distance"
    explanation: ClassVar[str] = (
        "How far textures and colors are from the references' on average: 0 the same, 1 unrelated."
    )

    def __init__(self) -> None:
        self.reference, self.output = GramTotals(), GramTotals()

    def _distance(self) -> float:
        stages = zip(self.output.means(), self.reference.means(), strict=True)
        return float(np.mean([_relative_distance(gram, wanted) for gram, wanted in stages]))


class FeatureDistance(MeanMetric):
    """Distance of an output's features from its content's, as in LPIPS but with no learned weights (Zhang et al. 2018).

    At each place of each map, feature vectors are brought to unit length, and their squared distance is averaged over
    places and then over stages.
    """

    name: ClassVar[str] = "content_distance"
    title: ClassVar[str] = "Content distance"
    group: ClassVar[Group] = "content"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = "How far the encoder sees outputs from their contents, place by place; 0 is unchanged."

    def update(self, features: PictureFeatures, target: PictureFeatures) -> None:
        self.add(feature_distance(features, target))


class StyleContentProduct:
    """(1 + content distance) · (1 + FID): ArtFID on an encoder of choice (Wright & Ommer 2022)."""

    name: ClassVar[str] = "art_fid"
    title: ClassVar[str] = "ArtFID"
    group: ClassVar[Group] = "style"
    compared_with: ClassVar[Compared] = "references"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = (
        "Style and content in one: (1 + content distance) · (1 + FID). 1 is the least there is."
    )

    def __init__(self) -> None:
        self.style = FrechetDistance()
        self.content = FeatureDistance()

    def update_reference(self, features: PictureFeatures) -> None:
        self.style.update_reference(features)

    def update_output(self, features: PictureFeatures, content: PictureFeatures) -> None:
        self.style.update_output(features)
        self.content.update(features, content)

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        self.style.merge(other.style)
        self.content.merge(other.content)

    def compute(self) -> float:
        """Return the product, or nan where one of both has no meaning."""
        return style_content_product(self.content.compute(), self.style.compute())


FEATURE_SET_METRICS: tuple[type[FeatureSetMetric], ...] = (
    PatchKernelDistance,
    GramDistance,
    KernelDistance,
    FrechetDistance,
)
"""What says most of a few pictures comes first."""

_Moments = tuple[NDArray[np.float64], NDArray[np.float64]]


def frechet_distance(first: _Moments, second: _Moments) -> float:
    """Return |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁C₂)^½) of two pairs of mean D and covariance D×D."""
    (mean, covariance), (other_mean, other_covariance) = first, second
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    # The product is similar to this symmetric matrix, whose roots are real.
    shared = np.sqrt(np.linalg.eigvalsh(root @ other_covariance @ root).clip(0)).sum()
    apart = float(((mean - other_mean) ** 2).sum())
    return max(0.0, apart + float(np.trace(covariance) + np.trace(other_covariance) - 2 * shared))


def kernel_distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the unbiased squared discrepancy of rows N×D and M×D under the kernel (x·y / D + 1)³.

    Beyond 4000 rows, that many are taken at even spacing.
    """
    first, second = (rows[:: -(-len(rows) // _MOST_ROWS)] for rows in (first, second))
    if not first.shape[1]:
        return 0.0
    within = sum(
        float(_kernel_sum(rows, rows) - _own_kernels(rows)) / (len(rows) * (len(rows) - 1)) for rows in (first, second)
    )
    return within - 2 * _kernel_sum(first, second) / (len(first) * len(second))


def style_content_product(content_distance: float, frechet: float) -> float:
    """Return (1 + content distance) · (1 + FID)."""
    return (1 + content_distance) * (1 + frechet)


def feature_distance(features: PictureFeatures, target: PictureFeatures) -> float:
    """Return the mean squared distance of unit feature vectors of two pictures of one size."""
    stages = zip(features.maps, target.maps, strict=True)
    return float(np.mean([_unit_distance(one, other) for one, other in stages]))


def _unit_distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    units = [each / (np.sqrt((each * each).sum(axis=0)) + _SMALLEST_NORM) for each in (one, other)]
    return float(((units[0] - units[1]) ** 2).sum(axis=0).mean(dtype=np.float64))


def _relative_distance(gram: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    norm = float(np.linalg.norm(gram) + np.linalg.norm(wanted))
    return float(np.linalg.norm(gram - wanted)) / norm if norm else 0.0


def _kernel_sum(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    blocks = (first[start : start + 1000].astype(np.float64) for start in range(0, len(first), 1000))
    return sum(float(_cubic(block @ second.T.astype(np.float64), first.shape[1]).sum()) for block in blocks)


def _own_kernels(rows: NDArray[np.float32]) -> float:
    return float(_cubic((rows.astype(np.float64) ** 2).sum(axis=1), rows.shape[1]).sum())


def _cubic(products: NDArray[np.float64], num_features: int) -> NDArray[np.float64]:
    result: NDArray[np.float64] = (products / num_features + 1) ** 3
    return result
