"""Light of known stops, and clipped parts of known share."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.critique.finding import Level
from impasto.critique.tones import judge_clipping, judge_contrast, judge_exposure, measure_clipping

from .constructed import colors, encoded


def grey(light: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return encoded(np.full((40, 40, 3), light))


@pytest.mark.parametrize(("light", "stops"), [(0.18, 0), (0.09, -1), (0.36, 1), (0.18 / 8, -3), (0.72, 2)])
def test_grey_of_known_light_is_so_many_stops_from_the_middle(light: float, stops: float) -> None:
    assert judge_exposure(grey(light)).value == pytest.approx(stops, abs=0.01)


@pytest.mark.parametrize("stops", [-3.0, -1.5, -0.5, 0.5])
def test_light_that_is_multiplied_moves_it_by_as_much(stops: float) -> None:
    before, after = (judge_exposure(encoded(colors() * factor)).value for factor in (1, 2**stops))
    assert before is not None
    assert after == pytest.approx(before + stops, abs=0.02)


@pytest.mark.parametrize(("light", "word"), [(0.02, "dark"), (0.18, "its median"), (0.9, "bright"), (0, "dark")])
def test_dark_and_bright_are_named_with_their_doubt(light: float, word: str) -> None:
    finding = judge_exposure(grey(light))
    assert finding.phrase.startswith(word)
    assert (finding.level is Level.LOOK) == ("intent" in finding.phrase)


def test_a_few_bright_pixels_do_not_count() -> None:
    rgb = grey(0.09)
    rgb[:4] = 1
    assert judge_exposure(rgb).value == pytest.approx(-1, abs=0.01)


def test_contrast_is_the_span_of_lightness() -> None:
    from impasto.vision.lab import lab_to_rgb

    lightness = np.repeat(np.linspace(20, 60, 101), 10)
    lab = np.stack([lightness, np.zeros_like(lightness), np.zeros_like(lightness)], axis=-1)[None]
    finding = judge_contrast(lab_to_rgb(lab))
    assert finding.value == pytest.approx(39.2, abs=0.5)
    assert finding.details["darkest"] == pytest.approx(20.4, abs=0.4)
    assert finding.details["brightest"] == pytest.approx(59.6, abs=0.4)
    assert finding.level is Level.LOOK
    assert judge_contrast(encoded(np.linspace(0, 1, 300).repeat(3).reshape(10, 30, 3))).level is Level.FINE


def picture(dtype: type = np.uint8) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """100×100: 300 pixels white, 200 more clipped in red alone, 500 black, 100 more without blue."""
    pixels = np.full((100, 100, 3), 120, np.float64)
    pixels[:3] = 255
    pixels[3:5, :, 0] = 255
    pixels[50:55] = 0
    pixels[55, :, 2] = 0
    if dtype is np.float32:
        return (pixels / 255).astype(np.float32)
    return (pixels * (257 if dtype is np.uint16 else 1)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_shares_are_exact_at_any_depth(dtype: type) -> None:
    white, black = (measure_clipping(picture(dtype), bright=bright) for bright in (True, False))
    assert white.share == pytest.approx(0.03)
    assert white.shares == pytest.approx((0.05, 0.03, 0.03))
    assert black.share == pytest.approx(0.05)
    assert black.shares == pytest.approx((0.05, 0.05, 0.06))


@pytest.mark.parametrize("share", [0.0, 0.004, 0.02, 0.3, 1.0])
def test_a_share_that_is_clipped_is_read_and_looked_at_from_a_hundredth(share: float) -> None:
    pixels = np.full((100, 100, 3), 120, np.uint8)
    pixels.reshape(-1, 3)[: round(share * 10_000)] = 255
    finding = judge_clipping(measure_clipping(pixels, bright=True), pixels, (), bright=True)
    assert finding.value == pytest.approx(share * 100)
    assert (finding.level is Level.LOOK) == (share > 0.01)


def test_what_is_nearly_white_is_not_clipped() -> None:
    pixels = np.full((50, 50, 3), 253, np.uint8)
    assert measure_clipping(pixels, bright=True).share == 0
    assert measure_clipping(np.full((50, 50, 3), 2, np.uint8), bright=False).share == 0
    assert measure_clipping(np.full((50, 50, 3), 1, np.uint8), bright=False).share == 1


def test_the_worst_channel_is_named() -> None:
    pixels = np.full((100, 100, 3), 120, np.uint8)
    pixels[:10, :, 0] = 255
    finding = judge_clipping(measure_clipping(pixels, bright=True), pixels, (), bright=True)
    assert finding.value == 0
    assert "10.0 % clipped in red" in finding.phrase
    assert finding.level is Level.LOOK
    assert finding.details == pytest.approx({"red": 0.1, "green": 0, "blue": 0})


def test_the_map_says_where() -> None:
    grid = measure_clipping(picture(), bright=False).grid
    rows = np.nonzero(grid.max(axis=1))[0] / grid.shape[0]
    assert rows.min() == pytest.approx(0.5, abs=0.02)
    assert rows.max() == pytest.approx(0.55, abs=0.02)
    assert float(grid.mean()) == pytest.approx(0.06, abs=0.005)


def test_a_clipped_face_is_named_though_it_is_little_of_the_picture() -> None:
    pixels = np.full((200, 200, 3), 120, np.uint8)
    pixels[100:105, 100:110] = 255
    face = (0.5, 0.5, 0.6, 0.6)
    finding = judge_clipping(measure_clipping(pixels, bright=True), pixels, [face], bright=True)
    assert finding.details["face"] == pytest.approx(0.125)
    assert finding.level is Level.LOOK
    assert "of the largest face 12.5 %" in finding.phrase
    elsewhere = judge_clipping(measure_clipping(pixels, bright=True), pixels, [(0, 0, 0.3, 0.3)], bright=True)
    assert elsewhere.level is Level.FINE
    assert elsewhere.details["face"] == 0


def test_very_little_is_not_called_nothing() -> None:
    pixels = np.full((100, 100, 3), 120, np.uint8)
    pixels[0, 0] = 255
    assert "under 0.1 %" in judge_clipping(measure_clipping(pixels, bright=True), pixels, (), bright=True).phrase
