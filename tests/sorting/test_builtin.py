from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from impasto.sorting.backbones import Kind
from impasto.sorting.classifier import Classifier, Told
from impasto.sorting.file import BUILTIN_DIR, find_classifier, load_classifier

NAMES = [path.stem for path in sorted(BUILTIN_DIR.glob("*.classifier"))]


def test_there_is_one() -> None:
    assert NAMES == ["photo-kind"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_small_sound_and_says_where_it_comes_from(name: str) -> None:
    path = find_classifier(Path(name))
    assert path.stat().st_size < 300_000
    manifest = load_classifier(path).manifest
    assert manifest.name == name
    assert manifest.backbone is Kind.FROZEN
    assert manifest.description
    assert "CC BY 4.0" in manifest.license_note
    assert manifest.measured is not None
    assert manifest.measured.accuracy > 0.95


def told(picture: Image.Image, path: Path) -> Told:
    picture.save(path)
    (said,) = list(Classifier.load("photo-kind").tell([path]))
    assert isinstance(said, Told)
    return said


def test_a_line_drawing_is_a_drawing(tmp_path: Path) -> None:
    picture = Image.new("RGB", (256, 256), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((60, 40, 200, 220), outline="black", width=4)
    pen.ellipse((95, 100, 115, 120), fill="black")
    pen.ellipse((145, 100, 165, 120), fill="black")
    pen.arc((100, 130, 160, 190), 20, 160, fill="black", width=4)
    pen.line((60, 60, 200, 50), fill="black", width=8)
    assert told(picture, tmp_path / "a.png").guess == "drawing"
