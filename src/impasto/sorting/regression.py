"""A linear classifier on features: softmax regression with a penalty, and how like its classes a picture is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.sorting.folds import UNLABELLED, Indices

Floats = NDArray[np.float32]

_NUM_STEPS = 600
_SMALL_GRADIENT = 1e-5
_LEAST_DEVIATION = 1e-3
PENALTY = 3e-4


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """Turns features into scores.

    Attributes
    ----------
    weights, bias
        C×F and C, for features that were standardised.
    mean, deviation
        F each, of the features that it was learned from.
    centers
        C×F, the direction from the mean of all to that of each class, of length 1.
    """

    weights: Floats
    bias: Floats
    mean: Floats
    deviation: Floats
    centers: Floats

    def logits(self, features: Floats) -> Floats:
        """Return scores N×C of features N×F; softmax makes them probabilities."""
        result: Floats = self._standardised(features) @ self.weights.T + self.bias
        return result

    def familiarity(self, features: Floats) -> Floats:
        """Return, from -1 to 1, how much each picture is like the class that it is most like."""
        standardised = self._standardised(features)
        length = np.linalg.norm(standardised, axis=1, keepdims=True)
        result: Floats = (standardised @ self.centers.T / np.maximum(length, 1e-12)).max(axis=1)
        return result

    def _standardised(self, features: Floats) -> Floats:
        result: Floats = (features - self.mean) / self.deviation
        return result


def class_weights(targets: Indices, num_classes: int) -> Floats:
    """Return a weight for each picture, so that every class weighs the same; 0 without a label."""
    counts = np.bincount(targets[targets != UNLABELLED], minlength=num_classes)
    per_class = np.append(len(targets) / np.maximum(counts, 1) / num_classes, 0)
    return per_class[targets].astype(np.float32)


def fit_head(
    features: Floats, targets: Indices, num_classes: int, weights: Floats | None = None, penalty: float = PENALTY
) -> LinearHead:
    """Fit a linear classifier by accelerated gradients, begun anew where they overshoot.

    B. O'Donoghue and E. Candès, "Adaptive Restart for Accelerated Gradient Schemes", 2015.

    Parameters
    ----------
    features
        N×F.
    targets
        N classes; `UNLABELLED` is left out.
    weights
        Of the N pictures; by default such that classes weigh the same, however many pictures they have.
    penalty
        On the squares of the weights, where the features of a typical picture have a length of 1.
    """
    weights = class_weights(targets, num_classes) if weights is None else weights
    used = (targets != UNLABELLED) & (weights > 0)
    inputs, classes, shares = features[used].astype(np.float64), targets[used], weights[used] / weights[used].sum()
    mean = inputs.mean(axis=0)
    deviation = np.maximum(inputs.std(axis=0), _LEAST_DEVIATION) * np.sqrt(inputs.shape[1])
    standardised = (inputs - mean) / deviation
    reduced, back = _reduced(standardised)
    solution, bias = _softmax_regression(reduced, np.eye(num_classes)[classes], shares, penalty)
    return LinearHead(
        (solution @ back).astype(np.float32),
        bias.astype(np.float32),
        mean.astype(np.float32),
        deviation.astype(np.float32),
        _centers(standardised, classes, num_classes),
    )


def _reduced(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rows in the space that they span, N×R, and R×F back: the solution lies in it, as the penalty is round."""
    num_rows, num_columns = rows.shape
    if num_rows >= num_columns:
        return rows, np.eye(num_columns)
    values, vectors = np.linalg.eigh(rows @ rows.T)
    kept = values > values[-1] * 1e-10
    lengths = np.sqrt(values[kept])
    return vectors[:, kept] * lengths, (vectors[:, kept] / lengths).T @ rows


def _softmax_regression(
    inputs: NDArray[np.float64], truth: NDArray[np.float64], shares: NDArray[np.float64], penalty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    shrinking = np.append(np.full(inputs.shape[1], penalty), 0)[:, None]
    scaled = rows * np.sqrt(shares)[:, None]
    step = 1 / (0.5 * float(np.linalg.norm(scaled, 2)) ** 2 + penalty)
    current = ahead = np.zeros((rows.shape[1], truth.shape[1]))
    momentum = 1.0
    for _ in range(_NUM_STEPS):
        gradient = rows.T @ (shares[:, None] * (softmax(rows @ ahead) - truth)) + shrinking * ahead
        following = ahead - step * gradient
        if float((gradient * (following - current)).sum()) > 0:
            momentum = 1.0
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / next_momentum * (following - current)
        current, momentum = following, next_momentum
        if float(np.abs(gradient).max()) < _SMALL_GRADIENT:
            break
    return current[:-1].T, current[-1]


def softmax(logits: NDArray[np.float64] | Floats) -> NDArray[np.float64]:
    """Turn scores N×C into probabilities."""
    lifted = np.exp(np.asarray(logits, np.float64) - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = lifted / lifted.sum(axis=1, keepdims=True)
    return result


def _centers(standardised: NDArray[np.float64], classes: Indices, num_classes: int) -> Floats:
    centers = np.zeros((num_classes, standardised.shape[1]))
    for label in range(num_classes):
        if (classes == label).any():
            centers[label] = standardised[classes == label].mean(axis=0)
    centers /= np.maximum(np.linalg.norm(centers, axis=1, keepdims=True), 1e-12)
    return centers.astype(np.float32)
