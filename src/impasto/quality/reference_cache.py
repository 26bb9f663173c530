"""Statistics of references, kept from one evaluation to the next.

An entry is named by a hash of all that went into it: the files' own hashes, the encoder and its weights, the size at
which pictures are looked at, and the version. So it is never stale, and a file that is renamed stays known.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import OutputError
from impasto.media.files import write_beside
from impasto.media.perceptual_hash import content_hash
from impasto.style.library import HOME_VARIABLE
from impasto.version import __version__

_FORMAT = 1
_MOST_ENTRIES = 32
_SEPARATOR = "/"

Arrays = dict[str, NDArray[Any]]


def default_cache_dir() -> Path:
    """Return where this user's entries are; `$IMPASTO_HOME` moves them too."""
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home) / "cache" / "references"
    from platformdirs import user_cache_path  # noqa: PLC0415

    return user_cache_path("impasto", appauthor=False) / "references"


def cache_key(paths: Sequence[Path], encoder: str, side: int) -> str:
    """Hash the references by their content, the encoder by its name and weights file, and the side."""
    kind, _, weights = encoder.partition(":")
    parts = [str(_FORMAT), __version__, kind, content_hash(weights) if weights else "", str(side)]
    parts += sorted(content_hash(path) for path in paths)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class ReferenceCache:
    """Keeps the states of metrics that have seen references only."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_cache_dir()

    def load(self, key: str, metrics: Mapping[str, object]) -> bool:
        """Fill empty metrics with the states kept under a key, and tell whether there were any.

        An entry that is damaged, or of other metrics, counts as none.
        """
        try:
            with np.load(self._path(key), allow_pickle=False) as stored:
                arrays = dict(stored)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return False
        wanted = {name for metric_name, metric in metrics.items() for name in pack(metric, metric_name)}
        if wanted != set(arrays):
            return False
        for metric_name, metric in metrics.items():
            _unpack(metric, metric_name, arrays)
        return True

    def save(self, key: str, metrics: Mapping[str, object]) -> None:
        """Keep states under a key, and drop the oldest entries beyond 32.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        arrays = {name: array for each, metric in metrics.items() for name, array in pack(metric, each).items()}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be made: {error.strerror or error}.") from error
        with write_beside(self._path(key)) as temporary:
            np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]
        # Another process may be dropping the same ones.
        with suppress(OSError):
            entries = sorted(self.folder.glob("[0-9a-f]*.npz"), key=lambda path: path.stat().st_mtime)
            for path in entries[:-_MOST_ENTRIES]:
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"


def pack(state: object, name: str) -> Arrays:
    """Return everything that a state holds, as arrays: numbers, arrays, lists of them, and states within it."""
    arrays: Arrays = {}
    for key, value in vars(state).items():
        inner = f"{name}{_SEPARATOR}{key}"
        if hasattr(value, "__dict__"):
            arrays |= pack(value, inner)
        elif isinstance(value, list):
            arrays[inner] = np.concatenate(value) if value else np.zeros(0, np.float32)
        else:
            arrays[inner] = np.asarray(value)
    return arrays


def _unpack(state: object, name: str, arrays: Arrays) -> None:
    for key, value in vars(state).items():
        inner = f"{name}{_SEPARATOR}{key}"
        if hasattr(value, "__dict__"):
            _unpack(value, inner, arrays)
        elif isinstance(value, list):
            setattr(state, key, [arrays[inner]] if arrays[inner].size else [])
        elif isinstance(value, int | float):
            setattr(state, key, arrays[inner].item())
        else:
            setattr(state, key, arrays[inner])
