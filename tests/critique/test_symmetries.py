"""What must not change, and what must, when a picture is mirrored, turned, enlarged, shuffled or brightened."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.critique import critic
from impasto.critique.cast import judge_cast
from impasto.critique.critic import critique_frame
from impasto.critique.finding import Critique
from impasto.critique.focus import edge_width, find_edges
from impasto.critique.horizon import find_level_line
from impasto.critique.noise import measure_noise
from impasto.critique.tones import judge_contrast, judge_exposure, measure_clipping
from impasto.media.frame import Frame

from .constructed import blurred, colors, encoded, noisy, patches, sea

Pixels = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def without_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(critic, "find_faces", lambda pixels: ())


@pytest.fixture(scope="module")
def photo() -> Pixels:
    """A tilted line over soft patches, with noise, some of it clipped."""
    plane = 0.5 * blurred(patches(320, 400, side=80), 1.5) + 0.5 * sea(3, 320, 400)
    plane[:20, :100] = 300
    return noisy(plane, 3)


@pytest.fixture(scope="module")
def seen(photo: Pixels) -> Critique:
    return critique_frame(Frame(photo))


def test_a_mirror_image_has_the_same_numbers(photo: Pixels, seen: Critique) -> None:
    mirrored = critique_frame(Frame(photo[:, ::-1].copy()))
    for name in ("exposure", "contrast", "highlights", "shadows"):
        assert mirrored[name].value == pytest.approx(seen[name].value, abs=1e-3)
    assert mirrored["noise"].value == pytest.approx(seen["noise"].value, rel=0.03)
    assert mirrored["sharpness"].value == pytest.approx(seen["sharpness"].value, rel=0.1)


@pytest.mark.parametrize("degrees", [-7.0, -2.0, 3.5])
def test_a_mirror_image_tilts_the_other_way(degrees: float) -> None:
    line, mirrored = (find_level_line(plane) for plane in (sea(degrees), sea(degrees)[:, ::-1].copy()))
    assert line is not None
    assert mirrored is not None
    assert mirrored.degrees == pytest.approx(-line.degrees, abs=0.05)
    assert mirrored.coverage == pytest.approx(line.coverage, abs=0.02)


def test_the_mirrored_map_of_clipped_fields_is_mirrored(photo: Pixels) -> None:
    grid, mirrored = (measure_clipping(each, bright=True).grid for each in (photo, photo[:, ::-1]))
    assert grid[:, : grid.shape[1] // 4].max() == 1
    assert mirrored[:, -grid.shape[1] // 4 :].max() == 1
    assert mirrored[:, : grid.shape[1] // 2].max() < 0.05


def test_a_quarter_turn_keeps_all_but_the_horizon(photo: Pixels, seen: Critique) -> None:
    turned = critique_frame(Frame(np.rot90(photo).copy()))
    assert (turned.width, turned.height) == (seen.height, seen.width)
    for name in ("exposure", "contrast", "highlights"):
        assert turned[name].value == pytest.approx(seen[name].value, abs=1e-3)
    assert turned["noise"].value == pytest.approx(seen["noise"].value, rel=0.05)


@pytest.mark.parametrize("factor", [2, 3])
def test_an_enlarged_picture_is_softer_by_as_much(factor: int) -> None:
    small = blurred(patches(240, 320, side=60), 1.5)
    large = blurred(patches(240 * factor, 320 * factor, side=60 * factor), 1.5 * factor)
    one, other = (edge_width(find_edges(plane, 0)) for plane in (small, large))
    assert one is not None
    assert other == pytest.approx(one * factor, rel=0.12)


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 2, 0)])
def test_exchanged_channels_exchange_their_shares(photo: Pixels, order: tuple[int, int, int]) -> None:
    picture = photo.copy()
    picture[100:140, :, 0] = 255
    before, after = (measure_clipping(each, bright=True).shares for each in (picture, picture[..., order]))
    assert after == pytest.approx([before[channel] for channel in order])
    assert max(before) > min(before)


def test_red_and_blue_exchanged_make_warm_cool() -> None:
    warm = encoded(colors() * (1.45, 1.0, 0.55))
    one, other = judge_cast(warm), judge_cast(warm[..., ::-1].copy())
    assert "warm" in one.phrase
    assert "cool" in other.phrase
    assert one.details["blue_to_yellow"] > 0 > other.details["blue_to_yellow"]


def test_tones_know_nothing_of_places(photo: Pixels) -> None:
    rgb = photo.astype(np.float32) / 255
    shuffled = np.random.default_rng(0).permutation(rgb.reshape(-1, 3)).reshape(rgb.shape)
    for judge in (judge_exposure, judge_contrast):
        assert judge(shuffled).value == pytest.approx(judge(rgb).value, abs=1e-3)


@pytest.mark.parametrize("lift", [-40, 30])
def test_noise_is_the_same_however_bright(lift: int) -> None:
    plane = np.full((200, 200), 120.0)
    one, other = (measure_noise(noisy(plane + shift, 5)) for shift in (0, lift))
    assert one is not None
    assert other == pytest.approx(one, rel=0.03)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_more_blur_never_reads_as_less(sigma: float) -> None:
    plane = patches(240, 320, side=60)
    widths = [edge_width(find_edges(blurred(plane, sigma * more), 0)) for more in (1.0, 1.4, 2.0)]
    assert all(width is not None for width in widths)
    assert widths == sorted(widths, key=float)  # type: ignore[arg-type]
