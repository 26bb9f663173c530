"""`Renderer`: restyles pictures of a film as a plan says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from impasto.apply.finish import finish_frame, finish_picture
from impasto.apply.stylizer import State, Stylizer
from impasto.film.picture import Picture
from impasto.film.plan import PlannedShot
from impasto.film.style import FilmStyle
from impasto.media.frame import Frame
from impasto.media.planar import PlanarFrame


class Renderer(Protocol):
    """Restyles one picture at a time; `stage` is what its work is called in figures."""

    stage: str

    def __call__(self, picture: Picture, state: State) -> tuple[Picture, State]:
        """Return the restyled picture, and the state to give with the next one of the unit."""


class StylizerRenderer:
    """Gives pictures to a stylizer, in RGB, with the strength that was decided for their shot."""

    stage = "network"

    def __init__(self, shots: Sequence[PlannedShot], style: FilmStyle, num_threads: int) -> None:
        self._strengths = [shot.setting.strength for shot in shots]
        self._style = style
        self._num_threads = num_threads
        self._stylizers: dict[float, Stylizer] = {}

    def __call__(self, picture: Picture, state: State) -> tuple[Picture, State]:
        """Return the restyled picture, and the state to give with the next one of the unit."""
        strength = self._strengths[picture.shot]
        if strength not in self._stylizers:
            self._stylizers[strength] = self._style.stylizer(strength, self._num_threads)
        return restyle_picture(self._stylizers[strength], picture, state)


def restyle_picture(stylizer: Stylizer, picture: Picture, state: State) -> tuple[Picture, State]:
    """Restyle a picture in RGB; of a film, it is coded afterwards as it was."""
    if isinstance(picture, Frame):
        return stylizer(picture, state)
    restyled, state = stylizer(picture.to_rgb(), state)
    return PlanarFrame.from_rgb(restyled, picture), state


class FinishedRenderer:
    """Lays finishes over what another renderer makes."""

    def __init__(self, renderer: Renderer, style: FilmStyle, num_threads: int) -> None:
        self.stage = renderer.stage
        self._renderer = renderer
        self._num_threads = num_threads
        self._finishes = style.finishes()

    def __call__(self, picture: Picture, state: State) -> tuple[Picture, State]:
        """Return the finished picture, and the other renderer's state."""
        restyled, state = self._renderer(picture, state)
        for finish in self._finishes:
            restyled = (
                finish_picture(restyled, finish, of_film=True, num_threads=self._num_threads)
                if isinstance(restyled, Frame)
                else finish_frame(restyled, finish)
            )
        return restyled, state
