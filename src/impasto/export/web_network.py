"""The network of a look as a page's own script runs it: a list of steps, and its numbers.

A look's network sees 64×64 pixels. A few hundred lines of JavaScript run it in milliseconds, where a whole runtime
would have every visitor load fourteen megabytes.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import StyleFileError
from impasto.style.onnx_graph import Graph, Node, read_graph

OPERATIONS = frozenset(
    {
        *("Add", "Clip", "Concat", "Conv", "Div", "Einsum", "Gemm", "LeakyRelu", "MatMul", "Mul", "Pow", "ReduceMean"),
        *("ReduceSum", "Relu", "Reshape", "Sqrt", "Sub", "Sum", "Tanh", "Unsqueeze"),
    }
)
"""What `web_page/js/network.js` runs."""
_LEAST_OPSET = 13
"""Where sums and new axes came to be given as inputs."""


def script_network(generator: bytes) -> tuple[bytes, bytes] | None:
    """Return a look's network as JSON, which says what to do, and its numbers, float32; None where no script runs it.

    Raises
    ------
    StyleFileError
        The bytes are no network.
    """
    try:
        graph = read_graph(generator)
    except ValueError as error:
        raise StyleFileError(f"The style's network cannot be read: {error}") from error
    if graph.opset < _LEAST_OPSET or not all(_is_known(node) for node in graph.nodes):
        return None
    arrays = _used(graph)
    if not all(array.dtype.kind in "fi" for array in arrays.values()):
        return None
    numbers = [np.ascontiguousarray(array, "<f4") for array in arrays.values()]
    starts = np.cumsum([0, *(array.size for array in numbers)]).tolist()
    described = {
        "inputs": {name: list(shape) for name, shape in graph.inputs.items()},
        "outputs": graph.outputs,
        "numbers": {
            name: {"start": start, "shape": list(array.shape)}
            for (name, array), start in zip(arrays.items(), starts, strict=False)
        },
        "steps": [_step(node) for node in graph.nodes],
    }
    packed = b"".join(array.tobytes() for array in numbers)
    return json.dumps(described, separators=(",", ":")).encode(), packed


def _is_known(node: Node) -> bool:
    padding = node.attributes.get("auto_pad", "NOTSET")
    return node.op_type in OPERATIONS and len(node.outputs) == 1 and padding == "NOTSET"


def _used(graph: Graph) -> dict[str, NDArray[Any]]:
    taken = {name for node in graph.nodes for name in node.inputs}
    return {name: array for name, array in graph.constants.items() if name in taken}


def _step(node: Node) -> dict[str, Any]:
    return {"does": node.op_type, "from": node.inputs, "to": node.outputs[0], "with": dict(node.attributes)}
