"""How long a network is taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Effort:
    """How long a network that is learned is shown its pictures.

    Attributes
    ----------
    num_epochs
        How often it sees all of them.
    progress
        Called with the epochs done and their number.
    """

    num_epochs: int
    seed: int = 0
    progress: Callable[[int, int], None] | None = field(default=None, compare=False)
