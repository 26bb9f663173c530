"""`FilmSource`: the pictures of a film in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import UnreadableMediaError, UsageError
from impasto.media.chroma import chroma_shape
from impasto.media.film_decode import (
    DEINTERLACERS,
    DecodedPicture,
    LostKeyError,
    decode_film,
    refuse_interlaced,
)
from impasto.media.film_index import FilmIndex, is_countable, read_index
from impasto.media.film_info import read_info
from impasto.media.pixel_layout import PixelLayout, borrow_planes, read_layout
from impasto.media.planar import PlanarFrame

_FIELD_NEIGHBOURS = 2


class FilmSource:
    """Iterated for all pictures of a film, upright, each once and at its exact time.

    It may be iterated many times; every iteration opens the file anew. Planes are not to be written to: where they can
    be, they are the decoder's own.

    Parameters
    ----------
    deinterlace
        "bwdif" (better) or "yadif" makes whole pictures of an interlaced film, which is refused otherwise; "ignore"
        takes its word for nothing, for films that are marked wrongly.
    index
        Saves reading the whole film before the first `frames` that does not begin at 0.
    num_threads
        Of the decoder. Pictures do not depend on it.

    Attributes
    ----------
    info
        What the film is made of.
    num_damaged
        Pictures so far, in all iterations, that the decoder has patched up, or for which the one before stands in.

    Raises
    ------
    UnreadableMediaError
        It is missing, empty, no film, without pictures, or interlaced; while it is iterated: cut short, changing its
        size, or damaged beyond concealing.
    UsageError
        No such deinterlacer.
    MissingExtraError
        PyAV is not installed.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        deinterlace: str | None = None,
        index: FilmIndex | None = None,
        num_threads: int = 1,
    ) -> None:
        if deinterlace not in {None, "ignore", *DEINTERLACERS}:
            raise UsageError(f"There is no deinterlacer '{deinterlace}'. Take one of {', '.join(DEINTERLACERS)}.")
        self.info = read_info(path)
        self.num_damaged = 0
        self._deinterlace = deinterlace
        self._num_threads = num_threads
        self._index = index
        self._has_index = index is not None
        if self.info.interlaced and deinterlace is None:
            refuse_interlaced(self.info)

    @property
    def index(self) -> FilmIndex | None:
        """The times of all pictures; None where only decoding tells. Reads the whole film when first asked for."""
        if not self._has_index:
            self._index, self._has_index = read_index(self.info), True
        return self._index

    def __iter__(self) -> Iterator[PlanarFrame]:
        return self.frames()

    def frames(
        self, start: int = 0, stop: int | None = None, *, num_threads: int | None = None
    ) -> Iterator[PlanarFrame]:
        """Yield the pictures [start, stop) by index; fewer where the film has fewer.

        Begins decoding at the key picture before `start` where that gives the same pictures, else at the first one.

        Parameters
        ----------
        num_threads
            Of the decoder, this time; more than its own are taken only where packets tell how many pictures there are,
            since with what is damaged a decoder on many threads may deal otherwise.
        """
        if start < 0 or (stop is not None and stop < start):
            raise UsageError(f"Pictures {start} to {stop} are no range.")
        if start == stop:
            return
        for number, picture in self._numbered(start, self._threads(num_threads)):
            if stop is not None and number >= stop:
                return
            if number >= start:
                self.num_damaged += picture.is_damaged
                yield self._planar(picture, number)
                if stop is not None and number + 1 >= stop:
                    return

    def _threads(self, wanted: int | None) -> int:
        return wanted if wanted is not None and is_countable(self.info) else self._num_threads

    def _numbered(self, start: int, num_threads: int) -> Iterator[tuple[int, DecodedPicture]]:
        index = self.index if start else None
        if index is not None and start >= len(index):
            return
        begin = 0
        if index is not None:
            # A deinterlacer sees the neighbours of a picture: it shall see the same as from the beginning.
            begin = index.key_before(max(0, start - (_FIELD_NEIGHBOURS if self._deinterlace else 0)))
        if index is not None and begin:
            pictures = self._from_key(index, begin, num_threads)
            try:
                first = next(pictures)
            except (LostKeyError, StopIteration):
                pass
            else:
                yield first
                yield from pictures
                return
        yield from enumerate(self._decode(None, num_threads))

    def _from_key(self, index: FilmIndex, begin: int, num_threads: int) -> Iterator[tuple[int, DecodedPicture]]:
        for number, picture in enumerate(self._decode(int(index.ticks[begin]), num_threads), begin):
            if number >= len(index) or index.ticks[number] != picture.ticks:
                if number == begin:
                    raise LostKeyError
                place = f"picture {number} of {self.info.path}"
                raise UnreadableMediaError(f"There is none at the time of {place}. Has the file changed meanwhile?")
            yield number, picture

    def _decode(self, key: int | None, num_threads: int) -> Iterator[DecodedPicture]:
        name = self._deinterlace if self._deinterlace in DEINTERLACERS and self.info.interlaced else None
        for picture in decode_film(self.info, key, name, num_threads):
            if self._deinterlace is None and picture.frame.interlaced_frame:
                refuse_interlaced(self.info, picture.ticks)
            yield picture

    def _planar(self, picture: DecodedPicture, number: int) -> PlanarFrame:
        info = self.info
        planes, alpha = _taken_apart(picture.frame, read_layout(info.pixel_format))
        frame = PlanarFrame(
            planes=planes,
            bit_depth=info.bit_depth,
            subsampling=info.subsampling,
            color=info.color,
            index=number,
            pts=picture.ticks * info.time_base,
            alpha=alpha,
        )
        return info.orientation.turn_frame(frame)


def read_frame(path: Path | str, index: int = 0, **options: Any) -> PlanarFrame:
    """Read one picture of a film; `options` are those of `FilmSource`.

    Raises
    ------
    UnreadableMediaError
        As `FilmSource`, or the film has no such picture.
    """
    for frame in islice(FilmSource(path, **options).frames(index, index + 1), 1):
        return frame
    raise UnreadableMediaError(f"{path} has no picture {index}: it is shorter.")


def _taken_apart(frame: Any, layout: PixelLayout) -> tuple[Any, Any]:
    """Return three planes and alpha; grey gets neutral colours, so that a style may give it some."""
    if frame.format.name not in {layout.planar, layout.planar.replace("yuv", "yuvj", 1)}:
        frame = frame.reformat(format=layout.planar)
    planes = borrow_planes(frame)
    if layout.kind == "grey":
        height, width = planes[0].shape
        shape = chroma_shape(height, width, layout.subsampling)
        neutral = np.full(shape, 1 << (layout.bit_depth - 1), planes[0].dtype)
        return (planes[0], neutral, neutral.copy()), None
    return tuple(planes[:3]), planes[3] if layout.has_alpha else None
