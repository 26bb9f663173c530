from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.lut import Lut3D
from impasto.apply.planar_lut import PlanarLut, mixed_lut
from impasto.errors import UnusablePixelsError, UsageError
from impasto.media.frame import Color, Frame
from impasto.media.planar import PlanarFrame

from .planar_frames import FILM, codes_frame, codes_of, codes_of_rgb, exact_codes, noise_frame

MATRICES = ["bt601", "bt709", "bt2020", "smpte240m", "identity"]
DEPTHS = [8, 9, 10, 12, 16]
SUBSAMPLINGS = [(2, 2), (2, 1), (1, 1), (1, 2)]


def are_same(a: PlanarFrame, b: PlanarFrame) -> bool:
    return all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in zip(a.planes, b.planes, strict=True))


def grey_lut(curve, size: int = 33) -> Lut3D:
    """The grey of each colour's luma (BT.709), through a curve."""
    luma = Lut3D.identity(size).table @ np.array([0.2126, 0.7152, 0.0722])
    return Lut3D(np.repeat(curve(luma)[..., None], 3, axis=-1).astype(np.float32))


@pytest.mark.parametrize("bits", DEPTHS)
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_the_identity_changes_no_code_legal_or_not(bits, subsampling):
    for matrix in MATRICES:
        for is_full in (False, True):
            frame = noise_frame((14, 18), bits, subsampling, replace(FILM, matrix=matrix, full_range=is_full))
            assert are_same(PlanarLut(Lut3D.identity(33), frame.color, bits).apply(frame), frame)


def test_the_identity_changes_none_of_all_8_bit_codes():
    axis = np.arange(256)
    planar = PlanarLut(Lut3D.identity(17), FILM, 8)
    for luma in range(0, 256, 51):
        codes = np.stack(np.meshgrid([luma], axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
        assert np.array_equal(codes_of(planar.apply(codes_frame(codes, 8))), codes)


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (61, 83), (5, 1), (1, 6)])
def test_odd_sizes(film_lut, bits, subsampling, size):
    frame = noise_frame(size, bits, subsampling)
    graded = PlanarLut(film_lut, FILM, bits).apply(frame)
    assert [plane.shape for plane in graded.planes] == [plane.shape for plane in frame.planes]
    # Luma takes the chroma that it shares: so does a frame in which each pixel has its own.
    down, across = np.indices(size)
    chroma = [plane[down // subsampling[1], across // subsampling[0]] for plane in frame.planes[1:]]
    whole = PlanarFrame((frame.planes[0], *chroma), bits, (1, 1), FILM)
    assert np.array_equal(PlanarLut(film_lut, FILM, bits).apply(whole).planes[0], graded.planes[0])


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_chroma_takes_the_mean_of_its_luma(film_lut, bits, subsampling):
    across, down = subsampling
    frame = noise_frame((12, 16), bits, subsampling)
    luma = frame.planes[0].reshape(12 // down, down, 16 // across, across).astype(float)
    mean = np.floor(luma.mean(axis=(1, 3)) + 0.5).astype(frame.planes[0].dtype)
    small = PlanarFrame((mean, *frame.planes[1:]), bits, (1, 1), FILM)
    planar = PlanarLut(film_lut, FILM, bits)
    for chroma, expected in zip(planar.apply(frame).planes[1:], planar.apply(small).planes[1:], strict=True):
        assert np.array_equal(chroma, expected)


colors = st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(colors, st.sampled_from(MATRICES), st.booleans())
def test_8_bit_codes_are_the_exact_ones_rounded(film_lut, rgb, matrix, is_full):
    color = replace(FILM, matrix=matrix, full_range=is_full)
    # Rounding the codes of a colour at the surface of the cube may leave the cube; a little inside it does not.
    codes = codes_of_rgb(0.02 + 0.96 * np.array(rgb), 8, color)
    mapped = codes_of(PlanarLut(film_lut, color, 8).apply(codes_frame(codes, 8, color)))
    assert np.abs(mapped - exact_codes(film_lut, codes, 8, color)).max() <= 0.501


@settings(max_examples=60, deadline=None)
@given(colors, st.sampled_from([9, 10, 12, 16]), st.sampled_from(MATRICES))
def test_deep_codes_are_closer_to_the_exact_ones_than_an_8_bit_step(film_lut, rgb, bits, matrix):
    color = replace(FILM, matrix=matrix)
    codes = codes_of_rgb(0.02 + 0.96 * np.array(rgb), bits, color)
    mapped = codes_of(PlanarLut(film_lut, color, bits).apply(codes_frame(codes, bits, color)))
    tenth_of_8_bit_step = 0.1 * 2 ** (bits - 8)
    assert np.abs(mapped - exact_codes(film_lut, codes, bits, color)).max() <= 0.5 + tenth_of_8_bit_step


@settings(max_examples=40, deadline=None)
@given(colors, st.sampled_from(["bt601", "bt709", "bt2020"]))
def test_it_agrees_with_the_way_through_rgb(film_lut, rgb, matrix):
    color = replace(FILM, matrix=matrix)
    frame = codes_frame(codes_of_rgb(np.array(rgb), 8, color), 8, color)
    through = frame.to_rgb()
    through = PlanarFrame.from_rgb(Frame(film_lut.apply(through.pixels)), frame)
    mapped = PlanarLut(film_lut, color, 8).apply(frame)
    assert np.abs(codes_of(mapped) - codes_of(through)).max() <= 2


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_no_banding_on_ramps(film_lut, bits, axis):
    unit = 1 << (bits - 8)
    codes = np.full(((219 if axis == 0 else 60) * unit, 3), 128 * unit)
    codes[:, axis] = np.arange(len(codes)) + (16 if axis == 0 else 98) * unit
    mapped = codes_of(PlanarLut(film_lut, FILM, bits).apply(codes_frame(codes, bits)))
    steps = np.abs(np.diff(mapped, axis=0))
    exact = np.abs(np.diff(np.rint(exact_codes(film_lut, codes, bits)), axis=0))
    assert (steps.max(axis=0) <= exact.max(axis=0)).all()
    # As many levels as an exact computation leaves, give or take one a hundred.
    for c in range(3):
        assert len(np.unique(mapped[:, c])) >= 0.99 * len(np.unique(np.rint(exact_codes(film_lut, codes, bits)[:, c])))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(0.001, 1), min_size=8, max_size=8),
    st.sampled_from(DEPTHS),
    st.sampled_from(["bt601", "bt709", "bt2020"]),
)
def test_a_rising_curve_keeps_luma_rising_from_the_blackest_to_the_whitest_code(steps, bits, matrix):
    knots = np.concatenate([[0], np.cumsum(steps) / np.sum(steps)])
    grid = Lut3D.identity(33).table
    curve = Lut3D(np.interp(grid, np.linspace(0, 1, 9), knots).astype(np.float32))
    color = replace(FILM, matrix=matrix)
    luma = np.unique(np.linspace(0, (1 << bits) - 1, 1500).astype(int))
    codes = np.full((len(luma), 3), 128 << (bits - 8))
    codes[:, 0] = luma
    mapped = codes_of(PlanarLut(curve, color, bits).apply(codes_frame(codes, bits, color)))
    assert (np.diff(mapped[:, 0]) >= 0).all()
    assert (mapped[:, 1:] == 128 << (bits - 8)).all()


@pytest.mark.parametrize("bits", DEPTHS)
def test_black_and_white_is_neutral_even_beyond_rgb(bits):
    """Dark noise often has codes that RGB cannot show; it must not stay coloured."""
    unit = 1 << (bits - 8)
    rng = np.random.default_rng(0)
    codes = rng.integers([12, 110, 110], [30, 146, 146], (2000, 3)) * unit
    mapped = codes_of(PlanarLut(grey_lut(np.sqrt), FILM, bits).apply(codes_frame(codes, bits)))
    assert np.abs(mapped[:, 1:] - 128 * unit).max() <= 0.02 * unit


def test_superwhite_stays_above_white():
    planar = PlanarLut(Lut3D(Lut3D.identity(33).table * 0.8 + 0.1), FILM, 10)
    luma = np.array([16, 64, 500, 940, 1000, 1019])
    codes = np.stack([luma, *[np.full(6, 512)] * 2], axis=-1)
    mapped = codes_of(planar.apply(codes_frame(codes, 10)))[:, 0]
    assert np.abs(mapped - (64 + 876 * 0.1 + 0.8 * (luma - 64))).max() <= 0.51


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_planes_do_not_depend_on_what_was_baked_before_or_on_threads(film_lut, bits, subsampling):
    frames = [noise_frame((61, 83), bits, subsampling), noise_frame((200, 14), bits, subsampling)]
    frames.append(frames[0].with_planes(tuple(plane[::-1] // 2 for plane in frames[0].planes)))
    alone = [PlanarLut(film_lut, FILM, bits).apply(frame, num_threads=1) for frame in frames]
    shared = PlanarLut(film_lut, FILM, bits)
    for k in (2, 0, 1, 2):
        assert are_same(shared.apply(frames[k], num_threads=2), alone[k])


@pytest.mark.parametrize("bits", [8, 12])
def test_threads_may_share_one(film_lut, bits):
    frames = [noise_frame((40, 60), bits).with_planes(noise_frame((40, 60 + k), bits).planes) for k in range(8)]
    expected = [PlanarLut(film_lut, FILM, bits).apply(frame, num_threads=1) for frame in frames]
    shared = PlanarLut(film_lut, FILM, bits)
    with ThreadPoolExecutor(4) as pool:
        graded = list(pool.map(lambda frame: shared.apply(frame, num_threads=1), frames))
    assert all(are_same(a, b) for a, b in zip(graded, expected, strict=True))


def test_only_chroma_that_occurs_is_baked(film_lut):
    planar = PlanarLut(film_lut, FILM, 8)
    flat = noise_frame().with_planes((noise_frame().planes[0], *[np.full((15, 20), 90, np.uint8)] * 2))
    planar.apply(flat)
    assert planar.num_columns == 1
    planar.apply(noise_frame())
    before = planar.num_columns
    assert 250 < before <= 301
    planar.apply(noise_frame())
    assert planar.num_columns == before


def test_what_is_not_the_picture_stays(film_lut):
    alpha = np.full((30, 40), 7, np.uint8)
    frame = replace(noise_frame(), index=5, shot=2, alpha=alpha)
    graded = PlanarLut(film_lut, FILM, 8).apply(frame)
    assert (graded.index, graded.shot, graded.pts, graded.color) == (5, 2, frame.pts, frame.color)
    assert graded.alpha is alpha
    assert not are_same(graded, frame)


def test_planes_may_lie_anyhow_in_memory(film_lut):
    frame = noise_frame((20, 20), 8, (1, 1))
    stored = np.stack(frame.planes, axis=-1)
    stored.flags.writeable = False
    strided = frame.with_planes(tuple(stored[..., c] for c in range(3)))
    planar = PlanarLut(film_lut, FILM, 8)
    assert are_same(planar.apply(strided), planar.apply(frame))


def test_codes_above_the_highest_count_as_it(film_lut):
    """Nothing keeps a decoder from giving them; they must not lead anywhere else in memory."""
    frame = noise_frame((16, 16), 10)
    wild = frame.with_planes(tuple(plane + np.uint16(60000) for plane in frame.planes))
    highest = frame.with_planes(tuple(np.full_like(plane, 1023) for plane in frame.planes))
    planar = PlanarLut(film_lut, FILM, 10)
    assert are_same(planar.apply(wild), planar.apply(highest))


def test_a_steep_table_stays_within_the_codes(steep_lut):
    for bits in (8, 10, 16):
        graded = PlanarLut(steep_lut, FILM, bits).apply(noise_frame((50, 50), bits))
        assert all(plane.max() < 1 << bits for plane in graded.planes)


def test_easing(film_lut):
    start, end = PlanarLut(Lut3D.identity(17), FILM, 10), PlanarLut(film_lut, FILM, 10)
    codes = codes_of_rgb(np.random.default_rng(0).random((500, 3)) * 0.9 + 0.05, 10)
    frame = codes_frame(codes, 10)
    first, middle, last = (codes_of(start.eased(end, share).apply(frame)) for share in (0, 0.5, 1))
    assert np.array_equal(first, codes)
    assert np.array_equal(last, codes_of(end.apply(frame)))
    assert np.abs(middle - (first + last) / 2).max() <= 1.01


def test_a_share_is_between_none_and_all(film_lut):
    planar = PlanarLut(film_lut, FILM, 8)
    with pytest.raises(UsageError):
        planar.eased(planar, 1.5)


def test_mixed_luts_are_as_fine_as_the_finest(film_lut):
    mixed = mixed_lut([Lut3D.identity(9), film_lut], [0.25, 0.75])
    assert mixed.size == 33
    assert np.abs(mixed.table - film_lut.blended(0.75).table).max() < 1e-6


def test_what_cannot_be_mapped_is_refused(film_lut):
    planar = PlanarLut(film_lut, FILM, 8)
    with pytest.raises(UnusablePixelsError, match="10"):
        planar.apply(noise_frame(bits=10))
    with pytest.raises(UnusablePixelsError, match="4×1"):
        planar.apply(noise_frame(subsampling=(4, 1)))
    with pytest.raises(UnusablePixelsError, match="7"):
        PlanarLut(film_lut, FILM, 7)
    with pytest.raises(UnusablePixelsError, match="ycgco"):
        PlanarLut(film_lut, Color(matrix="ycgco"), 8)
