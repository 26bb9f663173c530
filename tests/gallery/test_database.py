from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import OutputError, UsageError
from impasto.gallery.connection import DamagedDatabaseError
from impasto.gallery.database import SCHEMA_VERSION, Database
from impasto.gallery.records import Likeness, PictureRecord, Rating

from .seen import file_of, record

V = "v1"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "new folder" / "library.sqlite") as opened:
        yield opened


def fill(database: Database, numbers: range, folder: str = "/a", version: str = V) -> None:
    with database.write():
        for number in numbers:
            database.add_picture(record(number), version)
            database.add_file(file_of(record(number), Path(folder, f"{number}.jpg")))


def paths_under(database: Database, place: str) -> list[str]:
    return [str(file.path) for file in database.files_under(Path(place))]


def same(first: PictureRecord, second: PictureRecord | None) -> bool:
    assert second is not None
    pairs = [
        (getattr(first.features, name), getattr(second.features, name)) for name in ("content", "style", "palette")
    ]
    plain = [(each.sha256, each.width, each.height, each.faces) for each in (first, second)]
    return plain[0] == plain[1] and all(np.array_equal(one, two) and two.dtype == np.float32 for one, two in pairs)


def test_what_goes_in_comes_out(database: Database) -> None:
    fill(database, range(3))
    for number in range(3):
        assert same(record(number), database.picture(record(number).sha256, V))
    assert database.picture("f" * 64, V) is None
    assert database.picture(record(1).sha256, "v2") is None
    assert database.hashes(V) == {record(number).sha256 for number in range(3)}


def test_no_faces_and_nobody_looked_are_two_things(database: Database) -> None:
    unseen = record(2)
    unseen = PictureRecord(unseen.sha256, unseen.width, unseen.height, unseen.features, None)
    with database.write():
        database.add_picture(unseen, V)
        database.add_picture(record(4), V)
    faces = [found.faces for each in (unseen, record(4)) if (found := database.picture(each.sha256, V))]
    assert faces == [None, ()]


def test_it_stays_after_closing(database: Database) -> None:
    fill(database, range(2))
    database.close()
    with Database(database.path) as again:
        assert again.counts(V) == {"pictures": 2, "outdated": 0, "files": 2, "missing": 0, "ratings": 0}


def test_vectors_come_in_the_order_asked_for_whatever_their_number(database: Database) -> None:
    fill(database, range(1203))
    ids = database.ids(V)
    assert len(ids) == 1203
    backwards = ids[::-1].tolist()
    rows = database.vectors(Likeness.CONTENT, backwards)
    assert rows.shape == (1203, 4)
    assert np.array_equal(rows[0], record(1202).features.content)
    assert np.array_equal(rows[-1], record(0).features.content)
    assert database.vectors(Likeness.STYLE, backwards[:1]).shape == (1, 12)
    files = database.files_of(backwards)
    assert [str(files[backwards[0]][0].path), len(files)] == ["/a/1202.jpg", 1203]


def test_copies_share_a_picture(database: Database) -> None:
    fill(database, range(1))
    generation = database.generation
    with database.write():
        database.add_picture(record(0), V)
        database.add_file(file_of(record(0), Path("/b/copy.jpg")))
    assert database.generation == generation, "an index is not out of date because of a copy"
    assert database.counts(V)["pictures"] == 1
    assert [str(file.path) for file in database.files_of(database.ids(V).tolist())[1]] == ["/a/0.jpg", "/b/copy.jpg"]


def test_a_picture_goes_with_its_last_file(database: Database) -> None:
    fill(database, range(2))
    with database.write():
        database.add_file(file_of(record(0), Path("/b/copy.jpg")))
        assert database.remove_under(Path("/b")) == 1
    assert database.counts(V)["pictures"] == 2
    generation = database.generation
    with database.write():
        assert database.remove_under(Path("/a/0.jpg")) == 1
    assert database.hashes(V) == {record(1).sha256}
    assert database.generation != generation


def test_a_file_that_changed_lets_go_of_its_old_picture(database: Database) -> None:
    fill(database, range(1))
    with database.write():
        database.add_picture(record(7), V)
        database.add_file(file_of(record(7), Path("/a/0.jpg")))
    assert database.hashes(V) == {record(7).sha256}
    assert [file.sha256 for file in database.files_under(Path("/a"))] == [record(7).sha256]


def test_another_version_replaces_features_and_keeps_files(database: Database) -> None:
    fill(database, range(2))
    before = database.ids(V).tolist()
    with database.write():
        database.mark_missing([Path("/a/0.jpg")])
    assert database.counts("v2")["outdated"] == 2
    fill(database, range(1, 2), version="v2")
    assert database.ids("v2").tolist() != before[1:], "features never change under an id"
    assert database.counts("v2") == {"pictures": 2, "outdated": 1, "files": 2, "missing": 1, "ratings": 0}
    assert paths_under(database, "/a") == ["/a/0.jpg", "/a/1.jpg"]


@pytest.mark.parametrize("place", ["/a%", "/a_", "/a", "/a/b", "/A"])
def test_a_folder_is_neither_a_pattern_nor_a_beginning(database: Database, place: str) -> None:
    everything = ["/a%/1.jpg", "/a_/1.jpg", "/a/1.jpg", "/ab/1.jpg", "/a.jpg", "/a/b/1.jpg", "/a0/1.jpg", "/A/1.jpg"]
    with database.write():
        database.add_picture(record(1), V)
        for path in everything:
            database.add_file(file_of(record(1), Path(path)))
    inside = sorted(path for path in everything if path.startswith(f"{place}/"))
    assert paths_under(database, place) == inside
    with database.write():
        assert database.remove_under(Path(place)) == len(inside)
    assert paths_under(database, "/") == sorted(set(everything) - set(inside))


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=8)
names = names.filter(lambda name: name not in {".", ".."})  # which name other folders


@given(folder=names, others=st.lists(names, max_size=5))
def test_any_folder_holds_its_own_files_only(folder: str, others: list[str]) -> None:
    with Database(Path(":memory:")) as database, database.write():
        database.add_picture(record(1), V)
        for name in {folder, *others}:
            database.add_file(file_of(record(1), Path("/", name, "x.jpg")))
        assert paths_under(database, f"/{folder}") == [str(Path("/", folder, "x.jpg"))]


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    fill(database, range(1))
    state = (database.generation, database.counts(V))
    with pytest.raises(ZeroDivisionError), database.write():
        database.add_picture(record(5), V)
        raise ZeroDivisionError
    assert (database.generation, database.counts(V)) == state
    fill(database, range(1, 2))
    assert database.counts(V)["pictures"] == 2


def test_missing_files_are_marked_and_come_back(database: Database) -> None:
    fill(database, range(2))
    with database.write():
        database.mark_missing([Path("/a/1.jpg")])
    assert [file.missing for file in database.files_under(Path("/a"))] == [False, True]
    assert database.counts(V)["missing"] == 1
    with database.write():
        database.add_file(file_of(record(1), Path("/a/1.jpg")))
    assert database.counts(V)["missing"] == 0


def test_ratings_outlive_pictures_and_can_be_forgotten(database: Database) -> None:
    fill(database, range(1))
    with database.write():
        database.add_rating(Rating(record(0).sha256, "monet", 4))
        database.add_rating(Rating(record(0).sha256, "noir", 1, "2026-11-21T08:00:00+00:00"))
        database.remove_under(Path("/a"))
    first, second = database.ratings()
    assert (first.style, first.stars, first.rated_at[:2]) == ("monet", 4, "20")
    assert second == Rating(record(0).sha256, "noir", 1, "2026-11-21T08:00:00+00:00")
    with database.write():
        assert database.remove_ratings() == 2
    assert database.ratings() == []


def test_stars_are_one_to_five(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), database.write():
        database.add_rating(Rating("a", "monet", 6))


def test_folders_are_kept_and_go_with_their_files(database: Database) -> None:
    with database.write():
        database.add_folders([Path("/a/b"), Path("/a"), Path("/c"), Path("/a")])
    assert database.folders() == [Path("/a"), Path("/a/b"), Path("/c")]
    with database.write():
        database.remove_under(Path("/a"))
    assert database.folders() == [Path("/c")]


def test_each_database_has_its_own_identity(tmp_path: Path) -> None:
    with Database(tmp_path / "a") as first, Database(tmp_path / "b") as second:
        assert first.identity != second.identity
    with Database(tmp_path / "a") as again:
        assert again.identity == first_identity(tmp_path / "a")


def first_identity(path: Path) -> int:
    with Database(path, writable=False) as database:
        return database.identity


def test_a_reader_changes_nothing(database: Database) -> None:
    fill(database, range(2))
    with Database(database.path, writable=False) as reader:
        assert reader.counts(V)["pictures"] == 2
        with pytest.raises(OutputError, match=r"library\.sqlite cannot be read: .*readonly"), reader.write():
            reader.add_picture(record(5), V)


def test_nothing_to_read_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"There is no library at {tmp_path}. Make one: impasto library add FOLDER"):
        Database(tmp_path / "library.sqlite", writable=False)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="file cannot be made"):
        Database(tmp_path / "file" / "library.sqlite")
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(OutputError, match=r"folder\.sqlite cannot be written"):
        Database(tmp_path / "folder.sqlite")


def test_a_newer_library_is_not_touched(database: Database) -> None:
    database.close()
    with sqlite3.connect(database.path) as raw:
        raw.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    raw.close()
    for writable in (True, False):
        with pytest.raises(UsageError, match="made by a newer Impasto"):
            Database(database.path, writable=writable)


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as raw:
        raw.execute("CREATE TABLE accounts (name TEXT)")
    raw.close()
    with pytest.raises(UsageError, match="another program's"):
        Database(tmp_path / "other.sqlite")
    with pytest.raises(UsageError, match="not a library"):
        Database(tmp_path / "other.sqlite", writable=False)


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 2000])
def test_what_is_no_database_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(content)
    for writable in (True, False):
        with pytest.raises(DamagedDatabaseError, match=r"library\.sqlite is damaged"):
            Database(path, writable=writable)
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_found(database: Database) -> None:
    fill(database, range(200))
    database.check()
    database.close()
    content = bytearray(database.path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    database.path.write_bytes(content)
    with Database(database.path, writable=False) as broken, pytest.raises(DamagedDatabaseError):
        broken.check()
        broken.hashes(V)


def _add_from_another_process(path: Path, first: int, count: int) -> None:
    for number in range(first, first + count):
        with Database(path) as database:
            fill(database, range(number, number + 1), folder=f"/{first}")


def test_two_processes_add_at_once(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    # Half of the pictures are the same, and neither made the file before.
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add_from_another_process, args=(path, first, 40)) for first in (0, 20)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    with Database(path) as database:
        assert (database.counts(V)["pictures"], database.counts(V)["files"]) == (60, 80)
        assert database.generation == 60
        database.check()
