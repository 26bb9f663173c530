from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.gate import faces
from impasto.gate.calibration import calibrate
from impasto.gate.judge import Judge
from impasto.style.file import StyleFile, save_style
from impasto.style.manifest import GateModel, Manifest, Needs

from .networks import warmth_discriminator
from .pictures import photo, warm

NUM_PICTURES = 16


@pytest.fixture(scope="session", autouse=True)
def without_faces() -> Iterator[None]:
    """Look for no faces: the verdicts here must not depend on what is installed, and ellipses do look like some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faces, "faces_available", lambda: False)
        yield


@pytest.fixture(scope="session")
def discriminator() -> bytes:
    return warmth_discriminator()


@pytest.fixture(scope="session")
def judge(discriminator: bytes) -> Judge:
    return Judge(discriminator)


@pytest.fixture(scope="session")
def gate_model(discriminator: bytes) -> GateModel:
    contents = [photo(seed) for seed in range(NUM_PICTURES)]
    references = [warm(photo(seed)) for seed in range(100, 106)]
    return calibrate(discriminator, references, contents, [warm(content) for content in contents])


def warm_lut(size: int = 9) -> bytes:
    """Return an ONNX generator of the look `warm`, whatever the thumbnail."""
    from onnx import TensorProto, helper, numpy_helper

    axis = np.linspace(0, 1, size)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    grey = grid.mean(axis=-1, keepdims=True)
    table = ((grey + 0.75 * (grid - grey)) * 0.85 + np.array([0.13, 0.06, -0.01])).clip(0, 1)
    nodes = [
        helper.make_node("ReduceMean", ["thumbnail"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
        helper.make_node("Add", ["table", "zero"], ["lut"]),
    ]
    graph = helper.make_graph(
        nodes,
        "warm",
        [helper.make_tensor_value_info("thumbnail", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("lut", TensorProto.FLOAT, [1, size, size, size, 3])],
        [
            numpy_helper.from_array(table[None].astype(np.float32), "table"),
            numpy_helper.from_array(np.float32(0).reshape(()), "nothing"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


@pytest.fixture(scope="session")
def make_style(gate_model: GateModel, discriminator: bytes) -> Callable[..., StyleFile]:
    """Return a function that makes the style; `make_style(gate=None)` makes one without a verdict."""
    generator = warm_lut()

    def make(gate: GateModel | None = gate_model, judged_by: bytes | None = discriminator) -> StyleFile:
        manifest = Manifest(
            name="warm",
            family="look",
            created=date(2026, 11, 21),
            impasto_version="0.1.0",
            needs=Needs(thumbnail_side=16, lut_size=9),
            gate=gate,
        )
        return StyleFile(manifest, generator, judged_by)

    return make


@pytest.fixture
def shoot(home: Path, make_style: Callable[..., StyleFile]) -> Path:
    """A folder with three photos beside the style `warm.style`, and the working directory there."""
    folder = Path("shoot")
    folder.mkdir()
    for number, seed in enumerate((200, 201, 202)):
        Image.fromarray(photo(seed)).save(folder / f"{number}.png")
    save_style(make_style(), "warm.style")
    return folder
