from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import ImpastoError, MissingExtraError, OutputError, UnreadableMediaError, UsageError
from impasto.gallery import gallery as gallery_module
from impasto.gallery.database import Database
from impasto.gallery.gallery import AddReport, Gallery, default_library_dir
from impasto.gallery.reading import BATCH_SIZE
from impasto.gallery.records import Likeness, Rating

from .seen import BLUE, GREEN, RED, PlainExtractor, save, save_scenes, scene

COLORS = {"red": RED, "green": GREEN, "blue": BLUE}
SHAPES = ("left", "top", "middle")


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """Nine pictures: three shapes in three colours."""
    return save_scenes(tmp_path / "pictures", SHAPES, COLORS)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def open_gallery(tmp_path: Path, said: list[str]) -> Callable[[], Gallery]:
    return lambda: Gallery(tmp_path / "library", extractor=PlainExtractor(), say=said.append)


@pytest.fixture
def gallery(open_gallery: Callable[[], Gallery]) -> Gallery:
    return open_gallery()


def num_seen(gallery: Gallery) -> int:
    extractor = gallery._extractor
    assert isinstance(extractor, PlainExtractor)
    return extractor.num_seen


def stems(gallery: Gallery, picture: Path, count: int, by: Likeness = Likeness.CONTENT) -> list[str]:
    return [hit.path.stem for hit in gallery.search(picture, count, by)]


def counts(report: AddReport) -> tuple[int, int, int, int, int]:
    return report.added, report.copies, report.unchanged, report.missing, len(report.failures)


def test_content_and_style_are_searched_apart(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    assert counts(gallery.add([tmp_path / "pictures"])) == (9, 0, 0, 0, 0)
    for shape in SHAPES:
        for color in COLORS:
            asked = pictures[f"{shape}-{color}"]
            assert set(stems(gallery, asked, 2)) == {f"{shape}-{c}" for c in COLORS if c != color}
            others = {f"{s}-{color}" for s in SHAPES if s != shape}
            assert set(stems(gallery, asked, 2, Likeness.STYLE)) == others


def test_what_is_found_is_ranked(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    gallery.add([tmp_path / "pictures"])
    hits = gallery.search(pictures["top-red"], 100)
    assert len(hits) == 8, "all but the picture itself"
    alike = [hit.likeness for hit in hits]
    assert alike == sorted(alike, reverse=True)
    assert all(0 <= value <= 1 for value in alike)


def test_a_picture_from_outside_can_be_searched_by(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    gallery.add([tmp_path / "pictures"])
    outside = save(tmp_path / "outside.png", scene("left", RED, seed=99))
    assert set(stems(gallery, outside, 3)) == {"left-red", "left-green", "left-blue"}
    copy = Path(shutil.copy(pictures["top-blue"], tmp_path / "copy.png"))
    [hit] = gallery.search(copy, 1)
    assert (hit.path, round(hit.likeness, 3)) == (pictures["top-blue"], 1), "a copy elsewhere is found, and is the same"
    assert gallery.status().pictures == 9, "searching adds nothing"


def test_adding_again_looks_at_what_changed_only(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    gallery.add([tmp_path / "pictures"])
    assert num_seen(gallery) == 9
    save(pictures["top-red"], scene("middle", GREEN, seed=77))
    save(tmp_path / "pictures" / "new.png", scene("left", BLUE, seed=78))
    os.utime(pictures["top-blue"], (1, 1))  # touched, but the same
    assert counts(gallery.add([tmp_path / "pictures"])) == (2, 1, 7, 0, 0)
    assert num_seen(gallery) == 11
    assert gallery.status().pictures == 10


def test_copies_are_one_picture(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "pictures", tmp_path / "pictures" / "again")
    assert counts(gallery.add([tmp_path / "pictures"])) == (9, 9, 0, 0, 0)
    assert num_seen(gallery) <= 18
    hits = gallery.search(pictures["left-red"], 3)
    assert hits[0].path.stem == "left-red", "its copy in another folder"
    assert len({hit.path.stem for hit in hits}) == 3
    assert all(len(hit.copies) == 1 for hit in hits[1:])


def test_one_bad_picture_does_not_stop_the_rest(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "pictures" / "a broken.jpg").write_bytes(b"no picture")
    (tmp_path / "pictures" / "empty.png").write_bytes(b"")
    report = gallery.add([tmp_path / "pictures"])
    assert counts(report) == (9, 0, 0, 0, 2)
    assert [failure.path.name for failure in report.failures] == ["a broken.jpg", "empty.png"]
    assert all(str(failure.path) in failure.message for failure in report.failures)
    assert counts(gallery.add([tmp_path / "pictures"])) == (0, 0, 9, 0, 2)


def test_a_picture_that_breaks_later_is_no_longer_found(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path
) -> None:
    gallery.add([tmp_path / "pictures"])
    pictures["left-green"].write_bytes(b"broken now")
    assert counts(gallery.add([tmp_path / "pictures"])) == (0, 0, 8, 0, 1)
    assert gallery.status().missing == 1


def test_names_that_are_no_unicode_are_said(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path / "pictures") + b"/\xff.png"
    shutil.copy(pictures["left-red"], odd)
    report = gallery.add([tmp_path / "pictures"])
    assert counts(report) == (9, 0, 0, 0, 1)
    assert "rename it" in report.failures[0].message


def test_deleted_files_are_marked_when_adding(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    gallery.add([tmp_path / "pictures"])
    kept = pictures["left-green"].read_bytes()
    pictures["left-green"].unlink()
    assert counts(gallery.add([tmp_path / "pictures"])) == (0, 0, 8, 1, 0)
    assert counts(gallery.add([tmp_path / "pictures"])) == (0, 0, 8, 0, 0), "marked once"
    assert "left-green" not in stems(gallery, pictures["left-red"], 9)
    pictures["left-green"].write_bytes(kept)
    gallery.add([tmp_path / "pictures"])
    assert gallery.status().missing == 0
    assert "left-green" in stems(gallery, pictures["left-red"], 2)
    assert num_seen(gallery) == 9, "what it looks like was still known"


def test_deleted_files_are_marked_when_found(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    gallery.add([tmp_path / "pictures"])
    for name in ("left-green", "left-blue"):
        pictures[name].unlink()
    assert len(stems(gallery, pictures["left-red"], 6)) == 6
    assert gallery.status().missing == 2
    assert stems(gallery, pictures["left-green"], 1) == ["left-red"], "one can still search by what is gone"


def test_a_folder_that_is_gone_is_marked_and_an_unknown_one_refused(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path
) -> None:
    gallery.add([tmp_path / "pictures"])
    shutil.rmtree(tmp_path / "pictures")
    assert counts(gallery.add([tmp_path / "pictures"])) == (0, 0, 0, 9, 0)
    with pytest.raises(UnreadableMediaError, match="nowhere does not exist"):
        gallery.add([tmp_path / "nowhere"])
    assert gallery.search(pictures["left-red"]) == []


def test_removing_forgets_and_touches_no_file(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    other = save(tmp_path / "other" / "one.png", scene("left", GREEN, seed=50))
    gallery.add([tmp_path / "pictures", other])
    assert gallery.remove([tmp_path / "pictures"]) == 9
    assert all(path.exists() for path in pictures.values())
    status = gallery.status()
    assert (status.pictures, status.folders) == (1, (other,))
    assert stems(gallery, pictures["left-red"], 5) == ["one"]
    assert gallery.remove([tmp_path / "pictures"]) == 0


def test_an_interrupted_run_is_taken_up(gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = 2 * BATCH_SIZE + 3
    for number in range(total):
        save(tmp_path / "many" / f"{number:02}.png", scene("left", RED, seed=number))
    steps: list[tuple[int, int]] = []

    def stop_after_one(num_done: int, num_pictures: int) -> None:
        steps.append((num_done, num_pictures))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gallery.add([tmp_path / "many"], stop_after_one)
    assert gallery.status().pictures == BATCH_SIZE
    report = gallery.add([tmp_path / "many"], lambda done, count: steps.append((done, count)))
    assert counts(report) == (total - BATCH_SIZE, 0, BATCH_SIZE, 0, 0)
    left = total - BATCH_SIZE
    assert steps == [(BATCH_SIZE, total), (BATCH_SIZE, left), (left, left)]


def test_another_version_of_features_looks_again(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    gallery.add([tmp_path / "pictures"])
    newer = Gallery(tmp_path / "library", extractor=PlainExtractor("plain/2"))
    assert newer.status().outdated == 9
    assert newer.search(pictures["left-red"]) == []
    assert counts(newer.add([tmp_path / "pictures"])) == (9, 0, 0, 0, 0)
    assert newer.status().outdated == 0
    assert len(newer.search(pictures["left-red"])) == 8


def test_without_a_library_it_says_how_to_make_one(gallery: Gallery, pictures: dict[str, Path]) -> None:
    asks: list[Callable[[], object]] = [gallery.status, lambda: gallery.search(pictures["left-red"])]
    for ask in [*asks, lambda: gallery.remove([pictures["left-red"]])]:
        with pytest.raises(UsageError, match="Make one: impasto library add FOLDER"):
            ask()
    assert not gallery.path.parent.exists()


def test_what_cannot_be_searched_by_is_said(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    gallery.add([tmp_path / "pictures"])
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    for name, words in (("broken.jpg", "is not a picture"), ("none.jpg", "No such file"), ("pictures", "is a folder")):
        with pytest.raises(UnreadableMediaError, match=words):
            gallery.search(tmp_path / name)
    with pytest.raises(UsageError, match="at least 1"):
        gallery.search(pictures["left-red"], 0)


def test_looking_at_pictures_adds_nothing_and_spares_what_is_known(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path
) -> None:
    paths = [*list(pictures.values())[:3], tmp_path / "none.jpg"]
    fresh, failures = gallery.look_at(paths)
    assert list(fresh) == paths[:3]
    assert [failure.path for failure in failures] == [paths[3]]
    assert not gallery.path.exists()
    gallery.add([tmp_path / "pictures"])
    before = num_seen(gallery)
    known, _ = gallery.look_at(paths[:3])
    assert num_seen(gallery) == before
    assert all(np.array_equal(known[path].style, fresh[path].style) for path in paths[:3])
    gallery.path.write_bytes(b"broken")
    assert list(gallery.look_at(paths[:3])[0]) == paths[:3]


# Damage


def rate(gallery: Gallery, stars: int) -> None:
    with Database(gallery.path) as database, database.write():
        database.add_rating(Rating("a" * 64, "monet", stars))


@pytest.mark.parametrize("ask", ["add", "search", "status", "remove"])
def test_a_damaged_library_is_put_aside_and_made_anew(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path, said: list[str], ask: str
) -> None:
    gallery.add([tmp_path / "pictures"])
    gallery.search(pictures["left-red"])
    gallery.path.write_bytes(b"this is not a database any more")
    match ask:
        case "add":
            assert counts(gallery.add([tmp_path / "pictures"])) == (0, 0, 9, 0, 0)
        case "search":
            assert set(stems(gallery, pictures["left-red"], 2)) == {"left-green", "left-blue"}
        case "status":
            assert gallery.status().pictures == 9
        case "remove":
            assert gallery.remove([pictures["left-red"]]) == 1
    [aside] = tmp_path.glob("library/library.damaged-*.sqlite")
    assert aside.read_bytes() == b"this is not a database any more"
    assert f"{gallery.path} is damaged" in said[0]
    assert aside.name in said[0]
    assert str(tmp_path / "pictures") in said[1]


def test_ratings_are_saved_from_the_damage(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path, said: list[str]
) -> None:
    gallery.add([tmp_path / "pictures"])
    rate(gallery, 4)
    rate(gallery, 2)
    damage_pages_of(gallery.path, "pictures")
    assert gallery.status().ratings == 2
    assert "2 rating(s) saved" in said[0]
    assert len(stems(gallery, pictures["left-red"], 20)) == 8


def damage_pages_of(path: Path, table: str) -> None:
    """Overwrite the pages of one table with rubbish, as a failing disk does."""
    connection = sqlite3.connect(path)
    [(root,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
    [(size,)] = connection.execute("PRAGMA page_size")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * size : root * size] = b"\xa5" * size
    path.write_bytes(content)


def test_folders_that_are_gone_are_still_known_after_damage(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path
) -> None:
    other = save(tmp_path / "away" / "one.png", scene("left", GREEN, seed=50)).parent
    gallery.add([tmp_path / "pictures", other])
    gallery.path.write_bytes(b"rubbish" * 100)
    other.rename(tmp_path / "unplugged")
    assert gallery.status().folders == (other, tmp_path / "pictures")
    gallery.path.write_bytes(b"rubbish" * 100)
    (tmp_path / "unplugged").rename(other)
    assert gallery.status().pictures == 10


def test_where_the_list_of_folders_is_lost_too_it_says_so(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path, said: list[str]
) -> None:
    gallery.add([tmp_path / "pictures"])
    gallery.path.write_bytes(b"rubbish" * 100)
    (gallery.path.parent / "folders.json").write_text("[1", encoding="utf-8")
    assert gallery.status().pictures == 0
    assert "add them again" in said[1]


def test_a_sound_library_is_never_put_aside(gallery: Gallery, pictures: dict[str, Path], tmp_path: Path) -> None:
    gallery.add([tmp_path / "pictures"])
    for _ in range(3):
        gallery.search(pictures["left-red"])
    assert not list(tmp_path.glob("library/*damaged*"))


# Other processes, and disks that may only be read


def _add(library: Path, folder: Path) -> None:
    Gallery(library, extractor=PlainExtractor()).add([folder])


def test_two_processes_add_to_one_library(tmp_path: Path) -> None:
    for name, start in (("one", 0), ("two", 20)):
        for number in range(start, start + 40):
            save(tmp_path / name / f"{number}.png", scene("top", GREEN, seed=number))
    context = multiprocessing.get_context("spawn")
    jobs = [context.Process(target=_add, args=(tmp_path / "library", tmp_path / name)) for name in ("one", "two")]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    assert [job.exitcode for job in jobs] == [0, 0]
    gallery = Gallery(tmp_path / "library", extractor=PlainExtractor())
    status = gallery.status()
    assert (status.pictures, status.files, len(status.folders)) == (60, 80, 2)
    assert len(gallery.search(tmp_path / "one" / "3.png", 100)) == 59
    gallery.path.write_bytes(b"rubbish" * 100)
    assert gallery.status().files == 80, "the list of folders named both"


@pytest.fixture
def read_only(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let nothing be written any more, as on a read-only disk; the superuser cannot be kept out by permissions."""

    def refuse(_path: Path) -> sqlite3.Connection:
        uri = f"{gallery.path.as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE never (x)")
        raise AssertionError("SQLite wrote to a read-only database")

    return lambda: monkeypatch.setattr("impasto.gallery.database.open_writable", refuse)


def test_a_read_only_library_is_searched_but_not_added_to(
    open_gallery: Callable[[], Gallery],
    read_only: Callable[[], None],
    pictures: dict[str, Path],
    tmp_path: Path,
) -> None:
    open_gallery().add([tmp_path / "pictures"])
    before = kept(tmp_path / "library")
    read_only()
    gallery = open_gallery()
    pictures["left-green"].unlink()
    assert stems(gallery, pictures["left-red"], 1) == ["left-blue"]
    assert gallery.status().pictures == 9
    for refused in (lambda: gallery.add([tmp_path / "pictures"]), lambda: gallery.remove([tmp_path])):
        with pytest.raises(OutputError, match=r"library\.sqlite cannot be written: .*readonly"):
            refused()
    assert kept(tmp_path / "library") == before


def kept(library: Path) -> dict[str, bytes]:
    """Return the files of a library, but for those by which SQLite lets processes share one."""
    return {path.name: path.read_bytes() for path in library.iterdir() if not path.name.endswith(("-shm", "-wal"))}


@pytest.mark.skipif(not hasattr(os, "setuid") or os.geteuid() != 0, reason="needs to become somebody else")
def test_somebody_elses_library_is_searched_but_not_added_to(pictures: dict[str, Path], tmp_path: Path) -> None:
    """As `nobody`, to whom the folder is read-only for the system itself."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    _add(tmp_path / "library", tmp_path / "pictures")
    child = os.fork()
    if child == 0:
        status = 4
        try:
            status = _as_nobody(tmp_path, pictures["left-red"])
        finally:  # or else there would be two of pytest from here on
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _as_nobody(folder: Path, picture: Path) -> int:
    os.setgid(65534)
    os.setuid(65534)
    gallery = Gallery(folder / "library", extractor=PlainExtractor())
    try:
        found = stems(gallery, picture, 2)
    except ImpastoError as error:
        print(error, flush=True)
        return 2
    try:
        gallery.add([folder / "pictures"])
    except OutputError as error:
        return 0 if set(found) == {"left-green", "left-blue"} and "cannot be written" in str(error) else 3
    return 4


# Where it is


def test_the_place_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("IMPASTO_LIBRARY", "IMPASTO_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert default_library_dir().name == "library"
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    assert Gallery().path == tmp_path / "home" / "library" / "library.sqlite"
    monkeypatch.setenv("IMPASTO_LIBRARY", str(tmp_path / "here"))
    assert default_library_dir() == tmp_path / "here"
    assert Gallery(tmp_path / "there").path.parent == tmp_path / "there"


def test_relative_paths_mean_the_same_from_elsewhere(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gallery.add([Path("pictures")])
    monkeypatch.chdir(tmp_path / "pictures")
    assert counts(gallery.add([Path()])) == (0, 0, 9, 0, 0)
    assert all(hit.path.is_absolute() for hit in gallery.search("left-red.png"))


def test_a_missing_extra_stops_at_once(pictures: dict[str, Path], tmp_path: Path) -> None:
    class Blind(PlainExtractor):
        def _network_features(self, squares: object) -> tuple[object, object]:  # type: ignore[override]
            raise MissingExtraError("pip install 'impasto[library]'")

    with pytest.raises(MissingExtraError):
        Gallery(tmp_path / "library", extractor=Blind()).add([tmp_path / "pictures"])


def test_the_most_asked_for_bounds_a_search_among_the_deleted(
    gallery: Gallery, pictures: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery.add([tmp_path / "pictures"])
    monkeypatch.setattr(gallery_module, "_MOST_ASKED", 2)
    assert stems(gallery, pictures["left-red"], 5) == []
