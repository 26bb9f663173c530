"""A look over a film: one LUT for each shot, made from several of its frames, and eased over dissolves."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from impasto.apply.film_space import film_transforms, lut_for_film
from impasto.apply.look import DEFAULT_THUMBNAIL_SIDE, predict_lut
from impasto.apply.lut import Lut3D, check_strength
from impasto.apply.native_space import lut_keeping_color
from impasto.apply.planar_lut import PlanarLut, mixed_lut
from impasto.apply.thumbnail import area_thumbnail, planar_thumbnail
from impasto.errors import UsageError
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame
from impasto.style.runtime import Runtime

NUM_SAMPLES = 5
EASING_STEPS = 16
"""Different LUTs over a dissolve at most: finer steps than that are not seen while pictures mix."""
_NUM_HELD = 3
_IDENTITY_SIZE = 33
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
Thumbnail = NDArray[np.float32]


class ShotSpan(Protocol):
    """What is needed of a shot; see `impasto.vision.shots.Shot`."""

    @property
    def start(self) -> int: ...

    @property
    def stop(self) -> int: ...

    @property
    def transition_start(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class LookLink:
    """One look of a chain of them; a chain may be one long.

    Attributes
    ----------
    runtime
        Its generator; see `impasto.apply.look.predict_lut`.
    thumbnail_side
        The side that the generator takes.
    strength
        In [0, 1].
    keep_color
        Take lightness from the look, hue and chroma from the film.

    Raises
    ------
    UsageError
        `strength` is not in [0, 1].
    """

    runtime: Runtime
    thumbnail_side: int = DEFAULT_THUMBNAIL_SIDE
    strength: float = 1.0
    keep_color: bool = False

    def __post_init__(self) -> None:
        check_strength(self.strength)

    def lut_for(self, thumbnails: Sequence[Thumbnail]) -> Lut3D:
        """Return the mean of the LUTs for pictures in sRGB, at this strength."""
        if self.strength == 0:
            return Lut3D.identity(_IDENTITY_SIZE)
        sized = [area_thumbnail(each, self.thumbnail_side, num_threads=1) for each in thumbnails]
        lut = mixed_lut([predict_lut(self.runtime, each) for each in sized], [1 / len(sized)] * len(sized))
        return (lut_keeping_color(lut) if self.keep_color else lut).blended(self.strength)


def sample_frames(shots: Sequence[ShotSpan], num_samples: int = NUM_SAMPLES) -> list[tuple[int, ...]]:
    """Return for each shot the frames to make its LUT from: spread evenly over what shows this shot alone."""
    return [_spread(*_clear_span(shots, number), num_samples) for number in range(len(shots))]


def shot_luts(
    links: Sequence[LookLink], shots: Sequence[ShotSpan], frames: Iterable[PlanarFrame], num_samples: int = NUM_SAMPLES
) -> list[Lut3D]:
    """Return for each shot its LUT, for the RGB of the film.

    Parameters
    ----------
    links
        Looks in the order in which they are applied.
    shots
        Without gaps.
    frames
        At least those of `sample_frames`, known by their `index`; others are ignored. A whole film may pass: only
        thumbnails are kept.

    Raises
    ------
    StyleFileError
        A generator fails, or its output is not a LUT.
    UsageError
        There is no look, or frames of a shot are missing.
    """
    wanted = {index: number for number, indices in enumerate(sample_frames(shots, num_samples)) for index in indices}
    thumbnails: list[list[Thumbnail]] = [[] for _ in shots]
    color = Color()
    for frame in frames:
        number = wanted.pop(frame.index, None)
        if number is not None:
            color = frame.color
            thumbnails[number].append(film_thumbnail(frame, links))
        if not wanted:
            break
    if wanted:
        raise UsageError(f"The film has no frame {min(wanted)}, which its shots have. Find its shots again.")
    return [lut_for_film(chained_lut(links, each), color) for each in thumbnails]


def shot_lut(links: Sequence[LookLink], frames: Sequence[PlanarFrame]) -> Lut3D:
    """Return the LUT made from frames of one shot, for the RGB of the film; see `shot_luts`."""
    return lut_for_film(chained_lut(links, [film_thumbnail(frame, links) for frame in frames]), frames[0].color)


def film_thumbnail(frame: PlanarFrame, links: Sequence[LookLink]) -> Thumbnail:
    """Return the thumbnail of a frame, in sRGB, as large as the largest that any of the looks takes."""
    thumbnail = planar_thumbnail(frame, max((link.thumbnail_side for link in links), default=DEFAULT_THUMBNAIL_SIDE))
    transforms = film_transforms(frame.color)
    return thumbnail if transforms is None else transforms[0](thumbnail)


def chained_lut(links: Sequence[LookLink], thumbnails: Sequence[Thumbnail]) -> Lut3D:
    """Return one LUT that does what looks do one after another; each sees pictures as the one before has made them.

    Raises
    ------
    UsageError
        There is no look.
    """
    if not links:
        raise UsageError("A film needs at least one look.")
    chained = links[0].lut_for(thumbnails)
    for link in links[1:]:
        chained = composed_lut(chained, link.lut_for([chained.apply(each, num_threads=1) for each in thumbnails]))
    return chained


def composed_lut(first: Lut3D, second: Lut3D) -> Lut3D:
    """Return the LUT that does what `first` and then `second` does, on the finer of their grids."""
    return Lut3D(second.apply(first.resampled(max(first.size, second.size)).table.clip(0, 1)))


class FilmLook:
    """Grades any frame of a film with the LUT of its shot; in the frames of a dissolve, with a mix of both shots'.

    What a frame becomes depends on nothing but its number, its pixels, and the LUTs, in whatever order frames come and
    however many workers there are. Threads may share one.

    Parameters
    ----------
    shots
        Without gaps.
    luts
        As many, for the RGB of the film, as from `shot_luts`; read when frames of their shots come.
    color, bit_depth
        Of the film.

    Raises
    ------
    UsageError
        There is no shot, or not one LUT for each.
    UnusablePixelsError
        The matrix of the film is unknown.
    """

    def __init__(self, shots: Sequence[ShotSpan], luts: Sequence[Lut3D], color: Color, bit_depth: int) -> None:
        if not shots or len(shots) != len(luts):
            raise UsageError(f"A look over {len(shots)} shots needs as many LUTs, and at least one, not {len(luts)}.")
        self._shots = tuple(shots)
        self._starts = [shot.start for shot in shots]
        self._luts = luts
        self._color = color
        self._bit_depth = bit_depth
        self._read: OrderedDict[int, Lut3D] = OrderedDict()
        self._held: OrderedDict[tuple[int, int], PlanarLut] = OrderedDict()
        self._lock = Lock()
        self.lut_at(self._starts[0])

    def apply(self, frame: PlanarFrame, *, num_threads: int | None = None) -> PlanarFrame:
        """Return the graded frame; see `PlanarLut.apply`."""
        return self.lut_at(frame.index).apply(frame, num_threads=num_threads)

    __call__ = apply

    def lut_at(self, index: int) -> PlanarLut:
        """Return what grades the frame of this number."""
        key = self._mix_at(index)
        with self._lock:
            return _kept(self._held, key, lambda: self._made(*key))

    def _mix_at(self, index: int) -> tuple[int, int]:
        """Return the number of a shot, and how many steps of easing a frame is on the way to the next."""
        number = max(0, bisect_right(self._starts, index) - 1)
        if number + 1 == len(self._shots):
            return number, 0
        following = self._shots[number + 1]
        first = max(following.transition_start, self._shots[number].start)
        if index < first:
            return number, 0
        share = (index - first + 1) / (following.start - first + 1)
        step = round(share * EASING_STEPS)
        return (number, step) if step < EASING_STEPS else (number + 1, 0)

    def _made(self, number: int, step: int) -> PlanarLut:
        lut, share = self._lut_of(number), step / EASING_STEPS
        if step:
            lut = mixed_lut([lut, self._lut_of(number + 1)], [1 - share, share])
        return PlanarLut(lut, self._color, self._bit_depth)

    def _lut_of(self, number: int) -> Lut3D:
        return _kept(self._read, number, lambda: self._luts[number])


def _kept(kept: OrderedDict[_Key, _Value], key: _Key, make: Callable[[], _Value]) -> _Value:
    """Return what is kept under a key, or make it in the place of what was not asked for the longest."""
    if key not in kept:
        kept[key] = make()
        if len(kept) > _NUM_HELD:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]


def _clear_span(shots: Sequence[ShotSpan], number: int) -> tuple[int, int]:
    """Return the frames that show one shot alone; all of it if there are none."""
    start, stop = shots[number].start, shots[number].stop
    if number + 1 < len(shots):
        clear = min(stop, shots[number + 1].transition_start)
        stop = clear if clear > start else stop
    return start, stop


def _spread(start: int, stop: int, count: int) -> tuple[int, ...]:
    """Return the middles of up to `count` parts of a span."""
    parts = min(count, stop - start)
    return tuple(start + (2 * k + 1) * (stop - start) // (2 * parts) for k in range(parts))
