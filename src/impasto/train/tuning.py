"""`tune_recipe`: search for a recipe that learns these references better in the same time."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from impasto.errors import MissingExtraError, OutputError, TrainingError, UsageError
from impasto.media.files import write_beside
from impasto.train.families import AnyRecipe
from impasto.train.film_frames import films_as_pictures
from impasto.train.job import LearnJob, Listener, SilentListener, prepare_run
from impasto.train.learning_run import LearningRun
from impasto.train.processes import join_process_group
from impasto.train.recipe import Recipe
from impasto.train.schedule import Budget
from impasto.train.search_space import SearchSpace, differences, space_of, start_of, suggest, with_values

try:
    import optuna
except ModuleNotFoundError as error:
    raise MissingExtraError(f"Tuning needs {error.name}: pip install 'impasto[tune]'") from error

FEWEST_TRIALS: Final = 4
"""What a budget must have room for: the start, another one, and the two that compare them at the end."""

_USUAL_TRIALS: Final = 12
_LOOKS: Final = 4
"""Times that a trial is validated; from the second on it is given up where it is behind the median of the others."""
_STUDY: Final = "study.sqlite"
_FAMILIES: Final = {"Recipe": "look", "PaintRecipe": "paint", "DreamRecipe": "dream", "RestoreRecipe": "restore"}


@dataclass(frozen=True)
class TuneJob:
    """A user's request to search for a recipe.

    Attributes
    ----------
    references, content, pick
        As for `LearnJob`.
    output
        The recipe file to write, `NAME.json`; what was tried is kept beside it in `NAME.json.tuning/`.
    recipe
        What the search starts from, and what it must beat.
    minutes
        Time for the whole search; with `resume`, for what is added to it.
    trial_minutes
        Time that each trial trains for; None takes a twelfth of `minutes`, and no more than the recipe's own.
    trial_steps, max_trials
        Steps of a trial instead of a time, and trials that are enough; for searches that come out the same twice.
    resume
        Go on with the search that lies beside the output.
    """

    references: Sequence[Path | str]
    output: Path
    content: Sequence[Path | str] = ()
    recipe: AnyRecipe = field(default_factory=Recipe)
    minutes: float = 60.0
    trial_minutes: float | None = None
    trial_steps: int | None = None
    max_trials: int | None = None
    pick: int | None = None
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.output.suffix != ".json":
            raise UsageError(f"a recipe is written to a .json file, not to {self.output}.")
        if not 0.01 <= self.minutes <= 100_000:
            raise UsageError(f"minutes must be from 0.01 to 100000, not {self.minutes:g}")
        if self.trial_minutes is not None and not 0 < self.trial_minutes * FEWEST_TRIALS <= self.minutes:
            raise UsageError(
                f"{self.minutes:g} minutes are too few for trials of {self.trial_minutes:g}: a search needs "
                f"{FEWEST_TRIALS} at least."
            )

    @property
    def seconds_per_trial(self) -> float:
        return 60 * (self.trial_minutes or min(self.recipe.minutes, self.minutes / _USUAL_TRIALS))

    @property
    def folder(self) -> Path:
        return self.output.with_name(self.output.name + ".tuning")


@dataclass(frozen=True)
class TuneResult:
    """What a search found.

    Attributes
    ----------
    recipe
        The better one of the start and the best trial, by a comparison that chose neither.
    metric
        What was made small.
    num_trials, num_pruned
        Trials that were finished, and those that were given up on the way, in all runs of the search.
    start_distance, best_distance
        The lowest figures that the start and the best trial reached; the second was chosen for being low.
    compared
        Figures of the start and of the best trial under another seed; None where there was nothing to compare.
    changes
        Before and after, by field.
    """

    recipe: AnyRecipe
    metric: str
    num_trials: int
    num_pruned: int
    start_distance: float
    best_distance: float
    compared: tuple[float, float] | None
    changes: dict[str, tuple[Any, Any]]


def tune_recipe(
    job: TuneJob, listener: Listener | None = None, clock: Callable[[], float] = time.monotonic
) -> TuneResult:
    """Try recipes on pictures, each from nothing and for the same time, and write the best one.

    Ctrl-C ends the search and keeps the best recipe so far; `resume` goes on from there, and after a crash.

    Raises
    ------
    NoReferencesError
        There is nothing usable to learn from.
    OutputError
        The output cannot be written, or is there already.
    TrainingError
        No trial got through.
    UsageError
        The search that is to be resumed was another one.
    """
    listener = listener or SilentListener()
    _check_outputs(job)
    with films_as_pictures(job.references, job.content, listener.say) as (references, content):
        learning = LearnJob(references, job.output.with_suffix(".style"), content, job.recipe, pick=job.pick)
        with _open_study(job, listener) as study:
            return _Search(job, learning, study, listener, clock).run()


def _check_outputs(job: TuneJob) -> None:
    if not job.output.resolve().parent.is_dir():
        raise OutputError(f"{job.output} cannot be written: its folder does not exist.")
    if job.output.exists() and not (job.overwrite or job.resume):
        raise OutputError(f"{job.output} exists. Give another name, or replace it with --overwrite.")
    if job.folder.exists() and not (job.overwrite or job.resume):
        raise OutputError(f"{job.folder} holds an earlier search: go on with --resume, or replace it with --overwrite.")


@contextmanager
def _open_study(job: TuneJob, listener: Listener) -> Iterator[optuna.Study]:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if job.overwrite and not job.resume:
        shutil.rmtree(job.folder, ignore_errors=True)
    path = job.folder / _STUDY
    if job.resume and not path.exists():
        listener.say("nothing to resume: starting anew")
    try:
        job.folder.mkdir(exist_ok=True)
        # Given how to connect, no path has to be written as an address, in which some characters mean something.
        storage = optuna.storages.RDBStorage("sqlite://", engine_kwargs={"creator": lambda: _connect(path)})
    except OSError as error:
        raise OutputError(f"{job.folder} cannot be made: {error.strerror or error}.") from error
    except SQLAlchemyError as error:
        raise TrainingError(f"{path} cannot be read as a search: delete {job.folder} to start anew.") from error
    try:
        yield optuna.create_study(
            storage=storage,
            study_name="recipe",
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(seed=job.recipe.seed, n_startup_trials=5),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
        )
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path)


class _Search:
    """One run of a search."""

    def __init__(
        self,
        job: TuneJob,
        learning: LearnJob,
        study: optuna.Study,
        listener: Listener,
        clock: Callable[[], float],
    ) -> None:
        self._job, self._learning, self._study, self._listener = job, learning, study, listener
        resolved = job.recipe.resolved(has_content=bool(learning.content))
        self._start = replace(resolved, minutes=job.seconds_per_trial / 60, steps=job.trial_steps)
        self._space: SearchSpace = space_of(self._start)
        self._clock, self._began = clock, clock()
        self._cost = job.seconds_per_trial
        self._metric = str(study.user_attrs.get("metric", ""))
        self._has_prepared = False
        self._ends_early = False

    def run(self) -> TuneResult:
        """Search until the time is up, compare, and write."""
        self._take_up()
        try:
            while self._has_time():
                self._try_one()
        except KeyboardInterrupt:
            self._ends_early = True
            self._listener.say("stopped: the best recipe so far is kept; --resume goes on")
        return self._conclude()

    def _take_up(self) -> None:
        """Put away what a crash left half done, and begin with the recipe that is to be beaten."""
        for trial in self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        known = len(self._finished())
        if known:
            self._listener.say(f"resumed with {known} trial{'s' if known > 1 else ''}")
        else:
            self._study.enqueue_trial(start_of(self._space, self._start), skip_if_exists=True)

    def _has_time(self) -> bool:
        done = len(self._study.get_trials(deepcopy=False))
        if self._job.max_trials is not None and done >= self._job.max_trials:
            return False
        left = 60 * self._job.minutes - (self._clock() - self._began)
        comparison = FEWEST_TRIALS - 2
        return left >= (1 + comparison) * self._cost

    def _try_one(self) -> None:
        trial = self._study.ask()
        recipe = suggest(self._space, self._start, trial)
        began = self._clock()
        try:
            distance = self._train(recipe, trial)
        except optuna.TrialPruned:
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            outcome = "given up: behind the others"
        except TrainingError as error:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            outcome = f"failed: {error}"
        except BaseException:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            raise
        else:
            self._study.tell(trial, distance)
            outcome = f"{self._metric} {distance:.4g}"
            self._cost = max(self._cost, self._clock() - began)
        changed = ", ".join(f"{name} {new}" for name, (_, new) in differences(self._start, recipe).items())
        self._listener.say(f"trial {trial.number + 1}: {outcome} ({changed or 'the start'})")

    def _train(self, recipe: AnyRecipe, trial: optuna.Trial | None = None) -> float:
        """Train from nothing and return the validation figure at the end."""
        group = join_process_group()
        try:
            listener = SilentListener() if self._has_prepared else self._listener
            run = prepare_run(self._learning, recipe, group, listener)
            self._has_prepared = True
            self._check_same_search(run)
            return _walk(run, Budget(recipe.minutes, recipe.steps), trial)
        finally:
            group.close()

    def _check_same_search(self, run: LearningRun) -> None:
        """Refuse to add to a search over other pictures, or from another start."""
        pictures = [each.sha256 for each in run.references.accepted]
        pictures += [each.sha256 for each in run.content.accepted] if run.content else []
        asked = {
            "recipe": self._start.as_json(),
            "pictures": hashlib.sha256("\n".join(sorted(pictures)).encode()).hexdigest(),
        }
        before = self._study.user_attrs.get("asked")
        if before is None:
            self._study.set_user_attr("asked", asked)
            self._study.set_user_attr("metric", run.metric)
            self._metric = run.metric
        elif before != json.loads(json.dumps(asked)):
            what = "other pictures" if before["recipe"] == json.loads(json.dumps(asked["recipe"])) else "other options"
            raise UsageError(f"{self._job.folder} is of a search with {what}; use those, or delete it")

    def _finished(self) -> list[optuna.trial.FrozenTrial]:
        states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
        return self._study.get_trials(deepcopy=False, states=states)

    def _conclude(self) -> TuneResult:
        complete = [each for each in self._finished() if each.value is not None and math.isfinite(each.value)]
        complete = [each for each in complete if each.state == optuna.trial.TrialState.COMPLETE]
        if not complete:
            raise TrainingError("no trial got to its end: give more --minutes, or another recipe to start from.")
        if len(self._finished()) < FEWEST_TRIALS - 2 and not self._ends_early:
            self._listener.say("there was time for one trial only: give more --minutes with --resume")
        best = min(complete, key=lambda each: each.value or 0.0)
        own = start_of(self._space, self._start)
        start_values = [each.value or 0.0 for each in complete if each.params == own]
        found = with_values(self._start, best.params)
        compared = None
        if best.params != own and not self._ends_early:
            with suppress(TrainingError):
                compared = self._compare(found)
        if compared is not None and not compared[1] < compared[0]:
            found = self._start
        changes = differences(self._start, found)
        kept = replace(self._job.recipe, **{name: getattr(found, name) for name in changes})
        _write_recipe(kept, self._job.output)
        return TuneResult(
            kept,
            self._metric,
            len(complete),
            len(self._finished()) - len(complete),
            min(start_values, default=math.nan),
            best.value or 0.0,
            compared,
            changes,
        )

    def _compare(self, found: AnyRecipe) -> tuple[float, float] | None:
        """Train the start and the best once more with another seed: the best was chosen for its figure."""
        seed = self._start.seed + 1
        try:
            self._listener.say("comparing the best trial with the start under another seed")
            start, best = (self._train(replace(recipe, seed=seed)) for recipe in (self._start, found))
        except KeyboardInterrupt:
            return None
        return start, best


def _walk(run: LearningRun, budget: Budget, trial: optuna.Trial | None) -> float:
    looked = 0
    while (fraction := budget.progress(run.trainer.step)) < 1:
        look = int(fraction * _LOOKS)
        if trial is not None and look > looked:
            looked = look
            _report(trial, run.distance(), look - 1)
        run.trainer.train_step(fraction)
    distance = run.distance()
    if not math.isfinite(distance):
        raise TrainingError("the validation figure is not finite")
    return distance


def _report(trial: optuna.Trial, distance: float, look: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial.report(distance, look)
    if trial.should_prune():
        raise optuna.TrialPruned


def _write_recipe(recipe: AnyRecipe, path: Path) -> None:
    text = json.dumps({"family": _FAMILIES[type(recipe).__name__], **recipe.as_json()}, indent=2)
    with write_beside(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")
