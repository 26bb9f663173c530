from __future__ import annotations

from dataclasses import replace

import numpy as np

from impasto.live.scenes import SceneWatch
from impasto.media.planar import PlanarFrame

from .live_parts import drawn_frame, plain_frame

LARGE = (320, 180)


def test_a_scene_in_motion_is_one() -> None:
    watch = SceneWatch()
    assert {watch.number(drawn_frame(index, size=LARGE)) for index in range(25)} == {0}


def textured(seed: int, light: float = 1.0) -> PlanarFrame:
    rng = np.random.default_rng(seed)
    coarse = rng.random((9, 16)) * 160 + 30
    luma = np.kron(coarse, np.ones((20, 20)))
    chroma = np.kron(rng.random((9, 16)) * 60 + 98, np.ones((10, 10)))
    return PlanarFrame(
        (np.rint(luma * light).clip(0, 255).astype(np.uint8), chroma.astype(np.uint8), chroma.astype(np.uint8))
    )


def test_a_cut_begins_another_at_once() -> None:
    watch = SceneWatch()
    assert [watch.number(textured(seed)) for seed in (1, 1, 2, 2, 1)] == [0, 0, 1, 1, 2]


def test_more_light_is_no_cut() -> None:
    watch = SceneWatch()
    assert [watch.number(textured(1, light)) for light in (1.0, 1.25, 1.0, 0.7)] == [0, 0, 0, 0]


def test_a_still_picture_is_one_scene() -> None:
    watch = SceneWatch()
    assert {watch.number(plain_frame()) for _ in range(5)} == {0}


def test_another_size_is_another_scene() -> None:
    watch = SceneWatch()
    assert [watch.number(plain_frame(size=size)) for size in ((64, 48), (64, 48), (48, 64))] == [0, 0, 1]


def test_other_colours_are_another_scene() -> None:
    watch = SceneWatch()
    frame = plain_frame()
    full = replace(frame, color=replace(frame.color, full_range=True))
    assert [watch.number(each) for each in (frame, full, full)] == [0, 1, 1]


def test_a_scene_can_be_begun() -> None:
    watch = SceneWatch()
    watch.begin()
    assert watch.number(plain_frame()) == 0
    watch.begin()
    assert watch.number(plain_frame()) == 1
