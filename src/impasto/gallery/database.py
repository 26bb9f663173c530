"""The library's truth: one SQLite file that several processes may read and write at once.

A picture is known by the hash of its bytes, so that copies share features. Every write is one transaction; each that
changes which features there are raises the generation, by which an index knows that it is out of date.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.gallery.connection import DamagedDatabaseError, open_readable, open_writable, translated_errors
from impasto.gallery.records import Features, FileRecord, Likeness, PictureRecord, Rating, Vector

SCHEMA_VERSION = 1
_CHUNK = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folders (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pictures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    version TEXT NOT NULL,
    content BLOB NOT NULL,
    style BLOB NOT NULL,
    palette BLOB NOT NULL,
    faces TEXT
);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY,
    picture_id INTEGER NOT NULL REFERENCES pictures (id) ON DELETE CASCADE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    added_at TEXT NOT NULL,
    missing INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS files_of_picture ON files (picture_id);
CREATE TABLE IF NOT EXISTS ratings (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,
    style TEXT NOT NULL,
    stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    rated_at TEXT NOT NULL
);
INSERT OR IGNORE INTO meta VALUES ('generation', 0);
INSERT OR IGNORE INTO meta VALUES ('identity', random());
"""


class Database:
    """An open library file.

    Parameters
    ----------
    writable
        Make the file where it is missing. Without it, the file is opened so that even a read-only disk will do.

    Raises
    ------
    OutputError
        It is to be written and cannot be.
    DamagedDatabaseError
        The file is no database, or broken; any method may find that out.
    UsageError
        A newer version made it, or there is none to read.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self.path = path
        self.writable = writable
        with translated_errors(self.path, self.writable):
            self._connection = open_writable(path) if writable else open_readable(path)
        try:
            with translated_errors(self.path, self.writable):
                self._check_version()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def write(self) -> Iterator[None]:
        """Make everything in the block one transaction: all of it is kept, or, if it fails, nothing."""
        with translated_errors(self.path, self.writable):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself goes back where the disk is full
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @property
    def identity(self) -> int:
        """Return a number that no other database has: ids mean nothing to another."""
        return int(self._rows("SELECT value FROM meta WHERE key = 'identity'")[0][0])

    @property
    def generation(self) -> int:
        """Return a number that is another one whenever features came or went."""
        return int(self._rows("SELECT value FROM meta WHERE key = 'generation'")[0][0])

    def check(self) -> None:
        """Read the whole file, and raise where it is damaged."""
        if (found := self._rows("PRAGMA quick_check(1)")[0][0]) != "ok":
            raise DamagedDatabaseError(f"{self.path} is damaged ({found}).")

    def add_picture(self, picture: PictureRecord, version: str) -> None:
        """Add a picture, or replace what an older version saw in it; in a `write`."""
        features = picture.features
        blobs = [_blob(values) for values in (features.content, features.style, features.palette)]
        faces = None if picture.faces is None else json.dumps(picture.faces)
        # A new id where features change: an index knows them by it.
        found = self._rows("SELECT id, version FROM pictures WHERE sha256 = ?", picture.sha256)
        if found and found[0][1] == version:
            return
        values = (picture.sha256, picture.width, picture.height, version, *blobs, faces)
        names = "sha256, width, height, version, content, style, palette, faces"
        kept = []
        if found:
            columns = "path, size, mtime_ns, added_at, missing"
            kept = self._rows(f"SELECT {columns} FROM files WHERE picture_id = ?", found[0][0])
            self._run("DELETE FROM pictures WHERE id = ?", found[0][0])
        added = self._run(f"INSERT INTO pictures ({names}) VALUES ({_marks(values)})", *values).lastrowid
        for file in kept:
            self._run("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", file[0], added, *file[1:])
        self._next_generation()

    def add_file(self, file: FileRecord) -> None:
        """Add a file of a picture that is there, or say that it now holds another; in a `write`."""
        before = self._rows("SELECT picture_id FROM files WHERE path = ?", str(file.path))
        self._run(
            "INSERT INTO files SELECT ?, id, ?, ?, ?, 0 FROM pictures WHERE sha256 = ? ON CONFLICT (path) DO UPDATE SET"
            " picture_id = excluded.picture_id, size = excluded.size, mtime_ns = excluded.mtime_ns, missing = 0",
            *(str(file.path), file.size, file.mtime_ns, _now(), file.sha256),
        )
        self._drop_unused([row[0] for row in before])

    def files_under(self, path: Path) -> list[FileRecord]:
        """List the file `path` itself, or the files in that folder."""
        first, last = _span(path)
        rows = self._rows(
            "SELECT path, sha256, size, mtime_ns, missing FROM files JOIN pictures ON pictures.id = picture_id"
            " WHERE path = ? OR (path >= ? AND path < ?) ORDER BY path",
            *(str(path), first, last),
        )
        return [_file_record(*row) for row in rows]

    def files_of(self, picture_ids: Sequence[int]) -> dict[int, list[FileRecord]]:
        """Return the files of each picture, by its id."""
        files: dict[int, list[FileRecord]] = {picture_id: [] for picture_id in picture_ids}
        for part in _chunks(picture_ids):
            rows = self._rows(
                "SELECT pictures.id, path, sha256, size, mtime_ns, missing FROM files JOIN pictures"
                f" ON pictures.id = picture_id WHERE pictures.id IN ({_marks(part)}) ORDER BY path",
                *part,
            )
            for picture_id, *row in rows:
                files[picture_id].append(_file_record(*row))
        return files

    def mark_missing(self, paths: Iterable[Path], missing: bool = True) -> None:
        """Keep in mind that files are gone, or back; in a `write`."""
        for path in paths:
            self._run("UPDATE files SET missing = ? WHERE path = ?", missing, str(path))

    def remove_under(self, path: Path) -> int:
        """Forget the file `path`, or the files in that folder, and return how many; in a `write`."""
        first, last = _span(path)
        place = "path = ? OR (path >= ? AND path < ?)"
        pictures = self._rows(f"SELECT DISTINCT picture_id FROM files WHERE {place}", str(path), first, last)
        num_removed = self._run(f"DELETE FROM files WHERE {place}", str(path), first, last).rowcount
        self._run(f"DELETE FROM folders WHERE {place}", str(path), first, last)
        self._drop_unused([row[0] for row in pictures])
        return num_removed

    def hashes(self, version: str) -> set[str]:
        """Return the hashes of all pictures with features of this version."""
        return {row[0] for row in self._rows("SELECT sha256 FROM pictures WHERE version = ?", version)}

    def picture(self, sha256: str, version: str) -> PictureRecord | None:
        """Return a picture by the hash of its bytes, if it has features of this version."""
        rows = self._rows(
            "SELECT width, height, content, style, palette, faces FROM pictures WHERE sha256 = ? AND version = ?",
            *(sha256, version),
        )
        if not rows:
            return None
        width, height, content, style, palette, faces = rows[0]
        features = Features(_vector(content), _vector(style), _vector(palette).reshape(-1, 3))
        boxes = None if faces is None else tuple(tuple(face) for face in json.loads(faces))
        return PictureRecord(sha256, width, height, features, boxes)

    def ids(self, version: str) -> NDArray[np.int64]:
        """Return the ids of all pictures with features of this version, ascending. An id never changes its features."""
        rows = self._rows("SELECT id FROM pictures WHERE version = ? ORDER BY id", version)
        return np.array(rows, np.int64).reshape(-1)

    def vectors(self, kind: Likeness, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the features of a kind, a row for each id."""
        found: dict[int, bytes] = {}
        for part in _chunks(ids):
            found.update(self._rows(f"SELECT id, {kind.value} FROM pictures WHERE id IN ({_marks(part)})", *part))
        return np.stack([_vector(found[picture_id]) for picture_id in ids])

    def add_folders(self, paths: Iterable[Path]) -> None:
        """Keep in mind what the user asked to add; in a `write`."""
        for path in paths:
            self._run("INSERT OR IGNORE INTO folders VALUES (?)", str(path))

    def folders(self) -> list[Path]:
        """Return the folders and files that the user asked to add."""
        return [Path(row[0]) for row in self._rows("SELECT path FROM folders ORDER BY path")]

    def add_rating(self, rating: Rating) -> None:
        """Keep a rating; in a `write`."""
        values = (rating.sha256, rating.style, rating.stars, rating.rated_at or _now())
        self._run("INSERT INTO ratings (sha256, style, stars, rated_at) VALUES (?, ?, ?, ?)", *values)

    def ratings(self) -> list[Rating]:
        """Return all ratings, oldest first. They outlive their pictures."""
        return [Rating(*row) for row in self._rows("SELECT sha256, style, stars, rated_at FROM ratings ORDER BY id")]

    def remove_ratings(self) -> int:
        """Forget every rating, and return how many there were; in a `write`."""
        return self._run("DELETE FROM ratings").rowcount

    def counts(self, version: str) -> dict[str, int]:
        """Count `pictures`, `outdated` ones among them, `files`, `missing` ones among those, and `ratings`."""
        [row] = self._rows(
            "SELECT (SELECT count(*) FROM pictures), (SELECT count(*) FROM pictures WHERE version != ?),"
            " (SELECT count(*) FROM files), (SELECT count(*) FROM files WHERE missing), (SELECT count(*) FROM ratings)",
            version,
        )
        return dict(zip(("pictures", "outdated", "files", "missing", "ratings"), row, strict=True))

    def _rows(self, query: str, *values: object) -> list[Any]:
        with translated_errors(self.path, self.writable):
            return self._connection.execute(query, values).fetchall()

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        with translated_errors(self.path, self.writable):
            return self._connection.execute(statement, values)

    def _drop_unused(self, picture_ids: Iterable[int]) -> None:
        unused = "DELETE FROM pictures WHERE id = ? AND NOT EXISTS (SELECT 1 FROM files WHERE picture_id = pictures.id)"
        if sum(self._run(unused, picture_id).rowcount for picture_id in picture_ids):
            self._next_generation()

    def _next_generation(self) -> None:
        self._run("UPDATE meta SET value = value + 1 WHERE key = 'generation'")

    def _check_version(self) -> None:
        found = int(self._rows("PRAGMA user_version")[0][0])
        if found > SCHEMA_VERSION:
            raise UsageError(f"{self.path} was made by a newer Impasto. Update: pip install --upgrade impasto")
        if found < SCHEMA_VERSION:
            if not self.writable:
                raise UsageError(f"{self.path} is not a library of pictures.")
            self._set_up()

    def _set_up(self) -> None:
        tables = {row[0] for row in self._rows("SELECT name FROM sqlite_master")}
        if tables and "meta" not in tables:
            raise UsageError(f"{self.path} is another program's database. Give another place with --library.")
        with self.write():
            for statement in filter(str.strip, _TABLES.split(";")):
                self._run(statement)
            self._run(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _span(folder: Path) -> tuple[str, str]:
    """Return the first text that a path in a folder can be, and the first after it that none can be."""
    prefix = str(folder).rstrip(os.sep)
    return prefix + os.sep, prefix + chr(ord(os.sep) + 1)


def _file_record(path: str, sha256: str, size: int, mtime_ns: int, missing: int) -> FileRecord:
    return FileRecord(Path(path), sha256, size, mtime_ns, bool(missing))


def _blob(values: Vector) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()


def _vector(blob: bytes) -> Vector:
    return np.frombuffer(blob, "<f4").astype(np.float32)


def _chunks(items: Sequence[Any]) -> Iterator[list[Any]]:
    """Split what goes into one query, whose number of values is limited."""
    for start in range(0, len(items), _CHUNK):
        yield [item.item() if isinstance(item, np.generic) else item for item in items[start : start + _CHUNK]]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
