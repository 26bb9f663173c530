"""Which latent makes a picture most like a given one: searched with the network alone, since ONNX has no gradients.

First the best of many random ones, then an evolution strategy that learns in which directions to look (N. Hansen,
"The CMA evolution strategy: a tutorial", 2016), with both its paths.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.apply.dream import Dreamer
from impasto.style.latents import Latents

_NUM_RANDOM = 512
_START_SIGMA = 0.5
_SIDES = (4, 8, 16, 32)
# Beyond the length that latents usually have, a generator has never been asked for anything.
_LENGTH_WEIGHT = 0.02
_SEED = 7

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Found:
    """A latent 1×D, and how far its picture is from what was looked for: 0 is the same.

    `at_random` is how far the best of the random ones was, and `typical` their median.
    """

    latent: Latents
    distance: float
    at_random: float
    typical: float


def find_latent(
    dreamer: Dreamer,
    picture: NDArray[np.uint8],
    num_pictures: int = 4000,
    progress: Callable[[float], None] = lambda _: None,
) -> Found:
    """Look for the latent whose picture is nearest to S×S×3 `picture`, making at most so many pictures.

    Pictures are compared at several sizes, where a shift of one pixel costs little.
    """
    target = _pyramid((picture / np.float32(255)).astype(np.float32).transpose(2, 0, 1)[None])

    def distances(latents: NDArray[np.floating]) -> Vector:
        found = _pyramid(dreamer.levels(latents.astype(np.float32)))
        away: Vector = np.sqrt(((found - target) ** 2).sum(axis=1, dtype=np.float64))
        return away

    num_random = min(_NUM_RANDOM, max(1, num_pictures // 2))
    latents = dreamer.draw(num_random, _SEED)
    found = distances(latents)
    start = latents[int(found.argmin())].astype(np.float64)
    usual = float(np.sqrt((latents.astype(np.float64) ** 2).sum(axis=1).mean()))

    def cost(points: Vector) -> Vector:
        excess = np.maximum(0.0, np.linalg.norm(points, axis=1) / usual - 1)
        total: Vector = distances(points) + _LENGTH_WEIGHT * excess
        return total

    num_left = num_pictures - num_random
    best = evolve(cost, start, num_left, lambda share: progress((num_random + share * num_left) / num_pictures))
    [reached] = distances(best[None])
    if reached > found.min():
        best, reached = start, float(found.min())
    return Found(best[None].astype(np.float32), float(reached), float(found.min()), float(np.median(found)))


def evolve(
    cost: Callable[[Vector], Vector],
    start: Vector,
    num_points: int,
    progress: Callable[[float], None] = lambda _: None,
    sigma: float = _START_SIGMA,
) -> Vector:
    """Return the best point found near `start` (D) with `num_points` evaluations of `cost` (N×D → N)."""
    strategy = _Strategy(start, sigma)
    best, lowest = start, math.inf
    random = np.random.default_rng(_SEED)
    num_rounds = num_points // strategy.population
    for index in range(num_rounds):
        points = strategy.ask(random)
        costs = cost(points)
        order = np.argsort(costs, kind="stable")
        if costs[order[0]] < lowest:
            best, lowest = points[order[0]], float(costs[order[0]])
        strategy.tell(points[order])
        progress((index + 1) / num_rounds)
    return best


class _Strategy:
    """A normal distribution that moves, turns and shrinks toward what was best."""

    def __init__(self, start: Vector, sigma: float) -> None:
        size = len(start)
        self.mean, self.sigma, self.size = start.copy(), sigma, size
        self.population = 4 + int(3 * math.log(size + 1))
        half = self.population // 2
        weights = math.log(half + 0.5) - np.log(np.arange(1, half + 1))
        self.weights: Vector = weights / weights.sum()
        self.effective = 1 / float((self.weights**2).sum())
        self._rates(size, self.effective)
        self.covariance = np.eye(size)
        self.axes, self.scales = np.eye(size), np.ones(size)
        self.path_sigma, self.path = np.zeros(size), np.zeros(size)

    def _rates(self, size: int, effective: float) -> None:
        self.sigma_rate = (effective + 2) / (size + effective + 5)
        self.damping = 1 + 2 * max(0.0, math.sqrt((effective - 1) / (size + 1)) - 1) + self.sigma_rate
        self.path_rate = (4 + effective / size) / (size + 4 + 2 * effective / size)
        self.one_rate = 2 / ((size + 1.3) ** 2 + effective)
        rank_rate = 2 * (effective - 2 + 1 / effective) / ((size + 2) ** 2 + effective)
        self.rank_rate = max(0.0, min(1 - self.one_rate, rank_rate))
        self.usual_length = math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size**2))

    def ask(self, random: np.random.Generator) -> Vector:
        """Return points to try, N×D."""
        steps = random.standard_normal((self.population, self.size)) * self.scales
        points: Vector = self.mean + self.sigma * steps @ self.axes.T
        return points

    def tell(self, points: Vector) -> None:
        """Learn from points, the best first."""
        steps = (points[: len(self.weights)] - self.mean) / self.sigma
        step = self.weights @ steps
        self.mean = self.mean + self.sigma * step
        rate = self.sigma_rate
        whitened = self.axes @ ((self.axes.T @ step) / self.scales)
        self.path_sigma = (1 - rate) * self.path_sigma + math.sqrt(rate * (2 - rate) * self.effective) * whitened
        length = float(np.linalg.norm(self.path_sigma)) / self.usual_length
        rate = self.path_rate
        self.path = (1 - rate) * self.path
        if length < 1.5:  # a path that is far too long says that sigma is too small, not where to look
            self.path = self.path + math.sqrt(rate * (2 - rate) * self.effective) * step
        spread = steps.T @ (steps * self.weights[:, None])
        self.covariance = (
            (1 - self.one_rate - self.rank_rate) * self.covariance
            + self.one_rate * np.outer(self.path, self.path)
            + self.rank_rate * spread
        )
        self.sigma *= math.exp(min(1.0, self.sigma_rate / self.damping * (length - 1)))
        values, self.axes = np.linalg.eigh(self.covariance)
        self.scales = np.sqrt(np.maximum(values, 1e-14))


def _pyramid(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return N×3×S×S as rows, in which each size has the same weight."""
    side = images.shape[-1]
    parts = []
    for wanted in (*(each for each in _SIDES if each < side and side % each == 0), side):
        factor = side // wanted
        small = images.reshape(len(images), 3, wanted, factor, wanted, factor).mean(axis=(3, 5))
        flat = small.reshape(len(images), -1)
        parts.append(flat / np.float32(math.sqrt(flat.shape[1])))
    rows: NDArray[np.float32] = np.concatenate(parts, axis=1, dtype=np.float32) / np.float32(math.sqrt(len(parts)))
    return rows
