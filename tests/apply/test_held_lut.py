import numpy as np
import pytest

from impasto.apply import held_lut
from impasto.apply.held_lut import HeldLut


class Clock:
    """Each frame takes the next of these seconds."""

    def __init__(self, *durations: float) -> None:
        self._times = [0.0]
        for duration in durations:
            self._times += [self._times[-1], self._times[-1] + duration]
        self._times.pop(0)

    def __call__(self) -> float:
        return self._times.pop(0)


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, 40, 3), np.uint8)


@pytest.fixture(autouse=True)
def bake_after_two_frames(monkeypatch, pixels):
    monkeypatch.setattr(held_lut, "BAKE_AFTER_PIXELS", 2 * pixels.size // 3)


def test_bakes_once_it_pays_and_changes_no_pixel(film_lut, pixels):
    held, graded = HeldLut(film_lut, clock=Clock(1, 1, 0.1)), film_lut.apply(pixels)
    baked = []
    for _ in range(3):
        assert np.array_equal(held.apply(pixels), graded)
        baked.append(held.is_baked)
    assert baked == [False, False, True]


def test_gives_baking_up_where_it_is_slower(film_lut, pixels):
    held, graded = HeldLut(film_lut, clock=Clock(1, 1, 2, 2, 2, 1, 1)), film_lut.apply(pixels)
    baked = []
    for _ in range(7):
        assert np.array_equal(held.apply(pixels), graded)
        baked.append(held.is_baked)
    assert baked == [False, False, True, True, False, False, False]


def test_a_single_slow_frame_proves_nothing(film_lut, pixels):
    held = HeldLut(film_lut, clock=Clock(1, 1, 2, 2, 0.1, 2, 2, 0.1))
    for _ in range(8):
        held.apply(pixels)
    assert held.is_baked


def test_deep_frames_are_never_baked(film_lut, pixels):
    held = HeldLut(film_lut)
    for _ in range(4):
        held.apply(pixels.astype(np.uint16) * 257)
    assert not held.is_baked


def test_writes_into_a_given_buffer(film_lut, pixels):
    held, out = HeldLut(film_lut, num_threads=1), np.empty_like(pixels)
    assert held.apply(pixels, out=out) is out
    assert np.array_equal(out, film_lut.apply(pixels))
