from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from impasto.apply.chain import ChainStylizer
from impasto.apply.look import LookStylizer
from impasto.apply.lut import Lut3D
from impasto.apply.stylizer import State
from impasto.errors import UsageError
from impasto.media.frame import Color, Frame

from .networks import FakeRuntime, constant


class Counting:
    """Adds to every pixel, and counts in its state how often it was called."""

    def __init__(self, step: int) -> None:
        self._step = step
        self.seen: list[int | None] = []

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        self.seen.append(state.shot)
        return frame.with_pixels(frame.pixels * 2 + self._step), State(shot=(state.shot or 0) + 1)


def look(function: Any, **options: Any) -> LookStylizer:
    return LookStylizer(constant(Lut3D(function(Lut3D.identity(9).table))), num_threads=1, **options)


@pytest.fixture
def frame() -> Frame:
    return Frame(np.random.default_rng(3).integers(0, 60, (16, 24, 3), np.uint8), shot=4)


def test_each_is_given_what_the_one_before_made(frame: Frame) -> None:
    result, _ = ChainStylizer([Counting(1), Counting(10)])(frame, State())
    np.testing.assert_array_equal(result.pixels, (frame.pixels * 2 + 1) * 2 + 10)


def test_the_order_counts(frame: Frame) -> None:
    invert, darken = look(lambda colors: 1 - colors), look(lambda colors: colors / 2)
    [forward, _], [backward, _] = (
        ChainStylizer(chain)(frame, State()) for chain in ([invert, darken], [darken, invert])
    )
    values = frame.pixels / 255
    np.testing.assert_allclose(forward.pixels / 255, (1 - values) / 2, atol=1.1 / 255)
    np.testing.assert_allclose(backward.pixels / 255, 1 - values / 2, atol=1.1 / 255)


def test_each_keeps_a_state_of_its_own(frame: Frame) -> None:
    stylizers = [Counting(0), Counting(1), Counting(2)]
    chain, state = ChainStylizer(stylizers), State()
    for _ in range(3):
        _, state = chain(frame, state)
    assert [stylizer.seen for stylizer in stylizers] == [[None, 1, 2]] * 3


def test_a_new_source_starts_anew(frame: Frame) -> None:
    stylizer = Counting(0)
    chain = ChainStylizer([stylizer])
    chain(frame, chain(frame, State())[1])
    chain(frame, State())
    assert stylizer.seen == [None, 1, None]


def test_looks_hold_their_luts_within_a_shot_only(frame: Frame) -> None:
    runtime = FakeRuntime(lambda thumbnail: Lut3D.identity(5).table[None])
    chain, state = ChainStylizer([LookStylizer(runtime), look(lambda colors: colors, padded=True)]), State()
    for shot in (1, 1, 2):
        result, state = chain(Frame(frame.pixels, shot=shot), state)
        np.testing.assert_array_equal(result.pixels, frame.pixels)
    assert len(runtime.thumbnails) == 2


def test_what_belongs_to_the_frame_stays(frame: Frame) -> None:
    alpha = np.full(frame.pixels.shape[:2], 9, np.uint8)
    given = Frame(frame.pixels, alpha=alpha, color=Color(), shot=2)
    result, _ = ChainStylizer([look(lambda colors: 1 - colors)] * 2)(given, State())
    assert result.alpha is alpha
    assert (result.shot, result.color) == (2, given.color)
    np.testing.assert_allclose(result.pixels.astype(int), frame.pixels, atol=1)


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        ChainStylizer([])
