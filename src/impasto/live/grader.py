"""`LiveGrader`: looks over live pictures, by one LUT that follows the light slowly."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Lock

import numpy as np

from impasto.apply.film_look import LookLink, chained_lut, film_thumbnail
from impasto.apply.film_space import lut_for_film
from impasto.apply.lut import Lut3D
from impasto.apply.planar_lut import PlanarLut, mixed_lut
from impasto.errors import ImpastoError
from impasto.live.clock import Clock
from impasto.live.style import LiveStyle
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame

REFRESH_EVERY = 0.2
_SHARE = 0.2
_LARGEST_STEP = 2 / 255
"""What no colour changes by more than from one LUT to the next: ten levels a second are not seen as a jump."""
_STILL = 0.75 / 255


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The LUT in use, and what it was made for."""

    lut: PlanarLut
    shot: int
    color: Color
    strength: float


class LiveGrader:
    """Grades frames with a LUT that is made anew several times a second in the background, and eased towards.

    A LUT is in use only once it is baked for what is to be seen, so that a new one holds up no frame. At a cut it is
    made at once.

    Parameters
    ----------
    style
        What has `looks`.
    background
        Runs what may take longer than a frame.
    """

    def __init__(self, style: LiveStyle, strength: float, clock: Clock, background: Executor) -> None:
        self.strength = strength
        self._style = style
        self._clock = clock
        self._background = background
        self._held: _Held | None = None
        self._links: tuple[float, Sequence[LookLink]] | None = None
        self._due = 0.0
        self._is_busy = False
        self._lock = Lock()

    @property
    def side(self) -> int | None:
        """None: looks have no working size."""
        return None

    def warm(self, frame: PlanarFrame) -> None:
        """Prepare for a frame: make its LUT, and bake it."""
        self._renew(frame).lut.apply(frame)

    def __call__(self, frame: PlanarFrame) -> PlanarFrame:
        """Return the graded frame."""
        held = self._held
        if held is None or held.shot != frame.shot or held.color != frame.color:
            held = self._renew(frame)
        elif not self._is_busy and (self._clock.now() >= self._due or held.strength != self.strength):
            self._is_busy = True
            self._background.submit(self._refresh, held, frame)
        return held.lut.apply(frame)

    def _renew(self, frame: PlanarFrame) -> _Held:
        strength = self.strength
        held = self._held_for(self._target(frame, strength), frame, strength)
        with self._lock:
            self._held = held
        self._due = self._clock.now() + REFRESH_EVERY
        return held

    def _refresh(self, held: _Held, frame: PlanarFrame) -> None:
        """Go a step towards the LUT of a frame, unless a cut has come first."""
        try:
            strength = self.strength
            target = self._target(frame, strength)
            lut = target if strength != held.strength else eased_lut(held.lut.lut, target)
            if lut is not held.lut.lut:
                following = self._held_for(lut, frame, strength)
                following.lut.apply(frame, num_threads=1)
                with self._lock:
                    if self._held is held:
                        self._held = following
        except ImpastoError:
            # The LUT in use still serves; a network that has failed fails again at the next cut, where it is told.
            pass
        finally:
            self._due = self._clock.now() + REFRESH_EVERY
            self._is_busy = False

    def _held_for(self, lut: Lut3D, frame: PlanarFrame, strength: float) -> _Held:
        return _Held(PlanarLut(lut, frame.color, frame.bit_depth), frame.shot, frame.color, strength)

    def _target(self, frame: PlanarFrame, strength: float) -> Lut3D:
        if self._links is None or self._links[0] != strength:
            self._links = strength, self._style.looks(strength)
        links = self._links[1]
        return lut_for_film(chained_lut(links, [film_thumbnail(frame, links)]), frame.color)


def eased_lut(current: Lut3D, target: Lut3D) -> Lut3D:
    """Return the LUT a small step further, or the very same where the two hardly differ."""
    size = max(current.size, target.size)
    gap = float(np.abs(current.resampled(size).table - target.resampled(size).table).max())
    if gap <= _STILL:
        return current
    share = min(_SHARE, _LARGEST_STEP / gap)
    return mixed_lut([current, target], [1 - share, share])
