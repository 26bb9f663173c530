"""Which pictures are worst, beside the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

_FURTHEST = 8.0
_MAD_TO_DEVIATION = 1.4826
_SMALLEST_SPREAD = 0.02
"""Of the median: metrics that hardly differ between pictures must not decide which is worst."""
_SHARE_OF_REST = 0.1


class Direction(NamedTuple):
    """How a metric counts."""

    group: str
    higher_is_better: bool


def badness(pictures: Sequence[Mapping[str, float]], directions: Mapping[str, Direction]) -> list[float]:
    """Return for each picture how much worse it is than the median picture, in deviations.

    The metric that a picture is worst at counts, and the means of the groups a tenth as much: a picture that fails at
    one thing stands out however good it is at another. Deviations are robust and cut at 8. A metric that a picture
    lacks says nothing.

    Parameters
    ----------
    pictures
        Values by metric name.
    directions
        Of the metrics that count.
    """
    by_group: list[dict[str, list[float]]] = [{} for _ in pictures]
    for name, (group, higher_is_better) in directions.items():
        values = np.array([picture.get(name, np.nan) for picture in pictures], np.float64)
        for groups, score in zip(by_group, _scores(-values if higher_is_better else values), strict=True):
            if not np.isnan(score):
                groups.setdefault(group, []).append(score)
    return [_total(groups.values()) for groups in by_group]


def _total(groups: Collection[list[float]]) -> float:
    if not groups:
        return 0.0
    return max(map(max, groups)) + _SHARE_OF_REST * float(np.mean([np.mean(scores) for scores in groups]))


def _scores(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return [float("nan")] * len(values)
    median = float(np.median(known))
    deviation = _MAD_TO_DEVIATION * float(np.median(np.abs(known - median))) or float(known.std())
    deviation = max(deviation, _SMALLEST_SPREAD * abs(median), float(np.finfo(np.float64).tiny))
    return [float(score) for score in np.clip((values - median) / deviation, -_FURTHEST, _FURTHEST)]
