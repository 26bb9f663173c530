"""One LUT for a look: the mean that its file holds, else that over grey ramps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from impasto.errors import StyleFileError
from impasto.export.mean_look import mean_look
from impasto.style.lut_member import pack_lut

SIDE, SIZE = 16, 5


class Brightening:
    """A look whose table is one level: the mean of what it is shown."""

    def __init__(self) -> None:
        self.shown: list[np.ndarray] = []

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        [thumbnail] = inputs.values()
        self.shown.append(thumbnail)
        return {"lut": np.full((1, SIZE, SIZE, SIZE, 3), thumbnail.mean(), np.float32)}


def test_what_the_file_holds_is_taken_and_no_network_runs() -> None:
    table = np.random.default_rng(0).random((SIZE, SIZE, SIZE, 3), np.float32)
    runtime = Brightening()
    lut = mean_look(pack_lut(table), runtime, SIDE)  # type: ignore[arg-type]
    np.testing.assert_allclose(lut.table, table, atol=1e-3)
    assert runtime.shown == []


def test_without_it_ramps_from_bright_to_dark_stand_in() -> None:
    runtime = Brightening()
    lut = mean_look(None, runtime, SIDE)  # type: ignore[arg-type]
    means = [float(shown.mean()) for shown in runtime.shown]
    assert len(means) > 2
    assert max(means) > 0.6
    assert min(means) < 0.35
    np.testing.assert_allclose(lut.table, np.mean(means), atol=1e-5)
    for shown in runtime.shown:
        assert shown.shape == (1, 3, SIDE, SIDE)
        assert np.ptp(shown, axis=1).max() == 0, "grey"
        assert (shown.min(), shown.max()) == (0, 1)


def test_a_damaged_mean_is_said() -> None:
    with pytest.raises(StyleFileError):
        mean_look(b"no numbers", Brightening(), SIDE)  # type: ignore[arg-type]
