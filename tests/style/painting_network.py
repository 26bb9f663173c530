"""A generator as a paint style has it, of the usual size, with random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTHS = (20, 40, 80)
NUM_BLOCKS = 4
_NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}


def painting_inputs(height: int = 64, width: int = 72, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Return a picture of soft blotches with some noise, that it was a bit brighter before, and noise."""
    random = np.random.default_rng(seed)
    blotches = random.random((3, height // 8, width // 8)).repeat(8, 1).repeat(8, 2)
    content = (blotches + random.normal(0, 0.05, blotches.shape)).clip(0, 1)[None].astype(np.float32)
    noise = random.standard_normal((1, 1, height, width), np.float32)
    return {"content": content, "state": (content + np.float32(0.01)).clip(0, 1), "noise": noise}


def painting_network(scale: float = 0.5, seed: int = 0) -> bytes:
    """Return the ONNX model: state, folding, down to an eighth, residual blocks, up again with skips.

    Parameters
    ----------
    scale
        Of what it adds to the picture.
    """
    return _Builder(seed).model(scale)


class _Builder:
    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._nodes: list[Any] = []
        self._numbers: list[Any] = []

    def model(self, scale: float) -> bytes:
        from onnx import TensorProto, helper

        self._layers(scale)
        shapes = {"content": 3, "state": 3, "noise": 1, "painted": 3, "next_state": 3}
        values = {
            name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, "height", "width"])
            for name, channels in shapes.items()
        }
        inputs, outputs = list(values.values())[:3], list(values.values())[3:]
        graph = helper.make_graph(self._nodes, "painting", inputs, outputs, self._numbers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        return model.SerializeToString()

    def _layers(self, scale: float) -> None:
        half, quarter, eighth = WIDTHS
        self._state()
        folded = self._node("SpaceToDepth", "next_state", blocksize=2)
        grain = self._node("SpaceToDepth", self._node("Mul", "noise", self._number(0.25)), blocksize=2)
        halves = self._relu(self._convolution(self._node("Concat", folded, grain, axis=1), 16, half))
        quarters = self._relu(self._convolution(halves, half, quarter, stride=2))
        hidden = self._relu(self._convolution(quarters, quarter, eighth, stride=2))
        for _ in range(NUM_BLOCKS):
            inner = self._relu(self._convolution(hidden, eighth, eighth))
            hidden = self._node("Add", hidden, self._convolution(inner, eighth, eighth))
        hidden = self._up(hidden, eighth, quarter, quarters)
        hidden = self._up(hidden, quarter, half, halves)
        change = self._node("DepthToSpace", self._convolution(hidden, half, 12), blocksize=2, mode="CRD")
        change = self._node("Mul", change, self._number(scale))
        painted = self._node("Add", "next_state", change)
        self._node("Clip", painted, self._number(0), self._number(1), output="painted")

    def _state(self) -> None:
        change = self._node("Sub", "content", "state")
        largest = self._node("ReduceMax", self._node("Abs", change), axes=[1], keepdims=1)
        share = self._node("Clip", self._node("Mul", largest, self._number(30)), self._number(0.2), self._number(1))
        self._node("Add", "state", self._node("Mul", share, change), output="next_state")

    def _up(self, features: str, num_in: int, num_out: int, skip: str) -> str:
        narrow = self._convolution(features, num_in, num_out, side=1)
        enlarged = self._node("Resize", narrow, "", self._stored(np.array([1, 1, 2, 2], np.float32)), **_NEAREST)
        joined = self._relu(self._node("Add", enlarged, skip))
        return self._relu(self._convolution(joined, num_out, num_out))

    def _convolution(self, features: str, num_in: int, num_out: int, *, side: int = 3, stride: int = 1) -> str:
        from onnx import TensorProto

        weight = self._random.normal(0, (num_in * side * side) ** -0.5, (num_out, num_in, side, side))
        cast = self._node("Cast", self._stored(weight.astype(np.float16)), to=TensorProto.FLOAT)
        bias = self._stored(self._random.normal(0, 0.05, num_out).astype(np.float32))
        return self._node("Conv", features, cast, bias, strides=[stride] * 2, pads=[side // 2] * 4)

    def _relu(self, features: str) -> str:
        return self._node("LeakyRelu", features, alpha=0.2)

    def _number(self, value: float) -> str:
        return self._stored(np.float32(value))

    def _stored(self, array: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"number{len(self._numbers)}"
        self._numbers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def _node(self, op_type: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        output = output or f"value{len(self._nodes)}"
        self._nodes.append(helper.make_node(op_type, list(inputs), [output], **attributes))
        return output
