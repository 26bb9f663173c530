"""Horizons of known angle."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.critique.finding import Level
from impasto.critique.horizon import find_level_line, judge_horizon

from .constructed import blurred, noisy, patches, sea


@pytest.mark.parametrize("degrees", [-12.0, -6.3, -3.0, -1.2, -0.3, 0.0, 0.15, 0.8, 2.5, 5.7, 9.9, 14.0])
def test_the_angle_is_read_to_a_tenth(degrees: float) -> None:
    line = find_level_line(sea(degrees))
    assert line is not None
    assert line.degrees == pytest.approx(degrees, abs=0.1)
    assert line.coverage > 0.9
    assert line.middle == pytest.approx(0.45 * 300, abs=1)


@pytest.mark.parametrize("degrees", [-4.0, 1.1, 7.0])
def test_noise_and_blur_hardly_change_it(degrees: float) -> None:
    plane = noisy(blurred(sea(degrees), 1.5), 4)[..., 0].astype(np.float32)
    line = find_level_line(plane)
    assert line is not None
    assert line.degrees == pytest.approx(degrees, abs=0.15)


def test_a_mountain_in_the_way_is_no_matter() -> None:
    plane = sea(2)
    plane[:, 120:240] = np.linspace(40, 90, 300)[:, None]
    line = find_level_line(plane)
    assert line is not None
    assert line.degrees == pytest.approx(2, abs=0.15)
    assert line.coverage == pytest.approx(0.7, abs=0.06)


def test_dark_sky_over_bright_water_is_a_horizon_too() -> None:
    line = find_level_line(255 - sea(-2))
    assert line is not None
    assert line.degrees == pytest.approx(-2, abs=0.1)


@pytest.mark.parametrize(
    "plane",
    [
        np.full((300, 400), 120, np.float32),
        noisy(np.full((300, 400), 120.0), 30)[..., 0].astype(np.float32),
        sea(0).T.copy(),
        sea(40),
        blurred(patches(300, 400, side=60), 1),
        np.zeros((20, 400), np.float32),
    ],
    ids=["plain", "noise", "upright", "steep", "patches", "tiny"],
)
def test_nothing_is_said_where_there_is_no_line(plane: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    line = find_level_line(plane)
    assert line is None or abs(line.degrees) < 0.05  # rows of patches are lines, and level


def test_a_line_through_a_third_is_too_short() -> None:
    plane = sea(1)
    plane[:, 130:] = 120
    assert find_level_line(plane) is None


def test_a_short_slope_far_from_level_is_none() -> None:
    near, far = sea(1), sea(13)
    for plane in (near, far):
        plane[:, 250:] = 120
    assert find_level_line(near) is not None
    assert find_level_line(far) is None


def test_two_lines_that_disagree_say_nothing() -> None:
    """Rails and roofs in perspective: which one would be level?"""
    upper, lower = sea(4, level=0.25), sea(-4, level=0.75)
    both = np.concatenate([upper[:150], lower[150:] + 30])
    both[145:155] = both[145]
    assert find_level_line(both) is None


def test_two_that_agree_say_the_same() -> None:
    both = np.concatenate([sea(2, level=0.25)[:150], sea(2, level=0.75)[150:] - 80])
    line = find_level_line(both)
    assert line is not None
    assert line.degrees == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(("degrees", "word"), [(3.0, "right by 3.0°"), (-3.0, "left by 3.0°")])
def test_the_side_that_is_lower_is_named(degrees: float, word: str) -> None:
    finding, line = judge_horizon(sea(degrees))
    assert finding.level is Level.LOOK
    assert word in finding.phrase
    assert "if it is the horizon" in finding.phrase
    assert line is not None
    assert (line.stop[1] > line.start[1]) == (degrees > 0)
    assert (line.stop[1] - line.start[1]) * 300 / 400 == pytest.approx(np.tan(np.radians(degrees)), abs=0.003)


def test_level_is_said_as_well() -> None:
    finding, line = judge_horizon(sea(0.1))
    assert finding.level is Level.FINE
    assert finding.phrase.startswith("level")
    assert finding.details["y"] == pytest.approx(0.45, abs=0.01)
    assert line is not None


def test_what_cannot_be_told_has_no_line() -> None:
    finding, line = judge_horizon(np.full((300, 400), 120, np.float32))
    assert finding.level is Level.UNKNOWN
    assert finding.value is None
    assert line is None
