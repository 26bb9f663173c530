"""A look whose effect is known exactly, as a style file, and pictures to try it on."""

from __future__ import annotations

import os

# One thread a worker: the suite runs on every core already, and sums come out the same however busy the machine is.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_CBWR", "COMPATIBLE")

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

# No test asserts a time, and those by example neither: a machine that does much else may stop anywhere.
settings.register_profile("impasto", deadline=None, max_examples=50)
settings.load_profile("impasto")

LOOK_SIDE, LOOK_SIZE = 16, 5
SaveLook = Callable[..., Path]


def graded(values: Any, brightness: float) -> NDArray[np.float64]:
    """Return what the look of these tests makes of colours in [0, 1] in a picture of this mean.

    It is affine in the colours, so that interpolating a LUT of any size gives it exactly, mixes channels, so that a
    wrong order shows, and depends on the picture.
    """
    values = np.asarray(values, np.float64)
    return 0.1 + 0.6 * values + 0.2 * values[..., ::-1] + 0.1 * brightness


def look_model(side: int = LOOK_SIDE, size: int = LOOK_SIZE) -> bytes:
    """Return an ONNX generator that predicts the LUT of `graded`."""
    from onnx import TensorProto, helper, numpy_helper

    axis = np.linspace(0, 1, size)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    constants = {"plain": graded(grid, 0)[None].astype(np.float32), "tenth": np.float32(0.1)}
    nodes = [
        helper.make_node("ReduceMean", ["thumbnail"], ["brightness"], keepdims=0),
        helper.make_node("Mul", ["brightness", "tenth"], ["lift"]),
        helper.make_node("Add", ["plain", "lift"], ["lut"]),
    ]
    graph = helper.make_graph(
        nodes,
        "look",
        [helper.make_tensor_value_info("thumbnail", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("lut", TensorProto.FLOAT, [1, size, size, size, 3])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


@pytest.fixture(scope="session")
def look_onnx() -> bytes:
    return look_model()


@pytest.fixture
def save_look(look_onnx: bytes) -> SaveLook:
    """Return a function that saves the look as a style file: `save_look(path, description="", **fields)`."""
    from impasto.style.file import StyleFile, save_style
    from impasto.style.manifest import Manifest, Needs, Sources

    def save(path: Path, generator: bytes = look_onnx, mean_lut: bytes | None = None, **fields: Any) -> Path:
        stated = {
            "name": path.stem,
            "family": "look",
            "description": "A pale mix.",
            "created": date(2026, 11, 21),
            "impasto_version": "0.1.0",
            "needs": Needs(thumbnail_side=LOOK_SIDE, lut_size=LOOK_SIZE),
            "recipe": {"minutes": 5.0, "loss": "hinge"},
            "metrics": {"validation": 0.25},
            "sources": Sources.of(["a" * 64, "b" * 64], 3, "my own pictures"),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        save_style(StyleFile(Manifest(**(stated | fields)), generator, mean_lut=mean_lut), path)
        return path

    return save


@pytest.fixture
def save_paint() -> Callable[..., Path]:
    """Return `paint_styles.make_paint_style`."""
    from paint_styles import make_paint_style

    return make_paint_style


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty library of the user's, and an empty working directory."""
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home" / "styles"


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """A small colourful picture: smooth, so that JPEG keeps it to within a few levels."""
    rows, columns = np.mgrid[0:48, 0:64]
    channels = [columns * 3 + 20, rows * 4 + 10, 200 - rows - 2 * columns]
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


def assert_graded(result: NDArray[Any], source: NDArray[Any], strength: float = 1.0, levels: float = 0.6) -> None:
    """Check that a result is what the look makes of its source, to within some 8-bit levels."""
    white = 255 if source.dtype == np.uint8 else 65535 if source.dtype == np.uint16 else 1.0
    values = source.astype(np.float64) / white
    expected = values + strength * (graded(values, values.mean()) - values)
    assert result.shape == source.shape
    assert result.dtype == source.dtype
    assert np.abs(result.astype(np.float64) / white - expected).max() * 255 <= levels


@pytest.fixture(name="assert_graded")
def assert_graded_fixture() -> Callable[..., None]:
    return assert_graded
