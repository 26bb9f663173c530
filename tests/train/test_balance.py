from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from impasto.train.balance import balancing_weights, luminance_ranks, scene_descriptors
from impasto.train.batches import Pool

from .pictures import scenes
from .tiny_encoder import TinyEncoder

numbers = st.floats(-5, 5).map(lambda value: round(value, 3))


def rows(low: int, high: int, width: int = 3) -> st.SearchStrategy[NDArray[np.float64]]:
    return st.integers(low, high).flatmap(lambda count: arrays(np.float64, (count, width), elements=numbers))


@settings(deadline=None)
@given(rows(1, 40), rows(1, 20))
def test_weights_are_bounded_probabilities(content: NDArray[np.float64], references: NDArray[np.float64]) -> None:
    weights = balancing_weights(content, references)
    assert weights.shape == (len(content),)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    assert weights.max() <= 5 / len(content) + 1e-9


def test_no_picture_is_drawn_for_all_others() -> None:
    """One picture in fifty is like the references; the others are far from them."""
    content = np.zeros((50, 1)) + np.random.default_rng(1).normal(0, 0.01, (50, 1))
    content[7] = 10
    weights = balancing_weights(content, np.full((30, 1), 10.0) + np.random.default_rng(2).normal(0, 0.01, (30, 1)))
    assert weights[7] == pytest.approx(5 / 50)
    assert np.delete(weights, 7) == pytest.approx(np.full(49, 0.9 / 49), rel=0.05)


@settings(deadline=None)
@given(rows(2, 30))
def test_equal_sets_are_drawn_evenly(descriptors: NDArray[np.float64]) -> None:
    assert balancing_weights(descriptors, descriptors) == pytest.approx(np.full(len(descriptors), 1 / len(descriptors)))


@given(st.integers(1, 9), numbers)
def test_equal_pictures_are_drawn_evenly(count: int, level: float) -> None:
    weights = balancing_weights(np.full((count, 4), level), np.full((6, 4), level + 1))
    assert weights == pytest.approx(np.full(count, 1 / count), abs=1e-6)


@settings(deadline=None)
@given(rows(2, 40, width=1), rows(2, 20, width=1))
def test_the_mean_moves_towards_that_of_the_references(
    content: NDArray[np.float64], references: NDArray[np.float64]
) -> None:
    target, before = references.mean(), content.mean()
    after = float(balancing_weights(content, references) @ content[:, 0])
    assert abs(after - target) <= abs(before - target) + 1e-6
    assert (after - before) * (target - before) >= -1e-6


def test_several_descriptors_are_balanced_at_once() -> None:
    random = np.random.default_rng(3)
    content, references = random.normal(0, 1, (200, 3)), random.normal([0.5, -0.4, 0], 1, (80, 3))
    balanced = balancing_weights(content, references) @ content
    target = references.mean(axis=0)
    assert np.linalg.norm(balanced - target) < 0.3 * np.linalg.norm(content.mean(axis=0) - target)


@given(rows(1, 1), rows(0, 5))
def test_too_few_to_tell_are_drawn_evenly(content: NDArray[np.float64], references: NDArray[np.float64]) -> None:
    assert balancing_weights(content, references).tolist() == [1.0]
    assert balancing_weights(np.eye(3), references[:1]) == pytest.approx([1 / 3] * 3)


# --- descriptors ----------------------------------------------------------------------------------------------------


def grey(seed: int, side: int = 12) -> torch.Tensor:
    levels = torch.from_numpy(np.random.default_rng(seed).permutation(side * side) / side**2).float()
    return levels.view(1, 1, side, side).expand(1, 3, side, side)


def test_ranks_are_those_of_luminance() -> None:
    ranks = luminance_ranks(grey(1), side=12)
    assert ranks.shape == (1, 3, 12, 12)
    assert torch.equal(ranks[:, 0], ranks[:, 2])
    assert (ranks.min(), ranks.max()) == (0, 1)
    assert torch.equal(ranks[0, 0].flatten().argsort(), grey(1)[0, 0].flatten().argsort())
    # Green is the lightest of equal channels and blue the darkest.
    thirds = torch.zeros(1, 3, 3, 3)
    thirds[0, 0, 0], thirds[0, 1, 1], thirds[0, 2, 2] = 1, 1, 1
    bands = luminance_ranks(thirds, side=3)[0, 0].mean(dim=1)
    assert bands[2] < bands[0] < bands[1]


@given(st.integers(0, 999), st.floats(0.3, 3), st.floats(0.2, 1), st.floats(0, 0.3))
def test_ranks_survive_any_rising_tone_curve(seed: int, gamma: float, gain: float, lift: float) -> None:
    picture = grey(seed)
    assert torch.equal(luminance_ranks(picture, 12), luminance_ranks(lift + gain * picture**gamma, 12))


def test_ranks_are_taken_at_a_small_size() -> None:
    assert luminance_ranks(torch.rand(1, 3, 50, 70), side=16).shape == (1, 3, 16, 16)


def test_a_scene_is_described_alike_before_and_after_a_tone_curve() -> None:
    pictures = [picture.mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype(np.uint8) for picture in scenes(4)]
    curved = [(255 * (picture / 255.0) ** 0.6).round().astype(np.uint8) for picture in pictures]
    encoder = TinyEncoder()
    before, after = (scene_descriptors(encoder, Pool(given, 8)) for given in (pictures, curved))
    assert before.shape == (4, 10 + 12)
    between = np.linalg.norm(before - before[::-1], axis=1).min()
    assert np.linalg.norm(before - after, axis=1).max() < 0.1 * between
