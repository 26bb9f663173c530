"""States on features add up: whoever sees which pictures, the numbers are those of one who saw all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from impasto.quality.feature_state import FeatureState, GramTotals, PatchRows, PooledMoments, PooledRows
from impasto.quality.features import PictureFeatures

from .seen import drawn

KINDS: list[Callable[[], FeatureState]] = [PooledMoments, PooledRows, PatchRows, GramTotals]


def pictures(count: int, seed: int = 0) -> list[PictureFeatures]:
    rng = np.random.default_rng(seed)
    return [drawn(rng, np.array([0.0, 3.0, -2.0, 1.0, 0.5])) for _ in range(count)]


def state_of(kind: Callable[[], FeatureState], seen: list[PictureFeatures]) -> FeatureState:
    state = kind()
    for features in seen:
        state.add(features)
    return state


def numbers_of(state: FeatureState) -> list[np.ndarray]:
    if isinstance(state, PooledMoments):
        return list(state.moments())
    if isinstance(state, GramTotals):
        return state.means()
    assert isinstance(state, PooledRows | PatchRows)
    return [state.rows()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parts", [(4, 3), (1, 6), (7, 0), (0, 7), (2, 2, 3)])
def test_parts_add_up_to_the_whole(kind: Callable[[], FeatureState], parts: tuple[int, ...]) -> None:
    seen = pictures(7)
    whole = state_of(kind, seen)
    starts = np.cumsum([0, *parts])
    total = kind()
    for start, count in zip(starts, parts, strict=False):
        total.merge(state_of(kind, seen[start : start + count]))
    assert total.count == whole.count == 7
    for one, other in zip(numbers_of(total), numbers_of(whole), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_merged_stays_as_it_is(kind: Callable[[], FeatureState]) -> None:
    part = state_of(kind, pictures(3))
    before = [each.copy() for each in numbers_of(part)]
    total = state_of(kind, pictures(2, seed=1))
    total.merge(part)
    total.add(pictures(1, seed=2)[0])
    assert part.count == 3
    for one, other in zip(numbers_of(part), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_state_takes_nothing_along(kind: Callable[[], FeatureState]) -> None:
    total = kind()
    total.merge(kind())
    assert total.count == 0
    total.merge(state_of(kind, pictures(4)))
    expected = numbers_of(state_of(kind, pictures(4)))
    for one, other in zip(numbers_of(total), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_moments_are_those_of_numpy() -> None:
    seen = pictures(9)
    pooled = np.stack([features.pooled for features in seen])
    state = state_of(PooledMoments, seen)
    assert isinstance(state, PooledMoments)
    mean, covariance = state.moments()
    np.testing.assert_allclose(mean, pooled.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(covariance, np.cov(pooled, rowvar=False), atol=1e-10)
    assert np.allclose(covariance, covariance.T)


def test_rows_are_one_a_picture_and_patches_many() -> None:
    seen = pictures(3)
    pooled, patches = state_of(PooledRows, seen), state_of(PatchRows, seen)
    assert isinstance(pooled, PooledRows)
    assert isinstance(patches, PatchRows)
    np.testing.assert_allclose(pooled.rows(), [features.pooled for features in seen], rtol=1e-6)
    assert len(patches.rows()) == sum(len(features.patches) for features in seen)
    assert (pooled.count, patches.count) == (3, 3)


def test_gram_matrices_keep_their_stages() -> None:
    seen = pictures(2)
    state = state_of(GramTotals, seen)
    assert isinstance(state, GramTotals)
    means = state.means()
    assert [len(mean) for mean in means] == [gram.size for gram in seen[0].grams]
    for stage, mean in enumerate(means):
        np.testing.assert_allclose(mean, np.mean([features.grams[stage].ravel() for features in seen], axis=0))
