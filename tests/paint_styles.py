"""Paint styles whose effect is known, made on the fly: `from paint_styles import make_paint_style, paint_model`.

All kinds are one graph that differs in its numbers only, as styles of one trunk are. It smooths the content over time,
and adds two branches: a 3×3 convolution at full size, and one that goes down to an eighth of it and back, for which
height and width must be multiples of 8.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRUNK = "7" * 64
OTHER_TRUNK = "9" * 64
WORKING_SIDE = 64
"""Small, so that tests are fast."""
KINDS = ("identity", "sharpen", "invert", "grain", "brush")

Arrays = dict[str, NDArray[Any]]


def make_paint_style(
    path: Path, kind: str = "sharpen", trunk: str | None = TRUNK, width: int = 8, **fields: Any
) -> Path:
    """Save a paint style as a style file; `fields` replace those of its manifest."""
    from impasto.style.file import StyleFile, save_style
    from impasto.style.manifest import Manifest, Needs, Sources

    stated = {
        "name": path.stem,
        "family": "paint",
        "description": f"A paint style that does {kind}.",
        "created": date(2026, 12, 1),
        "impasto_version": "0.1.0",
        "needs": Needs(multiple=8, working_side=WORKING_SIDE, trunk=trunk),
        "recipe": {"minutes": 10.0, "family": "paint"},
        "metrics": {"validation": 0.5},
        "sources": Sources.of([f"{KINDS.index(kind):x}" * 64], 3, "my own paintings"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_style(StyleFile(Manifest(**(stated | fields)), paint_model(kind, width), b"discriminator", b"weights"), path)
    return path


def paint_model(kind: str = "sharpen", width: int = 8) -> bytes:
    """Return an ONNX generator with the inputs and outputs of a paint style.

    `identity` paints the content; `sharpen` 2·content − mean of the 3×3 neighbours; `invert` 1 − content; `grain`
    content + 0.1·noise; `brush` content + coarse blotches that depend on the content.

    Parameters
    ----------
    width
        Channels of the coarse branch: another width is another graph.
    """
    from onnx import TensorProto, helper, numpy_helper

    arrays = _constants() | _fine(kind) | _coarse(kind, width)
    arrays = {name: _halved(name, value) for name, value in arrays.items()}
    casts = [
        helper.make_node("Cast", [name], [f"{name}.float32"], to=TensorProto.FLOAT)
        for name, value in arrays.items()
        if value.dtype == np.float16
    ]
    picture, plane = [1, 3, "height", "width"], [1, 1, "height", "width"]
    shapes = {"content": picture, "state": picture, "noise": plane}
    graph = helper.make_graph(
        [*casts, *_nodes()],
        "paint",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, picture) for name in ("painted", "next_state")],
        [numpy_helper.from_array(value, name) for name, value in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def _halved(name: str, value: NDArray[Any]) -> NDArray[Any]:
    """Store the weights of convolutions as float16, as a learned style does."""
    return value.astype(np.float16) if name.endswith(".weight") else value


def _constants() -> Arrays:
    return {
        "zero": np.float32(0),
        "one": np.float32(1),
        "gain": np.float32(8),
        "scales": np.array([1, 1, 8, 8], np.float32),
    }


def _fine(kind: str) -> Arrays:
    """Weights of the branch at full size: three colours and noise in, three colours out."""
    weight, bias = np.zeros((3, 4, 3, 3), np.float32), np.zeros(3, np.float32)
    for channel in range(3):
        weight[channel, channel, 1, 1] = {"sharpen": 2, "invert": -1}.get(kind, 1)
        if kind == "sharpen":
            weight[channel, channel] -= 1 / 9
    if kind == "grain":
        weight[:, 3, 1, 1] = 0.1
    return {"fine.weight": weight, "fine.bias": bias + (kind == "invert")}


def _coarse(kind: str, width: int) -> Arrays:
    random = np.random.default_rng(5)
    shapes = {"down0": (width, 4), "down1": (width, width), "down2": (width, width), "up": (3, width)}
    arrays: Arrays = {}
    for name, (num_out, num_in) in shapes.items():
        scale = np.float32(kind == "brush") * (0.4 if name != "up" else 0.15)
        arrays[f"{name}.weight"] = scale * random.standard_normal((num_out, num_in, 3, 3)).astype(np.float32)
        arrays[f"{name}.bias"] = np.zeros(num_out, np.float32)
    return arrays


def _nodes() -> list[Any]:
    from onnx import helper

    def convolution(source: str, name: str, stride: int = 1) -> Any:
        inputs = [source, f"{name}.weight.float32", f"{name}.bias"]
        return helper.make_node("Conv", inputs, [name], pads=[1] * 4, strides=[stride] * 2)

    def relu(source: str) -> Any:
        return helper.make_node("LeakyRelu", [source], [f"{source}.relu"], alpha=0.2)

    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return [
        helper.make_node("Sub", ["content", "state"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["distance"]),
        helper.make_node("Mul", ["distance", "gain"], ["steepened"]),
        helper.make_node("Clip", ["steepened", "zero", "one"], ["share"]),
        helper.make_node("Mul", ["share", "difference"], ["step"]),
        helper.make_node("Add", ["state", "step"], ["next_state"]),
        helper.make_node("Concat", ["next_state", "noise"], ["seen"], axis=1),
        convolution("seen", "fine"),
        convolution("seen", "down0", 2),
        relu("down0"),
        convolution("down0.relu", "down1", 2),
        relu("down1"),
        convolution("down1.relu", "down2", 2),
        relu("down2"),
        helper.make_node("Resize", ["down2.relu", "", "scales"], ["enlarged"], **nearest),
        convolution("enlarged", "up"),
        helper.make_node("Add", ["fine", "up"], ["sum"]),
        helper.make_node("Clip", ["sum", "zero", "one"], ["painted"]),
    ]
