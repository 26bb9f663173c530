from __future__ import annotations

import numpy as np
import pytest

from impasto.sorting.folds import UNLABELLED
from impasto.sorting.regression import class_weights, fit_head, softmax

CENTERS = np.array([[3, 0, 0, 0, 0, 0], [0, 3, 0, 0, 0, 0], [0, 0, 3, 0, 0, 0]], float)


def clouds(counts: list[int], seed: int = 0, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = np.repeat(np.arange(len(counts)), counts)
    features = 5 + CENTERS[targets] + spread * random.normal(size=(len(targets), 6))
    return features.astype(np.float32), targets.astype(np.int64)


def test_it_tells_clouds_apart() -> None:
    features, targets = clouds([60, 60, 60])
    head = fit_head(features, targets, 3)
    unseen, truth = clouds([200, 200, 200], seed=1)
    assert (head.logits(unseen).argmax(axis=1) == truth).mean() > 0.95


def test_the_solution_is_where_the_slope_is_zero() -> None:
    """Of the loss that the docstring promises, by differences and not by what the code does."""
    features, targets = clouds([15, 9, 12])
    penalty = 0.01
    head = fit_head(features, targets, 3, penalty=penalty)
    shares = class_weights(targets, 3).astype(float)
    shares /= shares.sum()
    inputs = (features.astype(float) - head.mean) / head.deviation

    def loss(weights: np.ndarray, bias: np.ndarray) -> float:
        chosen = softmax(inputs @ weights.T + bias)[np.arange(len(targets)), targets]
        return float(-(shares * np.log(chosen)).sum() + penalty / 2 * (weights**2).sum())

    weights, bias = head.weights.astype(float), head.bias.astype(float)
    lowest = loss(weights, bias)
    random = np.random.default_rng(0)
    for _ in range(20):
        assert loss(weights + 0.05 * random.normal(size=weights.shape), bias) > lowest
        assert loss(weights, bias + 0.05 * np.array([1, -1, 0]) * random.choice([-1, 1])) > lowest


def test_more_features_than_pictures_give_the_same_as_columns_of_nothing() -> None:
    """The short way through the space of the pictures must not change the solution."""
    features, targets = clouds([10, 10, 10])
    wide = np.concatenate([features, np.full((30, 300), 7, np.float32)], axis=1)
    narrow_head, wide_head = fit_head(features, targets, 3), fit_head(wide, targets, 3, penalty=3e-4 * 6 / 306)
    assert (narrow_head.logits(features).argmax(1) == wide_head.logits(wide).argmax(1)).all()
    np.testing.assert_allclose(wide_head.weights[:, 6:], 0, atol=1e-5)


def test_classes_weigh_the_same_however_large() -> None:
    features, targets = clouds([300, 12, 12], spread=2.5)
    unseen, truth = clouds([200, 200, 200], seed=1, spread=2.5)

    def recall(weights: np.ndarray | None) -> float:
        head = fit_head(features, targets, 3, weights, penalty=0.01)
        guesses = head.logits(unseen).argmax(axis=1)
        return float(np.mean([(guesses[truth == label] == label).mean() for label in range(3)]))

    assert recall(None) > recall(np.ones(len(targets), np.float32)) + 0.03


def test_weights_add_up_to_the_same_for_each_class() -> None:
    targets = np.array([0] * 8 + [1] * 2 + [UNLABELLED] * 5)
    weights = class_weights(targets, 2)
    assert weights[:8].sum() == pytest.approx(weights[8:10].sum())
    assert (weights[10:] == 0).all()


def test_pictures_without_a_label_change_nothing() -> None:
    features, targets = clouds([10, 10, 10])
    junk = np.concatenate([features, np.full((5, 6), 1e4, np.float32)])
    head = fit_head(features, targets, 3)
    other = fit_head(junk, np.append(targets, [UNLABELLED] * 5), 3)
    np.testing.assert_allclose(other.logits(features), head.logits(features), rtol=1e-3, atol=1e-3)


def test_what_is_far_from_all_is_unfamiliar() -> None:
    features, targets = clouds([40, 40, 40])
    head = fit_head(features, targets, 3)
    strange = features.mean(axis=0) + np.array([[0, 0, 0, 9, 0, 0], [0, 0, 0, 0, -9, 9]], np.float32)
    assert np.quantile(head.familiarity(features), 0.05) > head.familiarity(strange.astype(np.float32)).max()
    assert (np.abs(head.familiarity(features)) <= 1 + 1e-6).all()


def test_softmax_bears_large_scores() -> None:
    np.testing.assert_allclose(softmax(np.array([[1000.0, 0.0], [-1000.0, -1000.0]])), [[1, 0], [0.5, 0.5]])
