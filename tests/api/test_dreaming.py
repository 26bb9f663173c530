"""Dreams from Python, with a network that gives back what it is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dream_styles import SIDE, save_colors

from impasto.api import dreaming
from impasto.api.dreaming import Dream, load_dream
from impasto.errors import MissingExtraError, StyleFileError, UsageError
from impasto.vision import face_crop
from impasto.vision.landmarks import FaceRegion


@pytest.fixture
def dream_path(home: Path, tmp_path: Path) -> Path:
    return save_colors(tmp_path / "colours.style")


def test_a_seed_gives_the_same_pictures(dream_path: Path) -> None:
    dream = load_dream(dream_path)
    pictures = dream.pictures(20, seed=4)
    assert pictures.shape == (20, SIDE, SIDE, 3)
    np.testing.assert_array_equal(pictures[:3], load_dream(dream_path).pictures(3, seed=4))
    assert not np.array_equal(pictures[:3], dream.pictures(3, seed=5))


def test_truncated_noise_gives_less_variety(dream_path: Path) -> None:
    dream = load_dream(dream_path)
    usual, narrow = (dream.pictures(60, 1, noise).std(axis=0).mean() for noise in (None, "truncated:0.3"))
    assert narrow < 0.5 * usual


def test_a_mixture_lies_between(dream_path: Path) -> None:
    mixed = load_dream(dream_path).mix(2, 2, seed=3)
    assert mixed.shape == (4, SIDE, SIDE, 3)
    assert not np.array_equal(mixed[0], mixed[1])


def test_a_walk_has_as_many_pictures_as_asked_for(dream_path: Path) -> None:
    pictures = list(load_dream(dream_path).walk(2, rate=6, seed=1))
    assert len(pictures) == 12
    assert all(picture.shape == (SIDE, SIDE, 3) for picture in pictures)


def test_near_a_photo_there_is_a_dream_of_its_colour(dream_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_crop, "upright_face", lambda _: FaceRegion(20, 20, 20))
    photo = np.zeros((40, 60, 3), np.uint8)
    photo[8:32, 8:32] = (90, 160, 120)
    target, found, how = load_dream(dream_path).near(photo, 1200)
    assert np.abs(target.astype(int) - (90, 160, 120)).max() <= 1
    assert np.abs(found.astype(int) - target).max() <= 6
    assert how.distance < how.typical


def test_a_photo_without_a_face_is_refused_and_without_a_detector_its_middle_is_taken(
    dream_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = np.full((40, 60, 3), 120, np.uint8)
    monkeypatch.setattr(face_crop, "upright_face", lambda _: None)
    with pytest.raises(UsageError, match="no face was found"):
        load_dream(dream_path).near(photo, 20)

    def missing(_: object) -> None:
        raise MissingExtraError("install it")

    monkeypatch.setattr(face_crop, "upright_face", missing)
    target, _, _ = load_dream(dream_path).near(photo, 20)
    assert target.shape == (SIDE, SIDE, 3)


def test_a_look_is_no_dream(tmp_path: Path, save_look: Callable[..., Path]) -> None:
    with pytest.raises(StyleFileError, match="is a look style, which has no dreams"):
        load_dream(save_look(tmp_path / "kodak.style"))


@pytest.mark.parametrize("text", ["one:0.5,two:0.5", "one+two"])
def test_dreams_are_neither_blended_nor_chained(home: Path, text: str) -> None:
    with pytest.raises(UsageError, match="neither blended nor chained"):
        load_dream(text)


@pytest.mark.parametrize("count", [0, -3])
def test_no_pictures_cannot_be_asked_for(dream_path: Path, count: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        load_dream(dream_path).pictures(count)


def test_a_dream_in_memory_has_the_name_it_was_learned_with(dream_path: Path) -> None:
    from impasto.style.file import load_style

    dream = Dream(load_style(dream_path).in_memory())
    assert (dream.name, dream.side, dream.path) == ("colours", SIDE, None)
    assert dreaming.load_dream(dream_path).path == dream_path
