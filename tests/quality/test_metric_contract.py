"""One body of tests that every metric passes, whatever it takes in."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.errors import UsageError
from impasto.quality import metric as contract
from impasto.quality.registry import (
    CLIP_METRICS,
    IMAGE_METRICS,
    IMAGE_PAIR_METRICS,
    IMAGE_SET_METRICS,
    METRICS,
)

from .pictures import noisy, textured

NUM_PICTURES = 5
PICTURES = [textured(72, 70 + each, seed=each) for each in range(NUM_PICTURES)]
FOLLOWS_MOTION = {"warping_error", "warping_error_ratio"}
Step = Callable[[Any], None]


def steps_of(kind: type[Any]) -> list[Step]:
    """Return what shows a metric each of the five pictures, pairs or clips."""

    def step(index: int) -> Step:
        content = PICTURES[index]
        output = noisy(content, 0.02 + 0.02 * index, seed=index)

        def show(metric: Any) -> None:
            if kind in IMAGE_PAIR_METRICS:
                metric.update(output, content)
            elif kind in IMAGE_METRICS:
                metric.update(output)
            elif kind in IMAGE_SET_METRICS:
                metric.update_reference(content)
                metric.update_output(output)
            else:
                metric.update([content] * 3, [content, output, content])

        return show

    return [step(index) for index in range(NUM_PICTURES)]


def after(kind: type[Any], steps: Sequence[Step]) -> Any:
    metric = kind()
    for step in steps:
        step(metric)
    return metric


def value(metric: Any) -> float:
    result = metric.compute()
    assert type(result) is float
    return result


def skip_without_extra(kind: type[Any]) -> None:
    if kind.name in FOLLOWS_MOTION:
        pytest.importorskip("cv2")


every_metric = pytest.mark.parametrize("kind", METRICS, ids=lambda kind: kind.name)


@every_metric
class TestEveryMetric:
    def test_it_says_what_it_is(self, kind: type[Any]) -> None:
        assert kind.name == kind.name.lower() and kind.name.isidentifier()
        assert kind.title and not kind.title.endswith(".")
        assert kind.explanation.endswith(".") and kind.explanation.count(".") <= kind.explanation.count("0.") + 1
        assert kind.group in get_args(contract.Group)
        assert kind.compared_with in get_args(contract.Compared)
        assert type(kind.higher_is_better) is bool
        assert kind.__doc__

    def test_without_pictures_it_is_nan(self, kind: type[Any]) -> None:
        assert np.isnan(value(kind()))

    def test_merging_nothing_changes_nothing(self, kind: type[Any]) -> None:
        skip_without_extra(kind)
        steps = steps_of(kind)
        expected = value(after(kind, steps))
        metric = after(kind, steps)
        metric.merge(kind())
        assert value(metric) == pytest.approx(expected, nan_ok=True)
        empty = kind()
        empty.merge(after(kind, steps))
        assert value(empty) == pytest.approx(expected, nan_ok=True)

    def test_shares_of_workers_merge_to_one_pass_in_any_order(self, kind: type[Any]) -> None:
        skip_without_extra(kind)
        steps = steps_of(kind)
        expected = value(after(kind, steps))
        states = [after(kind, [step]) for step in steps]

        @settings(max_examples=15, deadline=None)
        @given(order=st.permutations(range(NUM_PICTURES)), cut=st.integers(0, NUM_PICTURES))
        def check(order: list[int], cut: int) -> None:
            shares = [kind(), kind()]
            for position, index in enumerate(order):
                shares[position >= cut].merge(states[index])
            shares[0].merge(shares[1])
            assert value(shares[0]) == pytest.approx(expected, rel=1e-9, nan_ok=True)

        check()

    def test_merging_leaves_the_other_as_it_is(self, kind: type[Any]) -> None:
        skip_without_extra(kind)
        first, *rest = steps_of(kind)
        one, other = after(kind, [first]), after(kind, rest)
        expected = value(other)
        one.merge(other)
        first(one)
        assert value(other) == pytest.approx(expected, rel=0, abs=0, nan_ok=True)

    def test_it_travels_between_processes(self, kind: type[Any]) -> None:
        skip_without_extra(kind)
        metric = after(kind, steps_of(kind))
        assert value(pickle.loads(pickle.dumps(metric))) == pytest.approx(value(metric), rel=0, abs=0, nan_ok=True)

    def test_pictures_are_left_as_they_are(self, kind: type[Any]) -> None:
        skip_without_extra(kind)
        before = [picture.copy() for picture in PICTURES]
        after(kind, steps_of(kind))
        for picture, copy in zip(PICTURES, before, strict=True):
            np.testing.assert_array_equal(picture, copy)

    @pytest.mark.parametrize("size", [(1, 1), (2, 40), (12, 9), (17, 15)])
    def test_the_smallest_pictures_do_no_harm(self, kind: type[Any], size: tuple[int, int]) -> None:
        skip_without_extra(kind)
        metric, picture = kind(), textured(*size)
        if kind in IMAGE_PAIR_METRICS:
            metric.update(picture, picture)
        elif kind in IMAGE_METRICS:
            metric.update(picture)
        elif kind in IMAGE_SET_METRICS:
            metric.update_reference(picture)
            metric.update_output(picture)
        else:
            metric.update([picture] * 2, [picture] * 2)
        assert not np.isinf(value(metric))


def test_no_two_metrics_share_a_name_or_a_title() -> None:
    for attribute in ("name", "title"):
        told = [getattr(kind, attribute) for kind in METRICS]
        assert len(told) == len(set(told))


def test_the_registry_is_the_sum_of_its_parts() -> None:
    assert set(METRICS) == {*IMAGE_PAIR_METRICS, *IMAGE_METRICS, *IMAGE_SET_METRICS, *CLIP_METRICS}


@pytest.mark.parametrize("kind", IMAGE_PAIR_METRICS, ids=lambda kind: kind.name)
def test_pairs_of_different_sizes_are_refused(kind: type[Any]) -> None:
    with pytest.raises(UsageError, match="40×30 and 40×31"):
        kind().update(textured(30, 40), textured(31, 40))


@pytest.mark.parametrize("kind", CLIP_METRICS, ids=lambda kind: kind.name)
def test_clips_that_do_not_match_are_refused(kind: type[Any]) -> None:
    small, large = textured(30, 40), textured(31, 40)
    with pytest.raises(UsageError, match="2 and 1 frames"):
        kind().update([small, small], [small])
    with pytest.raises(UsageError, match="40×31 and 40×30"):
        kind().update([small, small], [small, large])
