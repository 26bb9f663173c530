"""Between code values and RGB: right against the definition, against FFmpeg, and there and back."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import UnusablePixelsError
from impasto.media.chroma import chroma_axes, chroma_shape
from impasto.media.frame import Color, Frame
from impasto.media.luma import LUMA_WEIGHTS
from impasto.media.planar import PlanarFrame, codes_to_rgb, rgb_to_codes

MATRICES = [*LUMA_WEIGHTS, "identity"]
SCHEMES = [(2, 2), (2, 1), (1, 1), (1, 2), (4, 1)]
DEPTHS = [8, 9, 10, 12, 16]


def film_color(matrix="bt709", full_range=False, depth=8, location="left"):
    return Color("bt709", "bt709", full_range, depth, None, matrix, location)


def smooth_rgb(height, width, depth=8):
    """A picture with colours inside the cube, so that nothing is clipped, and as smooth as most of nature."""
    y, x = np.mgrid[0:height, 0:width] / [[[max(height, 2)]], [[max(width, 2)]]]
    waves = [0.5 + 0.3 * np.sin(5 * x + 3 * n * y + n) * np.cos(2 * y) for n in range(3)]
    white = 255 if depth == 8 else 65535
    return np.rint(np.stack(waves, -1) * white).astype(np.uint8 if depth == 8 else np.uint16)


def coded(rgb, subsampling=(2, 2), color=None, depth=8):
    height, width = rgb.shape[:2]
    kind = np.uint8 if depth == 8 else np.uint16
    shape = chroma_shape(height, width, subsampling)
    blank = PlanarFrame(
        (np.zeros((height, width), kind), np.zeros(shape, kind), np.zeros(shape, kind)),
        depth,
        subsampling,
        color or film_color(depth=depth),
    )
    return PlanarFrame.from_rgb(Frame(rgb), blank)


def flat(codes, depth=8, color=None, subsampling=(1, 1), size=(6, 10)):
    kind = np.uint8 if depth == 8 else np.uint16
    shapes = [size, *[chroma_shape(*size, subsampling)] * 2]
    planes = tuple(np.full(shape, code, kind) for shape, code in zip(shapes, codes, strict=True))
    return PlanarFrame(planes, depth, subsampling, color or film_color(depth=depth))


@pytest.mark.parametrize(
    ("codes", "rgb"),
    [
        ((16, 128, 128), (0, 0, 0)),
        ((235, 128, 128), (255, 255, 255)),
        ((63, 102, 240), (255, 1, 0)),
        ((173, 42, 26), (0, 255, 1)),
        ((32, 240, 118), (1, 0, 255)),
        ((126, 128, 128), (128, 128, 128)),
    ],
)
def test_codes_of_bt709_mean_what_the_recommendation_says(codes, rgb):
    assert flat(codes).to_rgb().pixels[2, 3].tolist() == pytest.approx(rgb, abs=1)


@pytest.mark.parametrize("depth", [10, 12])
@pytest.mark.parametrize(("share", "value"), [((16, 128, 128), 0), ((235, 128, 128), 65535)])
def test_black_and_white_of_deep_pictures_are_exact(depth, share, value):
    pixels = flat([code << (depth - 8) for code in share], depth).to_rgb().pixels
    assert pixels.dtype == np.uint16
    assert (pixels == value).all()


def test_full_range_reaches_from_nothing_to_the_highest_code():
    color = film_color(full_range=True)
    assert (flat((255, 128, 128), color=color).to_rgb().pixels == 255).all()
    assert (flat((0, 128, 128), color=color).to_rgb().pixels == 0).all()


def test_planes_of_rgb_codecs_are_green_blue_red():
    pixels = flat((10, 20, 30), color=film_color("identity", full_range=True)).to_rgb().pixels
    assert pixels[0, 0].tolist() == [30, 10, 20]


@pytest.mark.parametrize(
    ("matrix", "colorspace"), [("bt601", "ITU601"), ("bt709", "ITU709"), ("bt2020", 9), ("smpte240m", "SMPTE240M")]
)
@pytest.mark.parametrize("full_range", [False, True])
def test_flat_colours_are_those_of_ffmpeg(matrix, colorspace, full_range):
    random = np.random.default_rng(3)
    for _ in range(20):
        rgb = random.integers(0, 256, 3)
        frame = coded(np.broadcast_to(rgb, (8, 8, 3)).astype(np.uint8), (1, 1), film_color(matrix, full_range))
        theirs = av.VideoFrame.from_ndarray(np.stack(frame.planes), "yuv444p")
        theirs = theirs.reformat(
            format="rgb24", src_colorspace=colorspace, src_color_range=2 if full_range else 1, dst_color_range=2
        )
        assert np.abs(theirs.to_ndarray()[4, 4].astype(int) - frame.to_rgb().pixels[4, 4]).max() <= 2


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("depth", DEPTHS)
def test_the_two_directions_are_inverses(matrix, full_range, depth):
    color = film_color(matrix, full_range, depth)
    (there, before), (back, after) = codes_to_rgb(color, depth), rgb_to_codes(color, depth)
    assert there @ back == pytest.approx(np.eye(3), abs=1e-9)
    white = back @ np.ones(3) + after
    assert there @ white + before == pytest.approx(np.ones(3))
    assert white.max() <= 2**depth - 0.999


@pytest.mark.parametrize("subsampling", SCHEMES)
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
def test_there_and_back_costs_a_code_value_at_most(subsampling, depth, matrix):
    frame = coded(smooth_rgb(46, 60, depth), subsampling, film_color(matrix, depth=depth), depth)
    back = PlanarFrame.from_rgb(frame.to_rgb(), frame)
    for before, after in zip(frame.planes, back.planes, strict=True):
        assert before.dtype == after.dtype
        assert np.abs(before.astype(int) - after).max() <= 2 ** max(0, depth - 12)


@pytest.mark.parametrize("location", ["left", "topleft", "center", "top"])
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("size", [(17, 23), (1, 1), (2, 1), (1, 7), (48, 64)])
def test_there_and_back_holds_for_any_siting_range_and_odd_size(location, full_range, size):
    frame = coded(smooth_rgb(*size), (2, 2), film_color("bt709", full_range, 8, location))
    back = PlanarFrame.from_rgb(frame.to_rgb(), frame)
    for before, after in zip(frame.planes, back.planes, strict=True):
        assert np.abs(before.astype(int) - after).max() <= 1


def test_edges_of_colour_do_not_bleed_more_each_time():
    """What blurs a little each time is far off after ten; the dual filter is not."""
    rows = np.full((32, 48, 3), 90, np.uint8)
    rows[:, 24:] = (120, 80, 100)
    rows[11:20, 10:40, 0] = 130
    first = frame = coded(rows)
    for _ in range(10):
        frame = PlanarFrame.from_rgb(frame.to_rgb(), frame)
    for before, after in zip(first.planes, frame.planes, strict=True):
        assert np.abs(before.astype(int) - after).max() <= 2


@given(
    st.sampled_from(SCHEMES[:4]),
    st.sampled_from(["left", "topleft", "center", "top"]),
    st.integers(1, 9),
    st.integers(0, 2**32 - 1),
)
def test_reducing_undoes_enlarging(subsampling, location, length, seed):
    for axis in chroma_axes(subsampling, location):
        samples = np.pad(np.random.default_rng(seed).random(length), 4, mode="edge")
        full = np.stack(
            [sum(w * samples[n : n + length + 6] for n, w in enumerate(row)) for row in axis.enlarging], axis=-1
        ).ravel()
        starts = np.arange(3, 3 + length) * axis.factor + axis.first_tap
        reduced = sum(tap * full[starts + k] for k, tap in enumerate(axis.reducing))
        assert reduced == pytest.approx(samples[4 : 4 + length], abs=1e-6)
        assert axis.reducing.sum() == pytest.approx(1)
        assert axis.enlarging.sum(axis=1) == pytest.approx(1)


def test_colours_on_the_first_column_are_not_moved():
    """A ramp of colour across, sited on the left: pixels of even columns show the samples themselves."""
    u = np.tile(np.arange(80, 112, dtype=np.uint8), (8, 1))
    frame = PlanarFrame((np.full((8, 64), 120, np.uint8), u, np.full((8, 32), 128, np.uint8)), 8, (2, 1))
    blue = frame.to_rgb().pixels[4, :, 2].astype(float)
    step = np.diff(blue[:62:2]).mean()
    assert np.abs(blue[1:61:2] - (blue[:60:2] + blue[2:62:2]) / 2).max() <= 1
    moved = replace(frame, color=replace(frame.color, chroma_location="center")).to_rgb().pixels[4, :, 2]
    assert (blue[10:50] - moved[10:50]).mean() == pytest.approx(step / 4, abs=0.2)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_pictures_of_any_dtype_are_coded_alike(kind):
    rgb = smooth_rgb(20, 30).astype(np.float64) / 255
    white = 1.0 if kind is np.float32 else np.iinfo(kind).max
    pixels = (rgb * white if kind is np.float32 else np.rint(rgb * white)).astype(kind)
    frame, plain = coded(pixels), coded(smooth_rgb(20, 30))
    for one, other in zip(frame.planes, plain.planes, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_what_is_brighter_than_white_or_darker_than_black_is_clipped():
    assert (flat((254, 128, 128)).to_rgb().pixels == 255).all()
    assert (flat((1, 128, 128)).to_rgb().pixels == 0).all()
    beyond = np.full((4, 4, 3), 9.0, np.float32)
    assert (coded(beyond).planes[0] == 255).all()
    assert (coded(-beyond).planes[0] == 0).all()


def test_views_that_are_not_contiguous_are_converted_alike():
    wide = np.zeros((20, 30, 4), np.uint8)
    wide[..., :3] = smooth_rgb(20, 30)
    for one, other in zip(coded(wide[..., :3]).planes, coded(smooth_rgb(20, 30)).planes, strict=True):
        assert (one == other).all()


def test_place_and_time_survive():
    frame = replace(flat((90, 120, 130)), index=7, pts=Fraction(7, 24), shot=2)
    rgb = frame.to_rgb()
    assert (rgb.index, rgb.pts, rgb.shot) == (7, Fraction(7, 24), 2)
    assert rgb.color.full_range
    back = PlanarFrame.from_rgb(rgb, frame)
    assert (back.index, back.pts, back.shot, back.color) == (7, Fraction(7, 24), 2, frame.color)
    assert frame.with_shot(5).shot == 5
    assert (frame.height, frame.width) == (6, 10)


@pytest.mark.parametrize("depth", [8, 10])
def test_alpha_goes_along(depth):
    frame = flat((16 << (depth - 8),) * 3, depth)
    top = 2**depth - 1
    alpha = np.linspace(0, top, 60).astype(frame.planes[0].dtype).reshape(6, 10)
    rgb = replace(frame, alpha=alpha).to_rgb()
    assert rgb.alpha.dtype == rgb.pixels.dtype
    assert rgb.alpha[0, 0] == 0
    assert rgb.alpha[-1, -1] == (255 if depth == 8 else 65535)


def test_another_size_is_refused():
    with pytest.raises(UnusablePixelsError, match="10×6"):
        PlanarFrame.from_rgb(Frame(np.zeros((4, 4, 3), np.uint8)), flat((16, 128, 128)))


def test_an_unknown_matrix_is_refused_by_name():
    with pytest.raises(UnusablePixelsError, match="ictcp"):
        flat((16, 128, 128), color=film_color("ictcp")).to_rgb()
