"""What metrics on features remember of many pictures. Every state adds up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from impasto.quality.features import PictureFeatures


class FeatureState(ABC):
    """A state that starts empty, takes in pictures, and adds up over workers."""

    count: int = 0
    """Number of pictures."""

    @abstractmethod
    def add(self, features: PictureFeatures) -> None:
        """Take in one picture."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class, which stays as it is."""


class PooledMoments(FeatureState):
    """Count, sum and sum of outer products of pooled features."""

    def __init__(self) -> None:
        self.count = 0
        self.total = np.zeros(0)
        self.outer_total = np.zeros((0, 0))

    def add(self, features: PictureFeatures) -> None:
        pooled = features.pooled
        self._add(1, pooled, np.outer(pooled, pooled))

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        if other.count:
            self._add(other.count, other.total, other.outer_total)

    def _add(self, count: int, total: NDArray[np.float64], outer_total: NDArray[np.float64]) -> None:
        if not self.count:
            self.total, self.outer_total = np.zeros_like(total), np.zeros_like(outer_total)
        self.count += count
        self.total += total
        self.outer_total += outer_total

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the mean D and the unbiased covariance D×D of two pictures or more."""
        mean = self.total / self.count
        covariance = (self.outer_total - self.count * np.outer(mean, mean)) / (self.count - 1)
        return mean, covariance


class _Rows(FeatureState):
    """Rows of numbers, kept, since kernels compare each with each."""

    def __init__(self) -> None:
        self.count = 0
        self.chunks: list[NDArray[np.float32]] = []

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        self.count += other.count
        self.chunks += other.chunks

    def rows(self) -> NDArray[np.float32]:
        """Return all rows, N×D."""
        return np.concatenate(self.chunks)


class PooledRows(_Rows):
    """The pooled features of each picture."""

    def add(self, features: PictureFeatures) -> None:
        self.count += 1
        self.chunks.append(features.pooled[None].astype(np.float32))


class PatchRows(_Rows):
    """Early features of parts of each picture."""

    def add(self, features: PictureFeatures) -> None:
        self.count += 1
        self.chunks.append(features.patches)


class GramTotals(FeatureState):
    """The sum of Gram matrices, one for each early stage, laid end to end."""

    def __init__(self) -> None:
        self.count = 0
        self.total = np.zeros(0)
        self.sizes = np.zeros(0, np.int64)

    def add(self, features: PictureFeatures) -> None:
        sizes = np.array([gram.size for gram in features.grams])
        self._add(1, np.concatenate([gram.ravel() for gram in features.grams]), sizes)

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        if other.count:
            self._add(other.count, other.total, other.sizes)

    def _add(self, count: int, total: NDArray[np.float64], sizes: NDArray[np.int64]) -> None:
        if not self.count:
            self.total, self.sizes = np.zeros_like(total), sizes
        self.count += count
        self.total += total

    def means(self) -> list[NDArray[np.float64]]:
        """Return the mean Gram matrix of each stage, flat."""
        return np.split(self.total / self.count, np.cumsum(self.sizes)[:-1])
