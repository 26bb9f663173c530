"""`impasto learn` and `impasto.learn`: what they ask the training job for, and what they show of it."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import impasto
from impasto.cli.learn_progress import LiveListener, PlainListener, describe
from impasto.style.file import load_manifest

from .conftest import Run, RunProcess


@dataclass
class Step:
    """What a training run tells of itself."""

    fraction: float
    step: int = 7
    seconds_left: float = 83.4
    scalars: dict[str, float] = field(default_factory=lambda: {"generator/loss": 0.5, "generator/gradient": 9.0})
    distance: float = 0.01
    untouched_distance: float = 0.04


@pytest.fixture
def jobs(home: Path, save_look: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Put a look that is known in place of training; return the jobs that were asked for."""
    asked: list[Any] = []

    def learn_at_once(job: Any, listener: Any = None) -> Any:
        asked.append(job)
        if listener is not None:
            listener.say("2 references, 1 duplicate left out")
            for part in range(101):
                listener.progress(Step(part / 100))
        return load_manifest(save_look(job.output, recipe=job.recipe.as_json(), description=job.description))

    monkeypatch.setattr("impasto.train.job.learn_style", learn_at_once)
    return asked


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_asks_for_what_was_said(run: Run, jobs: list[Any]) -> None:
    words = "one/ two.jpg --content a/ --content b/ -o w.style --minutes 2.5 --seed 3 --loss lsgan --r1-weight 0.5"
    more = "--batch-size 4 --license-note mine --log-dir logs --resume --overwrite --description Bright."
    run("learn", *words.split(), *more.split())
    [job] = jobs
    assert [Path(path) for path in job.references] == [Path("one"), Path("two.jpg")]
    assert [Path(path) for path in job.content] == [Path("a"), Path("b")]
    assert job.output == Path("w.style")
    assert (job.recipe.minutes, job.recipe.seed, job.recipe.loss) == (2.5, 3, "lsgan")
    assert (job.recipe.r1_weight, job.recipe.batch_size, job.recipe.steps) == (0.5, 4, None)
    assert (job.license_note, job.description, job.log_dir) == ("mine", "Bright.", Path("logs"))
    assert job.resume
    assert job.overwrite


def test_grain_and_wear_are_asked_for(run: Run, jobs: list[Any]) -> None:
    run("learn", "film.mp4", "-o", "w.style", "--grain", "--finish", "weave:0.5,dust")
    run("learn", "film.mp4", "-o", "x.style")
    assert [(job.grain, job.finish) for job in jobs] == [(True, "weave:0.5,dust"), (False, None)]


def test_python_asks_for_grain_and_wear_too(jobs: list[Any], tmp_path: Path) -> None:
    impasto.learn("film.mp4", output=tmp_path / "w.style", grain=True, finish="dust", steps=3)
    [job] = jobs
    assert (job.grain, job.finish, job.recipe.steps) == (True, "dust", 3)


def test_what_was_not_said_is_as_the_recipe_has_it(run: Run, jobs: list[Any]) -> None:
    from impasto.train.recipe import Recipe

    run("learn", "one", "-o", "w.style")
    [job] = jobs
    assert job.recipe == Recipe()
    assert list(job.content) == []
    assert job.log_dir is None
    assert not job.resume
    assert not job.overwrite


def test_paint_has_options_of_its_own(run: Run, jobs: list[Any]) -> None:
    from impasto.train.paint_recipe import PaintRecipe

    words = "one.jpg --family paint --from none --width 2 --noise laplace --loss lsgan --minutes 3 -o w.style"
    run("learn", *words.split())
    assert jobs[0].recipe == PaintRecipe(start="none", width=2.0, noise="laplace", loss="lsgan", minutes=3.0)
    run("learn", "one.jpg", "--family", "paint", "-o", "v.style")
    assert jobs[1].recipe == PaintRecipe()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--width 2", "learning a style of the family 'look' has no option width."),
        ("--family sketch", "no family named 'sketch' can be learned; choose one of: look, paint, dream"),
        ("--recipe dcgan", "learning a style of the family 'look' has no recipe 'dcgan'; give a .json file."),
        ("--family dream --side 50", "no side named '50'"),
        ("--family paint --width 2", "what learning starts from has a width of its own; say --from none"),
        ("--family paint --noise pink", "no noise named 'pink'; choose one of: normal, uniform, laplace, none"),
        ("--family paint --from monet", "learning starts from 'trunk', 'none' or a .style file, not 'monet'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run: Run, jobs: list[Any], words: str, said: str) -> None:
    shown = run("learn", "one", "-o", "w.style", *words.split(), code=2).stderr
    assert shown.startswith(f"impasto: {said.split(';', maxsplit=1)[0]}")
    assert jobs == []


def test_a_number_of_steps_reaches_the_recipe(run: Run, jobs: list[Any]) -> None:
    run("learn", "one", "-o", "w.style", "--steps", "12")
    assert jobs[0].recipe.steps == 12


def test_a_learned_style_can_be_applied_at_once(run: Run, jobs: list[Any], shoot: Path) -> None:
    result = run("learn", "one", "-o", "wedding.style")
    assert result.stdout == "Wrote wedding.style (validation 0.25).\n"
    run("apply", shoot / "a.png", "--style", "wedding", "-o", "out.png")
    assert Path("out.png").exists()


def test_a_log_stays_short(run: Run, jobs: list[Any]) -> None:
    lines = run("learn", "one", "-o", "w.style").stderr.splitlines()
    assert lines[0] == "2 references, 1 duplicate left out"
    assert [line.split()[0] for line in lines[1:]] == [f"{percent}%" for percent in range(10, 101, 10)]


@pytest.mark.parametrize(
    "words",
    [
        ["one", "-o", "w.style", "--minutes", "0"],
        ["one", "-o", "w.style", "--loss", "hing"],
        ["one", "-o", "w.style", "--steps", "0"],
        ["one", "-o", "w.style", "--seed", "-1"],
        ["one", "-o", "w.style", "--batch-size", "many"],
        ["one"],
        ["-o", "w.style"],
    ],
)
def test_wrong_options_are_refused_before_anything_starts(run: Run, jobs: list[Any], words: list[str]) -> None:
    assert run("learn", *words, code=2).stderr
    assert jobs == []


def test_what_the_job_refuses_is_a_message(run: Run, jobs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise impasto.NoReferencesError("one holds no picture.")

    monkeypatch.setattr("impasto.train.job.learn_style", refuse)
    assert run("learn", "one", "-o", "w.style", code=2).stderr == "impasto: one holds no picture.\n"


def test_without_the_extra_the_message_says_what_to_install(run_process: RunProcess) -> None:
    shown = run_process("learn", "one", "-o", "w.style", code=2, may_try=True).stderr
    assert "pip install 'impasto[learn]'" in shown
    assert len(shown.splitlines()) == 1


# --- what is shown --------------------------------------------------------------------------------------------------


def test_a_progress_fits_one_line() -> None:
    assert describe(Step(0.5)) == "step 7, generator 0.500, distance 0.0100 (untouched 0.0400), 1:23 left"


def test_what_is_not_known_yet_is_left_out() -> None:
    unknown = Step(0.0, seconds_left=math.inf, scalars={}, distance=math.nan)
    assert describe(unknown) == "step 7"


def test_a_plain_listener_says_each_tenth_once(capsys: pytest.CaptureFixture[str]) -> None:
    listener = PlainListener()
    for fraction in (0.0, 0.05, 0.35, 0.36, 0.39, 1.0, 1.0):
        listener.progress(Step(fraction))
    shown = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in shown] == ["35%", "100%"]


def test_a_live_listener_draws_a_bar_and_prints_messages_as_they_are() -> None:
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with Progress(TextColumn("{task.percentage:3.0f}% {task.description}", markup=False), console=console) as bar:
        listener = LiveListener(bar)
        listener.say("left out: [bold]a[/bold].jpg")
        listener.progress(Step(0.42))
        bar.refresh()
    assert "left out: [bold]a[/bold].jpg" in screen.getvalue()
    assert "42% step 7, generator 0.500" in screen.getvalue()


# --- the function ---------------------------------------------------------------------------------------------------


def test_the_function_gives_a_style_in_memory(jobs: list[Any]) -> None:
    style = impasto.learn("wedding-favourites/", content="my-shoots/", minutes=0.5, seed=4, description="Bright.")
    [job] = jobs
    assert job.references == [Path("wedding-favourites")]
    assert job.content == [Path("my-shoots")]
    assert (job.recipe.minutes, job.recipe.seed) == (0.5, 4)
    assert style.name == "wedding-favourites"
    assert style.path is None
    assert style.description == "Bright."
    assert style.recipe["seed"] == 4
    assert not job.output.exists()
    assert list(Path().iterdir()) == []
    assert impasto.load(style.save("kept.style")).metrics == style.metrics


def test_the_function_writes_a_file_when_asked(jobs: list[Any]) -> None:
    style = impasto.learn(["a.jpg", Path("b.jpg")], output="w.style", license_note="mine")
    assert style.path == Path("w.style")
    assert Path("w.style").exists()
    assert jobs[0].references == [Path("a.jpg"), Path("b.jpg")]
    assert list(jobs[0].content) == []
    assert jobs[0].license_note == "mine"


def test_the_function_learns_paint(jobs: list[Any]) -> None:
    from impasto.train.paint_recipe import PaintRecipe

    impasto.learn("monet/", content="photos/", family="paint", steps=5, palette=0.2)
    assert jobs[0].recipe == PaintRecipe(steps=5, palette=0.2)
    impasto.learn("monet/", family="paint", minutes=2)
    assert jobs[1].recipe == PaintRecipe(minutes=2)


@pytest.mark.parametrize("references", [[], "..", "/", "con"])
def test_references_whose_name_is_no_style_name(jobs: list[Any], references: Any) -> None:
    assert impasto.learn(references).name in {"learned", Path("..").resolve().stem}


@pytest.mark.parametrize(
    "options", [{"stepz": 3}, {"minutes": -1}, {"loss": "hing"}, {"steps": 0}, {"family": "sketch"}, {"noise": "none"}]
)
def test_the_function_refuses_wrong_options(jobs: list[Any], options: dict[str, Any]) -> None:
    with pytest.raises(impasto.UsageError):
        impasto.learn("one", **options)
    assert jobs == []
