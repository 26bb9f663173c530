"""How large a network's intermediate results get, known before anything is run.

ONNX Runtime is given a limit on memory. Other runtimes have none, so a stranger's network is weighed here first: only
operations whose results have a size that follows from their inputs' sizes are let through. They are also all that a
generator of convolutions is made of. Operations: https://onnx.ai/onnx/operators
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.style.onnx_graph import Graph, Node

Shape: TypeAlias = tuple[int, ...]
_BYTES_PER_NUMBER = 4
_MAX_DIMENSIONS = 8


def unsupported_operations(graph: Graph) -> list[str]:
    """Return the names of operations in a graph that are not weighed here, sorted."""
    return sorted({node.op_type for node in graph.nodes} - set(_RULES))


def check_inputs(graph: Graph, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that are not what a network asks for.

    Raises
    ------
    ValueError
        An array is missing, not asked for, not float32, or of another shape.
    """
    if set(inputs) != set(graph.inputs):
        raise ValueError(f"it asks for {', '.join(graph.inputs)}, and was given {', '.join(inputs) or 'nothing'}.")
    for name, array in inputs.items():
        asked = graph.inputs[name]
        if array.dtype != np.float32:
            raise ValueError(f"'{name}' must be float32, not {array.dtype}.")
        if len(asked) != array.ndim or any(
            side not in (None, given) for side, given in zip(asked, array.shape, strict=True)
        ):
            shown = "×".join("?" if side is None else str(side) for side in asked)
            raise ValueError(f"'{name}' must be {shown}, not {'×'.join(map(str, array.shape))}.")


def value_shapes(graph: Graph, inputs: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return the shape of every value in a network for inputs of the given shapes.

    Raises
    ------
    ValueError
        Shapes do not fit together, or an operation is not among those weighed here.
    """
    shapes = {name: array.shape for name, array in graph.constants.items()} | dict(inputs)
    for node in graph.nodes:
        if node.op_type not in _RULES:
            raise ValueError(f"the operation {node.op_type} is not supported.")
        if missing := [name for name in node.inputs if name and name not in shapes]:
            raise ValueError(f"'{missing[0]}' is read before it is computed.")
        if len(node.outputs) != 1 or node.outputs[0] in shapes:
            raise ValueError(f"{node.op_type} must have one output with a name of its own.")
        shapes[node.outputs[0]] = _result(node, shapes, graph)
    if missing := [name for name in graph.outputs if name not in shapes]:
        raise ValueError(f"the output '{missing[0]}' is never computed.")
    return shapes


def last_uses(graph: Graph) -> list[list[str]]:
    """Return, for each node, the computed values that nothing after it reads."""
    kept = set(graph.outputs) | set(graph.constants)
    freed: list[list[str]] = []
    for node in reversed(graph.nodes):
        done = [name for name in dict.fromkeys((*node.inputs, *node.outputs)) if name and name not in kept]
        kept.update(done)
        freed.append(done)
    return freed[::-1]


def peak_bytes(graph: Graph, shapes: Mapping[str, Shape]) -> int:
    """Return the most memory in bytes that results and constants take at once, each as float32."""
    live = sum(prod(shapes[name]) for name in (*graph.constants, *graph.inputs))
    peak = live
    for node, freed in zip(graph.nodes, last_uses(graph), strict=True):
        live += prod(shapes[node.outputs[0]])
        peak = max(peak, live)
        live -= sum(prod(shapes[name]) for name in freed)
    return peak * _BYTES_PER_NUMBER


def integers_of(node: Node, name: str, default: Sequence[int]) -> Shape:
    """Return an attribute that is a list of integers.

    Raises
    ------
    ValueError
        It is something else.
    """
    value = node.attributes.get(name, tuple(default))
    if not isinstance(value, tuple) or not all(isinstance(number, int) for number in value):
        raise ValueError(f"{node.op_type} has an attribute {name} that is not understood.")
    return tuple(int(number) for number in value)


def integer_of(node: Node, name: str, default: int) -> int:
    """Return an attribute that is an integer; see `integers_of`."""
    value = node.attributes.get(name, default)
    if not isinstance(value, int):
        raise ValueError(f"{node.op_type} has an attribute {name} that is not understood.")
    return value


def enlargement(node: Node, graph: Graph) -> tuple[int, int]:
    """Return how many times a Resize repeats each row and each column: the only kind that is understood.

    Raises
    ------
    ValueError
        It resizes in another way.
    """
    attributes = node.attributes
    repeats = (
        attributes.get("mode", "nearest") == "nearest"
        and attributes.get("coordinate_transformation_mode") == "asymmetric"
        and attributes.get("nearest_mode") == "floor"
    )
    scales = graph.constants.get(node.inputs[2]) if len(node.inputs) == 3 else None
    factors = [] if scales is None else scales.ravel().tolist()
    if not repeats or len(factors) != 4 or factors[:2] != [1, 1]:
        raise ValueError("Resize must repeat pixels: nearest, asymmetric, floor, with constant scales.")
    if not all(float(factor).is_integer() and factor >= 1 for factor in factors):
        raise ValueError("Resize must enlarge a whole number of times.")
    return int(factors[2]), int(factors[3])


def reduced_axes(node: Node, graph: Graph, num_dimensions: int) -> Shape:
    """Return the axes, counted from the front, that a reduction takes together.

    Raises
    ------
    ValueError
        They are not stated in the model, or do not exist.
    """
    if len(node.inputs) > 1:  # since operations of version 18
        stated = graph.constants.get(node.inputs[1])
        axes = None if stated is None else tuple(int(axis) for axis in stated.ravel())
    else:
        axes = integers_of(node, "axes", range(num_dimensions))
    if not axes or not all(-num_dimensions <= axis < num_dimensions for axis in axes):
        raise ValueError(f"{node.op_type} does not state axes that exist.")
    return tuple(sorted({axis % num_dimensions for axis in axes}))


def _result(node: Node, shapes: Mapping[str, Shape], graph: Graph) -> Shape:
    shape = _RULES[node.op_type](node, [shapes[name] for name in node.inputs if name], graph)
    if len(shape) > _MAX_DIMENSIONS or any(side < 1 for side in shape):
        raise ValueError(f"{node.op_type} gives nothing for pictures of this size.")
    return shape


def _first(node: Node, shapes: Sequence[Shape], _graph: Graph) -> Shape:
    return _at_least(node, shapes, 1)[0]


def _broadcast(node: Node, shapes: Sequence[Shape], _graph: Graph) -> Shape:
    try:
        return tuple(np.broadcast_shapes(*_at_least(node, shapes, 1)))
    except ValueError as error:
        raise ValueError(f"{node.op_type} is given sizes that do not fit together: {_shown(shapes)}.") from error


def _at_least(node: Node, shapes: Sequence[Shape], number: int) -> Sequence[Shape]:
    if len(shapes) < number:
        raise ValueError(f"{node.op_type} lacks an input.")
    return shapes


def _image(node: Node, shapes: Sequence[Shape]) -> tuple[int, int, int, int]:
    shape = _at_least(node, shapes, 1)[0]
    if len(shape) != 4:
        raise ValueError(f"{node.op_type} is given {_shown([shape])} where a picture belongs.")
    return shape[0], shape[1], shape[2], shape[3]


def _convolution(node: Node, shapes: Sequence[Shape], _graph: Graph) -> Shape:
    batch, channels, height, width = _image(node, shapes)
    weight = _at_least(node, shapes, 2)[1]
    if len(weight) != 4 or node.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise ValueError("Conv must be two-dimensional, with stated pads.")
    if weight[1] * integer_of(node, "group", 1) != channels or (len(shapes) > 2 and shapes[2] != weight[:1]):
        raise ValueError(f"Conv is given sizes that do not fit together: {_shown(shapes)}.")
    pads, strides = integers_of(node, "pads", (0,) * 4), integers_of(node, "strides", (1, 1))
    dilations = integers_of(node, "dilations", (1, 1))
    if (len(pads), len(strides), len(dilations)) != (4, 2, 2) or min(*pads, 0) < 0 or min(*strides, *dilations) < 1:
        raise ValueError("Conv has pads, strides or dilations that are not understood.")
    sides = [
        (side + pads[axis] + pads[axis + 2] - dilations[axis] * (weight[axis + 2] - 1) - 1) // strides[axis] + 1
        for axis, side in enumerate((height, width))
    ]
    return batch, weight[0], *sides


def _concatenation(node: Node, shapes: Sequence[Shape], _graph: Graph) -> Shape:
    first = _at_least(node, shapes, 1)[0]
    axis = integer_of(node, "axis", 0)
    if not -len(first) <= axis < len(first):
        raise ValueError("Concat has an axis that does not exist.")
    axis %= len(first)
    if any(shape[:axis] + shape[axis + 1 :] != first[:axis] + first[axis + 1 :] for shape in shapes):
        raise ValueError(f"Concat is given sizes that do not fit together: {_shown(shapes)}.")
    return *first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :]


def _space_to_depth(node: Node, shapes: Sequence[Shape], _graph: Graph) -> Shape:
    batch, channels, height, width = _image(node, shapes)
    block = integer_of(node, "blocksize", 0)
    if block < 1 or height % block or width % block:
        raise ValueError(f"SpaceToDepth needs sides that are multiples of {block}, not {height}×{width}.")
    return batch, channels * block**2, height // block, width // block


def _depth_to_space(node: Node, shapes: Sequence[Shape], _graph: Graph) -> Shape:
    batch, channels, height, width = _image(node, shapes)
    block = integer_of(node, "blocksize", 0)
    if block < 1 or channels % block**2:
        raise ValueError(f"DepthToSpace needs channels that are a multiple of {block}², not {channels}.")
    return batch, channels // block**2, height * block, width * block


def _resize(node: Node, shapes: Sequence[Shape], graph: Graph) -> Shape:
    batch, channels, height, width = _image(node, shapes)
    down, across = enlargement(node, graph)
    return batch, channels, height * down, width * across


def _reduction(node: Node, shapes: Sequence[Shape], graph: Graph) -> Shape:
    shape = _at_least(node, shapes, 1)[0]
    axes = reduced_axes(node, graph, len(shape))
    if integer_of(node, "keepdims", 1):
        return tuple(1 if axis in axes else side for axis, side in enumerate(shape))
    return tuple(side for axis, side in enumerate(shape) if axis not in axes)


def _shown(shapes: Sequence[Shape]) -> str:
    return ", ".join("×".join(map(str, shape)) for shape in shapes)


_RULES: dict[str, Callable[[Node, Sequence[Shape], Graph], Shape]] = {
    **dict.fromkeys(("Abs", "Cast", "Clip", "Identity", "LeakyRelu", "Neg", "Relu", "Sigmoid", "Tanh"), _first),
    **dict.fromkeys(("Add", "Div", "Max", "Min", "Mul", "Sub", "Sum"), _broadcast),
    **dict.fromkeys(("ReduceMax", "ReduceMean"), _reduction),
    "Concat": _concatenation,
    "Conv": _convolution,
    "DepthToSpace": _depth_to_space,
    "Resize": _resize,
    "SpaceToDepth": _space_to_depth,
}
