"""`Verdict`: what the quality gate says of one picture. Both the gate, and what asks it, know this type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

SUSPICION = "suspicion of "
"""What names of the scores begin with from which a judgement follows."""


class Judgement(StrEnum):
    """What to do with a picture."""

    PASS = "pass"
    REVIEW = "review"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement, why, and where.

    Attributes
    ----------
    reason
        In words, such as "not in style"; empty for a pass.
    scores
        The numbers behind it, by name.
    map
        h×w float32 in [0, 1], 1 where the picture is worst; None where it cannot be told.
    """

    judgement: Judgement
    reason: str = ""
    scores: dict[str, float] | None = None
    map: NDArray[np.float32] | None = None
