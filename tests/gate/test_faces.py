"""Faces before and after, with a detector that says what it is told."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from impasto.gate import faces as gate_faces
from impasto.gate.faces import compare_faces, find_faces
from impasto.gate.view import view_picture
from impasto.vision.faces import FaceBox

from .pictures import photo, warm

FACE = FaceBox(60, 40, 60, 60, 0.9)


@pytest.fixture
def detect(monkeypatch: pytest.MonkeyPatch):
    """Let the detector find these faces from now on."""

    def set_faces(*faces: FaceBox) -> None:
        monkeypatch.setattr(gate_faces, "faces_available", lambda: True)
        monkeypatch.setattr(gate_faces, "detect_faces", lambda pixels: list(faces))

    return set_faces


def smeared(picture: np.ndarray, radius: int = 8) -> np.ndarray:
    broken = picture.copy()
    part = Image.fromarray(picture[40:100, 60:120]).filter(ImageFilter.GaussianBlur(radius))
    broken[40:100, 60:120] = np.asarray(part)
    return broken


def measures(output: np.ndarray, content: np.ndarray, *faces: FaceBox) -> dict[str, float]:
    return compare_faces(view_picture(output), view_picture(content), list(faces)).measures


def test_without_a_detector_there_are_none(monkeypatch):
    monkeypatch.setattr(gate_faces, "faces_available", lambda: False)
    assert find_faces(view_picture(photo(0))) == []


def test_without_a_face_nothing_is_said(detect):
    detect(FACE)
    assert measures(photo(0), photo(0)) == {}


def test_a_face_that_is_still_there(detect):
    detect(FaceBox(62, 41, 60, 58, 0.8))
    found = measures(warm(photo(0)), photo(0), FACE)
    assert found["lost"] == 0
    assert abs(found["features_kept"]) < 0.02
    assert abs(found["detail_change"]) < 0.1


@pytest.mark.parametrize("found", [(), (FaceBox(0, 0, 40, 40, 0.9),)])
def test_a_face_that_is_gone_or_elsewhere_is_lost(detect, found):
    detect(*found)
    assert measures(warm(photo(0)), photo(0), FACE)["lost"] == 1


def test_one_of_two(detect):
    detect(FACE)
    assert measures(photo(0), photo(0), FACE, FaceBox(5, 5, 40, 40, 0.9))["lost"] == 0.5


def test_a_smeared_face_is_worse_than_the_rest(detect):
    detect(FACE)
    found = measures(smeared(warm(photo(0))), photo(0), FACE)
    assert found["features_kept"] < -0.15
    assert found["detail_change"] < -0.4


def test_a_blur_of_everything_is_no_damage_to_the_face(detect):
    detect(FACE)
    whole = np.asarray(Image.fromarray(photo(0)).filter(ImageFilter.GaussianBlur(2)))
    assert abs(measures(whole, photo(0), FACE)["features_kept"]) < 0.15


def test_faces_are_looked_for_where_they_are_in_a_smaller_output(detect):
    detect(FaceBox(30, 20, 30, 30, 0.9))
    small = np.asarray(Image.fromarray(photo(0)).resize((96, 72)))
    assert measures(small, photo(0), FACE) == {"lost": 0.0}


def test_the_map_marks_the_face(detect):
    detect()
    where = compare_faces(view_picture(photo(0)), view_picture(photo(0)), [FACE]).map
    assert where[16, 14] == 1
    assert where[0].max() == where[:, 0].max() == where[-1].max() == where[:, -1].max() == 0
