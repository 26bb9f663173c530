"""`tune_recipe`: what it tries, gives up, compares, keeps and refuses, on a run whose figure is known."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from impasto.errors import OutputError, TrainingError, UsageError
from impasto.train import tuning
from impasto.train.families import AnyRecipe, recipe_of
from impasto.train.job import LearnJob
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import Recipe
from impasto.train.search_space import space_of
from impasto.train.tuning import TuneJob, TuneResult, tune_recipe

from .conftest import TINY
from .pictures import save_scenes
from .tiny_encoder import TinyEncoder

BEST_RATE = 4e-3
NUM_TRIALS = 9
Figure = Callable[[AnyRecipe, int], float]


def by_rate(recipe: AnyRecipe, step: int) -> float:
    """Return a figure that is best at `BEST_RATE`, and falls with the steps."""
    return abs(math.log(recipe.generator_rate / BEST_RATE)) + 1 / (1 + step)


class Clock:
    """Time that passes by a second at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@dataclass
class Heard:
    messages: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.messages.append(message)

    def progress(self, progress: object) -> None:
        raise AssertionError("a search tells trials, not steps")


@dataclass
class Trainings:
    """Stands for all training: `figure` says how good a recipe is after a step."""

    figure: Figure = by_rate
    recipes: list[AnyRecipe] = field(default_factory=list)
    num_steps: list[int] = field(default_factory=list)
    pictures: tuple[str, ...] = ("a" * 64, "b" * 64)
    at_run: dict[int, BaseException] = field(default_factory=dict)

    def prepare(self, job: LearnJob, recipe: AnyRecipe, group: object, listener: Any) -> Any:
        listener.say("looked at pictures")
        self.recipes.append(recipe)
        self.num_steps.append(0)
        number = len(self.recipes)
        trainer = SimpleNamespace(step=0, recipe=recipe)

        def train_step(fraction: float) -> None:
            if number in self.at_run:
                raise self.at_run[number]
            trainer.step += 1
            self.num_steps[-1] = trainer.step

        trainer.train_step = train_step
        accepted = [SimpleNamespace(sha256=each) for each in self.pictures]
        return SimpleNamespace(
            trainer=trainer,
            metric="distance",
            references=SimpleNamespace(accepted=accepted),
            content=None,
            distance=lambda: self.figure(recipe, trainer.step),
        )


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    made = Trainings()
    monkeypatch.setattr(tuning, "prepare_run", made.prepare)

    def connect_without_waiting_for_the_disk(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    monkeypatch.setattr(tuning, "_connect", connect_without_waiting_for_the_disk)
    return made


MakeJob = Callable[..., TuneJob]


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    def make(**changes: Any) -> TuneJob:
        usual: dict[str, Any] = {"trial_steps": 8, "max_trials": NUM_TRIALS, "minutes": 1000.0}
        usual |= {"recipe": Recipe(seed=5)}
        return TuneJob(references=[tmp_path], output=tmp_path / "best.json", **(usual | changes))

    return make


def saved(job: TuneJob) -> dict[str, Any]:
    return dict(json.loads(job.output.read_text(encoding="utf-8")))


def search(job: TuneJob) -> tuple[TuneResult, list[str]]:
    heard = Heard()
    return tune_recipe(job, heard), heard.messages


# --- what it finds --------------------------------------------------------------------------------------------------


def test_a_better_recipe_is_found_compared_and_written(trainings: Trainings, make_job: MakeJob) -> None:
    job = make_job()
    result, messages = search(job)
    assert trainings.recipes[0] == replace(Recipe(seed=5), minutes=5.0, steps=8, content_jitter=0.15)
    assert result.best_distance < result.start_distance
    assert result.compared is not None
    assert result.compared[1] < result.compared[0]
    assert abs(math.log(result.recipe.generator_rate / BEST_RATE)) < math.log(2)
    assert result.changes["generator_rate"] == (0.002, result.recipe.generator_rate)
    assert result.num_trials + result.num_pruned == NUM_TRIALS
    assert len(trainings.recipes) == NUM_TRIALS + 2
    assert [each.seed for each in trainings.recipes] == [5] * NUM_TRIALS + [6] * 2
    assert messages.count("looked at pictures") == 1
    assert any(message.startswith("trial 1: distance") and "(the start)" in message for message in messages)


def test_learn_takes_what_was_written(trainings: Trainings, make_job: MakeJob) -> None:
    job = make_job()
    result, _ = search(job)
    assert recipe_of("look", {"recipe": str(job.output)}) == result.recipe
    assert (result.recipe.minutes, result.recipe.steps) == (5.0, None), "the length of a trial is not the user's"
    assert isinstance(result.recipe, Recipe)
    assert result.recipe.content_jitter is None, "what was left open stays so"


def test_the_family_is_written(trainings: Trainings, make_job: MakeJob) -> None:
    job = make_job(recipe=PaintRecipe(), max_trials=2)
    search(job)
    assert saved(job)["family"] == "paint"
    assert isinstance(recipe_of("paint", {"recipe": str(job.output)}), PaintRecipe)
    with pytest.raises(UsageError, match="family"):
        recipe_of("look", {"recipe": str(job.output)})


def test_luck_does_not_pass_for_a_better_recipe(trainings: Trainings, make_job: MakeJob) -> None:
    """Figures that differ by chance alone, where the start wins under the other seed."""

    def chance(recipe: AnyRecipe, step: int) -> float:
        is_start = recipe.generator_rate == 2e-3
        return 2.0 - is_start if recipe.seed == 6 else 1.0 + is_start

    trainings.figure = chance
    result, _ = search(make_job())
    assert result.best_distance < result.start_distance
    assert result.compared == (1.0, 2.0)
    assert result.changes == {}
    assert result.recipe == Recipe(seed=5)


def test_where_the_start_is_best_nothing_is_compared(trainings: Trainings, make_job: MakeJob) -> None:
    trainings.figure = lambda recipe, step: float(recipe.generator_rate != 2e-3)
    result, _ = search(make_job())
    assert result.compared is None
    assert result.changes == {}
    assert len(trainings.recipes) == NUM_TRIALS


# --- what it gives up -----------------------------------------------------------------------------------------------


def test_what_falls_behind_is_given_up_half_way(trainings: Trainings, make_job: MakeJob) -> None:
    result, messages = search(make_job(max_trials=16))
    given_up = [message for message in messages if "given up" in message]
    assert result.num_pruned == len(given_up) > 0
    assert set(trainings.num_steps) <= {4, 6, 8}, "looked at in quarters, and never given up at the first"
    assert trainings.num_steps[:3] == [8, 8, 8]


def test_a_trial_that_breaks_down_does_not_end_the_search(trainings: Trainings, make_job: MakeJob) -> None:
    trainings.at_run[2] = TrainingError("losses stay non-finite")
    result, messages = search(make_job(max_trials=6))
    assert any(message.startswith("trial 2: failed: losses stay non-finite") for message in messages)
    assert result.num_trials + result.num_pruned == 5


def test_a_figure_that_is_no_number_is_a_failure(trainings: Trainings, make_job: MakeJob) -> None:
    trainings.figure = lambda recipe, step: math.nan
    with pytest.raises(TrainingError, match="no trial got to its end"):
        search(make_job(max_trials=3))


def test_a_comparison_that_breaks_down_is_said_by_leaving_it_out(trainings: Trainings, make_job: MakeJob) -> None:
    trainings.at_run[NUM_TRIALS + 1] = TrainingError("losses stay non-finite")
    result, _ = search(make_job())
    assert result.compared is None
    assert result.changes


def test_the_time_is_kept_with_room_for_the_comparison(trainings: Trainings, make_job: MakeJob) -> None:
    job = make_job(minutes=20.0, trial_minutes=1.0, max_trials=None)
    clock = Clock()

    def slow(recipe: AnyRecipe, step: int) -> float:
        clock.now += 100.0 if step == 8 else 0.0
        return by_rate(recipe, step)

    trainings.figure = slow
    tune_recipe(job, clock=clock)
    assert 15 * 60 < clock.now <= 20 * 60
    assert [each.minutes for each in trainings.recipes] == [1.0] * len(trainings.recipes)
    assert trainings.recipes[-1].seed == 6


def test_a_budget_that_preparing_uses_up_is_said(trainings: Trainings, make_job: MakeJob) -> None:
    clock, heard = Clock(), Heard()

    def slow(recipe: AnyRecipe, step: int) -> float:
        clock.now += 300.0
        return by_rate(recipe, step)

    trainings.figure = slow
    result = tune_recipe(make_job(minutes=20.0, trial_minutes=1.0, max_trials=None), heard, clock)
    assert (result.num_trials, result.num_pruned) == (1, 0)
    assert heard.messages[-1] == "there was time for one trial only: give more --minutes with --resume"


# --- going on -------------------------------------------------------------------------------------------------------


def test_a_search_goes_on_where_it_stopped(trainings: Trainings, make_job: MakeJob) -> None:
    first, _ = search(make_job(max_trials=4))
    num_before = len(trainings.recipes)
    second, messages = search(make_job(max_trials=8, resume=True))
    assert "resumed with 4 trials" in messages
    assert second.num_trials + second.num_pruned == 8
    assert second.best_distance <= first.best_distance
    assert second.start_distance == first.start_distance
    assert trainings.recipes[0] not in trainings.recipes[num_before : num_before + 4]


def test_ctrl_c_keeps_the_best_so_far(trainings: Trainings, make_job: MakeJob) -> None:
    trainings.at_run[6] = KeyboardInterrupt()
    job = make_job()
    result, messages = search(job)
    assert "stopped: the best recipe so far is kept; --resume goes on" in messages
    assert result.compared is None
    assert len(trainings.recipes) == 6
    assert saved(job)["generator_rate"] == result.recipe.generator_rate
    again, messages = search(make_job(resume=True, max_trials=7))
    assert "resumed with 5 trials" in messages
    assert again.num_trials + again.num_pruned == 6


def test_a_trial_that_a_crash_cut_short_is_put_away(trainings: Trainings, make_job: MakeJob) -> None:
    job = make_job(max_trials=3)
    search(job)
    with sqlite3.connect(job.folder / "study.sqlite") as database:
        database.execute("UPDATE trials SET state = 'RUNNING' WHERE number = 1")
    database.close()
    result, messages = search(make_job(resume=True, max_trials=5))
    assert "resumed with 2 trials" in messages
    assert result.num_trials + result.num_pruned == 4


def test_resuming_nothing_starts_anew(trainings: Trainings, make_job: MakeJob) -> None:
    _, messages = search(make_job(resume=True, max_trials=2))
    assert messages[0] == "nothing to resume: starting anew"


@pytest.mark.parametrize(
    ("changes", "pictures", "message"),
    [
        ({"recipe": Recipe(seed=6)}, None, "other options"),
        ({"trial_steps": 9}, None, "other options"),
        ({}, ("c" * 64,), "other pictures"),
    ],
)
def test_another_search_is_not_added_to(
    trainings: Trainings, make_job: MakeJob, changes: dict[str, Any], pictures: tuple[str, ...] | None, message: str
) -> None:
    job = make_job(max_trials=2)
    search(job)
    before = job.output.read_bytes()
    trainings.pictures = pictures or trainings.pictures
    with pytest.raises(UsageError, match=message):
        search(make_job(resume=True, max_trials=6, **changes))
    assert job.output.read_bytes() == before


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": Path("best.yaml")}, ".json file"),
        ({"minutes": 0.0}, "minutes must be"),
        ({"minutes": 3.0, "trial_minutes": 1.0}, "too few for trials of 1"),
        ({"trial_minutes": -1.0}, "too few"),
    ],
)
def test_impossible_jobs(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TuneJob(**({"references": [Path()], "output": Path("best.json")} | changes))


def test_trials_take_a_twelfth_and_no_more_than_the_recipe_does() -> None:
    def seconds(minutes: float) -> float:
        return TuneJob([Path()], Path("best.json"), recipe=Recipe(minutes=5), minutes=minutes).seconds_per_trial

    assert seconds(12) == 60
    assert seconds(600) == 300


def test_nothing_is_overwritten_unasked(trainings: Trainings, make_job: MakeJob) -> None:
    job = make_job(max_trials=2)
    search(job)
    with pytest.raises(OutputError, match="--overwrite"):
        search(job)
    job.output.unlink()
    with pytest.raises(OutputError, match="--resume"):
        search(job)
    result, messages = search(replace(job, overwrite=True))
    assert result.num_trials == 2
    assert not any("resumed" in message for message in messages)


def test_a_missing_folder_and_a_broken_study_are_said(trainings: Trainings, make_job: MakeJob, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder does not exist"):
        search(replace(make_job(), output=tmp_path / "no" / "best.json"))
    job = make_job(resume=True)
    job.folder.mkdir()
    (job.folder / "study.sqlite").write_bytes(b"not a database, whatever it is called" * 100)
    with pytest.raises(TrainingError, match="delete"):
        search(job)


def test_a_path_may_hold_what_means_something_in_addresses(trainings: Trainings, make_job: MakeJob) -> None:
    job = make_job(max_trials=2)
    folder = job.output.parent / "a?b=c%20&#d"
    folder.mkdir()
    search(replace(job, output=folder / "best.json"))
    assert (folder / "best.json.tuning" / "study.sqlite").is_file()


# --- with real training ---------------------------------------------------------------------------------------------


def test_real_trials_on_real_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.vision import encoders

    monkeypatch.setitem(encoders.ENCODERS, "tiny", TinyEncoder)
    references = save_scenes(tmp_path / "favourites", 4, first_seed=50, look=True)
    content = save_scenes(tmp_path / "shoots", 4, first_seed=10)
    job = TuneJob([references], tmp_path / "best.json", [content], TINY, trial_steps=3, max_trials=2)
    result, _ = search(job)
    assert result.metric == "color_distance"
    assert math.isfinite(result.start_distance)
    assert result.best_distance <= result.start_distance
    assert set(space_of(TINY)) >= set(result.changes)
    assert recipe_of("look", {"recipe": str(job.output)}) == result.recipe
