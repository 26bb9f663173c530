"""The ratings of one user, in one small SQLite file of their own, so that deleting it forgets them all."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from impasto.errors import OutputError, UsageError
from impasto.gallery.connection import DamagedDatabaseError, translated_errors
from impasto.gallery.suitability import Effect
from impasto.gallery.taste import Rated

_SCHEMA_VERSION = 1
_PATIENCE_SECONDS = 10
_TABLE = """
CREATE TABLE IF NOT EXISTS ratings (
    photo_sha256 TEXT NOT NULL,
    style TEXT NOT NULL,
    strength REAL NOT NULL,
    stars REAL NOT NULL,
    photo_path TEXT NOT NULL,
    rated_at TEXT NOT NULL,
    effect TEXT NOT NULL,
    PRIMARY KEY (photo_sha256, style, strength)
) WITHOUT ROWID
"""
_COMPANIONS = ("", "-journal", "-wal", "-shm")

Warn = Callable[[str], None]


class RatingStore:
    """The ratings in one file, which is made by the first rating. Several processes may use it at once.

    A rating keeps the measured effect, not the picture, so that it counts on when photo or style are gone.

    Parameters
    ----------
    path
        Where the file is or will be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, warn: Warn) -> list[Rated]:
        """Return all ratings, in a fixed order; none where there is no file.

        Parameters
        ----------
        warn
            Is told, in one line, where a damaged file was set aside.

        Raises
        ------
        OutputError
            The file cannot be opened, or is in use for too long.
        UsageError
            It is from a newer Impasto.
        """
        if not self.path.exists():
            return []
        try:
            with self._open("ro") as connection:
                return _read(connection, self.path)
        except DamagedDatabaseError as damage:
            self._set_aside(damage, warn)
            return []

    def add(self, photo_path: Path, rated: Rated, warn: Warn) -> bool:
        """Keep a rating; it replaces an older one of the same photo, style and strength.

        Returns
        -------
        bool
            Whether one was replaced.

        Raises
        ------
        OutputError, UsageError
            As `load`; also where the file cannot be written.
        """
        self.load(warn)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path.parent} cannot be made: {error.strerror or error}.") from error
        key = (_sha256(photo_path), rated.style, round(rated.effect.strength, 3))
        values = (rated.stars, str(photo_path.absolute()), datetime.now(UTC).isoformat(timespec="seconds"))
        with self._open("rwc") as connection, connection:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            where = "photo_sha256 = ? AND style = ? AND strength = ?"
            replaced = connection.execute(f"DELETE FROM ratings WHERE {where}", key).rowcount > 0
            connection.execute(
                "INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?)", (*key, *values, json.dumps(rated.effect.to_json()))
            )
        return replaced

    def forget(self) -> bool:
        """Delete all ratings, damaged or not; tell whether there were any.

        Raises
        ------
        OutputError
            The file cannot be deleted.
        """
        existed = self.path.exists()
        try:
            for companion in self._files():
                companion.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path} cannot be deleted: {error.strerror or error}.") from error
        return existed

    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + suffix) for suffix in _COMPANIONS]

    @contextmanager
    def _open(self, mode: str) -> Iterator[sqlite3.Connection]:
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        with translated_errors(self.path, writable=mode != "ro"):
            connection = sqlite3.connect(uri, timeout=_PATIENCE_SECONDS, uri=True)
            with closing(connection):
                yield connection

    def _set_aside(self, damage: DamagedDatabaseError, warn: Warn) -> None:
        aside = next(path for number in range(1, 10_000) if not (path := self._aside(number)).exists())
        try:
            self.path.replace(aside)
            for companion in self._files()[1:]:
                companion.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"{damage} It cannot be moved away: {error.strerror or error}. 'impasto rate --forget' deletes it."
            ) from error
        warn(f"{damage} It is kept as {aside.name}, and your taste starts anew.")

    def _aside(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}.damaged-{number}{self.path.suffix}")


def _read(connection: sqlite3.Connection, path: Path) -> list[Rated]:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version > _SCHEMA_VERSION:
        raise UsageError("your ratings are from a newer Impasto: pip install --upgrade impasto.")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(ratings)")]
    if not tables and version == 0:
        return []  # Another process is just making it, or was stopped before its first rating.
    if version != _SCHEMA_VERSION or not {"style", "stars", "effect"} <= set(columns):
        raise DamagedDatabaseError(f"{path} holds something other than ratings.")
    try:
        return [_rated(*row) for row in connection.execute("SELECT style, stars, effect FROM ratings")]
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedDatabaseError(f"{path} holds a rating that cannot be read.") from error


def _rated(style: Any, stars: Any, effect: Any) -> Rated:
    return Rated(str(style), float(stars), Effect.from_json(json.loads(effect)))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
