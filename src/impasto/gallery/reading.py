"""Many pictures in a row: the next ones are read from disk while an encoder looks at these."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.gallery.features import READ_SIDE, FeatureExtractor
from impasto.gallery.records import FileRecord, PictureRecord
from impasto.media.image_read import picture_size, read_thumbnail_srgb
from impasto.media.perceptual_hash import content_hash
from impasto.vision.faces import detect_faces, faces_available

BATCH_SIZE = 16
_NUM_THREADS = 2
_NUM_AHEAD = 2 * BATCH_SIZE


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that cannot be used, and why; the message names it."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of some pictures. Each file has its picture in `pictures`, or that was known before."""

    files: tuple[FileRecord, ...]
    pictures: tuple[PictureRecord, ...]
    failures: tuple[Failure, ...]

    def __len__(self) -> int:
        return len(self.files) + len(self.failures)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A file that was read; without `thumbnail` where its picture is known."""

    file: FileRecord
    thumbnail: NDArray[np.uint8] | None = None
    size: tuple[int, int] = (0, 0)
    faces: tuple[tuple[float, float, float, float], ...] | None = None


def read_batches(
    paths: Sequence[Path], extractor: FeatureExtractor, known: Container[str] = frozenset()
) -> Iterator[Batch]:
    """Read pictures and extract their features, some at a time and in order.

    Parameters
    ----------
    known
        Hashes of pictures whose features are not needed. It is asked by other threads, and may grow meanwhile.
    """
    look_for_faces = faces_available()
    done: set[str] = set()
    read = _read_ahead(lambda path: _read(path, known, look_for_faces), paths)
    while part := list(islice(read, BATCH_SIZE)):
        seen = [one for one in part if isinstance(one, _Seen)]
        fresh = {one.file.sha256: one for one in seen if one.thumbnail is not None and one.file.sha256 not in done}
        features = extractor([one.thumbnail for one in fresh.values() if one.thumbnail is not None])
        pictures = tuple(
            PictureRecord(sha256, *one.size, found, one.faces)
            for (sha256, one), found in zip(fresh.items(), features, strict=True)
        )
        done.update(fresh)
        failures = tuple(one for one in part if isinstance(one, Failure))
        yield Batch(tuple(one.file for one in seen), pictures, failures)


def _read_ahead(read: Callable[[Path], _Seen | Failure], paths: Sequence[Path]) -> Iterator[_Seen | Failure]:
    """Keep a bounded number of pictures in memory, whatever their number."""
    waiting: deque[Future[_Seen | Failure]] = deque()
    with ThreadPoolExecutor(_NUM_THREADS) as pool:
        try:
            for path in paths:
                waiting.append(pool.submit(read, path))
                if len(waiting) > _NUM_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _read(path: Path, known: Container[str], look_for_faces: bool) -> _Seen | Failure:
    try:
        status = path.stat()
        file = FileRecord(path, content_hash(path), status.st_size, status.st_mtime_ns)
        if file.sha256 in known:
            return _Seen(file)
        thumbnail = read_thumbnail_srgb(path, READ_SIDE, fit_short_side=True)
        faces = _faces(thumbnail) if look_for_faces else None
        return _Seen(file, thumbnail, picture_size(path), faces)
    except (UnreadableMediaError, MissingExtraError) as error:
        return Failure(path, str(error))
    except OSError as error:
        return Failure(path, f"{path} cannot be read: {error.strerror or error}.")


def _faces(thumbnail: NDArray[np.uint8]) -> tuple[tuple[float, float, float, float], ...]:
    height, width = thumbnail.shape[:2]
    found = detect_faces(thumbnail)
    return tuple((face.x / width, face.y / height, face.width / width, face.height / height) for face in found)
