"""What SQLite says, in words that tell the user what to do; each failure is a real one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from impasto.errors import ImpastoError, OutputError, UsageError
from impasto.gallery import connection
from impasto.gallery.connection import DamagedDatabaseError, open_readable, open_writable, translated_errors
from impasto.gallery.database import Database

from .seen import file_of, record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A library with one picture."""
    path = tmp_path / "library.sqlite"
    with Database(path) as database, database.write():
        database.add_picture(record(0), "v1")
        database.add_file(file_of(record(0), tmp_path / "0.jpg"))
    return path


def test_a_library_that_another_program_holds_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError, match=r"library\.sqlite is in use by another program\. Try again"):
            Database(path)
        holder.execute("COMMIT")
    with Database(path) as database:
        assert len(database.ids("v1")) == 1


def test_readers_are_not_held_up_by_a_writer(path: Path) -> None:
    with closing(open_writable(path)) as writer, Database(path, writable=False) as reader:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM files")
        assert len(reader.files_under(path.parent)) == 1, "what is not finished is not seen"
        writer.execute("ROLLBACK")


def test_a_full_disk_leaves_what_was_there(path: Path) -> None:
    with Database(path) as database:
        pages = int(database._rows("PRAGMA page_count")[0][0])
        database._run(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OutputError, match=r"library\.sqlite cannot be written: the disk is full"), database.write():
            for number in range(1, 400):
                database.add_picture(record(number), "v1")
    with Database(path) as database:
        assert len(database.ids("v1")) == 1
        database.check()


@pytest.mark.parametrize(
    ("code", "writable", "kind", "words"),
    [
        (sqlite3.SQLITE_CORRUPT, True, DamagedDatabaseError, "is damaged"),
        (sqlite3.SQLITE_NOTADB, False, DamagedDatabaseError, "is damaged"),
        (sqlite3.SQLITE_IOERR_WRITE, True, OutputError, "cannot be written"),
        (sqlite3.SQLITE_IOERR_READ, False, OutputError, "cannot be read"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, True, OutputError, "cannot be written"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True, OutputError, "in use by another program"),
        (sqlite3.SQLITE_LOCKED, True, OutputError, "in use by another program"),
    ],
)
def test_every_detail_of_a_kind_is_that_kind(code: int, writable: bool, kind: type[ImpastoError], words: str) -> None:
    """SQLite puts details into the higher bytes of its codes."""
    error = sqlite3.OperationalError("as SQLite puts it")
    error.sqlite_errorcode = code
    with pytest.raises(kind, match=words) as caught, translated_errors(Path("a.sqlite"), writable):
        raise error
    assert str(caught.value).startswith("a.sqlite ")


def test_a_fault_of_our_own_is_not_dressed_up() -> None:
    with closing(sqlite3.connect(":memory:")) as memory:
        with pytest.raises(sqlite3.OperationalError, match="no such table"), translated_errors(Path("a"), True):
            memory.execute("SELECT * FROM pictures")
        with pytest.raises(ZeroDivisionError), translated_errors(Path("a"), True):
            _ = 1 / 0


def test_opening_to_read_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="impasto library add FOLDER"):
        open_readable(tmp_path / "none.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_opening_to_read_cannot_write(path: Path) -> None:
    with closing(open_readable(path)) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM files")


def test_a_name_that_means_something_in_an_address_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "50% of? my#photos" / "library.sqlite"
    with Database(path) as database, database.write():
        database.add_picture(record(3), "v1")
    with Database(path, writable=False) as database:
        assert database.hashes("v1") == {record(3).sha256}
    assert [entry.name for entry in tmp_path.iterdir()] == ["50% of? my#photos"]
