from __future__ import annotations

import numpy as np
import pytest

from impasto.apply.film_wear import Mark, flicker_gain, marks, weave_shift

SIZE = (180, 320)


def covered(scratches: float, dust: float, index: int, size: tuple[int, int] = SIZE, seed: int = 0) -> float:
    """Return which part of a picture is covered."""
    found = marks(scratches, dust, (seed, index), size)
    return sum(float(mark.cover.sum()) for mark in found) / (size[0] * size[1])


def test_weaving_is_smooth_small_and_never_the_same_for_long() -> None:
    shifts = np.array([weave_shift(1.0, 0, index) for index in range(300)])
    assert np.abs(shifts).max() < 0.002
    assert 0.0002 < shifts.std() < 0.002
    steps = np.abs(np.diff(shifts, axis=0))
    assert steps.mean() < 0.6 * np.abs(shifts[20:] - shifts[:-20]).mean()
    assert weave_shift(2.0, 0, 7) == pytest.approx(tuple(2 * shifts[7]))
    assert weave_shift(1.0, 1, 7) != weave_shift(1.0, 0, 7)


def test_flicker_changes_from_frame_to_frame_about_nothing() -> None:
    gains = np.array([flicker_gain(1.0, 0, index) for index in range(600)])
    assert np.abs(gains).max() <= 0.12
    assert abs(gains.mean()) < 0.02
    assert np.abs(np.diff(gains)).mean() > 0.02
    assert flicker_gain(0.5, 0, 3) == pytest.approx(gains[3] / 2)


def test_marks_depend_on_seed_and_frame_alone() -> None:
    first, second = (list(marks(1.0, 1.0, (4, 12), SIZE)) for _ in range(2))
    assert len(first) == len(second) > 0
    for one, other in zip(first, second, strict=True):
        assert (one.top, one.left, one.light) == (other.top, other.left, other.light)
        assert np.array_equal(one.cover, other.cover)
    assert covered(0, 1.0, 12, seed=4) != covered(0, 1.0, 12, seed=5)


def test_nothing_asked_for_is_nothing() -> None:
    assert not list(marks(0.0, 0.0, (0, 0), SIZE))


def test_twice_the_amount_is_twice_as_many() -> None:
    for kind in (0, 1):
        counts = []
        for amount in (0.5, 1.0):
            asked = (amount, 0.0) if kind == 0 else (0.0, amount)
            counts.append(sum(len(list(marks(*asked, (1, index), (60, 80)))) for index in range(0, 2400, 12)))
        assert counts[1] == pytest.approx(2 * counts[0], rel=0.35)


def test_scratches_last_and_dust_does_not() -> None:
    def places(scratches: float, dust: float, index: int) -> set[int]:
        return {mark.left // 40 for mark in marks(scratches, dust, (2, index), (90, 2000))}

    with_scratch = [index for index in range(400) if places(1.0, 0, index)]
    kept = [index for index in with_scratch if places(1.0, 0, index) & places(1.0, 0, index + 1)]
    assert len(kept) > 0.7 * len(with_scratch) > 20
    kept_dust = [len(places(0, 1.0, index) & places(0, 1.0, index + 1)) for index in range(60)]
    assert np.mean(kept_dust) < 2.5


def test_the_same_part_is_covered_at_any_resolution() -> None:
    sizes = ((180, 320), (720, 1280))
    for asked in ((1.0, 0.0), (0.0, 1.0)):
        parts = [np.mean([covered(*asked, index, size) for index in range(0, 240, 8)]) for size in sizes]
        assert parts[0] == pytest.approx(parts[1], rel=0.4)
        assert 1e-5 < parts[1] < 0.02


def test_cover_is_a_part_and_light_is_black_or_white() -> None:
    seen = set()
    for index in range(120):
        for mark in marks(1.0, 1.0, (0, index), SIZE):
            assert mark.cover.dtype == np.float32
            assert 0 <= mark.cover.min() <= mark.cover.max() <= 1
            assert mark.cover.max() > 0 or mark.cover.shape[0] == SIZE[0]
            seen.add(mark.light)
    assert seen == {0.0, 1.0}


@pytest.mark.parametrize("factors", [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("place", [(0, 0), (3, 5), (-3, -1)])
def test_a_shrunk_mark_covers_the_same_place(factors: tuple[int, int], place: tuple[int, int]) -> None:
    mark = Mark(*place, np.random.default_rng(0).random((7, 4), np.float32), 1.0)
    small = mark.shrunk(factors)
    across, along = factors
    whole = np.zeros((40, 40), np.float32)
    whole[10 + place[0] : 17 + place[0], 10 + place[1] : 14 + place[1]] = mark.cover
    expected = whole.reshape(40 // along, along, 40 // across, across).mean(axis=(1, 3))
    found = np.zeros_like(expected)
    top, left = 10 // along + small.top, 10 // across + small.left
    found[top : top + small.cover.shape[0], left : left + small.cover.shape[1]] = small.cover
    assert found == pytest.approx(expected)
