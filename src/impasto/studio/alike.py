"""`AlikeSearch`: which of the uploaded photos are like one of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal

from impasto.errors import MissingExtraError, OutputError
from impasto.studio.refusals import RefusedError
from impasto.studio.sight import Sight, SightProcess
from impasto.studio.uploads import Upload, UploadStore

if TYPE_CHECKING:
    from pathlib import Path

    from impasto.gallery.records import Features, Vector

By = Literal["content", "style"]
_KINDS: Final[tuple[By, ...]] = ("content", "style")
_MOST: Final = 1000
"""Of the photos that were uploaded last, so many are compared."""
_NUM_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Alike:
    """What a search has found.

    Attributes
    ----------
    found
        Uploads with their likeness in (0, 1], the most alike first.
    num_waiting
        Photos that have not been looked at yet; once they have, there may be others.
    """

    found: tuple[tuple[Upload, float], ...]
    num_waiting: int


class AlikeSearch:
    """Looks at photos once somebody asks what is like one, one by one and behind all else, and keeps what it saw.

    What was seen of an upload lies in its folder, and is deleted with it.
    """

    def __init__(self, uploads: UploadStore, sight: Sight | None = None) -> None:
        self._uploads, self._sight = uploads, sight or SightProcess()
        self._waiting: dict[str, Future[Features]] = {}
        self._unseen: set[str] = set()
        self._problem: RefusedError | None = None
        self._asked_at = 0.0
        self._lock = Lock()

    def look(self, upload: Upload) -> list[Future[Features]]:
        """Have all photos looked at that nobody has looked at yet, this one first; return what is waited for.

        Raises
        ------
        RefusedError
            It is a film.
        """
        if upload.kind != "photo":
            raise RefusedError("invalid", f"{upload.name} is a film; only photos can be compared.")
        self._asked_at, self._problem = time.monotonic(), None
        photos = self._photos(upload)
        with self._lock:
            for each in photos.values():
                if not (each.id in self._waiting or each.id in self._unseen or self._is_kept(each)):
                    self._waiting[each.id] = self._sight.look_at(self._uploads.path_of(each))
            futures = {each: self._waiting[each] for each in photos if each in self._waiting}
        for upload_id, future in futures.items():
            future.add_done_callback(partial(self._keep, photos[upload_id]))
        return list(futures.values())

    def find(self, upload: Upload, by: By, limit: int) -> Alike:
        """Find the photos most like one among those that have been looked at.

        Raises
        ------
        RefusedError
            Photos cannot be looked at, or not this one.
        """
        photos = self._photos(upload)
        with self._lock:
            ready = {each: future for each, future in self._waiting.items() if future.done() and each in photos}
        for each, future in ready.items():  # whoever is faster
            self._keep(photos[each], future)
        if self._problem is not None:
            raise self._problem
        num_waiting = len(self._waiting.keys() & photos.keys())
        vectors = {each.id: vector for each in photos.values() if (vector := self._kept(each, by)) is not None}
        if upload.id in vectors:
            nearest = _nearest(vectors, upload.id, by)[:limit]
            return Alike(tuple((photos[each], round(likeness, _NUM_DIGITS)) for each, likeness in nearest), num_waiting)
        if upload.id in self._unseen:
            raise RefusedError("unreadable", f"{upload.name} cannot be compared.")
        return Alike((), num_waiting)

    def rest(self, idle_seconds: float = 0.0) -> None:
        """Let go of what looking needs, where nobody has asked for so long."""
        with self._lock:
            is_idle = not self._waiting and time.monotonic() - self._asked_at >= idle_seconds
        if is_idle:
            self._sight.rest()

    def close(self) -> None:
        """End what waits."""
        self._sight.rest()

    def _photos(self, upload: Upload) -> dict[str, Upload]:
        return {each.id: each for each in [upload, *self._uploads.newest(_MOST)] if each.kind == "photo"}

    def _keep(self, upload: Upload, future: Future[Features]) -> None:
        """Write down what was seen, once."""
        with self._lock:
            if self._waiting.get(upload.id) is not future:
                return
            error = None if future.cancelled() else future.exception()
            if isinstance(error, MissingExtraError):
                self._problem = RefusedError.of(error)
            elif isinstance(error, BrokenProcessPool):
                self._problem = RefusedError("not_ready", "Looking at photos was cut short. Try again.", retry_after=1)
            elif error is not None:
                self._unseen.add(upload.id)
            elif not future.cancelled():
                self._write(upload, future.result())
            del self._waiting[upload.id]

    def _write(self, upload: Upload, features: Features) -> None:
        import numpy as np  # noqa: PLC0415

        from impasto.gallery.records import Likeness  # noqa: PLC0415
        from impasto.media.files import write_beside  # noqa: PLC0415

        for by in _KINDS:
            with (
                suppress(OutputError),
                write_beside(self._path(upload, by)) as beside,
                beside.open("wb") as file,
            ):
                np.save(file, features.vector(Likeness(by)))
        # It may have been deleted while it was looked at.
        self._uploads.clear_away(upload)

    def _is_kept(self, upload: Upload) -> bool:
        return all(self._path(upload, by).exists() for by in _KINDS)

    def _kept(self, upload: Upload, by: By) -> Vector | None:
        import numpy as np  # noqa: PLC0415

        path = self._path(upload, by)
        try:
            return np.asarray(np.load(path, allow_pickle=False), np.float32)
        except OSError:
            return None
        except (ValueError, EOFError):  # damaged: it is looked at again when somebody asks again
            path.unlink(missing_ok=True)
            return None

    def _path(self, upload: Upload, by: By) -> Path:
        from impasto.gallery.features import FeatureExtractor  # noqa: PLC0415

        return self._uploads.folder_of(upload) / f"{by}-{FeatureExtractor().version.replace('/', '-')}.npy"


def _nearest(vectors: Mapping[str, Any], upload_id: str, by: By) -> list[tuple[str, float]]:
    """Return all others and their likeness, the most alike first."""
    import numpy as np  # noqa: PLC0415

    from impasto.gallery.feature_space import fit_space  # noqa: PLC0415
    from impasto.gallery.features import feature_weights  # noqa: PLC0415
    from impasto.gallery.index import ExactIndex  # noqa: PLC0415
    from impasto.gallery.records import Likeness  # noqa: PLC0415

    names, stacked = list(vectors), np.stack(list(vectors.values()))
    space = fit_space(stacked, feature_weights(Likeness(by), stacked.shape[1]))
    found = ExactIndex(np.arange(len(names)), stacked, space).nearest(vectors[upload_id], len(names))
    return [(names[at], likeness) for at, likeness in found if names[at] != upload_id]
