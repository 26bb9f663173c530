from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.gallery import index as index_module
from impasto.gallery.database import Database
from impasto.gallery.feature_space import fit_space, likeness
from impasto.gallery.index import ExactIndex, open_index
from impasto.gallery.records import Likeness

from .seen import file_of, record

V = "v1"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "library.sqlite") as opened:
        yield opened


def fill(database: Database, numbers: range) -> None:
    with database.write():
        for number in numbers:
            database.add_picture(record(number, num_content=16), V)
            database.add_file(file_of(record(number), Path(f"/a/{number}.jpg")))


def nearest(database: Database, number: int, count: int = 3) -> list[str]:
    """Return the files nearest to a picture by content."""
    index = open_index(database, Likeness.CONTENT, V)
    assert index is not None
    found = index.nearest(record(number, num_content=16).features.content, count)
    files = database.files_of([picture_id for picture_id, _ in found])
    return [files[picture_id][0].path.stem for picture_id, _ in found]


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often an index was made from nothing."""
    made: list[int] = []

    def fit(*given: Any) -> Any:
        made.append(1)
        return fit_space(*given)

    monkeypatch.setattr(index_module, "fit_space", fit)
    return made


def test_an_empty_library_has_none(database: Database) -> None:
    assert open_index(database, Likeness.CONTENT, V) is None
    fill(database, range(2))
    assert open_index(database, Likeness.CONTENT, "v2") is None


def test_each_picture_is_nearest_to_itself(database: Database) -> None:
    fill(database, range(300))
    assert [nearest(database, number, 1) for number in range(0, 300, 50)] == [[str(n)] for n in range(0, 300, 50)]


def test_the_graph_finds_what_comparing_all_finds(database: Database) -> None:
    fill(database, range(500))
    graph = open_index(database, Likeness.CONTENT, V)
    exact = index_module._exact(database, Likeness.CONTENT, V)
    assert graph is not None
    assert exact is not None
    shares = []
    for number in range(1000, 1030):
        vector = record(number, num_content=16).features.content
        one, other = graph.nearest(vector, 10), exact.nearest(vector, 10)
        shares.append(len({key for key, _ in one} & {key for key, _ in other}) / 10)
        likeness = dict(other)
        assert all(alike == pytest.approx(likeness.get(key, alike), abs=0.01) for key, alike in one)
    assert np.mean(shares) > 0.97


def test_kinds_have_their_own(database: Database) -> None:
    fill(database, range(50))
    style = open_index(database, Likeness.STYLE, V)
    assert style is not None
    ids = database.ids(V).tolist()
    assert style.nearest(record(7).features.style, 1)[0][0] != ids[7], "that is a style of another width of content"
    vector = record(7, num_content=16).features.style
    assert style.nearest(vector, 1)[0] == (ids[7], pytest.approx(1, abs=1e-3))
    assert nearest(database, 7, 1) == ["7"]


def test_it_is_kept_and_used_again(database: Database, builds: list[int]) -> None:
    fill(database, range(60))
    first = nearest(database, 5)
    assert nearest(database, 5) == first
    assert len(builds) == 1


def test_a_few_new_ones_are_added_and_what_is_gone_is_not_found(database: Database, builds: list[int]) -> None:
    fill(database, range(100))
    assert nearest(database, 103, 1) != ["103"]
    fill(database, range(100, 105))
    with database.write():
        database.remove_under(Path("/a/7.jpg"))
    assert nearest(database, 103, 1) == ["103"]
    assert "7" not in nearest(database, 7, 50)
    assert nearest(database, 8, 1) == ["8"]
    assert len(builds) == 1


def test_many_new_ones_make_it_anew(database: Database, builds: list[int]) -> None:
    fill(database, range(50))
    nearest(database, 1)
    fill(database, range(50, 200))
    assert nearest(database, 150, 1) == ["150"]
    assert len(builds) == 2


def test_old_files_do_not_pile_up(database: Database) -> None:
    for stop in (20, 40, 60, 61, 62):
        fill(database, range(stop))
        nearest(database, 1)
    kept = sorted(path.name for path in database.path.parent.iterdir() if path.name.startswith("content"))
    assert len(kept) == 2
    assert kept[1] == "content.npz"


@pytest.mark.parametrize("damage", ["cut", "empty", "missing", "stamp cut", "stamp missing", "stamp of another"])
def test_a_damaged_index_is_made_anew(database: Database, damage: str, tmp_path: Path) -> None:
    fill(database, range(60))
    expected = nearest(database, 5)
    [graph] = tmp_path.glob("content-*.usearch")
    stamp = tmp_path / "content.npz"
    match damage:
        case "cut":
            graph.write_bytes(graph.read_bytes()[:-100])
        case "empty":
            graph.write_bytes(b"")
        case "missing":
            graph.unlink()
        case "stamp cut":
            stamp.write_bytes(stamp.read_bytes()[:200])
        case "stamp missing":
            stamp.unlink()
        case "stamp of another":
            np.savez(stamp, stamp="{}", ids=np.arange(3))
    assert nearest(database, 5) == expected
    assert nearest(database, 6, 1) == ["6"]


def test_the_index_of_another_database_is_not_believed(database: Database, tmp_path: Path) -> None:
    fill(database, range(60))
    nearest(database, 5)
    database.close()
    database.path.unlink()
    with Database(database.path) as anew:
        fill(anew, range(200, 260))  # the same ids and the same generation
        assert nearest(anew, 205, 1) == ["205"]


def test_without_a_place_to_keep_it_everything_is_compared(database: Database, tmp_path: Path) -> None:
    fill(database, range(40))
    with Database(database.path, writable=False) as reader:
        assert isinstance(open_index(reader, Likeness.CONTENT, V), ExactIndex)
        assert nearest(reader, 9, 1) == ["9"]
    assert not list(tmp_path.glob("content*"))


def test_without_usearch_everything_is_compared(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(database, range(40))
    with_usearch = nearest(database, 9, 10)
    monkeypatch.setattr(index_module, "find_spec", lambda _name: None)
    assert isinstance(open_index(database, Likeness.CONTENT, V), ExactIndex)
    assert nearest(database, 9, 10) == with_usearch


def test_more_than_there_are_gives_all(database: Database) -> None:
    fill(database, range(4))
    assert sorted(nearest(database, 1, 10)) == ["0", "1", "2", "3"]
    exact = index_module._exact(database, Likeness.CONTENT, V)
    assert exact is not None
    assert len(exact.nearest(record(1, num_content=16).features.content, 10)) == 4


def test_likeness_falls_with_distance() -> None:
    values = likeness(np.array([-1e-3, 0, 0.5, 2, 50], np.float32))
    assert values[0] == values[1] == 1
    assert (np.diff(values[1:]) < 0).all()
    assert values[3] == pytest.approx(np.exp(-1))


@pytest.mark.parametrize("count", [1, 2, 500])
def test_random_pictures_are_two_apart(count: int) -> None:
    random = np.random.default_rng(1)
    vectors = (random.normal(size=(count, 64)) * np.geomspace(0.1, 10, 64) + 5).astype(np.float32)
    points = fit_space(vectors, np.full(64, 1 / 64, np.float32))(vectors)
    assert np.isfinite(points).all()
    if count > 100:
        squared = np.square(points[:250] - points[250:]).sum(axis=1)
        assert 1.5 < squared.mean() < 2.2


def test_what_does_not_vary_is_not_blown_up() -> None:
    vectors = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    vectors[:, 2] = 5 + 1e-6 * vectors[:, 2]
    space = fit_space(vectors, np.full(3, 1 / 3, np.float32))
    assert space.scale[2] < 10 * space.scale[0]
