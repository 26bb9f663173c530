from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.quality.banding import Banding

from .pictures import grey, measured, noisy

RAMP = np.tile(np.linspace(0.05, 0.95, 800), (120, 1))


def sky() -> np.ndarray:
    """A round gradient in all channels, each of its own slope."""
    rows, columns = np.mgrid[0:240, 0:320] / 320
    distance = np.hypot(rows - 0.2, columns - 0.4)
    return np.stack([0.9 - 0.5 * distance, 0.8 - 0.4 * distance, 0.95 - 0.3 * distance], axis=-1).astype(np.float32)


def posterised(image: np.ndarray, levels: int) -> np.ndarray:
    return (np.round(image * (levels - 1)) / (levels - 1)).astype(np.float32)


@pytest.mark.parametrize("levels", [12, 32, 64, 100])
def test_a_posterised_gradient_is_all_bands(levels: int) -> None:
    assert measured(Banding(), grey(posterised(RAMP, levels))) == pytest.approx(1, abs=0.01)
    assert measured(Banding(), grey(posterised(RAMP, levels)).transpose(1, 0, 2)) == pytest.approx(1, abs=0.01)


@given(st.floats(0.01, 1))
@settings(max_examples=30, deadline=None)
def test_8_bits_of_a_gradient_are_no_bands(reach: float) -> None:
    assert measured(Banding(), grey(posterised(RAMP * reach, 256))) == 0


def test_a_smooth_gradient_has_none() -> None:
    assert measured(Banding(), grey(RAMP)) == 0
    assert measured(Banding(), sky()) == 0
    assert measured(Banding(), posterised(sky(), 256)) == 0


@pytest.mark.parametrize("levels", [24, 48])
def test_a_posterised_sky_is_found(levels: int) -> None:
    assert measured(Banding(), posterised(sky(), levels)) > 0.5


def test_half_a_sky_in_bands_counts_half() -> None:
    image = grey(RAMP)
    image[60:] = posterised(image[60:], 32)
    assert measured(Banding(), image) == pytest.approx(0.5, abs=0.05)


def test_dither_hides_bands() -> None:
    rng = np.random.default_rng(0)
    dithered = np.round(RAMP * 31 + rng.random(RAMP.shape) - 0.5) / 31
    value = measured(Banding(), grey(dithered))
    assert np.isnan(value) or value < 0.1


def test_an_edge_is_no_band() -> None:
    """Light beside dark, each with a gentle gradient of its own."""
    image = grey(RAMP * 0.2)
    image[:, 400:] += np.float32(0.5)
    assert measured(Banding(), posterised(image, 256)) == 0


def test_pictures_without_smooth_gradients_have_no_meaning() -> None:
    assert np.isnan(measured(Banding(), noisy(grey(RAMP), 0.1)))
    assert np.isnan(measured(Banding(), grey(np.full((50, 50), 0.5))))


def test_pictures_count_by_how_much_gradient_they_have() -> None:
    large, small = grey(RAMP), grey(posterised(RAMP[:40], 32))
    assert measured(Banding(), large, small) == pytest.approx(0.25, abs=0.03)
