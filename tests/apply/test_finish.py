from __future__ import annotations

import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from style.conftest import make_manifest, make_style

from impasto.apply.film_wear import flicker_gain, weave_shift
from impasto.apply.finish import FinishedStylizer, finish_for, finish_frame, finish_picture, finished, unfinished
from impasto.apply.stylizer import State
from impasto.errors import UsageError
from impasto.media.frame import Color, Frame, empty_padded, padded_storage
from impasto.media.planar import PlanarFrame
from impasto.style.finish import USUAL_GRAIN, Finish, parse_finish

from .planar_pictures import LIMITED, flat_frame, ramp_frame

GRAIN = Finish(grain=USUAL_GRAIN)
GREY_GRAIN = Finish(grain=USUAL_GRAIN.model_copy(update={"chroma": 0.0}))
ALL = parse_finish("grain,weave,flicker,scratches,dust", None)
FULL = Color(full_range=True)
RGB = Color(matrix="identity", full_range=True)


def same(one: PlanarFrame, other: PlanarFrame) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.planes, other.planes, strict=True))


def luma_deviation(frame: PlanarFrame) -> float:
    """Return the deviation of luma, black to white being 1."""
    span = 2**frame.bit_depth - 1 if frame.color.full_range else 219 * 2 ** (frame.bit_depth - 8)
    return float(frame.planes[0].std()) / span


@pytest.mark.parametrize("bit_depth", [8, 10, 12, 16])
@pytest.mark.parametrize("subsampling", [(2, 2), (2, 1), (1, 1)])
@pytest.mark.parametrize("size", [(90, 160), (77, 51), (5, 3), (1, 1)])
def test_any_frame_is_finished_in_its_own_form(
    bit_depth: int, subsampling: tuple[int, int], size: tuple[int, int]
) -> None:
    frame = flat_frame(size, bit_depth=bit_depth, subsampling=subsampling, index=3, shot=2)
    before = [plane.copy() for plane in frame.planes]
    result = finish_frame(frame, ALL)
    assert (result.index, result.shot, result.bit_depth, result.color) == (3, 2, bit_depth, frame.color)
    for old, untouched, new in zip(before, frame.planes, result.planes, strict=True):
        assert np.array_equal(old, untouched)
        assert (new.shape, new.dtype) == (old.shape, old.dtype)
        assert new.max() < 2**bit_depth


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 2**63 - 1))
def test_a_frame_is_a_function_of_its_number_and_the_seed(index: int, seed: int) -> None:
    frame = ramp_frame((36, 64), index=index)
    once = finish_frame(frame, ALL, seed)
    finish_frame(replace(frame, index=index + 1), ALL, seed)
    assert same(once, finish_frame(frame, ALL, seed))
    assert not same(once, finish_frame(frame, ALL, seed + 1))
    assert not same(once, finish_frame(replace(frame, index=index + 1), ALL, seed))


def test_another_process_makes_the_same(tmp_path: Path) -> None:
    script = (
        "import sys, zlib\n"
        "from tests.apply.planar_pictures import ramp_frame\n"
        "from impasto.apply.finish import finish_frame\n"
        "from impasto.style.finish import parse_finish\n"
        "finish = parse_finish('grain,weave,flicker,scratches,dust', None)\n"
        "frame = finish_frame(ramp_frame(index=9), finish, 5)\n"
        "print(zlib.crc32(b''.join(plane.tobytes() for plane in frame.planes)))\n"
    )

    here = finish_frame(ramp_frame(index=9), ALL, 5)
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert int(found.stdout) == zlib.crc32(b"".join(plane.tobytes() for plane in here.planes))


def test_nothing_changes_nothing() -> None:
    frame = ramp_frame()
    assert same(finish_frame(frame, Finish()), frame)
    assert same(finish_frame(frame, Finish(weave=1e-9, flicker=1e-9)), frame)
    picture = Frame(np.full((20, 30, 3), 90, np.uint8))
    assert finish_picture(picture, Finish(weave=1.0, flicker=1.0)).pixels is picture.pixels


def test_grain_leaves_the_mean_and_adds_the_amount_of_the_lightness() -> None:
    for lightness in (0.25, 0.5, 0.75):
        frame = flat_frame((540, 960), lightness, bit_depth=12)
        result = finish_frame(frame, GRAIN)
        wanted = USUAL_GRAIN.amount_at(np.array(lightness)) * (luma_deviation(result) > 0)
        # At 540 lines three quarters of its deviation can be seen.
        assert luma_deviation(result) == pytest.approx(0.75 * wanted, rel=0.08)
        assert result.planes[0].mean() == pytest.approx(frame.planes[0].mean(), rel=0.002)


@pytest.mark.parametrize("bit_depth", [8, 10, 16])
@pytest.mark.parametrize("color", [LIMITED, FULL])
def test_grain_is_the_same_at_any_depth_and_range(bit_depth: int, color: Color) -> None:
    result = finish_frame(flat_frame((180, 320), bit_depth=bit_depth, color=color), GRAIN)
    wanted = luma_deviation(finish_frame(flat_frame((180, 320), bit_depth=16), GRAIN))
    assert luma_deviation(result) == pytest.approx(wanted, rel=0.03)


def test_grain_looks_the_same_at_any_resolution() -> None:
    """Four times as many pixels, averaged, show what the smaller frame shows."""
    large = finish_frame(flat_frame((720, 1280), bit_depth=16), GREY_GRAIN).planes[0].astype(float)
    averaged = large.reshape(180, 4, 320, 4).mean(axis=(1, 3)).std()
    small = finish_frame(flat_frame((180, 320), bit_depth=16), GREY_GRAIN).planes[0].astype(float).std()
    assert averaged == pytest.approx(small, rel=0.15)


def test_black_bars_stay_black() -> None:
    frame = flat_frame(lightness=0.0)
    assert same(finish_frame(frame, GRAIN), frame)


def test_grain_is_not_the_same_twice() -> None:
    frames = [finish_frame(flat_frame(index=index), GRAIN).planes[0].astype(float) for index in range(6)]
    for one in range(6):
        for other in range(one):
            assert abs(np.corrcoef(frames[one].ravel(), frames[other].ravel())[0, 1]) < 0.1


def test_chroma_has_weaker_and_coarser_grain_of_its_own() -> None:
    result = finish_frame(flat_frame((1080, 1200), bit_depth=12, subsampling=(1, 1)), GRAIN)
    luma, cb, cr = (plane.astype(float) - plane.mean() for plane in result.planes)
    assert 0.1 * luma.std() < cb.std() < 0.6 * luma.std()
    assert cr.std() == pytest.approx(cb.std(), rel=0.1)
    assert abs(np.corrcoef(cb.ravel(), cr.ravel())[0, 1]) < 0.1

    def roughness(plane: Any) -> float:
        return float(np.diff(plane, axis=1).std() / plane.std())

    assert roughness(cb) < 0.8 * roughness(luma)


def test_grain_without_colour_leaves_colour() -> None:
    frame = ramp_frame()
    result = finish_frame(frame, GREY_GRAIN)
    assert np.array_equal(result.planes[1], frame.planes[1])
    assert np.array_equal(result.planes[2], frame.planes[2])
    assert not np.array_equal(result.planes[0], frame.planes[0])


def test_grain_of_rgb_planes_is_grey() -> None:
    result = finish_frame(flat_frame(subsampling=(1, 1), color=RGB), GRAIN)
    assert np.array_equal(result.planes[0], result.planes[1])
    assert np.array_equal(result.planes[0], result.planes[2])
    assert result.planes[0].std() > 1


def test_grain_of_hdr_is_less_of_its_code_values() -> None:
    hdr = replace(LIMITED, primaries="bt2020", transfer="smpte2084", matrix="bt2020")
    deviation = luma_deviation(finish_frame(flat_frame((180, 320), 0.29, 10, color=hdr), GRAIN))
    usual = luma_deviation(finish_frame(flat_frame((180, 320), 0.5, 10), GRAIN))
    assert deviation == pytest.approx(0.58 * usual, rel=0.05)


def test_flicker_brightens_middle_tones_and_keeps_black_and_white() -> None:
    frame = ramp_frame((8, 640), bit_depth=10, index=4)
    gain = flicker_gain(1.0, 0, 4)
    result = finish_frame(frame, Finish(flicker=1.0))
    change = (result.planes[0].astype(float) - frame.planes[0])[0] / 876
    middle = np.argmin(np.abs(frame.planes[0][0].astype(int) - 502))
    assert change[middle] == pytest.approx(gain / 4, abs=0.002)
    assert change[[0, -1]] == pytest.approx([0, 0], abs=0.002)
    assert np.all(np.diff(result.planes[0][0].astype(int)) >= 0)
    tint = result.planes[1][0].astype(float) - 512
    assert tint == pytest.approx((frame.planes[1][0].astype(float) - 512) * (1 + gain / 2), abs=1)


def test_flicker_goes_the_same_way_in_rgb() -> None:
    result = finish_frame(flat_frame(subsampling=(1, 1), color=RGB, index=4), Finish(flicker=2.0))
    assert result.planes[0][0, 0] == result.planes[1][0, 0] == result.planes[2][0, 0] != 128


def test_weaving_moves_the_picture_by_parts_of_pixels() -> None:
    y, x = np.mgrid[0:180, 0:320]
    wave = 500 + 200 * np.sin(x / 9) * np.cos(y / 7)
    base = flat_frame((180, 320), bit_depth=10, index=11)
    frame = base.with_planes((np.rint(wave).astype(np.uint16), *base.planes[1:]))
    down, right = (180 * shift for shift in weave_shift(4.0, 0, 11))
    moved = 500 + 200 * np.sin((x - right) / 9) * np.cos((y - down) / 7)
    result = finish_frame(frame, Finish(weave=4.0)).planes[0].astype(float)
    inner = (slice(4, -4), slice(4, -4))
    assert np.abs(result - moved)[inner].max() < 3
    assert np.abs(result - wave)[inner].max() > 5


def test_weaving_stays_within_code_values_and_repeats_the_border() -> None:
    frame = flat_frame((64, 64), bit_depth=10, color=FULL, index=5)
    checked = np.where(np.indices((64, 64)).sum(axis=0) % 2, 1023, 0).astype(np.uint16)
    result = finish_frame(frame.with_planes((checked, *frame.planes[1:])), Finish(weave=4.0))
    assert result.planes[0].max() <= 1023
    even = finish_frame(flat_frame((64, 64), index=5), Finish(weave=4.0))
    assert same(even, flat_frame((64, 64)))


def test_colour_moves_with_the_picture() -> None:
    base = flat_frame((120, 160), bit_depth=10, index=2)
    luma = np.broadcast_to(np.linspace(100, 900, 160), (120, 160)).astype(np.uint16)
    tint = np.broadcast_to(np.linspace(102.5, 897.5, 80), (60, 80)).astype(np.uint16)
    result = finish_frame(base.with_planes((luma, tint, tint)), Finish(weave=4.0))
    by_luma = np.median(result.planes[0].astype(float) - luma)
    by_tint = np.median(result.planes[1].astype(float) - tint)
    assert by_luma == pytest.approx(by_tint, abs=1.1)
    assert abs(by_luma) > 0.4


def test_dust_and_scratches_take_colour_away_where_they_lie() -> None:
    found = {0: 0, 1: 0}
    for index in range(40):
        frame = ramp_frame((180, 320), index=index)
        result = finish_frame(frame, Finish(dust=1.0, scratches=1.0))
        changed = result.planes[0] != frame.planes[0]
        assert changed.mean() < 0.05
        for plane in (0, 1):
            found[plane] += int((result.planes[plane] != frame.planes[plane]).sum())
        tints = np.abs(np.stack([planes.planes[1].astype(int) for planes in (result, frame)]) - 128)
        assert np.all(tints[0] <= tints[1])
    assert min(found.values()) > 100


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_pictures_of_any_depth_have_the_same_grain(kind: type) -> None:
    white = 1.0 if kind is np.float32 else np.iinfo(kind).max
    rows = np.linspace(0.2, 0.8, 240)[:, None, None]
    pixels = np.broadcast_to(rows, (240, 320, 3)) * white
    result = finish_picture(Frame(pixels.astype(kind)), GRAIN).pixels
    assert (result.dtype, result.shape) == (kind, (240, 320, 3))
    noise = (result.astype(float) - pixels.astype(kind)) / white
    luma = noise @ [0.2126, 0.7152, 0.0722]
    assert luma.std() == pytest.approx(0.015, rel=0.15)
    assert abs(luma.mean()) < 0.002
    assert np.abs(noise[..., 0] - luma).std() > 0.001


def test_a_picture_and_a_frame_of_a_film_have_grain_of_one_kind() -> None:
    film = finish_frame(flat_frame((180, 320), bit_depth=16), GREY_GRAIN)
    picture = finish_picture(Frame(np.full((180, 320, 3), 32768, np.uint16)), GREY_GRAIN).pixels[..., 0] / 65535
    assert picture.std() == pytest.approx(luma_deviation(film), rel=0.1)


def test_a_picture_is_finished_alike_on_any_number_of_threads_and_each_in_its_own_way() -> None:
    random = np.random.default_rng(0)
    pictures = [Frame(random.integers(0, 256, (700, 900, 3)).astype(np.uint8)) for _ in range(2)]
    finish = parse_finish("grain,dust:2,scratches:2", None)
    first = finish_picture(pictures[0], finish, num_threads=1)
    assert np.array_equal(first.pixels, finish_picture(pictures[0], finish, num_threads=3).pixels)
    noises = [
        finish_picture(frame, GREY_GRAIN).pixels[::5, ::5].astype(float) - frame.pixels[::5, ::5] for frame in pictures
    ]
    assert abs(np.corrcoef(noises[0].ravel(), noises[1].ravel())[0, 1]) < 0.2


def test_a_picture_keeps_its_alpha_and_layout() -> None:
    storage = empty_padded(40, 50)
    storage[...] = 99
    frame = Frame(storage[..., :3], alpha=np.full((40, 50), 7, np.uint8))
    result = finish_picture(frame, parse_finish("grain,dust:4", None))
    assert result.alpha is frame.alpha
    assert padded_storage(result.pixels) is not None
    assert (storage == 99).all()


def test_not_a_number_does_no_harm() -> None:
    pixels = np.full((40, 50, 3), np.nan, np.float32)
    assert finish_picture(Frame(pixels), GRAIN).pixels.shape == (40, 50, 3)


def test_what_a_style_carries_is_laid_over_it_unless_something_else_is_asked_for() -> None:
    plain, grainy = make_style(), make_style(manifest=make_manifest(finish=ALL))
    assert finish_for(plain) is None
    assert finish_for(grainy) == ALL
    assert finish_for(grainy, 0) is None
    assert finish_for(grainy, 0.5) == ALL.scaled(0.5)
    assert finish_for(grainy, "dust:0.5") == finish_for(plain, "dust:0.5") == Finish(dust=0.5)
    with pytest.raises(UsageError, match="carries no finish"):
        finish_for(plain, 1)


def test_a_finished_stylizer_hands_states_through_and_can_be_judged_before_its_finish() -> None:
    def darken(frame: Frame, state: State) -> tuple[Frame, State]:
        return frame.with_pixels(frame.pixels // 2), State(shot=8)

    frame = Frame(np.full((60, 80, 3), 200, np.uint8))
    stylizer = FinishedStylizer(darken, GRAIN)
    result, state = stylizer(frame, State())
    assert state.shot == 8
    assert result.pixels.std() > 1
    plain, _ = unfinished(stylizer)(frame, State())
    assert (plain.pixels == 100).all()
    assert np.array_equal(finished(plain, stylizer).pixels, result.pixels)
    assert unfinished(darken) is darken
    assert finished(plain, darken) is plain


def test_floats_beyond_white_stay_there() -> None:
    """As in pictures of EXR, where a lamp is many times as bright as paper."""
    pixels = np.full((60, 80, 3), 0.6, np.float32)
    pixels[:30] = 7.5
    pixels[:, :5] = -0.01
    result = finish_picture(Frame(pixels), GRAIN).pixels
    assert result[:30, 5:].min() > 7
    assert result[:30, 5:].max() <= 7.5
    assert result[:, :5].min() >= np.float32(-0.01)
    assert result[30:, 5:].max() < 0.8


def test_pictures_of_a_film_share_scratches_but_no_grain() -> None:
    def finished_at(index: int, of_film: bool) -> Any:
        frame = Frame(np.full((180, 320, 3), 100 + index % 2, np.uint8), index=index)
        found = finish_picture(frame, parse_finish("grain:0.2,scratches:4", None), of_film=of_film).pixels
        return np.median(found.astype(int) - frame.pixels, axis=(0, 2)), found

    for first in (20, 60):
        near, later = finished_at(first, True), finished_at(first + 1, True)
        assert np.abs(near[0]).max() > 5
        assert np.corrcoef(near[0], later[0])[0, 1] > 0.2
        assert not np.array_equal(near[1], later[1])
    alone, other = finished_at(20, False), finished_at(21, False)
    assert np.corrcoef(alone[0], other[0])[0, 1] < 0.2
