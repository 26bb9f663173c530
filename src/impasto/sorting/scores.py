"""How good a classifier is on pictures whose class is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.sorting.calibration import Bin, Numbers, calibration_error, reliability
from impasto.sorting.folds import Indices

_STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228}
"""Two-sided 95 % points of Student's distribution, by degrees of freedom."""
_NORMAL = 1.96

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a classifier said of pictures whose class is known.

    Attributes
    ----------
    labels
        Names of the C classes.
    targets, guesses
        The true and the most probable class of each of the N pictures.
    confidences
        The probability of that guess.
    sure
        Whether it would have been said; "unsure" else.
    paths
        The pictures.
    folds
        Where it was cross-validated: the fold in which each was tested.
    """

    labels: tuple[str, ...]
    targets: Indices
    guesses: Indices
    confidences: Numbers
    sure: NDArray[np.bool_]
    paths: tuple[Path, ...]
    folds: Indices | None = None

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each guess is true."""
        result: NDArray[np.bool_] = self.guesses == self.targets
        return result

    @property
    def accuracy(self) -> float:
        """Share of true guesses, whether sure or not."""
        return float(self.right.mean())

    @property
    def interval(self) -> Interval:
        """95 % interval of the accuracy: over folds where there are some, else of a share of so many pictures."""
        folds = self.fold_accuracies
        return fold_interval(folds) if len(folds) > 1 else wilson_interval(int(self.right.sum()), len(self.right))

    @property
    def fold_accuracies(self) -> list[float]:
        """Accuracy in each fold."""
        if self.folds is None:
            return []
        return [float(self.right[self.folds == fold].mean()) for fold in np.unique(self.folds)]

    @property
    def coverage(self) -> float:
        """Share of the pictures that get a label."""
        return float(self.sure.mean())

    @property
    def sure_accuracy(self) -> float:
        """Share of these labels that are true; nan where none is given."""
        return float(self.right[self.sure].mean()) if self.sure.any() else math.nan

    @property
    def confusion(self) -> NDArray[np.int64]:
        """C×C: how many pictures of each class (row) were taken for each (column)."""
        number = len(self.labels)
        counts: NDArray[np.int64] = np.bincount(self.targets * number + self.guesses, minlength=number**2)
        return counts.reshape(number, number).astype(np.int64)

    @property
    def bins(self) -> list[Bin]:
        """Confidence against the share of true guesses."""
        return reliability(self.confidences, self.right)

    @property
    def calibration_error(self) -> float:
        """Mean distance between the two."""
        return calibration_error(self.bins)

    def per_class(self) -> list[ClassScore]:
        """Return precision and recall of each class."""
        confusion = self.confusion
        scores = []
        for index, label in enumerate(self.labels):
            hits = int(confusion[index, index])
            scores.append(ClassScore(label, int(confusion[index].sum()), int(confusion[:, index].sum()), hits))
        return scores

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that occur."""
        return float(np.mean([score.recall for score in self.per_class() if score.num_true]))


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: pictures that are of it, that were taken for it, and both."""

    label: str
    num_true: int
    num_guessed: int
    num_right: int

    @property
    def precision(self) -> float:
        """Share of what was taken for it that is of it; nan where nothing was."""
        return self.num_right / self.num_guessed if self.num_guessed else math.nan

    @property
    def recall(self) -> float:
        """Share of what is of it that was found; nan where there is none."""
        return self.num_right / self.num_true if self.num_true else math.nan

    @property
    def recall_interval(self) -> Interval:
        """95 % interval of the recall."""
        return wilson_interval(self.num_right, self.num_true)


def wilson_interval(hits: int, number: int) -> Interval:
    """Return the 95 % interval of a share (E. Wilson, 1927), which holds for few pictures and shares near 0 and 1."""
    if number == 0:
        return 0.0, 1.0
    share, spread = hits / number, _NORMAL**2 / number
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def fold_interval(accuracies: Sequence[float]) -> Interval:
    """Return the 95 % interval of a mean over folds.

    Folds share pictures that they learn from, so that the true interval is somewhat wider (Y. Bengio and Y. Grandvalet,
    "No Unbiased Estimator of the Variance of K-Fold Cross-Validation", 2004).
    """
    number = len(accuracies)
    mean = float(np.mean(accuracies))
    if number < 2:
        return 0.0, 1.0
    half = _STUDENT.get(number - 1, _NORMAL) * float(np.std(accuracies, ddof=1)) / math.sqrt(number)
    return max(0.0, mean - half), min(1.0, mean + half)
