from __future__ import annotations

import inspect
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

import impasto
from impasto.api.films import find_shots
from impasto.vision.shots import Shot

pytest.importorskip("av")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


def starts(path: Path) -> list[int]:
    return [shot.start for shot in find_shots(path)]


@pytest.fixture(scope="module")
def two_scenes(folder: Path) -> Path:
    from film_clips import make_film

    return make_film(folder / "two.mp4", 30, cuts=[14])


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("b.mkv", "ffv1", "yuv422p10le"),
        ("c.mov", "prores_ks", "yuv422p10le"),
        ("d.mkv", "ffv1", "yuv444p12le"),
        ("e.avi", "mpeg4", "yuv420p"),
    ],
)
def test_shots_of_films_of_any_kind(folder: Path, name: str, codec: str, pixel_format: str) -> None:
    from film_clips import make_film

    assert starts(make_film(folder / name, 30, codec=codec, pixel_format=pixel_format, cuts=[14])) == [0, 14]


@pytest.mark.parametrize("size", [(64, 36), (53, 97), (320, 50)])
def test_shots_of_films_of_any_size(folder: Path, size: tuple[int, int]) -> None:
    from film_clips import make_film

    path = make_film(folder / f"{size}.mkv", 30, size, "ffv1", "yuv444p", cuts=[14])
    assert starts(path) == [0, 14]


def test_shots_of_a_film_that_is_stored_lying(folder: Path) -> None:
    from film_clips import make_film

    assert starts(make_film(folder / "lying.mp4", 30, cuts=[14], rotation=90)) == [0, 14]


def test_times_of_variable_rate_are_exact(folder: Path) -> None:
    from film_clips import film_pts, make_film

    first, second = find_shots(make_film(folder / "vfr.mp4", 30, cuts=[14], vfr=True))
    assert (first.stop, first.stop_time) == (14, film_pts(30, vfr=True)[14])
    assert second.start_time == first.stop_time


def test_films_that_begin_later_keep_their_times(folder: Path) -> None:
    from film_clips import make_film

    first, _ = find_shots(make_film(folder / "late.mp4", 30, cuts=[14], start=Fraction(1, 4)))
    assert first.start_time == Fraction(1, 4)


def test_a_path_may_be_text(two_scenes: Path) -> None:
    assert find_shots(str(two_scenes)) == find_shots(two_scenes)


def test_the_same_film_gives_the_same_shots(two_scenes: Path) -> None:
    assert find_shots(two_scenes) == find_shots(two_scenes)


def test_errors_are_ours(folder: Path, two_scenes: Path) -> None:
    with pytest.raises(impasto.UnreadableMediaError, match="does not exist"):
        find_shots(folder / "none.mp4")
    with pytest.raises(impasto.UsageError, match="no shot detector 'eyes'"):
        find_shots(two_scenes, detector="eyes")  # type: ignore[arg-type]


def test_the_last_shot_ends_with_the_last_frame(two_scenes: Path) -> None:
    shots = find_shots(two_scenes)
    assert (shots[-1].stop, shots[-1].stop_time) == (30, Fraction(30, 24))


def test_shots_can_be_shown_and_compared(two_scenes: Path) -> None:
    def numbers(shots: list[Shot]) -> Iterator[tuple[int, int]]:
        return ((shot.index, shot.num_frames) for shot in shots)

    assert list(numbers(find_shots(two_scenes))) == [(0, 14), (1, 16)]
    assert "transition='cut'" in repr(find_shots(two_scenes)[0])


def test_it_says_what_it_raises() -> None:
    text = inspect.getdoc(find_shots) or ""
    assert all(name in text for name in ("UsageError", "UnreadableMediaError", "MissingExtraError"))
