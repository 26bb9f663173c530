"""Mending at full size: tiles, depths, profiles, and networks that fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.apply.restore import RestoreStylizer
from impasto.apply.stylizer import State
from impasto.errors import StyleFileError, UsageError
from impasto.media.frame import Color, Frame

from .profiles import wide_profile


class Neighbours:
    """A network that averages 3×3 pixels and counts what it is asked."""

    name = "test"

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def describe(self) -> str:
        return "a test"

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        content = inputs["content"]
        assert content.dtype == np.float32
        self.shapes.append(content.shape)
        padded = np.pad(content, [(0, 0), (0, 0), (1, 1), (1, 1)], mode="edge")
        height, width = content.shape[2:]
        parts = [padded[..., y : y + height, x : x + width] for y in range(3) for x in range(3)]
        return {"restored": np.mean(parts, axis=0, dtype=np.float32)}


class Remembering(Neighbours):
    """Remembers the mean colours that it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[NDArray[Any]] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        self.seen.append(inputs["content"].mean(axis=(0, 2, 3)))
        return super().run(inputs)


class Answers:
    """A network that always gives the same."""

    name = "test"

    def __init__(self, outputs: dict[str, NDArray[Any]]) -> None:
        self.outputs = outputs

    def describe(self) -> str:
        return "a test"

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return self.outputs


def noise(height: int, width: int, dtype: type = np.uint8) -> NDArray[Any]:
    levels = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    if dtype is np.float32:
        return (levels / 255).astype(np.float32)
    return (levels * (257 if dtype is np.uint16 else 1)).astype(dtype)


def mended(pixels: NDArray[Any], **options: Any) -> NDArray[Any]:
    return RestoreStylizer(Neighbours(), 2, **options)(Frame(pixels), State())[0].pixels


def averaged(pixels: NDArray[Any]) -> NDArray[np.float64]:
    padded = np.pad(pixels.astype(np.float64), [(1, 1), (1, 1), (0, 0)], mode="edge")
    height, width = pixels.shape[:2]
    return np.mean([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(40, 60), (41, 59), (1, 7)])
def test_what_the_network_says_is_what_comes_out_at_any_depth_and_size(shape: tuple[int, int], dtype: type) -> None:
    pixels = noise(*shape, dtype)
    result = mended(pixels)
    assert result.dtype == dtype
    scale = 1 if dtype is np.float32 else np.iinfo(dtype).max
    np.testing.assert_allclose(result / scale, averaged(pixels) / scale, atol=0.6 / 255 if dtype is np.uint8 else 1e-4)


def test_tiles_cannot_be_told_from_the_whole() -> None:
    pixels = noise(700, 500)
    network = Neighbours()
    tiled = RestoreStylizer(network, 2, max_tile_pixels=160_000)(Frame(pixels), State())[0].pixels
    assert len(network.shapes) > 2
    np.testing.assert_array_equal(tiled, mended(pixels))


def test_strength_is_the_share_of_the_change() -> None:
    pixels = noise(30, 40, np.float32)
    half, whole = mended(pixels, strength=0.5), mended(pixels)
    np.testing.assert_allclose(half, (pixels + whole) / 2, atol=1e-6)


def test_at_no_strength_the_very_frame_passes() -> None:
    frame = Frame(noise(10, 10))
    assert RestoreStylizer(Neighbours(), 2, 0.0)(frame, State())[0] is frame
    with pytest.raises(UsageError):
        RestoreStylizer(Neighbours(), 2, 1.5)


def test_alpha_and_the_rest_of_a_frame_are_kept() -> None:
    frame = Frame(noise(10, 12), alpha=noise(10, 12)[..., 0], index=4, shot=2)
    result, state = RestoreStylizer(Neighbours(), 2)(frame, State())
    assert result.alpha is frame.alpha
    assert (result.index, result.shot) == (4, 2)
    assert state.shot is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_in_another_space_keeps_its_colours_where_nothing_is_to_be_mended(dtype: type) -> None:
    profile = wide_profile()
    plain = np.full((20, 20, 3), (90, 200, 30), np.uint8).astype(dtype) * (257 if dtype is np.uint16 else 1)
    frame = Frame(plain.astype(dtype), color=Color(icc_profile=profile))
    unchanged = RestoreStylizer(Neighbours(), 2)(frame, State())[0]
    np.testing.assert_array_equal(unchanged.pixels, plain)
    assert unchanged.color.icc_profile == profile


def test_a_picture_in_another_space_is_shown_to_the_network_in_srgb() -> None:
    network = Remembering()
    levels = np.full((8, 8, 3), (60, 180, 60), np.uint8)
    RestoreStylizer(network, 2)(Frame(levels, color=Color(icc_profile=wide_profile())), State())
    RestoreStylizer(network, 2)(Frame(levels), State())
    wide, narrow = network.seen
    # A green of Adobe RGB is a greener one of sRGB: less red.
    assert wide[0] < narrow[0] - 0.05
    np.testing.assert_allclose(narrow, np.array([60, 180, 60]) / 255, atol=1e-6)


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"restored": np.zeros((1, 3, 4, 4), np.float32)},
        {"restored": np.full((1, 3, 10, 10), np.nan, np.float32)},
        {"other": np.zeros((1, 3, 10, 10), np.float32)},
    ],
)
def test_a_network_that_fails_is_said_to(outputs: dict[str, NDArray[Any]]) -> None:
    with pytest.raises(StyleFileError, match="no usable picture"):
        RestoreStylizer(Answers(outputs), 2)(Frame(noise(10, 10)), State())


def test_results_stay_within_the_range() -> None:
    bright = {"restored": np.full((1, 3, 10, 10), 1.7, np.float32)}
    assert (RestoreStylizer(Answers(bright), 2)(Frame(noise(10, 10)), State())[0].pixels == 255).all()
