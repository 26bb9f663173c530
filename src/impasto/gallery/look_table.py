"""A look as a table: what it does at its mean, found without running its network."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from impasto.gallery.traits import PhotoTraits, traits_of_lab
from impasto.vision.lab import lab_to_rgb, rgb_to_lab

CHANGED_TRAITS = tuple(field.name for field in fields(PhotoTraits) if field.name != "grain")
"""The traits that a table of colours can change."""


@dataclass(frozen=True, eq=False)
class LookTable:
    """A look at its mean over what it was learned on; for one picture it may differ from that.

    Attributes
    ----------
    table
        N×N×N×3, indexed [red, green, blue, channel], sRGB in [0, 1].
    """

    name: str
    table: NDArray[np.float32]

    @cached_property
    def change(self) -> tuple[float, ...]:
        """What the look does to the standard colours: the change of each of `CHANGED_TRAITS`, in typical deviations."""
        before = _standard_colors()
        after = apply_table(self.table, before)
        return trait_change(traits_of_lab(rgb_to_lab(before)), traits_of_lab(rgb_to_lab(after)))


def trait_change(before: PhotoTraits, after: PhotoTraits) -> tuple[float, ...]:
    """Return after less before of each of `CHANGED_TRAITS`, in typical deviations."""
    difference = after.as_vector() - before.as_vector()
    kept = [field.name in CHANGED_TRAITS for field in fields(PhotoTraits)]
    return tuple(difference[kept].tolist())


def apply_table(table: NDArray[np.float32], rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Look colours …×3 in [0, 1] up, with trilinear interpolation."""
    place = rgb.clip(0, 1) * (len(table) - 1)
    low = np.minimum(place.astype(np.intp), len(table) - 2)
    share = place - low
    result = np.zeros_like(rgb, np.float32)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(corner, share, 1 - share).prod(axis=-1, keepdims=True)
        red, green, blue = np.moveaxis(low + np.array(corner), -1, 0)
        result += weight * table[red, green, blue]
    return result


@lru_cache(maxsize=1)
def _standard_colors() -> NDArray[np.float32]:
    """Return a grey ramp, twelve hues at three lightnesses and two chromas, and six tones of skin, N×3 sRGB."""
    greys = [(lightness, 0.0, 0.0) for lightness in np.linspace(5, 97, 36)]
    angles = np.radians(np.arange(0, 360, 30))
    hues = [
        (lightness, chroma * np.cos(angle), chroma * np.sin(angle))
        for lightness in (30, 50, 70)
        for chroma in (12, 30)
        for angle in angles
    ]
    skin = [(lightness, 13.0, 17.0) for lightness in (30, 40, 50, 60, 70, 80)]
    return lab_to_rgb(np.array([*greys, *hues, *skin]))
