"""`FilmMedium`: where a job's pictures come from and go to, if that is a film."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import available_cores
from impasto.errors import OutputError, UnreadableMediaError
from impasto.film.folder import save_array
from impasto.film.picture import Picture
from impasto.film.plan import SourceIdentity, identify
from impasto.film.shot_report import ReportedFilm
from impasto.film.survey import Survey, Thumbnails, survey
from impasto.media.files import check_output
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame

if TYPE_CHECKING:
    from impasto.media.film_encoding import Encoding
    from impasto.media.film_info import FilmInfo
    from impasto.media.film_read import FilmSource


class PictureSink(Protocol):
    """What a segment is written to."""

    def write(self, frame: Any) -> None: ...

    def close(self) -> None: ...

    def discard(self) -> None: ...


class Medium(Protocol):
    """A source of pictures that has an output. It is pickled to workers, which all see the same files."""

    @property
    def source(self) -> Path: ...

    @property
    def output(self) -> Path: ...

    @property
    def segment_suffix(self) -> str: ...

    @property
    def takes_luts(self) -> bool:
        """Whether looks work on its code values, rather than on RGB."""

    @property
    def coding(self) -> tuple[Color, int]:
        """How code values are to be read, and their bits."""

    @property
    def num_damaged(self) -> int:
        """How many pictures read so far were patched up."""

    def survey(
        self,
        thumbnails: Thumbnails | None,
        on_frame: Callable[[int], None] | None = None,
        also: Callable[[PlanarFrame], object] | None = None,
    ) -> Survey:
        """Read all of it once."""

    @property
    def num_frames(self) -> int | None:
        """How many pictures the source has, where that is known before they are read."""

    def identify(self) -> SourceIdentity:
        """Return what tells whether the source is still the same."""

    def describe(self) -> dict[str, Any]:
        """Return how it is read and written, as JSON."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Yield pictures [start, stop) in order."""

    def pick(self, indices: Sequence[int]) -> Iterator[Picture]:
        """Yield single pictures, by rising index."""

    def check(self) -> None:
        """Refuse now what could only fail later: a source that cannot be read, an output that cannot be coded so."""

    def check_target(self, overwrite: bool) -> None:
        """Refuse to write over the source."""

    def output_exists(self) -> bool:
        """Whether something would be replaced."""

    def keep(self, folder: Path, times: Sequence[Fraction]) -> None:
        """Put what was learned from reading all of it once into a job's folder."""

    def use(self, folder: Path) -> None:
        """Take from a job's folder what `keep` put there."""

    def reported(self, style: str, strength: float, gate_mode: str) -> ReportedFilm:
        """Return what a report says of the film as a whole."""

    def open_sink(self, path: Path) -> PictureSink:
        """Begin a segment."""

    def assemble(self, segments: Sequence[Path], folder: Path) -> list[str]:
        """Make the output of segments; return what it loses of the source, in words."""


@dataclass
class FilmMedium:
    """A film, and the film that comes of it.

    Parameters
    ----------
    deinterlace
        As for `impasto.media.film_read.FilmSource`.
    num_threads
        Of decoding.
    """

    source: Path
    output: Path
    encoding: Encoding
    deinterlace: str | None = None
    num_threads: int = 1

    def __getstate__(self) -> dict[str, Any]:
        names = ("source", "output", "encoding", "deinterlace", "num_threads")
        return {name: getattr(self, name) for name in names} | {"_index_path": self.__dict__.get("_index_path")}

    @property
    def segment_suffix(self) -> str:
        return self.output.suffix.lower()

    @property
    def takes_luts(self) -> bool:
        return set(self.info.subsampling) <= {1, 2}

    def survey(
        self,
        thumbnails: Thumbnails | None,
        on_frame: Callable[[int], None] | None = None,
        also: Callable[[PlanarFrame], object] | None = None,
    ) -> Survey:
        pictures = self._film.frames(num_threads=max(self.num_threads, available_cores()))
        return survey(pictures, self.source, self.info.rate, thumbnails, on_frame, also)

    @cached_property
    def _film(self) -> FilmSource:
        from impasto.media.film_index import load_index  # noqa: PLC0415  imports PyAV, which is an extra
        from impasto.media.film_read import FilmSource  # noqa: PLC0415

        path: Path | None = self.__dict__.get("_index_path")
        index = load_index(path) if path is not None and path.exists() else None
        return FilmSource(self.source, deinterlace=self.deinterlace, index=index, num_threads=self.num_threads)

    @property
    def info(self) -> FilmInfo:
        return self._film.info

    @property
    def coding(self) -> tuple[Color, int]:
        return self.info.color, self.info.bit_depth

    @property
    def num_damaged(self) -> int:
        return self._film.num_damaged

    @property
    def num_frames(self) -> int | None:
        return self.info.num_frames

    def identify(self) -> SourceIdentity:
        return identify(self.source)

    def describe(self) -> dict[str, Any]:
        return {"encoding": asdict(self.encoding), "deinterlace": self.deinterlace, "segments": self.segment_suffix}

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[PlanarFrame]:
        yield from self._film.frames(start, stop)  # nothing is opened before it is asked for

    def pick(self, indices: Sequence[int]) -> Iterator[PlanarFrame]:
        index = self._film.index
        pictures: Iterator[PlanarFrame] = iter(())
        position = None
        for wanted in indices:
            key = index.key_before(wanted) if index is not None else 0
            if position is None or wanted < position or key > position:
                pictures, position = self.frames(key if index is not None else 0, None), key
            for picture in pictures:
                position = picture.index + 1
                if picture.index == wanted:
                    yield picture
                    break

    def check(self) -> None:
        """Encode one picture on trial: that takes a moment, and finding out after an hour does not."""
        from impasto.media.film_write import FilmSink  # noqa: PLC0415  imports PyAV

        with TemporaryDirectory(prefix="impasto-") as folder:
            trial = Path(folder, f"trial{self.segment_suffix}")
            try:
                with FilmSink(trial, self.info, self.encoding) as sink:
                    for picture in self.frames(0, 1):
                        sink.write(picture)
            except OutputError as error:
                raise OutputError(str(error).replace(str(trial), str(self.output))) from error

    def check_target(self, overwrite: bool) -> None:
        check_output(self.output, self.source, overwrite)

    def output_exists(self) -> bool:
        return self.output.exists()

    def keep(self, folder: Path, times: Sequence[Fraction]) -> None:
        base = self.info.time_base
        save_array(folder / "times.npy", np.array([round(time / base) for time in times], np.int64))
        if self._film.index is not None:
            self._film.index.save(folder / "index.npz")
        self.use(folder)

    def use(self, folder: Path) -> None:
        self.__dict__["_index_path"] = folder / "index.npz"

    def reported(self, style: str, strength: float, gate_mode: str) -> ReportedFilm:
        info = self.info
        size = (info.width, info.height)
        rate, duration = float(info.rate), None if info.duration is None else float(info.duration)
        return ReportedFilm(self.source, self.output, style, strength, gate_mode, *size, info.codec, rate, duration)

    def open_sink(self, path: Path) -> PictureSink:
        from impasto.media.film_write import FilmSink  # noqa: PLC0415

        return FilmSink(path, self.info, self.encoding)

    def open_preview(self, path: Path) -> PictureSink:
        """Begin a film that is twice as wide, for two pictures side by side."""
        from impasto.media.film_write import FilmSink  # noqa: PLC0415

        width = self.info.width - self.info.width % self.info.subsampling[0]
        return FilmSink(path, replace(self.info, width=2 * width), self.encoding)

    def assemble(self, segments: Sequence[Path], folder: Path) -> list[str]:
        from impasto.media.film_mux import assemble  # noqa: PLC0415

        times = [int(tick) * self.info.time_base for tick in self._ticks(folder)]
        return assemble(self.output, self.source, segments, times, within=folder)

    def _ticks(self, folder: Path) -> NDArray[np.int64]:
        try:
            return np.asarray(np.load(folder / "times.npy", allow_pickle=False), np.int64)
        except (OSError, ValueError, EOFError) as error:
            path = folder / "times.npy"
            raise UnreadableMediaError(f"{path} is missing or damaged. Start anew with --overwrite.") from error
