"""`ChainStylizer`: several stylizers, one after another, such as a look and then paint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impasto.apply.stylizer import State, Stylizer
from impasto.errors import UsageError
from impasto.media.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class ChainState(State):
    """What each stylizer of a chain remembers, in their order."""

    states: tuple[State, ...] = ()


class ChainStylizer:
    """Gives each stylizer what the one before it has made.

    Parameters
    ----------
    stylizers
        In the order in which they are applied.

    Raises
    ------
    UsageError
        There is none.
    """

    def __init__(self, stylizers: Sequence[Stylizer]) -> None:
        if not stylizers:
            raise UsageError("A chain needs at least one style.")
        self._stylizers = tuple(stylizers)

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        """Return the frame that the last one makes, and what each is to be given with the next frame."""
        remembered = state.states if isinstance(state, ChainState) else tuple(State() for _ in self._stylizers)
        states = []
        for stylizer, last in zip(self._stylizers, remembered, strict=True):
            frame, now = stylizer(frame, last)
            states.append(now)
        return frame, ChainState(shot=frame.shot, icc_profile=frame.color.icc_profile, states=tuple(states))
