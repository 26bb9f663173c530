"""SMPTE timecode: hours, minutes, seconds and frames, as editing programs count (SMPTE ST 12-1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

_FORM = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})")
_NTSC_DENOMINATOR = 1001
_DROPPING_RATES = (30, 60)
_FRAMES_A_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Timecode:
    """How the frames of a film are numbered.

    Attributes
    ----------
    rate
        Frames a second; timecode counts in whole ones, 24 for 23.976.
    start
        Number of the first frame.
    drop
        Whether some numbers are left out at 29.97 or 59.94 frames a second, so that timecode keeps up with the clock.
    """

    rate: Fraction
    start: int = 0
    drop: bool = False

    @classmethod
    def of_rate(cls, rate: Fraction, start: str | None = None) -> Timecode:
        """Number the frames from a timecode such as "01:00:00:00"; from 0, where it is none."""
        may_drop = rate.denominator == _NTSC_DENOMINATOR and round(rate) in _DROPPING_RATES
        found = _FORM.fullmatch(start or "")
        if found is None:
            return cls(rate, 0, may_drop)
        hours, minutes, seconds, frames = (int(found[group]) for group in (1, 2, 3, 5))
        plain = cls(rate, 0, may_drop and found[4] in ";,")
        return cls(rate, plain._number(hours, minutes, seconds, frames), plain.drop)

    def text(self, frame: int) -> str:
        """Return the timecode of a frame, counted from 0: "00:00:05:12", with a semicolon where numbers are dropped."""
        each = max(1, round(self.rate))
        number = (frame + self.start) % (_FRAMES_A_DAY * each - self._num_dropped_a_day())
        if self.drop:
            number += self._num_dropped_before(number)
        seconds, frames = divmod(number, each)
        minutes, seconds = divmod(seconds, 60)
        width = len(str(each - 1))
        mark = ";" if self.drop else ":"
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{mark}{frames:0{max(2, width)}d}"

    def frame_at(self, time: Fraction) -> int:
        """Return which frame, from 0, is shown at a time in seconds since the first one."""
        return round(time * self.rate)

    @property
    def _num_dropped(self) -> int:
        """How many numbers are left out in each minute but every tenth."""
        return round(self.rate) // 15 if self.drop else 0

    def _num_dropped_a_day(self) -> int:
        return self._num_dropped * 54 * 24

    def _num_dropped_before(self, number: int) -> int:
        minute = round(self.rate) * 60
        tens, rest = divmod(number, minute * 10 - self._num_dropped * 9)
        minutes = max(0, (rest - self._num_dropped) // (minute - self._num_dropped))
        return self._num_dropped * (9 * tens + minutes)

    def _number(self, hours: int, minutes: int, seconds: int, frames: int) -> int:
        total = hours * 60 + minutes
        number = (total * 60 + seconds) * round(self.rate) + frames
        return number - self._num_dropped * (total - total // 10)


def read_timecode(path: Path | str) -> str | None:
    """Return the timecode that a film states for its first frame, wherever it keeps it; None where it has none.

    Raises
    ------
    UnreadableMediaError
        The file is no film.
    MissingExtraError
        PyAV is not installed.
    """
    from impasto.media.film_open import open_film  # noqa: PLC0415  an extra

    with open_film(Path(path)) as (container, film):
        places = [film.metadata, *(stream.metadata for stream in container.streams), container.metadata]
        return next((place["timecode"] for place in places if "timecode" in place), None)
