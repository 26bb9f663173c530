"""What became of the content, on pairs whose relation is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from impasto.gate.breaking import Made, torn
from impasto.gate.comparison import color_features, compare_with_content, fit_quadratic, moved_colors
from impasto.gate.evidence import Expectation
from impasto.gate.view import view_picture

from .pictures import photo, to_8bit, warm


def compared(output: np.ndarray, content: np.ndarray) -> dict[str, float]:
    return compare_with_content(view_picture(output), view_picture(content)).measures


def test_a_picture_agrees_with_itself():
    found = compared(photo(1), photo(1))
    for name in ("edges_fine", "outlines", "outlines_worst"):
        assert found[name] == pytest.approx(1, abs=1e-3)
    assert found["moved"] == pytest.approx(np.log(0.5), abs=1e-3)
    assert found["contrast_change"] == found["colorfulness_change"] == 0


def test_a_change_of_colours_alone_is_explained():
    found = compared(warm(photo(1)), photo(1))
    assert found["outlines"] > 0.97
    assert found["unexplained"] < np.log(0.8)
    assert found["moved"] > np.log(5)
    assert found["contrast_change"] < 0
    assert found["colorfulness_change"] < 0


def test_blur_is_not_explained_and_leaves_the_outlines():
    blurred = np.asarray(Image.fromarray(warm(photo(1))).filter(ImageFilter.GaussianBlur(2)))
    found, whole = compared(blurred, photo(1)), compared(warm(photo(1)), photo(1))
    assert found["edges_fine"] < whole["edges_fine"] - 0.05
    assert found["unexplained"] > whole["unexplained"] + 0.1
    assert found["outlines"] > 0.9


@pytest.mark.parametrize("lose", ["torn", "replaced"])
def test_content_that_is_lost_has_other_outlines(lose):
    for seed in range(4):
        made = Made(photo(seed), warm(photo(seed)), warm(photo(seed + 50)))
        output = torn(made, np.random.default_rng(0)) if lose == "torn" else made.other
        found = compared(output, made.content)
        assert found["outlines"] < 0.8
        assert found["outlines_worst"] < 0.3


def test_light_and_dark_swapped_count_against_it():
    assert compared(255 - photo(2), photo(2))["outlines"] < -0.8


def test_the_map_shows_where_pixels_are_not_explained():
    output = warm(photo(3))
    output[:48, :48] = np.random.default_rng(0).integers(0, 256, (48, 48, 3))
    where = compare_with_content(view_picture(output), view_picture(photo(3))).map
    assert where[:3, :3].min() > 2 * where[4:, 4:].max()


def test_a_content_of_another_size_is_brought_to_size():
    content = photo(4, 288, 384)
    output = warm(np.asarray(Image.fromarray(content).resize((192, 144), Image.Resampling.HAMMING)))
    found = compared(output, content)
    assert found["outlines"] > 0.97
    assert found["edges_fine"] > 0.97


def test_tiny_and_plain_pictures_are_no_trouble():
    assert compared(photo(1, 10, 40), photo(1, 10, 40)) == {}
    plain = np.full((60, 60, 3), 90, np.uint8)
    assert all(np.isfinite(value) for value in compared(plain, plain).values())
    assert compared(plain, photo(1, 60, 60))["outlines"] == pytest.approx(0, abs=0.05)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_quadratic_is_found_exactly(seed):
    random = np.random.default_rng(seed)
    before = random.uniform([5, -60, -60], [95, 60, 60], (400, 3)).astype(np.float32)
    truth = random.normal(0, 5, (10, 3))
    after = (color_features(before) @ truth).astype(np.float32)
    found = color_features(before) @ fit_quadratic(color_features(before), after)
    assert np.abs(found - after).max() < 0.5


def test_moved_colours_belong_together_and_are_few():
    before, after = moved_colors(view_picture(warm(photo(5))), view_picture(photo(5)))
    assert before.shape == after.shape
    assert len(before) <= 2000
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] > 0.99
    assert before.base is None, "a view would keep the whole picture"


def pairs_of(seeds: range) -> list[tuple[np.ndarray, np.ndarray]]:
    return [moved_colors(view_picture(warm(photo(seed))), view_picture(photo(seed))) for seed in seeds]


def test_what_is_expected_of_a_look_holds_for_unseen_photos():
    expectation = Expectation.of(pairs_of(range(8)))
    for before, after in pairs_of(range(20, 25)):
        found = expectation.departure(before, after)
        assert found["style.off"] < np.log(2.5)
        assert abs(found["style.off_L"]) < 1.5


@pytest.mark.parametrize(
    ("shift", "sign", "direction"),
    [((0.08, 0.08, 0.08), "off_L", 1), ((0.06, 0, -0.06), "off_b", 1), ((-0.05, 0.04, -0.05), "off_a", -1)],
)
def test_a_departure_says_which_way(shift, sign, direction):
    expectation = Expectation.of(pairs_of(range(8)))
    off = to_8bit(warm(photo(30)) / 255 + np.array(shift))
    found = expectation.departure(*moved_colors(view_picture(off), view_picture(photo(30))))
    assert found[f"style.{sign}"] * direction > 3
    assert found["style.off"] > np.log(4)
