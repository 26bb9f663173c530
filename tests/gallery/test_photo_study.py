"""Photos from files, and where skin is found in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.errors import UnreadableMediaError
from impasto.gallery.photo_study import study_file, study_photo
from impasto.vision.faces import FaceBox

from .synthetic import SKIN, colorful, lab_picture, ramp, with_skin


def find_faces(monkeypatch: pytest.MonkeyPatch, *boxes: tuple[float, float, float, float]) -> None:
    monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: True)
    monkeypatch.setattr("impasto.vision.faces.detect_faces", lambda pixels: [FaceBox(*box, 0.8) for box in boxes])


@pytest.fixture(autouse=True)
def no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: False)


def saved(path: Path, scale: int = 1, **options: object) -> Path:
    pixels = (with_skin(colorful()) * 255).round().astype(np.uint8)
    Image.fromarray(pixels.repeat(scale, axis=0).repeat(scale, axis=1)).save(path, **options)
    return path


def test_a_file_is_studied_small(tmp_path: Path) -> None:
    small, large = (study_file(saved(tmp_path / f"{scale}.png", scale)) for scale in (4, 20))
    assert len(large.colors) == len(small.colors) == 64 * 86
    np.testing.assert_allclose(large.traits.as_vector(), small.traits.as_vector(), atol=0.1)
    np.testing.assert_allclose(large.palette.weights, small.palette.weights, atol=0.03)


def test_a_file_is_studied_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    upright, turned = saved(tmp_path / "a.png", 4), saved(tmp_path / "b.png", 4, exif=exif)
    first, second = study_file(upright), study_file(turned)
    assert first.traits.key == pytest.approx(second.traits.key, abs=0.01)
    assert not np.array_equal(first.colors, second.colors)


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture", encoding="utf-8")
    with pytest.raises(UnreadableMediaError):
        study_file(tmp_path / "text.jpg")


def test_several_faces_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    find_faces(monkeypatch, (4, 4, 16, 16), (40, 20, 16, 16))
    study = study_photo(colorful())
    assert (study.num_faces, study.skin_source) == (2, "faces")
    assert study.skin.sum() == pytest.approx(2 * np.pi / 4 * 12**2, rel=0.1)


def test_a_face_at_the_edge_is_cut_there(monkeypatch: pytest.MonkeyPatch) -> None:
    find_faces(monkeypatch, (-8, 16, 16, 16))
    study = study_photo(colorful())
    assert study.skin.sum() == pytest.approx(np.pi / 8 * 12**2, rel=0.1)


def test_a_face_in_the_dark_or_burnt_out_shows_no_skin(monkeypatch: pytest.MonkeyPatch) -> None:
    find_faces(monkeypatch, (20, 12, 24, 24))
    for lightness in (3, 99):
        study = study_photo(lab_picture(lightness))
        assert (study.num_faces, study.skin_source) == (1, "none")


def test_a_speck_of_skin_color_is_no_skin() -> None:
    specked = with_skin(lab_picture(ramp()), slice(0, 4), slice(0, 8))
    assert study_photo(specked).skin_source == "none"
    assert study_photo(with_skin(lab_picture(ramp()))).skin_source == "colors"


def test_the_palette_holds_what_is_in_the_photo() -> None:
    study = study_photo(with_skin(lab_picture(30, 0, -20), slice(0, 48), slice(0, 32)))
    skin = study_photo(lab_picture(*SKIN)).palette.colors[0]
    assert np.abs(study.palette.colors - skin).max(axis=1).min() < 0.02
