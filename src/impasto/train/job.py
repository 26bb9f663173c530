"""`learn_style`: from folders of pictures to a style file."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from impasto.errors import OutputError, TrainingError, UsageError
from impasto.media.files import check_output
from impasto.style.file import save_style
from impasto.style.finish import Finish
from impasto.style.manifest import Manifest, Sources
from impasto.style.names import is_style_name
from impasto.train.checkpoint import load_checkpoint, save_checkpoint
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.dream_run import DreamRun
from impasto.train.early_samples import EarlySamples
from impasto.train.families import AnyRecipe
from impasto.train.film_frames import films_as_pictures
from impasto.train.grain import check_finish, choose_finish
from impasto.train.learning_run import LearningRun
from impasto.train.logbook import Curves, Logbook
from impasto.train.look_run import LookRun
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.paint_run import PaintRun
from impasto.train.private_look import PrivateLookRun, check_private
from impasto.train.processes import ProcessGroup, join_process_group
from impasto.train.recipe import Recipe
from impasto.train.restore_recipe import RestoreRecipe
from impasto.train.restore_run import RestoreRun
from impasto.train.schedule import Budget
from impasto.train.trainer import Scalars, Trainer

CHECKPOINT_SECONDS = 60.0


@dataclass(frozen=True)
class LearnJob:
    """A user's request to learn a style.

    Attributes
    ----------
    references, content
        Files and folders, of pictures and films. Without content, it is made from the references.
    recipe
        Its kind says what family of style is learned.
    output
        The style file to write.
    log_dir
        Where TensorBoard files go; None for none.
    resume
        Go on from the checkpoint that an interrupted run left beside the output.
    license_note
        What the user says about the rights to the references.
    pick
        How many references to keep, the most coherent in style; None for all.
    grain
        Learn the grain of the references, too, for the style to lay over its results.
    finish
        What else the style is to lay over its results, as `impasto.style.finish.parse_finish` takes it.
    samples_dir
        Where sheets of samples go, as `STEP.jpg`: soon after the start, and at each validation; None for none.
    private
        Epsilon, where the file is to tell of no single reference; None where it need not.
    """

    references: Sequence[Path | str]
    output: Path
    content: Sequence[Path | str] = ()
    recipe: AnyRecipe = field(default_factory=Recipe)
    description: str = ""
    license_note: str = ""
    log_dir: Path | None = None
    resume: bool = False
    overwrite: bool = False
    pick: int | None = None
    grain: bool = False
    finish: str | None = None
    samples_dir: Path | None = None
    private: float | None = None

    @property
    def checkpoint_path(self) -> Path:
        return self.output.with_name(self.output.name + ".checkpoint")


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    `distance` is that of the last validation, and `untouched_distance` that of the content as it is.
    """

    step: int
    fraction: float
    seconds_left: float
    scalars: Scalars
    distance: float
    untouched_distance: float


class Listener(Protocol):
    """What a run tells while it goes on; the CLI prints it."""

    def say(self, message: str) -> None: ...

    def progress(self, progress: Progress) -> None: ...


class SilentListener:
    """Says nothing."""

    def say(self, message: str) -> None:
        """Drop it."""

    def progress(self, progress: Progress) -> None:
        """Drop it."""


def learn_style(job: LearnJob, listener: Listener | None = None) -> Manifest:
    """Learn a look or paint, as the recipe says, and write the style file.

    Ctrl-C ends the training early and keeps what has been learned; the checkpoint then stays, for `resume`.

    Raises
    ------
    NoReferencesError
        If there is nothing usable to learn from.
    OutputError
        If the output cannot be written.
    TrainingError
        If losses stay non-finite, or the checkpoint is unusable.
    """
    listener = listener or SilentListener()
    if not is_style_name(job.output.stem):
        raise UsageError(f"'{job.output.stem}' cannot name a style; use letters, digits, '-' and '_'")
    check_finish(job.finish)
    check_output(job.output, job.checkpoint_path)
    folder = job.output.resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        reason = "no permission to write there" if folder.is_dir() else "its folder does not exist"
        raise OutputError(f"{job.output} cannot be written: {reason}.")
    if job.output.exists() and not job.overwrite and not job.resume:
        raise OutputError(f"{job.output} exists. Give another name, or replace it with --overwrite.")
    if job.private is not None:
        return _learn_privately(job, job.private, listener)
    group = join_process_group()
    try:
        heard = listener if group.is_first else SilentListener()
        with films_as_pictures(job.references, job.content, heard.say) as (references, content):
            return _learn(replace(job, references=references, content=content), heard, group)
    finally:
        group.close()


def _learn_privately(job: LearnJob, epsilon: float, listener: Listener) -> Manifest:
    recipe = check_private(job.recipe, job.references, job.content)
    refused = {"--pick": job.pick, "--grain": job.grain, "--resume": job.resume, "--log-dir": job.log_dir}
    if chosen := [name for name, value in refused.items() if value]:
        raise UsageError(f"{chosen[0]} cannot go with --private, which keeps of the references nothing but a look.")
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError("--private is learned by one process: start it without torchrun.")
    finish = choose_finish([], False, job.finish, listener.say)
    with films_as_pictures((), job.content, listener.say) as (_, content):
        run = PrivateLookRun.prepare(recipe, job.references, content, epsilon, listener.say)
        budget = Budget(0, run.num_steps)

        def progressed(step: int, loss: float) -> None:
            scalars = {"generator/loss": loss}
            left = budget.seconds_left(step)
            listener.progress(Progress(step, step / run.num_steps, left, scalars, math.nan, math.nan))

        run.walk(progressed)
        manifest = run.describe(job.output.stem, job.description, job.license_note, finish)
        return save_style(run.pack(manifest), job.output)


def _learn(job: LearnJob, listener: Listener, group: ProcessGroup) -> Manifest:
    recipe = job.recipe.resolved(has_content=bool(job.content))
    if recipe.batch_size % group.size:
        raise UsageError(f"a batch of {recipe.batch_size} cannot be shared by {group.size} processes")
    run = prepare_run(job, recipe, group, listener)
    finish = None
    if group.is_first:
        finish = choose_finish([each.path for each in run.references.accepted], job.grain, job.finish, listener.say)
    spent = _resume(job, run.trainer, listener) if job.resume else 0.0
    budget = Budget(recipe.minutes, recipe.steps, spent)
    log_dir, samples_dir = (job.log_dir, job.samples_dir) if group.is_first else (None, None)
    with Logbook(log_dir, samples_dir) as logbook, _interruptible(listener):
        _walk(job, run, budget, logbook, listener)
    listener.say(run.trainer.monitor.verdict())
    manifest = _finish(job, run, logbook.curves, finish)
    if budget.progress(run.trainer.step) >= 1 and group.is_first:
        job.checkpoint_path.unlink(missing_ok=True)
    return manifest


def prepare_run(job: LearnJob, recipe: AnyRecipe, group: ProcessGroup, listener: Listener) -> LearningRun:
    """Load pictures and networks of one run."""
    if isinstance(recipe, DreamRecipe):
        return DreamRun.prepare(recipe, job.references, job.pick, group, listener.say)
    if isinstance(recipe, RestoreRecipe):
        return RestoreRun.prepare(recipe, job.references, job.pick, group, listener.say)
    if isinstance(recipe, PaintRecipe):
        return PaintRun.prepare(recipe, job.references, job.content, job.pick, group, listener.say)
    return LookRun.prepare(recipe, job.references, job.content, job.pick, group, listener.say)


def _resume(job: LearnJob, trainer: Trainer[Any], listener: Listener) -> float:
    if not job.checkpoint_path.exists():
        listener.say("nothing to resume: starting anew")
        return 0.0
    tensors, state = load_checkpoint(job.checkpoint_path)
    if _without_length(state["recipe"]) != _without_length(trainer.recipe.as_json()):
        raise TrainingError(f"{job.checkpoint_path} is of a run with other options; use those, or delete it")
    trainer.restore(tensors, state)
    listener.say(f"resumed at step {trainer.step}")
    return float(state["spent_seconds"])


def _without_length(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe without what a resumed run may change."""
    return {name: value for name, value in recipe.items() if name not in ("minutes", "steps")}


class _Interrupt:
    """Set by Ctrl-C; the step that is running ends first."""

    def __init__(self) -> None:
        self.requested = False


_interrupt = _Interrupt()


@contextmanager
def _interruptible(listener: Listener) -> Iterator[None]:
    """Let Ctrl-C end the training early instead of ending the program; a second one ends the program."""

    def request(_number: int, _frame: object) -> None:
        if _interrupt.requested:
            raise KeyboardInterrupt
        _interrupt.requested = True
        listener.say("stopping: what has been learned will be kept (Ctrl-C again to throw it away)")

    _interrupt.requested = False
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, request)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _walk(job: LearnJob, run: LearningRun, budget: Budget, logbook: Logbook, listener: Listener) -> None:
    trainer, distance = run.trainer, run.distance()
    saved_at = budget.spent_seconds
    num_messages = len(trainer.monitor.messages)
    early = EarlySamples(job.samples_dir is not None and trainer.group.is_first)
    while True:
        # Ctrl-C reaches processes at different steps: all stop where the first one does.
        fraction = trainer.group.agree(math.inf if _interrupt.requested else budget.progress(trainer.step))
        if fraction >= 1:
            break
        scalars = trainer.train_step(fraction)
        logbook.record(trainer.step, scalars)
        for message in trainer.monitor.messages[num_messages:]:
            listener.say(message)
            logbook.say(trainer.step, message)
        num_messages = len(trainer.monitor.messages)
        if trainer.step % trainer.recipe.validate_every == 0:
            distance = run.distance()
            logbook.record(trainer.step, {f"validation/{run.metric}": distance})
            run.show_samples(logbook)
        else:
            early.show_when_due(lambda: run.show_samples(logbook))
        if budget.spent_seconds - saved_at > CHECKPOINT_SECONDS:
            saved_at = budget.spent_seconds
            _save(job, trainer, saved_at)
        left = budget.seconds_left(trainer.step)
        listener.progress(Progress(trainer.step, fraction, left, scalars, distance, run.untouched))
    _save(job, trainer, budget.spent_seconds)


def _save(job: LearnJob, trainer: Trainer[Any], spent_seconds: float) -> None:
    if trainer.group.is_first:
        tensors, state = trainer.state()
        save_checkpoint(job.checkpoint_path, tensors, {**state, "spent_seconds": spent_seconds})


def _finish(job: LearnJob, run: LearningRun, curves: Curves, finish: Finish | None) -> Manifest:
    trainer = run.trainer
    metrics = {
        run.metric: run.distance(),
        f"{run.metric}_untouched": run.untouched,
        "steps": float(trainer.step),
        **{f"final_{name}": value for name, value in trainer.monitor.smoothed.items() if "gradient" not in name},
    }
    hashes = [example.sha256 for example in run.references.accepted]
    num_content = len(run.content.accepted) if run.content else 0
    sources = Sources.of(hashes, num_content, job.license_note)
    manifest = run.describe(job.output.stem, job.description, sources, metrics)
    manifest = manifest.model_copy(update={"curves": curves.points(), "finish": finish})
    if not trainer.group.is_first:
        return manifest
    return save_style(run.pack(manifest), job.output)
