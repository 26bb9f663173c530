"""The same colours become the same colours, however a film codes them."""

from dataclasses import replace

import numpy as np
import pytest

from impasto.apply.film_look import FilmLook, LookLink, composed_lut, shot_lut
from impasto.apply.film_space import film_transforms
from impasto.apply.lut import Lut3D
from impasto.apply.planar_lut import PlanarLut
from impasto.media.frame import Color, Frame
from impasto.media.planar import PlanarFrame
from impasto.style.file import load_style
from impasto.style.library import default_library
from impasto.style.runtime import OnnxRuntime

from .networks import constant
from .planar_frames import FILM, codes_frame, codes_of, codes_of_rgb, noise_frame

CODINGS = [
    (bits, replace(FILM, matrix=matrix, full_range=is_full))
    for bits in (8, 10, 16)
    for matrix in ("bt601", "bt709", "bt2020", "identity")
    for is_full in (False, True)
]


def smooth_pixels(height: int = 64, width: int = 96) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / height
    colors = [0.5 + 0.3 * np.sin(3 * x + 1), 0.5 + 0.3 * np.cos(2 * y + x), 0.4 + 0.3 * np.sin(4 * y)]
    return (np.stack(colors, axis=-1) * 65535).astype(np.uint16)


@pytest.mark.parametrize(("bits", "color"), CODINGS)
def test_any_matrix_range_and_depth(film_lut, bits, color):
    rgb = 0.05 + 0.9 * np.random.default_rng(0).random((400, 3))
    frame = codes_frame(codes_of_rgb(rgb, bits, color), bits, color)
    graded = PlanarLut(film_lut, color, bits).apply(frame).to_rgb().pixels[0]
    shown = graded / np.iinfo(graded.dtype).max
    assert np.abs(shown - film_lut.apply(rgb.astype(np.float32))).max() < (0.02 if bits == 8 else 0.004)


@pytest.mark.parametrize("subsampling", [(2, 2), (2, 1)])
@pytest.mark.parametrize("bits", [8, 10])
def test_shared_chroma_costs_smooth_pictures_nothing_to_speak_of(film_lut, bits, subsampling):
    frame = PlanarFrame.from_rgb(Frame(smooth_pixels()), noise_frame((64, 96), bits, subsampling))
    direct = PlanarLut(film_lut, FILM, bits).apply(frame)
    rgb = frame.to_rgb()
    through = PlanarFrame.from_rgb(rgb.with_pixels(film_lut.apply(rgb.pixels)), frame)
    for a, b in zip(direct.planes, through.planes, strict=True):
        difference = np.abs(a.astype(float) - b)[2:-2, 2:-2] / 2 ** (bits - 8)
        assert difference.mean() < 0.6
        assert difference.max() <= 3


def test_hdr_is_graded_as_its_sdr_would_be(film_lut):
    color = Color("bt2020", "smpte2084", False, 10, matrix="bt2020")
    to_srgb, to_native = film_transforms(color)
    srgb = 0.15 + 0.7 * np.random.default_rng(0).random((300, 3), np.float32)
    frame = codes_frame(codes_of_rgb(to_native(srgb), 10, color), 10, color)
    lut = shot_lut([LookLink(constant(film_lut), 8)], [frame])
    graded = PlanarLut(lut, color, 10).apply(frame).to_rgb().pixels[0] / 65535
    assert np.abs(to_srgb(graded) - film_lut.apply(srgb)).mean() < 0.01


@pytest.mark.parametrize("name", ["kodak", "noir"])
def test_installed_looks_give_the_same_lut_each_time_and_end_within_the_codes(name):
    file = load_style(default_library().resolve(name))
    frames = [replace(noise_frame((36, 64)), index=k) for k in range(3)]
    luts = []
    for _ in range(2):
        link = LookLink(OnnxRuntime(file.generator), file.manifest.needs.thumbnail_side or 64)
        luts.append(shot_lut([link], frames))
    assert np.array_equal(luts[0].table, luts[1].table)
    graded = PlanarLut(luts[0], FILM, 8).apply(frames[0])
    assert any((a != b).any() for a, b in zip(graded.planes, frames[0].planes, strict=True))


def test_half_of_a_dissolve_between_looks_is_half_of_each(film_lut):
    first, second = Lut3D(Lut3D.identity(33).table * 0.6), composed_lut(film_lut, film_lut)
    times = [(0, 40, 0), (40, 80, 25)]
    spans = [type("Span", (), {"start": a, "stop": b, "transition_start": c})() for a, b, c in times]
    look = FilmLook(spans, [first, second], FILM, 10)
    codes = codes_of_rgb(0.05 + 0.9 * np.random.default_rng(0).random((300, 3)), 10)
    before, middle, after = (codes_of(look.apply(replace(codes_frame(codes, 10), index=k))) for k in (0, 32, 79))
    assert np.abs(middle - (before + after) / 2).max() <= 1.01
