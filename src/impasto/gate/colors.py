"""Colour statistics of a picture: what a look is made of, and what a failed one gets wrong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from impasto.gate.view import Plane, View

_TONES = (0.0, 0.25, 0.5, 0.75, 1.0)


def color_statistics(view: View) -> dict[str, float]:
    """Return mean, deviation and range of L*, a*, b*, and the tint of each quarter of the tones."""
    lab = view.lab[::3, ::3].reshape(-1, 3)
    mean, deviation = lab.mean(axis=0), lab.std(axis=0)
    found = {f"{name}_mean": float(value) for name, value in zip("Lab", mean, strict=True)}
    found |= {f"{name}_deviation": float(value) for name, value in zip("Lab", deviation, strict=True)}
    low, high = np.quantile(lab[:, 0], (0.02, 0.98))
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    found |= {
        "L_darkest": float(low),
        "L_brightest": float(high),
        "chroma_low": float(np.quantile(chroma, 0.1)),
        "chroma_high": float(np.quantile(chroma, 0.95)),
    }
    return found | _tints(lab, chroma)


def _tints(lab: Plane, chroma: Plane) -> dict[str, float]:
    """Return a* and b* of the least colourful half of each quarter of the tones: greys show what all was tinted by."""
    edges = np.quantile(lab[:, 0], _TONES)
    found: dict[str, float] = {}
    for number, (low, high) in enumerate(pairwise(edges)):
        within = (lab[:, 0] >= low) & (lab[:, 0] <= high)
        grey = within & (chroma <= np.median(chroma[within]))
        tint = np.median(lab[grey, 1:], axis=0)
        found |= {f"tint_a_{number}": float(tint[0]), f"tint_b_{number}": float(tint[1])}
    return found
