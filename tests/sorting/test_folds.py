from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.sorting.folds import UNLABELLED, num_distinct, stratified_folds


@st.composite
def collections(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    number = draw(st.integers(4, 60))
    targets = np.array(draw(st.lists(st.integers(-1, 3), min_size=number, max_size=number)), np.int64)
    groups = np.array(draw(st.lists(st.integers(0, number), min_size=number, max_size=number)), np.int64)
    return targets, groups, draw(st.integers(2, 5))


@settings(max_examples=60, deadline=None)
@given(collections(), st.integers(0, 5))
def test_groups_stay_together_and_labels_decide_who_is_tested(
    collection: tuple[np.ndarray, np.ndarray, int], seed: int
) -> None:
    targets, groups, num_folds = collection
    folds = stratified_folds(targets, groups, num_folds, seed)
    for group in np.unique(groups):
        assert len(set(folds[groups == group].tolist())) == 1
        has_label = (targets[groups == group] != UNLABELLED).any()
        assert (folds[groups == group] != UNLABELLED).all() == has_label
    assert set(folds.tolist()) <= {UNLABELLED, *range(num_folds)}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(5, 23), min_size=2, max_size=4), st.integers(2, 5), st.integers(0, 5))
def test_each_fold_has_its_share_of_every_class(sizes: list[int], num_folds: int, seed: int) -> None:
    targets = np.repeat(np.arange(len(sizes)), sizes)
    folds = stratified_folds(targets, np.arange(len(targets)), num_folds, seed)
    for label, size in enumerate(sizes):
        counts = np.bincount(folds[targets == label], minlength=num_folds)
        assert counts.max() - counts.min() <= 1, (label, size)


def test_the_seed_decides() -> None:
    targets = np.repeat([0, 1], 20)
    groups = np.arange(40)
    first, again, other = (stratified_folds(targets, groups, 4, seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_copies_count_once() -> None:
    targets = np.array([0, 0, 0, 1, 1, UNLABELLED])
    assert num_distinct(targets, np.array([0, 0, 1, 2, 3, 4]), 2) == [2, 2]
