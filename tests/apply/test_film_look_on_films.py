"""A look over films as they are read and written: nothing but colours changes, and nothing flickers."""

import numpy as np
import pytest
from film_clips import make_film

from impasto.apply.film_look import FilmLook, LookLink, shot_luts
from impasto.apply.lut import Lut3D
from impasto.media.film_read import FilmSource
from impasto.media.film_write import FilmSink
from impasto.vision.shots import find_shots

from .networks import FakeRuntime

FORMATS = ["yuv420p", "yuv422p10le", "yuv444p12le", "yuv420p10le"]


def darkening() -> FakeRuntime:
    """Darkens bright pictures more."""
    return FakeRuntime(lambda thumbnail: Lut3D.identity(9).table[None] * (1 - thumbnail.mean() / 2))


def over(path, luts=None) -> tuple[FilmLook, FilmSource]:
    source, shots = FilmSource(path), find_shots(path)
    luts = luts or shot_luts([LookLink(darkening(), 8)], shots, source)
    return FilmLook(shots, luts[: len(shots)], source.info.color, source.info.bit_depth), source


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_an_identity_look_is_a_lossless_copy(tmp_path, pixel_format):
    path = make_film(tmp_path / "in.mkv", frames=6, size=(86, 50), codec="ffv1", pixel_format=pixel_format)
    look, source = over(path, [Lut3D.identity(33)])
    with FilmSink(tmp_path / "out.mkv", source.info) as sink:
        for frame in source:
            sink.write(look.apply(frame))
    for before, after in zip(FilmSource(path), FilmSource(tmp_path / "out.mkv"), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(before.planes, after.planes, strict=True))
        assert before.pts == after.pts


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_the_same_color_becomes_the_same_color_all_over_a_shot(tmp_path, pixel_format):
    path = make_film(tmp_path / "in.mkv", frames=24, size=(96, 54), codec="ffv1", pixel_format=pixel_format, cuts=(12,))
    look, source = over(path)
    before = list(source)
    after = [look.apply(frame) for frame in before]
    probe = before[0]
    for shot in find_shots(path):
        of_shot = [look.lut_at(k).apply(probe).planes for k in range(shot.start, shot.stop)]
        assert all(np.array_equal(a, b) for planes in of_shot for a, b in zip(planes, of_shot[0], strict=True))
    assert any((a.planes[0] != b.planes[0]).any() for a, b in zip(before, after, strict=True))


def test_frames_are_the_same_wherever_a_worker_begins(tmp_path):
    path = make_film(tmp_path / "in.mp4", frames=24, size=(96, 54), cuts=(10,))
    look, source = over(path)
    whole = [look.apply(frame).planes for frame in source]
    for start, stop in ((17, 24), (4, 13), (0, 2)):
        again, other = over(path)
        for frame in other.frames(start, stop):
            planes = again.apply(frame, num_threads=1).planes
            assert all(np.array_equal(a, b) for a, b in zip(planes, whole[frame.index], strict=True))
