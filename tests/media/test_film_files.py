from __future__ import annotations

from pathlib import Path

import pytest

from impasto.media.film_files import find_films, is_film


@pytest.mark.parametrize("name", ["a.mp4", "A.MOV", "b.mkv", "c.mxf", "d.m2ts"])
def test_films_are_known_by_their_suffix(name: str) -> None:
    assert is_film(name)
    assert is_film(Path("folder") / name)


@pytest.mark.parametrize("name", ["a.jpg", "mp4", "a.mp4.txt", "a.style", "a.gif", ""])
def test_other_files_are_none(name: str) -> None:
    assert not is_film(name)


def test_films_are_found_in_folders_each_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mov", "photo.jpg", "deep/er/c.mkv", ".hidden/d.mp4", ".e.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    found = find_films([tmp_path / "b.mp4", tmp_path, tmp_path / "photo.jpg"])
    assert [path.name for path in found] == ["b.mp4", "a.mov", "c.mkv"]
    assert find_films([tmp_path / "deep"]) == [tmp_path / "deep/er/c.mkv"]
    assert find_films([]) == []
