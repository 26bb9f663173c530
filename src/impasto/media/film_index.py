"""`FilmIndex`: the times of all pictures of a film, and from which of them decoding may begin."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UnreadableMediaError
from impasto.media.files import write_beside
from impasto.media.film_info import FilmInfo
from impasto.media.film_open import film_errors, open_film

Ticks = NDArray[np.int64]

_CONTAINERS = {"mov", "mp4", "matroska", "webm", "mpegts"}
_CODECS = frozenset(
    ("h264", "hevc", "av1", "vp9", "prores", "dnxhd", "mjpeg", "ffv1", "png", "qtrle", "rawvideo", "v210", "cfhd")
)
_CODECS_WITH_HEADERS = frozenset(("mpeg4", "mpeg2video"))
"""Each packet of these is one picture, unless their container cuts the stream anywhere."""
_CUT_SHORT = "Get a whole copy of it, or cut it off at an earlier time first."


@dataclass(frozen=True, slots=True, eq=False)
class FilmIndex:
    """The pictures of a film in the order in which they are shown.

    Attributes
    ----------
    ticks
        Times in units of `time_base`, rising.
    keys
        Indices of the pictures that decoding may begin with.
    """

    ticks: Ticks
    keys: Ticks
    time_base: Fraction

    def __len__(self) -> int:
        return len(self.ticks)

    def pts(self, index: int) -> Fraction:
        """Return the time of one picture in seconds."""
        return int(self.ticks[index]) * self.time_base

    def key_before(self, index: int) -> int:
        """Return the last key picture at or before another."""
        return int(self.keys[np.searchsorted(self.keys, index, "right") - 1])

    def save(self, path: Path | str) -> None:
        """Save it, so that no other worker has to read the whole film."""
        base = np.array([self.time_base.numerator, self.time_base.denominator])
        with write_beside(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, ticks=np.diff(self.ticks, prepend=0), keys=self.keys, base=base)


def load_index(path: Path | str) -> FilmIndex:
    """Load what `FilmIndex.save` has saved.

    Raises
    ------
    UnreadableMediaError
        It is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as saved:
            base = Fraction(int(saved["base"][0]), int(saved["base"][1]))
            return FilmIndex(np.cumsum(saved["ticks"]), saved["keys"], base)
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
        raise UnreadableMediaError(f"{path} is no index of a film. Remove it; it is made again.") from error


def is_countable(info: FilmInfo) -> bool:
    """Say whether each packet of a film is one picture with a time of its own."""
    containers = set(info.container.split(","))
    if not containers & _CONTAINERS:
        return False
    return info.codec in _CODECS or (info.codec in _CODECS_WITH_HEADERS and "mpegts" not in containers)


def read_index(info: FilmInfo) -> FilmIndex | None:
    """Read all packets of a film without decoding them.

    Returns
    -------
    None where packets do not tell the pictures: they have no times, or the same ones, or begin amid a group.

    Raises
    ------
    UnreadableMediaError
        The film is cut short.
    """
    if not is_countable(info):
        return None
    shown: list[tuple[int, bool]] = []
    with open_film(info.path) as (container, stream), film_errors(info.path):
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                if packet.pts is None:
                    return None
                shown.append((packet.pts, packet.is_keyframe))
        check_whole(info, stream, len(shown), max((pts for pts, _ in shown), default=0))
    return _sorted_index(shown, info.time_base)


def check_whole(info: FilmInfo, stream: Any, num_packets: int, last: int) -> None:
    """Refuse a film of which less is there than its header says.

    Parameters
    ----------
    last
        Ticks of the last picture.

    Raises
    ------
    UnreadableMediaError
        Says when the film ends, and when it should.
    """
    if info.duration is None:
        return
    entries = max((entry.pos + entry.size for entry in list(stream.index_entries)[-1:]), default=0)
    is_short = _is_mov(info) and entries > info.path.stat().st_size
    end = (last - (stream.start_time or 0)) * info.time_base
    slack = max(Fraction(2), 3 / info.rate)
    says_own = bool(stream.duration or stream.metadata.get("DURATION"))
    if is_short or ((says_own or not info.others) and num_packets and end + slack < info.duration):
        says = f"{info.path} is cut short: it ends at {clock(end)} of {clock(info.duration)}."
        raise UnreadableMediaError(f"{says} {_CUT_SHORT}")


def clock(seconds: Fraction) -> str:
    """Write a time as 1:02:03.45."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(abs(hundredths), 6000)
    hours, minutes = divmod(minutes, 60)
    leading = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{'-' * (hundredths < 0)}{leading}:{rest // 100:02}.{rest % 100:02}"


def _is_mov(info: FilmInfo) -> bool:
    return "mov" in info.container.split(",")


def _sorted_index(shown: list[tuple[int, bool]], time_base: Fraction) -> FilmIndex | None:
    if not shown:
        return None
    coded = np.array([pts for pts, _ in shown], np.int64)
    order = np.argsort(coded, kind="stable")
    ticks = coded[order]
    is_key = np.array([key for _, key in shown])
    # Pictures before the first one, or two at once: which of them a decoder shows is not to be told from outside.
    if not is_key[0] or order[0] != 0 or (np.diff(ticks) <= 0).any():
        return None
    return FilmIndex(ticks, np.flatnonzero(is_key[order]), time_base)
