"""What pictures without a label add: the classifier's own guesses, the surest first.

P. Cascante-Bonilla et al., "Curriculum Labeling: Revisiting Pseudo-Labeling for Semi-Supervised Learning", 2021: each
round begins anew from the labelled pictures and takes a larger share of the guesses, those of each class apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impasto.sorting.folds import UNLABELLED, Indices
from impasto.sorting.regression import PENALTY, Floats, LinearHead, class_weights, fit_head, softmax

_SHARES = (0.2, 0.4, 0.6, 0.8)
"""Of the guesses of each class, round by round; the last fifth may show none of the classes."""
_TRUST = 0.5
"""What a guess weighs against a label."""


@dataclass(frozen=True, slots=True, eq=False)
class Guessed:
    """A classifier that learned from guesses as well.

    Attributes
    ----------
    targets, weights
        Of all pictures, those with labels and those that were guessed; `UNLABELLED` and 0 for the rest.
    """

    head: LinearHead
    targets: Indices
    weights: Floats


def fit_with_guesses(features: Floats, targets: Indices, num_classes: int, penalty: float = PENALTY) -> Guessed:
    """Fit a classifier on all pictures N×F, of which those of class `UNLABELLED` are guessed."""
    labelled = class_weights(targets, num_classes)
    head = fit_head(features, targets, num_classes, labelled, penalty)
    all_targets, weights = targets, labelled
    missing = np.flatnonzero(targets == UNLABELLED)
    if not missing.size:
        return Guessed(head, targets, labelled)
    for share in _SHARES:
        probabilities = softmax(head.logits(features[missing]))
        guesses, confidences = probabilities.argmax(axis=1), probabilities.max(axis=1)
        taken = _surest(guesses, confidences, share)
        all_targets = targets.copy()
        all_targets[missing[taken]] = guesses[taken]
        weights = class_weights(all_targets, num_classes)
        weights[missing] *= _TRUST
        head = fit_head(features, all_targets, num_classes, weights, penalty)
    return Guessed(head, all_targets, weights)


def _surest(guesses: Indices, confidences: np.ndarray[tuple[int], np.dtype[np.float64]], share: float) -> Indices:
    """Return this share of the guesses of each class, at least one."""
    taken = []
    for label in np.unique(guesses):
        inside = np.flatnonzero(guesses == label)
        number = max(1, round(share * len(inside)))
        taken.append(inside[np.argsort(-confidences[inside], kind="stable")[:number]])
    return np.concatenate(taken).astype(np.int64)
