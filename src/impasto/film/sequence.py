"""`SequenceMedium`: where a job's pictures come from and go to, if those are numbered files."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.errors import OutputError, UnreadableMediaError
from impasto.film.plan import PlannedShot, SourceIdentity
from impasto.film.shot_report import ReportedFilm
from impasto.film.survey import Survey, Thumbnails
from impasto.media.files import describe_os_error
from impasto.media.frame import Color, Frame

if TYPE_CHECKING:
    from impasto.media.planar import PlanarFrame
    from impasto.media.sequence import SequenceSink, SequenceSource


@dataclass
class SequenceMedium:
    """Pictures such as `shots/%06d.exr`, which are one shot, and those that come of them.

    A segment is a folder with the finished pictures of a unit, which at the end go to their place.
    """

    source: Path
    output: Path
    quality: int = 95

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self.source, "output": self.output, "quality": self.quality}

    segment_suffix = ".frames"
    takes_luts = False
    num_damaged = 0

    @property
    def coding(self) -> tuple[Color, int]:
        return Color(), 8

    @cached_property
    def _pictures(self) -> SequenceSource:
        from impasto.media.sequence import SequenceSource  # noqa: PLC0415  imports Pillow

        return SequenceSource(self.source)

    @property
    def num_frames(self) -> int | None:
        return len(self._pictures)

    def identify(self) -> SourceIdentity:
        """Tell by the names, sizes and times of all files."""
        digest, size, newest = hashlib.sha256(), 0, 0
        for index in range(len(self._pictures)):
            path = self._pictures.path_of(index)
            try:
                status = path.stat()
            except OSError as error:
                raise UnreadableMediaError(f"{path} cannot be read: {error.strerror}.") from error
            digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
            size, newest = size + status.st_size, max(newest, status.st_mtime_ns)
        return SourceIdentity(path=str(self.source), size=size, modified_ns=newest, digest=digest.hexdigest())

    def describe(self) -> dict[str, Any]:
        return {"quality": self.quality, "output": self.output.name}

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        return self._pictures.frames(start, stop)

    def pick(self, indices: Sequence[int]) -> Iterator[Frame]:
        for index in indices:
            yield from self.frames(index, index + 1)

    def survey(
        self,
        thumbnails: Thumbnails | None = None,  # noqa: ARG002  as of any medium
        on_frame: Callable[[int], None] | None = None,  # noqa: ARG002
        also: Callable[[PlanarFrame], object] | None = None,  # noqa: ARG002
    ) -> Survey:
        """Nothing is read: numbered pictures are one shot, as compositing has it."""
        rate, number = self._pictures.rate, len(self._pictures)
        shot = PlannedShot(index=0, start=0, stop=number, stop_seconds=float(number / rate))
        return Survey((shot,), tuple(index / rate for index in range(number)))

    def check(self) -> None:
        from impasto.media.image_write import check_picture_suffix  # noqa: PLC0415  imports Pillow

        if self.output.suffix.lower() != ".exr":
            check_picture_suffix(self.output)

    def check_target(self, overwrite: bool) -> None:
        from impasto.media.sequence import check_sequences  # noqa: PLC0415  imports Pillow

        check_sequences(self.output, self.source, overwrite=overwrite)

    def output_exists(self) -> bool:
        from impasto.media.sequence import SequencePattern  # noqa: PLC0415  imports Pillow

        pattern = SequencePattern(self.output)
        return any(pattern.name(self._pictures.first + index).exists() for index in range(len(self._pictures)))

    def keep(self, folder: Path, times: Sequence[Fraction]) -> None:
        """Nothing was learned that files do not say."""

    def use(self, folder: Path) -> None:
        """Nothing was kept."""

    def reported(self, style: str, strength: float, gate_mode: str) -> ReportedFilm:
        first = next(self.frames(0, 1))
        kind, rate = self.source.suffix.lstrip("."), self._pictures.rate
        size, duration = (first.width, first.height), float(len(self._pictures) / rate)
        return ReportedFilm(self.source, self.output, style, strength, gate_mode, *size, kind, float(rate), duration)

    def open_sink(self, path: Path) -> FolderSink:
        from impasto.media.sequence import SequenceSink  # noqa: PLC0415  imports Pillow

        pictures = SequenceSink(path / self.output.name, first=self._pictures.first, quality=self.quality)
        return FolderSink(path, pictures)

    def assemble(self, segments: Sequence[Path], folder: Path) -> list[str]:  # noqa: ARG002
        """Move pictures to their place; each of them appears whole."""
        from impasto.media.sequence import SequencePattern  # noqa: PLC0415  imports Pillow

        pattern, done = SequencePattern(self.output), 0
        try:
            for path in (path for segment in segments for path in sorted(segment.iterdir())):
                path.replace(self.output.parent / path.name)
                done += 1
        except OSError as error:
            raise OutputError(f"{self.output} cannot be written: {describe_os_error(error)}.") from error
        first, number = self._pictures.first, len(self._pictures)
        if done != number or not all(pattern.name(first + index).is_file() for index in range(number)):
            raise OutputError(f"{self.output} has {done} pictures, not {number}.")
        return []


class FolderSink:
    """Writes the pictures of a segment into a folder of its own."""

    def __init__(self, folder: Path, pictures: SequenceSink) -> None:
        self._folder = folder
        self._pictures = pictures

    def write(self, frame: Frame) -> None:
        self._pictures.write(frame)

    def close(self) -> None:
        """Each picture is complete already."""

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
