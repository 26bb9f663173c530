from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import MissingExtraError
from impasto.vision.flow import estimate_flow, follow_motion, visible_mask, warp_back

cv2 = pytest.importorskip("cv2")


def blobs(height: int, width: int) -> NDArray[np.float32]:
    """A smooth random texture: noise averaged over 7×7 pixels, three times."""
    plane = np.random.default_rng(0).random((height + 18, width + 18))
    for _ in range(3):
        for axis in (0, 1):
            sums = np.insert(plane.cumsum(axis), 0, 0, axis)
            plane = np.take(sums, range(7, sums.shape[axis]), axis) - np.take(sums, range(sums.shape[axis] - 7), axis)
    plane = (plane - plane.min()) / (plane.max() - plane.min())
    return plane.astype(np.float32)[..., None].repeat(3, 2)


SCENE = blobs(120, 150)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, 0), (-2, 4)])
def test_a_shift_is_found_and_undone(right: int, down: int) -> None:
    first, second = SCENE[10:106, 10:130], SCENE[10 - down : 106 - down, 10 - right : 130 - right]
    flow = estimate_flow(first, second)
    inner = (slice(12, -12), slice(12, -12))
    np.testing.assert_allclose(np.median(flow[inner], axis=(0, 1)), (right, down), atol=0.15)
    assert np.abs(warp_back(second, flow) - first)[inner].mean() < 0.01


def test_depth_does_not_matter() -> None:
    first, second = SCENE[:96, :96], SCENE[:96, 2:98]
    as_8bit = [np.round(frame * 255).astype(np.uint8) for frame in (first, second)]
    np.testing.assert_array_equal(estimate_flow(first, second), estimate_flow(as_8bit[0], as_8bit[1]))


def test_warping_by_half_a_pixel_averages_neighbours() -> None:
    ramp = np.tile(np.arange(20, dtype=np.float32)[None, :, None], (20, 1, 3))
    flow = np.full((20, 20, 2), (0.5, 0), np.float32)
    np.testing.assert_allclose(warp_back(ramp, flow)[:, :-1], ramp[:, :-1] + 0.5, atol=1e-5)


def test_what_leaves_the_frame_is_not_visible() -> None:
    forward = np.full((20, 30, 2), (4, 0), np.float32)
    mask = visible_mask(forward, -forward)
    assert mask[:, :26].all()
    assert not mask[:, 26:].any()


def test_what_does_not_come_back_is_not_visible() -> None:
    forward, backward = np.zeros((20, 30, 2), np.float32), np.zeros((20, 30, 2), np.float32)
    backward[5:10, 5:10] = (3, 0)
    mask = visible_mask(forward, backward)
    assert not mask[5:10, 5:10].any()
    assert mask.sum() == 20 * 30 - 25


def test_tiny_frames_stand_still() -> None:
    frame = np.zeros((5, 40, 3), np.float32)
    np.testing.assert_array_equal(estimate_flow(frame, frame), np.zeros((5, 40, 2)))


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[video\]'"):
        estimate_flow(SCENE, SCENE)


class TestFollowMotion:
    """The quick estimate, on luma alone."""

    def test_says_where_things_were(self) -> None:
        noise = np.random.default_rng(3).random((120, 160)).astype(np.float32)
        wall = (cv2.GaussianBlur(noise, (0, 0), 3) - 0.3) * 600
        before, after = (np.clip(wall[:, left : left + 120], 0, 255).astype(np.uint8) for left in (10, 14))
        motion = follow_motion(after, before)
        rows, columns = np.indices(after.shape)
        assert np.abs(motion.columns - columns - 4)[20:-20, 20:-20].mean() < 0.3
        assert np.abs(motion.rows - rows)[20:-20, 20:-20].mean() < 0.3
        assert not motion.is_inside[:, -3:].any()
        assert motion.is_inside[20:-20, 20:-20].all()
        moved = motion.fetch(np.repeat(before[..., None].astype(np.float32), 3, axis=2))
        assert np.abs(moved[..., 0] - after)[20:-20, 20:-20].mean() < 2
        assert motion.difference(after, before, 5)[20:-20, 20:-20].mean() < 2

    def test_takes_tiny_frames_to_stand_still(self) -> None:
        motion = follow_motion(np.zeros((5, 9), np.uint8), np.full((5, 9), 7, np.uint8))
        np.testing.assert_array_equal(motion.rows, np.indices((5, 9))[0])
        assert motion.is_inside.all()
        np.testing.assert_allclose(motion.difference(np.zeros((5, 9), np.uint8), np.full((5, 9), 7, np.uint8), 3), 7)
