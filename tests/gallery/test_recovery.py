"""What is saved of a damaged library, and what is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from impasto.errors import OutputError
from impasto.gallery.database import Database
from impasto.gallery.records import Rating
from impasto.gallery.recovery import is_damaged, note_folders, noted_folders, put_aside, salvage_ratings

from .seen import file_of, record

RATINGS = [Rating("a" * 64, "noir", 4, "2026-11-20T10:00:00+00:00"), Rating("b" * 64, "kodak", 2, "2026-11-21")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A library of thirty pictures from two folders, with two ratings."""
    path = tmp_path / "library" / "library.sqlite"
    with Database(path) as database, database.write():
        database.add_folders([Path("/photos/a"), Path("/photos/ä b")])
        note_folders(database)
        for number in range(30):
            database.add_picture(record(number), "v1")
            database.add_file(file_of(record(number), Path(f"/photos/a/{number}.jpg")))
        for rating in RATINGS:
            database.add_rating(rating)
    return path


def damage(path: Path) -> None:
    """Overwrite the second half."""
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half:] = os.urandom(len(content) - half)
    path.write_bytes(content)


def test_folders_are_noted_beside_the_database_and_read_back(path: Path) -> None:
    assert noted_folders(path) == [Path("/photos/a"), Path("/photos/ä b")]
    assert json.loads(path.with_name("folders.json").read_text(encoding="utf-8")) == ["/photos/a", "/photos/ä b"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"7", b"null", b"\xff\xfe\x00", b"[[], 3, null]"])
def test_a_damaged_note_names_no_folder(path: Path, content: bytes) -> None:
    path.with_name("folders.json").write_bytes(content)
    assert noted_folders(path) == []


def test_what_is_left_of_a_note_counts(path: Path) -> None:
    path.with_name("folders.json").write_text('["/photos/a", 3]', encoding="utf-8")
    assert noted_folders(path) == [Path("/photos/a")]


def test_without_a_note_there_is_no_folder(tmp_path: Path) -> None:
    assert noted_folders(tmp_path / "none" / "library.sqlite") == []


def test_only_a_damaged_file_is_damaged(path: Path, tmp_path: Path) -> None:
    assert not is_damaged(path)
    assert not is_damaged(tmp_path / "none.sqlite")
    assert not is_damaged(tmp_path)
    damage(path)
    assert is_damaged(path)
    path.write_bytes(b"no database at all" * 200)
    assert is_damaged(path)


def test_asking_changes_nothing(path: Path) -> None:
    damage(path)
    before = path.read_bytes()
    assert is_damaged(path)
    salvage_ratings(path)
    assert path.read_bytes() == before


def test_all_that_belongs_to_a_database_goes_aside_with_it(path: Path) -> None:
    parts = {"": path.read_bytes(), "-wal": b"log", "-shm": b"index of the log"}
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).write_bytes(parts[ending])
    aside = put_aside(path)
    assert aside.parent == path.parent
    assert aside.name.startswith("library.damaged-")
    assert aside.suffix == ".sqlite"
    assert {ending: aside.with_name(aside.name + ending).read_bytes() for ending in parts} == parts
    assert sorted(entry.name for entry in path.parent.iterdir()) == sorted(
        ["folders.json", *(aside.name + ending for ending in parts)]
    )


def test_two_damages_are_kept_apart(path: Path) -> None:
    first = put_aside(path)
    path.write_bytes(b"again")
    second = put_aside(path)
    assert first != second
    assert second.read_bytes() == b"again"
    assert first.stat().st_size > 1000


def test_what_cannot_be_put_aside_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match=r"library\.sqlite is damaged and cannot be put aside: Permission denied"):
        put_aside(path)
    assert path.is_file()


def test_ratings_of_a_sound_file_are_all_saved(path: Path) -> None:
    assert salvage_ratings(path) == RATINGS


def test_rubbish_and_strangers_give_no_ratings_and_no_error(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"rubbish" * 1000)
    assert salvage_ratings(path) == []
    assert salvage_ratings(tmp_path / "none.sqlite") == []
    assert not (tmp_path / "none.sqlite").exists()
