from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from impasto.apply.lut import Lut3D
from impasto.errors import StyleFileError
from impasto.live.grader import REFRESH_EVERY, LiveGrader, eased_lut
from impasto.media.planar import PlanarFrame

from .live_parts import FakeClock, FakeLook, Inline, Later, drawn_frame, plain_frame

FAR = REFRESH_EVERY + 0.01


def grader_of(
    style: FakeLook, clock: FakeClock, background: Inline | Later | None = None, strength: float = 1.0
) -> LiveGrader:
    return LiveGrader(style, strength, clock, background or Inline())


def mean(frame: PlanarFrame) -> float:
    return float(frame.planes[0].mean())


def test_a_frame_is_graded_by_its_look() -> None:
    grader = grader_of(FakeLook(), FakeClock())
    assert mean(grader(plain_frame(100))) == pytest.approx(100 + 0.2 * 219, abs=1)


def test_the_strength_holds() -> None:
    grader = grader_of(FakeLook(), FakeClock(), strength=0.5)
    assert mean(grader(plain_frame(100))) == pytest.approx(100 + 0.1 * 219, abs=1)


def test_within_the_interval_the_same_lut_serves() -> None:
    style = FakeLook()
    grader = grader_of(style, FakeClock())
    for _ in range(10):
        grader(plain_frame())
    assert style.runtime.num_runs == 1


def test_a_look_that_changes_is_followed_slowly_and_reached() -> None:
    style, clock = FakeLook(), FakeClock()
    grader = grader_of(style, clock)
    before = mean(grader(plain_frame()))
    style.runtime.amount = 0.4
    seen = [before]
    for _ in range(60):
        clock.time += FAR
        grader(plain_frame())
        seen.append(mean(grader(plain_frame())))
    steps = np.diff(seen)
    assert 0 < steps.max() <= 3
    assert steps.min() >= 0
    assert seen[-1] == pytest.approx(before + 0.2 * 219, abs=2)


def test_a_look_that_trembles_does_not_show() -> None:
    style, clock = FakeLook(), FakeClock()
    grader = grader_of(style, clock)
    first = grader(drawn_frame())
    for number in range(20):
        clock.time += FAR
        style.runtime.amount = 0.2 + (0.002 if number % 2 else -0.002)
        result = grader(drawn_frame())
        assert all(np.array_equal(a, b) for a, b in zip(result.planes, first.planes, strict=True))


def test_the_frame_never_waits_for_the_background() -> None:
    style, clock, background = FakeLook(), FakeClock(), Later()
    grader = grader_of(style, clock, background)
    before = mean(grader(plain_frame()))
    style.runtime.amount = 0.5
    clock.time += FAR
    assert mean(grader(plain_frame())) == before
    assert mean(grader(plain_frame())) == before
    assert len(background.waiting) == 1
    background.do()
    assert mean(grader(plain_frame())) > before


def test_a_new_lut_is_baked_before_it_is_used() -> None:
    style, clock = FakeLook(), FakeClock()
    grader = grader_of(style, clock)
    frame = drawn_frame()
    grader(frame)
    style.runtime.amount = 0.5
    clock.time += FAR
    grader(frame)
    held = grader._held
    assert held is not None
    num_baked = held.lut.num_columns
    assert num_baked > 1
    grader(frame)
    assert held.lut.num_columns == num_baked


def test_a_cut_takes_its_own_lut_at_once() -> None:
    style = FakeLook()
    grader = grader_of(style, FakeClock(), Later())
    grader(plain_frame(100))
    style.runtime.amount = 0.5
    assert mean(grader(plain_frame(100, shot=1))) == pytest.approx(100 + 0.5 * 219, abs=1)


def test_what_was_begun_before_a_cut_does_not_come_after_it() -> None:
    style, clock, background = FakeLook(), FakeClock(), Later()
    grader = grader_of(style, clock, background)
    grader(plain_frame())
    clock.time += FAR
    style.runtime.amount = 0.9
    grader(plain_frame())
    style.runtime.amount = 0.1
    grader(plain_frame(shot=1))
    background.do()
    assert mean(grader(plain_frame(shot=1))) == pytest.approx(100 + 0.1 * 219, abs=1)


def test_another_range_of_codes_takes_another_lut() -> None:
    grader = grader_of(FakeLook(), FakeClock())
    frame = plain_frame(100)
    grader(frame)
    full = replace(frame, color=replace(frame.color, full_range=True))
    assert mean(grader(full)) == pytest.approx(100 + 0.2 * 255, abs=1)


def test_strength_is_followed_without_easing() -> None:
    grader = grader_of(FakeLook(), FakeClock())
    grader(plain_frame(100))
    grader.strength = 0.25
    grader(plain_frame(100))
    assert mean(grader(plain_frame(100))) == pytest.approx(100 + 0.05 * 219, abs=1)


def test_a_network_that_fails_later_leaves_the_lut_in_use() -> None:
    style, clock = FakeLook(), FakeClock()
    grader = grader_of(style, clock)
    before = grader(plain_frame())
    style.runtime.fails = True
    clock.time += FAR
    grader(plain_frame())
    assert np.array_equal(grader(plain_frame()).planes[0], before.planes[0])
    style.runtime.fails, style.runtime.amount = False, 0.9
    clock.time += FAR
    grader(plain_frame())
    assert mean(grader(plain_frame())) > mean(before)


def test_a_network_that_fails_at_first_is_told() -> None:
    style = FakeLook()
    style.runtime.fails = True
    with pytest.raises(StyleFileError, match="broken"):
        grader_of(style, FakeClock())(plain_frame())


def test_warming_prepares_what_the_frame_will_need() -> None:
    style = FakeLook()
    grader = grader_of(style, FakeClock())
    grader.warm(drawn_frame())
    assert style.runtime.num_runs == 1
    grader(drawn_frame())
    assert style.runtime.num_runs == 1


def test_memory_stays_flat() -> None:
    """Each LUT takes the place of the one before."""
    import gc

    from impasto.apply.planar_lut import PlanarLut

    style, clock = FakeLook(), FakeClock()
    grader = grader_of(style, clock)
    for number in range(40):
        style.runtime.amount = 0.2 + 0.5 * (number % 2)
        clock.time += FAR
        grader(plain_frame())
    gc.collect()
    assert sum(isinstance(each, PlanarLut) for each in gc.get_objects()) <= 3


def test_easing_takes_steps_that_are_not_seen() -> None:
    dark, light = Lut3D.identity(9), Lut3D(np.full((9, 9, 9, 3), 1.0, np.float32))
    step = eased_lut(dark, light)
    assert 0 < np.abs(step.table - dark.table).max() <= 2.01 / 255


def test_easing_ends() -> None:
    lut = Lut3D.identity(9)
    assert eased_lut(lut, Lut3D.identity(9)) is lut


def test_easing_takes_luts_of_different_sizes() -> None:
    other = Lut3D(Lut3D.identity(17).table ** 2)
    lut = Lut3D.identity(5)
    for _ in range(400):
        following = eased_lut(lut, other)
        if following is lut:
            break
        lut = following
    assert np.abs(lut.table - other.table).max() <= 0.76 / 255
