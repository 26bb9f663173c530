"""Samples between validations: early, ever more seldom, and at a small share of the time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from impasto.train import early_samples
from impasto.train.early_samples import EarlySamples
from impasto.train.job import LearnJob, Progress, learn_style
from impasto.vision import encoders

from .conftest import TINY
from .pictures import save_scenes
from .tiny_encoder import TinyEncoder


class Clock:
    """Goes on by what steps and showing take."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown_at(step_seconds: float, show_seconds: float, until: float, wanted: bool = True) -> list[float]:
    """Return when samples were begun, in seconds after the start."""
    clock = Clock()
    early, shown = EarlySamples(wanted, clock), []

    def show() -> None:
        shown.append(clock.now - 1000)
        clock.now += show_seconds

    while clock.now < 1000 + until:
        clock.now += step_seconds
        early.show_when_due(show)
    return shown


def test_the_first_come_within_seconds() -> None:
    first, second, *_ = shown_at(0.1, 0.02, 60)
    assert 2 < first < 4
    assert second < 8


def test_nothing_is_shown_before_anything_can_be_learned() -> None:
    assert shown_at(0.1, 0.01, 1) == []


def test_they_become_seldom() -> None:
    shown = shown_at(0.1, 0.01, 4 * 3600)
    pauses = [later - earlier for earlier, later in pairwise(shown)]
    assert pauses == sorted(pauses)
    assert len(shown) < 25


def test_slow_ones_wait_longer() -> None:
    assert len(shown_at(1.0, 5.0, 600)) < len(shown_at(1.0, 0.01, 600))


@settings(deadline=None)
@given(st.floats(0.01, 20), st.floats(0, 10), st.floats(1, 3000))
def test_all_together_take_little_time(step_seconds: float, show_seconds: float, until: float) -> None:
    shown = shown_at(step_seconds, show_seconds, until)
    for number, begun in enumerate(shown):
        # The first cannot be known before; each that follows has waited for its share.
        assert number * show_seconds <= 0.0201 * begun


def test_nobody_looks() -> None:
    assert shown_at(0.1, 0.01, 600, wanted=False) == []


def test_what_comes_by_chance_is_left_as_it_was() -> None:
    clock = Clock()
    early = EarlySamples(True, clock)
    clock.now += 60
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    drawn = []
    early.show_when_due(lambda: drawn.append(torch.rand(2)))
    assert len(drawn) == 1
    assert torch.equal(torch.rand(2), expected)


class SeenEnoughError(Exception):
    pass


class Watcher:
    def say(self, message: str) -> None:
        pass

    def progress(self, progress: Progress) -> None:
        if progress.step == 3:
            raise SeenEnoughError


def test_a_run_that_was_not_validated_yet_shows_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encoders.ENCODERS, "tiny", TinyEncoder)
    for name, value in (("_FIRST_SECONDS", 0), ("_GROWTH", 0), ("_MOST_SHARE", 1e9)):
        monkeypatch.setattr(early_samples, name, value)
    references = save_scenes(tmp_path / "favourites", 5, first_seed=50, look=True)
    samples = tmp_path / "samples"
    samples.mkdir()
    recipe = replace(TINY, validate_every=100)
    with pytest.raises(SeenEnoughError):
        learn_style(LearnJob([references], tmp_path / "seen.style", recipe=recipe, samples_dir=samples), Watcher())
    assert [path.name for path in sorted(samples.iterdir())] == ["000001.jpg", "000002.jpg", "000003.jpg"]
    with Image.open(samples / "000001.jpg") as sheet:
        assert sheet.size == (4 * 32, 2 * 32)
