from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.apply import simplification_kernels as kernels
from impasto.apply.paint import Brush, PaintStylizer
from impasto.apply.simplification import simplify
from impasto.apply.stylizer import State
from impasto.media.frame import Frame

Floats = NDArray[np.float32]


def plain(picture: Floats, radius: int) -> Floats:
    """Return what the filter is by its definition, one pixel at a time."""
    planes = picture[0].astype(np.float64)
    padded = np.pad(planes, ((0, 0), (radius, radius), (radius, radius)), mode="edge")
    simple = np.empty_like(planes)
    for y, x in np.ndindex(*planes.shape[1:]):
        squares = [
            padded[:, y + row : y + row + radius + 1, x + column : x + column + radius + 1]
            for row in (0, radius)
            for column in (0, radius)
        ]
        weights = [(square.var(axis=(1, 2)).mean() + 1e-4) ** -4.0 for square in squares]
        means = [square.mean(axis=(1, 2)) for square in squares]
        simple[:, y, x] = np.average(means, axis=0, weights=weights)
    return simple[None].astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 40), st.integers(1, 20), st.integers(1, 3))
def test_it_is_the_filter_by_its_definition(seed: int, radius: int, height: int, width: int, num_threads: int) -> None:
    picture = np.random.default_rng(seed).random((1, 3, height, width), np.float32)
    assert np.abs(simplify(picture, radius, num_threads=num_threads) - plain(picture, radius)).max() < 1e-3


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6), st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_rows_are_the_same_whatever_block_they_are_in(seed: int, radius: int, blocks: list[int]) -> None:
    planes = np.random.default_rng(seed).random((3, sum(blocks), 17), np.float32)
    simple, start = np.full_like(planes, np.nan), 0
    for rows in blocks:
        kernels.simplify_rows(planes, radius, simple, start, start + rows)
        assert np.isnan(simple[:, start + rows :]).all(), "rows of other blocks are left alone"
        start += rows
    whole = np.empty_like(planes)
    kernels.simplify_rows(planes, radius, whole, 0, start)
    np.testing.assert_array_equal(simple, whole)


def test_a_flat_picture_stays_as_it_is() -> None:
    picture = np.tile(np.array([0, 0.3, 1], np.float32)[:, None, None], (1, 150, 20))[None]
    np.testing.assert_allclose(simplify(picture, 4, num_threads=2), picture, atol=1e-6)


def test_nothing_goes_at_radius_nought() -> None:
    picture = np.random.default_rng(0).random((1, 3, 20, 20), np.float32)
    assert simplify(picture, 0, num_threads=1) is picture


class Echo:
    """A network that paints what it is shown, and keeps what it was shown."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Floats]] = []

    def run(self, inputs: dict[str, Floats]) -> dict[str, Floats]:
        self.seen.append(inputs)
        return {"painted": inputs["content"], "next_state": inputs["content"]}


def grainy(side: int = 96) -> Frame:
    random = np.random.default_rng(3)
    pixels = np.full((side, side, 3), 90.0)
    pixels[:, side // 2 :] = 170
    return Frame((pixels + 12 * random.standard_normal(pixels.shape)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("radius", [0, 3])
def test_the_network_sees_no_more_than_the_style_says(radius: int) -> None:
    network = Echo()
    painted, state = PaintStylizer(network, Brush(96, simplification=radius))(grainy(), State())
    (seen,) = network.seen
    flat = seen["content"][0, 0, 24:-24, 24:50]
    assert (flat.std() < 0.4 * 12 / 255) == (radius > 0)
    assert np.array_equal(seen["state"], seen["content"]), "a first frame is steadied by itself"
    assert state.canvas is not None
    left = painted.pixels[20:-20, 20:40].astype(float).std()
    assert (left < 8) == (radius > 0), "and grain does not come back from the photo"
    edge = np.abs(np.diff(painted.pixels[30, :, 1].astype(float))).max()
    assert edge > 25, "but edges do"
