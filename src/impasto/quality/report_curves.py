"""Training curves as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from impasto.quality.report_markup import Markup, markup
from impasto.quality.report_numbers import number_text

Point = tuple[int, float]

_WIDTH, _HEIGHT = 400, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 22, 12, 44
_MAX_POINTS = 400
_NUM_TICKS = 4


@dataclass(frozen=True, slots=True)
class _Axis:
    """Values from `low` to `high` along pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, smallest_step: float = 0.0) -> list[tuple[float, str]]:
        """Return a few round values within the axis, and how they are written."""
        step = max(smallest_step, _round_step((self.high - self.low) / _NUM_TICKS))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(self.place(index * step), _tick_text(index * step, step)) for index in range(first, last + 1)]


def _round_step(step: float) -> float:
    scale = 10.0 ** math.floor(math.log10(step))
    return scale * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * scale >= step * (1 - 1e-9))


def _tick_text(value: float, step: float) -> str:
    """Write all ticks of an axis with the same number of decimals, as far as that is readable."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9) + (f"{step:.1e}"[2] == "5"))
    return number_text(value) if decimals > 4 or value == 0 or step >= 1 else f"{value:.{decimals}f}".replace("-", "−")


def curve_chart(title: str, curve: Sequence[Point]) -> Markup:
    """Draw one curve, its axes and its last value.

    Gaps stay where values are not finite. A curve without any finite value becomes a sentence.
    """
    points = sorted((int(step), float(value)) for step, value in curve)
    finite = [point for point in points if math.isfinite(point[1])]
    if not finite:
        return markup('<figure class="curve"><figcaption>${t}</figcaption><p>No values.</p></figure>', t=title)
    across, up = _axes(finite)
    return markup(
        '<figure class="curve"><figcaption><span>${title}</span> <b>${last}</b></figcaption>'
        '<svg viewBox="0 0 ${width} ${height}" role="img"><title>${summary}</title>'
        '<g aria-hidden="true">${grid}${lines}${end}<text class="axis" x="${middle}" y="${foot}">step</text></g>'
        "</svg></figure>",
        title=title,
        last=number_text(finite[-1][1]),
        width=str(_WIDTH),
        height=str(_HEIGHT),
        summary=_summary(title, finite),
        grid=_grid(across, up),
        lines=[_line(run, across, up) for run in _runs(points)],
        end=_dot(finite[-1], across, up),
        middle=f"{(across.start + across.end) / 2:.0f}",
        foot=str(_HEIGHT - 6),
    )


def _summary(title: str, finite: Sequence[Point]) -> str:
    values = [value for _, value in finite]
    (first_step, first), (last_step, last) = finite[0], finite[-1]
    return (
        f"{title}: {number_text(first)} at step {number_text(first_step)}, "
        f"{number_text(last)} at step {number_text(last_step)}; "
        f"lowest {number_text(min(values))}, highest {number_text(max(values))}."
    )


def _axes(finite: Sequence[Point]) -> tuple[_Axis, _Axis]:
    steps, values = zip(*finite, strict=True)
    across = _Axis(*_widened(min(steps), max(steps), 0.0), _LEFT, _WIDTH - _RIGHT)
    return across, _Axis(*_widened(min(values), max(values), 0.05), _HEIGHT - _BOTTOM, _TOP)


def _widened(low: float, high: float, margin: float) -> tuple[float, float]:
    """Leave air around the values, and a width where they are all alike."""
    span = high - low
    if span <= 1e-9 * max(abs(low), abs(high)):
        return low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    return low - margin * span, high + margin * span


def _grid(across: _Axis, up: _Axis) -> Iterator[Markup]:
    for place, text in up.ticks():
        y = f"{place:.1f}"
        yield Markup(f'<path class="grid" d="M{across.start} {y}H{across.end}"/>')
        yield markup('<text class="up" x="${x}" y="${y}">${v}</text>', x=str(_LEFT - 8), y=y, v=text)
    for place, text in across.ticks(smallest_step=1.0):
        x = f"{place:.1f}"
        yield markup('<text x="${x}" y="${y}">${v}</text>', x=x, y=str(_HEIGHT - _BOTTOM + 18), v=text)


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield stretches without a gap."""
    run: list[Point] = []
    for point in points:
        if math.isfinite(point[1]):
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(run: Sequence[Point], across: _Axis, up: _Axis) -> Markup:
    if len(run) == 1:
        return _dot(run[0], across, up)
    places = " ".join(f"{across.place(step):.1f},{up.place(value):.1f}" for step, value in _thinned(run))
    return Markup(f'<polyline points="{places}"/>')


def _dot(point: Point, across: _Axis, up: _Axis) -> Markup:
    return Markup(f'<circle cx="{across.place(point[0]):.1f}" cy="{up.place(point[1]):.1f}" r="3"/>')


def _thinned(run: Sequence[Point]) -> Sequence[Point]:
    """Keep the lowest and the highest of each stretch of a long curve, so that no spike is lost."""
    if len(run) <= _MAX_POINTS:
        return run
    length = math.ceil(2 * len(run) / _MAX_POINTS)
    kept: list[Point] = []
    for start in range(0, len(run), length):
        part = run[start : start + length]
        kept += sorted({min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])})
    return kept if kept[-1] == run[-1] else [*kept, run[-1]]
