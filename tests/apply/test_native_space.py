import numpy as np
import pytest
from PIL import ImageCms

from impasto.apply.lut import Lut3D
from impasto.apply.native_space import foreign_profile, lut_in_native_space, lut_keeping_color, profile_luts
from impasto.media.frame import Color, Frame
from impasto.vision.lab import rgb_to_lab

from .profiles import wide_profile


def squared(colors: np.ndarray) -> np.ndarray:
    return np.asarray(colors, np.float32) ** 2


def rooted(colors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.asarray(colors, np.float32))


def clipping(colors: np.ndarray) -> np.ndarray:
    """A small gamut: everything above 0.6 looks alike."""
    return np.minimum(colors, 0.6).astype(np.float32)


def test_is_the_look_between_the_two_transforms():
    look = Lut3D(Lut3D.identity(33).table * np.float32(0.5))
    native = lut_in_native_space(look, squared, rooted)
    assert np.abs(native.table - np.sqrt(0.5) * Lut3D.identity(33).table).max() < 1e-4


def test_what_the_gamut_clips_is_given_back():
    native = lut_in_native_space(Lut3D.identity(17), clipping, clipping)
    assert np.abs(native.table - Lut3D.identity(33).table).max() < 1e-6


def test_clipped_colours_stay_apart_under_a_look():
    look = Lut3D(Lut3D.identity(17).table * np.float32(0.8))
    greys = lut_in_native_space(look, clipping, clipping).table[range(33), range(33), range(33), 0]
    assert (np.diff(greys) > 0).all()


def test_result_stays_in_range():
    look = Lut3D(np.ones((9, 9, 9, 3), np.float32))
    table = lut_in_native_space(look, clipping, clipping, size=17).table
    assert table.shape == (17, 17, 17, 3)
    assert table.min() >= 0
    assert table.max() <= 1


# --- kept colour ----------------------------------------------------------------------------------------------------


def test_kept_colour_is_the_lightness_of_the_look_with_the_colour_of_the_picture():
    red_print = Lut3D(Lut3D.identity(17).table ** np.float32(1.5) * np.float32([1, 0.7, 0.6]))
    colors = np.random.default_rng(0).uniform(0.3, 0.7, (500, 3)).astype(np.float32)
    kept, plain = rgb_to_lab(lut_keeping_color(red_print).apply(colors)), rgb_to_lab(red_print.apply(colors))
    before = rgb_to_lab(colors)
    assert np.abs(kept[:, 0] - plain[:, 0]).max() < 1
    assert np.abs(kept[:, 1:] - before[:, 1:]).mean() < 1
    assert np.abs(plain[:, 1:] - before[:, 1:]).mean() > 5


def test_a_look_of_colours_alone_is_nothing_when_colours_are_kept():
    table = Lut3D.identity(33).table
    lab = rgb_to_lab(table)
    grey = np.repeat(Lut3D.identity(33).table[range(33), range(33), range(33), :1], 3, axis=1)
    lightness = rgb_to_lab(grey)[:, 0]
    desaturated = np.interp(lab[..., 0], lightness, grey[:, 0])[..., None].repeat(3, axis=-1).astype(np.float32)
    assert np.abs(lut_keeping_color(Lut3D(desaturated)).table - table).max() < 0.01


# --- profiles -------------------------------------------------------------------------------------------------------


def frame(icc_profile):
    return Frame(np.zeros((2, 2, 3), np.uint8), color=Color(icc_profile=icc_profile))


def srgb_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_a_frame_without_a_profile_or_with_that_of_srgb_needs_no_conversion():
    assert foreign_profile(frame(None)) is None
    assert foreign_profile(frame(srgb_profile())) is None


def test_another_profile_is_told():
    assert foreign_profile(frame(wide_profile())) == wide_profile()


@pytest.mark.parametrize("size", [17, 65])
def test_tables_of_a_profile_lead_there_and_back(size):
    colors = np.random.default_rng(0).uniform(0.2, 0.8, (200, 3)).astype(np.float32)
    to_srgb, to_native = profile_luts(wide_profile(), size)
    srgb = to_srgb.apply(colors)
    # Next to what sRGB has not, a coarse table mixes colours with some that were cut off.
    inside = ((srgb > 0.1) & (srgb < 0.9)).all(axis=1)
    assert inside.mean() > 0.5
    assert np.abs(to_native.apply(srgb) - colors)[inside].max() < 0.01
    # A wide gamut means more by the same numbers.
    saturation, wider = (np.ptp(values, axis=1).mean() for values in (colors, srgb))
    assert wider > 1.05 * saturation


def test_greys_are_grey_in_every_space():
    greys = np.linspace(0.1, 0.9, 9, dtype=np.float32)[:, None].repeat(3, axis=1)
    assert np.ptp(profile_luts(wide_profile())[0].apply(greys), axis=1).max() < 0.01


def test_tables_of_a_profile_are_made_once():
    assert profile_luts(wide_profile()) is profile_luts(wide_profile())
