"""Casts of known shift."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.critique.cast import grey_in, judge_cast, light_estimates
from impasto.critique.finding import Level

from .constructed import colors, encoded

GAINS = {"warm": (1.45, 1.0, 0.55), "cool": (0.6, 1.0, 1.5), "green": (0.8, 1.15, 0.8), "magenta": (1.2, 0.85, 1.2)}


def test_a_grey_world_is_neutral() -> None:
    finding = judge_cast(encoded(colors()))
    assert finding.level is Level.FINE
    assert finding.value is not None
    assert finding.value < 1.5
    assert finding.phrase.startswith("neutral")


@pytest.mark.parametrize("gains", GAINS.values())
def test_both_estimates_follow_gains_exactly(gains: tuple[float, float, float]) -> None:
    before, after = (light_estimates(encoded(colors() * factor)) for factor in (np.ones(3), gains))
    assert before is not None
    assert after is not None
    for first, second in zip(before, after, strict=True):
        expected = first * gains
        np.testing.assert_allclose(second, expected / np.linalg.norm(expected), atol=0.003)


@pytest.mark.parametrize(("word", "gains"), GAINS.items())
def test_a_cast_of_known_gains_is_read_in_number_and_word(word: str, gains: tuple[float, float, float]) -> None:
    finding = judge_cast(encoded(colors() * gains))
    _, a, b = grey_in(np.array(gains)).tolist()
    assert finding.value == pytest.approx(np.hypot(a, b), abs=1.5)
    assert finding.details["green_to_magenta"] == pytest.approx(a, abs=1.5)
    assert finding.details["blue_to_yellow"] == pytest.approx(b, abs=1.5)
    assert word in finding.phrase
    assert finding.level is Level.LOOK


def test_a_small_cast_is_no_reason_to_look() -> None:
    finding = judge_cast(encoded(colors() * (1.2, 1.0, 0.75)))
    assert finding.level is Level.FINE
    assert finding.phrase.startswith("slightly warm")


def test_exposure_does_not_matter() -> None:
    values = [judge_cast(encoded(colors() * np.array(GAINS["warm"]) * factor)).value for factor in (0.4, 1)]
    assert values[0] == pytest.approx(values[1], abs=1)


def test_black_and_white_has_no_balance() -> None:
    grey = np.repeat(np.random.default_rng(0).uniform(0.1, 0.9, (60, 60, 1)), 3, axis=2).astype(np.float32)
    finding = judge_cast(grey)
    assert finding.level is Level.UNKNOWN
    assert "black and white" in finding.phrase


def test_one_tone_has_none_either() -> None:
    from impasto.vision.lab import lab_to_rgb

    lightness = np.random.default_rng(0).uniform(30, 80, (60, 60))
    sepia = lab_to_rgb(np.stack([lightness, np.full_like(lightness, 6), np.full_like(lightness, 14)], axis=-1))
    finding = judge_cast(sepia)
    assert finding.level is Level.UNKNOWN
    assert "one tone" in finding.phrase


def test_a_large_plain_colour_makes_the_estimates_disagree() -> None:
    """Grey things before a red wall: means are red, edges are not."""
    wall = np.full((150, 150, 3), (0.55, 0.06, 0.05))
    wall[50:100, 50:100] = np.kron(np.random.default_rng(0).uniform(0.05, 0.6, (10, 10, 1)), np.ones((5, 5, 3)))
    finding = judge_cast(encoded(wall))
    assert finding.level is Level.UNKNOWN
    assert "apart" in finding.phrase


def test_clipped_light_is_left_out() -> None:
    linear = colors()
    linear[:40] = 5 * np.array([1, 0.9, 0.2])
    finding = judge_cast(encoded(linear))
    assert finding.value is not None
    assert finding.value < 4


def test_all_black_or_all_white_says_nothing() -> None:
    for level in (0.0, 1.0):
        assert judge_cast(np.full((40, 40, 3), level, np.float32)).level is Level.UNKNOWN
    assert light_estimates(np.ones((40, 40, 3), np.float32)) is None
    assert light_estimates(np.full((5, 5, 3), 0.5, np.float32)) is None


def test_grey_in_white_light_is_grey() -> None:
    np.testing.assert_allclose(grey_in(np.ones(3)), [76.1, 0, 0], atol=0.2)
