"""A style learned from uploads, told as it goes."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from impasto.api import learning_extra
from impasto.studio.assignment import Assignment, Teller
from impasto.studio.refusals import reworded
from impasto.style.names import STYLE_SUFFIX

STYLE_NAME: Final = "learned"
_TELL_EVERY = 0.25


class Standing(Protocol):
    """Where a run stands; see `impasto.train.job.Progress`."""

    @property
    def step(self) -> int: ...
    @property
    def fraction(self) -> float: ...
    @property
    def seconds_left(self) -> float: ...
    @property
    def scalars(self) -> dict[str, float]: ...
    @property
    def distance(self) -> float: ...
    @property
    def untouched_distance(self) -> float: ...


class LearningTeller:
    """Passes on what a run tells, a few times a second, and ends the run when that is asked for.

    What is asked for before training has begun is heeded at its first step, since nothing is learned before.
    """

    def __init__(self, assignment: Assignment, tell: Teller) -> None:
        self._assignment, self._tell = assignment, tell
        self._told, self._is_stopping = 0.0, False
        self._step: int | None = None
        self._shown: set[str] = set()
        self.verdict = ""

    def say(self, message: str) -> None:
        """Pass on a message."""
        self.verdict = message
        self._tell("say", step=self._step, text=self._assignment.worded(message))

    def progress(self, progress: Standing) -> None:
        """Pass on where the run stands."""
        self._step = progress.step
        self._show_samples()
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            self._tell(
                "step",
                step=progress.step,
                fraction=progress.fraction,
                seconds_left=progress.seconds_left,
                distance=progress.distance,
                untouched_distance=progress.untouched_distance,
                scalars=progress.scalars,
                message=f"step {progress.step}",
            )
        if self._assignment.stop.is_set() and not self._is_stopping:
            self._is_stopping = True
            signal.raise_signal(signal.SIGINT)

    def _show_samples(self) -> None:
        for path in sorted(self._assignment.samples_dir.glob("*.jpg")):
            if path.name not in self._shown:
                self._shown.add(path.name)
                self._tell("sample", step=int(path.stem))


def learned_path(folder: Path) -> Path:
    """Return where the style is that a job has learned."""
    return folder / (STYLE_NAME + STYLE_SUFFIX)


def learn(assignment: Assignment, tell: Teller) -> str:
    """Learn a style, or go on with it where the last server left off; return a line about the result."""
    with learning_extra():
        from impasto.train.families import recipe_of  # noqa: PLC0415  imports torch
        from impasto.train.job import LearnJob, learn_style  # noqa: PLC0415
    asked = assignment.request
    references = _paths(assignment, asked["references"])
    told = check_references({assignment.input_path(each): each for each in asked["references"]}, assignment.inputs)
    tell("references", accepted=told["accepted"], refused=told["refused"])
    assignment.samples_dir.mkdir(exist_ok=True)
    output = learned_path(assignment.folder)
    job = LearnJob(
        references,
        output,
        _paths(assignment, asked["content"]),
        recipe_of(asked["family"], recipe_options(asked)),
        asked["description"],
        asked["license_note"],
        resume=output.with_name(output.name + ".checkpoint").exists(),
        overwrite=True,
        pick=asked["pick"],
        grain=asked["grain"],
        samples_dir=assignment.samples_dir,
    )
    listener = LearningTeller(assignment, tell)
    manifest = learn_style(job, listener)
    has_preview = "preview.jpg" in manifest.members
    name, metrics = asked["name"], dict(manifest.metrics)
    tell("learned", name=name, metrics=metrics, has_preview=has_preview, verdict=listener.verdict)
    return f"{name} is learned."


def _paths(assignment: Assignment, upload_ids: Sequence[str]) -> list[Path]:
    return [assignment.input_path(upload_id) for upload_id in upload_ids]


def recipe_options(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a request says of the recipe; what it does not say is as the family has it."""
    return {name: asked[name] for name in ("minutes", "steps", "seed") if asked[name] is not None}


def check_references(paths: Mapping[Path, str], names: Mapping[str, str]) -> dict[str, Any]:
    """Say which pictures can be learned from, and why the others cannot; films are looked at when learning begins.

    Parameters
    ----------
    paths
        The id of the upload at each path.
    names
        What the user knows each upload by.

    Returns
    -------
    What `POST /references/check` answers.

    Raises
    ------
    NoReferencesError
        There are none.
    """
    from impasto.media.film_files import is_film  # noqa: PLC0415
    from impasto.train.collection import collect_all  # noqa: PLC0415

    named = {path: {"upload": upload_id, "name": names[upload_id]} for path, upload_id in paths.items()}
    accepted = [named[path] for path in paths if is_film(path)]
    pictures = [path for path in paths if not is_film(path)]
    if not pictures:
        return {"accepted": accepted, "refused": [], "summary": "references: films only", "warnings": []}
    found = collect_all(pictures, role="references")
    words = {str(path): each["name"] for path, each in named.items()}
    refused = [
        {**named[each.path], "fault": each.fault, "reason": reworded(each.reason, words)} for each in found.rejected
    ]
    return {
        "accepted": accepted + [named[each.path] for each in found.accepted],
        "refused": refused,
        "summary": found.summary(),
        "warnings": [reworded(line, words) for line in found.warnings()],
    }
