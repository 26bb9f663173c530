"""`AppliedLive`: a style with its options, as the live loop takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from impasto.api.film_style import AppliedStyle
from impasto.api.loading import load
from impasto.api.style import Style
from impasto.apply.film_look import LookLink
from impasto.apply.paint import MAX_TEXTURE_SCALE
from impasto.apply.stylizer import Stylizer
from impasto.apply.stylizers import StylizerOptions
from impasto.style.finish import Finish


@dataclass(frozen=True, eq=False)
class AppliedLive:
    """A style and how it is applied, but for the strength, which may change with every frame.

    Parameters
    ----------
    num_threads
        Threads for one frame; default: every core this process may use.
    """

    style: Style
    options: StylizerOptions = field(default_factory=StylizerOptions)
    num_threads: int | None = None

    @classmethod
    def load(cls, name: str, options: StylizerOptions | None = None, num_threads: int | None = None) -> AppliedLive:
        """Load a style, a blend or a chain, by what `impasto.load` takes.

        Raises
        ------
        UnknownStyleError, StyleFileError, UsageError
            As `impasto.load`, or it cannot be applied so.
        """
        loaded = cls(load(name), options or StylizerOptions(), num_threads)
        loaded.style._stylizer(loaded.options, num_threads)
        return loaded

    @property
    def name(self) -> str:
        return self.style.name

    @property
    def working_side(self) -> int | None:
        """That of the first link that paints."""
        sides = (link._file.manifest.needs.working_side for link in self._applied(1.0).links if link.family == "paint")
        return next(sides, None)

    def looks(self, strength: float) -> Sequence[LookLink]:
        """Return the looks that are all of it; see `LiveStyle.looks`."""
        return self._applied(strength).looks()

    def stylizer(self, strength: float, side: int | None) -> Stylizer:
        """Return what restyles frames; see `LiveStyle.stylizer`."""
        scale = self.options.texture_scale
        if side is not None and self.working_side is not None:
            scale *= self.working_side / side
        options = replace(self.options, strength=strength, texture_scale=min(scale, MAX_TEXTURE_SCALE), finish="0")
        return self.style._stylizer(options, self.num_threads)

    def finishes(self, strength: float) -> Sequence[Finish]:
        """Return what is laid over results; see `LiveStyle.finishes`."""
        return self._applied(strength).finishes()

    def _applied(self, strength: float) -> AppliedStyle:
        applied = AppliedStyle(self.name, replace(self.options, strength=strength))
        applied.__dict__["style"] = self.style
        return applied
