"""A dream style whose network gives back the colour that its latents say; it takes no learning."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from impasto.style.file import StyleFile, save_style
from impasto.style.manifest import Manifest, Needs

SIDE = 8
_SIZE = 3


def color_model(num_latents: int = 2) -> bytes:
    """Return a model whose picture has the colour of the mean latent."""
    from onnx import TensorProto, helper, numpy_helper

    numbers: dict[str, Any] = {
        "shape": np.array([-1, _SIZE, 1, 1], np.int64),
        "size": np.array([1, _SIZE, SIDE, SIDE], np.int64),
    }
    nodes = [
        helper.make_node("ReduceMean", ["latents"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Sigmoid", ["mean"], ["color"]),
        helper.make_node("Reshape", ["color", "shape"], ["small"]),
        helper.make_node("Expand", ["small", "size"], ["images"]),
    ]
    graph = helper.make_graph(
        nodes,
        "color",
        [helper.make_tensor_value_info("latents", TensorProto.FLOAT, ["batch", num_latents, _SIZE])],
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def save_colors(path: Path) -> Path:
    """Save a dream of colours, which takes itself for one of faces."""
    needs = Needs(picture_side=SIDE, latent_size=_SIZE, num_latents=2, shows_faces=True)
    manifest = Manifest(name="colours", family="dream", created=date(2026, 1, 1), impasto_version="0.1.0", needs=needs)
    save_style(StyleFile(manifest, generator=color_model()), path)
    return path
