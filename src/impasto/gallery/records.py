"""What the library keeps of a picture and of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


class Likeness(StrEnum):
    """What two pictures may have in common; each has its own features."""

    CONTENT = "content"
    STYLE = "style"


@dataclass(frozen=True, slots=True)
class Features:
    """What a picture looks like, in numbers.

    Attributes
    ----------
    content
        What it shows.
    style
        How it looks: statistics of an encoder's early stages, then the traits.
    palette
        K×3 sRGB in [0, 1].
    """

    content: Vector
    style: Vector
    palette: Vector

    def vector(self, kind: Likeness) -> Vector:
        """Return the features of a kind."""
        return self.content if kind is Likeness.CONTENT else self.style


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """One picture, however many files hold it.

    Attributes
    ----------
    width, height
        Upright, in pixels.
    faces
        Left, top, width and height of each, as parts of the picture; None where nobody could look for faces.
    """

    sha256: str
    width: int
    height: int
    features: Features
    faces: tuple[tuple[float, float, float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file as it was when it was added.

    Attributes
    ----------
    missing
        It was gone when it was last looked for.
    """

    path: Path
    sha256: str
    size: int
    mtime_ns: int
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """What the user thinks of a style on a picture: 1 to 5 stars."""

    sha256: str
    style: str
    stars: int
    rated_at: str = field(default="")
