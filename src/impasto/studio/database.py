"""The studio's one SQLite file: what was uploaded, and what is to be done with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

from impasto.errors import OutputError, UsageError

FILE_NAME: Final = "studio.sqlite"
_VERSION: Final = 1
_PATIENCE_SECONDS: Final = 10
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, created REAL NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, created REAL NOT NULL, status TEXT NOT NULL, client TEXT NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, created);
"""


class Database:
    """A connection that threads share, one at a time.

    Parameters
    ----------
    data_dir
        The folder that holds the file; made if need be.

    Raises
    ------
    OutputError
        The folder or file cannot be written, or is no database.
    UsageError
        It is from a newer Impasto.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE_NAME
        self._lock = RLock()
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(
                self.path, timeout=_PATIENCE_SECONDS, check_same_thread=False, isolation_level=None
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"The studio cannot keep its things in {data_dir}: {error}. Choose --data.") from error

    def _prepare(self) -> None:
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            self._connection.close()
            raise UsageError(f"{self.path} is from a newer Impasto: pip install --upgrade impasto.")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_TABLES)
        self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def change(self, command: str, values: Sequence[Any] = ()) -> int:
        """Carry out a change, for good; return how many rows it met."""
        with self._lock:
            return self._connection.execute(command, values).rowcount

    @contextmanager
    def together(self) -> Iterator[None]:
        """Within this, all changes happen or none, and no other thread comes between."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
