"""The loops of planar LUTs against plain arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply import planar_kernels as kernels
from impasto.apply.lut import Lut3D
from impasto.apply.planar_lut import PlanarLut

from .planar_frames import FILM, noise_frame

far_colors = st.tuples(*[st.floats(-1.2, 2.2)] * 3)
near_colors = st.tuples(*[st.floats(0, 1)] * 3)


def change(lut: Lut3D, color) -> np.ndarray:
    return np.array(kernels.change_of_color(lut._padded, lut.size, *map(float, color)))


def continued(lut: Lut3D, color) -> np.ndarray:
    """Return the colour that a LUT makes of one inside RGB or beyond."""
    return np.array(color) + change(lut, color)


@settings(max_examples=200, deadline=None)
@given(near_colors)
def test_one_color_is_what_the_lut_makes_of_it(film_lut, steep_lut, color):
    for lut in (film_lut, steep_lut):
        expected = lut.apply(np.array([color], np.float32))[0]
        assert np.abs(kernels.interpolate_one(lut._padded, lut.size, *color) - expected).max() < 2e-5


@pytest.mark.parametrize("corner", list(np.ndindex(2, 2, 2)))
def test_the_corners_of_the_cube_are_inside_the_table(steep_lut, corner):
    mapped = kernels.interpolate_one(steep_lut._padded, steep_lut.size, *map(float, corner))
    assert mapped == pytest.approx(steep_lut.table[tuple(16 * k for k in corner)].tolist())


@settings(max_examples=100, deadline=None)
@given(far_colors, st.sampled_from([2, 17, 33]))
def test_the_identity_goes_on_without_end(color, size):
    assert np.abs(change(Lut3D.identity(size), color)).max() < 1e-6


@settings(max_examples=100, deadline=None)
@given(near_colors, st.integers(0, 2), st.floats(0, 0.5))
def test_beyond_the_cube_lies_its_mirror_image(film_lut, color, axis, distance):
    at, inside, outside = (np.array(color) for _ in range(3))
    at[axis], inside[axis], outside[axis] = 1, 1 - distance, 1 + distance
    middle = (continued(film_lut, inside) + continued(film_lut, outside)) / 2
    assert np.abs(middle - continued(film_lut, at)).max() < 1e-6


@settings(max_examples=100, deadline=None)
@given(far_colors, far_colors)
def test_there_is_no_jump_at_the_surface_of_the_cube(film_lut, first, second):
    """No two colours are torn apart further than the steepest part of the table does."""
    places = np.linspace(first, second, 400)
    mapped = np.array([continued(film_lut, place) for place in places])
    slope = (film_lut.size - 1) * max(np.abs(np.diff(film_lut.table, axis=axis)).max() for axis in range(3))
    step = np.abs(places[1] - places[0]).sum()
    assert np.abs(np.diff(mapped, axis=0)).max() <= (3 * slope + 1) * step + 1e-6


@settings(max_examples=100, deadline=None)
@given(st.floats(0.2, 3), st.floats(-0.9, 1.9), st.floats(0, 0.3))
def test_a_rising_curve_rises_on(exponent, place, step):
    curve = Lut3D(Lut3D.identity(33).table ** np.float32(exponent))
    low, high = continued(curve, [place] * 3), continued(curve, [place + step] * 3)
    assert (high >= low - 1e-6).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_boxes_are_averaged(dtype):
    plane = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (37, 53), dtype)
    rows = np.array([[0, 10], [5, 6], [10, 37]])
    columns = np.array([[0, 53], [52, 53]])
    averages = np.empty((3, 2))
    kernels.average_plane(plane, rows, columns, averages)
    expected = [[plane[top:bottom, left:right].mean() for left, right in columns] for top, bottom in rows]
    assert averages == pytest.approx(np.array(expected))


def test_a_large_plane_of_the_highest_codes_does_not_overflow():
    plane = np.full((4320, 3), 65535, np.uint16)
    averages = np.empty((1, 1))
    kernels.average_plane(plane, np.array([[0, 4320]]), np.array([[0, 3]]), averages)
    assert averages[0, 0] == 65535


@pytest.mark.parametrize("bits", [8, 10])
def test_looking_up_stops_at_the_row_that_lacks_a_column(film_lut, bits):
    frame = noise_frame((20, 8), bits)
    calm = [np.full_like(plane, 128 << (bits - 8)) for plane in frame.planes[1:]]
    planar = PlanarLut(film_lut, FILM, bits)
    planar.apply(frame.with_planes((frame.planes[0], *calm)))
    calm[0][6, 2] += 30 << (bits - 8)
    source = (frame.planes[0], *calm)
    target = tuple(np.zeros_like(plane) for plane in source)
    factors = np.uint64(2), np.uint64(2)
    assert planar._look_up(source, target, factors, (0, 6)) == 6
    assert planar._look_up(source, target, factors, (2, 10)) == 6
    assert planar._look_up(source, target, factors, (7, 10)) == 10


def test_missing_pairs_are_marked_once_each():
    us, vs = np.array([[1, 2], [1, 255]], np.uint8), np.array([[7, 8], [7, 0]], np.uint8)
    numbers, marks = np.full(65536, -1, np.int32), np.zeros(65536, np.uint8)
    numbers[2 * 256 + 8] = 0
    kernels.mark_missing(us, vs, numbers, marks)
    assert np.flatnonzero(marks).tolist() == [256 + 7, 255 * 256]


def test_missing_nodes_are_those_around_the_codes():
    us, vs = np.array([[0, 1023]], np.uint16), np.array([[9, 65535]], np.uint16)
    numbers, marks = np.full(129 * 129, -1, np.int32), np.zeros(129 * 129, np.uint8)
    depth = np.uint64(3), np.uint64(1023), np.float32(1 / 8), np.float32(1023)
    kernels.mark_missing_deep(us, vs, numbers, marks, depth)
    around = [(0, 1), (0, 2), (1, 1), (1, 2), (127, 127), (127, 128), (128, 127), (128, 128)]
    assert np.flatnonzero(marks).tolist() == [129 * u + v for u, v in around]
