"""The registry of identity encoders: networks that tell persons apart. None comes with Impasto; register your own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class IdentityEncoder(Protocol):
    """Turns a face into a vector whose direction tells who it is.

    Attributes
    ----------
    side
        Pixels a side of the crops that it takes.
    """

    side: int

    def __call__(self, crop: NDArray[np.float32]) -> NDArray[np.float32]:
        """Encode an upright face with a margin, side×side×3 sRGB in [0, 1], to a vector of any length."""


IDENTITY_ENCODERS: dict[str, Callable[[], IdentityEncoder]] = {}
"""By name; the first one is used where none is named."""
