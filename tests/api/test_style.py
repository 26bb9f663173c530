"""A style in Python: what it knows about itself, and what it makes of paths, Pillow images and arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

import impasto
from impasto.style.lut_member import pack_lut

Check = Callable[..., None]


@pytest.fixture
def style(home: Path, save_look: Callable[..., Path]) -> impasto.Style:
    return impasto.load(save_look(Path("pale.style")))


# --- what it knows --------------------------------------------------------------------------------------------------


def test_a_style_knows_itself(style: impasto.Style) -> None:
    assert style.name == "pale"
    assert style.family == "look"
    assert style.description == "A pale mix."
    assert style.recipe == {"minutes": 5.0, "loss": "hinge"}
    assert style.metrics == {"validation": 0.25}
    assert style.sources["num_references"] == 2
    assert style.sources["license_note"] == "my own pictures"
    assert style.path == Path("pale.style")
    assert "pale" in repr(style)


def test_changing_what_it_tells_changes_nothing(style: impasto.Style) -> None:
    style.recipe["minutes"] = 99
    style.metrics["validation"] = 0.0
    assert style.recipe["minutes"] == 5.0
    assert style.metrics["validation"] == 0.25


def test_saved_and_loaded_again_it_is_the_same(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    path = style.save("copy.style")
    copy = impasto.load(path)
    assert path == Path("copy.style")
    assert copy.name == "copy"
    np.testing.assert_array_equal(copy.apply(picture), style.apply(picture))


def test_installed_styles_are_listed_and_loaded_by_name(home: Path, save_look: Callable[..., Path]) -> None:
    save_look(home / "wedding.style", description="Bright.")
    assert impasto.styles()["wedding"] == "Bright."
    assert impasto.load("wedding").path == home / "wedding.style"
    with pytest.raises(impasto.UnknownStyleError, match="did you mean 'wedding'"):
        impasto.load("weding")


def test_a_style_in_the_working_directory_needs_no_suffix(style: impasto.Style) -> None:
    assert impasto.load("pale").description == style.description


def test_a_file_that_is_no_style(home: Path) -> None:
    Path("a.style").write_bytes(b"nothing")
    with pytest.raises(impasto.StyleFileError, match=r"a\.style"):
        impasto.load("a.style")


def test_another_family_is_loaded_but_not_applied(home: Path, save_look: Callable[..., Path]) -> None:
    from impasto.style.manifest import Needs

    style = impasto.load(save_look(Path("oil.style"), family="dream", needs=Needs(picture_side=8, latent_size=4)))
    assert style.family == "dream"
    with pytest.raises(impasto.StyleFileError, match=r"oil\.style.*dream"):
        style.apply(np.zeros((4, 4, 3), np.uint8))


def test_a_network_that_is_none(home: Path, save_look: Callable[..., Path]) -> None:
    style = impasto.load(save_look(Path("broken.style"), generator=b"not ONNX"))
    with pytest.raises(impasto.StyleFileError, match=r"broken\.style: .*network"):
        style.apply(np.zeros((4, 4, 3), np.uint8))


# --- arrays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.float16])
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_arrays_keep_their_type(
    style: impasto.Style, picture: NDArray[np.uint8], assert_graded: Check, dtype: Any, strength: float
) -> None:
    white = 65535 // 255 if dtype == np.uint16 else 1 if dtype == np.uint8 else 1 / 255
    array = (picture * np.float64(white)).astype(dtype)
    assert_graded(style.apply(array, strength), array, strength)


def test_nothing_changes_at_strength_zero(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    result = style.apply(picture, 0)
    np.testing.assert_array_equal(result, picture)
    result[:] = 0
    assert picture.any(), "the result must not share memory with what was given"


def test_what_was_given_is_left_alone(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    before = picture.copy()
    picture.flags.writeable = False
    style.apply(picture)
    np.testing.assert_array_equal(picture, before)


@given(height=st.integers(1, 40), width=st.integers(1, 40), step=st.sampled_from([1, 2, -1]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
def test_any_size_and_memory_layout(
    style: impasto.Style, height: int, width: int, step: int, assert_graded: Check
) -> None:
    array = np.random.default_rng(height * 41 + width).integers(0, 256, (height * 2, width * 2, 3), np.uint8)
    result = style.apply(array[::step, ::step])
    np.testing.assert_array_equal(result, style.apply(array[::step, ::step].copy()))
    # A thumbnail's boxes overlap where sizes do not divide, so its mean is not quite that of the picture.
    assert_graded(result, array[::step, ::step], levels=4)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.int32),
        np.full((4, 4, 3), np.nan, np.float32),
        np.full((4, 4, 3), 2.0),
        [[[0, 0, 0]]],
        None,
        7,
    ],
)
def test_what_is_no_picture(style: impasto.Style, array: Any) -> None:
    with pytest.raises(impasto.UnusablePixelsError):
        style.apply(array)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_out_of_range(style: impasto.Style, picture: NDArray[np.uint8], strength: float) -> None:
    with pytest.raises(impasto.UsageError, match="strength"):
        style.apply(picture, strength)


# --- Pillow images --------------------------------------------------------------------------------------------------


def test_an_image_gives_an_image(style: impasto.Style, picture: NDArray[np.uint8], assert_graded: Check) -> None:
    result = style.apply(Image.fromarray(picture))
    assert isinstance(result, Image.Image)
    assert result.mode == "RGB"
    assert_graded(np.asarray(result), picture)


def test_alpha_passes_untouched(style: impasto.Style, picture: NDArray[np.uint8], assert_graded: Check) -> None:
    alpha = np.arange(picture[..., 0].size, dtype=np.uint8).reshape(picture.shape[:2])
    result = np.asarray(style.apply(Image.fromarray(np.dstack([picture, alpha]))))
    np.testing.assert_array_equal(result[..., 3], alpha)
    assert_graded(np.ascontiguousarray(result[..., :3]), picture)


@pytest.mark.parametrize(
    ("mode", "result_mode"),
    [
        ("L", "RGB"),
        ("1", "RGB"),
        ("P", "RGB"),
        ("CMYK", "RGB"),
        ("YCbCr", "RGB"),
        ("LA", "RGBA"),
        ("PA", "RGBA"),
        ("I;16", "RGB"),
    ],
)
def test_other_modes_become_rgb(
    style: impasto.Style, picture: NDArray[np.uint8], assert_graded: Check, mode: str, result_mode: str
) -> None:
    grey = Image.fromarray(picture[..., 0])
    image = Image.fromarray(picture).convert(mode) if mode not in ("I;16", "PA") else grey
    if mode == "I;16":
        image = Image.fromarray(picture[..., 0].astype(np.uint16) * 257)
    if mode == "PA":
        image = Image.fromarray(picture).convert("P").convert("PA")
    assert image.mode == mode
    result = style.apply(image)
    assert result.mode == result_mode
    shown = grey.convert("RGB") if mode == "I;16" else image.convert("RGB")
    assert_graded(np.asarray(result.convert("RGB")), np.asarray(shown), levels=1.1)


def test_what_an_image_carries_is_carried_on(style: impasto.Style, picture: NDArray[np.uint8], tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    Image.fromarray(picture).save(tmp_path / "a.jpg", exif=exif, dpi=(300, 300))
    with Image.open(tmp_path / "a.jpg") as image:
        result = style.apply(image)
    assert result.getexif()[0x0112] == 6
    assert result.getexif()[0x010F] == "A camera"
    assert result.size == (64, 48), "pixels and orientation must not both turn"
    assert result.info["dpi"] == (300, 300)


def test_a_profile_of_rgb_is_kept_and_heeded(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, tagged = Image.fromarray(picture), Image.fromarray(picture)
    tagged.info["icc_profile"] = srgb
    result = style.apply(tagged)
    assert result.info["icc_profile"] == srgb
    np.testing.assert_array_equal(np.asarray(result), np.asarray(style.apply(plain)))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_images_of_32_bit_numbers_are_refused(style: impasto.Style, mode: str) -> None:
    with pytest.raises(impasto.UnusablePixelsError, match="32-bit"):
        style.apply(Image.new(mode, (4, 4)))


def test_an_image_without_pixels(style: impasto.Style) -> None:
    with pytest.raises(impasto.UnusablePixelsError, match="no pixels"):
        style.apply(Image.new("RGB", (0, 4)))


# --- paths ----------------------------------------------------------------------------------------------------------


def test_a_path_gives_the_path_of_a_sibling(
    style: impasto.Style, picture: NDArray[np.uint8], assert_graded: Check
) -> None:
    Path("in").mkdir()
    Image.fromarray(picture).save("in/portrait.png")
    result = style.apply("in/portrait.png")
    assert result == Path("in/portrait-pale.png")
    assert_graded(np.asarray(Image.open(result)), picture)
    np.testing.assert_array_equal(np.asarray(Image.open("in/portrait.png")), picture)


def test_a_path_with_an_output_and_a_strength(
    style: impasto.Style, picture: NDArray[np.uint8], assert_graded: Check
) -> None:
    Image.fromarray(picture).save("a.png")
    result = style.apply(Path("a.png"), 0.25, output="b.png")
    assert result == Path("b.png")
    assert_graded(np.asarray(Image.open(result)), picture, 0.25)


def test_the_input_itself_is_replaced_only_when_allowed(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    Image.fromarray(picture).save("a.png")
    before = Path("a.png").read_bytes()
    with pytest.raises(impasto.OutputError, match=r"a\.png is the input itself"):
        style.apply("a.png", output="a.png")
    assert Path("a.png").read_bytes() == before
    style.apply("a.png", output="a.png", overwrite=True)
    assert Path("a.png").read_bytes() != before


def test_an_output_needs_a_path(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    with pytest.raises(impasto.UsageError, match="output"):
        style.apply(picture, output="b.png")  # type: ignore[call-overload]


def test_a_missing_picture(style: impasto.Style) -> None:
    with pytest.raises(impasto.UnreadableMediaError, match=r"nothing\.jpg does not exist"):
        style.apply("nothing.jpg")


def test_a_folder_is_not_one_picture(style: impasto.Style) -> None:
    Path("shoot").mkdir()
    with pytest.raises(impasto.ImpastoError, match="shoot"):
        style.apply("shoot")


def test_a_finish_is_laid_over_whatever_is_given(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    plain = style.apply(picture)
    grainy = style.apply(picture, finish="grain:4")
    assert np.abs(grainy.astype(int) - plain).mean() > 0.5
    np.testing.assert_array_equal(style.apply(picture, finish="off"), plain)
    np.testing.assert_array_equal(style.apply(Image.fromarray(picture), finish="grain:4"), grainy)
    Image.fromarray(picture).save("a.png")
    for path in (style.apply("a.png", finish="grain:4", output="b.png"), Path("out/a.png")):
        if not path.exists():
            style.apply_to_files([(Path("a.png"), path)], finish="grain:4")
        np.testing.assert_array_equal(np.asarray(Image.open(path)), grainy)
    with pytest.raises(impasto.ImpastoError, match="no finish"):
        style.apply(picture, finish=2)


# --- LUTs -----------------------------------------------------------------------------------------------------------


def test_the_lut_for_a_picture_does_what_applying_does(style: impasto.Style, picture: NDArray[np.uint8]) -> None:
    expected = style.apply(picture)
    np.testing.assert_array_equal(style.lut(picture).apply(picture), expected)
    np.testing.assert_array_equal(style.lut(Image.fromarray(picture)).apply(picture), expected)
    Image.fromarray(picture).save("a.png")
    np.testing.assert_array_equal(style.lut("a.png").apply(picture), expected)
    np.testing.assert_array_equal(style.lut(picture, 0.5).apply(picture), style.apply(picture, 0.5))


def test_the_mean_lut_is_the_one_in_the_file(home: Path, save_look: Callable[..., Path]) -> None:
    table = np.random.default_rng(0).random((9, 9, 9, 3)).astype(np.float32)
    style = impasto.load(save_look(Path("a.style"), mean_lut=pack_lut(table)))
    np.testing.assert_allclose(style.lut().table, table, atol=1e-3)
    halfway = style.lut(strength=0.5).table
    np.testing.assert_allclose(halfway, (table + style.lut(strength=0).table) / 2, atol=1e-3)


def test_without_one_in_the_file_the_mean_lies_between_dark_and_bright(style: impasto.Style) -> None:
    dark, bright = (style.lut(np.full((8, 8, 3), level, np.uint8)).table for level in (0, 255))
    mean = style.lut().table
    assert (mean > dark).all()
    assert (mean < bright).all()
