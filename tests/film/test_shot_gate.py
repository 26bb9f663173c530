"""The gate sees a few frames of a shot, before the rest is rendered, and decides once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import MissingExtraError, UsageError
from impasto.film.shot_gate import LOOK_LADDER, PAINT_LADDER, ShotGate, require_passed, sample_runs
from impasto.film.shot_verdict import Setting, ShotDecision, ShotVerdict
from impasto.media.frame import Frame
from impasto.style.verdict import Judgement, Verdict

from .report_cases import PASS, REFUSE, REVIEW, Says, darker, frame, scene

CONTENTS = [[frame(0)], [frame(5)], [frame(9)]]
SMALL = Verdict(Judgement.REVIEW, "too small to be judged")


@given(st.integers(0, 10_000), st.integers(0, 500), st.integers(1, 5), st.integers(1, 3))
def test_samples_lie_in_the_shot_in_order_and_apart(start: int, length: int, count: int, run_length: int) -> None:
    runs = sample_runs(start, start + length, count, run_length)
    assert len(runs) == min(count, length // min(run_length, max(1, length)))
    indices = [index for run in runs for index in run]
    assert indices == sorted(set(indices))
    assert all(start <= index < start + length for index in indices)
    assert len({len(run) for run in runs}) <= 1


def test_samples_are_spread_and_keep_away_from_cuts() -> None:
    assert sample_runs(100, 160) == (range(110, 111), range(130, 131), range(150, 151))
    assert sample_runs(0, 12, 3, 2) == (range(1, 3), range(5, 7), range(9, 11))


def test_a_shot_of_one_frame_has_one_sample() -> None:
    assert sample_runs(7, 8, 3, 2) == (range(7, 8),)


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0)])
def test_no_samples_at_all_is_a_mistake(numbers: tuple[int, int]) -> None:
    with pytest.raises(UsageError):
        sample_runs(0, 10, *numbers)


def renders(settings: list[Setting]) -> Any:
    def render(runs: Any, setting: Setting) -> list[list[Frame]]:
        settings.append(setting)
        return darker(runs, setting)

    return render


def test_a_shot_that_passes_is_rendered_once_and_left_alone() -> None:
    settings: list[Setting] = []
    gate = Says(PASS)
    decision = ShotGate(gate, "retry").decide(4, CONTENTS, renders(settings))
    assert settings == [Setting()]
    assert (decision.shot, decision.setting, decision.message) == (4, Setting(), "")
    assert [sample.index for sample in decision.verdict.samples] == [0, 5, 9]


def test_outputs_are_judged_beside_their_contents() -> None:
    gate = Says(PASS)
    ShotGate(gate, "warn", is_full_strength=False).decide(0, CONTENTS, darker)
    assert len(gate.asked) == 3
    for output, content, is_full_strength in gate.asked:
        assert output == pytest.approx(content / 2, abs=1)
        assert not is_full_strength


def test_warn_names_the_shot_and_changes_nothing() -> None:
    settings: list[Setting] = []
    decision = ShotGate(Says(REFUSE), "warn").decide(2, CONTENTS, renders(settings))
    assert settings == [Setting()]
    assert not decision.is_changed
    assert decision.message == "shot 3 looks bad (artefacts: bands)."


def test_retry_takes_the_strongest_that_is_not_refused() -> None:
    settings: list[Setting] = []
    decision = ShotGate(Says(REFUSE, REFUSE, REFUSE, REVIEW, REVIEW, PASS), "retry").decide(
        0, CONTENTS, renders(settings)
    )
    assert settings == [Setting(), Setting(0.75)]
    assert decision.setting == Setting(0.75)
    assert decision.verdict.judgement is Judgement.REVIEW
    assert [each.setting for each in decision.tries] == settings


def test_retry_goes_on_to_half_the_strength() -> None:
    decision = ShotGate(Says(*[REFUSE] * 6, PASS), "retry").decide(0, CONTENTS, darker)
    assert decision.setting == LOOK_LADDER[-1] == Setting(0.5)
    assert decision.message.endswith("at 50% of the strength it passes.")


def test_what_no_strength_helps_keeps_what_the_user_asked_for() -> None:
    decision = ShotGate(Says(REFUSE), "retry").decide(0, CONTENTS, darker)
    assert not decision.is_changed
    assert len(decision.tries) == 3
    assert not decision.is_refused


def test_a_doubt_alone_does_not_break_a_scene() -> None:
    settings: list[Setting] = []
    ShotGate(Says(REVIEW), "retry").decide(0, CONTENTS, renders(settings))
    assert settings == [Setting()]


def test_the_pictures_are_those_of_the_chosen_try() -> None:
    from impasto.film.shot_view import picture_of

    decision = ShotGate(Says(*[REFUSE] * 6, PASS), "retry").decide(0, CONTENTS, darker)
    before, after = (picture_of(jpeg, 640).astype(float) for jpeg in (decision.before, decision.after))
    assert before.shape == (90, 160, 3)
    assert np.abs(before - scene(5)).mean() < 4  # the middle sample
    assert np.abs(after - 0.75 * before).mean() < 4


def test_refuse_stops_the_job_and_names_the_shots() -> None:
    gate = ShotGate(Says(REFUSE), "refuse")
    decisions = [gate.decide(shot, CONTENTS, darker) for shot in (0, 6)]
    with pytest.raises(UsageError, match=r"(?s)film\.mp4.*shots 1 \(artefacts: bands\), 7 \(.*--gate retry") as caught:
        require_passed(decisions, "film.mp4")
    assert len(str(caught.value).splitlines()) <= 2


def test_very_many_refused_shots_are_counted() -> None:
    verdict = ShotVerdict(Judgement.REFUSE, "bands")
    refused = [ShotDecision(shot, verdict=verdict, is_refused=True) for shot in range(99)]
    with pytest.raises(UsageError, match="and 91 more"):
        require_passed(refused)


def test_refuse_lets_doubts_pass() -> None:
    decision = ShotGate(Says(REVIEW), "refuse").decide(0, CONTENTS, darker)
    require_passed([decision])
    assert decision.message == "shot 1 looks doubtful (not in style: too dark)."


@pytest.mark.parametrize(("gate", "mode"), [(None, "warn"), (Says(REFUSE), "off")])
def test_without_a_gate_there_are_pictures_and_no_verdict(gate: Says | None, mode: str) -> None:
    decision = ShotGate(gate, mode).decide(0, CONTENTS, darker)
    assert decision.verdict.judgement is None
    assert decision.before.startswith(b"\xff\xd8")
    assert decision.after.startswith(b"\xff\xd8")
    assert gate is None or gate.asked == []


def test_what_is_too_small_is_not_retried() -> None:
    decision = ShotGate(Says(SMALL), "retry").decide(0, CONTENTS, darker)
    assert len(decision.tries) == 1
    assert decision.verdict.judgement is None


def test_an_unknown_mode_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="warn"):
        ShotGate(None, "shout")


def test_a_renderer_that_loses_frames_is_found_out() -> None:
    with pytest.raises(UsageError, match="number of frames"):
        ShotGate(None).decide(0, CONTENTS, lambda runs, _: runs[:-1])


def test_a_shot_without_frames_is_decided_too() -> None:
    decision = ShotGate(Says(REFUSE), "refuse").decide(0, [], darker)
    assert (decision.setting, decision.is_refused, decision.before) == (Setting(), False, b"")


def test_the_same_samples_give_the_same_decision() -> None:
    first, second = (ShotGate(Says(*[REFUSE] * 3, PASS), "retry").decide(0, CONTENTS, darker) for _ in range(2))
    assert first == second


# --- Steadiness ---------------------------------------------------------------


def moving(start: int) -> list[Frame]:
    """A textured scene that moves by two pixels."""
    texture = np.random.default_rng(start).integers(0, 255, (24, 44, 3), np.uint8).repeat(5, axis=0).repeat(5, axis=1)
    return [Frame(np.ascontiguousarray(texture[:90, 2 * step : 160 + 2 * step]), index=start + step) for step in (0, 1)]


def boiling(runs: Sequence[Sequence[Frame]], setting: Setting) -> list[list[Frame]]:
    """A painter whose strokes jump from frame to frame unless it is steadied."""
    amount = 4 if setting.is_steady else 60

    def painted(each: Frame) -> Frame:
        noise = np.random.default_rng(each.index).integers(-amount, amount + 1, each.pixels.shape)
        return each.with_pixels((each.pixels + noise).clip(0, 255).astype(np.uint8))

    return [[painted(each) for each in run] for run in runs]


def test_paint_that_boils_is_steadied() -> None:
    pytest.importorskip("cv2")
    contents = [moving(0), moving(50)]
    decision = ShotGate(Says(PASS), "retry", ladder=PAINT_LADDER).decide(0, contents, boiling)
    assert decision.setting == Setting(1.0, is_steady=True)
    assert decision.tries[0].verdict.reason == "unsteady"
    assert decision.verdict.judgement is Judgement.PASS


def test_a_look_is_measured_but_has_no_steadier_setting() -> None:
    pytest.importorskip("cv2")
    decision = ShotGate(Says(PASS), "retry").decide(0, [moving(0)], boiling)
    assert not decision.is_changed
    assert decision.verdict.is_unsteady
    assert len(decision.tries) == 1


def test_without_opencv_steadiness_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise MissingExtraError("no OpenCV")

    monkeypatch.setattr("impasto.quality.temporal.estimate_flow", refuse)
    decision = ShotGate(Says(PASS), "retry", ladder=PAINT_LADDER).decide(0, [moving(0)], boiling)
    assert decision.verdict.warping_ratio is None
    assert decision.verdict.judgement is Judgement.PASS


def test_single_frames_have_no_steadiness() -> None:
    assert ShotGate(Says(PASS)).decide(0, CONTENTS, darker).verdict.warping_in is None
