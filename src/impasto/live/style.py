"""What the live loop asks of a style, whatever holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from impasto.apply.film_look import LookLink
from impasto.apply.stylizer import Stylizer
from impasto.style.finish import Finish


class LiveStyle(Protocol):
    """A style with its options, but for what is changed while it runs. Threads may share one."""

    @property
    def name(self) -> str: ...

    @property
    def working_side(self) -> int | None:
        """The short side at which it paints; None for what does not paint."""

    def looks(self, strength: float) -> Sequence[LookLink]:
        """Return the looks that are all of it; none for what is no LUT."""

    def stylizer(self, strength: float, side: int | None) -> Stylizer:
        """Return what restyles frames, painting at this side, without a finish."""

    def finishes(self, strength: float) -> Sequence[Finish]:
        """Return what is laid over results, in order."""
