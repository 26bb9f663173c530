"""The file of ratings: kept, replaced, forgotten, damaged, shared."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from impasto.errors import OutputError, UsageError
from impasto.gallery.photo_study import study_photo
from impasto.gallery.ratings import RatingStore
from impasto.gallery.suitability import effect_of
from impasto.gallery.taste import Rated

from .synthetic import colorful, toned

SaveRating = Callable[..., bool]


@pytest.fixture(scope="module")
def rating() -> Callable[..., Rated]:
    study = study_photo(colorful())

    def make(style: str = "warm", stars: float = 4, strength: float = 1.0) -> Rated:
        return Rated(style, stars, effect_of(study, toned(style, warmer=8), strength))

    return make


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"only the bytes count")
    return path


@pytest.fixture
def store(tmp_path: Path) -> RatingStore:
    return RatingStore(tmp_path / "home" / "taste.sqlite")


def unheard(message: str) -> None:
    pytest.fail(message)


def test_no_file_means_no_ratings_and_makes_none(store: RatingStore) -> None:
    assert store.load(unheard) == []
    assert not store.path.parent.exists()


def test_ratings_come_back_as_they_were(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    given = [rating("cold", 1), rating("warm", 4.5, 0.5), rating("warm", 3)]
    for each in given:
        assert store.add(photo, each, unheard) is False
    assert store.load(unheard) == given


def test_rating_again_replaces(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    store.add(photo, rating(stars=2), unheard)
    assert store.add(photo, rating(stars=5), unheard) is True
    assert [each.stars for each in store.load(unheard)] == [5]


def test_a_photo_is_known_by_what_it_holds(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    store.add(photo, rating(stars=2), unheard)
    renamed = photo.rename(photo.with_name("renamed.jpg"))
    assert store.add(renamed, rating(stars=3), unheard) is True
    renamed.write_bytes(b"another picture")
    assert store.add(renamed, rating(stars=4), unheard) is False
    assert len(store.load(unheard)) == 2


def test_ratings_count_on_when_the_photo_is_gone(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    store.add(photo, rating(), unheard)
    photo.unlink()
    assert store.load(unheard) == [rating()]


def test_forgetting_leaves_nothing(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    store.add(photo, rating(), unheard)
    store.path.with_name("taste.sqlite-journal").write_bytes(b"left by a crash")
    (store.path.parent / "styles").mkdir()
    assert store.forget() is True
    assert [path.name for path in store.path.parent.iterdir()] == ["styles"]
    assert store.forget() is False
    assert store.load(unheard) == []


def corrupt_header(path: Path) -> None:
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 20)


def corrupt_rows(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ratings SET effect = '{}'")
    connection.close()


def corrupt_stars(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ratings SET stars = 17")
    connection.close()


def corrupt_text(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ratings SET effect = 'not JSON', stars = NULL WHERE 0")
        connection.execute("UPDATE ratings SET effect = 'not JSON'")
    connection.close()


def other_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()


@pytest.mark.parametrize("damage", [corrupt_header, corrupt_rows, corrupt_stars, corrupt_text, other_database])
def test_a_damaged_file_is_set_aside_and_that_is_said(
    store: RatingStore, photo: Path, rating: Callable[..., Rated], damage: Callable[[Path], None]
) -> None:
    for number in (1, 2):
        store.add(photo, rating(), unheard)
        damage(store.path)
        content, heard = store.path.read_bytes(), list[str]()
        assert store.load(heard.append) == []
        [message] = heard
        aside = store.path.with_name(f"taste.damaged-{number}.sqlite")
        assert str(store.path) in message
        assert aside.name in message
        assert aside.read_bytes() == content
        assert not store.path.exists()


def test_rating_goes_on_after_damage(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    store.path.parent.mkdir()
    corrupt_header(store.path)
    heard = list[str]()
    store.add(photo, rating(), heard.append)
    assert len(heard) == 1
    assert store.load(unheard) == [rating()]


def test_ratings_of_a_newer_impasto_are_left_alone(
    store: RatingStore, photo: Path, rating: Callable[..., Rated]
) -> None:
    store.add(photo, rating(), unheard)
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = store.path.read_bytes()
    for use in (lambda: store.load(unheard), lambda: store.add(photo, rating(), unheard)):
        with pytest.raises(UsageError, match="newer Impasto"):
            use()
    assert store.path.read_bytes() == before


def test_an_empty_file_is_one_without_ratings(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    """As another process leaves it for a moment."""
    store.path.parent.mkdir()
    store.path.touch()
    assert store.load(unheard) == []
    store.add(photo, rating(), unheard)
    assert store.load(unheard) == [rating()]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    store.path.parent.mkdir(mode=0o500)
    with pytest.raises(OutputError, match=r"taste\.sqlite cannot be"):
        store.add(photo, rating(), unheard)


def test_a_file_where_the_folder_should_be(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    store.path.parent.write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be made"):
        store.add(photo, rating(), unheard)


def test_two_processes_rate_at_once(store: RatingStore, photo: Path, rating: Callable[..., Rated]) -> None:
    store.add(photo, rating("first"), unheard)
    script = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from impasto.gallery.ratings import RatingStore\n"
        "store = RatingStore(Path(sys.argv[1])); [first] = [r for r in store.load(print) if r.style == 'first']\n"
        "for n in range(15): store.add(Path(sys.argv[2]), replace(first, style=f'{sys.argv[3]} {n}'), print)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(store.path), str(photo), name], stdout=subprocess.PIPE)
        for name in ("a", "b")
    ]
    assert [process.communicate(timeout=60)[0] for process in processes] == [b"", b""]
    assert len(store.load(unheard)) == 31
