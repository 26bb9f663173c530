import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.apply.resampling import averaging_taps, enlarging_taps

LENGTHS = st.integers(1, 300)
BOTH = pytest.mark.parametrize("make", [averaging_taps, enlarging_taps])


def resampled(values, taps):
    starts, weights = taps
    places = starts[:, None] + np.arange(weights.shape[1])
    return (np.asarray(values)[places] * weights).sum(axis=1)


@BOTH
@given(length=LENGTHS, target=LENGTHS)
def test_taps_lie_within_and_add_up_to_one(make, length, target):
    starts, weights = make(length, target)
    assert starts.shape == (target,)
    assert starts.min() >= 0
    assert starts.max() + weights.shape[1] <= length
    assert weights.sum(axis=1) == pytest.approx(1, abs=1e-6)


@BOTH
@given(length=LENGTHS)
def test_the_same_length_changes_nothing(make, length):
    values = np.random.default_rng(length).random(length)
    assert resampled(values, make(length, length)) == pytest.approx(values, abs=1e-6)


@BOTH
@pytest.mark.parametrize(("length", "target"), [(100, 37), (37, 100), (64, 16), (10, 400), (449, 448)])
def test_a_ramp_stays_that_ramp_away_from_the_ends(make, length, target):
    ramp = (np.arange(length) + 0.5) / length
    expected = (np.arange(target) + 0.5) / target
    inside = slice(target // 5, -(target // 5))
    assert resampled(ramp, make(length, target))[inside] == pytest.approx(expected[inside], abs=2e-3)


@BOTH
def test_what_is_finer_than_the_target_averages_out(make):
    stripes = np.arange(400) % 2
    assert resampled(stripes, make(400, 60)) == pytest.approx(0.5, abs=0.03)


def test_averages_never_leave_the_range_of_the_values():
    step = np.repeat([0.0, 1.0], 50)
    result = resampled(step, averaging_taps(100, 30))
    assert result.min() >= 0
    assert result.max() <= 1 + 1e-6


def test_averaging_agrees_with_pillow():
    from PIL import Image

    values = np.random.default_rng(3).random((1, 211)).astype(np.float32)
    expected = np.asarray(Image.fromarray(values).resize((64, 1), Image.Resampling.BILINEAR))[0]
    assert resampled(values[0], averaging_taps(211, 64)) == pytest.approx(expected, abs=1e-5)


def test_enlarging_agrees_with_pillow():
    from PIL import Image

    values = np.random.default_rng(4).random((1, 30)).astype(np.float32)
    expected = np.asarray(Image.fromarray(values).resize((111, 1), Image.Resampling.BICUBIC))[0]
    assert resampled(values[0], enlarging_taps(30, 111)) == pytest.approx(expected, abs=1e-5)


def test_taps_that_others_share_cannot_be_changed():
    for array in averaging_taps(30, 20):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
