from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from impasto.errors import MissingExtraError
from impasto.media.frame import Color
from impasto.vision import frame_scores
from impasto.vision.faces import faces_available
from impasto.vision.frame_scores import FrameScore, exposure_of, score_frames, sharpness_of

from .film_scenes import Picture, as_frames, pan, plain, still, texture


def scored(pictures: Sequence[Picture], bit_depth: int = 8, **options: float) -> list[FrameScore]:
    return list(score_frames(as_frames(pictures, bit_depth), faces=False, **options))


def blurred(picture: Picture) -> Picture:
    for axis in (1, 2):
        picture = sum(np.roll(picture, shift, axis) for shift in range(-3, 4)) / 7
    return picture.astype(np.float32)


def test_about_one_frame_in_so_many_seconds_is_scored() -> None:
    assert [score.index for score in scored(still(0, 50))] == [0, 12, 24, 36, 48]
    assert [score.index for score in scored(still(0, 50), seconds=1.0)] == [0, 24, 48]
    assert scored([]) == []


def test_what_is_blurred_is_less_sharp() -> None:
    noise = np.random.default_rng(0).normal(0, 6, (3, 72, 128)).astype(np.float32)
    picture = texture(0) + noise
    [sharp], [soft] = scored([picture]), scored([blurred(picture)])
    assert sharp.sharpness > 3 * soft.sharpness


def test_a_soft_background_does_not_make_a_picture_unsharp() -> None:
    detail = np.random.default_rng(0).integers(0, 255, (480, 640)).astype(np.uint8)
    portrait = np.full_like(detail, 128)
    portrait[120:360, 200:440] = detail[120:360, 200:440]
    assert sharpness_of(portrait) > 0.4 * sharpness_of(detail)


def test_sharpness_does_not_hang_on_depth() -> None:
    plane = texture(0)[0].astype(np.uint8)
    assert sharpness_of(plane.astype(np.uint16) * 4, 10) == pytest.approx(sharpness_of(plane), rel=0.02)


@pytest.mark.parametrize("shape", [(1, 1), (2, 500), (3, 3), (47, 49)])
def test_planes_of_any_size_have_a_sharpness(shape: tuple[int, int]) -> None:
    assert sharpness_of(np.zeros(shape, np.uint8)) == 0


def test_dark_bright_flat_and_clipped_are_badly_exposed() -> None:
    good = np.random.default_rng(0).normal(0.42, 0.18, 5000).clip(0.03, 0.97).astype(np.float32)
    assert exposure_of(good) > 0.9
    assert exposure_of(good * 0.2) < 0.4
    assert exposure_of(0.8 + good * 0.2) < 0.4
    assert exposure_of(np.full(100, 0.42, np.float32)) < 1e-5
    assert exposure_of(np.where(good > 0.42, 1, 0).astype(np.float32)) == 0


def test_black_and_white_are_where_the_range_has_them() -> None:
    [limited] = as_frames([plain(16, 1)[0] + np.eye(72, 128, dtype=np.float32) * 219])
    full = replace(limited, color=Color(full_range=True))
    assert exposure_of(frame_scores._levels(limited, frame_scores.make_thumbnail(limited))) < 0.01
    assert frame_scores._levels(full, frame_scores.make_thumbnail(full)).min() > 0.05


def test_exposure_does_not_hang_on_depth() -> None:
    [plain_score], [deep_score] = scored([texture(1)]), scored([texture(1)], 10)
    assert deep_score.exposure == pytest.approx(plain_score.exposure, abs=0.01)


def test_motion_is_seen_from_the_frame_before() -> None:
    resting, moving = scored(still(0, 13)), scored(pan(0, 13, 8))
    assert resting[1].stillness > 0.9
    assert moving[1].stillness < 0.6
    assert resting[0].stillness == 1


def test_signatures_tell_scenes_apart() -> None:
    here, there, other = (scored([picture])[0].signature for picture in (*still(0, 2), texture(1)))
    assert ((here - other) ** 2).mean() > 20 * ((here - there) ** 2).mean()


def test_faces_count_by_size_and_certainty(monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.vision.faces import FaceBox

    seen = []

    def fake(pixels: np.ndarray) -> list[FaceBox]:
        seen.append(pixels)
        return [FaceBox(0, 0, 4, 0.15 * len(pixels), 0.8), FaceBox(0, 0, 4, 0.6 * len(pixels), 0.7)]

    monkeypatch.setattr(frame_scores, "detect_faces", fake)
    [score] = score_frames(as_frames([texture(0)]), faces=True)
    assert score.faces == pytest.approx(0.7)
    [pixels] = seen
    assert pixels.shape == (72, 128, 3)
    assert pixels.dtype == np.uint8


def test_what_the_face_detector_sees_has_the_colours_of_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(frame_scores, "detect_faces", lambda pixels: seen.append(pixels) or [])
    [frame] = as_frames([texture(2)])
    list(score_frames([frame], faces=True))
    assert np.abs(seen[0].astype(int) - frame.to_rgb().pixels.astype(int)).mean() < 4


def test_faces_are_looked_for_where_they_can_be() -> None:
    if faces_available():
        assert next(iter(score_frames(as_frames([texture(0)])))).faces == 0
    else:
        with pytest.raises(MissingExtraError):
            list(score_frames(as_frames([texture(0)]), faces=True))


def test_times_are_those_of_the_frames() -> None:
    assert [score.time for score in scored(still(0, 26))] == [Fraction(0), Fraction(1, 2), Fraction(1)]
