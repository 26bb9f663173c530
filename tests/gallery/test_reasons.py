"""Whatever is said of a look on a photo holds of the numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from impasto.gallery.look_table import LookTable
from impasto.gallery.photo_study import PhotoStudy, study_file, study_photo
from impasto.gallery.reasons import SIMILAR, effect_distance, explain
from impasto.gallery.suitability import Effect, effect_of, effects_of
from impasto.gallery.taste import Rated
from impasto.vision.faces import FaceBox, faces_available

from .synthetic import IDENTITY, Pixels, colorful, lab_picture, look, ramp, random_look, random_photo, toned, with_skin

PHOTO = colorful(25, 85)
SHARED_PORTRAITS = Path(__file__).parents[3] / "shared/data/portraits/pixabay"
faces_were_available = faces_available()


@pytest.fixture(autouse=True)
def no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: False)


def reason(pixels: Pixels, table: LookTable, strength: float = 1.0, rated: tuple[Rated, ...] = ()) -> str:
    return explain(effect_of(study_photo(pixels), table, strength), table.name, rated)


@pytest.mark.parametrize(
    ("pixels", "table", "phrase"),
    [
        (PHOTO, toned("x", saturation=0), "turns it black and white"),
        (PHOTO, look("x", lambda lab: lab * (1, 0, 0) + (0, 6, 12)), "turns it into tones of one hue"),
        (colorful(25, 85, chroma=17), toned("x", saturation=0.6), "mutes colour"),
        (PHOTO, toned("x", saturation=1.5), "enriches colour"),
        (PHOTO, toned("x", lighter=9), "brightens it"),
        (PHOTO, toned("x", lighter=-9), "darkens it"),
        (PHOTO, look("x", lambda lab: lab + (1, 0, 0) * np.maximum(60 - lab[..., :1], 0) * 0.5), "lifts the dark half"),
        (
            PHOTO,
            look("x", lambda lab: lab - (1, 0, 0) * np.maximum(60 - lab[..., :1], 0) * 0.4),
            "deepens the dark half",
        ),
        (PHOTO, toned("x", contrast=0.8), "softens contrast"),
        (lab_picture(ramp(25, 85)), toned("x", warmer=6), "warms it"),
        (lab_picture(ramp(25, 85)), toned("x", warmer=-6), "cools it"),
        (lab_picture(ramp(25, 85)), toned("x", redder=6), "tints it magenta"),
        (lab_picture(ramp(25, 85)), toned("x", redder=-6), "tints it green"),
        (colorful(25, 85, chroma=9, cast=-9), toned("x", warmer=7), "warms a cool photo"),
        (lab_picture(ramp(5, 35)), toned("x", lighter=16), "brightens a dark photo"),
        (lab_picture(ramp(40, 60)), toned("x", contrast=1.8), "gives a flat photo contrast"),
        (lab_picture(ramp(50, 100)), toned("x", lighter=12), "but burns 14% to white"),
        (lab_picture(ramp(0, 60)), toned("x", lighter=-14), "but crushes 14% to black"),
        (lab_picture(ramp(40, 60)), toned("x", contrast=0.4), "ends flat"),
        (lab_picture(ramp(25, 85), 0, 10), toned("x", warmer=14), "ends warm"),
        (PHOTO, IDENTITY, "hardly shows"),
        (PHOTO, look("x", lambda lab: lab * (-1, 1, 1) + (100, 0, 0)), "but changes it strongly"),
        (
            lab_picture(55, np.where(np.arange(64)[None] < 32, 45.0, -45.0)),
            toned("x", saturation=0),
            "colours together",
        ),
        (with_skin(PHOTO), toned("x", redder=-30), "shifts skin-like colours"),
        (with_skin(PHOTO), toned("x", contrast=1.1), "keeps skin-like colours"),
        (with_skin(PHOTO), toned("x", lighter=-20), "darkens skin-like colours"),
    ],
)
def test_what_a_look_does_is_said(pixels: Pixels, table: LookTable, phrase: str) -> None:
    assert phrase in reason(pixels, table)


def test_only_a_face_is_called_skin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: True)
    monkeypatch.setattr("impasto.vision.faces.detect_faces", lambda pixels: [FaceBox(20, 12, 24, 24, 0.9)])
    assert reason(with_skin(PHOTO), toned("x", contrast=1.1)).startswith("keeps skin natural")
    assert "makes skin unnatural" in reason(with_skin(PHOTO), toned("x", redder=-30))
    # A face in black and white has no natural skin to keep, before or after.
    assert "natural" not in reason(lab_picture(ramp(25, 85)), toned("x", contrast=1.1))
    assert "natural" not in reason(with_skin(PHOTO), toned("x", saturation=0))


def test_faults_come_after_a_but() -> None:
    told = reason(lab_picture(ramp(50, 100)), toned("x", lighter=12))
    assert told.index("brightens it") < told.index(", but ") < told.index("burns")


def holds(phrase: str, effect: Effect) -> bool:
    """Tell from the numbers, in other words than the code's, whether a phrase is true."""
    before, after = effect.before, effect.after
    darks, lights = effect.darks_change, effect.lights_change
    facts = {
        "keeps skin natural": effect.skin_source == "faces" and effect.skin_after >= 0.85,
        "makes skin unnatural": effect.skin_source == "faces" and effect.skin_after < effect.skin_before - 0.1,
        "darkens the face": effect.skin_source == "faces" and effect.skin_lightness_change < -6,
        "pales the face": effect.skin_source == "faces" and effect.skin_lightness_change > 6,
        "keeps skin-like colours": effect.skin_source == "colors" and effect.skin_after >= 0.85,
        "shifts skin-like colours": effect.skin_after < effect.skin_before - 0.1,
        "darkens skin-like colours": effect.skin_lightness_change < -6,
        "pales skin-like colours": effect.skin_lightness_change > 6,
        "brightens a dark photo": before.key < 40 and after.key > before.key,
        "gives a flat photo contrast": before.contrast < 60 and after.contrast > before.contrast,
        "softens a hard photo": before.contrast > 75 and after.contrast < before.contrast,
        "warms a cool photo": before.color_temperature < 0 and after.color_temperature > before.color_temperature,
        "cools a warm photo": before.color_temperature > 8 and after.color_temperature < before.color_temperature,
        "enriches muted colour": before.saturation < 12 and after.saturation > before.saturation,
        "calms rich colour": before.saturation > 20 and after.saturation < before.saturation,
        "turns it black and white": before.saturation > 3 > after.saturation,
        "turns it into tones of one hue": effect.hues_after < 2.5 < effect.hues_before,
        "mutes colour": after.saturation < 0.8 * before.saturation,
        "enriches colour": after.saturation > 1.2 * before.saturation,
        "brightens it": min(darks, lights) >= 3,
        "darkens it": max(darks, lights) <= -3,
        "lifts the dark half": darks >= 3,
        "deepens the dark half": darks <= -3,
        "brightens the light half": lights >= 3,
        "dims the light half": lights <= -3,
        "adds contrast": after.contrast > before.contrast + 5,
        "softens contrast": after.contrast < before.contrast - 5,
        "warms it": after.color_temperature > before.color_temperature + 1,
        "cools it": after.color_temperature < before.color_temperature - 1,
        "tints it magenta": after.tint > before.tint + 2,
        "tints it green": after.tint < before.tint - 2,
        "warms the shadows": after.shadow_warmth > before.shadow_warmth + 3,
        "cools the shadows": after.shadow_warmth < before.shadow_warmth - 3,
        "warms the highlights": after.highlight_warmth > before.highlight_warmth + 3,
        "cools the highlights": after.highlight_warmth < before.highlight_warmth - 3,
        "ends dark": after.key < 31,
        "ends light": after.key > 59,
        "ends flat": after.contrast < 51,
        "ends hard": after.contrast > 85,
        "ends cold": after.color_temperature < -2,
        "ends warm": after.color_temperature > 11,
        "ends greenish": after.tint < -4,
        "ends reddish": after.tint > 6,
        "ends pale": after.saturation < 8,
        "ends gaudy": after.saturation > 26,
        "draws its main colours together": effect.palette_kept < 0.7,
        "changes it strongly": effect.movement > 20,
        "hardly shows": effect.movement < 4,
        "changes little": effect.movement < 10,
    }
    if phrase.startswith(("burns ", "crushes ")):
        verb, percent, _, color = phrase.split()
        share = effect.burnt if verb == "burns" else effect.crushed
        return color == ("white" if verb == "burns" else "black") and percent == f"{share:.0%}" and share > 0.01
    return facts[phrase]


def parts_of(told: str) -> list[str]:
    parts = []
    for clause in told.replace(", but ", ", ").split(", "):
        parts += [clause] if clause == "turns it black and white" else clause.split(" and ")
    return parts


def untrue(photos: list[PhotoStudy], looks: list[LookTable], said: set[str]) -> list[tuple[str, Effect]]:
    """Return what is said of any look on any photo and does not hold; note all that is said."""
    effects = [effect for photo in photos for look in looks for effect in effects_of(photo, look, [0.4, 1.0])]
    told = [(part, effect) for effect in effects for part in parts_of(explain(effect, ""))]
    said |= {part for part, _ in told}
    return [(part, effect) for part, effect in told if not holds(part, effect)]


def test_everything_said_is_true() -> None:
    random, said = np.random.default_rng(0), set[str]()
    photos = [study_photo(random_photo(random)) for _ in range(12)]
    assert untrue(photos, [random_look(str(number), random) for number in range(12)], said) == []
    assert len(said) > 25


@pytest.mark.shared
def test_everything_said_of_portraits_in_built_in_styles_is_true(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    portraits = sorted(SHARED_PORTRAITS.glob("*.jpg"))[::35]
    if not portraits or not faces_were_available:
        pytest.skip("needs the portraits, and the extra `faces`")
    monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: True)
    from impasto.cli.taste import installed_looks

    looks, unusable = installed_looks()
    assert not unusable
    studies, said = [study_file(path) for path in portraits], set[str]()
    assert untrue(studies, looks, said) == []
    assert {"keeps skin natural", "makes skin unnatural", "turns it black and white"} <= said
    found = [study.num_faces > 0 for study in studies]
    assert np.mean(found) > 0.8


def effect_with(**changes: float) -> Effect:
    effect = effect_of(study_photo(PHOTO), toned("x", warmer=5))
    return replace(effect, after=replace(effect.after, **changes))


def test_ratings_of_the_style_itself_come_first() -> None:
    effect = effect_with()
    rated = [Rated("monet", 4, effect), Rated("monet", 5, effect), Rated("other", 1, effect)]
    assert explain(effect, "monet", rated).endswith("; you gave it 4.5 stars (mean of 2)")
    assert explain(effect, "other", rated).endswith("; you gave it 1 star")


def test_ratings_of_similar_looks_count_where_they_are_similar() -> None:
    effect, similar, far = effect_with(key=50.0), effect_with(key=56.0), effect_with(key=90.0)
    assert effect_distance(effect, similar) < SIMILAR < effect_distance(effect, far)
    rated = [Rated("a", 4, similar), Rated("b", 5, similar), Rated("c", 1, far)]
    assert explain(effect, "new", rated).endswith("; you gave similar looks 4.5 stars (mean of 2)")
    assert "you gave" not in explain(effect, "new", rated[2:])
    assert "you gave" not in explain(effect, "new")
