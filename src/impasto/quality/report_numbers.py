"""Numbers as people read them, and where one number stands among the others."""

from __future__ import annotations

import math
from collections.abc import Sequence

from impasto.quality.results import Evaluation

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NARROW_SPACE = "\u202f"
_MINUS = "\u2212"
NOTHING = "–"
"""Stands where there is no number."""


def is_number(value: float | None) -> bool:
    """Tell whether there is a number to show: infinity is one, nan is not."""
    return value is not None and not math.isnan(value)


def number_text(value: float | None) -> str:
    """Write a number with three significant digits, or a dash."""
    if value is None or math.isnan(value):
        return NOTHING
    return (_MINUS if value < 0 else "") + _unsigned_text(abs(value))


def _unsigned_text(size: float) -> str:
    if math.isinf(size):
        return "∞"
    if size == 0:
        return "0"
    exponent = math.floor(math.log10(float(f"{size:.2e}")))
    if not -3 <= exponent <= 9:
        mantissa = f"{size:.2e}".partition("e")[0].rstrip("0").rstrip(".")
        return f"{mantissa}×10{str(exponent).translate(_SUPERSCRIPT)}"
    if exponent >= 3 or float(size).is_integer():
        return f"{size:,.0f}".replace(",", _NARROW_SPACE)
    return f"{size:.{max(0, 2 - exponent)}f}"


def seconds_text(seconds: float) -> str:
    """Write a duration, such as "41 ms", "4.1 s" or "1 min 12 s"."""
    if 0.0005 <= seconds < 0.9995:
        return f"{seconds * 1000:.0f}\u00a0ms"
    if seconds < 60:
        return f"{number_text(seconds)}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}\u00a0min {rest}\u00a0s"


def counted(number: int, noun: str) -> str:
    """Write "1 picture" or "2 pictures"."""
    return f"{number_text(number)} {noun}{'' if number == 1 else 's'}"


class Standing:
    """Where a picture stands among all, metric by metric, from 0 for the worst to 1 for the best."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._upwards = {metric.name: metric.higher_is_better for metric in evaluation.metrics}
        self._ranges = {name: self._range(evaluation, name) for name in self._upwards}

    @staticmethod
    def _range(evaluation: Evaluation, name: str) -> tuple[float, float] | None:
        finite = finite_numbers([each.metrics.get(name, math.nan) for each in evaluation.pictures])
        return (min(finite), max(finite)) if finite and min(finite) < max(finite) else None

    def of(self, name: str, value: float) -> float | None:
        """Return None where nobody can say: an unknown metric, one picture, or all alike."""
        limits = self._ranges.get(name)
        if limits is None or not math.isfinite(value):
            return None
        share = (value - limits[0]) / (limits[1] - limits[0])
        return share if self._upwards[name] else 1 - share


def finite_numbers(values: Sequence[float]) -> list[float]:
    """Leave out nan and infinity."""
    return [float(value) for value in values if math.isfinite(value)]
