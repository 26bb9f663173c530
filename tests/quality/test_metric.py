from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import UsageError
from impasto.quality.metric import MeanMetric, require_same_size

VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=12)


def mean_of(values: list[float]) -> MeanMetric:
    metric = MeanMetric()
    for value in values:
        metric.add(value)
    return metric


class TestMeanMetric:
    @given(VALUES)
    def test_it_is_the_mean_of_what_has_a_meaning(self, values: list[float]) -> None:
        kept = [value for value in values if not np.isnan(value)]
        expected = float(np.mean(kept)) if kept else float("nan")
        assert mean_of(values).compute() == pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)

    @given(VALUES, VALUES)
    def test_shares_add_up_however_unequal(self, first: list[float], second: list[float]) -> None:
        merged = mean_of(first)
        merged.merge(mean_of(second))
        expected = mean_of(first + second).compute()
        assert merged.compute() == pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)

    def test_it_gives_a_plain_number(self) -> None:
        assert type(mean_of([np.float32(0.5)]).compute()) is float


class TestRequireSameSize:
    def test_equal_sizes_pass(self) -> None:
        require_same_size(np.zeros((4, 5, 3), np.float32), np.ones((4, 5, 3), np.float32))

    def test_different_sizes_are_told_as_width_by_height(self) -> None:
        with pytest.raises(UsageError, match="5×4 and 4×5; resize one"):
            require_same_size(np.zeros((4, 5, 3), np.float32), np.zeros((5, 4, 3), np.float32))
