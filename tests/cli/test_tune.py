"""`impasto tune learn`: what reaches the search, and what is said of its result."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import MissingExtraError
from impasto.train import tuning
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import Recipe
from impasto.train.tuning import TuneJob, TuneResult

from .conftest import Run

FOUND = TuneResult(Recipe(), "color_distance", 9, 3, 0.0512, 0.0414, (0.05, 0.043), {"loss": ("hinge", "lsgan")})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, home: Path) -> list[TuneJob]:
    """Search nothing; return the jobs that would have been done."""
    jobs: list[TuneJob] = []

    def answer(job: TuneJob, listener: Any) -> TuneResult:
        jobs.append(job)
        return FOUND

    monkeypatch.setattr(tuning, "tune_recipe", answer)
    return jobs


def test_options_reach_the_job(run: Run, asked: list[TuneJob]) -> None:
    words = ["tune", "learn", "monet", "--family", "paint", "--content", "photos", "--minutes", "90"]
    words += ["--trial-minutes", "4", "-o", "b.json", "--seed", "3", "--from", "none", "--pick", "8", "--resume"]
    run(*words)
    [job] = asked
    assert job.references == [Path("monet")]
    assert job.content == [Path("photos")]
    assert job.recipe == PaintRecipe(start="none", seed=3)
    assert (job.minutes, job.trial_minutes, job.output, job.pick) == (90, 4, Path("b.json"), 8)
    assert job.resume
    assert not job.overwrite


def test_usual_options(run: Run, asked: list[TuneJob]) -> None:
    run("tune", "learn", "monet")
    [job] = asked
    assert job == TuneJob([Path("monet")], Path("best.recipe.json"))


def test_the_result_is_told(run: Run, asked: list[TuneJob]) -> None:
    assert run("tune", "learn", "monet").stdout.splitlines() == [
        "9 trials ended, 3 were given up on the way.",
        "color_distance: 0.0414 at best, 0.0512 from where the search started.",
        "Under another seed: 0.043 against 0.05 from the start.",
        "  loss: hinge -> lsgan",
        "Wrote best.recipe.json.",
    ]


def test_luck_and_failure_are_told(run: Run, asked: list[TuneJob], monkeypatch: pytest.MonkeyPatch) -> None:
    def answering(*values: Any) -> None:
        monkeypatch.setattr(tuning, "tune_recipe", lambda job, listener: TuneResult(Recipe(), "d", 2, 0, *values))

    answering(1.0, 0.5, None, {"loss": ("hinge", "lsgan")})
    assert "may have been luck" in run("tune", "learn", "monet").stdout
    answering(1.0, 0.5, (0.6, 0.7), {})
    assert "No better recipe was found" in run("tune", "learn", "monet").stdout
    answering(math.nan, 0.5, None, {})
    assert "nan" not in run("tune", "learn", "monet").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--family", "etching"], "no family named 'etching'"),
        (["-o", "best.txt"], ".json file"),
        (["--loss", "mean"], "no loss named 'mean'"),
        (["--minutes", "3", "--trial-minutes", "2"], "too few for trials of 2"),
    ],
)
def test_what_is_refused(run: Run, asked: list[TuneJob], words: list[str], message: str) -> None:
    assert message in run("tune", "learn", "monet", *words, code=2).stderr
    assert asked == []


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "impasto.train.tuning")
    with pytest.raises(MissingExtraError, match=r"impasto\[tune\]"):
        importlib.import_module("impasto.train.tuning")
    monkeypatch.setitem(sys.modules, "impasto.train.tuning", tuning)
