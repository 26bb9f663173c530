from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from impasto.vision.cuts import Cut, CutFinder
from impasto.vision.shot_thumbnail import make_thumbnail

from .film_scenes import Picture, as_frames, lit, pan, plain, still, texture


def found_with_time(pictures: Sequence[Picture], num_flash_frames: int = 4) -> list[tuple[Cut, int]]:
    """Return each cut, and the frame at which it was told; the number of frames for those told at the end."""
    finder = CutFinder(num_flash_frames)
    found = []
    for index, frame in enumerate(as_frames(pictures)):
        if cut := finder.add(make_thumbnail(frame)):
            found.append((cut, index))
    return [*found, *((cut, len(pictures)) for cut in finder.finish())]


def places(pictures: Sequence[Picture], num_flash_frames: int = 4) -> list[int]:
    return [cut.frame.index for cut, _ in found_with_time(pictures, num_flash_frames)]


@pytest.mark.parametrize("num_flash_frames", [2, 4, 10])
def test_a_cut_is_told_as_soon_as_a_flash_would_be_over(num_flash_frames: int) -> None:
    film = [*still(0, 30), *still(1, 30)]
    assert [(cut.frame.index, told) for cut, told in found_with_time(film, num_flash_frames)] == [
        (30, 30 + num_flash_frames)
    ]


@pytest.mark.parametrize("first", [1, 2, 4, 5, 9])
def test_a_cut_among_the_first_frames_is_found(first: int) -> None:
    assert places([*still(0, first), *still(1, 20)]) == [first]


@pytest.mark.parametrize("last", [1, 2, 4, 5, 9])
def test_a_cut_among_the_last_frames_is_found(last: int) -> None:
    assert places([*still(0, 20), *still(1, last)]) == [20]


def test_films_shorter_than_the_window_are_judged_whole() -> None:
    assert places([*still(0, 2), *still(1, 2)]) == [2]
    assert places(still(0, 1)) == []
    assert CutFinder().finish() == []


def test_how_unlike_the_scenes_are_is_said() -> None:
    [(cut, _)] = found_with_time([*still(0, 10), *still(1, 10)])
    assert 0.5 <= cut.unexplained <= 1


@pytest.mark.parametrize("num_frames", [1, 2, 3, 4])
@pytest.mark.parametrize("gain", [0.05, 2.2])
def test_neither_end_of_a_flash_is_a_cut(num_frames: int, gain: float) -> None:
    scene = still(2, 40)
    assert places([*scene[:20], *(lit(each, gain) for each in scene[20 : 20 + num_frames]), *scene[20:]]) == []


def test_what_lasts_longer_than_a_flash_is_another_scene() -> None:
    scene = still(2, 40)
    assert places([*scene[:20], *still(3, 4), *scene[20:]], num_flash_frames=4) == []
    assert places([*scene[:20], *still(3, 9), *scene[20:]], num_flash_frames=4) == [20, 29]


def test_flashes_one_after_the_other_are_no_cuts() -> None:
    scene = still(4, 60)
    film = [lit(each, 0.1) if 20 <= index < 40 and index % 3 == 0 else each for index, each in enumerate(scene)]
    assert places(film) == []


@pytest.mark.parametrize("speed", [2, 6, 12, 20, 40, 64])
def test_pans_at_any_speed_are_no_cuts(speed: float) -> None:
    assert places(pan(1, 30, speed)) == []


def test_a_cut_in_the_middle_of_pans_is_found() -> None:
    assert places([*pan(1, 20, 6), *pan(2, 20, -6)]) == [20]


def test_a_cut_from_rest_into_a_pan_is_found() -> None:
    assert places([*still(1, 20), *pan(2, 20, 5)]) == [20]


def test_a_slow_zoom_is_no_cut() -> None:
    picture = texture(5, 144, 256)
    film = []
    for index in range(40):
        high = 144 - 2 * index
        wide = high * 16 // 9
        rows = 72 - high // 2 + (np.arange(72) * high / 72).astype(int)
        columns = 128 - wide // 2 + (np.arange(128) * wide / 128).astype(int)
        film.append(picture[:, rows][:, :, columns])
    assert places(film) == []


def test_a_large_thing_that_comes_into_the_picture_is_no_cut() -> None:
    film = still(6, 40)
    other = texture(7)
    for index in range(10, 40):
        wide = min(60, 6 * (index - 9))
        film[index][:, :, :wide] = other[:, :, :wide]
    assert places(film) == []


def test_cuts_to_and_from_black_are_cuts() -> None:
    assert places([*still(0, 20), *plain(16, 12), *still(1, 20)]) == [20, 32]


def test_shots_of_three_frames_are_told_apart() -> None:
    film = [each for seed in range(6) for each in still(seed, 3)]
    assert places([*still(20, 12), *film, *still(21, 12)], num_flash_frames=2) == [12, 15, 18, 21, 24, 27, 30]


def test_noise_is_no_cut() -> None:
    noise = np.random.default_rng(0)
    film = [(each + noise.normal(0, 12, each.shape)).astype(np.float32) for each in still(8, 40)]
    assert places(film) == []
    film = [*film[:20], *((each + noise.normal(0, 12, each.shape)).astype(np.float32) for each in still(9, 20))]
    assert places(film) == [20]
