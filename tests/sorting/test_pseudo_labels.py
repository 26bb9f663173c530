from __future__ import annotations

import numpy as np
import pytest

from impasto.sorting.folds import UNLABELLED
from impasto.sorting.pseudo_labels import fit_with_guesses
from impasto.sorting.regression import fit_head


def clouds(number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three clouds that are well apart in a few of many directions, so that few pictures do not show in which."""
    random = np.random.default_rng(seed)
    targets = np.arange(number) % 3
    features = random.normal(size=(number, 40))
    features[:, :3] += 7 * np.eye(3)[targets]
    return features.astype(np.float32), targets


def accuracy(head: object, features: np.ndarray, targets: np.ndarray) -> float:
    return float((head.logits(features).argmax(axis=1) == targets).mean())  # type: ignore[attr-defined]


def test_pictures_without_labels_help() -> None:
    unseen, truth = clouds(600, 99)
    gains = []
    for seed in range(4):
        features, targets = clouds(300, seed)
        few = targets.copy()
        few[9:] = UNLABELLED
        guessed = fit_with_guesses(features, few, 3)
        gains.append(accuracy(guessed.head, unseen, truth) - accuracy(fit_head(features, few, 3), unseen, truth))
    assert np.mean(gains) > 0.03
    assert min(gains) > -0.02


def test_labels_are_never_overruled() -> None:
    features, targets = clouds(90, 0)
    few = targets.copy()
    few[30:] = UNLABELLED
    few[0] = (few[0] + 1) % 3
    guessed = fit_with_guesses(features, few, 3)
    assert (guessed.targets[:30] == few[:30]).all()


def test_a_guess_weighs_less_than_a_label_and_the_least_sure_nothing() -> None:
    features, targets = clouds(90, 0)
    few = targets.copy()
    few[30:] = UNLABELLED
    guessed = fit_with_guesses(features, few, 3)
    assert guessed.weights[30:].max() < guessed.weights[:30].min()
    ignored = guessed.weights[30:] == 0
    assert 0.1 < ignored.mean() < 0.3
    assert (guessed.targets[30:][ignored] == UNLABELLED).all()


def test_with_all_labels_it_is_the_plain_classifier() -> None:
    features, targets = clouds(60, 0)
    guessed = fit_with_guesses(features, targets, 3)
    np.testing.assert_array_equal(guessed.head.weights, fit_head(features, targets, 3).weights)
    assert guessed.targets is targets


@pytest.mark.parametrize("number", [1, 2])
def test_a_single_picture_without_a_label_is_no_trouble(number: int) -> None:
    features, targets = clouds(30, 0)
    few = targets.copy()
    few[-number:] = UNLABELLED
    guessed = fit_with_guesses(features, few, 3)
    assert accuracy(guessed.head, features, targets) > 0.9
