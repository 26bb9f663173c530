"""Photos that are none: shading, outlines and grain, as much as the gate looks at; and a look for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image8 = NDArray[np.uint8]
HEIGHT, WIDTH = 144, 192


def photo(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Image8:
    """Return a gradient with twelve ellipses of random colours, softly drawn, and a little grain."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width] / min(height, width)
    first, second = random.uniform(0.15, 0.8, (2, 3))
    share = ((rows + columns) / (rows + columns).max())[..., None]
    picture = first * (1 - share) + second * share
    for _ in range(12):
        center, radii = random.uniform(0, 1.3, 2), random.uniform(0.05, 0.3, 2)
        distance = np.hypot((rows - center[0]) / radii[0], (columns - center[1]) / radii[1])
        inside = (1 / (1 + np.exp((distance - 1) * 40 * radii.mean())))[..., None]
        texture = 0.04 * np.sin(columns * random.uniform(40, 90))[..., None]
        picture = picture * (1 - inside) + inside * (random.uniform(0.1, 0.9, 3) + texture)
    picture = picture + random.normal(0, 0.012, picture.shape)
    return to_8bit(picture)


def warm(picture: Image8) -> Image8:
    """Return the look of these tests: lifted, warm, and muted."""
    values = picture / 255
    grey = values.mean(axis=2, keepdims=True)
    return to_8bit((grey + 0.75 * (values - grey)) * 0.85 + np.array([0.13, 0.06, -0.01]))


def to_8bit(values: NDArray[np.float64]) -> Image8:
    return (values.clip(0, 1) * 255).round().astype(np.uint8)
