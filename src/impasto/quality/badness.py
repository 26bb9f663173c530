"""Which pictures are worst, beside the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

_FURTHEST = 4.0
_MAD_TO_DEVIATION = 1.4826


class Direction(NamedTuple):
    """How a metric counts."""

    group: str
    higher_is_better: bool


def badness(pictures: Sequence[Mapping[str, float]], directions: Mapping[str, Direction]) -> list[float]:
    """Return for each picture how much worse it is than the median picture, in deviations.

    Of each group of metrics the worst counts, and groups are averaged: a picture that fails at one thing stands out
    however good it is at another. Deviations are robust and cut at 4. A metric that a picture lacks says nothing.

    Parameters
    ----------
    pictures
        Values by metric name.
    directions
        Of the metrics that count.
    """
    worst: list[dict[str, float]] = [{} for _ in pictures]
    for name, (group, higher_is_better) in directions.items():
        values = np.array([picture.get(name, np.nan) for picture in pictures], np.float64)
        for position, score in enumerate(_scores(-values if higher_is_better else values)):
            if not np.isnan(score):
                worst[position][group] = max(score, worst[position].get(group, -_FURTHEST))
    return [float(np.mean(list(groups.values()))) if groups else 0.0 for groups in worst]


def _scores(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return [float("nan")] * len(values)
    median = np.median(known)
    deviation = _MAD_TO_DEVIATION * float(np.median(np.abs(known - median))) or float(known.std())
    if deviation <= 1e-9 * max(1.0, abs(float(median))):
        return [0.0 if np.isfinite(value) else float("nan") for value in values]
    return [float(score) for score in np.clip((values - median) / deviation, -_FURTHEST, _FURTHEST)]
