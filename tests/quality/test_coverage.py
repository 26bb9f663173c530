"""Precision, recall and nearness of sets whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.quality.coverage import measure_coverage, precision_and_recall, read_pooled

from .seen import plain_reader

RANDOM = np.random.default_rng(0)


def cloud(count: int, *centers: float, spread: float = 1.0, seed: int = 1) -> NDArray[np.float32]:
    """Return rows around centres on the first axis, in equal shares."""
    random = np.random.default_rng(seed)
    rows = random.normal(0, spread, (count, 4))
    rows[:, 0] += np.resize(centers, count)
    return rows.astype(np.float32)


def test_a_set_covers_itself() -> None:
    rows = cloud(60, 0)
    found = measure_coverage(rows, rows)
    assert (found.precision, found.recall) == (1, 1)
    assert found.fid == pytest.approx(0, abs=1e-6)
    assert found.nearness == 0


def test_two_draws_of_one_kind_cover_each_other_for_the_most_part() -> None:
    found = measure_coverage(cloud(300, 0, seed=1), cloud(300, 0, seed=2))
    assert found.precision > 0.8
    assert found.recall > 0.8
    assert abs(found.kid) < 0.3
    assert found.nearness == pytest.approx(1, abs=0.25)


def test_what_has_collapsed_is_precise_and_recalls_half() -> None:
    references = cloud(200, -20, 20)
    found = measure_coverage(cloud(200, 20, seed=3), references)
    assert found.precision > 0.8
    assert 0.35 < found.recall < 0.55


def test_what_strays_recalls_all_and_is_half_precise() -> None:
    precision, recall = precision_and_recall(cloud(200, 20, 60, seed=3), cloud(200, 20))
    assert 0.35 < precision < 0.55
    assert recall > 0.7


def test_what_is_elsewhere_covers_nothing() -> None:
    found = measure_coverage(cloud(50, 100), cloud(50, 0))
    assert (found.precision, found.recall) == (0, 0)
    assert found.fid > 5000
    assert found.nearness > 10


def test_references_given_back_are_told_from_new_pictures() -> None:
    references = cloud(100, 0)
    copies = references + RANDOM.normal(0, 0.01, references.shape).astype(np.float32)
    assert measure_coverage(copies, references).nearness < 0.1


def test_more_than_one_block_of_distances_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, references = cloud(70, 1, seed=5), cloud(50, 0)
    whole = measure_coverage(outputs, references)
    monkeypatch.setattr("impasto.quality.coverage._AT_ONCE", 16)
    assert measure_coverage(outputs, references) == whole


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(UsageError, match="more than 3"):
        measure_coverage(cloud(3, 0), cloud(50, 0))
    with pytest.raises(UsageError, match="no pictures"):
        read_pooled([], plain_reader())


def test_pictures_are_read_one_a_row() -> None:
    pictures = [np.full((8, 8, 3), level, np.float32) for level in (0.1, 0.7)]
    rows = read_pooled(pictures, plain_reader())
    assert rows.shape[0] == 2
    assert rows[1].mean() > rows[0].mean()
