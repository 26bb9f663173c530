from __future__ import annotations

import numpy as np

from impasto.errors import StyleFileError
from impasto.live.pace import working_sides
from impasto.live.painter import LivePainter
from impasto.media.planar import PlanarFrame

from .live_parts import FakeClock, FakePaint, Inline, Later, drawn_frame, plain_frame

BUDGET = 0.036


def by_area(full: float) -> object:
    return lambda side: full * (side / 400) ** 2


def painter_of(style: FakePaint, background: Inline | Later | None = None, budget: float = BUDGET) -> LivePainter:
    return LivePainter(style, 1.0, budget, style.clock, background or Inline())


def test_the_result_is_what_the_stylizer_makes() -> None:
    frame = drawn_frame()
    result = painter_of(FakePaint(FakeClock()))(frame)
    expected = PlanarFrame.from_rgb(frame.to_rgb().with_pixels(255 - frame.to_rgb().pixels), frame)
    assert all(np.array_equal(a, b) for a, b in zip(result.planes, expected.planes, strict=True))


def test_what_is_remembered_comes_back() -> None:
    style = FakePaint(FakeClock())
    painter = painter_of(style)
    for shot in (0, 0, 1):
        painter(plain_frame(shot=shot))
    assert [state.shot for state in style.states] == [None, 0, 0]


def test_the_working_side_holds_the_rate() -> None:
    style = FakePaint(FakeClock(), cost=by_area(0.2))  # type: ignore[arg-type]
    painter = painter_of(style)
    for _ in range(60):
        painter(plain_frame())
    assert painter.side is not None
    assert style.cost(painter.side) <= BUDGET
    assert painter.side in working_sides(400)


def test_it_comes_back_up_when_there_is_time() -> None:
    style = FakePaint(FakeClock(), cost=by_area(0.2))  # type: ignore[arg-type]
    painter = painter_of(style)
    for _ in range(60):
        painter(plain_frame())
    style.cost = by_area(0.01)  # type: ignore[assignment]
    for _ in range(2000):
        style.clock.time += 0.03
        painter(plain_frame())
    assert painter.side == 400


def test_another_side_is_used_only_once_it_is_prepared() -> None:
    style, background = FakePaint(FakeClock(), cost=by_area(0.2)), Later()  # type: ignore[arg-type]
    painter = painter_of(style, background)
    first = painter.side
    for _ in range(20):
        painter(plain_frame())
    assert painter.side == first
    assert len(background.waiting) == 1
    style.asked.clear()
    background.do()
    [(_, prepared, _)] = style.asked
    painter(plain_frame())
    assert painter.side == prepared
    assert style.asked[-1][1] == prepared


def test_sides_are_few() -> None:
    """A network is compiled for each."""
    style = FakePaint(FakeClock())
    painter = painter_of(style)
    rng = np.random.default_rng(1)
    for _ in range(1500):
        load = rng.uniform(0.02, 0.4)
        style.cost = by_area(load)  # type: ignore[assignment]
        style.clock.time += 0.02
        painter(plain_frame())
    assert len({side for _, side, _ in style.asked}) <= 9


def test_a_side_that_cannot_be_prepared_is_not_used() -> None:
    style = FakePaint(FakeClock(), cost=by_area(0.2))  # type: ignore[arg-type]
    painter = painter_of(style)
    first, make = painter.side, style.stylizer

    def fail_elsewhere(strength: float, side: int | None) -> object:
        if side != first:
            raise StyleFileError("too small")
        return make(strength, side)

    style.stylizer = fail_elsewhere  # type: ignore[method-assign]
    for _ in range(30):
        painter(plain_frame())
    assert painter.side == first


def test_strength_changes_with_the_next_frame() -> None:
    style = FakePaint(FakeClock())
    painter = painter_of(style)
    painter(plain_frame())
    painter.strength = 0.3
    painter(plain_frame())
    assert [strength for strength, _, _ in style.asked] == [1.0, 0.3]


def test_the_stylizer_is_made_once() -> None:
    style = FakePaint(FakeClock())
    made: list[int | None] = []
    make = style.stylizer
    style.stylizer = lambda strength, side: (made.append(side), make(strength, side))[1]  # type: ignore
    painter = painter_of(style)
    for _ in range(5):
        painter(plain_frame())
    assert len(made) == 1


def test_what_does_not_paint_has_no_side() -> None:
    style = FakePaint(FakeClock(), working_side=None, cost=lambda side: 1.0)
    painter = painter_of(style)
    for _ in range(20):
        painter(plain_frame())
    assert painter.side is None
    assert {side for _, side, _ in style.asked} == {None}


def test_warming_leaves_no_trace() -> None:
    style = FakePaint(FakeClock())
    painter = painter_of(style)
    painter.warm(plain_frame(shot=7))
    painter(plain_frame(shot=0))
    assert style.states[-1].shot is None


def test_another_budget_is_taken_up() -> None:
    style = FakePaint(FakeClock(), cost=by_area(0.05))  # type: ignore[arg-type]
    painter = painter_of(style, budget=1.0)
    for _ in range(20):
        painter(plain_frame())
    before = painter.side
    painter.set_budget(0.01)
    for _ in range(20):
        painter(plain_frame())
    assert painter.side is not None
    assert before is not None
    assert painter.side < before
