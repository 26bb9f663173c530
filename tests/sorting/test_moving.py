from __future__ import annotations

import os
from pathlib import Path

import pytest

from impasto.sorting.classifier import Told
from impasto.sorting.labels import UNSURE
from impasto.sorting.moving import move_pictures


def made(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def told(path: Path, label: str) -> Told:
    return Told(path, label, "cat", 0.9, False)


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_pictures_move_into_their_class_and_unsure_ones_stay(tmp_path: Path) -> None:
    said = [
        told(made(tmp_path / "a.jpg", "a"), "cat"),
        told(made(tmp_path / "day" / "b.jpg", "b"), "dog"),
        told(made(tmp_path / "c.jpg", "c"), UNSURE),
    ]
    moved = move_pictures(said, tmp_path)
    assert files(tmp_path) == {"cat/a.jpg": "a", "dog/b.jpg": "b", "c.jpg": "c"}
    assert moved.places == {
        tmp_path / "a.jpg": tmp_path / "cat" / "a.jpg",
        tmp_path / "day" / "b.jpg": tmp_path / "dog" / "b.jpg",
    }
    assert moved.num_stayed == 1


def test_nothing_is_replaced(tmp_path: Path) -> None:
    made(tmp_path / "cat" / "a.jpg", "older")
    said = [told(made(tmp_path / day / "a.jpg", day), "cat") for day in ("monday", "tuesday")]
    move_pictures(said, tmp_path)
    assert files(tmp_path) == {"cat/a.jpg": "older", "cat/a-2.jpg": "monday", "cat/a-3.jpg": "tuesday"}


def test_moving_again_changes_nothing(tmp_path: Path) -> None:
    first = move_pictures([told(made(tmp_path / "a.jpg", "a"), "cat")], tmp_path)
    (place,) = first.places.values()
    again = move_pictures([told(place, "cat")], tmp_path)
    assert not again.places
    assert again.num_stayed == 1
    assert files(tmp_path) == {"cat/a.jpg": "a"}


def test_what_raw_converters_keep_beside_goes_along(tmp_path: Path) -> None:
    said = [told(made(tmp_path / "a.nef", "raw"), "cat"), told(made(tmp_path / "b.jpg", "photo"), "cat")]
    made(tmp_path / "a.xmp", "edits of a")
    made(tmp_path / "b.jpg.xmp", "edits of b")
    made(tmp_path / "c.xmp", "of another")
    made(tmp_path / "cat" / "a.xmp", "of an older a")
    move_pictures(said, tmp_path)
    assert files(tmp_path) == {
        "cat/a-2.nef": "raw",
        "cat/a-2.xmp": "edits of a",
        "cat/a.xmp": "of an older a",
        "cat/b.jpg": "photo",
        "cat/b.jpg.xmp": "edits of b",
        "c.xmp": "of another",
    }


def test_folders_elsewhere_are_made(tmp_path: Path) -> None:
    move_pictures([told(made(tmp_path / "a.jpg", "a"), "cat")], tmp_path / "new" / "sorted")
    assert files(tmp_path) == {"new/sorted/cat/a.jpg": "a"}


def test_a_picture_that_is_gone_does_not_stop_the_rest(tmp_path: Path) -> None:
    said = [told(tmp_path / "gone.jpg", "cat"), told(made(tmp_path / "a.jpg", "a"), "cat")]
    moved = move_pictures(said, tmp_path)
    assert [each.path.name for each in moved.failures] == ["gone.jpg"]
    assert "gone.jpg" in moved.failures[0].message
    assert files(tmp_path) == {"cat/a.jpg": "a"}


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    made(tmp_path / "cat", "a file")
    moved = move_pictures([told(made(tmp_path / "a.jpg", "a"), "cat")], tmp_path)
    assert len(moved.failures) == 1
    assert files(tmp_path) == {"cat": "a file", "a.jpg": "a"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    picture = made(tmp_path / "a.jpg", "a")
    (tmp_path / "locked").mkdir(mode=0o500)
    moved = move_pictures([told(picture, "cat")], tmp_path / "locked")
    assert "no permission" in moved.failures[0].message
