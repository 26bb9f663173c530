"""Which parts of a picture speak for a class: Grad-CAM and integrated gradients, and a check that they look at all."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from impasto.sorting.backbones import Backbone
from impasto.sorting.networks import Network, pooled
from impasto.sorting.regression import LinearHead

Map = NDArray[np.float32]
"""S×S from 0 to 1."""
_NUM_STEPS = 24
_STEPS_AT_ONCE = 8
_SMOOTHING_SHARE = 0.02
_BRIGHTEST = 0.995


class Explainer:
    """Explains what a backbone and its linear classifier say.

    Parameters
    ----------
    seed
        Where given, the network's weights are shuffled, layer by layer, with this seed: the maps of such a network say
        what is in the picture's edges alone (J. Adebayo et al., "Sanity Checks for Saliency Maps", 2018).
    """

    def __init__(self, backbone: Backbone, head: LinearHead, seed: int | None = None) -> None:
        self._network = backbone.network if seed is None else _shuffled(backbone.network, seed)
        deviation = torch.from_numpy(head.deviation)
        self._weights = torch.from_numpy(head.weights) / deviation
        self._mean = torch.from_numpy(head.mean)
        self._bias = torch.from_numpy(head.bias) - self._weights @ torch.from_numpy(head.mean)

    def grad_cam(self, square: NDArray[np.uint8], target: int) -> Map:
        """Return where the last maps speak for a class, S×S.

        R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017;
        but against what the maps show on average over the pictures that were learned from, which speaks for no class.
        """
        with torch.enable_grad():
            maps = self._network.maps(_as_batch(square)).detach().requires_grad_(True)
            self._score(maps, target).sum().backward()
        assert maps.grad is not None
        weights = maps.grad.mean(dim=(2, 3), keepdim=True)
        typical = self._mean[None, :, None, None]
        spoken = functional.relu((weights * (maps.detach() - typical)).sum(dim=1, keepdim=True))
        enlarged = functional.interpolate(spoken, size=square.shape[:2], mode="bicubic", align_corners=False)
        return _scaled(enlarged[0, 0].clamp(min=0).numpy())

    def integrated_gradients(self, square: NDArray[np.uint8], target: int, num_steps: int = _NUM_STEPS) -> Map:
        """Return how much each pixel adds, from grey to the picture, S×S.

        M. Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017.
        """
        amounts = self.pixel_attribution(square, target, num_steps)
        amounts = np.abs(amounts.sum(axis=2))
        sigma = max(1.0, _SMOOTHING_SHARE * square.shape[0])
        return _scaled(_blurred(amounts.astype(np.float32), sigma))

    def pixel_attribution(self, square: NDArray[np.uint8], target: int, num_steps: int = _NUM_STEPS) -> Map:
        """Return what each pixel and channel adds to the score of a class, S×S×3; their sum is the change of score."""
        picture = _as_batch(square)
        baseline = torch.full_like(picture, 0.5)
        total = torch.zeros_like(picture)
        places = (torch.arange(num_steps) + 0.5) / num_steps
        for part in places.split(_STEPS_AT_ONCE):
            with torch.enable_grad():
                mixed = (baseline + part[:, None, None, None] * (picture - baseline)).requires_grad_(True)
                self._score(self._network.maps(mixed), target).sum().backward()
            assert mixed.grad is not None
            total += mixed.grad.sum(dim=0, keepdim=True)
        added = (picture - baseline) * total / num_steps
        return np.asarray(added[0].permute(1, 2, 0).numpy(), np.float32)

    def score(self, square: NDArray[np.uint8] | None, target: int, side: int = 0) -> float:
        """Return the score of a class for a picture; for the grey baseline where it is None."""
        picture = torch.full((1, 3, side, side), 0.5) if square is None else _as_batch(square)
        with torch.inference_mode():
            return float(self._score(self._network.maps(picture), target))

    def _score(self, maps: Tensor, target: int) -> Tensor:
        return pooled(maps) @ self._weights[target] + self._bias[target]


def likeness(first: Map, second: Map) -> float:
    """Return Spearman's rank correlation of two maps, -1 to 1; 0 where one of them is flat."""
    one, two = _ranks(first), _ranks(second)
    one, two = one - one.mean(), two - two.mean()
    norm = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float((one * two).sum()) / norm if norm else 0.0


def _ranks(values: Map) -> NDArray[np.float64]:
    """Rank values; equal ones share the mean of their ranks."""
    _, place, counts = np.unique(values.reshape(-1), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means = ends - (counts + 1) / 2
    result: NDArray[np.float64] = means[place.reshape(-1)].astype(np.float64)
    return result


def _shuffled(network: Network, seed: int) -> Network:
    shuffled: Any = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in shuffled.parameters():
            order = torch.randperm(weight.numel(), generator=generator)
            weight.copy_(weight.reshape(-1)[order].reshape(weight.shape))
    return shuffled  # type: ignore[no-any-return]


def _as_batch(square: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(square.copy()).permute(2, 0, 1)[None].float() / 255


def _scaled(values: NDArray[np.float32]) -> Map:
    highest = float(np.quantile(values, _BRIGHTEST)) or float(values.max())
    result: Map = np.clip(values / highest, 0, 1).astype(np.float32) if highest > 0 else np.zeros_like(values)
    return result


def _blurred(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    radius = round(3 * sigma)
    window = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    window /= window.sum()
    padded = np.pad(values, radius, mode="reflect" if radius < min(values.shape) else "edge")
    rows = np.apply_along_axis(np.convolve, 0, padded, window, "valid")
    return np.asarray(np.apply_along_axis(np.convolve, 1, rows, window, "valid"), np.float32)
