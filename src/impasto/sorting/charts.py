"""Charts of a classifier as SVG: who is taken for whom, and whether confidence can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from impasto.quality.report_markup import Markup, markup
from impasto.sorting.calibration import Bin, Numbers

MAX_SHOWN_CLASSES = 40
_CELL, _LETTER, _MARGIN = 44, 6.6, 10
_LONGEST_SHOWN = 18
_SIDE, _LEFT, _BOTTOM = 300, 48, 44
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_DARK = 0.55
"""From this share on, a number stands on a dark cell."""


def confusion_chart(labels: Sequence[str], confusion: NDArray[np.int64]) -> Markup:
    """Draw C×C counts: a row for each true class, a column for what it was taken for."""
    if len(labels) > MAX_SHOWN_CLASSES:
        return markup("<p>There are too many classes to draw them all; see the table.</p>")
    shown = [label if len(label) <= _LONGEST_SHOWN else label[: _LONGEST_SHOWN - 1] + "…" for label in labels]
    edge = round(max(len(label) for label in shown) * _LETTER) + 2 * _MARGIN
    side = edge + _CELL * len(labels)
    return markup(
        '<svg class="confusion" viewBox="0 0 ${side} ${side}" role="img"><title>${summary}</title>'
        '<g aria-hidden="true">${names}${cells}</g></svg>',
        side=str(side + _MARGIN),
        summary=_confusion_summary(labels, confusion),
        names=_names(shown, edge),
        cells=_cells(confusion, edge),
    )


def _confusion_summary(labels: Sequence[str], confusion: NDArray[np.int64]) -> str:
    right, number = int(np.trace(confusion)), int(confusion.sum())
    mistaken = "; ".join(f"{count} {true} taken for {guess}" for true, guess, count in mix_ups(labels, confusion)[:3])
    return f"{right} of {number} right. {mistaken or 'No class is taken for another'}."


def mix_ups(labels: Sequence[str], confusion: NDArray[np.int64]) -> list[tuple[str, str, int]]:
    """Return (true class, what it was taken for, how often), the most frequent first."""
    found = [
        (labels[row], labels[column], int(confusion[row, column]))
        for row, column in zip(*np.nonzero(confusion), strict=True)
        if row != column
    ]
    return sorted(found, key=lambda each: (-each[2], each[0], each[1]))


def _names(shown: Sequence[str], edge: int) -> Iterator[Markup]:
    for index, name in enumerate(shown):
        middle = edge + _CELL * index + _CELL / 2
        place = f"{middle:.0f}"
        yield markup('<text class="up" x="${x}" y="${y}">${name}</text>', x=str(edge - _MARGIN), y=place, name=name)
        turn = f"rotate(-90 {place} {edge - _MARGIN})"
        yield markup(
            '<text class="across" x="${x}" y="${y}" transform="${turn}">${name}</text>',
            x=place,
            y=str(edge - _MARGIN),
            turn=turn,
            name=name,
        )


def _cells(confusion: NDArray[np.int64], edge: int) -> Iterator[Markup]:
    totals = np.maximum(confusion.sum(axis=1), 1)
    for row, column in np.ndindex(*confusion.shape):
        count = int(confusion[row, column])
        share = count / int(totals[row])
        x, y = edge + _CELL * column, edge + _CELL * row
        kind = "right" if row == column else "wrong"
        yield Markup(
            f'<rect class="{kind}" x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{_CELL - 2}" rx="3"'
            f' fill-opacity="{share:.3f}"/>'
        )
        if count:
            dark = " dark" if share >= _DARK else ""
            yield Markup(f'<text class="count{dark}" x="{x + _CELL / 2:.0f}" y="{y + _CELL / 2:.0f}">{count}</text>')


def reliability_chart(bins: Sequence[Bin]) -> Markup:
    """Draw the share of true guesses against their confidence; on the diagonal, confidence means what it says."""
    most = max((each.count for each in bins), default=1)
    return markup(
        '<svg class="reliability" viewBox="0 0 ${width} ${height}" role="img"><title>${summary}</title>'
        '<g aria-hidden="true">${grid}<path class="diagonal" d="M${x0} ${y0}L${x1} ${y1}"/>${bars}'
        '<text class="axis" x="${middle}" y="${foot}">confidence</text></g></svg>',
        width=str(_LEFT + _SIDE + 2 * _MARGIN),
        height=str(_SIDE + _BOTTOM + _MARGIN),
        summary="; ".join(
            f"confidence {each.confidence:.2f}: {each.accuracy:.2f} right of {each.count}" for each in bins
        ),
        grid=_grid(),
        x0=f"{_across(0):.1f}",
        y0=f"{_up(0):.1f}",
        x1=f"{_across(1):.1f}",
        y1=f"{_up(1):.1f}",
        bars=[_bar(each, most) for each in bins],
        middle=f"{_across(0.5):.0f}",
        foot=str(_SIDE + _BOTTOM + _MARGIN - 6),
    )


def coverage_chart(confidences: Numbers, right: NDArray[np.bool_]) -> Markup:
    """Draw how many labels are right if only the surest share of the pictures gets one."""
    order = np.argsort(-confidences, kind="stable")
    number = len(order)
    shares = np.arange(1, number + 1) / number
    accuracies = np.cumsum(right[order]) / np.arange(1, number + 1)
    low = max(0.0, np.floor(10 * float(accuracies.min()) - 1) / 10)
    places = " ".join(
        f"{_across(share):.1f},{_up((accuracy - low) / (1 - low)):.1f}"
        for share, accuracy in zip(shares, accuracies, strict=True)
    )
    return markup(
        '<svg class="coverage" viewBox="0 0 ${width} ${height}" role="img"><title>${summary}</title>'
        '<g aria-hidden="true">${grid}<polyline points="${places}"/>'
        '<text class="axis" x="${middle}" y="${foot}">share of pictures that get a label</text></g></svg>',
        width=str(_LEFT + _SIDE + 2 * _MARGIN),
        height=str(_SIDE + _BOTTOM + _MARGIN),
        summary=f"{accuracies[max(0, number // 2 - 1)]:.3f} of the surest half are right, {accuracies[-1]:.3f} of all.",
        grid=_grid(low),
        places=places,
        middle=f"{_across(0.5):.0f}",
        foot=str(_SIDE + _BOTTOM + _MARGIN - 6),
    )


def _across(share: float) -> float:
    return _LEFT + share * _SIDE


def _up(share: float) -> float:
    return _MARGIN + (1 - share) * _SIDE


def _grid(low: float = 0.0) -> Iterator[Markup]:
    for tick in _TICKS:
        x, y = _across(tick), _up(tick)
        yield Markup(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_LEFT + _SIDE}"/>')
        yield Markup(f'<text class="up" x="{_LEFT - 8}" y="{y:.1f}">{100 * (low + tick * (1 - low)):.0f} %</text>')
        yield Markup(f'<text x="{x:.1f}" y="{_MARGIN + _SIDE + 18}">{100 * tick:.0f} %</text>')


def _bar(each: Bin, most: int) -> Markup:
    left, right = _across(each.low) + 2, _across(each.high) - 2
    top = _up(each.accuracy)
    opacity = 0.25 + 0.75 * each.count / most
    return Markup(
        f'<rect class="bin" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}"'
        f' height="{max(_up(0) - top, 1):.1f}" fill-opacity="{opacity:.2f}"/>'
        f'<circle cx="{_across(each.confidence):.1f}" cy="{top:.1f}" r="3"/>'
    )
