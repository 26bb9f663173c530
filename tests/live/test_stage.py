from __future__ import annotations

import numpy as np
import pytest

from impasto.errors import StyleFileError, UsageError
from impasto.live.stage import LiveStage
from impasto.media.planar import PlanarFrame
from impasto.style.finish import Finish

from .live_parts import BrighteningRuntime, FakeClock, FakeLook, FakePaint, Inline, Later, drawn_frame, plain_frame


def stage_of(style: object, background: Inline | Later | None = None, **more: object) -> LiveStage:
    return LiveStage(style, clock=FakeClock(), background=background or Inline(), **more)  # type: ignore[arg-type]


def luma(frame: PlanarFrame) -> float:
    return float(frame.planes[0].mean())


def look(name: str, amount: float) -> FakeLook:
    return FakeLook(name, BrighteningRuntime(amount))


def test_a_look_is_laid_on() -> None:
    assert luma(stage_of(look("a", 0.2)).stylize(plain_frame(100))) == pytest.approx(144, abs=1)


def test_at_strength_zero_frames_pass_unchanged() -> None:
    frame = drawn_frame()
    result = stage_of(look("a", 0.2), strength=0).stylize(frame)
    assert all(np.array_equal(a, b) for a, b in zip(result.planes, frame.planes, strict=True))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    stage = stage_of(look("a", 0.2))
    with pytest.raises(UsageError):
        stage.strength = strength
    with pytest.raises(UsageError):
        stage_of(look("a", 0.2), strength=strength)
    assert stage.strength == 1


def test_strength_may_go_from_zero_up() -> None:
    stage = stage_of(look("a", 0.2), strength=0)
    stage.stylize(plain_frame(100))
    stage.strength = 1
    stage.stylize(plain_frame(100))
    assert luma(stage.stylize(plain_frame(100))) == pytest.approx(144, abs=1)


def test_paint_remembers_nothing_of_before_it_was_turned_off() -> None:
    style = FakePaint(FakeClock())
    stage = stage_of(style)
    for strength in (1, 1, 0, 1, 1):
        stage.strength = strength
        stage.stylize(plain_frame(100))
    shots = [shot for *_, shot in style.asked]
    assert shots[0] == shots[1] != shots[2] == shots[3]


def test_frames_are_numbered_and_keep_their_times() -> None:
    stage = stage_of(look("a", 0.2))
    results = [stage.stylize(drawn_frame(index)) for index in (5, 9, 12)]
    assert [frame.index for frame in results] == [0, 1, 2]


def test_another_style_comes_with_the_frame_after_it_is_ready() -> None:
    background = Later()
    stage = stage_of(look("a", 0.2), background)
    stage.stylize(plain_frame(100))
    done = stage.switch(lambda: look("b", 0.4))
    seen = [luma(stage.stylize(plain_frame(100))) for _ in range(3)]
    assert seen == pytest.approx([144] * 3, abs=1)
    assert not done.done()
    background.do()
    assert done.result(0) is None
    assert stage.style_name == "a"
    assert luma(stage.stylize(plain_frame(100))) == pytest.approx(188, abs=1)
    assert stage.style_name == "b"


def test_a_style_is_prepared_before_it_is_shown() -> None:
    """So that the first frame in it takes no longer than others."""
    background, following = Later(), look("b", 0.4)
    stage = stage_of(look("a", 0.2), background)
    stage.stylize(plain_frame(100))
    stage.switch(lambda: following)
    background.do()
    assert following.runtime.num_runs == 1
    stage.stylize(plain_frame(100))
    assert following.runtime.num_runs == 1


def test_every_frame_shows_one_style_wholly() -> None:
    background = Later()
    stage = stage_of(look("a", 0.2), background)
    allowed = {144, 188, 122}
    for number in range(40):
        if number % 7 == 0:
            amount = (0.1, 0.4, 0.2)[number % 3]
            stage.switch(lambda amount=amount: look("x", amount))  # type: ignore[misc]
        if number % 7 == 4:
            background.do()
        result = stage.stylize(plain_frame(100)).planes[0]
        assert len(np.unique(result)) == 1
        assert min(abs(int(result[0, 0]) - each) for each in allowed) <= 1


def test_of_several_styles_the_last_counts() -> None:
    background = Later()
    stage = stage_of(look("a", 0.2), background)
    loaded: list[str] = []

    def load(name: str) -> FakeLook:
        loaded.append(name)
        return look(name, 0.4)

    for name in ("b", "c", "d"):
        stage.switch(lambda name=name: load(name))  # type: ignore[misc]
    background.do()
    stage.stylize(plain_frame())
    assert loaded == ["d"]
    assert stage.style_name == "d"


def test_a_style_that_cannot_be_loaded_leaves_the_old_one() -> None:
    stage = stage_of(look("a", 0.2))

    def fail() -> FakeLook:
        raise StyleFileError("no such thing")

    done = stage.switch(fail)
    assert isinstance(done.exception(0), StyleFileError)
    assert luma(stage.stylize(plain_frame(100))) == pytest.approx(144, abs=1)


def test_a_style_whose_network_fails_leaves_the_old_one() -> None:
    stage = stage_of(look("a", 0.2))
    stage.stylize(plain_frame(100))
    broken = look("b", 0.4)
    broken.runtime.fails = True
    assert isinstance(stage.switch(lambda: broken).exception(0), StyleFileError)
    stage.stylize(plain_frame(100))
    assert stage.style_name == "a"


def test_paint_begins_anew_after_a_switch_and_at_a_cut() -> None:
    clock = FakeClock()
    first, second = FakePaint(clock, "one"), FakePaint(clock, "two")
    stage = stage_of(first)
    stage.stylize(plain_frame())
    stage.stylize(plain_frame())
    stage.begin_scene()
    stage.stylize(plain_frame())
    assert [(state.shot, shot) for state, (_, _, shot) in zip(first.states, first.asked, strict=True)] == [
        (None, 0),
        (0, 0),
        (0, 1),
    ]
    stage.switch(lambda: second)
    stage.stylize(plain_frame())
    assert second.states[-1].shot is None


def test_another_size_is_another_scene() -> None:
    style = FakePaint(FakeClock())
    stage = stage_of(style)
    stage.stylize(plain_frame())
    stage.stylize(plain_frame(size=(48, 64)))
    assert [shot for _, _, shot in style.asked] == [0, 1]


def test_the_working_side_is_told() -> None:
    assert stage_of(look("a", 0.2)).working_side is None
    assert stage_of(FakePaint(FakeClock())).working_side is not None


def test_paint_keeps_up_with_the_rate_that_is_asked_for() -> None:
    clock = FakeClock()
    style = FakePaint(clock, cost=lambda side: 0.1 * (side / 400) ** 2)
    stage = LiveStage(style, rate=10, clock=clock, background=Inline())
    for _ in range(400):
        clock.time += 0.05
        stage.stylize(plain_frame())
    slow = stage.working_side
    stage.set_rate(40)
    for _ in range(40):
        stage.stylize(plain_frame())
    assert slow is not None
    assert stage.working_side is not None
    assert stage.working_side < slow
    assert style.cost(stage.working_side) <= 1 / 40


def test_a_finish_is_laid_over() -> None:
    style = look("a", 0.0)
    style.laid_over = [Finish(flicker=1.0)]
    stage = stage_of(style)
    assert len({luma(stage.stylize(plain_frame(100))) for _ in range(6)}) > 1


def test_warming_does_not_decide_about_the_first_scene() -> None:
    style = look("a", 0.2)
    stage = stage_of(style)
    stage.warm(plain_frame(10))
    style.runtime.amount = 0.4
    assert luma(stage.stylize(plain_frame(100))) == pytest.approx(188, abs=1)


def test_its_own_thread_ends_with_it() -> None:
    stage = LiveStage(look("a", 0.2))
    stage.stylize(plain_frame())
    done = stage.switch(lambda: look("b", 0.4))
    done.result(20)
    stage.close()
    with pytest.raises(RuntimeError):
        stage.switch(lambda: look("c", 0.4))
