from __future__ import annotations

from pathlib import Path

import pytest

from impasto.errors import UnreadableMediaError, UsageError
from impasto.sorting.collection import collect_labelled, named

from .shapes import noise_texture, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """a/1, a/deep/2, b/3, unlabelled/4, and 5 at the top."""
    for number, place in enumerate(("a/1", "a/deep/2", "b/3", "unlabelled/4", "5"), start=1):
        save(noise_texture("lying", number, (20, 20)), tmp_path / "pictures" / f"{place}.png")
    return tmp_path / "pictures"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def labels_of(folder: Path, table: Path | None = None) -> dict[str, str | None]:
    found = collect_labelled(folder, table)
    return {path.stem: label for path, label in zip(found.paths, found.labels, strict=True)}


def test_folders_are_classes_and_loose_pictures_have_none(folder: Path) -> None:
    assert labels_of(folder) == {"1": "a", "2": "a", "3": "b", "4": None, "5": None}
    found = collect_labelled(folder)
    assert found.counts == {"a": 2, "b": 1}
    assert found.num_unlabelled == 2


def test_a_table_overrules_folders(folder: Path, tmp_path: Path) -> None:
    table = write(tmp_path / "labels.csv", "file,label\na/1.png,cat\nb/3.png,dog\n")
    assert labels_of(folder, table) == {"1": "cat", "2": None, "3": "dog", "4": None, "5": None}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_may_have_other_separators_columns_and_a_byte_order_mark(
    folder: Path, tmp_path: Path, separator: str
) -> None:
    rows = [["Label", "note", "File"], ["cat", "good", "a/1.png"], ["dog", "", "5.png"]]
    text = "\ufeff" + "\r\n".join(separator.join(row) for row in rows)
    found = labels_of(folder, write(tmp_path / "labels.csv", text))
    assert (found["1"], found["5"], found["2"]) == ("cat", "dog", None)


def test_files_of_a_table_may_be_relative_to_it_or_absolute(folder: Path) -> None:
    table = write(folder.parent / "labels.csv", f"file,label\npictures/a/1.png,cat\n{folder / 'b' / '3.png'},dog\n")
    found = labels_of(folder, table)
    assert (found["1"], found["3"]) == ("cat", "dog")


def test_missing_labels_of_a_table_are_missing(folder: Path, tmp_path: Path) -> None:
    text = "file,label\na/1.png,cat\na/deep/2.png,\nb/3.png,?\n5.png\nunlabelled/4.png,Unknown\n"
    assert labels_of(folder, write(tmp_path / "labels.csv", text)) == {"1": "cat", **dict.fromkeys("2345")}


def test_unknown_files_of_a_table_are_named(folder: Path, tmp_path: Path) -> None:
    lost = "".join(f"lost-{number}.png,cat\n" for number in range(5))
    table = write(tmp_path / "labels.csv", f"file,label\na/1.png,cat\n{lost}")
    (note,) = collect_labelled(folder, table).notes
    assert "5 file(s)" in note
    assert "lost-0.png, lost-1.png, lost-2.png and 2 more" in note


def test_two_labels_for_one_picture_are_none(folder: Path, tmp_path: Path) -> None:
    table = write(tmp_path / "labels.csv", "file,label\na/1.png,cat\na/1.png,dog\nb/3.png,dog\nb/3.png,dog\n")
    found = collect_labelled(folder, table)
    assert labels_of(folder, table)["1"] is None
    assert labels_of(folder, table)["3"] == "dog"
    assert "two labels" in found.notes[0]
    assert "1.png" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,class\na,b\n", "columns 'file' and 'label'"),
        ("", "columns 'file' and 'label'"),
        ("file,label\nnot-there.png,cat\n", "gives no picture"),
        ("file,label\na/1.png,\n", "gives no picture"),
        ("file,label\na/1.png,../up\n", "cannot be a class"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(folder: Path, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        collect_labelled(folder, write(tmp_path / "labels.csv", text))


def test_a_table_that_is_not_text_is_refused(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_bytes(b"file,label\n\xff\xfe\x00a")
    with pytest.raises(UsageError, match="UTF-8"):
        collect_labelled(folder, table)


def test_a_table_that_is_not_there_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        collect_labelled(folder, tmp_path / "none.csv")


def test_folders_without_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty" / "a").mkdir(parents=True)
    with pytest.raises(UsageError, match="no pictures"):
        collect_labelled(tmp_path / "empty")
    with pytest.raises(UnreadableMediaError, match="does not exist"):
        collect_labelled(tmp_path / "none")


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match="Give a folder"):
        collect_labelled(folder / "5.png")


def test_few_names_are_listed_whole() -> None:
    assert named(["a"]) == "a"
    assert named("abc") == "a, b, c"
    assert named("abcd") == "a, b, c and 1 more"
