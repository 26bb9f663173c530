"""What becomes of results, with a gate whose verdicts are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.apply.finish import FinishedStylizer
from impasto.apply.gating import GATE_MODES, WEAKER, Gating
from impasto.apply.plan import plan_outputs
from impasto.apply.run import ApplyOptions, ApplyReport, apply_to_files
from impasto.apply.stylizer import State
from impasto.errors import StyleFileError, UsageError
from impasto.media.frame import Frame
from impasto.style.finish import USUAL_GRAIN, Finish
from impasto.style.verdict import Judgement, Verdict

PASS, REVIEW, REFUSE = Judgement.PASS, Judgement.REVIEW, Judgement.REFUSE


class Brightening:
    """Adds up to 100 levels, by strength."""

    def __init__(self, strength: float) -> None:
        self.strength = strength

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        return frame.with_pixels(frame.pixels + np.uint8(round(100 * self.strength))), state


class GateByChange:
    """Judges by how many levels a picture was brightened."""

    def __init__(self, judge: Callable[[int], Judgement]) -> None:
        self._judge = judge
        self.asked: list[tuple[int, bool]] = []

    def judge(self, output, content=None, *, is_full_strength=True) -> Verdict:
        change = int(output[0, 0, 0]) - int(content[0, 0, 0])
        self.asked.append((change, is_full_strength))
        judgement = self._judge(change)
        return Verdict(judgement, "" if judgement is PASS else f"{change} levels")


def gated(judge: Callable[[int], Judgement], **fields: bool) -> tuple[Gating, GateByChange]:
    gate = GateByChange(judge)
    return Gating(gate, Brightening, **fields), gate


def run(folder: Path, gating: Gating, mode: str, jobs: int = 1) -> ApplyReport:
    pairs = plan_outputs([folder], folder.parent / "out")
    return apply_to_files(pairs, lambda: Brightening(1.0), ApplyOptions(jobs=jobs, gate=mode), None, gating)


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    folder.mkdir()
    for level in (0, 50):
        Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(folder / f"{level}.png")
    return folder


def levels(folder: Path) -> dict[str, int]:
    return {path.name: int(np.asarray(Image.open(path))[0, 0, 0]) for path in sorted(folder.glob("*.png"))}


@pytest.mark.parametrize("mode", GATE_MODES)
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_passes_is_written_without_a_word(shoot, mode, jobs):
    report = run(shoot, gated(lambda change: PASS)[0], mode, jobs)
    assert levels(shoot.parent / "out") == {"0.png": 100, "50.png": 150}
    assert (len(report.done), report.warned, report.failed) == (2, [], [])


def test_off_asks_nobody(shoot):
    gating, gate = gated(lambda change: REFUSE)
    assert run(shoot, gating, "off").warned == []
    assert gate.asked == []


@pytest.mark.parametrize(("judgement", "word"), [(REVIEW, "doubtful"), (REFUSE, "bad")])
def test_warn_writes_and_tells(shoot, judgement, word):
    report = run(shoot, gated(lambda change: judgement)[0], "warn")
    assert levels(shoot.parent / "out") == {"0.png": 100, "50.png": 150}
    assert len(report.done) == len(report.warned) == 2
    source, message = report.warned[0]
    assert message == f"{source}: the result looks {word} (100 levels)."
    assert len(report) == 2, "a warning is not another picture"


def test_refuse_leaves_out_what_is_bad(shoot):
    report = run(shoot, gated(lambda change: REFUSE)[0], "refuse")
    assert not (shoot.parent / "out").exists()
    assert report.done == report.warned == []
    source, message = report.failed[0]
    assert message == f"{source} was not restyled: the gate refused the result (100 levels)."


def test_refuse_only_warns_of_what_is_doubtful(shoot):
    report = run(shoot, gated(lambda change: REVIEW)[0], "refuse")
    assert len(report.done) == len(report.warned) == 2
    assert report.failed == []


def test_refuse_keeps_an_older_output(shoot):
    older = shoot.parent / "out" / "0.png"
    older.parent.mkdir()
    older.write_bytes(b"older")
    run(shoot, gated(lambda change: REFUSE)[0], "refuse")
    assert older.read_bytes() == b"older"


def test_retry_takes_the_first_strength_that_passes(shoot):
    gating, gate = gated(lambda change: PASS if change <= 60 else REFUSE)
    report = run(shoot, gating, "retry")
    assert levels(shoot.parent / "out") == {"0.png": 50, "50.png": 100}
    assert [change for change, _ in gate.asked] == [100, 75, 50] * 2
    assert report.warned[0][1].endswith("the result looked bad (100 levels); at 50% of the strength it passes.")
    assert report.failed == []


def test_retry_keeps_the_least_bad_where_nothing_passes(shoot):
    report = run(shoot, gated(lambda change: REVIEW if change <= 80 else REFUSE)[0], "retry")
    assert levels(shoot.parent / "out") == {"0.png": 75, "50.png": 125}
    expected = "the result looks doubtful (75 levels), even at 75% of the strength, which was kept."
    assert report.warned[0][1].endswith(expected)


def test_retry_keeps_the_full_strength_where_less_is_no_better(shoot):
    gating, gate = gated(lambda change: REVIEW)
    report = run(shoot, gating, "retry")
    assert levels(shoot.parent / "out") == {"0.png": 100, "50.png": 150}
    assert len(gate.asked) == 2 * (1 + len(WEAKER))
    assert report.warned[0][1].endswith("the result looks doubtful (100 levels), at any strength.")


@pytest.mark.parametrize("is_full_strength", [True, False])
def test_the_gate_knows_whether_the_style_was_asked_for_in_full(shoot, is_full_strength):
    gating, gate = gated(lambda change: REVIEW, is_full_strength=is_full_strength)
    run(shoot, gating, "retry")
    assert {full for _, full in gate.asked} == {is_full_strength}


def test_a_picture_that_cannot_be_read_is_not_judged(shoot):
    (shoot / "0.png").write_bytes(b"")
    gating, gate = gated(lambda change: REFUSE)
    report = run(shoot, gating, "warn")
    assert len(gate.asked) == len(report.warned) == len(report.failed) == 1


def test_a_gate_that_fails_ends_the_run(shoot):
    def fail(change: int) -> Judgement:
        raise StyleFileError("broken")

    with pytest.raises(StyleFileError, match="broken"):
        run(shoot, gated(fail)[0], "warn")


def test_the_mode_must_be_one_that_there_is():
    with pytest.raises(UsageError, match="off, warn, retry, refuse, not 'strict'"):
        ApplyOptions(gate="strict")


def test_a_mode_without_a_gate_is_refused(shoot):
    with pytest.raises(UsageError, match="no gate"):
        apply_to_files([], lambda: Brightening(1.0), ApplyOptions(gate="warn"))


def test_colours_are_judged_in_srgb(shoot):
    """A picture in another colour space is judged by what it looks like, not by its numbers."""
    from PIL import ImageCms

    from impasto.media.frame import Color

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    gating, gate = gated(lambda change: PASS)
    content = Frame(np.full((8, 8, 3), 50, np.uint8), color=Color(icc_profile=profile))
    gating.pass_on(content, Brightening(1.0)(content, State())[0], "warn")
    assert gate.asked == [(100, True)]


@pytest.mark.parametrize("mode", ["warn", "retry"])
def test_a_gate_judges_what_no_grain_lies_on_and_grain_lies_on_what_is_written(shoot, mode):
    """Grain is what a gate takes for a fault."""
    finish = Finish(grain=USUAL_GRAIN.scaled(4))
    gate = GateByChange(lambda change: PASS if change <= 75 else REVIEW)
    gating = Gating(gate, lambda fraction: FinishedStylizer(Brightening(fraction), finish))
    for path in shoot.iterdir():
        Image.fromarray(np.full((90, 90, 3), 60, np.uint8)).save(path)
    pairs = plan_outputs([shoot], shoot.parent / "out")
    apply_to_files(pairs, lambda: gating.make_stylizer(1.0), ApplyOptions(gate=mode), None, gating)
    assert {change for change, _ in gate.asked} == ({100} if mode == "warn" else {100, 75})
    for _, output in pairs:
        pixels = np.asarray(Image.open(output)).astype(float)
        assert pixels.std() > 5
        assert pixels.mean() == pytest.approx(160 if mode == "warn" else 135, abs=2)
