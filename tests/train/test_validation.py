from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from impasto.train.batches import Pool
from impasto.train.look_generator import LookGenerator, identity_lattice
from impasto.train.validation import ColorValidation, mean_lut

from .pictures import scene, scenes


class Brightness(nn.Module):
    """A generator whose LUT is the identity plus a lift."""

    def __init__(self, lift: float, per_mean: float = 0.0) -> None:
        super().__init__()
        self.lift, self.per_mean = lift, per_mean

    def forward(self, thumbnails: Tensor) -> Tensor:
        lifts = self.lift + self.per_mean * thumbnails.mean(dim=(1, 2, 3))
        return identity_lattice(5) + lifts[:, None, None, None, None]


def lifted(amount: float) -> list[np.ndarray]:
    return [(picture * 0.5 + 255 * amount).astype(np.uint8) for picture in scenes(4, width=96, height=96)]


def test_colours_of_one_set_are_at_distance_nought() -> None:
    plain = [np.full((40, 40, 3), level, np.uint8) for level in (10, 90, 200)]
    validation = ColorValidation(Pool(plain, 8), Pool(plain, 8), seed=1)
    assert validation.untouched == 0
    assert validation.distance(LookGenerator(5, 1)) < 1e-6


def test_two_draws_of_the_same_pictures_are_close() -> None:
    validation = ColorValidation(Pool(lifted(0.2), 8), Pool(lifted(0.2), 8), seed=1)
    assert 0 < validation.untouched < 0.01


def test_the_untouched_distance_is_that_of_the_identity() -> None:
    validation = ColorValidation(Pool(lifted(0.4), 8), Pool(lifted(0.1), 8), seed=1)
    assert validation.distance(LookGenerator(5, 2)) == pytest.approx(validation.untouched, abs=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.floats(0, 0.35), st.floats(0, 0.35))
def test_the_distance_falls_as_outputs_come_closer(first: float, second: float) -> None:
    validation = ColorValidation(Pool(lifted(0.4), 8), Pool(lifted(0.0), 8), seed=1)
    near, far = sorted((first, second), key=lambda lift: abs(lift - 0.4))
    if abs(near - far) > 0.02:
        assert validation.distance(Brightness(near)) < validation.distance(Brightness(far))
    assert validation.distance(Brightness(0.4)) < 0.01 < validation.untouched


def test_a_shift_is_measured_in_units_of_colour() -> None:
    """Over random directions, a shift of all three channels by a counts as a · √3 · E|cos| = a · √3 / 2."""
    validation = ColorValidation(Pool(lifted(0.3), 8), Pool(lifted(0.1), 8), seed=1)
    assert validation.untouched == pytest.approx(0.2 * 3**0.5 / 2, rel=0.2)


def test_outputs_count_as_they_are_shown() -> None:
    """What a LUT sends beyond white is white."""
    white = Pool([np.full((40, 40, 3), 255, np.uint8)], 8)
    assert ColorValidation(white, Pool([scene(1)], 8), seed=1).distance(Brightness(5.0)) == 0


def test_each_picture_is_judged_with_its_own_lut() -> None:
    dark, light = (np.full((40, 40, 3), level, np.uint8) for level in (51, 153))
    target = np.full((40, 40, 3), 153, np.uint8)
    validation = ColorValidation(Pool([target], 8), Pool([dark, light], 8), seed=1)
    # 0.2 + 0.6 - 0.2 and 0.6 + 0.6 - 0.6
    assert validation.distance(Brightness(0.6, per_mean=-1.0)) < 1e-5
    assert validation.distance(Brightness(0.4)) > 0.1


def test_a_seed_gives_the_same_figure() -> None:
    pools = Pool(lifted(0.2), 8), Pool(lifted(0.1), 8)
    assert ColorValidation(*pools, seed=4).untouched == ColorValidation(*pools, seed=4).untouched
    assert ColorValidation(*pools, seed=4).untouched != ColorValidation(*pools, seed=5).untouched


def test_the_mean_lut_is_the_mean_of_clamped_luts() -> None:
    generator = Brightness(-0.3, per_mean=1.0)
    thumbnails = torch.rand(19, 3, 8, 8) * torch.linspace(0, 1, 19)[:, None, None, None]
    expected = torch.stack([generator(one[None])[0].clamp(0, 1) for one in thumbnails]).mean(dim=0)
    assert torch.allclose(mean_lut(generator, thumbnails), expected, atol=1e-6)
