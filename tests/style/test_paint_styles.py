"""The synthetic paint styles honour the contract, so that what is tested with them holds for real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from paint_styles import KINDS, TRUNK, make_paint_style, paint_model

from impasto.errors import StyleFileError
from impasto.style.file import load_style
from impasto.style.runtime import OnnxRuntime

Picture = NDArray[np.float32]


@pytest.fixture
def content() -> Picture:
    return np.random.default_rng(1).random((1, 3, 40, 48), np.float32)


def painted(kind: str, content: Picture, state: Picture | None = None, noise: float = 0) -> dict[str, Any]:
    inputs = {
        "content": content,
        "state": content if state is None else state,
        "noise": np.full((1, 1, *content.shape[2:]), noise, np.float32),
    }
    return OnnxRuntime(paint_model(kind)).run(inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_still_is_its_own_state(kind: str, content: Picture) -> None:
    result = painted(kind, content)
    np.testing.assert_array_equal(result["next_state"], content)
    assert result["painted"].shape == content.shape
    assert 0 <= result["painted"].min() < result["painted"].max() <= 1


def test_each_kind_does_what_it_says(content: Picture) -> None:
    np.testing.assert_allclose(painted("identity", content)["painted"], content, atol=1e-6)
    np.testing.assert_allclose(painted("invert", content)["painted"], 1 - content, atol=1e-6)
    np.testing.assert_allclose(painted("grain", content, noise=1)["painted"], (content + 0.1).clip(0, 1), atol=1e-3)
    assert np.abs(painted("sharpen", content)["painted"] - content).mean() > 0.1
    assert np.abs(painted("brush", content)["painted"] - content).mean() > 0.01


def test_small_differences_are_smoothed_and_large_ones_pass(content: Picture) -> None:
    near, far = content + np.float32(0.01), content + np.float32(0.5)
    np.testing.assert_allclose(painted("identity", content, near)["next_state"], near - 0.0008, atol=1e-5)
    np.testing.assert_allclose(painted("identity", content, far)["next_state"], content, atol=1e-6)


def test_sides_that_are_no_multiples_are_refused_by_the_network(content: Picture) -> None:
    with pytest.raises(StyleFileError, match="cannot be run"):
        painted("identity", content[..., :37])


def test_is_saved_as_a_style_file(tmp_path: Path) -> None:
    style = load_style(make_paint_style(tmp_path / "oil.style", "invert", description="Reversed."))
    assert (style.manifest.name, style.manifest.family, style.manifest.needs.trunk) == ("oil", "paint", TRUNK)
    assert style.manifest.description == "Reversed."
    assert style.generator == paint_model("invert")
