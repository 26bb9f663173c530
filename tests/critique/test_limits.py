"""Words and levels at their limits: what is said just below and just above each."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.critique.cast import judge_cast
from impasto.critique.finding import Level, unknown
from impasto.critique.focus import judge_focus
from impasto.critique.horizon import judge_horizon
from impasto.critique.noise import judge_noise
from impasto.critique.placement import judge_faces
from impasto.critique.tones import judge_clipping, judge_contrast, judge_exposure, measure_clipping

from .constructed import blurred, colors, encoded, noisy, patches, sea


@pytest.mark.parametrize(("stops", "level"), [(-2.4, "fine"), (-2.6, "look"), (1.5, "fine"), (1.7, "look")])
def test_exposure(stops: float, level: str) -> None:
    finding = judge_exposure(encoded(np.full((20, 20, 3), 0.18 * 2**stops)))
    assert finding.level == level
    assert finding.unit == "stops"
    assert ("below" if stops < 0 else "above") in finding.phrase


@pytest.mark.parametrize(("span", "level"), [(40, "look"), (50, "fine")])
def test_contrast(span: float, level: str) -> None:
    from impasto.vision.lab import lab_to_rgb

    lightness = np.linspace(30, 30 + span, 2000)
    finding = judge_contrast(lab_to_rgb(np.stack([lightness, 0 * lightness, 0 * lightness], axis=-1)[None]))
    assert finding.level == level
    assert ("flat" in finding.phrase) == (level == "look")


@pytest.mark.parametrize(
    ("sigma", "level", "words"), [(0.5, "fine", "crisp"), (1.3, "fine", "slightly"), (3, "look", "soft")]
)
def test_sharpness(sigma: float, level: str, words: str) -> None:
    finding = judge_focus(blurred(patches(320, 400, side=80), sigma), 0, ()).findings[0]
    assert finding.level == level
    assert words in finding.phrase
    assert finding.unit == "px"


@pytest.mark.parametrize(("sigma", "level"), [(3.0, "fine"), (5.0, "look")])
def test_noise(sigma: float, level: str) -> None:
    finding = judge_noise(noisy(np.full((160, 160), 120.0), sigma))
    assert finding.level == level
    assert f"{finding.value:.1f} levels" in finding.phrase


@pytest.mark.parametrize(
    ("degrees", "level", "word"), [(0.3, "fine", "level"), (0.7, "fine", "right"), (1.4, "look", "right")]
)
def test_horizon(degrees: float, level: str, word: str) -> None:
    finding, _ = judge_horizon(sea(degrees))
    assert finding.level == level
    assert word in finding.phrase
    assert finding.unit == "°"


@pytest.mark.parametrize(("gains", "level"), [((1.05, 1, 0.95), "fine"), ((1.6, 1, 0.45), "look")])
def test_white_balance(gains: tuple[float, float, float], level: str) -> None:
    finding = judge_cast(encoded(colors() * gains))
    assert finding.level == level
    assert finding.unit == "ΔE"


@pytest.mark.parametrize(("share", "level"), [(0.03, "fine"), (0.07, "look")])
def test_black_in_a_face_may_be_pupils(share: float, level: str) -> None:
    pixels = np.full((200, 200, 3), 120, np.uint8)
    face = (0.25, 0.25, 0.75, 0.30)
    pixels[50:60, 50 : 50 + round(share * 100)] = 0
    finding = judge_clipping(measure_clipping(pixels, bright=False), pixels, [face], bright=False)
    assert finding.details["face"] == pytest.approx(share, abs=0.011)
    assert finding.level == level


@pytest.mark.parametrize(("left", "level"), [(0.004, "look"), (0.02, "fine")])
def test_a_face_at_the_edge(left: float, level: str) -> None:
    assert judge_faces([(left, 0.3, 0.4, 0.7)])[1].level == level


def test_what_is_unknown_has_neither_number_nor_unit() -> None:
    finding = unknown("horizon", "no line")
    assert (finding.value, finding.unit, finding.details) == (None, "", {})
    assert finding.level is Level.UNKNOWN
    assert finding.phrase == "cannot be told: no line"
