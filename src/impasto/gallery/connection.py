"""SQLite files: opened so that processes can share them, and what goes wrong with them in words of our own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from impasto.errors import ImpastoError, OutputError, UsageError

BUSY_SECONDS = 60.0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR}


class DamagedDatabaseError(ImpastoError, ValueError):
    """The database file cannot be read as one; it can be made anew from the pictures."""


@contextmanager
def translated_errors(path: Path, writable: bool) -> Iterator[None]:
    """Turn what SQLite finds in the block into errors for the user."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte is the kind; the rest is detail.
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if kind in _DAMAGED:
            raise DamagedDatabaseError(f"{path} is damaged ({error}).") from error
        if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OutputError(f"{path} is in use by another program. Try again when that is done.") from error
        if kind == sqlite3.SQLITE_FULL:
            raise OutputError(f"{path} cannot be written: the disk is full.") from error
        if kind in _UNWRITABLE:
            raise OutputError(f"{path} cannot be {'written' if writable else 'read'}: {error}.") from error
        raise


def open_writable(path: Path) -> sqlite3.Connection:
    """Open a file to write to, in WAL mode, or raise `sqlite3.DatabaseError` where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {path.parent} cannot be made: {error.strerror or error}.") from error
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Fails at once on a disk that may only be read, instead of after the first batch.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def open_readable(path: Path) -> sqlite3.Connection:
    """Open a file that exists, and change nothing of it, even where nothing can be written."""
    if not path.is_file():
        raise UsageError(f"There is no library at {path.parent}. Make one: impasto library add FOLDER")
    # A write-ahead log needs files beside it; on a disk that may only be read nobody writes, so `immutable` is true.
    for flags in ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{flags}", timeout=BUSY_SECONDS, uri=True)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            connection.close()
            if "immutable" in flags:
                raise
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError("one of the two was tried last")
