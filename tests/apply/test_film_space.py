import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.film_space import film_transforms, lut_for_film
from impasto.apply.lut import Lut3D
from impasto.apply.planar_lut import PlanarLut
from impasto.media.frame import Color

from .planar_frames import noise_frame

PQ = Color("bt2020", "smpte2084", False, 10, matrix="bt2020")
HLG = Color("bt2020", "arib-std-b67", False, 10, matrix="bt2020")
WIDE = Color("bt2020", "bt2020-10", False, 10, matrix="bt2020")
P3 = Color("smpte432", "bt709", False, 10)
FOREIGN = [PQ, HLG, WIDE, P3]


@pytest.mark.parametrize("primaries", ["bt709", "bt470bg", "smpte170m", "smpte240m"])
@pytest.mark.parametrize("transfer", ["bt709", "srgb", "smpte170m", "gamma22"])
def test_sdr_with_ordinary_primaries_is_taken_for_srgb(primaries, transfer):
    color = Color(primaries, transfer, False)
    lut = Lut3D.identity(9)
    assert film_transforms(color) is None
    assert lut_for_film(lut, color) is lut


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.floats(0.002, 0.998)] * 3), st.sampled_from(FOREIGN))
def test_the_way_there_and_back_ends_where_it_began(srgb, color):
    to_srgb, to_native = film_transforms(color)
    colors = np.array([srgb], np.float32)
    assert np.abs(to_srgb(to_native(colors)) - colors).max() < 0.002


@pytest.mark.parametrize(("color", "white"), [(PQ, 0.5807), (HLG, 0.75), (WIDE, 1.0), (P3, 1.0)])
def test_white_is_where_the_standards_put_it(color, white):
    """ITU-R BT.2408, table 1: 203 cd/m² are 58% of PQ and 75% of HLG."""
    to_srgb, to_native = film_transforms(color)
    native = to_native(np.ones((1, 3), np.float32))
    assert np.abs(native - white).max() < 0.003
    assert np.abs(np.diff(native)).max() < 1e-3
    assert np.abs(to_srgb(np.full((1, 3), white + 0.003)) - 1).max() < 0.004
    assert to_native(np.zeros((1, 3), np.float32)).max() < 0.003


@pytest.mark.parametrize(("value", "nits"), [(0.0, 0.0), (0.5081, 100.0), (0.7518, 1000.0), (1.0, 10000.0)])
def test_pq_is_that_of_the_standard(value, nits):
    """ITU-R BT.2408 lists these; those above the white of SDR are seen in what a LUT leaves of them."""
    to_srgb, _ = film_transforms(PQ)
    expected = min(1.0, nits / 203)
    srgb = to_srgb(np.full((1, 3), value))[0, 0]
    linear = srgb / 12.92 if srgb <= 0.04045 else ((srgb + 0.055) / 1.055) ** 2.4
    assert linear == pytest.approx(expected, abs=0.002)


def test_primaries_of_a_wide_gamut_are_moved():
    to_srgb, _ = film_transforms(WIDE)
    red, mild = to_srgb(np.array([[1.0, 0, 0], [0.6, 0.5, 0.5]]))
    assert red.tolist() == pytest.approx([1, 0, 0], abs=1e-6)
    assert mild[0] > 0.63
    assert mild[1] < 0.5


@pytest.mark.parametrize("color", FOREIGN)
def test_the_identity_stays_that_to_the_last_code(color):
    frame = noise_frame((40, 40), 10, (2, 2), color)
    graded = PlanarLut(lut_for_film(Lut3D.identity(33), color), color, 10).apply(frame)
    assert all(np.array_equal(a, b) for a, b in zip(graded.planes, frame.planes, strict=True))


@pytest.mark.parametrize("color", FOREIGN)
def test_a_look_does_what_it_does_in_srgb(film_lut, color):
    to_srgb, to_native = film_transforms(color)
    srgb = np.random.default_rng(0).random((500, 3), np.float32) * 0.8 + 0.1
    graded = to_srgb(lut_for_film(film_lut, color).apply(to_native(srgb)))
    error = np.abs(graded - film_lut.apply(srgb))
    assert error.mean() < 0.005
    assert error.max() < 0.05


def test_highlights_of_hdr_stay_above_white(film_lut):
    light = np.linspace(0.6, 1, 50, dtype=np.float32)
    graded = lut_for_film(film_lut, PQ).apply(np.repeat(light[:, None], 3, axis=1))
    assert (np.diff(graded, axis=0) > 0).all()
    assert graded[-1].min() > 0.9
