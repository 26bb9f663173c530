import numpy as np

from impasto.apply.lut import Lut3D
from impasto.apply.native_space import lut_in_native_space


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
