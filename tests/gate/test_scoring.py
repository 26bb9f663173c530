"""The statistics behind suspicions, where the right answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.gate.fitting import Tail, fit_monotone_logistic, fit_tail, usual
from impasto.gate.scoring import added_by_signs, deviations, suspicion, suspicions
from impasto.style.manifest import GateGroup, GateScale, GateSign


def rows(seed: int = 0, count: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (count, 3))


def test_what_separates_gets_the_weight_and_noise_next_to_none():
    good, broken = rows(0), rows(1) + np.array([6, 0, 0])
    far = deviations(np.concatenate([good, broken]), 10.0)
    is_broken = np.arange(400) >= 200
    weights, bias = fit_monotone_logistic(far, is_broken, np.full(400, 1 / 200), 0.03)
    assert (weights >= 0).all()
    assert weights[0] > 5 * weights[1:].max()
    assert np.mean((far @ weights + bias > 0) == is_broken) > 0.98


def test_a_number_that_is_more_usual_when_broken_excuses_nothing():
    """Broken rows are nearer to the centre in the second column: a weight below zero would serve, and is not given."""
    good, broken = rows(0) * 3, rows(1) * np.array([3, 0.1, 3])
    far = deviations(np.concatenate([good, broken]), 10.0)
    weights, _ = fit_monotone_logistic(far, np.arange(400) >= 200, np.full(400, 1 / 200), 0.03)
    assert weights.min() == 0
    assert weights[1] == weights[4] == 0


def test_the_odds_are_right_where_nothing_tells():
    far = np.zeros((40, 2))
    weights, bias = fit_monotone_logistic(far, np.arange(40) < 10, np.ones(40), 0.01)
    assert bias == pytest.approx(math.log(10 / 30), abs=0.02)
    assert weights.tolist() == [0, 0]


def test_centre_and_spread():
    table = np.stack([np.linspace(-10, 10, 101), np.full(101, 3.0), np.full(101, np.nan)], axis=1)
    center, spread = usual(table, ["artefacts.noise", "artefacts.noise", "faces.lost"])
    assert center.tolist() == [0, 3, 0]
    assert spread[0] == pytest.approx(6.8, rel=0.05)
    assert spread[1] == 0.1
    assert spread[2] == 0.2


def test_few_rows_make_a_wide_spread():
    few, many = (usual(np.linspace(-1, 1, n)[:, None], ["artefacts.noise"])[1][0] for n in (4, 100))
    assert few > 1.3 * many


def test_unknown_numbers_are_left_out_of_the_spread():
    table = np.array([[1.0], [np.nan], [2.0], [3.0], [np.nan]])
    assert usual(table, ["style.L_mean"])[0][0] == 2


def test_an_exponential_tail_is_found():
    values = np.random.default_rng(0).exponential(2.0, 4000)
    tail = fit_tail(values.tolist())
    assert tail.start == pytest.approx(2 * math.log(4), rel=0.1)
    assert tail.excess == pytest.approx(2, rel=0.1)
    beyond = np.mean([tail.scaled(value) > 2 for value in values])
    assert beyond == pytest.approx(Tail.SHARE * math.exp(-2), rel=0.25)


@pytest.mark.parametrize("values", [[0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 1.0]])
def test_a_tail_of_next_to_nothing_has_a_width(values):
    tail = fit_tail(values)
    assert tail.excess >= 0.1
    assert math.isfinite(tail.scaled(5.0))


SIGN = GateSign(name="style.L_mean", center=50.0, spread=5.0, above=1.0, below=0.5)
OTHER = GateSign(name="style.moved", center=0.0, spread=1.0, above=2.0)
GROUP = GateGroup(failure="style", bias=-1.0, signs=(SIGN, OTHER))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ({}, -1),
        ({"style.L_mean": 50}, -1),
        ({"style.L_mean": 55}, -1),  # a spread is tolerated
        ({"style.L_mean": 65}, 1),
        ({"style.L_mean": 35}, 0),
        ({"style.L_mean": 1e9}, 6),  # no further than 8 spreads
        ({"style.L_mean": math.nan, "style.moved": math.inf}, -1),
        ({"style.moved": -30}, -1),
        ({"style.moved": 3, "style.L_mean": 60}, 4),
    ],
)
def test_suspicions(numbers, expected):
    assert suspicion(GROUP, numbers, 8.0) == pytest.approx(expected)
    scale = GateScale(groups=(GROUP,), review=1, refuse=2, farthest=8.0)
    assert suspicions(scale, numbers) == {"style": pytest.approx(expected)}


def test_what_each_sign_adds():
    found = added_by_signs(GROUP, {"style.L_mean": 30.0, "style.moved": 2.0}, 8.0)
    assert found == {"style.L_mean": (1.5, False), "style.moved": (2.0, True)}


@given(value=st.floats(-200, 200), far=st.floats(2, 30))
def test_fitting_and_scoring_see_the_same(value, far):
    """Calibration works on tables, judging on one picture's numbers; they must agree."""
    above, below = deviations(np.array([[(value - SIGN.center) / SIGN.spread]]), far)[0]
    expected = GROUP.bias + SIGN.above * above + SIGN.below * below
    assert suspicion(GROUP, {SIGN.name: value}, far) == pytest.approx(expected)


def test_unknown_numbers_raise_no_suspicion():
    assert deviations(np.array([[np.nan, 3.0]]), 8.0).tolist() == [[0, 2, 0, 0]]
