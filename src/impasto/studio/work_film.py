"""A style on a film."""

from __future__ import annotations

import time

from impasto.api import load
from impasto.api.film_jobs import apply_to_film as restyle_film
from impasto.apply.stylizers import StylizerOptions
from impasto.studio.assignment import Assignment, Teller
from impasto.studio.work_apply import style_word, where_of

_TELL_EVERY = 0.25


class FilmTeller:
    """Passes on what a film job tells, a few times a second."""

    def __init__(self, tell: Teller) -> None:
        self._tell = tell
        self._done, self._total = 0, 0
        self._began = self._told = time.monotonic()
        self._num_new = 0

    def begin(self, stage: str, num_frames: int | None, num_done: int = 0) -> None:
        """Tell that a stage begins."""
        self._done, self._total, self._num_new = num_done, num_frames or 0, 0
        self._began = time.monotonic()
        self._tell("film", stage=stage, frames_done=num_done, frames_total=num_frames, frames_per_second=None)

    def advance(self, num_frames: int) -> None:
        """Note that frames are done."""
        self._done += num_frames
        self._num_new += num_frames
        now = time.monotonic()
        if now - self._told < _TELL_EVERY and self._done < self._total:
            return
        self._told = now
        rate = self._num_new / max(1e-3, now - self._began)
        self._tell("film", frames_done=self._done, frames_per_second=round(rate, 1))

    def say(self, message: str) -> None:
        """Pass on a message."""
        self._tell("say", text=message)


def apply_to_film(assignment: Assignment, tell: Teller) -> str:
    """Restyle the film of a job, or go on with it where the last server left off; return a line about the result."""
    asked = assignment.request
    source = assignment.input_path(asked["upload"])
    output = assignment.results_dir / f"{source.stem}-{style_word(asked['style'])}{source.suffix}"
    report = assignment.results_dir / f"{output.stem}-report.html"
    options = StylizerOptions(
        float(asked["strength"]),
        bool(asked["keep_color"]),
        float(asked["texture_scale"]),
        where_of(assignment, asked),
    )
    result = restyle_film(
        load(asked["style"]),
        source,
        output,
        options,
        deinterlace="bwdif" if asked["deinterlace"] else None,
        listener=FilmTeller(tell),
        resume=True,
        gate_mode=asked["gate"],
        report_path=report,
    )
    warnings = [assignment.worded(warning) for warning in result.warnings]
    url = f"/api/v1/jobs/{assignment.folder.name}/files/{report.name}" if report.exists() else None
    tell("film", stage="assembling", frames_done=result.num_frames, warnings=warnings, report_url=url)
    return f"{result.num_frames} frames are ready."
