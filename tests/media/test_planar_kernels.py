"""The loops against plain NumPy that does the same by whole arrays."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.media.chroma import chroma_axes, chroma_shape
from impasto.media.frame import Color, Frame
from impasto.media.planar import PlanarFrame, codes_to_rgb, rgb_to_codes

LOCATIONS = ["left", "topleft", "top", "center"]
SCHEMES = [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1)]


def enlarged(plane, axis, length):
    """Repeat along the first axis by weights of the sample before, the own and the next."""
    padded = np.pad(plane.astype(np.float64), ((1, 1), (0, 0)), mode="edge")
    n = len(plane)
    phases = [row[0] * padded[:n] + row[1] * padded[1 : n + 1] + row[2] * padded[2 : n + 2] for row in axis.enlarging]
    return np.stack(phases, 1).reshape(-1, plane.shape[1])[:length]


def reduced(plane, axis, length):
    """Filter along the first axis, the slope carried on at the end as the axis says."""
    slope = axis.slope_beyond(len(plane))
    beyond = plane[-1:] + slope * (plane[-1:] - plane[-2:-1] if len(plane) > 1 else 0)
    padded = np.concatenate([np.repeat(plane[:1], 8, 0), plane, np.repeat(beyond, 16, 0)])
    starts = 8 + np.arange(length) * axis.factor + axis.first_tap
    return sum(float(tap) * padded[starts + k] for k, tap in enumerate(axis.reducing))


def plain_rgb(frame):
    across, down = chroma_axes(frame.subsampling, frame.color.chroma_location)
    full = [enlarged(enlarged(c, down, frame.height).T, across, frame.width).T for c in frame.planes[1:]]
    matrix, offset = codes_to_rgb(frame.color, frame.bit_depth)
    return np.stack([frame.planes[0], *full], -1) @ matrix.T + offset


def plain_codes(rgb, like):
    matrix, offset = rgb_to_codes(like.color, like.bit_depth)
    y, u, v = np.moveaxis(rgb @ matrix.T + offset, -1, 0)
    across, down = chroma_axes(like.subsampling, like.color.chroma_location)
    height, width = chroma_shape(like.height, like.width, like.subsampling)
    return [y, *(reduced(reduced(c.T, across, width).T, down, height) for c in (u, v))]


@st.composite
def frames(draw):
    size = draw(st.tuples(st.integers(1, 21), st.integers(1, 21)))
    subsampling = draw(st.sampled_from(SCHEMES))
    depth = draw(st.sampled_from([8, 10, 12, 16]))
    color = Color(
        full_range=draw(st.booleans()),
        matrix=draw(st.sampled_from(["bt601", "bt709", "bt2020", "identity"])),
        chroma_location=draw(st.sampled_from(LOCATIONS)),
    )
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = np.uint8 if depth == 8 else np.uint16
    shapes = [size, *[chroma_shape(*size, subsampling)] * 2]
    planes = tuple(random.integers(0, 2**depth, shape).astype(kind) for shape in shapes)
    return PlanarFrame(planes, depth, subsampling, color)


@settings(max_examples=60, deadline=None)
@given(frames())
def test_to_rgb(frame):
    pixels = frame.to_rgb().pixels
    white = 255 if frame.bit_depth == 8 else 65535
    expected = plain_rgb(frame).clip(0, 1) * white
    assert np.abs(pixels - expected).max() <= 0.5 + white * 2e-6


@settings(max_examples=60, deadline=None)
@given(frames(), st.sampled_from([np.uint8, np.uint16, np.float32]), st.integers(0, 2**32 - 1))
def test_from_rgb(frame, kind, seed):
    values = np.random.default_rng(seed).random((frame.height, frame.width, 3))
    white = 1.0 if kind is np.float32 else np.iinfo(kind).max
    pixels = (values * white).astype(kind)
    coded = PlanarFrame.from_rgb(Frame(pixels), frame)
    for plane, expected in zip(coded.planes, plain_codes(pixels / np.float64(white), frame), strict=True):
        top = 2**frame.bit_depth - 1
        assert np.abs(plane - expected.clip(0, top)).max() <= 0.5 + top * 4e-6


def test_the_same_picture_gives_the_same_codes_every_time():
    random = np.random.default_rng(1)
    planes = tuple(random.integers(0, 256, shape, np.uint8) for shape in ((54, 96), (27, 48), (27, 48)))
    frame = PlanarFrame(planes)
    first, second = (PlanarFrame.from_rgb(frame.to_rgb(), frame) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first.planes, second.planes, strict=True))


@pytest.mark.parametrize("module", ["planar", "chroma", "color_tags", "frame"])
def test_types_can_be_imported_without_what_decodes_and_compiles(module):
    code = f"import sys, impasto.media.{module}; print([name for name in ('av', 'numba') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_without_pyav_the_extra_is_named():
    code = "import sys; sys.modules['av'] = None; import impasto.media.film_read"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1] == (
        'impasto.errors.MissingExtraError: Films need PyAV. Install it with `pip install "impasto[video]"`.'
    )
