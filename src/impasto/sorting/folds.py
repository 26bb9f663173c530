"""Parts for cross-validation: each with its share of every class, copies never apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
UNLABELLED = -1
"""Stands for the class of a picture without a label, and for the fold of one that is never tested."""


def num_distinct(targets: Indices, groups: Indices, num_classes: int) -> list[int]:
    """Return how many distinct pictures each class has: copies count once."""
    return [len(set(groups[targets == label].tolist())) for label in range(num_classes)]


def stratified_folds(targets: Indices, groups: Indices, num_folds: int, seed: int) -> Indices:
    """Return the fold of each picture.

    Parameters
    ----------
    targets
        Class of each, `UNLABELLED` where it has none. Those are in no fold, but for copies of others that are.
    groups
        Pictures of one group go into one fold.
    """
    random = np.random.default_rng(seed)
    folds = np.full(len(targets), UNLABELLED, np.int64)
    sizes = np.zeros((num_folds, int(targets.max(initial=0)) + 1), np.int64)
    # A fold takes the largest groups first, as small ones can even out what these leave.
    members = [np.flatnonzero(groups == group) for group in np.unique(groups[targets != UNLABELLED])]
    order = sorted(range(len(members)), key=lambda index: (-len(members[index]), random.random()))
    for index in order:
        counts = np.bincount(targets[members[index]][targets[members[index]] != UNLABELLED], minlength=sizes.shape[1])
        main = int(counts.argmax())
        fold = min(range(num_folds), key=lambda each: (sizes[each, main], sizes[each].sum()))
        sizes[fold] += counts
        folds[members[index]] = fold
    return folds
