"""Styles from files, as the live loop takes them: what it shows is what `apply` makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import impasto
from impasto.api.live_style import AppliedLive
from impasto.apply.stylizer import State
from impasto.apply.stylizers import StylizerOptions
from impasto.errors import UnknownStyleError, UsageError
from impasto.live.stage import LiveStage
from impasto.media.planar import PlanarFrame

from .live_parts import FakeClock, Inline, drawn_frame

SIZE = (128, 96)


def stage_of(style: AppliedLive, strength: float = 1.0) -> LiveStage:
    return LiveStage(style, strength, clock=FakeClock(), background=Inline())


def gap(a: PlanarFrame, b: np.ndarray) -> float:  # type: ignore[type-arg]
    return float(np.abs(a.to_rgb().pixels.astype(float) - b.astype(float)).mean())


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_a_look_shows_what_apply_makes(pale: str, strength: float) -> None:
    frame = drawn_frame(size=SIZE)
    live = stage_of(AppliedLive.load(pale), strength).stylize(frame)
    assert gap(live, impasto.load(pale).apply(frame.to_rgb().pixels, strength)) < 2


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_paint_shows_what_apply_makes_at_the_same_size(negative: str, strength: float) -> None:
    frame = drawn_frame(size=SIZE)
    stage = stage_of(AppliedLive.load(negative), strength)
    live = stage.stylize(frame)
    assert stage.working_side is not None
    style = impasto.load(negative)
    scale = 64 / stage.working_side
    expected, _ = style.stylizer(strength, texture_scale=scale)(frame.to_rgb(), State())
    assert gap(live, expected.pixels) < 2


def test_a_chain_is_laid_on_in_turn(pale: str, negative: str) -> None:
    style = AppliedLive.load("pale+negative")
    assert not style.looks(1.0)
    assert style.working_side == 64
    frame = drawn_frame(size=SIZE)
    paler = impasto.load(pale).apply(frame.to_rgb().pixels).mean()
    assert stage_of(style).stylize(frame).to_rgb().pixels.mean() == pytest.approx(255 - paler, abs=4)


def test_two_looks_are_one_lut(pale: str) -> None:
    style = AppliedLive.load("pale+pale")
    assert len(style.looks(1.0)) == 2
    frame = drawn_frame(size=SIZE)
    expected = impasto.load("pale+pale").apply(frame.to_rgb().pixels)
    assert gap(stage_of(style).stylize(frame), expected) < 2


def test_options_hold(pale: str) -> None:
    frame = drawn_frame(size=SIZE)
    live = stage_of(AppliedLive.load(pale, StylizerOptions(keep_color=True))).stylize(frame)
    assert gap(live, impasto.load(pale).apply(frame.to_rgb().pixels, keep_color=True)) < 2.5


def test_a_look_in_a_region_is_no_lut(pale: str) -> None:
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    mask[:, 64:] = 255
    style = AppliedLive.load(pale, StylizerOptions(where=mask))
    assert not style.looks(1.0)
    assert style.working_side is None
    frame = drawn_frame(size=SIZE)
    result = stage_of(style).stylize(frame).to_rgb().pixels.astype(int)
    before = frame.to_rgb().pixels.astype(int)
    assert np.abs(result - before)[:, :60].mean() < 2
    assert np.abs(result - before)[:, 68:].mean() > 5


def test_a_small_side_asks_for_no_larger_strokes_than_there_are(negative: str) -> None:
    AppliedLive.load(negative).stylizer(1.0, 1)


def test_what_does_not_exist_or_does_not_go_is_refused(home: Path, pale: str) -> None:
    with pytest.raises(UnknownStyleError):
        AppliedLive.load("nothing-of-this-name")
    with pytest.raises(UsageError):
        AppliedLive.load(pale, StylizerOptions(texture_scale=2))


def test_a_finish_is_laid_over_in_time(home: Path, save_look: Callable[..., Path]) -> None:
    from impasto.style.finish import Finish

    save_look(home / "worn.style", finish=Finish(flicker=1.0))
    stage = stage_of(AppliedLive.load("worn"))
    assert len({stage.stylize(drawn_frame()).planes[0].mean() for _ in range(5)}) > 1
