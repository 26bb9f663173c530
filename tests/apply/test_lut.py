import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.lut import Lut3D
from impasto.errors import UnusablePixelsError, UsageError
from impasto.media.frame import empty_padded, padded_storage


def tetrahedral(lut: Lut3D, colors: np.ndarray) -> np.ndarray:
    """Reference in float64: walk from the cell's lower corner along the axes in the order of their fractions."""
    positions = colors.astype(np.float64) * (lut.size - 1)
    corner = np.minimum(positions.astype(int), lut.size - 2)
    fractions = positions - corner
    order = np.argsort(-fractions, axis=1)
    fractions = np.take_along_axis(fractions, order, axis=1)
    rows, table = np.arange(len(colors)), lut.table.astype(np.float64)
    result = table[tuple(corner.T)] * (1 - fractions[:, :1])
    for k in range(3):
        corner[rows, order[:, k]] += 1
        following = fractions[:, k + 1] if k < 2 else 0
        result += table[tuple(corner.T)] * (fractions[:, k] - following)[:, None]
    return result


def random_pixels(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        return rng.random((*shape, 3), np.float32)
    return rng.integers(0, np.iinfo(dtype).max, (*shape, 3), dtype, endpoint=True)


def white(dtype: np.dtype) -> float:
    return {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}[str(dtype)]


@pytest.mark.parametrize(("dtype", "tolerance"), [("uint8", 0.56), ("uint16", 0.6), ("float32", 1e-6)])
@pytest.mark.parametrize("name", ["film_lut", "steep_lut"])
def test_agrees_with_the_definition_of_tetrahedral_interpolation(name, dtype, tolerance, request):
    lut = request.getfixturevalue(name)
    pixels = random_pixels((200, 300), dtype)
    true = tetrahedral(lut, pixels.reshape(-1, 3) / white(pixels.dtype)) * white(pixels.dtype)
    if name == "steep_lut" and dtype == "uint8":
        # Each of three positions in a cell is off by up to 1/512, and this cell may span all levels.
        tolerance = 0.5 + 1 / 64 + 3 * 255 / 512
    error = np.abs(lut.apply(pixels).reshape(-1, 3) - true).max()
    assert error <= tolerance


def test_8bit_is_rounded_to_nearest_almost_everywhere(film_lut):
    pixels = random_pixels((300, 300), "uint8")
    true = tetrahedral(film_lut, pixels.reshape(-1, 3) / 255) * 255
    wrong = film_lut.apply(pixels).reshape(-1, 3) != np.rint(true)
    assert wrong.mean() < 0.02


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("size", [2, 3, 4, 9, 17, 25, 33, 52, 64, 65, 129])
def test_identity_is_exact_at_any_size(size, dtype):
    pixels = random_pixels((150, 200), dtype, size)
    assert np.array_equal(Lut3D.identity(size).apply(pixels), pixels)


def test_identity_is_exact_for_every_grey_and_corner():
    corners = np.array(list(itertools.product((0, 255), repeat=3)), np.uint8)
    greys = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(-1, 3)
    pixels = np.concatenate([corners, greys])
    assert np.array_equal(Lut3D.identity(33).apply(pixels), pixels)


def test_identity_hardly_rounds_floats():
    pixels = random_pixels((50, 50), "float32")
    assert np.abs(Lut3D.identity(33).apply(pixels) - pixels).max() < 1e-6


def test_neutral_axis_stays_neutral(steep_lut):
    table = steep_lut.table.copy()
    diagonal = np.arange(steep_lut.size)
    table[diagonal, diagonal, diagonal] = np.linspace(0, 1, steep_lut.size)[:, None] ** 2
    greys = np.repeat(np.linspace(0, 65535, 4096).astype(np.uint16), 3).reshape(1, -1, 3)
    graded = Lut3D(table).apply(greys)
    assert (graded == graded[..., :1]).all()


def test_a_smooth_16bit_ramp_shows_no_bands(film_lut):
    ramp = np.repeat(np.arange(65536, dtype=np.uint16), 3).reshape(256, 256, 3)
    steps = np.diff(film_lut.apply(ramp).reshape(-1, 3).astype(int), axis=0)
    assert steps.min() >= 0
    assert steps.max() <= 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=5, max_size=5))
def test_a_monotone_tone_curve_stays_monotone(knots):
    curve = np.sort(np.array(knots, np.float32))
    grid = Lut3D.identity(5).table
    lut = Lut3D(np.interp(grid, np.linspace(0, 1, 5), curve).astype(np.float32))
    floats = np.repeat(np.linspace(0, 1, 1024, dtype=np.float32), 3).reshape(1, -1, 3)
    assert np.diff(lut.apply(floats)[0], axis=0).min() >= -1e-6
    for dtype in (np.uint8, np.uint16):
        ramp = (floats * np.iinfo(dtype).max).astype(dtype)
        # Where a level of the curve lies between two integers, the last bit of a sum decides for one of them.
        assert np.diff(lut.apply(ramp)[0].astype(int), axis=0).min() >= -1


def test_baked_table_is_bit_for_bit_the_same(steep_lut):
    pixels = random_pixels((400, 500), "uint8")
    baked = steep_lut.baked(num_threads=2)
    assert np.array_equal(baked.apply(pixels), steep_lut.apply(pixels))
    with pytest.raises(UnusablePixelsError, match="8-bit"):
        baked.apply(pixels.astype(np.uint16))


@pytest.mark.parametrize("num_pixels", [0, 1, 3, 4, 5, 1023])
@pytest.mark.parametrize("offset", [0, 1, 3])
def test_baked_table_serves_any_number_of_pixels_and_any_alignment(film_lut, baked_film, num_pixels, offset):
    pixels = random_pixels((num_pixels,), "uint8")
    memory = np.full(3 * num_pixels + 8, 7, np.uint8)
    out = memory[offset : offset + 3 * num_pixels].reshape(num_pixels, 3)
    baked_film.apply(pixels, out=out)
    assert np.array_equal(out, film_lut.apply(pixels))
    assert (memory[:offset] == 7).all()
    assert (memory[offset + 3 * num_pixels :] == 7).all()


def test_baked_table_fills_padded_targets_and_works_in_place(film_lut, baked_film):
    pixels = random_pixels((37, 41), "uint8")
    graded, padded = film_lut.apply(pixels), np.full((37, 41, 4), 9, np.uint8)
    baked_film.apply(pixels, out=padded)
    baked_film.apply(pixels, out=pixels)
    assert np.array_equal(padded[..., :3], graded)
    assert (padded[..., 3] == 9).all()
    assert np.array_equal(pixels, graded)


@pytest.mark.parametrize("num_channels", [3, 4])
def test_padded_sources_are_graded_like_packed_ones(film_lut, baked_film, num_channels):
    pixels = random_pixels((700, 41), "uint8")
    padded = empty_padded(700, 41)
    padded[..., :3], padded[..., 3] = pixels, random_pixels((700, 41), "uint8")[..., 0]
    assert padded_storage(padded[..., :3]) is padded
    for lut in (film_lut, baked_film):
        out = np.zeros((700, 41, num_channels), np.uint8)
        lut.apply(padded[..., :3], out=out, num_threads=2)
        assert np.array_equal(out[..., :3], film_lut.apply(pixels))
    # Parts and mirrors of a padded picture are not read as if they were all of it.
    for view, same in ((padded[3:9, :, :3], pixels[3:9]), (padded[:, ::-1, 2::-1], pixels[:, ::-1, ::-1])):
        assert np.array_equal(film_lut.apply(view), film_lut.apply(same))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_number_of_threads_does_not_matter(film_lut, dtype):
    pixels = random_pixels((700, 900), dtype)
    assert np.array_equal(film_lut.apply(pixels, num_threads=1), film_lut.apply(pixels, num_threads=3))


@pytest.mark.parametrize("shape", [(1, 1), (50_000, 50), (50, 50_000), (7, 3), (0, 5), (5,)])
def test_any_shape(film_lut, shape):
    pixels = random_pixels(shape, "uint8")
    graded = film_lut.apply(pixels)
    assert graded.shape == pixels.shape
    assert graded.dtype == pixels.dtype
    assert np.array_equal(graded.reshape(-1, 3), film_lut.apply(pixels.reshape(-1, 3)))


def test_views_and_read_only_arrays(film_lut):
    pixels = random_pixels((300, 400), "uint8")
    whole = film_lut.apply(pixels)
    pixels.setflags(write=False)
    assert np.array_equal(film_lut.apply(pixels), whole)
    assert np.array_equal(film_lut.apply(pixels[::2, 50:-3]), whole[::2, 50:-3])
    assert np.array_equal(film_lut.apply(pixels.swapaxes(0, 1)), whole.swapaxes(0, 1))
    assert np.array_equal(film_lut.apply(pixels[::-1, ::-1]), whole[::-1, ::-1])


def test_grading_in_place_and_into_a_buffer(film_lut):
    pixels = random_pixels((600, 600), "uint8")
    graded, buffer = film_lut.apply(pixels), np.zeros_like(pixels)
    assert film_lut.apply(pixels, out=buffer) is buffer
    film_lut.apply(pixels, out=pixels)
    assert np.array_equal(pixels, graded)
    assert np.array_equal(buffer, graded)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_fourth_channel_of_the_target_is_left_alone(film_lut, dtype):
    pixels = random_pixels((300, 500), dtype)
    out = np.full((300, 500, 4), 1, dtype)
    film_lut.apply(pixels, out=out)
    assert np.array_equal(out[..., :3], film_lut.apply(pixels))
    assert (out[..., 3] == 1).all()


def test_unusable_targets_are_refused(film_lut):
    pixels = random_pixels((6, 6), "uint8")
    locked = np.empty_like(pixels)
    locked.setflags(write=False)
    for out in (locked, pixels[:3], pixels.astype(np.uint16), pixels.swapaxes(0, 1)):
        with pytest.raises(UnusablePixelsError, match="out"):
            film_lut.apply(pixels, out=out)


@pytest.mark.parametrize("pixels", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_unusable_pixels_are_refused(film_lut, pixels):
    with pytest.raises(UnusablePixelsError, match="uint8"):
        film_lut.apply(pixels)


def test_floats_outside_the_domain_are_clamped(film_lut):
    wild = np.array([[[-1, 2, np.nan], [np.inf, -np.inf, 1e30], [-0.0, 1, 1.0000001]]], np.float32)
    tame = np.array([[[0, 1, 0], [1, 0, 1], [0, 1, 1]]], np.float32)
    assert np.array_equal(film_lut.apply(wild), film_lut.apply(tame))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_values_outside_the_range_are_clamped(dtype):
    lut = Lut3D(Lut3D.identity(9).table * 3 - 1)
    pixels = random_pixels((40, 40), dtype)
    top = white(pixels.dtype)
    true = np.clip(tetrahedral(Lut3D(lut.table.clip(0, 1)), pixels.reshape(-1, 3) / top), 0, 1) * top
    assert np.abs(lut.apply(pixels).reshape(-1, 3) - true).max() < 0.6


def test_strength_blends_towards_the_identity(film_lut):
    pixels = random_pixels((30, 30), "float32")
    half = film_lut.blended(0.5).apply(pixels)
    assert np.allclose(half, (pixels + film_lut.apply(pixels)) / 2, atol=1e-5)
    assert np.array_equal(film_lut.blended(0).table, Lut3D.identity(33).table)
    assert film_lut.blended(1) is film_lut


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_outside_its_range_is_refused(film_lut, strength):
    with pytest.raises(UsageError, match="from 0 to 1"):
        film_lut.blended(strength)


def test_a_finer_grid_is_the_same_map(film_lut):
    pixels = random_pixels((60, 60), "float32")
    finer = film_lut.resampled(65)
    assert finer.size == 65
    assert np.abs(finer.apply(pixels) - film_lut.apply(pixels)).max() < 2e-6
    assert film_lut.resampled(33) is film_lut


@pytest.mark.parametrize("shape", [(33, 33, 33), (33, 33, 32, 3), (1, 1, 1, 3), (2, 2, 2, 4), (130, 130, 130, 3)])
def test_tables_of_another_shape_are_refused(shape):
    with pytest.raises(UsageError, match="shape"):
        Lut3D(np.zeros(shape, np.float32))


def test_tables_that_are_not_finite_are_refused():
    table = Lut3D.identity(5).table.copy()
    table[1, 2, 3, 0] = np.nan
    with pytest.raises(UsageError, match="finite"):
        Lut3D(table)


@pytest.mark.parametrize("size", [1, 130])
def test_identity_of_an_unusable_size_is_refused(size):
    with pytest.raises(UsageError, match="size"):
        Lut3D.identity(size)


def test_axes_are_red_green_blue():
    table = np.zeros((2, 2, 2, 3), np.float32)
    table[1, 0, 0] = (0.2, 0.4, 0.6)
    lut = Lut3D(table)
    assert lut.apply(np.array([[[255, 0, 0]]], np.uint8)).tolist() == [[[51, 102, 153]]]
    assert lut.apply(np.array([[[0, 0, 255]]], np.uint8)).tolist() == [[[0, 0, 0]]]
