"""One picture as a source or a sink of a single frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from impasto.errors import OutputError
from impasto.media.frame import Frame
from impasto.media.image_read import read_image
from impasto.media.image_write import check_picture_suffix, write_image


class ImageSource:
    """The frame of a still; the file is read when iterated."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def __iter__(self) -> Iterator[Frame]:
        yield read_image(self.path)

    def __len__(self) -> int:
        return 1


class ImageSink:
    """Writes one frame as a still.

    Raises
    ------
    OutputError
        A suffix that names no known format, at once; a second frame; whatever `write_image` raises.
    """

    def __init__(self, path: Path | str, *, quality: int = 95) -> None:
        check_picture_suffix(path)
        self.path = Path(path)
        self._quality = quality
        self._written = False

    def write(self, frame: Frame) -> None:
        if self._written:
            raise OutputError(f"{self.path} is a still and holds one frame only.")
        write_image(frame, self.path, quality=self._quality)
        self._written = True

    def close(self) -> None:
        """Nothing is left to do: `write` completes the file."""
