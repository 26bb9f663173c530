"""What leads from one shot to the next, put together from cuts, dissolves and stretches of a plain colour."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.vision.cuts import Cut
from impasto.vision.dissolves import Dissolve
from impasto.vision.shot import Moment, Transition
from impasto.vision.shot_thumbnail import ShotThumbnail

_MOST_MIXED_FRAMES_OF_CUT = 2
_NEAR = 3


class FlatRun:
    """Frames of a plain colour, one after the other; `stop` is the first after them, or None while there is none."""

    def __init__(self, thumbnail: ShotThumbnail) -> None:
        self.start = thumbnail.moment
        self.stop: Moment | None = None

    @property
    def is_open(self) -> bool:
        """Whether the newest frame is part of it."""
        return self.stop is None

    def extend(self, thumbnail: ShotThumbnail) -> None:
        """Take the next frame, flat or not."""
        if not thumbnail.is_flat:
            self.stop = thumbnail.moment

    def meets(self, index: int) -> bool:
        """Tell whether a frame is one of them, or next to them."""
        return self.start.index - _NEAR <= index and (self.stop is None or index <= self.stop.index + _NEAR)


def find_transitions(
    cuts: Sequence[Cut], dissolves: Sequence[Dissolve], flat_runs: Sequence[FlatRun], shortest: int
) -> list[Transition]:
    """Put together what leads from shot to shot.

    A fade out, the plain colour after it and a fade in are one transition, and so is a cut at either end of a fade. A
    fade at the beginning or the end of the film is none, since there is only one shot.

    Parameters
    ----------
    shortest
        How many frames a shot has at least. Of cuts closer to each other, the clearest counts.
    """
    fades = [each for each in dissolves if each.before.is_flat or each.after.is_flat]
    gradual = [_dissolve(each) for each in dissolves if each not in fades] + _join_fades(fades, flat_runs)
    # A cut through some mixed frames, as where a rate was changed, and a true cut are the same to whoever looks.
    hard = [Transition("cut", cut.frame.moment, cut.frame.moment, cut.unexplained) for cut in cuts]
    hard = [cut for cut in hard if not any(each.start <= cut.stop <= each.stop for each in gradual)]
    return _thin_out(sorted([*gradual, *hard], key=lambda each: (each.stop, each.start)), shortest)


def _dissolve(dissolve: Dissolve) -> Transition:
    if dissolve.num_frames <= _MOST_MIXED_FRAMES_OF_CUT:
        middle = dissolve.middle.moment
        return Transition("cut", middle, middle)
    return Transition("dissolve", dissolve.first.moment, dissolve.after.moment)


def _join_fades(fades: Sequence[Dissolve], flat_runs: Sequence[FlatRun]) -> list[Transition]:
    joined = []
    for run in flat_runs:
        fade_out = next((each for each in fades if each.after.is_flat and run.meets(each.after.index)), None)
        fade_in = next((each for each in fades if each.before.is_flat and run.meets(each.before.index)), None)
        start = fade_out.first.moment if fade_out else run.start
        stop = fade_in.after.moment if fade_in else run.stop
        # Without a fade at either end there are cuts, or a flash.
        if (fade_out or fade_in) and stop is not None and start < stop:
            joined.append(Transition("fade", start, stop))
    return joined


def _thin_out(transitions: Sequence[Transition], shortest: int) -> list[Transition]:
    """Keep what leaves shots of some frames."""
    kept: list[Transition] = []
    for each in transitions:
        if kept and each.start.index - kept[-1].stop.index < shortest:
            if _clarity(each) > _clarity(kept[-1]):
                kept[-1] = each
        else:
            kept.append(each)
    return kept


def _clarity(transition: Transition) -> tuple[int, float]:
    return transition.stop.index - transition.start.index, transition.clarity
