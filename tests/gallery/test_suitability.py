"""What a look does to constructed photos, and what that is held to be worth."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import UnusablePixelsError
from impasto.gallery.look_table import LookTable
from impasto.gallery.photo_study import PhotoStudy, skin_plausibility, study_photo
from impasto.gallery.suitability import Effect, effect_of, effects_of, expected_stars, suitability
from impasto.vision.faces import FaceBox

from .synthetic import IDENTITY, SKIN, colorful, lab_picture, look, ramp, toned, with_skin

FoundFaces = Callable[..., None]
NOIR = toned("noir", saturation=0)


@pytest.fixture(autouse=True)
def found_faces(monkeypatch: pytest.MonkeyPatch) -> FoundFaces:
    """Return a function that says which faces are found, `found_faces(box, …)`; without it, none can be looked for."""
    monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: False)

    def find(*boxes: tuple[float, float, float, float]) -> None:
        monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: True)
        monkeypatch.setattr("impasto.vision.faces.detect_faces", lambda pixels: [FaceBox(*box, 0.9) for box in boxes])

    return find


def study(pixels: NDArray[np.float32]) -> PhotoStudy:
    return study_photo(pixels)


@pytest.mark.parametrize("depth", [25, 40, 55, 70, 85])
def test_skin_of_every_depth_is_plausible(depth: float) -> None:
    assert skin_plausibility(np.array([[depth, 12, 16]], np.float32))[0] > 0.95


@pytest.mark.parametrize(("a", "b"), [(-15, 10), (5, -15), (15, -8), (0, 30), (0, 0), (50, 50)])
def test_green_blue_violet_grey_and_orange_skin_are_not(a: float, b: float) -> None:
    assert skin_plausibility(np.array([[60, a, b]], np.float32))[0] < 0.6


def test_skin_is_looked_for_in_faces_first(found_faces: FoundFaces) -> None:
    photo = with_skin(colorful())
    assert study(photo).skin_source == "colors"
    found_faces((20, 12, 24, 24))
    looked_at = study(photo)
    assert (looked_at.skin_source, looked_at.num_faces) == ("faces", 1)
    np.testing.assert_allclose(looked_at.lab[looked_at.skin], np.broadcast_to(SKIN, (looked_at.skin.sum(), 3)), atol=1)
    # An oval of three quarters of the box: its corners are hair and background.
    assert looked_at.skin.sum() == pytest.approx(np.pi / 4 * (0.75 * 24) ** 2, rel=0.05)


def test_a_photo_without_skin_has_none() -> None:
    looked_at = study(lab_picture(ramp()))
    assert looked_at.skin_source == "none"
    assert not looked_at.skin.any()
    assert effect_of(looked_at, toned("green", redder=-30)).skin_loss == 0


def test_large_photos_are_sampled() -> None:
    looked_at = study(np.repeat(np.repeat(colorful(), 4, axis=0), 4, axis=1))
    assert len(looked_at.colors) == 64 * 86
    assert looked_at.skin.shape == (64 * 86,)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (5, 2, 3)])
def test_tiny_photos_have_finite_effects(shape: tuple[int, ...]) -> None:
    effect = effect_of(study(np.full(shape, 0.4, np.float32)), toned("warm", warmer=9, contrast=1.2))
    assert np.isfinite([*effect.change, effect.movement, effect.palette_kept, expected_stars(effect)]).all()


def test_what_is_no_photo_is_refused() -> None:
    with pytest.raises(UnusablePixelsError):
        study(np.zeros((4, 4), np.float32))


def test_nothing_happens_at_no_strength_and_by_the_identity() -> None:
    for effect in (
        effect_of(study(colorful()), IDENTITY),
        effect_of(study(colorful()), toned("warm", warmer=9), 0.0),
    ):
        assert effect.movement < 0.3
        assert effect.palette_kept == pytest.approx(1, abs=0.02)
        assert (effect.crushed, effect.burnt) == (0, 0)
        np.testing.assert_allclose(effect.change, 0, atol=0.03)


def test_strength_goes_all_the_way() -> None:
    photo, warm = study(lab_picture(ramp(30, 80))), toned("warm", warmer=12)
    effects = effects_of(photo, warm, [0.25, 0.5, 1.0])
    warmth = [effect.after.color_temperature - effect.before.color_temperature for effect in effects]
    np.testing.assert_allclose(warmth, [3, 6, 12], atol=0.8)
    assert effects[2] == effect_of(photo, warm, 1.0)


def test_darks_and_lights_are_told_apart() -> None:
    flatter = effect_of(study(lab_picture(ramp())), toned("flat", contrast=0.7))
    assert flatter.darks_change > 3
    assert flatter.lights_change < -3
    lifted = effect_of(study(lab_picture(ramp(10, 80))), toned("lifted", lighter=8))
    assert lifted.darks_change == pytest.approx(8, abs=1)
    assert lifted.lights_change == pytest.approx(8, abs=1)


def test_clipping_counts_what_was_not_clipped_before() -> None:
    burning = effect_of(study(lab_picture(ramp(50, 100))), toned("burning", lighter=25))
    # From 72.5 on all is burnt, and what was above 93 was almost white before.
    assert burning.burnt == pytest.approx((93 - 72.5) / 50, abs=0.04)
    assert burning.crushed == 0
    assert suitability(burning)["clipping"] == -1
    crushing = effect_of(study(lab_picture(ramp(0, 50))), toned("crushing", lighter=-20))
    assert crushing.crushed == pytest.approx((24 - 9) / 50, abs=0.04)


def test_black_and_white_is_known_and_costs_no_skin() -> None:
    effect = effect_of(study(with_skin(colorful())), NOIR)
    assert effect.turns_monochrome
    assert effect.skin_loss == 0
    assert not effect_of(study(lab_picture(ramp())), NOIR).turns_monochrome


def test_colors_that_run_together_cost() -> None:
    """Red and green of one lightness are the same in black and white."""
    halves = np.where(np.arange(64)[None, :] < 32, 45.0, -45.0)
    of_hue, of_lightness = study(lab_picture(55, halves)), study(colorful(5, 98, chroma=10))
    assert effect_of(of_hue, NOIR).palette_kept < 0.1
    assert effect_of(of_lightness, NOIR).palette_kept > 0.8
    assert (
        suitability(effect_of(of_hue, NOIR))["palette"] < -0.6 < suitability(effect_of(of_lightness, NOIR))["palette"]
    )


def test_green_faces_cost_more_than_green_walls(found_faces: FoundFaces) -> None:
    green = toned("green", redder=-22)
    of_colors = suitability(effect_of(study(with_skin(colorful())), green))["skin"]
    found_faces((20, 12, 24, 24))
    of_faces = suitability(effect_of(study(with_skin(colorful())), green))["skin"]
    assert of_faces < 2 * of_colors < 0
    found_faces()
    assert suitability(effect_of(study(lab_picture(ramp())), green))["skin"] == 0


def test_a_face_is_to_keep_its_lightness(found_faces: FoundFaces) -> None:
    found_faces((20, 12, 24, 24))
    photo = study(with_skin(lab_picture(ramp(20, 95))))
    darkened, kept = (suitability(effect_of(photo, toned("x", lighter=by)))["exposure"] for by in (-16, -5))
    assert darkened == pytest.approx(-0.5, abs=0.1)
    assert kept == 0
    dark = study(with_skin(lab_picture(ramp(2, 40))))
    assert suitability(effect_of(dark, toned("x", lighter=16)))["exposure"] == 0


@pytest.mark.parametrize(
    ("photo", "mending", "worsening"),
    [
        (lab_picture(ramp(5, 35)), toned("up", lighter=20), toned("down", lighter=-5)),
        (lab_picture(ramp(40, 60)), toned("hard", contrast=1.8), toned("soft", contrast=0.5)),
        (colorful(chroma=9, cast=-14), toned("warm", warmer=10), toned("cold", warmer=-10)),
    ],
)
def test_mending_an_extreme_earns_and_worsening_it_costs(
    photo: NDArray[np.float32], mending: LookTable, worsening: LookTable
) -> None:
    mended, worsened = (suitability(effect_of(study(photo), each))["balance"] for each in (mending, worsening))
    assert mended > 0.05
    assert worsened < -0.05


def test_a_light_photo_is_not_to_be_darkened() -> None:
    photo = study(lab_picture(ramp(75, 97)))
    assert suitability(effect_of(photo, toned("down", lighter=-15)))["balance"] <= 0.01


def test_a_look_that_hardly_shows_or_turns_all_around_is_no_suggestion() -> None:
    photo = study(colorful())
    assert suitability(effect_of(photo, IDENTITY))["movement"] < -0.4
    upside_down = look("negative", lambda lab: lab * (-1, 1, 1) + (100, 0, 0))
    assert suitability(effect_of(photo, upside_down))["movement"] < -0.4
    assert suitability(effect_of(photo, toned("mild", warmer=8)))["movement"] == 0


def test_stars_stay_between_one_and_five() -> None:
    awful = look("awful", lambda lab: lab * (0, 0, 0) + (100, 0, 0))
    photo = study(with_skin(colorful()))
    assert 1 < expected_stars(effect_of(photo, awful)) < 2.2
    assert 3 < expected_stars(effect_of(photo, toned("mild", warmer=6), 0.9)) < 5


def test_effects_survive_json() -> None:
    effect = effect_of(study(with_skin(colorful())), toned("warm", warmer=8), 0.7)
    assert Effect.from_json(json.loads(json.dumps(effect.to_json()))) == effect


@pytest.mark.parametrize(
    "change",
    [
        {"movement": float("nan")},
        {"movement": "far"},
        {"style_change": [1.0]},
        {"style_change": None},
        {"before": {}},
        {"after": {"key": float("inf")}},
        {"skin_source": "stars"},
        {"strength": None},
    ],
)
def test_what_is_no_effect_is_refused(change: dict[str, object]) -> None:
    values = effect_of(study(colorful()), toned("warm", warmer=8)).to_json()
    with pytest.raises((ValueError, TypeError, KeyError)):
        Effect.from_json(values | change)
    with pytest.raises((ValueError, TypeError, KeyError)):
        Effect.from_json({key: value for key, value in values.items() if key not in change})
