from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.simplification import simplify as applied_simplify
from impasto.train.simplification import simplify

RADIUS = 3


def halves(height: int = 96, width: int = 96) -> torch.Tensor:
    """Return a dark half beside a light one."""
    picture = torch.full((1, 3, height, width), 0.3)
    picture[..., width // 2 :] = 0.7
    return picture


def grain(seed: int = 0, amount: float = 0.05) -> torch.Tensor:
    return amount * torch.randn(1, 1, 96, 96, generator=torch.Generator().manual_seed(seed)).expand(-1, 3, -1, -1)


# --- blocking in ----------------------------------------------------------------------------------------------------


def test_an_edge_stays_as_sharp_as_it_was() -> None:
    assert torch.allclose(simplify(halves(), RADIUS), halves(), atol=1e-3)


def test_a_turned_picture_is_simplified_alike() -> None:
    picture = halves() + grain()
    turned = simplify(picture.transpose(-1, -2), RADIUS).transpose(-1, -2)
    assert torch.allclose(turned, simplify(picture, RADIUS), atol=1e-5)


@pytest.mark.parametrize("radius", [2, 3, 6])
def test_grain_goes_and_the_more_so_the_larger_the_squares(radius: int) -> None:
    left = (simplify(halves() + grain(), radius) - halves()).std()
    assert left < 1.6 * 0.05 / (radius + 1)


def test_what_is_thinner_than_the_squares_fades_and_does_not_spread() -> None:
    hair = halves()
    hair[..., 20] = 0.9
    left = (simplify(hair, RADIUS) - halves())[..., 10:30].abs()
    assert left.max() < 0.3 * 0.6
    assert left[..., :10].max() == left[..., 11:].max() < 1e-3


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 9))
def test_no_tone_is_invented(seed: int, radius: int) -> None:
    picture = torch.rand(1, 2, 20, 31, generator=torch.Generator().manual_seed(seed))
    simple = simplify(picture, radius)
    assert simple.shape == picture.shape
    assert picture.min() - 1e-6 <= simple.min() <= simple.max() <= picture.max() + 1e-6


@pytest.mark.parametrize("radius", [0, 1, 3, 5])
def test_what_is_learned_with_is_what_is_applied(radius: int) -> None:
    picture = (halves(60, 41) + 0.1 * torch.randn(1, 3, 60, 41, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    applied = applied_simplify(picture.numpy(), radius, num_threads=2)
    assert np.abs(applied - simplify(picture, radius).numpy()).max() < 1e-4


def test_colours_are_left_out_together() -> None:
    """An edge that one channel alone has is an edge of all: no fringe of another colour beside it."""
    picture = halves()
    picture[:, 1] = 0.5
    assert torch.allclose(simplify(picture, RADIUS), picture, atol=1e-3)
