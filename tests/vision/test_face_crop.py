"""Squares around faces: where they lie, and what is in them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.vision import face_crop as module
from impasto.vision.face_crop import centre_square, face_crop, upright_face
from impasto.vision.faces import FaceBox
from impasto.vision.landmarks import NUM_LANDMARKS, FaceRegion, Landmarks

PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)


def landmarks(
    left: tuple[float, float], right: tuple[float, float], lips: tuple[float, float], score: float = 0.9
) -> Landmarks:
    points = np.zeros((NUM_LANDMARKS, 2))
    points[[33, 133]], points[[362, 263]], points[[13, 14]] = left, right, lips
    return Landmarks(points, score, FaceRegion(0, 0, 1))


def found_as(monkeypatch: pytest.MonkeyPatch, found: Landmarks | None) -> None:
    faces = [] if found is None else [FaceBox(0, 0, 9, 9, 0.9), FaceBox(0, 0, 20, 20, 0.6)]
    monkeypatch.setattr(module, "detect_faces", lambda _: faces)

    def of_the_largest(_: object, face: FaceBox) -> Landmarks | None:
        assert face.width == 20
        return found

    monkeypatch.setattr(module, "detect_landmarks", of_the_largest)


def test_a_level_face_is_framed_from_eyes_to_lips(monkeypatch: pytest.MonkeyPatch) -> None:
    found_as(monkeypatch, landmarks((30, 30), (50, 30), (40, 52)))
    region = upright_face(PICTURE)
    assert region is not None
    assert region.x == 40
    assert 30 < region.y < 52
    assert region.angle == 0
    assert 2.5 * 22 < region.side < 4.5 * 22


def test_a_face_twice_as_large_has_a_region_twice_as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    found_as(monkeypatch, landmarks((30, 30), (50, 30), (40, 52)))
    small = upright_face(PICTURE)
    found_as(monkeypatch, landmarks((60, 60), (100, 60), (80, 104)))
    large = upright_face(PICTURE)
    assert small is not None
    assert large is not None
    assert large.side == pytest.approx(2 * small.side)
    assert (large.x, large.y) == pytest.approx((2 * small.x, 2 * small.y))


def test_a_tilted_face_is_turned_upright(monkeypatch: pytest.MonkeyPatch) -> None:
    found_as(monkeypatch, landmarks((30, 30), (50, 50), (24, 56)))
    region = upright_face(PICTURE)
    assert region is not None
    assert region.angle == pytest.approx(np.pi / 4)


def test_no_face_or_none_to_be_sure_of_gives_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    found_as(monkeypatch, None)
    assert upright_face(PICTURE) is None
    found_as(monkeypatch, landmarks((30, 30), (50, 30), (40, 52), score=0.2))
    assert upright_face(PICTURE) is None


def test_a_region_within_is_cut_as_it_is() -> None:
    cut = face_crop(PICTURE, FaceRegion(40, 30, 20), 20)
    assert cut.dtype == np.uint8
    np.testing.assert_array_equal(cut, PICTURE[20:40, 30:50])


def test_beyond_the_picture_its_edges_are_mirrored() -> None:
    cut = face_crop(PICTURE, FaceRegion(0, 30, 20), 20)
    np.testing.assert_array_equal(cut[:, 10:], PICTURE[20:40, :10])
    np.testing.assert_array_equal(cut[:, :10], PICTURE[20:40, :10][:, ::-1])


def test_a_region_may_be_larger_than_the_picture() -> None:
    cut = face_crop(PICTURE, FaceRegion(40, 30, 150, 0.3), 32)
    assert cut.shape == (32, 32, 3)
    assert cut.min(axis=2).mean() > 20  # no black corners


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_middle_is_square_and_eight_bit(dtype: type) -> None:
    largest = 1.0 if dtype is np.float32 else np.iinfo(dtype).max
    pixels: NDArray[np.generic] = (PICTURE / 255 * largest).astype(dtype)
    square = centre_square(pixels, 60)
    assert square.dtype == np.uint8
    assert np.abs(square.astype(int) - PICTURE[:, 10:70]).max() <= 1
    assert centre_square(pixels, 16).shape == (16, 16, 3)
