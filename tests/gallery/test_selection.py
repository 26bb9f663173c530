from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.gallery.features import feature_weights
from impasto.gallery.records import Features, Likeness
from impasto.gallery.selection import MINIMUM_TO_SPLIT, find_clusters, pick_coherent, style_points

Points = NDArray[np.float32]


def one_style(count: int, seed: int, num_features: int = 40, width: float = 1.0) -> Points:
    """Draw pictures that vary in some ways much and in others little, as those of one folder do."""
    random = np.random.default_rng(seed)
    deviations = width / np.arange(1, num_features + 1) ** 0.5
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(num_features, num_features)))
    return ((random.normal(size=(count, num_features)) * deviations) @ turn).astype(np.float32)


def two_styles(counts: tuple[int, int], seed: int = 0, apart: float = 12.0) -> Points:
    first, second = one_style(counts[0], seed), one_style(counts[1], seed + 1000)
    direction = np.random.default_rng(seed + 7).normal(size=first.shape[1])
    return np.concatenate([first, second + (apart * direction / np.linalg.norm(direction)).astype(np.float32)])


@pytest.mark.parametrize("count", [1, 2, 5, MINIMUM_TO_SPLIT, 24, 48, 100, 300])
def test_one_style_is_one_style(count: int) -> None:
    for seed in range(20):
        [group] = find_clusters(one_style(count, seed))
        assert group.tolist() == list(range(count))


def test_a_style_that_varies_along_a_line_is_one_style() -> None:
    for seed in range(20):
        points = one_style(100, seed)
        points[:, 0] += np.linspace(-6, 6, 100, dtype=np.float32)
        assert len(find_clusters(points)) == 1


def test_a_few_outliers_are_no_style() -> None:
    points = one_style(60, 1)
    points[:4] += 30
    assert len(find_clusters(points)) == 1


def test_pictures_that_are_all_the_same_are_one_style() -> None:
    assert len(find_clusters(np.ones((40, 6), np.float32))) == 1
    assert pick_coherent(np.ones((40, 6), np.float32), 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("counts", [(12, 12), (40, 40), (20, 60), (90, 12)])
def test_two_styles_are_told_apart_the_larger_first(counts: tuple[int, int]) -> None:
    for seed in range(10):
        groups = find_clusters(two_styles(counts, seed))
        first, second = list(range(counts[0])), list(range(counts[0], sum(counts)))
        expected = [first, second] if counts[0] >= counts[1] else [second, first]
        assert [group.tolist() for group in groups] == expected


def test_two_styles_that_overlap_are_not_told_apart() -> None:
    assert all(len(find_clusters(two_styles((40, 40), seed, apart=1.0))) == 1 for seed in range(20))


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(50)), scale=st.floats(0.1, 100), shift=st.floats(-5, 5))
def test_neither_order_nor_scale_matter(order: list[int], scale: float, shift: float) -> None:
    points = two_styles((30, 20))
    groups = find_clusters((points[order] * scale + shift).astype(np.float32))
    assert sorted(np.array(order)[groups[0]].tolist()) == list(range(30))
    assert sorted(np.array(order)[groups[1]].tolist()) == list(range(30, 50))


def test_the_most_coherent_leave_out_what_is_foreign() -> None:
    random = np.random.default_rng(3)
    for seed in range(10):
        points = np.concatenate([one_style(60, seed), one_style(20, seed + 50, width=4) + 5])
        order = random.permutation(len(points))
        chosen = order[pick_coherent(points[order], 40)]
        assert (chosen < 60).mean() >= 0.97


def test_picking_keeps_to_the_larger_of_two_styles() -> None:
    points = two_styles((30, 50))
    assert set(pick_coherent(points, 20).tolist()) <= set(range(30, 80))
    assert pick_coherent(points, 60).tolist() == list(range(30, 80)), "no more than there are of it"


def test_what_is_picked_is_tighter_than_chance() -> None:
    points = one_style(200, 5)
    chosen = points[pick_coherent(points, 50)]
    assert chosen.var(axis=0).sum() < 0.6 * points.var(axis=0).sum()


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 80), seed=st.integers(0, 20))
def test_as_many_as_asked_for_in_order_and_the_same_every_time(count: int, seed: int) -> None:
    points = one_style(60, seed)
    chosen = pick_coherent(points, count)
    assert len(chosen) == min(count, 60)
    assert (np.diff(chosen) > 0).all()
    assert np.array_equal(chosen, pick_coherent(points, count))


@pytest.mark.parametrize("count", [0, -3])
def test_to_pick_none_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        pick_coherent(one_style(5, 0), count)


def test_no_channel_drowns_another() -> None:
    random = np.random.default_rng(0)
    raw = random.normal(size=(200, 50)).astype(np.float32)
    raw[:, 3] *= 1000
    raw[:, 4] += 1e4
    features = [Features(np.zeros(1, np.float32), row, np.zeros((0, 3), np.float32)) for row in raw]
    variances = style_points(features).var(axis=0)
    expected = feature_weights(Likeness.STYLE, 50)
    assert np.allclose(variances, expected, rtol=0.1)
    assert variances.sum() == pytest.approx(1, rel=0.1)


def test_what_nobody_could_see_is_no_style() -> None:
    raw = two_styles((30, 30)) * 1e-3
    features = [Features(np.zeros(1, np.float32), row, np.zeros((0, 3), np.float32)) for row in raw]
    assert len(find_clusters(style_points(features))) == 1
    visible = [Features(each.content, each.style * 1e3, each.palette) for each in features]
    assert len(find_clusters(style_points(visible))) == 2


def test_traits_have_the_share_that_is_theirs() -> None:
    for num_features in (20, 360):
        weights = feature_weights(Likeness.STYLE, num_features)
        assert weights.sum() == pytest.approx(1)
        assert weights[-8:].sum() == pytest.approx(0.4)
        assert np.ptp(feature_weights(Likeness.CONTENT, num_features)) == 0
