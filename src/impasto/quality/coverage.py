"""How good single outputs are, and how much of the references they cover: two numbers where FID and KID give one.

T. Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models", 2019. Each set stands
for all that lies as near to one of its members as that member's own neighbours do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.quality.feature_metrics import frechet_distance, kernel_distance
from impasto.quality.features import FeatureReader

NUM_NEIGHBOURS = 3
_AT_ONCE = 512

Rows = NDArray[np.float32]
"""Pooled features, N×D."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What outputs have to do with references, in the features of one encoder.

    Attributes
    ----------
    fid, kid
        As `impasto.quality.feature_metrics` has them; 0 is best.
    precision
        Share of outputs that could be references, in [0, 1].
    recall
        Share of references that could be outputs: what has collapsed has little.
    nearness
        Median distance of outputs to their nearest reference over that of references to theirs: about 1 for new
        pictures of the same kind, near 0 where references are given back.
    """

    fid: float
    kid: float
    precision: float
    recall: float
    nearness: float


def read_pooled(images: Iterable[NDArray[Any]], reader: FeatureReader) -> Rows:
    """Return the pooled features of pictures, H×W×3 of float32 in [0, 1] or of uint8, one a row."""
    rows = [reader(image).pooled.astype(np.float32) for image in images]
    if not rows:
        raise UsageError("there are no pictures to compare")
    return np.stack(rows)


def measure_coverage(outputs: Rows, references: Rows, num_neighbours: int = NUM_NEIGHBOURS) -> Coverage:
    """Compare two sets of features, of which each must have more members than neighbours are looked at.

    Numbers depend on how many there are: compare only what was measured with as many.

    Raises
    ------
    UsageError
        There are too few.
    """
    fewest = min(len(outputs), len(references))
    if fewest <= num_neighbours:
        raise UsageError(f"coverage takes more than {num_neighbours} outputs and references, not {fewest}")
    precision, recall = precision_and_recall(outputs, references, num_neighbours)
    return Coverage(
        frechet_distance(_moments(outputs), _moments(references)),
        kernel_distance(outputs, references),
        precision,
        recall,
        _nearness(outputs, references),
    )


def precision_and_recall(outputs: Rows, references: Rows, num_neighbours: int = NUM_NEIGHBOURS) -> tuple[float, float]:
    """Return the share of outputs within the references' reach, and that of references within the outputs'."""
    return _within(outputs, references, num_neighbours), _within(references, outputs, num_neighbours)


def _within(points: Rows, members: Rows, num_neighbours: int) -> float:
    # Each is its own nearest, at distance 0: that one does not count.
    reach = np.concatenate([np.partition(part, num_neighbours)[:, num_neighbours] for part in _apart(members, members)])
    return float(np.mean(np.concatenate([(part <= reach).any(axis=1) for part in _apart(points, members)])))


def _nearness(outputs: Rows, references: Rows) -> float:
    found = np.concatenate([part.min(axis=1) for part in _apart(outputs, references)])
    usual = np.concatenate([np.partition(part, 1)[:, 1] for part in _apart(references, references)])
    return float(np.sqrt(np.median(found)) / max(float(np.sqrt(np.median(usual))), 1e-12))


def _apart(points: Rows, members: Rows) -> Iterable[NDArray[np.float64]]:
    """Yield squared distances of some points to all members, n×M."""
    ours, theirs = points.astype(np.float64), members.astype(np.float64)
    lengths = (theirs**2).sum(axis=1)
    for first in range(0, len(ours), _AT_ONCE):
        part = ours[first : first + _AT_ONCE]
        yield np.maximum(0, (part**2).sum(axis=1)[:, None] + lengths - 2 * part @ theirs.T)


def _moments(rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return rows.mean(axis=0, dtype=np.float64), np.cov(rows.astype(np.float64), rowvar=False).reshape(rows.shape[1], -1)
