from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.errors import UsageError
from impasto.vision.shots import Shot, find_shots

from .film_scenes import HEIGHT, WIDTH, Picture, as_frames, dissolve, lit, pan, plain, still


def incoming(pictures: Sequence[Picture], bit_depth: int = 8, rate: int = 24) -> list[tuple[str, int, int]]:
    """Return how each shot but the first comes in: the transition, its first frame, and the first frame after it."""
    shots = find_shots(as_frames(pictures, bit_depth, rate))
    return [(shot.transition, shot.transition_start, shot.start) for shot in shots[1:]]


def cut_at(frame: int) -> tuple[str, int, int]:
    return ("cut", frame, frame)


@pytest.mark.parametrize("bit_depth", [8, 10])
def test_cuts_are_found_at_their_frames(bit_depth: int) -> None:
    film = [*still(0, 20), *still(1, 15), *pan(2, 25, 1.5), *still(3, 12)]
    assert incoming(film, bit_depth) == [cut_at(20), cut_at(35), cut_at(60)]


@settings(max_examples=6, deadline=None)
@given(lengths=st.lists(st.integers(6, 16), min_size=1, max_size=4), seed=st.integers(0, 50))
def test_shots_follow_each_other_without_gaps(lengths: list[int], seed: int) -> None:
    film = [picture for number, length in enumerate(lengths) for picture in still(seed + number, length)]
    shots = find_shots(as_frames(film))
    assert shots[0].start == 0
    assert shots[-1].stop == len(film)
    assert [shot.index for shot in shots] == list(range(len(lengths)))
    for before, after in pairwise(shots):
        assert (before.stop, before.stop_time) == (after.start, after.start_time)
    assert [shot.num_frames for shot in shots] == lengths


def test_times_are_exact() -> None:
    shots = find_shots(as_frames([*still(0, 10), *still(1, 14)], rate=25))
    assert [(shot.start_time, shot.stop_time) for shot in shots] == [
        (Fraction(0), Fraction(10, 25)),
        (Fraction(10, 25), Fraction(24, 25)),
    ]
    assert shots[1].duration == Fraction(14, 25)


@pytest.mark.parametrize("speed", [1, 4, 9, 16, 30])
def test_a_pan_is_no_cut(speed: float) -> None:
    assert incoming([*pan(0, 40, speed)]) == []


def test_a_pan_that_begins_and_ends_suddenly_is_no_cut() -> None:
    moving = pan(0, 16, 8)
    assert incoming([*[moving[0]] * 20, *moving, *[moving[-1]] * 20]) == []


def test_a_slow_pan_is_no_dissolve() -> None:
    assert incoming(pan(3, 90, 0.7)) == []


@pytest.mark.parametrize("num_frames", [1, 2, 4])
@pytest.mark.parametrize("level", [16, 235])
def test_a_flash_is_no_cut(num_frames: int, level: int) -> None:
    scene = still(0, 40 + num_frames)
    flash = [0.1 * picture + 0.9 * white for picture, white in zip(scene[20:], plain(level, num_frames), strict=False)]
    assert incoming([*scene[:20], *flash, *scene[20 + num_frames :]]) == []


def test_a_flash_hides_no_cut_next_to_it() -> None:
    film = [*still(0, 20), *plain(235, 1), *still(0, 19), *still(1, 20)]
    assert incoming(film) == [cut_at(40)]


def test_light_that_goes_on_and_off_is_no_cut() -> None:
    scene = still(4, 60)
    assert incoming([*scene[:20], *(lit(picture, 0.45) for picture in scene[20:40]), *scene[40:]]) == []


def test_a_title_over_a_scene_is_no_cut() -> None:
    scene = still(5, 40)
    for picture in scene[20:]:
        picture[0, 50:60, 20:100] = 235
    assert incoming(scene) == []


def test_letters_in_black_bars_do_not_hide_cuts() -> None:
    film = [*still(0, 20), *still(1, 20)]
    for picture in film:
        picture[0, :12], picture[0, -12:] = 16, 16
    assert incoming(film) == [cut_at(20)]


def test_another_scene_of_soft_forms_is_told_by_its_colour() -> None:
    assert incoming([*[soft(0.0, 90, 180)] * 15, *[soft(1.0, 180, 90)] * 15]) == [cut_at(15)]


def test_light_of_another_colour_is_no_cut() -> None:
    assert incoming([*[soft(0.0, 118, 138)] * 15, *[soft(0.0, 138, 118)] * 15]) == []


def soft(phase: float, blue: float, red: float) -> Picture:
    """Return waves in one colour."""
    luma = 110 + 40 * np.sin(np.linspace(0, 12, WIDTH)[None] + np.linspace(0, 5, HEIGHT)[:, None] + phase)
    return np.stack([luma, np.full_like(luma, blue), np.full_like(luma, red)]).astype(np.float32)


@pytest.mark.parametrize("num_frames", [4, 8, 12, 24, 48])
def test_dissolves_are_found_with_first_and_last_frame(num_frames: int) -> None:
    first, second = still(0, 30 + num_frames), still(1, 30 + num_frames)
    film = [*first[:30], *dissolve(first[30:], second[:num_frames]), *second[num_frames:]]
    [(kind, start, stop)] = incoming(film)
    assert kind == "dissolve"
    assert start == pytest.approx(30, abs=1)
    assert stop == pytest.approx(30 + num_frames, abs=1)


def test_a_dissolve_between_moving_pictures_is_found() -> None:
    first, second = pan(6, 54, 0.5), pan(7, 54, -0.5)
    film = [*first[:36], *dissolve(first[36:], second[:18]), *second[18:]]
    [(kind, start, stop)] = incoming(film)
    assert kind == "dissolve"
    assert start == pytest.approx(36, abs=3)
    assert stop == pytest.approx(54, abs=3)


def test_one_mixed_frame_makes_a_cut_and_not_two() -> None:
    first, second = still(0, 21), still(1, 21)
    [(kind, start, stop)] = incoming([*first[:20], *dissolve(first[20:], second[:1]), *second[1:]])
    assert kind == "cut"
    assert start == stop
    assert start in (20, 21)


@pytest.mark.parametrize("level", [16, 235])
def test_a_fade_out_and_in_is_one_transition(level: int) -> None:
    first, second = still(0, 42), still(1, 42)
    film = [
        *first[:30],
        *dissolve(first[30:], plain(level, 12)),
        *plain(level, 8),
        *dissolve(plain(level, 12), second[:12]),
        *second[12:],
    ]
    [(kind, start, stop)] = incoming(film)
    assert kind == "fade"
    assert start == pytest.approx(30, abs=1)
    assert stop == pytest.approx(62, abs=1)


@pytest.mark.parametrize("fades_out", [True, False])
def test_a_fade_may_end_or_begin_with_a_cut(fades_out: bool) -> None:
    first, second = still(0, 42), still(1, 42)
    out = dissolve(first[30:], plain(16, 12)) if fades_out else []
    back = [] if fades_out else dissolve(plain(16, 12), second[:12])
    film = [*first[:30], *out, *plain(16, 10), *back, *second[12:]]
    [(kind, start, stop)] = incoming(film)
    assert kind == "fade"
    assert start == pytest.approx(30, abs=1)
    assert stop == pytest.approx(52, abs=1)


def test_a_fade_at_the_beginning_or_the_end_is_no_transition() -> None:
    scene = still(0, 64)
    film = [
        *plain(16, 10),
        *dissolve(plain(16, 12), scene[:12]),
        *scene[12:52],
        *dissolve(scene[52:], plain(16, 12)),
        *plain(16, 10),
    ]
    assert incoming(film) == []


def test_black_for_a_second_between_cuts_is_a_shot() -> None:
    assert incoming([*still(0, 20), *plain(16, 24), *still(1, 20)]) == [cut_at(20), cut_at(44)]


def test_very_short_shots_are_told_apart() -> None:
    film = [*still(0, 20), *still(1, 5), *still(2, 5), *still(3, 20)]
    assert incoming(film) == [cut_at(20), cut_at(25), cut_at(30)]


def test_more_frames_a_second_change_nothing_but_how_long_things_take() -> None:
    first, second = still(0, 90), still(1, 90)
    film = [*first[:60], *plain(235, 6), *first[:30], *dissolve(first[60:], second[:30]), *second[30:]]
    [(kind, start, stop)] = incoming(film, rate=60)
    assert (kind, start, stop) == ("dissolve", pytest.approx(96, abs=1), pytest.approx(126, abs=1))


@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_the_shortest_films_have_one_shot(num_frames: int) -> None:
    [shot] = find_shots(as_frames(still(0, num_frames)))
    assert (shot.start, shot.stop, shot.transition) == (0, num_frames, "cut")


def test_a_film_without_frames_has_no_shots() -> None:
    assert find_shots([]) == []


def test_tiny_frames_are_no_trouble() -> None:
    tiny = [picture[:, :8, :10] for picture in [*still(0, 10), *still(1, 10)]]
    assert find_shots(as_frames(tiny))[-1].stop == 20


def test_the_same_frames_give_the_same_shots() -> None:
    film = [*still(0, 20), *dissolve(still(0, 12), still(1, 12)), *still(1, 20)]
    assert find_shots(as_frames(film)) == find_shots(as_frames(film))


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(UsageError, match="thumbnails, transnet"):
        find_shots([], detector="eyes")  # type: ignore[arg-type]


def test_memory_does_not_grow_with_the_film() -> None:
    def peak(num_frames: int) -> int:
        scene = still(0, 8)
        tracemalloc.start()
        find_shots(as_frames([scene[index % 8] for index in range(num_frames)]))
        _, largest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return largest

    # The list of pictures grows by eight bytes each.
    assert peak(400) < peak(250) + 20_000


def test_a_shot_knows_its_lengths() -> None:
    shot = Shot(1, 30, 54, Fraction(30, 24), Fraction(54, 24), "dissolve", 18)
    assert (shot.num_frames, shot.num_transition_frames, shot.duration) == (24, 12, Fraction(1))


FLICKER: dict[str, Callable[[int], float]] = {
    "slow": lambda index: 0.7 + 0.3 * float(np.sin(index / 4)),
    "fast": lambda index: 1.0 if index % 2 else 0.7,
}


@pytest.mark.parametrize("name", FLICKER)
def test_flicker_is_no_cut(name: str) -> None:
    assert incoming([lit(picture, FLICKER[name](index)) for index, picture in enumerate(still(8, 60))]) == []
