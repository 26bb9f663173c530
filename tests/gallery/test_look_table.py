from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from impasto.gallery.look_table import CHANGED_TRAITS, LookTable, apply_table

from .synthetic import toned


def identity(size: int) -> np.ndarray:
    axis = np.linspace(0, 1, size, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (4, 5, 3), elements=st.floats(0, 1, width=32)), st.integers(2, 9))
def test_the_identity_changes_nothing(colors: np.ndarray, size: int) -> None:
    np.testing.assert_allclose(apply_table(identity(size), colors), colors, atol=1e-6)


def test_an_affine_table_is_met_between_its_points() -> None:
    """Channels are mixed, so that a wrong order of axes shows."""
    matrix = np.array([[0.5, 0.3, 0.0], [0.1, 0.6, 0.2], [0.0, 0.2, 0.7]], np.float32)
    colors = np.random.default_rng(0).random((50, 3), np.float32)
    np.testing.assert_allclose(apply_table(identity(4) @ matrix + 0.05, colors), colors @ matrix + 0.05, atol=1e-6)


def test_it_is_what_applying_uses() -> None:
    from impasto.apply.lut import Lut3D

    random = np.random.default_rng(1)
    table = random.random((6, 6, 6, 3), np.float32)
    grid = identity(6).reshape(-1, 3)
    np.testing.assert_allclose(apply_table(table, grid), Lut3D(table).apply(grid), atol=1e-5)


@pytest.mark.parametrize(
    ("look", "trait", "sign"),
    [
        (toned("lighter", lighter=12), "key", 1),
        (toned("darker", lighter=-12), "key", -1),
        (toned("softer", contrast=0.6), "contrast", -1),
        (toned("warmer", warmer=10), "color_temperature", 1),
        (toned("cooler", warmer=-10), "color_temperature", -1),
        (toned("redder", redder=8), "tint", 1),
        (toned("paler", saturation=0.4), "saturation", -1),
    ],
)
def test_the_change_of_standard_colors_names_the_look(look: LookTable, trait: str, sign: int) -> None:
    change = dict(zip(CHANGED_TRAITS, look.change, strict=True))
    assert change[trait] * sign > 0.5
    untouched = {"key", "contrast"} - {trait}
    assert all(abs(change[name]) < 0.5 for name in untouched), change


def test_no_change_of_nothing() -> None:
    np.testing.assert_allclose(LookTable("same", identity(3)).change, 0, atol=1e-3)
