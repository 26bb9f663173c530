"""What became of the content: whether it is still there, and how far and how evenly its colours moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.gate.view import Image8, Plane, View, resized
from impasto.vision.lab import rgb_to_lab

_CELL = 16
_OUTLINE_CELL = 8
_FEWEST_PIXELS = 24
_FLATTEST = 1e-3
_STEP = 3
_MOST_COLORS = 2000
_RIDGE = 1e-4


@dataclass(frozen=True, eq=False)
class Compared:
    """Numbers by name, and a map h×w in ΔE of what colours alone do not explain."""

    measures: dict[str, float]
    map: Plane


def compare_with_content(output: View, content: View) -> Compared:
    """Compare an output with the picture that it was made of; a content of another size is brought to its size."""
    before = _lab_like(content, output)
    after = output.lab
    if min(after.shape[:2]) < _FEWEST_PIXELS:
        return Compared({}, np.zeros((1, 1), np.float32))
    explained = _smooth_map(before.reshape(-1, 3), after.reshape(-1, 3)).reshape(after.shape)
    unexplained = np.sqrt(np.square(after - explained).sum(axis=2))
    measures = {
        **_edges(after[..., 0], before[..., 0]),
        **_movement(after, before),
        "unexplained": float(np.log(unexplained.mean() + 0.1)),
        "unexplained_worst": float(np.log(np.quantile(_cells(unexplained), 0.98) + 0.1)),
    }
    return Compared(measures, _cells(unexplained))


def moved_colors(output: View, content: View) -> tuple[Plane, Plane]:
    """Return colours before and after, each N×3 in L*a*b*, of some places of the picture."""
    before, after = _lab_like(content, output).reshape(-1, 3), output.lab.reshape(-1, 3)
    step = -(-len(before) // _MOST_COLORS)
    return before[::step].copy(), after[::step].copy()  # views would keep whole pictures in memory


def color_features(lab: Plane) -> Plane:
    """Return the terms N×10 of a quadratic in L*a*b*, each of the order of 1."""
    scaled = lab / np.array([100, 50, 50], np.float32)
    light, a, b = scaled.T
    return np.stack(
        (np.ones_like(light), light, a, b, light * light, a * a, b * b, light * a, light * b, a * b), axis=1
    )


def picture_terms(lab: Plane) -> Plane:
    """Return, for each of N colours, mean and deviation of lightness and the mean tints of them all: N×4."""
    light, a, b = lab.T
    whole = np.array([light.mean() / 50 - 1, light.std() / 20 - 1, a.mean() / 20, b.mean() / 20], np.float32)
    return np.broadcast_to(whole, (len(lab), whole.size))


def fit_quadratic(features: Plane, after: Plane) -> NDArray[np.float64]:
    """Return the coefficients N×3 that lead from terms to colours, with the least squared error."""
    terms = features.astype(np.float64)
    normal = terms.T @ terms / len(terms) + _RIDGE * np.eye(terms.shape[1])
    coefficients = np.linalg.solve(normal, terms.T @ after.astype(np.float64) / len(terms))
    return coefficients.astype(np.float64)


def _lab_like(content: View, output: View) -> Plane:
    height, width = output.rgb.shape[:2]
    if content.rgb.shape == output.rgb.shape:
        return content.lab
    small: Image8 = resized(content.rgb, height, width)
    return rgb_to_lab(small.astype(np.float32) / np.float32(255))


def _smooth_map(before: Plane, after: Plane) -> Plane:
    step = max(1, len(before) // 8000)
    coefficients = fit_quadratic(color_features(before[::step]), after[::step])
    return (color_features(before) @ coefficients.astype(np.float32)).astype(np.float32)


def _edges(after: Plane, before: Plane) -> dict[str, float]:
    """Compare gradients, whatever their contrast: pixel by pixel, in outline, and in outline where it is worst."""
    fine, _ = _agreement(after, before)
    coarse, parts = _agreement(_quartered(after), _quartered(before))
    product, new_power, old_power = (_cells(each, _OUTLINE_CELL) for each in parts)
    busy = old_power >= np.median(old_power)
    local = product / np.sqrt(new_power * old_power + _FLATTEST)
    return {"edges_fine": fine, "outlines": coarse, "outlines_worst": float(np.quantile(local[busy], 0.05))}


def _agreement(new: Plane, old: Plane) -> tuple[float, tuple[Plane, Plane, Plane]]:
    """Return the correlation of gradients, and what it is made of, place by place."""
    product, new_power, old_power = _gradient_products(new, old)
    shared = float(product.sum()) / float(np.sqrt(new_power.sum() * old_power.sum() + _FLATTEST))
    return float(np.clip(shared, -1, 1)), (product, new_power, old_power)


def _gradient_products(new: Plane, old: Plane) -> tuple[Plane, Plane, Plane]:
    across, down = np.diff(new[:-1], axis=1), np.diff(new[:, :-1], axis=0)
    old_across, old_down = np.diff(old[:-1], axis=1), np.diff(old[:, :-1], axis=0)
    return across * old_across + down * old_down, across**2 + down**2, old_across**2 + old_down**2


def _movement(after: Plane, before: Plane) -> dict[str, float]:
    """Say how far colours moved, and how much stronger contrast and colours became, as logarithms."""
    new, old = after[::_STEP, ::_STEP].reshape(-1, 3), before[::_STEP, ::_STEP].reshape(-1, 3)
    distance = float(np.sqrt(np.square(new - old).sum(axis=1)).mean())
    contrast, colorfulness = (
        float(np.log((later + 1) / (earlier + 1)))
        for later, earlier in ((new[:, 0].std(), old[:, 0].std()), (_chroma(new), _chroma(old)))
    )
    return {
        "moved": float(np.log(distance + 0.5)),
        "contrast_change": contrast,
        "colorfulness_change": colorfulness,
    }


def _chroma(lab: Plane) -> float:
    return float(np.hypot(lab[:, 1], lab[:, 2]).mean())


def _quartered(plane: Plane) -> Plane:
    height, width = (length // 4 * 4 for length in plane.shape)
    quartered: Plane = plane[:height, :width].reshape(height // 4, 4, width // 4, 4).mean(axis=(1, 3))
    return quartered


def _cells(plane: Plane, side: int = _CELL) -> Plane:
    """Average over square cells; what is left over at the edges is dropped."""
    side = min(side, *plane.shape)
    down, across = (length // side for length in plane.shape)
    cells: Plane = plane[: down * side, : across * side].reshape(down, side, across, side).mean(axis=(1, 3))
    return cells
