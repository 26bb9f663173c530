import os
from pathlib import Path

import pytest

from impasto.apply.plan import plan_outputs
from impasto.errors import OutputError, UnreadableMediaError, UsageError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> list[Path]:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"picture")
    return [Path(name) for name in names]


def planned(inputs: list[str], output: str) -> dict[str, str]:
    return {source.as_posix(): target.as_posix() for source, target in plan_outputs(inputs, output)}


def test_one_file_to_the_file_named(folder):
    touch("a.jpg")
    assert planned(["a.jpg"], "out/b.png") == {"a.jpg": "out/b.png"}


def test_one_file_into_an_existing_folder(folder):
    touch("shoot/a.jpg")
    Path("out").mkdir()
    assert planned(["shoot/a.jpg"], "out") == {"shoot/a.jpg": "out/a.jpg"}


def test_one_file_into_a_folder_to_be_made(folder):
    touch("a.jpg")
    assert planned(["a.jpg"], "new" + os.sep) == {"a.jpg": "new/a.jpg"}


@pytest.mark.parametrize("output", ["out", "out.heic", "out.jpgg"])
def test_one_file_to_a_name_that_says_no_format(folder, output):
    touch("a.jpg")
    with pytest.raises(OutputError, match="must end in"):
        planned(["a.jpg"], output)


def test_a_folder_keeps_its_tree(folder):
    touch("shoot/a.jpg", "shoot/day 2/b.PNG", "shoot/day 2/late/c.jpeg", "shoot/notes.txt")
    assert planned(["shoot"], "out") == {
        "shoot/a.jpg": "out/a.jpg",
        "shoot/day 2/b.PNG": "out/day 2/b.PNG",
        "shoot/day 2/late/c.jpeg": "out/day 2/late/c.jpeg",
    }


def test_several_inputs(folder):
    touch("one/a.jpg", "two/a.jpg", "other/b.jpg")
    assert planned(["one", "two", "other/b.jpg"], "out") == {
        "one/a.jpg": "out/one/a.jpg",
        "two/a.jpg": "out/two/a.jpg",
        "other/b.jpg": "out/b.jpg",
    }


def test_the_same_picture_twice_is_one(folder):
    touch("shoot/a.jpg")
    assert planned(["shoot", "shoot/a.jpg", "./shoot"], "out") == {"shoot/a.jpg": "out/shoot/a.jpg"}


def test_results_of_an_earlier_run_are_no_inputs(folder):
    touch("shoot/a.jpg", "shoot/graded/a.jpg", "shoot/graded/deep/b.jpg")
    assert planned(["shoot"], "shoot/graded") == {"shoot/a.jpg": "shoot/graded/a.jpg"}


def test_restyling_in_place_keeps_every_input(folder):
    touch("shoot/a.jpg", "shoot/b/c.jpg")
    assert planned(["shoot"], "shoot") == {"shoot/a.jpg": "shoot/a.jpg", "shoot/b/c.jpg": "shoot/b/c.jpg"}


def test_formats_that_cannot_be_written_become_jpeg(folder):
    touch("shoot/a.CR2", "shoot/b.heic", "shoot/c.tif")
    assert planned(["shoot"], "out") == {
        "shoot/a.CR2": "out/a.jpg",
        "shoot/b.heic": "out/b.jpg",
        "shoot/c.tif": "out/c.tif",
    }


def test_raw_beside_its_jpeg_gets_a_name_of_its_own(folder):
    touch("shoot/IMG.CR2", "shoot/IMG.dng", "shoot/IMG.jpg", "shoot/X.CR2", "shoot/X.dng")
    assert planned(["shoot"], "out") == {
        "shoot/IMG.CR2": "out/IMG.CR2.jpg",
        "shoot/IMG.dng": "out/IMG.dng.jpg",
        "shoot/IMG.jpg": "out/IMG.jpg",
        "shoot/X.CR2": "out/X.jpg",
        "shoot/X.dng": "out/X.dng.jpg",
    }


def test_two_files_of_one_name_are_refused_with_both_named(folder):
    touch("one/a.jpg", "two/a.jpg")
    with pytest.raises(UsageError, match=r"one.a\.jpg and two.a\.jpg"):
        planned(["one/a.jpg", "two/a.jpg"], "out")


def test_two_folders_of_one_name_are_refused_where_their_pictures_collide(folder):
    touch("one/shoot/a.jpg", "two/shoot/a.jpg")
    with pytest.raises(UsageError, match="both become"):
        planned(["one/shoot", "two/shoot"], "out")


def test_a_folder_cannot_go_to_a_file(folder):
    touch("shoot/a.jpg", "out.jpg")
    with pytest.raises(OutputError, match="is a file"):
        planned(["shoot"], "out.jpg")


def test_missing_inputs_and_empty_folders_are_named(folder):
    Path("empty").mkdir()
    with pytest.raises(UnreadableMediaError, match=r"gone\.jpg"):
        planned(["gone.jpg"], "out")
    with pytest.raises(UnreadableMediaError, match="no picture in empty"):
        planned(["empty"], "out")
    with pytest.raises(UnreadableMediaError, match="no picture"):
        planned([], "out")


def test_a_name_that_even_the_longer_form_cannot_free_is_refused(folder):
    touch("shoot/IMG.jpg", "shoot/IMG.CR2", "shoot/IMG.CR2.jpg")
    with pytest.raises(UsageError, match="would both become"):
        planned(["shoot"], "out")
