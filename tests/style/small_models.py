"""Models of a few nodes: `model_of([node(...)], {"x": (1, 3, None, None)}, ["y"])`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Sides = tuple[int | None, ...]
PICTURE: Sides = (1, 3, None, None)


def node(op_type: str, inputs: Sequence[str], output: str, **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(op_type, list(inputs), [output], **attributes)


def model_of(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sides],
    outputs: Sequence[str],
    numbers: Mapping[str, NDArray[Any]] | None = None,
    opset: int = 17,
) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    def value(name: str, sides: Sequence[int | None] | None) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, sides)

    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in (numbers or {}).items()]
    graph = helper.make_graph(
        list(nodes),
        "small",
        [
            value(name, [side if side else f"{name}{axis}" for axis, side in enumerate(sides)])
            for name, sides in inputs.items()
        ],
        [value(name, None) for name in outputs],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return model.SerializeToString()


def enlarging_model(times: int, depth: int = 1) -> bytes:
    """Return a tiny model that asks for a picture `times ** depth` as high and wide as what it is given."""
    how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    names = ["x", *(f"enlarged{index}" for index in range(1, depth)), "y"]
    nodes = [node("Resize", [before, "", "scales"], after, **how) for before, after in pairwise(names)]
    return model_of(nodes, {"x": PICTURE}, ["y"], {"scales": np.array([1, 1, times, times], np.float32)})
