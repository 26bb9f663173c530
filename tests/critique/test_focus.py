"""Blur of known radius, and where it is."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.critique.finding import Level
from impasto.critique.focus import edge_width, find_edges, judge_focus, weighted_median

from .constructed import blurred, noisy, patches


@pytest.mark.parametrize("sigma", [0.8, 1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 8.0])
def test_a_blur_of_known_radius_is_read(sigma: float) -> None:
    width = edge_width(find_edges(blurred(patches(), sigma), 0))
    assert width == pytest.approx(sigma, rel=0.1, abs=0.1)


@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_noise_of_known_deviation_hardly_changes_it(sigma: float) -> None:
    plane = noisy(blurred(patches(), sigma), 4)[..., 1].astype(np.float32)
    assert edge_width(find_edges(plane, 4)) == pytest.approx(sigma, rel=0.2)


def test_contrast_does_not_matter() -> None:
    plane = blurred(patches(), 2)
    faint = 128 + (plane - 128) * np.float32(0.5)
    assert edge_width(find_edges(faint, 0)) == pytest.approx(edge_width(find_edges(plane, 0)), rel=0.06)


def test_sharp_edges_are_sharp() -> None:
    width = edge_width(find_edges(patches(), 0))
    assert width is not None
    assert width < 0.5


def test_a_photo_of_blurs_adds_them_up_as_squares() -> None:
    """A picture that is soft already by 1.5 and is blurred by 2 is soft by 2.5."""
    twice = blurred(blurred(patches(), 1.5), 2)
    assert edge_width(find_edges(twice, 0)) == pytest.approx(2.5, rel=0.1)


def test_nothing_is_said_where_nothing_has_an_edge() -> None:
    slope = np.tile(np.linspace(40, 200, 320, dtype=np.float32), (240, 1))
    for plane in (np.full((240, 320), 128, np.float32), slope):
        focus = judge_focus(plane, 0, ())
        assert [finding.level for finding in focus.findings] == [Level.UNKNOWN]
        assert focus.grid is None


def test_noise_alone_is_no_edge() -> None:
    plane = noisy(np.full((240, 320), 128.0), 8)[..., 1].astype(np.float32)
    assert judge_focus(plane, 8, ()).findings[0].value is None


def halves(left: float, right: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    plane = patches(240, 400)
    return np.concatenate([blurred(plane, left)[:, :200], blurred(plane, right)[:, 200:]], axis=1)


def test_the_sharper_half_is_found() -> None:
    focus = judge_focus(halves(4, 1), 0, ())
    assert focus.findings[0].value == pytest.approx(1, abs=0.25)
    assert focus.findings[0].details["sharpest_x"] > 0.6
    assert focus.grid is not None
    half = focus.grid.shape[1] // 2
    assert np.nanmedian(focus.grid[:, : half - 1]) == pytest.approx(4, rel=0.2)
    assert np.nanmedian(focus.grid[:, half + 1 :]) == pytest.approx(1, rel=0.2)


def test_a_soft_face_before_sharp_ground_is_named_and_a_sharp_one_is_not() -> None:
    face = (0.05, 0.1, 0.45, 0.9)
    behind = judge_focus(halves(4, 1), 0, [face]).findings[1]
    assert behind.level is Level.LOOK
    assert "elsewhere" in behind.phrase
    assert behind.value == pytest.approx(4, rel=0.2)
    right = judge_focus(halves(1, 4), 0, [face]).findings[1]
    assert right.level is Level.FINE
    assert right.value == pytest.approx(1, rel=0.25)


def test_a_face_without_edges_is_not_judged() -> None:
    plane = blurred(patches(240, 400), 1)
    plane[:, :200] = 128
    assert judge_focus(plane, 0, [(0.1, 0.1, 0.4, 0.9)]).findings[1].level is Level.UNKNOWN


@pytest.mark.parametrize(("across", "down", "word"), [(6.0, 1.2, "sideways"), (1.2, 6.0, "up and down")])
def test_shake_has_a_direction(across: float, down: float, word: str) -> None:
    plane = blurred(blurred(patches(400, 400, side=50), across, down), 2)
    finding = judge_focus(plane, 0, ()).findings[0]
    assert word in finding.phrase
    assert finding.details["spread_across" if across > down else "spread_down"] > 4


def test_an_even_blur_has_none() -> None:
    finding = judge_focus(blurred(patches(), 4), 0, ()).findings[0]
    assert "shake" not in finding.phrase
    assert finding.level is Level.LOOK


def test_what_is_soft_at_full_size_is_crisp_smaller() -> None:
    finding = judge_focus(blurred(patches(480, 640, side=60), 3.2), 0, ()).findings[0]
    assert finding.details["crisp_long_side"] == pytest.approx(640 * 0.8 / 3.2, rel=0.15)
    crisp = judge_focus(blurred(patches(480, 640), 0.5), 0, ()).findings[0]
    assert crisp.details["crisp_long_side"] == 640
    assert crisp.level is Level.FINE


def test_strips_join_without_a_seam() -> None:
    tall = patches(1100, 96)
    edges = find_edges(tall, 0)[0]
    rows = np.unique((edges.y * 1100).astype(int))
    assert {row for row in range(20, 1080) if row % 40 == 0} <= {*rows, *(rows + 1)}


def test_the_median_goes_by_weight() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])
    assert weighted_median(values, weights) == 2
    assert weighted_median(values, np.array([9.0, 1.0, 1.0])) == 3


def test_tiny_pictures_have_no_edges() -> None:
    assert find_edges(np.zeros((20, 20), np.float32), 0) == []
    assert edge_width([]) is None
