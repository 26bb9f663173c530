"""The loops of `finish`, held against plain arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.apply import finish_kernels

Offsets = tuple[int, int, int, int]
RANDOM = np.random.default_rng(0)
TILES = (
    RANDOM.integers(-127, 128, (16, 16)).astype(np.int8),
    RANDOM.integers(-127, 128, (13, 13)).astype(np.int8),
)


def laid_down(offsets: Offsets, height: int, width: int) -> NDArray[np.float32]:
    """Return the sum of both tiles, repeated over an area."""
    total = np.zeros((height, width), np.float32)
    for tile, down, across in zip(TILES, offsets[::2], offsets[1::2], strict=True):
        rows, columns = (np.arange(height) + down) % len(tile), (np.arange(width) + across) % len(tile)
        total += tile[np.ix_(rows, columns)]
    return total


def tables(last: int, amount: float) -> NDArray[np.float32]:
    codes = np.arange(last + 1, dtype=np.float32)
    return np.stack([codes * np.float32(0.9) + 3, amount * np.sin(codes / last * np.pi).astype(np.float32)])


@settings(max_examples=30, deadline=None)
@given(st.tuples(*(st.integers(0, 12) for _ in range(4))), st.integers(0, 40), st.integers(1, 70))
def test_rows_of_noise_repeat_both_tiles(offsets: Offsets, y: int, width: int) -> None:
    noise = np.empty(width, np.float32)
    finish_kernels.fill_noise_row(TILES, offsets, y, noise)
    np.testing.assert_array_equal(noise, laid_down(offsets, y + 1, width)[y])


@pytest.mark.parametrize(("kind", "last"), [(np.uint8, 255), (np.uint16, 1023)])
@pytest.mark.parametrize("amount", [0.0, 0.05, 2.0])
def test_luma_is_moved_by_noise_times_the_amount_of_its_value(kind: type, last: int, amount: float) -> None:
    source = RANDOM.integers(0, last + 1, (20, 33)).astype(kind)
    found, table, offsets = np.empty_like(source), tables(last, amount), (3, 15, 7, 12)
    finish_kernels.grain_luma(source, TILES, offsets, table, found)
    exact = table[0][source] + table[1][source] * laid_down(offsets, 20, 33)
    np.testing.assert_allclose(found, exact.clip(0, last), atol=0.51)


def test_a_code_beyond_the_last_counts_as_the_last() -> None:
    """A damaged film may hold more than its depth allows, and a table must not be read past its end."""
    source = np.full((4, 5), 60000, np.uint16)
    found = np.empty_like(source)
    finish_kernels.grain_luma(source, TILES, (0, 0, 0, 0), tables(1023, 0.0), found)
    assert (found == round(1023 * 0.9 + 3)).all()
    finish_kernels.grain_chroma((source, source), TILES, (0, 0, 0, 0), tables(1023, 0.0), found)
    assert (found == round(1023 * 0.9 + 3)).all()


def test_chroma_is_moved_by_the_amount_of_the_luma_beneath() -> None:
    source, luma = (RANDOM.integers(0, 256, (9, 21)).astype(np.uint8) for _ in range(2))
    found, table, offsets = np.empty_like(source), tables(255, 0.2), (1, 2, 3, 4)
    finish_kernels.grain_chroma((source, luma), TILES, offsets, table, found)
    exact = table[0][source] + table[1][luma] * laid_down(offsets, 9, 21)
    np.testing.assert_allclose(found, exact.clip(0, 255), atol=0.51)


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255.0), (np.uint16, 65535.0), (np.float32, 1.0)])
def test_pixels_are_moved_in_luma_and_colour(kind: type, white: float) -> None:
    height, width = 17, 23
    pixels = (RANDOM.uniform(0.1, 0.9, (height, width, 3)) * white).astype(kind)
    offsets = np.array([(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11)])
    amounts = np.stack([np.linspace(1e-4, 4e-4, 64), np.linspace(2e-4, 1e-4, 64)]).astype(np.float32) * white
    rounding = 0.0 if kind is np.float32 else 0.5
    found = np.empty_like(pixels)
    for rows in ((0, 10), (10, height)):
        finish_kernels.grain_pixels(pixels, TILES, TILES, offsets, amounts, (white, rounding), found, rows)
    values = pixels.astype(float)
    luma = values @ [0.2126, 0.7152, 0.0722] / white
    places = np.floor(luma * 63 + 0.5).astype(int)
    light, cb, cr = (laid_down(tuple(map(int, row)), height, width) for row in offsets)
    light, cb, cr = light * amounts[0][places], cb * amounts[1][places], cr * amounts[1][places]
    change = np.stack([light + 1.5748 * cr, light - 0.1873 * cb - 0.4681 * cr, light + 1.8556 * cb], axis=-1)
    # A luma between two entries may be rounded either way.
    np.testing.assert_allclose(found, (values + change).clip(0, white), atol=0.51 if rounding else 0.003)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_neighbours_are_mixed_by_weight(kind: type) -> None:
    padded = RANDOM.integers(0, 256, (12, 17)).astype(kind)
    weights = np.array([[-0.05, 0.6, 0.5, -0.05], [0.0, 0.25, 0.75, 0.0]], np.float32)
    found = np.empty((9, 14), kind)
    finish_kernels.mix_neighbors(padded, weights, np.float32(200), found)
    exact = np.zeros((9, 14))
    for row in range(4):
        for column in range(4):
            exact += weights[0, row] * weights[1, column] * padded[row : row + 9, column : column + 14]
    np.testing.assert_allclose(found, exact.clip(0, 200), atol=0.51)


def test_one_weight_alone_takes_a_pixel_as_it_is() -> None:
    padded = RANDOM.integers(0, 1024, (8, 9)).astype(np.uint16)
    weights = np.array([[0, 1, 0, 0], [0, 0, 1, 0]], np.float32)
    found = np.empty((5, 6), np.uint16)
    finish_kernels.mix_neighbors(padded, weights, np.float32(1023), found)
    np.testing.assert_array_equal(found, padded[1:6, 2:8])
