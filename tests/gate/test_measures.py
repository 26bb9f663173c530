"""Measures of artefacts and colours: each damage moves its own measure, and nothing else makes it cry out."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from impasto.gate.artefacts import artefact_measures
from impasto.gate.colors import color_statistics
from impasto.gate.view import SMALLEST_SIDE, WORKING_SIDE, View, view_picture
from impasto.vision.lab import rgb_to_lab

from .pictures import photo, to_8bit, warm

SEEDS = range(5)


def blurred(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(2)))


def as_jpeg(picture: np.ndarray, quality: int = 6) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def mosaic(picture: np.ndarray, side: int = 6) -> np.ndarray:
    rows, columns = (np.arange(length) // side * side for length in picture.shape[:2])
    return picture[np.ix_(rows, columns)]


def noisy(picture: np.ndarray) -> np.ndarray:
    return to_8bit(picture / 255 + np.random.default_rng(1).normal(0, 0.08, picture.shape))


def posterised(picture: np.ndarray) -> np.ndarray:
    return to_8bit(np.round(picture / 255 * 5) / 5)


def lightened(picture: np.ndarray) -> np.ndarray:
    return to_8bit(picture / 255 * 1.9)


def darkened(picture: np.ndarray) -> np.ndarray:
    return to_8bit(picture / 255 - 0.45)


@pytest.mark.parametrize(
    ("damage", "measure", "change"),
    [
        (blurred, "sharpness", -0.2),
        (noisy, "sharpness", 0.1),
        (noisy, "noise", 1.0),
        (noisy, "color_noise", 1.0),
        (as_jpeg, "blocks", 0.5),
        (mosaic, "grid", 1.5),
        (mosaic, "flatness", 2.0),
        (posterised, "flatness", 1.0),
        (posterised, "steps", 1.0),
        (lightened, "clipped_bright", 1.0),
        (darkened, "clipped_dark", 1.0),
    ],
)
def test_damage_moves_its_measure(damage, measure, change):
    for seed in SEEDS:
        before, after = (artefact_measures(view_picture(p))[measure] for p in (photo(seed), damage(photo(seed))))
        assert (after - before) * np.sign(change) > abs(change), seed


@pytest.mark.parametrize("measure", ["sharpness", "noise", "blocks", "grid", "flatness"])
def test_a_look_moves_them_little(measure):
    for seed in SEEDS:
        before, after = (artefact_measures(view_picture(p))[measure] for p in (photo(seed), warm(photo(seed))))
        assert abs(after - before) < 0.8, seed


def test_blocks_are_seen_at_full_size_of_a_large_picture():
    large = np.asarray(Image.fromarray(photo(0)).resize((1600, 1200), Image.Resampling.BICUBIC))
    fine, blocky = (artefact_measures(view_picture(p))["blocks"] for p in (large, as_jpeg(large)))
    assert blocky > fine + 0.5


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_a_plain_picture_has_finite_measures(level):
    view = view_picture(np.full((60, 70, 3), level, np.uint8))
    assert all(np.isfinite(value) for value in (artefact_measures(view) | color_statistics(view)).values())


def test_a_tiny_picture_has_no_measures_of_artefacts_but_of_colours():
    view = view_picture(np.full((7, 300, 3), 128, np.uint8))
    assert artefact_measures(view) == {}
    assert color_statistics(view)["L_mean"] == pytest.approx(53.6, abs=0.1)


def test_statistics_of_two_colours():
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[:, :30], picture[:, 30:] = (220, 180, 140), (20, 40, 60)
    light, dark = rgb_to_lab(np.array([[220, 180, 140], [20, 40, 60]]) / 255)
    found = color_statistics(view_picture(picture))
    for axis, name in enumerate("Lab"):
        assert found[f"{name}_mean"] == pytest.approx((light[axis] + dark[axis]) / 2, abs=0.05)
        assert found[f"{name}_deviation"] == pytest.approx(abs(light[axis] - dark[axis]) / 2, abs=0.05)
    assert found["L_darkest"] == pytest.approx(dark[0], abs=0.05)
    assert found["L_brightest"] == pytest.approx(light[0], abs=0.05)
    assert found["tint_b_0"] == pytest.approx(dark[2], abs=0.1)
    assert found["tint_b_3"] == pytest.approx(light[2], abs=0.1)


def test_tints_are_those_of_greys():
    """A red object in one tone does not make that tone red."""
    picture = np.repeat(np.linspace(20, 235, 90).astype(np.uint8)[None, :, None], 90, axis=0).repeat(3, axis=2)
    picture[:30, 40:50] = (220, 30, 30)
    found = color_statistics(view_picture(picture))
    assert all(abs(found[f"tint_{axis}_{tone}"]) < 1 for axis in "ab" for tone in range(4))
    tinted = color_statistics(view_picture(to_8bit(picture / 255 + np.array([0.03, 0, -0.03]))))
    assert all(tinted[f"tint_b_{tone}"] > 3 for tone in range(4))


@pytest.mark.parametrize(
    ("shape", "expected"), [((100, 80), (100, 80)), ((2048, 1024), (512, 256)), ((30, 3000), (5, 512))]
)
def test_a_view_has_the_working_size(shape, expected):
    view = view_picture(np.zeros((*shape, 3), np.uint8))
    assert view.rgb.shape == (*expected, 3)
    assert max(view.rgb.shape) <= WORKING_SIDE
    assert view.is_tiny == (min(expected) < SMALLEST_SIDE)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_depth_does_not_matter(dtype):
    picture = photo(3)
    deep = (picture / 255).astype(np.float32) if dtype == np.float32 else picture.astype(np.uint16) * 257
    view: View = view_picture(deep)
    assert np.array_equal(view.rgb, picture)
