"""Which colour the light seems to have: white balance, as far as a picture tells it.

Two estimates of the light's colour are held against each other: shades of grey (G. Finlayson, E. Trezzi, 2004), which
goes by the mean of bright colours, and grey edges (J. van de Weijer et al., "Edge-Based Color Constancy", 2007), which
goes by differences. Where a red wall fools the one, the other mostly disagrees, and nothing is said.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.critique.finding import Finding, Level, Plane, unknown
from impasto.vision.lab import linear_to_rgb, rgb_to_lab, rgb_to_linear

_POWER = 6
_DARKEST, _BRIGHTEST = 0.01, 0.95
_ENOUGH = 200
_GREYSCALE, _TONED = 1.0, 3.0  # chroma, and how much it differs from that of one tone
_APART = 8.0  # degrees
_SLIGHT, _STRONG = 8.0, 18.0  # of ordinary photos about half are beyond the first, a tenth beyond the second
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])

Light = NDArray[np.float64]


def light_estimates(rgb: Plane) -> tuple[Light, Light] | None:
    """Return the colour of the light by both estimates, linear R, G, B of length 1; None where too little is usable.

    A picture whose channels are each multiplied by a gain has the estimates multiplied by the same.

    Parameters
    ----------
    rgb
        H×W×3 sRGB in [0, 1], small.
    """
    linear = rgb_to_linear(rgb).astype(np.float64)
    # What is clipped has lost its colour.
    usable = (linear.max(axis=2) < _BRIGHTEST) & (linear.max(axis=2) > _DARKEST)
    if usable.sum() < _ENOUGH:
        return None
    shades = _norm(linear[usable])
    pairs = usable[1:, :-1] & usable[:-1, :-1] & usable[:-1, 1:]
    down, across = linear[1:, :-1] - linear[:-1, :-1], linear[:-1, 1:] - linear[:-1, :-1]
    edges = _norm(np.hypot(down, across)[pairs]) if pairs.any() else np.zeros(3)
    if not (shades > 0).all() or not (edges > 0).all():
        return None
    return shades / np.linalg.norm(shades), edges / np.linalg.norm(edges)


def judge_cast(rgb: Plane) -> Finding:
    """Say what grey would look like in this light: a* and b* at lightness 76, and in words."""
    lab = rgb_to_lab(rgb)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    if float(np.quantile(chroma, 0.95)) < _GREYSCALE:
        return unknown("white balance", "the picture is black and white")
    if float(np.quantile(np.abs(lab[..., 1:] - np.median(lab[..., 1:], axis=(0, 1))), 0.95)) < _TONED:
        return unknown("white balance", "the picture has one tone only")
    lights = light_estimates(rgb)
    if lights is None:
        return unknown("white balance", "too little is neither black nor white")
    apart = float(np.degrees(np.arccos(np.clip(lights[0] @ lights[1], -1, 1))))
    if apart > _APART:
        return unknown("white balance", f"two ways of reading the light are {apart:.0f}° apart")
    light = np.sqrt(lights[0] * lights[1])
    _, a, b = grey_in(light).tolist()
    size = float(np.hypot(a, b))
    details = {"green_to_magenta": a, "blue_to_yellow": b, "degrees_apart": apart}
    words = f"grey would be off by {size:.0f}"
    if size < _SLIGHT:
        return Finding("white balance", Level.FINE, f"neutral ({words})", size, "ΔE", details)
    degree = "slightly " if size < _STRONG else ""
    words = f"{degree}{_direction(a, b)}, by the light or by what is shown ({words})"
    return Finding("white balance", Level.FINE if degree else Level.LOOK, words, size, "ΔE", details)


def grey_in(light: Light) -> Plane:
    """Return L*, a*, b* of a grey of luminance one half in a light."""
    linear: Any = light / (light @ _LUMINANCE) * 0.5
    return rgb_to_lab(linear_to_rgb(linear.clip(0, 1)))


def _direction(a: float, b: float) -> str:
    words = []
    if abs(b) >= 0.4 * abs(a):
        words.append("warm" if b > 0 else "cool")
    if abs(a) >= 0.4 * abs(b):
        words.append("magenta" if a > 0 else "green")
    return " and ".join(words)


def _norm(colors: Light) -> Light:
    largest = colors.max()
    if largest <= 0:
        return np.zeros(3)
    result: Light = ((colors / largest) ** _POWER).mean(axis=0) ** (1 / _POWER) * largest
    return result
