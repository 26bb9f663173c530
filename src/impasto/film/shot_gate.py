"""`ShotGate`: judges a few frames of a shot before all of it is rendered, and says what to render it with.

It sees samples only, so a decision costs a few frames; and it is a pure function of them, so that whoever makes it
again decides alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.apply.gating import GATE_MODES, JudgesOutputs
from impasto.errors import MissingExtraError, UsageError
from impasto.film.shot_verdict import SampleVerdict, Setting, ShotDecision, ShotTry, ShotVerdict, combined
from impasto.film.shot_view import Seen, jpeg_bytes, shown_pixels, small_picture
from impasto.style.verdict import Judgement

LOOK_LADDER = (Setting(0.75), Setting(0.5))
"""What is tried in turn where a shot is refused."""
PAINT_LADDER = (Setting(is_steady=True), Setting(0.75, is_steady=True), Setting(0.5, is_steady=True))
"""The same where there is a steadier way to paint."""

THUMBNAIL_SIDE = 640
_MOTION_SIDE = 480
_MOST_NAMED = 8

Run: TypeAlias = Sequence[Seen]
"""Frames in a row. The first is judged; all of them tell how steady the shot is."""
Render: TypeAlias = Callable[[Sequence[Run], Setting], Sequence[Run]]
"""Restyles runs of frames: same shape out as in, the state of a stylizer fresh at the start of each run."""


def sample_runs(start: int, stop: int, num_samples: int = 3, run_length: int = 1) -> tuple[range, ...]:
    """Choose frames of a shot [start, stop): runs that do not overlap, spread evenly, away from both ends.

    Where a shot is too short for as many, there are fewer; there is always one, unless the shot has no frame.

    Raises
    ------
    UsageError
        A number below 1.
    """
    if num_samples < 1 or run_length < 1:
        raise UsageError("A shot is judged by at least one run of at least one frame.")
    length = stop - start
    run_length = min(run_length, max(1, length))
    count = min(num_samples, length // run_length)
    middles = (start + length * (2 * number + 1) / (2 * count) for number in range(count))
    firsts = (min(max(start, int(middle - (run_length - 1) / 2)), stop - run_length) for middle in middles)
    return tuple(range(first, first + run_length) for first in firsts)


@dataclass(frozen=True, slots=True)
class ShotGate:
    """Decides for shots, one at a time. Threads may share it.

    Attributes
    ----------
    gate
        Gives verdicts: `impasto.gate.gate.Gate`. Without one, nothing is judged, but samples are kept for the report.
    mode
        One of `GATE_MODES`.
    is_full_strength
        Whether the user asked for the whole style.
    ladder
        What `retry` tries in turn.

    Raises
    ------
    UsageError
        There is no such mode.
    """

    gate: JudgesOutputs | None
    mode: str = "warn"
    is_full_strength: bool = True
    ladder: tuple[Setting, ...] = LOOK_LADDER

    def __post_init__(self) -> None:
        if self.mode not in GATE_MODES:
            raise UsageError(f"There is no gate mode {self.mode!r}. Choose from {', '.join(GATE_MODES)}.")

    def decide(self, shot: int, contents: Sequence[Run], render: Render) -> ShotDecision:
        """Render the samples of a shot, again with less where it is refused, and choose.

        Chosen is the first that is refused no more, so that a shot stays as near to its neighbours as it can; where
        all are, what the user asked for. Unsteady painting is given up likewise for what is steady.

        Raises
        ------
        UsageError
            `render` returned another number of frames.
        """
        tries: list[ShotTry] = []
        best, best_outputs = None, None
        for setting in (Setting(), *self.ladder):
            outputs = render(contents, setting)
            _check_shape(contents, outputs)
            tries.append(ShotTry(setting, self.judge(contents, outputs)))
            if best is None or tries[-1].verdict.badness < best.verdict.badness:
                best, best_outputs = tries[-1], outputs
            if not self._wants_more(best.verdict):
                break
        assert best is not None and best_outputs is not None
        is_refused = self.mode == "refuse" and best.verdict.judgement is Judgement.REFUSE
        before, after = (_thumbnail(runs) for runs in (contents, best_outputs))
        return ShotDecision(shot, best.setting, best.verdict, tuple(tries), is_refused, before, after)

    def judge(self, contents: Sequence[Run], outputs: Sequence[Run]) -> ShotVerdict:
        """Judge samples that are rendered already."""
        samples = []
        if self.gate is not None and self.mode != "off":
            pairs = [(content[0], output[0]) for content, output in zip(contents, outputs, strict=True) if content]
            samples = [found for pair in pairs if (found := self._judge_frame(self.gate, *pair)) is not None]
        return combined(samples, _warping(contents, outputs))

    def _judge_frame(self, gate: JudgesOutputs, content: Seen, output: Seen) -> SampleVerdict | None:
        before, after = shown_pixels(content), shown_pixels(output)
        verdict = gate.judge(after, before, is_full_strength=self.is_full_strength)
        if verdict.scores is None:  # too small to be judged, which no setting changes
            return None
        return SampleVerdict(content.index, verdict.judgement, verdict.reason)

    def _wants_more(self, verdict: ShotVerdict) -> bool:
        """Retry what is refused, and what a steadier setting may help; a doubt alone is no reason to break a scene."""
        if self.mode != "retry":
            return False
        may_be_steadied = any(setting.is_steady for setting in self.ladder)
        return verdict.judgement is Judgement.REFUSE or (verdict.is_unsteady and may_be_steadied)


def require_passed(decisions: Iterable[ShotDecision], source: str = "the film") -> None:
    """Stop the job where the user wants no film with a refused shot in it.

    Raises
    ------
    UsageError
        Names the shots.
    """
    refused = [decision for decision in decisions if decision.is_refused]
    if not refused:
        return
    names = ", ".join(f"{each.shot + 1} ({each.verdict.reason})" for each in refused[:_MOST_NAMED])
    more = f" and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
    shots = "shot" if len(refused) == 1 else "shots"
    raise UsageError(
        f"{source}: the gate refused {shots} {names}{more}.\nTry --gate retry, or less --strength, or --gate warn."
    )


def _check_shape(contents: Sequence[Run], outputs: Sequence[Run]) -> None:
    if [len(run) for run in contents] != [len(run) for run in outputs]:
        raise UsageError("The renderer returned another number of frames than it was given.")


def _thumbnail(runs: Sequence[Run]) -> bytes:
    runs = [run for run in runs if run]
    return jpeg_bytes(small_picture(runs[len(runs) // 2][0], THUMBNAIL_SIDE)) if runs else b""


def _warping(contents: Sequence[Run], outputs: Sequence[Run]) -> tuple[float, float] | None:
    """Measure how much content and output change along the motion, or return None where nothing can be measured."""
    from impasto.quality.temporal import FollowedClip, WarpingErrorRatio  # noqa: PLC0415

    ratio = WarpingErrorRatio()
    try:
        for before, after in zip(contents, outputs, strict=True):
            if len(before) > 1:
                ratio.update(FollowedClip(_small_run(before)), _small_run(after))
    except MissingExtraError:
        return None
    levels = ratio.inputs.compute(), ratio.outputs.compute()
    return levels if all(map(np.isfinite, levels)) else None


def _small_run(frames: Run) -> list[NDArray[np.float32]]:
    return [small_picture(frame, _MOTION_SIDE).astype(np.float32) / np.float32(255) for frame in frames]
