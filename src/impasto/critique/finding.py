"""`Finding`: one measure of a photo, in a number and in words; `Critique`: all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of the picture's width and height."""


class Level(StrEnum):
    """How much a finding asks to be looked at. A photo may be dark on purpose, so there are no faults here."""

    FINE = "fine"
    LOOK = "look"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure.

    Attributes
    ----------
    name
        What was measured, such as "noise".
    value
        The number, in `unit`; None where it cannot be told.
    phrase
        The same in words, or why it cannot be told.
    details
        Further numbers, by name.
    """

    name: str
    level: Level
    phrase: str
    value: float | None = None
    unit: str = ""
    details: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, rounded to what a reader can use."""
        return {
            "name": self.name,
            "level": str(self.level),
            "value": None if self.value is None else round(self.value, 4),
            "unit": self.unit,
            "phrase": self.phrase,
            "details": {name: round(value, 4) for name, value in self.details.items()},
        }


def unknown(name: str, why: str) -> Finding:
    """Return the finding that nothing can be told."""
    return Finding(name, Level.UNKNOWN, f"cannot be told: {why}")


@dataclass(frozen=True, slots=True)
class Line:
    """From one point to another, as shares of the picture's width and height."""

    start: tuple[float, float]
    stop: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Critique:
    """What was found in one photo.

    Attributes
    ----------
    width, height
        In pixels.
    findings
        In the order in which they are to be read.
    faces
        Where the faces are.
    horizon
        The line that the tilt was read from.
    highlights, shadows
        Grids in [0, 1]: which share of each field is clipped.
    focus
        A grid of the width of edges in pixels; nan where there are none.
    """

    width: int
    height: int
    findings: tuple[Finding, ...]
    faces: tuple[Box, ...] = ()
    horizon: Line | None = None
    highlights: Plane | None = None
    shadows: Plane | None = None
    focus: Plane | None = None

    def __getitem__(self, name: str) -> Finding:
        """Return the first finding of a name."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)
