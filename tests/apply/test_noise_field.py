import numpy as np
import pytest

from impasto.apply.noise_field import noise_field


def test_it_is_standard_normal():
    noise = noise_field(300, 400)
    assert noise.shape == (1, 1, 300, 400)
    assert noise.dtype == np.float32
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(1, abs=0.01)
    assert (np.abs(noise) > 3).mean() == pytest.approx(0.0027, abs=0.0008)
    assert np.isfinite(noise).all()


def test_a_place_has_the_same_noise_whatever_the_size():
    np.testing.assert_array_equal(noise_field(20, 30), noise_field(50, 90)[..., :20, :30])


def test_neighbours_and_rows_have_nothing_in_common():
    noise = noise_field(300, 300)[0, 0]
    for shift in [(0, 1), (1, 0), (1, 1), (0, 2), (8, 0)]:
        shifted = np.roll(noise, shift, (0, 1))
        assert abs((noise * shifted).mean()) < 0.015


def test_seeds_give_other_noise():
    first, second = noise_field(100, 100, 0), noise_field(100, 100, 1)
    assert abs((first * second).mean()) < 0.04


def test_frames_share_one_field_that_none_can_change():
    field = noise_field(16, 16, 5)
    assert noise_field(16, 16, 5) is field
    with pytest.raises(ValueError, match="read-only"):
        field[0] = 0
