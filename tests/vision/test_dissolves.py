from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from impasto.vision.dissolves import Dissolve, DissolveFinder
from impasto.vision.shot_thumbnail import make_thumbnail

from .film_scenes import Picture, as_frames, dissolve, lit, pan, plain, still, texture


def found_with_time(pictures: Sequence[Picture], longest: int = 72) -> list[tuple[Dissolve, int]]:
    """Return each dissolve, and the frame at which it was told; the number of frames for one told at the end."""
    finder = DissolveFinder(longest)
    found = []
    for index, frame in enumerate(as_frames(pictures)):
        if dissolved := finder.add(make_thumbnail(frame)):
            found.append((dissolved, index))
    last = finder.finish()
    return [*found, *([(last, len(pictures))] if last else [])]


def ends(pictures: Sequence[Picture], longest: int = 72) -> list[tuple[int, int]]:
    """Return the first mixed frame and the first frame of the new scene of each dissolve."""
    return [(each.first.index, each.after.index) for each, _ in found_with_time(pictures, longest)]


def joined(first: Sequence[Picture], second: Sequence[Picture], num_mixed: int) -> list[Picture]:
    """Let the last frames of one scene dissolve into the first of another."""
    before, old = first[: len(first) - num_mixed], first[len(first) - num_mixed :]
    return [*before, *dissolve(old, second[:num_mixed]), *second[num_mixed:]]


@pytest.mark.parametrize("num_mixed", [2, 3, 5, 7, 10, 16, 25, 40, 60])
def test_ends_are_exact_between_scenes_at_rest(num_mixed: int) -> None:
    film = joined(still(0, 30 + num_mixed), still(1, 30 + num_mixed), num_mixed)
    assert ends(film) == [(30, 30 + num_mixed)]


def test_the_frame_before_is_the_last_of_the_old_scene() -> None:
    [(found, _)] = found_with_time(joined(still(0, 42), still(1, 42), 12))
    assert (found.before.index, found.first.index, found.after.index) == (29, 30, 42)
    assert found.num_frames == 12
    assert found.middle.index == pytest.approx(36, abs=1)


def test_a_dissolve_is_told_soon_after_it_ends() -> None:
    [(found, told)] = found_with_time(joined(still(0, 42), still(1, 72), 12))
    assert told <= found.after.index + 16


def test_an_eased_dissolve_is_found() -> None:
    first, second = still(0, 54), still(1, 54)
    shares = (1 - np.cos(np.pi * (np.arange(24) + 1) / 25)) / 2
    mixed = [(1 - share) * first[30 + index] + share * second[index] for index, share in enumerate(shares)]
    [(start, stop)] = ends([*first[:30], *mixed, *second[24:]])
    assert start == pytest.approx(30, abs=4)
    assert stop == pytest.approx(54, abs=4)


def test_dissolves_one_after_the_other_are_told_apart() -> None:
    film = joined(joined(still(0, 32), still(1, 46), 12), still(2, 44), 12)
    assert ends(film) == [(20, 32), (54, 66)]


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.75])
def test_scenes_in_motion_dissolve(speed: float) -> None:
    [(start, stop)] = ends(joined(pan(2, 44, speed), pan(3, 44, -speed), 12))
    assert start == pytest.approx(32, abs=2)
    assert stop == pytest.approx(44, abs=2)


def test_a_dissolve_longer_than_asked_for_is_not_all_found() -> None:
    film = joined(still(0, 90), still(1, 90), 60)
    assert ends(film, longest=72) == [(30, 90)]
    assert all(stop - start < 60 for start, stop in ends(film, longest=12))


@pytest.mark.parametrize("speed", [0.3, 0.7, 1.5, 3, 8])
def test_pans_are_no_dissolves(speed: float) -> None:
    assert ends(pan(4, 90, speed)) == []


def test_a_cut_is_no_dissolve() -> None:
    assert ends([*still(0, 40), *still(1, 40)]) == []
    assert ends([*pan(0, 40, 2), *pan(1, 40, 2)]) == []


def test_light_that_fades_halfway_is_no_dissolve() -> None:
    gains = np.interp(np.arange(70), [0, 20, 40, 70], [1, 1, 0.45, 0.45])
    assert ends([lit(each, gain) for each, gain in zip(still(5, 70), gains, strict=True)]) == []


def test_a_title_that_fades_in_is_no_dissolve() -> None:
    film = still(6, 70)
    for index, each in enumerate(film):
        share = np.clip((index - 20) / 16, 0, 1)
        each[0, 24:44, 20:108] = (1 - share) * each[0, 24:44, 20:108] + share * 235
    assert ends(film) == []


def test_a_scene_that_dissolves_into_itself_is_none() -> None:
    assert ends(joined(still(0, 42), still(0, 42), 12)) == []


@pytest.mark.parametrize("level", [16, 110, 235])
@pytest.mark.parametrize("goes_out", [True, False])
def test_a_fade_is_a_dissolve_with_a_flat_end(level: float, goes_out: bool) -> None:
    scene, colour = still(7, 50), plain(level, 50)
    [(found, _)] = found_with_time(joined(scene, colour, 14) if goes_out else joined(colour, scene, 14))
    assert (found.before.is_flat, found.after.is_flat) == (not goes_out, goes_out)
    assert found.first.index == pytest.approx(36, abs=2)
    assert found.after.index == pytest.approx(50, abs=2)


def test_a_fade_with_a_soft_end_is_followed_to_it() -> None:
    scene = still(8, 60)
    gains = np.interp(np.arange(60), [0, 20, 40], [1, 1, 0]) ** 2
    fading = [lit(each, gain) for each, gain in zip(scene, gains, strict=True)]
    [(found, _)] = found_with_time([*fading, *plain(16, 20)])
    assert found.after.is_flat
    assert found.after.index == pytest.approx(38, abs=4)


def test_a_dissolve_at_the_end_of_the_film_is_told_then() -> None:
    [(found, told)] = found_with_time(joined(still(0, 42), still(1, 16), 12))
    assert (found.first.index, found.after.index) == (30, 42)
    assert told == 46


def test_a_film_that_ends_within_a_dissolve_is_no_trouble() -> None:
    film = joined(still(0, 42), still(1, 42), 12)[:36]
    assert all(stop <= 36 for _, stop in ends(film))
    assert DissolveFinder().finish() is None


def test_a_cut_soon_after_a_dissolve_does_not_bend_its_end() -> None:
    film = [*joined(still(0, 42), still(1, 20), 12), *still(2, 30)]
    assert ends(film) == [(30, 42)]


def test_the_finder_holds_no_more_than_it_looks_back() -> None:
    finder = DissolveFinder(24)
    for frame in as_frames([texture(0)] * 200):
        finder.add(make_thumbnail(frame))
    assert len(finder._frames) == finder._frames.maxlen
    assert len(finder._frames) < 80
