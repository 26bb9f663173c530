"""`Stylizer`: what changes frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from impasto.apply.held_lut import HeldLut
from impasto.apply.steadying import Painted
from impasto.media.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What a stylizer remembers from one frame to the next. A new `State()` starts a source.

    Attributes
    ----------
    shot
        The shot that the rest was made for; None at the start.
    icc_profile
        The profile of the frames it was made for.
    lut
        The LUT held over the shot, for looks.
    canvas
        What a paint style's network remembers of the shot: 1×3×H×W, of the padded working size.
    painted
        What the last frame became, for a paint style that is steadied.
    """

    shot: int | None = None
    icc_profile: bytes | None = None
    lut: HeldLut | None = None
    canvas: NDArray[np.float32] | None = None
    painted: Painted | None = None


class Stylizer(Protocol):
    """Changes one frame at a time. Holds no temporal state itself, so that threads may share it."""

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        """Return the restyled frame and the state to give with the next one."""
