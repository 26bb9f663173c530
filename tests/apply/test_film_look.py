from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.film_look import (
    EASING_STEPS,
    FilmLook,
    LookLink,
    chained_lut,
    composed_lut,
    film_thumbnail,
    sample_frames,
    shot_lut,
    shot_luts,
)
from impasto.apply.look import LookStylizer
from impasto.apply.lut import Lut3D
from impasto.apply.planar_lut import PlanarLut
from impasto.apply.stylizer import State
from impasto.errors import StyleFileError, UnusablePixelsError, UsageError
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame
from impasto.style.runtime import OnnxRuntime
from impasto.vision.shots import Shot

from .networks import FakeRuntime, brightness_model, constant
from .planar_frames import FILM, noise_frame

IDENTITY = Lut3D.identity(9)


@dataclass(frozen=True)
class Span:
    start: int
    stop: int
    transition_start: int


CUT_FILM = [Span(0, 10, 0), Span(10, 30, 10), Span(30, 31, 30)]
DISSOLVE_FILM = [Span(0, 60, 0), Span(60, 100, 40), Span(100, 110, 100)]


def grey_frame(level: int, index: int = 0, bits: int = 8) -> PlanarFrame:
    unit = 1 << (bits - 8)
    dtype = np.uint8 if bits == 8 else np.uint16
    planes = np.full((18, 32), level * unit, dtype), *[np.full((9, 16), 128 * unit, dtype)] * 2
    return PlanarFrame(planes, bits, (2, 2), FILM, index)


def following_brightness() -> FakeRuntime:
    """Multiplies colours by the thumbnail's mean."""
    return FakeRuntime(lambda thumbnail: IDENTITY.table[None] * thumbnail.mean())


def gain_of(lut: Lut3D) -> float:
    return float(lut.apply(np.full((1, 3), 0.5, np.float32)).mean() / 0.5)


def levels(frame: PlanarFrame) -> tuple[float, ...]:
    return tuple(plane.mean() for plane in frame.planes)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 30)), min_size=1, max_size=8), st.integers(1, 7))
def test_samples_show_their_shot_alone_where_any_frame_does(lengths, count):
    shots, start = [], 0
    for length, transition in lengths:
        shots.append(Span(start, start + length, max(0, start - transition)))
        start += length
    samples = sample_frames(shots, count)
    for k, (shot, indices) in enumerate(zip(shots, samples, strict=True)):
        assert 1 <= len(indices) <= count
        assert list(indices) == sorted(set(indices))
        assert all(shot.start <= index < shot.stop for index in indices)
        if k + 1 < len(shots) and shots[k + 1].transition_start > shot.start:
            assert all(index < shots[k + 1].transition_start for index in indices)


def test_samples_are_spread_evenly():
    assert sample_frames([Span(100, 200, 100)]) == [(110, 130, 150, 170, 190)]
    assert sample_frames([Span(7, 9, 7)]) == [(7, 8)]


def test_the_samples_of_real_shots_can_be_taken():
    shot = Shot(0, 0, 24, Fraction(0), Fraction(1), "cut", 0)
    assert len(sample_frames([shot])[0]) == 5
    assert FilmLook([shot], [IDENTITY], FILM, 8).lut_at(3) is not None


def test_a_shots_lut_is_the_mean_of_those_of_its_samples():
    levels_by_frame = [16 + 2 * k for k in range(31)]
    frames = [grey_frame(level, k) for k, level in enumerate(levels_by_frame)]
    luts = shot_luts([LookLink(following_brightness(), 8)], CUT_FILM, frames)
    for lut, indices in zip(luts, sample_frames(CUT_FILM), strict=True):
        expected = np.mean([(levels_by_frame[k] - 16) / 219 for k in indices])
        assert gain_of(lut) == pytest.approx(expected, abs=1e-4)


def test_one_frame_that_differs_moves_the_lut_by_its_share_only():
    frames = [grey_frame(126, k) for k in (1, 3, 5, 7)] + [grey_frame(235, 9)]
    lut = shot_lut([LookLink(following_brightness(), 8)], frames)
    assert gain_of(lut) == pytest.approx((4 * 110 / 219 + 1) / 5, abs=1e-3)


def test_only_the_samples_are_looked_at_and_reading_stops_after_the_last():
    given_frames = []

    def film():
        for k in range(1000):
            given_frames.append(k)
            yield grey_frame(100, k)

    runtime = following_brightness()
    shot_luts([LookLink(runtime, 8)], [Span(0, 50, 0)], film())
    assert len(runtime.thumbnails) == 5
    assert given_frames[-1] == 45


def test_a_missing_frame_is_told():
    with pytest.raises(UsageError, match="frame 15"):
        shot_luts([LookLink(following_brightness())], [Span(0, 20, 0)], [grey_frame(100, k) for k in range(15)], 2)


def test_strength_and_color_are_as_in_a_single_picture(film_lut):
    frame = noise_frame((64, 64), 8, (1, 1))
    rgb = frame.to_rgb()
    for options in ({"strength": 0.3}, {"strength": 0.0}, {"keep_color": True}):
        lut = shot_lut([LookLink(constant(film_lut), 8, **options)], [frame])
        expected, _ = LookStylizer(constant(film_lut), thumbnail_side=8, **options)(rgb, State())
        assert np.abs(lut.apply(rgb.pixels).astype(int) - expected.pixels).max() <= 1
    with pytest.raises(UsageError, match="strength"):
        LookLink(constant(film_lut), strength=2)


def test_the_network_sees_the_picture():
    lut = shot_lut([LookLink(OnnxRuntime(brightness_model(side=8)), 8)], [grey_frame(126)])
    assert gain_of(lut) == pytest.approx(110 / 219, abs=1e-3)


def test_an_unusable_answer_of_the_network_is_the_fault_of_the_style():
    broken = FakeRuntime(lambda thumbnail: np.full((1, 9, 9, 9, 3), np.nan, np.float32))
    with pytest.raises(StyleFileError):
        shot_lut([LookLink(broken)], [grey_frame(100)])


def test_chains_are_one_lut(film_lut):
    second = Lut3D(Lut3D.identity(17).table[..., ::-1] * 0.9)
    chained = chained_lut(
        [LookLink(constant(film_lut)), LookLink(constant(second))], [np.zeros((64, 64, 3), np.float32)]
    )
    colors = np.random.default_rng(0).random((2000, 3), np.float32)
    assert np.abs(chained.apply(colors) - second.apply(film_lut.apply(colors))).max() < 0.003
    assert chained.size == 33


def test_a_later_link_sees_what_the_one_before_has_made_at_its_own_size():
    halving, last = Lut3D(IDENTITY.table * 0.5), following_brightness()
    links = [LookLink(constant(halving), 16), LookLink(last, 4)]
    lut = shot_lut(links, [grey_frame(235)])
    assert last.thumbnails[0].shape == (1, 3, 4, 4)
    assert last.thumbnails[0].mean() == pytest.approx(0.5, abs=1e-3)
    assert gain_of(lut) == pytest.approx(0.25, abs=1e-3)


def test_no_look_is_refused():
    with pytest.raises(UsageError, match="at least one look"):
        shot_lut([], [grey_frame(100)])


def test_composing_with_the_identity_changes_nothing(film_lut):
    for composed in (composed_lut(Lut3D.identity(33), film_lut), composed_lut(film_lut, Lut3D.identity(17))):
        assert np.abs(composed.table - film_lut.table).max() < 1e-6


@pytest.mark.parametrize("bits", [8, 10])
def test_nothing_flickers_within_a_shot(film_lut, bits):
    """A still picture stays still, whatever happens in other frames of the shot."""
    shots = [Span(0, 50, 0), Span(50, 100, 50)]
    look = FilmLook(shots, [film_lut, Lut3D(film_lut.table * 0.7)], FILM, bits)
    still = noise_frame((40, 60), bits)
    first = look.apply(replace(still, index=0))
    for k in range(1, 50):
        if k % 7 == 0:
            look.apply(grey_frame(2 * k, k, bits))
        graded = look.apply(replace(still, index=k))
        assert all(np.array_equal(a, b) for a, b in zip(graded.planes, first.planes, strict=True))
    assert levels(look.apply(replace(still, index=50))) != levels(first)


def test_frames_do_not_depend_on_order_or_workers(film_lut):
    luts = [IDENTITY, film_lut, Lut3D(film_lut.table * 0.7)]
    frames = [replace(noise_frame(), index=k) for k in range(0, 110, 3)]
    alone = FilmLook(DISSOLVE_FILM, luts, FILM, 8)
    expected = {frame.index: alone.apply(frame).planes for frame in frames}
    workers = [FilmLook(DISSOLVE_FILM, luts, FILM, 8) for _ in range(3)]
    order = np.random.default_rng(0).permutation(len(frames))
    for k in order:
        graded = workers[k % 3].apply(frames[k])
        assert all(np.array_equal(a, b) for a, b in zip(graded.planes, expected[frames[k].index], strict=True))


def test_a_cut_is_not_eased():
    look = FilmLook(CUT_FILM, [Lut3D(IDENTITY.table * gain) for gain in (0.2, 0.5, 0.9)], FILM, 8)
    gains = [gain_of(look.lut_at(k).lut) for k in range(31)]
    assert gains == pytest.approx([0.2] * 10 + [0.5] * 20 + [0.9], abs=1e-4)
    assert gain_of(look.lut_at(500).lut) == pytest.approx(0.9, abs=1e-4)


def test_a_dissolve_is_eased_in_small_steps_from_one_look_to_the_other():
    look = FilmLook(DISSOLVE_FILM, [Lut3D(IDENTITY.table * gain) for gain in (0.2, 0.8, 0.8)], FILM, 8)
    gains = np.array([gain_of(look.lut_at(k).lut) for k in range(110)])
    assert gains[:40] == pytest.approx(0.2, abs=1e-4)
    assert gains[60:] == pytest.approx(0.8, abs=1e-4)
    steps = np.diff(gains[39:61])
    assert (steps >= -1e-6).all()
    assert steps.max() <= 0.6 * 2 / EASING_STEPS + 1e-4
    assert len(np.unique(gains[39:61].round(5))) <= EASING_STEPS + 1


def test_a_dissolve_longer_than_the_shot_before_begins_with_it():
    shots = [Span(0, 20, 0), Span(20, 24, 20), Span(24, 60, 10)]
    look = FilmLook(shots, [Lut3D(IDENTITY.table * gain) for gain in (0.2, 0.5, 0.8)], FILM, 8)
    gains = [gain_of(look.lut_at(k).lut) for k in range(19, 25)]
    assert gains[0] == pytest.approx(0.2, abs=1e-4)
    assert 0.5 <= gains[1] < gains[2] < gains[3] < gains[4] <= gains[5]


def test_a_shots_lut_is_baked_once(film_lut):
    look = FilmLook(CUT_FILM, [film_lut, IDENTITY, film_lut], FILM, 8)
    assert look.lut_at(3) is look.lut_at(9)
    assert look.lut_at(3) is not look.lut_at(10)
    assert isinstance(look.lut_at(0), PlanarLut)


def test_few_tables_are_held(film_lut):
    look = FilmLook(DISSOLVE_FILM, [IDENTITY, film_lut, film_lut], FILM, 8)
    first = look.lut_at(45)
    for k in range(40, 60):
        look.lut_at(k)
    assert look.lut_at(45) is not first


def test_luts_are_read_when_frames_come_and_few_are_kept():
    """They may lie in files, and those of a long film take gigabytes."""

    class Read(list):
        def __getitem__(self, number):
            asked.append(number)
            return IDENTITY

    asked = []
    look = FilmLook(DISSOLVE_FILM, Read([None] * 3), FILM, 8)
    for k in range(60):
        look.lut_at(k)
    assert asked == [0, 1]
    look.lut_at(105)
    assert asked == [0, 1, 2]


def test_as_many_luts_as_shots(film_lut):
    with pytest.raises(UsageError, match="3 shots"):
        FilmLook(CUT_FILM, [film_lut], FILM, 8)
    with pytest.raises(UsageError):
        FilmLook([], [], FILM, 8)
    with pytest.raises(UnusablePixelsError, match="ictcp"):
        FilmLook(CUT_FILM, [film_lut] * 3, Color(matrix="ictcp"), 8)


def test_hdr_thumbnails_show_what_sdr_would():
    """BT.2408: the white of SDR is 58% of PQ."""
    color = Color("bt2020", "smpte2084", False, 10, matrix="bt2020")
    luma = np.full((18, 32), round(64 + 876 * 0.5807), np.uint16)
    chroma = np.full((9, 16), 512, np.uint16)
    frame = PlanarFrame((luma, chroma, chroma), 10, (2, 2), color)
    thumbnail = film_thumbnail(frame, [LookLink(constant(IDENTITY), 8)])
    assert thumbnail.shape == (8, 8, 3)
    assert np.abs(thumbnail - 1).max() < 0.01
    assert film_thumbnail(replace(frame, color=FILM), []).mean() == pytest.approx(0.5807, abs=0.001)
