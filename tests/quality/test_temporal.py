from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.errors import MissingExtraError
from impasto.quality import temporal
from impasto.quality.temporal import Flicker, FollowedClip, WarpingError, WarpingErrorRatio

from .pictures import grey, measured, textured


def panning(num_frames: int = 4, step: int = 2) -> list[np.ndarray]:
    """A view that moves over a scene, blurred so that motion can be seen."""
    scene = textured(96, 140)
    for axis in (0, 1):
        scene = sum(np.roll(scene, shift, axis) for shift in range(-2, 3)) / np.float32(5)
    return [scene[:, 4 + step * each : 124 + step * each].copy() for each in range(num_frames)]


PAN = panning()


def flickering(frames: Sequence[np.ndarray], change: float) -> list[np.ndarray]:
    return [(frame + np.float32(change * (index % 2))).astype(np.float32) for index, frame in enumerate(frames)]


class TestWarpingErrors:
    @pytest.fixture(autouse=True)
    def opencv(self) -> None:
        pytest.importorskip("cv2")

    def test_motion_is_no_error(self) -> None:
        """Frame by frame the pan changes much, and along the motion hardly at all."""
        as_they_lie = np.mean([255 * np.abs(a - b).mean() for a, b in pairwise(PAN)])
        assert measured(WarpingError(), (PAN, PAN)) < 0.1 * as_they_lie

    def test_a_steady_look_on_a_pan_is_no_error(self) -> None:
        looked = [frame**2 for frame in PAN]
        assert measured(WarpingErrorRatio(), (PAN, looked)) == pytest.approx(1, abs=0.25)

    def test_flicker_is_an_error_of_its_size(self) -> None:
        """A change of 10 levels of 255 from frame to frame."""
        values = [measured(WarpingError(), (PAN, flickering(PAN, levels / 255))) for levels in (0, 10)]
        assert values[1] == pytest.approx(10, abs=values[0] + 0.1)

    def test_texture_that_stays_on_the_screen_is_an_error(self) -> None:
        """The fault of styling frame by frame: strokes stay where they are while the picture moves under them."""
        strokes = 0.3 * (textured(96, 120, seed=5) - 0.5)
        stuck = [(frame + strokes).astype(np.float32) for frame in PAN]
        assert measured(WarpingError(), (PAN, stuck)) > 5 * measured(WarpingError(), (PAN, PAN))
        assert measured(WarpingErrorRatio(), (PAN, stuck)) > 3

    def test_an_untouched_clip_has_ratio_1(self) -> None:
        assert measured(WarpingErrorRatio(), (PAN, PAN)) == 1
        assert measured(WarpingErrorRatio(), ([PAN[0]] * 3, [PAN[0]] * 3)) == 1

    def test_what_comes_into_view_is_left_out(self) -> None:
        """A square jumps over a still picture. What it hides and what it lays bare cannot be compared."""
        still = PAN[0]
        clip = []
        for left in (20, 70):
            frame = still.copy()
            frame[30:60, left : left + 30] = textured(30, 30, seed=8)
            clip.append(frame)
        as_they_lie = 255 * np.abs(clip[0] - clip[1]).mean()
        assert measured(WarpingError(), (clip, clip)) < 0.5 * as_they_lie

    @pytest.mark.parametrize("kind", [WarpingError, WarpingErrorRatio])
    def test_one_frame_has_no_meaning(self, kind: type) -> None:
        assert np.isnan(measured(kind(), (PAN[:1], PAN[:1]), ([], [])))

    @pytest.mark.parametrize("kind", [WarpingError, WarpingErrorRatio])
    def test_without_opencv_the_extra_is_named(self, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "cv2", None)
        with pytest.raises(MissingExtraError, match="video"):
            kind().update(PAN, PAN)


class TestFollowedClip:
    OUTPUTS = ([frame**2 for frame in PAN], flickering(PAN, 0.05))

    @pytest.fixture
    def estimated(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """One entry for each estimate of motion."""
        pytest.importorskip("cv2")
        seen: list[int] = []
        estimate = temporal.estimate_flow
        monkeypatch.setattr(temporal, "estimate_flow", lambda *pair: seen.append(1) or estimate(*pair))
        return seen

    def test_it_is_the_clip(self) -> None:
        clip = FollowedClip(PAN)
        assert len(clip) == len(PAN)
        assert clip[2] is PAN[2]
        assert list(clip[1:3]) == PAN[1:3]
        assert all(one is other for one, other in zip(clip, PAN, strict=True))

    @pytest.mark.parametrize("kind", [WarpingError, WarpingErrorRatio, Flicker])
    def test_it_changes_no_number(self, kind: type, estimated: list[int]) -> None:
        for output in self.OUTPUTS:
            assert measured(kind(), (FollowedClip(PAN), output)) == measured(kind(), (PAN, output))

    def test_motion_is_estimated_once(self, estimated: list[int]) -> None:
        clip = FollowedClip(PAN)
        assert not estimated
        for output in self.OUTPUTS:
            measured(WarpingError(), (clip, output))
            measured(WarpingErrorRatio(), (clip, output))
        assert len(estimated) == 2 * (len(PAN) - 1)


class TestFlicker:
    def test_an_untouched_clip_has_none(self) -> None:
        fading = [frame * np.float32(1 - 0.1 * index) for index, frame in enumerate(PAN)]
        assert measured(Flicker(), (PAN, PAN)) == 0
        assert measured(Flicker(), (fading, fading)) == 0

    def test_it_is_the_jump_in_delta_e(self) -> None:
        """Grey of 0.46626 has L* 49 and of 0.47578 has L* 50, as in any table of sRGB: about one apart."""
        still = [grey(np.full((20, 20), 0.3))] * 5
        output = [grey(np.full((20, 20), value)) for value in (0.46626, 0.47578, 0.46626, 0.47578, 0.46626)]
        assert measured(Flicker(), (still, output)) == pytest.approx(0.96, abs=0.05)

    def test_color_alone_can_flicker(self) -> None:
        still = [grey(np.full((20, 20), 0.5))] * 4
        output = [np.full((20, 20, 3), (0.5, 0.5, 0.5 + 0.1 * (index % 2)), np.float32) for index in range(4)]
        assert measured(Flicker(), (still, output)) > 3

    @given(st.floats(0.3, 1.5))
    @settings(max_examples=10, deadline=None)
    def test_a_look_that_changes_contrast_has_none(self, contrast: float) -> None:
        """Frames of grey whose L* moves; the look scales it about the middle."""
        light = np.array([0.35, 0.45, 0.4, 0.6, 0.5])
        clip = [grey(np.full((12, 12), each)) for each in light]
        output = [grey(np.full((12, 12), 0.47 + contrast * (each - 0.47))) for each in light]
        assert measured(Flicker(), (clip, output)) < 0.5

    def test_steadying_a_flickering_clip_is_no_flicker(self) -> None:
        assert measured(Flicker(), (flickering([PAN[0]] * 4, 0.1), [PAN[0]] * 4)) == 0

    def test_one_frame_has_no_meaning(self) -> None:
        assert np.isnan(measured(Flicker(), (PAN[:1], PAN[:1]), ([], [])))
