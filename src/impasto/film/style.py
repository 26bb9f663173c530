"""What a job over a film asks of a style, whatever holds it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

from pydantic import JsonValue

from impasto.apply.film_look import LookLink
from impasto.apply.gating import JudgesOutputs
from impasto.apply.stylizer import Stylizer
from impasto.film.plan import Memory
from impasto.style.finish import Finish


class FilmStyle(Protocol):
    """A style with its options. It is pickled to workers, after `kept`."""

    @property
    def name(self) -> str: ...

    @property
    def strength(self) -> float: ...

    def looks(self, fraction: float = 1.0) -> Sequence[LookLink]:
        """Return the looks that are all of it, at a fraction of the strength; none for what is no LUT for each shot."""

    @property
    def memory(self) -> Memory:
        """What it remembers from frame to frame."""

    def describe(self) -> dict[str, JsonValue]:
        """Return all that decides about pixels: hashes, options, and what runs the network."""

    def kept(self, folder: Path) -> Self:
        """Copy the style into a folder, and return one that lives from that copy."""

    def stylizer(self, fraction: float, num_threads: int) -> Stylizer:
        """Return what restyles frames at a fraction of the strength, without a finish."""

    def finishes(self) -> tuple[Finish, ...]:
        """Return what is laid over results, in order."""

    def gate(self) -> JudgesOutputs:
        """Return what judges results."""

    @property
    def is_full_strength(self) -> bool:
        """Whether results show the whole style, as the gate expects."""
