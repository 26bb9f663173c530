"""Paint that moves along with what it shows."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.paint import Brush, PaintStylizer
from impasto.apply.steadying import KEPT, Painted, steady
from impasto.apply.stylizer import State
from impasto.media.frame import Frame

cv2 = pytest.importorskip("cv2", reason="OpenCV (the extra video) is not installed")

HEIGHT, WIDTH = 96, 128


def scene(seed: int = 0) -> np.ndarray:
    """A wall with much to hold on to, larger than a frame: H×W×3 in [0, 1]."""
    noise = np.random.default_rng(seed).random((3 * HEIGHT, 3 * WIDTH, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    return (soft - soft.min()) / (soft.max() - soft.min())


def view(wall: np.ndarray, across: int = 0, down: int = 0) -> np.ndarray:
    rows, columns = slice(HEIGHT + down, 2 * HEIGHT + down), slice(WIDTH + across, 2 * WIDTH + across)
    return np.ascontiguousarray(np.moveaxis(wall[rows, columns], -1, 0))


def strokes(seed: int) -> np.ndarray:
    """Paint that has nothing in common with that of another frame: 3×H×W."""
    noise = np.random.default_rng(1000 + seed).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    return np.moveaxis(cv2.GaussianBlur(noise, (0, 0), 1.5), -1, 0)


def run(contents: list[np.ndarray], paints: list[np.ndarray]) -> list[np.ndarray]:
    before, steadied = None, []
    for content, paint in zip(contents, paints, strict=True):
        result, before = steady(content, paint, before)
        steadied.append(np.array(result))
    return steadied


def inner(picture: np.ndarray, margin: int = 16) -> np.ndarray:
    return picture[:, margin:-margin, margin:-margin]


def gap(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(inner(first) - inner(second)).mean())


def test_the_first_frame_is_as_it_was_painted():
    content, paint = view(scene()), strokes(0)
    steadied, after = steady(content, paint, None)
    np.testing.assert_array_equal(steadied, paint)
    assert isinstance(after, Painted)
    np.testing.assert_array_equal(np.moveaxis(after.paint, -1, 0), paint)


def test_luma_is_that_of_bt601_in_bytes():
    content = np.random.default_rng(2).uniform(-0.1, 1.1, (3, 9, 11)).astype(np.float32)
    _, after = steady(content, content, None)
    expected = np.clip(np.einsum("c,chw->hw", [76.245, 149.685, 29.07], content) + 0.5, 0, 255)
    np.testing.assert_allclose(after.luma, np.floor(expected), atol=1)
    assert (after.luma == np.floor(expected)).mean() > 0.97


def test_what_stands_still_keeps_most_of_its_paint():
    content = view(scene())
    first, second = run([content] * 2, [strokes(0), strokes(1)])
    np.testing.assert_allclose(second, KEPT * first + (1 - KEPT) * strokes(1), atol=1e-5)


@pytest.mark.parametrize(("across", "down"), [(3, 0), (0, -4), (5, 2)])
def test_paint_goes_where_its_content_goes(across, down):
    wall = scene()
    contents = [view(wall, across * step, down * step) for step in range(4)]
    steadied = run(contents, [strokes(step) for step in range(4)])
    last, before = steadied[-1], steadied[-2]
    moved = np.roll(before, (-down, -across), axis=(1, 2))
    unsteadied = gap(strokes(3), np.roll(strokes(2), (-down, -across), axis=(1, 2)))
    assert gap(last, moved) < 0.35 * unsteadied
    assert gap(last, moved) < 0.5 * gap(last, before)


def test_other_content_is_painted_anew():
    _, second = run([0.4 * view(scene(0)), 0.6 + 0.4 * view(scene(1))], [strokes(0), strokes(1)])
    assert gap(second, strokes(1)) < 0.02 * gap(strokes(0), strokes(1))


def test_only_what_comes_into_view_is_painted_anew():
    before = 0.5 * view(scene())
    after = before.copy()
    after[:, 30:70, 40:90] = 1
    first, second = run([before, after], [strokes(0), strokes(1)])
    np.testing.assert_allclose(second[:, 36:64, 46:84], strokes(1)[:, 36:64, 46:84], atol=0.01)
    assert np.abs(second - first)[:, :20].mean() < 0.3 * np.abs(strokes(1) - first)[:, :20].mean()


def test_the_noise_of_a_camera_changes_little():
    random, content = np.random.default_rng(5), view(scene())
    contents = [np.clip(content + random.normal(0, 2 / 255, content.shape).astype(np.float32), 0, 1) for _ in range(6)]
    steadied = run(contents, [strokes(step) for step in range(6)])
    assert gap(steadied[-1], steadied[-2]) < 0.4 * gap(strokes(5), strokes(4))


def test_what_was_before_the_warm_up_is_forgotten():
    contents = [view(scene(), step, 0) for step in range(33)]
    paints = [strokes(step) for step in range(33)]
    other = [strokes(99), *paints[1:]]
    assert np.abs(inner(run(contents, paints)[-1]) - inner(run(contents, other)[-1])).max() < 1 / 255


def test_another_size_starts_anew():
    _, before = steady(view(scene()), strokes(0), None)
    content, paint = view(scene())[:, :80], strokes(1)[:, :80]
    steadied, after = steady(content, paint, before)
    np.testing.assert_array_equal(steadied, paint)
    assert after is not None and after.luma.shape == (80, WIDTH)


def test_frames_of_a_few_pixels_do_not_fail():
    tiny = np.full((3, 5, 7), 0.5, np.float32)
    steadied = run([tiny] * 3, [np.full((3, 5, 7), value, np.float32) for value in (0.2, 0.4, 0.6)])
    assert steadied[-1].shape == tiny.shape
    assert np.isfinite(steadied[-1]).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), across=st.integers(-6, 6), down=st.integers(-6, 6))
def test_is_never_far_beyond_what_was_painted(seed, across, down):
    wall = scene(seed % 3)
    paints = [strokes(seed), strokes(seed + 1)]
    _, second = run([view(wall), view(wall, across, down)], paints)
    assert second.min() > min(paint.min() for paint in paints) - 0.2
    assert second.max() < max(paint.max() for paint in paints) + 0.2
    assert second.dtype == np.float32


def test_without_opencv_frames_are_as_they_were_painted(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    content = view(scene())
    before = Painted(np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH, 3), np.float32))
    steadied, after = steady(content, strokes(0), before)
    np.testing.assert_array_equal(steadied, strokes(0))
    assert after is None


class Restless:
    """A network whose strokes have nothing to do with each other."""

    name = "restless"

    def __init__(self) -> None:
        self.num_calls = 0

    def run(self, inputs):
        self.num_calls += 1
        content = inputs["content"]
        noise = np.random.default_rng(self.num_calls).random(content.shape).astype(np.float32)
        return {"painted": 0.5 * content + 0.5 * noise, "next_state": inputs["state"]}


def painted(*, is_steadied: bool, shots: tuple[int, ...]) -> list[np.ndarray]:
    pixels = np.moveaxis((view(scene()) * 255).astype(np.uint8), 0, -1).copy()
    stylizer = PaintStylizer(Restless(), Brush(working_side=HEIGHT, is_steadied=is_steadied), num_threads=1)
    state, results = State(), []
    for index, shot in enumerate(shots):
        output, state = stylizer(Frame(pixels, index=index, shot=shot), state)
        results.append(output.pixels.astype(np.float32))
    return results


def change(frames: list[np.ndarray]) -> float:
    return float(np.abs(frames[-1] - frames[-2]).mean())


def test_a_brush_steadies_unless_it_is_told_not_to():
    steadied, boiling = (painted(is_steadied=is_steadied, shots=(0,) * 5) for is_steadied in (True, False))
    assert change(steadied) < 0.4 * change(boiling)


def test_nothing_is_carried_over_a_cut():
    cut, alone = painted(is_steadied=True, shots=(0, 0, 1)), painted(is_steadied=False, shots=(0, 0, 1))
    np.testing.assert_array_equal(cut[-1], alone[-1])
