from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.errors import OutputError, UnreadableMediaError
from impasto.gallery.gallery import Gallery
from impasto.gallery.splitting import split_styles

from .seen import BLUE, RED, PlainExtractor, save, scene


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path / "library", extractor=PlainExtractor())


def save_style(folder: Path, color: tuple[int, int, int], count: int, first_seed: int = 0) -> Path:
    for number in range(count):
        pixels = scene("left", color, first_seed + number)
        save(folder / f"{number:02}.png", np.roll(pixels, 3 * number, axis=1) // 10 * (10 - number % 4))
    return folder


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    save_style(tmp_path / "mixed" / "evening", RED, 12)
    save_style(tmp_path / "mixed" / "morning", BLUE, 20, first_seed=50)
    return tmp_path / "mixed"


@pytest.mark.parametrize("link", [False, True])
def test_two_styles_go_into_two_folders(mixed: Path, tmp_path: Path, gallery: Gallery, link: bool) -> None:
    output = tmp_path / "sorted"
    report = split_styles([mixed], output, gallery, link=link)
    assert report.folders == {output / "style-1": 20, output / "style-2": 12}
    assert (report.num_pictures, report.failures) == (32, ())
    for folder, source in (("style-1", "morning"), ("style-2", "evening")):
        copies = sorted((output / folder).iterdir())
        assert [path.read_bytes() for path in copies] == [
            path.read_bytes() for path in sorted((mixed / source).iterdir())
        ]
        assert all(path.is_symlink() is link for path in copies)
    assert not gallery.path.exists(), "nothing is added to the library"


def test_one_style_stays_where_it_is(tmp_path: Path, gallery: Gallery) -> None:
    save_style(tmp_path / "one", RED, 30)
    report = split_styles([tmp_path / "one"], tmp_path / "sorted", gallery)
    assert (report.num_pictures, report.folders) == (30, {})
    assert not (tmp_path / "sorted").exists()


def test_pictures_of_one_name_do_not_replace_each_other(tmp_path: Path, gallery: Gallery) -> None:
    for number in range(3):
        save_style(tmp_path / "mixed" / str(number), RED, 6, first_seed=100 * number)
    save(tmp_path / "mixed" / "3" / "00-2.png", scene("left", RED, 999))
    save_style(tmp_path / "mixed" / "blue", BLUE, 10)
    report = split_styles([tmp_path / "mixed"], tmp_path / "sorted", gallery)
    first = tmp_path / "sorted" / "style-1"
    assert report.folders[first] == 19
    assert len({path.read_bytes() for path in first.iterdir()}) == 19


def test_what_cannot_be_read_is_named(mixed: Path, tmp_path: Path, gallery: Gallery) -> None:
    (mixed / "broken.jpg").write_bytes(b"no picture")
    report = split_styles([mixed], tmp_path / "sorted", gallery)
    assert report.num_pictures == 32
    assert [failure.path.name for failure in report.failures] == ["broken.jpg"]


def test_nothing_is_mixed_into_what_is_there(mixed: Path, tmp_path: Path, gallery: Gallery) -> None:
    save(tmp_path / "sorted" / "style-2" / "mine.png", scene("left", RED))
    with pytest.raises(OutputError, match="style-2 is not empty"):
        split_styles([mixed], tmp_path / "sorted", gallery)
    assert not list((tmp_path / "sorted" / "style-1").iterdir())
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be made"):
        split_styles([mixed], tmp_path / "file", gallery)


def test_an_empty_folder_is_said(tmp_path: Path, gallery: Gallery) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableMediaError, match=r"no pictures in .*empty"):
        split_styles([tmp_path / "empty"], tmp_path / "sorted", gallery)
