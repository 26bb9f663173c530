"""Which frames and seconds of a film tell the most: for stills, posters and previews.

Frames are chosen one after the other, each for its own worth times how little of it the chosen ones show already, after
J. Carbonell, J. Goldstein, "The Use of MMR, Diversity-Based Reranking", 1998. Nothing is left to chance.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.vision.frame_scores import FrameScore
from impasto.vision.shots import Shot

_FACES = 0.5
_SAME_PICTURE = 0.08
_SAME_SHOT = 0.35
_LEAST_EXPOSURE = 0.02
_SPAN_SECONDS = 2.5
_LEAST_SECONDS = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Span:
    """Frames of one shot, without `stop`, and their times in seconds."""

    shot: int
    start: int
    stop: int
    start_time: Fraction
    stop_time: Fraction

    @property
    def duration(self) -> Fraction:
        """How long it lasts, in seconds."""
        return self.stop_time - self.start_time


def choose_stills(shots: Sequence[Shot], scores: Sequence[FrameScore], count: int) -> list[FrameScore]:
    """Choose the best frames of a film, unlike each other and from as many shots as can be, in the order of the film.

    Frames of dissolves and fades are left out, and so is what shows nothing, while there are others. There may be fewer
    than asked for where fewer were scored.

    Raises
    ------
    UsageError
        `count` is less than 1.
    """
    if count < 1:
        raise UsageError(f"{count} stills cannot be chosen. Ask for one at least.")
    candidates = [score for score in scores if _is_clear(shots, score.index)] or list(scores)
    worth = _worths(candidates) * np.array([score.stillness**0.5 for score in candidates])
    order = _pick(candidates, worth, [_shot_at(shots, score.index) for score in candidates], count)
    return sorted((candidates[place] for place in order), key=lambda score: score.index)


def choose_seconds(shots: Sequence[Shot], scores: Sequence[FrameScore], seconds: Fraction | float) -> list[Span]:
    """Choose the most telling spans of a film, of so many seconds together, in the order of the film.

    Each is some seconds of one shot, clear of dissolves and fades; they are spread over the film, and of different
    shots where there are enough. A film that is not longer is chosen as a whole, shot by shot.

    Raises
    ------
    UsageError
        `seconds` is not more than 0.
    """
    wanted = Fraction(seconds)
    if wanted <= 0:
        raise UsageError(f"{float(seconds):g} seconds cannot be chosen. Ask for more than 0.")
    if not shots:
        return []
    if shots[-1].stop_time - shots[0].start_time <= wanted:
        return [_span(shot, shot.start, shot.stop) for shot in shots]
    choice = _Choice(shots, scores)
    number = max(1, round(float(wanted) / _SPAN_SECONDS))
    begin, length = shots[0].start_time, shots[-1].stop_time - shots[0].start_time
    for part in range(number):
        choice.add(wanted / number, begin + length * part / number, begin + length * (part + 1) / number)
    while (rest := wanted - choice.duration) >= _LEAST_SECONDS and choice.add(rest, begin, begin + length):
        pass
    return sorted(choice.spans, key=lambda span: span.start)


class _Choice:
    """Spans chosen so far."""

    def __init__(self, shots: Sequence[Shot], scores: Sequence[FrameScore]) -> None:
        self.spans: list[Span] = []
        self._shots = shots
        self._indices = np.array([score.index for score in scores], dtype=np.int64)
        self._sums = np.concatenate([[0.0], np.cumsum(_worths(scores))])

    @property
    def duration(self) -> Fraction:
        return sum((span.duration for span in self.spans), Fraction(0))

    def add(self, seconds: Fraction, begin: Fraction, end: Fraction) -> bool:
        """Choose the best span of up to so many seconds that begins in this part of the film; tell if there is one."""
        used = Counter(span.shot for span in self.spans)
        best: tuple[float, Span] | None = None
        for shot in self._shots:
            if shot.stop_time <= begin or shot.start_time >= end:
                continue
            for span in self._offers(shot, seconds, begin, end):
                worth = self._worth(span) * min(1.0, float(span.duration / seconds)) * _SAME_SHOT ** used[shot.index]
                if best is None or worth > best[0]:
                    best = worth, span
        if best is not None:
            self.spans.append(best[1])
        return best is not None

    def _offers(self, shot: Shot, seconds: Fraction, begin: Fraction, end: Fraction) -> list[Span]:
        """Return spans of a shot that begin at its scored frames, or end with it, and meet none that is chosen."""
        first, last = shot.start, _clear_stop(self._shots, shot)
        taken = sorted((span.start, span.stop) for span in self.spans if span.shot == shot.index)
        gaps, position = [], first
        for start, stop in [*taken, (last, last)]:
            if start > position:
                gaps.append((position, start))
            position = stop
        length = max(1, round(seconds / shot.duration * shot.num_frames)) if shot.duration else shot.num_frames
        offers = []
        for low, high in gaps:
            latest = max(low, high - length)
            inside = self._indices[(self._indices > low) & (self._indices < latest)]
            offers += [
                _span(shot, start, min(high, start + length)) for start in sorted({low, latest, *map(int, inside)})
            ]
        return [span for span in offers if begin <= span.start_time < end and _is_long_enough(span, seconds, shot)]

    def _worth(self, span: Span) -> float:
        """Return the mean worth of the frames scored in it, or of the one before."""
        low, high = np.searchsorted(self._indices, [span.start, span.stop])
        if low == high:
            low = max(0, low - 1)
        return float((self._sums[high] - self._sums[low]) / max(1, high - low)) + 1e-6


def _is_long_enough(span: Span, seconds: Fraction, shot: Shot) -> bool:
    """Nothing flashes by, unless it is a shot that does."""
    return span.duration >= min(_LEAST_SECONDS, seconds, shot.duration / 2)


def _worths(scores: Sequence[FrameScore]) -> NDArray[np.float64]:
    """Return what frames are worth, in [0, 1], sharpness against the sharpest tenth of the film."""
    if not scores:
        return np.zeros(0)
    sharpness = np.array([score.sharpness for score in scores])
    sharpest = max(float(np.quantile(sharpness, 0.9)), 1e-9)
    exposure = np.array([score.exposure for score in scores])
    faces = np.array([score.faces for score in scores])
    worth: NDArray[np.float64] = np.sqrt((sharpness / sharpest).clip(0, 1)) * exposure * (1 + _FACES * faces)
    return worth / (1 + _FACES)


def _pick(scores: Sequence[FrameScore], worth: NDArray[np.float64], shots: Sequence[int], count: int) -> list[int]:
    """Return places of scores, the best first; of equals, the earliest."""
    if not scores:
        return []
    signatures = np.stack([score.signature for score in scores]).astype(np.float64)
    gain = worth + 1e-9
    shot_of = np.array(shots)
    chosen: list[int] = []
    while len(chosen) < min(count, len(scores)):
        place = int(np.argmax(gain))
        chosen.append(place)
        distance = ((signatures - signatures[place]) ** 2).mean(axis=1)
        gain = gain * (1 - np.exp(-distance / _SAME_PICTURE**2)) + 1e-12 * worth
        gain[shot_of == shot_of[place]] *= _SAME_SHOT
        gain[chosen] = -1
    return chosen


def _is_clear(shots: Sequence[Shot], index: int) -> bool:
    """Tell whether a frame shows one shot only."""
    return not shots or index < _clear_stop(shots, shots[_shot_at(shots, index)])


def _shot_at(shots: Sequence[Shot], index: int) -> int:
    return max(0, bisect_right(shots, index, key=lambda shot: shot.start) - 1)


def _clear_stop(shots: Sequence[Shot], shot: Shot) -> int:
    """Return the first frame after the shot that is not of it alone."""
    following = shot.index + 1
    return max(shot.start + 1, shots[following].transition_start) if following < len(shots) else shot.stop


def _span(shot: Shot, start: int, stop: int) -> Span:
    step = shot.duration / shot.num_frames
    begin, end = (shot.start_time + step * (frame - shot.start) for frame in (start, stop))
    return Span(shot.index, start, stop, begin, end)
