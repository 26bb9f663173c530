"""Numbered pictures as one source or one sink: `shots/%06d.exr`, `out/%06d.png`, 16-bit TIFF.

OpenEXR holds linear light without an end at white. Styles know pictures as displays show them, and so are given that
view: see `impasto.media.scene_light`, which keeps what is brighter than white, and `impasto.media.exr`, which keeps the
other channels. Anything else is read and written as a still is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from impasto.errors import OutputError, UnreadableMediaError, UsageError
from impasto.media.exr import read_exr, write_exr
from impasto.media.frame import Frame
from impasto.media.image_read import read_image
from impasto.media.image_write import check_picture_suffix, write_image

_NUMBER = re.compile(r"%(0\d+)?d")
_NUM_NAMED = 5
_DEEP_SUFFIXES = {".png", ".tif", ".tiff"}
_EXR = ".exr"


@dataclass(frozen=True, slots=True)
class SequencePattern:
    """Names of pictures that differ by a number: "shots/%06d.exr", or "%d" for numbers without leading zeros.

    Raises
    ------
    UsageError
        There is no such place in the name, or more than one, or it is in a folder's name.
    """

    path: Path

    def __post_init__(self) -> None:
        if len(_NUMBER.findall(self.path.name)) != 1 or self.path.name.count("%") != 1:
            raise UsageError(f"{self.path} does not name a sequence. Write its number as %06d: {_example(self.path)}.")
        if _NUMBER.search(str(self.path.parent)):
            raise UsageError(f"{self.path} has a number in the name of a folder. Put it into the name of the file.")

    def name(self, number: int) -> Path:
        """Return the path of a picture by its number."""
        return self.path.with_name(self.path.name % number)

    def numbers(self) -> list[int]:
        """Return the numbers of the pictures that there are, rising."""
        before, _, after = _NUMBER.sub("%", self.path.name).partition("%")
        expression = re.compile(re.escape(before) + r"(\d+)" + re.escape(after), re.ASCII)
        if not self.path.parent.is_dir():
            return []
        found = (expression.fullmatch(entry.name) for entry in self.path.parent.iterdir())
        numbers = [(int(match[1]), match[0]) for match in found if match]
        return sorted(number for number, name in numbers if name == self.path.name % number)


def _example(path: Path) -> str:
    return str(path.with_name(f"%06d{path.suffix or '.exr'}"))


class SequenceSource:
    """Iterated for all pictures of a sequence, in the order of their numbers; each file is read when its turn comes.

    Parameters
    ----------
    pattern
        As `SequencePattern` takes it. Numbers may begin anywhere.
    rate
        Pictures a second, which no file says.

    Attributes
    ----------
    first
        The number of the picture with index 0.

    Raises
    ------
    UnreadableMediaError
        There are no pictures, or some between the first and the last are missing; they are named. While iterated: what
        `read_image` and `read_exr` raise, or a picture is of another size than the first.
    UsageError
        No pattern, or no rate.
    """

    def __init__(self, pattern: Path | str, *, rate: Fraction | int = 24) -> None:
        self.pattern = SequencePattern(Path(pattern))
        self.rate = Fraction(rate)
        if self.rate <= 0:
            raise UsageError(f"A rate of {rate} pictures a second is not possible.")
        numbers = self.pattern.numbers()
        if not numbers:
            raise UnreadableMediaError(f"{self.pattern.path} matches no picture. Is the folder right, and the zeros?")
        self.first = numbers[0]
        self._num_frames = numbers[-1] - numbers[0] + 1
        if len(numbers) != self._num_frames:
            raise UnreadableMediaError(self._describe_gaps(numbers))
        self._size: tuple[int, int] | None = None

    def __len__(self) -> int:
        return self._num_frames

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def path_of(self, index: int) -> Path:
        """Return the file of a picture."""
        return self.pattern.name(self.first + index)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Yield the pictures with indices from `start` up to, not including, `stop`."""
        for index in range(start, self._num_frames if stop is None else min(stop, self._num_frames)):
            path = self.path_of(index)
            frame = read_exr(path) if path.suffix.lower() == _EXR else read_image(path)
            self._check_size(frame, path)
            yield replace(frame, index=index, pts=index / self.rate)

    def _check_size(self, frame: Frame, path: Path) -> None:
        size = frame.width, frame.height
        self._size = self._size or size
        if size != self._size:
            width, height = self._size
            raise UnreadableMediaError(f"{path} is {size[0]}×{size[1]}, and pictures before it are {width}×{height}.")

    def _describe_gaps(self, numbers: list[int]) -> str:
        there = set(numbers)
        missing = [number for number in range(numbers[0], numbers[-1]) if number not in there]
        names = ", ".join(self.pattern.name(number).name for number in missing[:_NUM_NAMED])
        more = f" and {len(missing) - _NUM_NAMED} more" if len(missing) > _NUM_NAMED else ""
        return (
            f"{self.pattern.path} lacks {len(missing)} of {self._num_frames} pictures: {names}{more}.\n"
            "Render them, or move what comes before or after to another folder."
        )


class SequenceSink:
    """Writes each frame as a picture of its own, in any order: the frame with index n is number `first` + n.

    Each file appears whole or not at all, so that those that are there need not be rendered again (`missing`). Floats
    become half floats in OpenEXR, 16 bits in PNG and TIFF, and 8 bits in all else.

    Raises
    ------
    OutputError
        A suffix that names no known format, at once, or a folder that cannot be made; when frames are written, what
        `write_image` and `write_exr` raise.
    UsageError
        No pattern.
    """

    def __init__(self, pattern: Path | str, *, first: int = 0, quality: int = 95) -> None:
        self.pattern = SequencePattern(Path(pattern))
        self.first = first
        self._quality = quality
        self._is_exr = self.pattern.path.suffix.lower() == _EXR
        if not self._is_exr:
            check_picture_suffix(self.pattern.path)
        try:
            self.pattern.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.pattern.path.parent} cannot be made: {error.strerror}.") from error

    def path_of(self, index: int) -> Path:
        """Return the file that a frame is written to."""
        return self.pattern.name(self.first + index)

    def missing(self, num_frames: int) -> list[int]:
        """Return the indices of frames, of so many, that have not been written."""
        there = set(self.pattern.numbers())
        return [index for index in range(num_frames) if self.first + index not in there]

    def write(self, frame: Frame) -> None:
        path = self.path_of(frame.index)
        if self._is_exr:
            write_exr(frame, path)
        else:
            write_image(_with_integers(frame, path), path, quality=self._quality)

    def close(self) -> None:
        """Nothing is left to do: `write` completes each file."""


def check_sequences(output: Path | str, source: Path | str, *, overwrite: bool = False) -> None:
    """Refuse to write a sequence over the pictures that it is made of.

    Raises
    ------
    OutputError
        Says what to do.
    """
    written, read = SequencePattern(Path(output)), SequencePattern(Path(source))
    inputs = {read.name(number).resolve() for number in read.numbers()}
    if not overwrite and any(written.name(number).resolve() in inputs for number in written.numbers()):
        raise OutputError(f"{output} is the input itself. Give another name, or allow it with --overwrite.")


def _with_integers(frame: Frame, path: Path) -> Frame:
    """Round floats to 16 bits where a format has them; `write_image` would take 8."""
    if frame.pixels.dtype != np.float32 or path.suffix.lower() not in _DEEP_SUFFIXES:
        return frame
    pixels, alpha = (
        None if values is None else np.rint(np.clip(values, 0, 1) * 65535).astype(np.uint16)
        for values in (frame.pixels, frame.alpha)
    )
    assert pixels is not None
    return replace(frame, pixels=pixels, alpha=alpha)
