from __future__ import annotations

import numpy as np

from impasto.train.unpaint import unpainted, unpainted_pictures

from .painting import strokes


def roughness(picture: np.ndarray) -> float:
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


def test_strokes_are_smoothed_away() -> None:
    hatched = (np.full((80, 80, 3), 120) + 12 * np.sign(np.sin(np.arange(80)))[:, None]).astype(np.uint8)
    assert roughness(unpainted(hatched)) < 0.3 * roughness(hatched) + 0.1
    assert roughness(unpainted(strokes(0))) < roughness(strokes(0))


def test_edges_stay() -> None:
    halves = np.zeros((60, 60, 3), np.uint8)
    halves[:, 30:] = 230
    smooth = unpainted(halves).astype(int)
    assert smooth[30, 34, 0] - smooth[30, 25, 0] > 150
    assert abs(smooth[30, 5, 0]) < 5
    assert abs(smooth[30, 55, 0] - 230) < 5


def test_sizes_and_colours_stay() -> None:
    picture = strokes(1, 90, 70)
    [smooth] = unpainted_pictures([picture])
    assert smooth.shape == picture.shape
    assert smooth.dtype == np.uint8
    assert np.abs(smooth.mean(axis=(0, 1)) - picture.mean(axis=(0, 1))).max() < 3
