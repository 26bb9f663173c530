"""A paint style in Python, and the options that looks share with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import impasto
from impasto.apply.run import ApplyOptions
from impasto.apply.stylizer import State
from impasto.media.frame import Frame
from impasto.vision.lab import rgb_to_lab


@pytest.fixture
def style(home: Path, save_paint: Callable[..., Path]) -> impasto.Style:
    return impasto.load(save_paint(Path("oil.style"), "invert"))


@pytest.fixture
def look(home: Path, save_look: Callable[..., Path]) -> impasto.Style:
    return impasto.load(save_look(Path("pale.style")))


def is_inverted(result: NDArray[np.generic], picture: NDArray[np.uint8], levels: float = 6) -> bool:
    white = 1.0 if np.issubdtype(result.dtype, np.floating) else float(np.iinfo(result.dtype).max)
    return bool(np.abs(result / white * 255 - (255.0 - picture)).mean() < levels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_arrays_keep_their_type(style: impasto.Style, picture: NDArray[np.uint8], dtype: type) -> None:
    scale = 1 / 255 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max // 255
    array = (picture * np.float64(scale)).astype(dtype)
    result = style.apply(array)
    assert result.dtype == dtype
    assert is_inverted(result, picture)


def test_images_keep_their_mode(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    image = Image.fromarray(picture)
    image.putalpha(100)
    result = style.apply(image)
    assert result.mode == "RGBA"
    assert result.getchannel("A").getextrema() == (100, 100)
    assert is_inverted(np.asarray(result.convert("RGB")), picture)


def test_paths_give_the_path_that_was_written(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    Image.fromarray(picture).save("photo.png")
    written = style.apply("photo.png")
    assert written == Path("photo-oil.png")
    assert is_inverted(np.asarray(Image.open(written)), picture)


def test_nothing_changes_at_strength_zero(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(style.apply(picture, 0), picture)


@pytest.mark.parametrize("family", ["style", "look"])
def test_kept_colour(family: str, request: pytest.FixtureRequest) -> None:
    style: impasto.Style = request.getfixturevalue(family)
    colors = np.random.default_rng(0).uniform(0.35, 0.65, (6, 8, 3))
    pixels = colors.repeat(24, axis=0).repeat(24, axis=1).astype(np.float32)
    kept, plain = style.apply(pixels, keep_color=True), style.apply(pixels)
    before, after, free = rgb_to_lab(pixels), rgb_to_lab(kept), rgb_to_lab(plain)
    assert np.abs(after[..., 1:] - before[..., 1:]).max() < 1.0
    assert np.abs(after[..., 0] - free[..., 0]).max() < 1.0
    assert np.abs(free[..., 1:] - before[..., 1:]).max() > 3


def test_texture_scale_changes_a_paint_style_and_is_refused_by_a_look(
    home: Path, save_paint: Callable[..., Path], look: impasto.Style
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    style = impasto.load(save_paint(Path("grain.style"), "grain"))
    assert (style.apply(pixels, texture_scale=2) != style.apply(pixels)).mean() > 0.3
    with pytest.raises(impasto.UsageError, match="'pale' is a look, which has no texture"):
        look.apply(pixels, texture_scale=2)
    with pytest.raises(impasto.UsageError, match=r"0\.25 to 8"):
        style.apply(pixels, texture_scale=100)


@pytest.mark.parametrize("family", ["style", "look"])
@pytest.mark.parametrize("kind", ["array", "path"])
def test_masks(family: str, kind: str, picture: NDArray[np.uint8], request: pytest.FixtureRequest) -> None:
    style: impasto.Style = request.getfixturevalue(family)
    mask = np.zeros(picture.shape[:2], np.uint8)
    mask[:, 40:] = 255
    Image.fromarray(mask).save("mask.png")
    result = style.apply(picture, where=mask if kind == "array" else Path("mask.png"))
    np.testing.assert_array_equal(result[:, :40], picture[:, :40])
    np.testing.assert_array_equal(result[:, 40:], style.apply(picture)[:, 40:])


def test_a_mask_of_another_size_says_so(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    with pytest.raises(impasto.UsageError, match=r"64×48 pixels, the mask 20×48"):
        style.apply(picture, where=np.zeros((48, 20), np.uint8))


def test_the_stylizer_takes_the_same_options(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    mask = np.full(picture.shape[:2], 128, np.uint8)
    stylizer = style.stylizer(0.5, keep_color=True, texture_scale=2, where=mask)
    frame, _ = stylizer(Frame(picture), State())
    expected = style.apply(picture, 0.5, keep_color=True, texture_scale=2, where=mask)
    np.testing.assert_array_equal(frame.pixels, expected)


def test_runtimes_are_chosen_by_name_and_told(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    style.apply(picture, runtime="onnx")
    assert style.runtime_name("onnx") == "onnx"
    with pytest.raises(impasto.UsageError, match="no runtime 'onyx'"):
        style.apply(picture, runtime="onyx")


def test_a_paint_style_is_no_lut(style: impasto.Style) -> None:
    with pytest.raises(impasto.UsageError, match="'oil' is a paint style"):
        style.lut()


def test_blends_are_loaded_and_applied(home: Path, save_paint: Callable[..., Path], picture: NDArray[np.uint8]) -> None:
    save_paint(home / "inverted.style", "invert")
    save_paint(home / "plain.style", "identity")
    mixed = impasto.load("inverted:0.75,plain:0.25").apply(picture)
    expected = 0.75 * (255.0 - picture) + 0.25 * picture
    assert np.abs(mixed - expected).mean() < 6


def test_styles_in_turn(style: impasto.Style, look: impasto.Style, picture: NDArray[np.uint8]) -> None:
    chain = impasto.load("oil+pale")
    assert chain.name == "oil+pale"
    np.testing.assert_array_equal(chain.apply(picture), look.apply(style.apply(picture)))
    np.testing.assert_array_equal(
        chain.apply(picture, texture_scale=2), look.apply(style.apply(picture, texture_scale=2))
    )
    with pytest.raises(impasto.UsageError, match="no texture"):
        impasto.load("pale+pale").apply(picture, texture_scale=2)
    for refused in (chain.lut, lambda: chain.save("both.style")):
        with pytest.raises(impasto.UsageError, match=r"oil\+pale"):
            refused()
    with pytest.raises(impasto.StyleFileError, match="judges one style"):
        chain.gate()


@pytest.mark.parametrize("spec", ["oil+pale", "pale+oil"])
def test_a_chain_that_paints_is_paint_and_tells_what_painted(
    style: impasto.Style, look: impasto.Style, spec: str
) -> None:
    assert (style.family, look.family) == ("paint", "look")
    chain = impasto.load(spec)
    assert chain.family == "paint"
    assert chain.runtime_name() == style.runtime_name()


def test_a_chain_of_looks_is_a_look(look: impasto.Style) -> None:
    chain = impasto.load("pale+pale")
    assert (chain.family, chain.runtime_name()) == ("look", "onnx")


def test_a_blend_has_no_gate(home: Path, save_paint: Callable[..., Path]) -> None:
    save_paint(home / "inverted.style", "invert")
    save_paint(home / "plain.style", "identity")
    with pytest.raises(impasto.StyleFileError, match=r"^inverted-50-plain-50: A blend carries no verdict"):
        impasto.load("inverted,plain").gate()


def test_many_files(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    for k in range(3):
        Image.fromarray(np.roll(picture, k, axis=1)).save(f"{k}.png")
    mask = np.zeros((48, 64), np.uint8)
    mask[:24] = 255
    pairs = [(Path(f"{k}.png"), Path("out", f"{k}.png")) for k in range(3)]
    report = style.apply_to_files(pairs, 1.0, ApplyOptions(jobs=2), where=mask, keep_color=True)
    assert not report.failed
    for k in range(3):
        before, after = np.roll(picture, k, axis=1), np.asarray(Image.open(f"out/{k}.png"))
        np.testing.assert_array_equal(after[24:], before[24:])
        np.testing.assert_array_equal(after, style.apply(before, keep_color=True, where=mask))


def test_what_every_picture_would_fail_on_is_said_before_the_first(look: impasto.Style) -> None:
    with pytest.raises(impasto.UsageError, match="no texture"):
        look.apply_to_files([], texture_scale=2)
    with pytest.raises(impasto.UnreadableMediaError, match="nowhere"):
        look.apply_to_files([], where="nowhere.png")
