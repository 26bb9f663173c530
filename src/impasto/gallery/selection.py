"""Which of many references belong together: whether they are of two styles, and which are the most coherent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.gallery.feature_space import fit_space
from impasto.gallery.features import feature_weights
from impasto.gallery.records import Features, Likeness

Points = NDArray[np.float32]
Indices = NDArray[np.int64]

MINIMUM_TO_SPLIT = 16
"""Among fewer pictures two styles cannot be told from chance."""
_MINIMUM_SHARE = 0.1
_MINIMUM_GROUP = 5
# Seventeen of eighteen real folders of one style or subject separate by 2.7 to 4.6, with valleys of 0.25 or more; two
# thirds of the 120 pairs of styles are beyond these limits, and there the groups are the styles to 96 % or more. Few
# pictures separate by chance, hence the allowance: 7 of 960 samples of 16 to 48 pictures of one folder are beyond.
_LEAST_SEPARATION = 5.0
_ALLOWANCE = 48.0
_DEEPEST_VALLEY = 0.15
# Of √2, which is what two random pictures of a varied folder are apart: groups that nobody could tell apart by eye.
_LEAST_DISTANCE = 0.5
_NUM_COMPONENTS = 6
_PICTURES_PER_COMPONENT = 8
_RIDGE = 0.1
_NUM_STARTS = 3
_MAX_ROUNDS = 100


def style_points(features: Sequence[Features]) -> Points:
    """Return the styles of pictures as points N×D, comparable by distance."""
    vectors = np.stack([each.style for each in features])
    return fit_space(vectors, feature_weights(Likeness.STYLE, vectors.shape[1]))(vectors)


def find_clusters(points: Points) -> list[Indices]:
    """Divide pictures of two styles.

    Two means are looked for among the main components, and believed only where hardly anything lies between them:
    folders of one style vary too, and a false alarm is worse than none.

    Parameters
    ----------
    points
        N×D, from `style_points`.

    Returns
    -------
    The indices of each group, ascending, the larger group first; all in one group unless there clearly are two styles.
    """
    everything = [np.arange(len(points))]
    if len(points) < MINIMUM_TO_SPLIT:
        return everything
    components = _main_components(points, min(_NUM_COMPONENTS, len(points) // _PICTURES_PER_COMPONENT))
    second = _two_means(components)
    fewest = min(second.sum(), (~second).sum())
    if fewest < max(_MINIMUM_GROUP, _MINIMUM_SHARE * len(points)):
        return everything
    between = components[second].mean(axis=0) - components[~second].mean(axis=0)
    if np.linalg.norm(between) < _LEAST_DISTANCE:
        return everything
    separation, valley = _separation(components, second)
    if separation < _LEAST_SEPARATION + _ALLOWANCE / len(points) or valley > _DEEPEST_VALLEY:
        return everything
    # Of groups of one size, the one that holds the first picture is first: the sign of a component is arbitrary.
    return sorted((np.flatnonzero(~second), np.flatnonzero(second)), key=lambda group: (-len(group), group[0]))


def pick_coherent(points: Points, count: int) -> Indices:
    """Choose the pictures that are most of one style.

    Of two styles the larger group is chosen from. Then the centre is moved to the mean of those nearest to it, until
    they stay the same: outliers have no say in where the middle is.

    Returns
    -------
    `count` indices, ascending, or as many as there are; of two styles, never more than the larger group.

    Raises
    ------
    UsageError
        `count` is less than 1.
    """
    if count < 1:
        raise UsageError(f"the number of pictures to pick must be at least 1, not {count}.")
    group = find_clusters(points)[0]
    if count >= len(group):
        return group
    members = points[group].astype(np.float64)
    center = np.median(members, axis=0)
    chosen = _nearest(members, center, count)
    for _ in range(_MAX_ROUNDS):
        better = _nearest(members, members[chosen].mean(axis=0), count)
        if np.array_equal(better, chosen):
            break
        chosen = better
    return group[chosen]


def _nearest(members: NDArray[np.float64], center: NDArray[np.float64], count: int) -> Indices:
    distances = np.square(members - center).sum(axis=1)
    return np.sort(np.argsort(distances, kind="stable")[:count])


def _main_components(points: Points, num_components: int) -> NDArray[np.float64]:
    centered = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centered, full_matrices=False)
    result: NDArray[np.float64] = (left * sizes)[:, :num_components]
    return result


def _two_means(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell the second of two groups, as compact as can be, from the first; several starts, no chance."""
    best, least = np.zeros(len(points), np.bool_), np.inf
    for component in points.T[:_NUM_STARTS]:
        second = component > np.median(component)
        for _ in range(_MAX_ROUNDS):
            if second.all() or not second.any():
                break
            first_distance, second_distance = (
                np.square(points - points[group].mean(axis=0)).sum(axis=1) for group in (~second, second)
            )
            spread = float(np.minimum(first_distance, second_distance).sum())
            moved = second_distance < first_distance
            if np.array_equal(moved, second):
                if spread < least:
                    best, least = second, spread
                break
            second = moved
    return best


def _separation(points: NDArray[np.float64], second: NDArray[np.bool_]) -> tuple[float, float]:
    """Measure two groups along the line that tells them best apart (Fisher's).

    Returns
    -------
    The distance of their means in deviations (Ashman's D, up to √2), and the least density between their middles as a
    part of the lower of the densities there.
    """
    groups = (points[~second], points[second])
    within = sum(np.cov(group.T, bias=True) * len(group) for group in groups) / len(points)
    within = np.atleast_2d(within)
    within = within + np.eye(len(within)) * (np.trace(within) / len(within) * _RIDGE + 1e-12)
    direction = np.linalg.solve(within, groups[1].mean(axis=0) - groups[0].mean(axis=0))
    first, other = (group @ direction for group in groups)
    deviation = np.sqrt((first.var() + other.var()) / 2) + 1e-12
    separation = abs(float(other.mean() - first.mean())) / float(deviation)
    return separation, _valley(first, other)


def _valley(first: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    positions = np.concatenate([first, other])
    # Silverman's rule, for the narrower group.
    width = 1.06 * min(first.std(), other.std()) * len(positions) ** -0.2 + 1e-12
    grid = np.linspace(np.median(first), np.median(other), 41)
    density = np.exp(-0.5 * np.square((grid[:, None] - positions) / width)).sum(axis=1)
    return float(density.min() / min(density[0], density[-1]))
