"""`StyleChain`: styles one after another, such as a look and then paint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from impasto.api.style import PathLike, Style
from impasto.apply.chain import ChainStylizer
from impasto.apply.finish import NO_FINISH, FinishedStylizer, unfinished
from impasto.apply.lut import Lut3D
from impasto.apply.stylizer import Stylizer
from impasto.apply.stylizers import StylizerOptions
from impasto.errors import StyleFileError, UsageError
from impasto.style.runtimes import AUTO


class StyleChain(Style):
    """Several styles that are applied in turn; what it knows about itself is what the last one knows.

    Options hold for each, the texture scale for those that have a texture, and the finish for the last.

    Parameters
    ----------
    links
        In the order in which they are applied.
    """

    def __init__(self, links: Sequence[Style]) -> None:
        super().__init__(links[-1]._file)
        self._links = tuple(links)

    @property
    def name(self) -> str:
        """The names of all, as `load` takes them."""
        return "+".join(link.name for link in self._links)

    @property
    def family(self) -> str:
        """`paint` if any of them paints."""
        return self._painting.family

    @property
    def description(self) -> str:
        """That of each."""
        return " Then: ".join(link.description for link in self._links)

    @property
    def _painting(self) -> Style:
        """The link whose network takes the time: the first that paints, if any does."""
        return next((link for link in self._links if link.family == "paint"), self._links[-1])

    def runtime_name(self, runtime: str = AUTO) -> str:
        """Return the name of what runs the network that takes longest, where `runtime` is asked for."""
        return self._painting.runtime_name(runtime)

    def _stylizer_everywhere(self, options: StylizerOptions, num_threads: int | None, *, padded: bool) -> Stylizer:
        # Where none has a texture, a look is given the scale, and refuses it.
        plain = replace(options, texture_scale=1.0) if self.family == "paint" else options

        def made(link: Style, finish: float | str | None) -> Stylizer:
            said = replace(options if link.family == "paint" else plain, finish=finish)
            return link._stylizer_everywhere(said, num_threads, padded=padded)

        # Any but the last would have its grain taken for content by the next.
        before = [made(link, NO_FINISH) for link in self._links[:-1]]
        last = made(self._links[-1], options.finish)
        chain = ChainStylizer([*before, unfinished(last)])
        return last.over(chain) if isinstance(last, FinishedStylizer) else chain

    def gate(self) -> Any:
        """Raise StyleFileError: each style's verdict is on that style alone."""
        raise StyleFileError(f"{self.name}: a gate judges one style, and these are {len(self._links)}.")

    def lut(self, image: Any = None, strength: float = 1.0) -> Lut3D:  # noqa: ARG002
        """Raise UsageError: export the styles one at a time."""
        raise UsageError(f"'{self.name}' is no single look. Take the LUT of each.")

    def save(self, path: PathLike) -> Any:  # noqa: ARG002
        """Raise UsageError: a style file holds one style."""
        raise UsageError(f"'{self.name}' is no single style, which could be saved.")
