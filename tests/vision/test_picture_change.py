from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from impasto.vision.picture_change import changed_area, mean_change, structure, unexplained_change
from impasto.vision.shot_thumbnail import ShotThumbnail, make_thumbnail, shrink

from .film_scenes import Picture, as_frames, lit, pan, plain, texture


def small(picture: Picture, bit_depth: int = 8) -> ShotThumbnail:
    [frame] = as_frames([picture], bit_depth)
    return make_thumbnail(frame)


def test_the_same_picture_does_not_change() -> None:
    thumbnail = small(texture(0))
    assert unexplained_change(thumbnail, thumbnail) == pytest.approx(0, abs=1e-4)
    assert mean_change(thumbnail, thumbnail) == changed_area(thumbnail, thumbnail) == 0


@pytest.mark.parametrize("seed", range(6))
def test_two_scenes_explain_each_other_less_than_motion_and_light_do(seed: int) -> None:
    first, moved = pan(seed, 2, 10)
    here = small(first)
    assert unexplained_change(here, small(texture(seed + 50))) > 0.5
    assert unexplained_change(here, small(moved)) < 0.2
    assert unexplained_change(here, small(lit(first, 0.5))) < 0.3


def test_it_is_the_same_both_ways() -> None:
    first, second = small(texture(0)), small(texture(1))
    assert unexplained_change(first, second) == pytest.approx(unexplained_change(second, first), abs=0.1)


def test_black_bars_are_not_what_pictures_share() -> None:
    barred = [texture(seed) for seed in (0, 1)]
    for picture in barred:
        picture[0, :14], picture[0, -14:], picture[0, :, :10], picture[0, :, -10:] = 16, 16, 16, 16
        picture[1:, :14], picture[1:, -14:] = 128, 128
    assert unexplained_change(*map(small, barred)) > 0.5
    assert changed_area(*map(small, barred)) > 0.9


def test_a_black_picture_has_no_bars_to_cut_off() -> None:
    [black] = plain(16, 1)
    assert unexplained_change(small(texture(0)), small(black)) > 0.5
    assert unexplained_change(small(black), small(black)) == pytest.approx(0, abs=1e-3)


def test_another_object_changes_part_of_the_picture() -> None:
    picture = texture(0)
    there = picture.copy()
    there[0, 18:45, 16:64] = 235
    assert 0.1 < changed_area(small(picture), small(there)) < 0.4


def test_a_mix_of_two_scenes_has_half_their_structure() -> None:
    first, second = texture(0), texture(1)
    mixed = structure(small((first + second) / 2))
    assert mixed / (structure(small(first)) + structure(small(second))) * 2 == pytest.approx(0.5, abs=0.15)


def test_thumbnails_are_means_of_cells_at_any_depth() -> None:
    picture = texture(3)
    thumbnail, deep = small(picture), small(picture, 10)
    expected = picture[0].reshape(36, 2, 64, 2).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(thumbnail.luma, expected, atol=0.003)
    np.testing.assert_allclose(deep.luma, expected * 255 * 4 / 1023, atol=0.003)
    assert thumbnail.chroma.shape == (2, 18, 32)


def test_signatures_mix_as_pictures_do() -> None:
    first, second = texture(0), texture(1)
    mixed = small(0.3 * first + 0.7 * second).signature()
    np.testing.assert_allclose(mixed, 0.3 * small(first).signature() + 0.7 * small(second).signature(), atol=0.004)


@pytest.mark.parametrize(("shape", "size"), [((1, 1), (4, 4)), ((5, 400), (36, 64)), ((2160, 3840), (36, 64))])
def test_any_plane_shrinks_to_the_size_asked_for(shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert np.array_equal(shrink(np.full(shape, 7, np.uint16), size), np.full(size, 7, np.float32))


def test_flat_means_nothing_to_be_seen() -> None:
    [grey] = plain(100, 1)
    noisy = grey + np.random.default_rng(0).normal(0, 3, grey.shape).astype(np.float32)
    assert small(grey).is_flat
    assert small(noisy).is_flat
    assert not small(texture(0)).is_flat
    assert small(grey).moment.time == Fraction(0)
