"""What an ONNX model holds: nodes, their attributes, and its numbers, read without the `onnx` package.

Format: onnx.proto. Only what a network of ours uses is understood; the rest is refused, never guessed.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.style.external_data import has_external_data
from impasto.style.protocol_buffer import fields, integers, whole

_DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"), 2: np.dtype("u1"), 3: np.dtype("i1"), 6: np.dtype("<i4"), 7: np.dtype("<i8"),
    9: np.dtype("?"), 10: np.dtype("<f2"), 11: np.dtype("<f8"),
}  # fmt: skip
_MODEL_GRAPH, _MODEL_OPSET, _OPSET_DOMAIN, _OPSET_VERSION = 7, 8, 1, 2
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 5, 11, 12
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_TENSOR_FLOATS, _TENSOR_INT32S, _TENSOR_INT64S = 4, 5, 7
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_OF_ATTRIBUTE_NAME, _FLOAT, _INTEGER, _TEXT, _ARRAY, _FLOATS, _INTEGERS = 1, 2, 3, 4, 5, 7, 8
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIM, _DIM_VALUE = 1, 2, 1, 2, 1, 1

Attribute: TypeAlias = int | float | str | tuple[int, ...] | tuple[float, ...] | NDArray[Any]
_Fields: TypeAlias = dict[int, list[int | slice]]


class Initializer(NamedTuple):
    """Numbers stored in a model: their type, their shape, and where their bytes lie in it (little-endian, C order)."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    where: slice


@dataclass(frozen=True)
class Node:
    """One operation; an input that is left out is ''."""

    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]


@dataclass(frozen=True)
class Graph:
    """A network: `nodes` in an order that they can be run in, `constants` and the shape of each input by name.

    Numbers that a node of the type Constant holds are among the `constants`, too.
    """

    nodes: tuple[Node, ...]
    constants: dict[str, NDArray[Any]]
    inputs: dict[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]
    opset: int


def initializers(model_bytes: bytes) -> dict[str, Initializer]:
    """Return every initializer of the outer graph that is stored as raw bytes, by name.

    Two models of one graph can be mixed by writing other numbers over `model_bytes[initializer.where]`.

    Raises
    ------
    ValueError
        The bytes are not an ONNX model, or its numbers do not fill their shape, lie outside it, or share a name.
    """
    found: dict[str, Initializer] = {}
    for number, value in fields(model_bytes, _graph(model_bytes)):
        if number != _GRAPH_INITIALIZER:
            continue
        tensor = _fields_of(model_bytes, _slice(value))
        if not tensor.get(_TENSOR_RAW):
            continue
        name = _name(model_bytes, tensor, _TENSOR_NAME)
        if name in found:
            raise ValueError(f"The model holds two initializers called '{name}'.")
        found[name] = _initializer(model_bytes, tensor)
    return found


def read_graph(model_bytes: bytes) -> Graph:
    """Return the network of a serialised ONNX model.

    Raises
    ------
    ValueError
        The bytes are not an ONNX model, take numbers from outside it, or hold what is not understood.
    """
    if has_external_data(model_bytes):
        raise ValueError("The model takes numbers from outside itself.")
    graph = _fields_of(model_bytes, _graph(model_bytes))
    constants = dict(_named_array(model_bytes, _slice(value)) for value in graph[_GRAPH_INITIALIZER])
    inputs = dict(_value(model_bytes, _slice(value)) for value in graph[_GRAPH_INPUT])
    outputs = [_value(model_bytes, _slice(value))[0] for value in graph[_GRAPH_OUTPUT]]
    nodes = [_node(model_bytes, _slice(value)) for value in graph[_GRAPH_NODE]]
    constants |= {node.outputs[0]: _constant(node) for node in nodes if node.op_type == "Constant"}
    return Graph(
        nodes=tuple(node for node in nodes if node.op_type != "Constant"),
        constants=constants,
        inputs={name: shape for name, shape in inputs.items() if name not in constants},
        outputs=tuple(outputs),
        opset=_opset(model_bytes),
    )


def _fields_of(data: bytes, where: slice) -> _Fields:
    found: _Fields = defaultdict(list)
    for number, value in fields(data, where):
        found[number].append(value)
    return found


def _slice(value: int | slice) -> slice:
    if isinstance(value, int):
        raise ValueError("The model holds a number where a message belongs.")
    return value


def _text(data: bytes, value: int | slice) -> str:
    return data[_slice(value)].decode()


def _name(data: bytes, message: _Fields, number: int) -> str:
    return _text(data, message[number][0]) if message.get(number) else ""


def _graph(data: bytes) -> slice:
    graphs = [value for number, value in fields(data, whole(data)) if number == _MODEL_GRAPH]
    if len(graphs) != 1:
        raise ValueError("The model holds no graph." if not graphs else "The model holds several graphs.")
    return _slice(graphs[0])


def _opset(data: bytes) -> int:
    for value in _fields_of(data, whole(data))[_MODEL_OPSET]:
        opset = _fields_of(data, _slice(value))
        if _name(data, opset, _OPSET_DOMAIN) in ("", "ai.onnx") and opset[_OPSET_VERSION]:
            return _integer(data, opset[_OPSET_VERSION][0])
    raise ValueError("The model does not say which version of ONNX's operations it uses.")


def _node(data: bytes, where: slice) -> Node:
    message = _fields_of(data, where)
    domain = _name(data, message, _NODE_DOMAIN)
    op_type = _name(data, message, _NODE_OP_TYPE)
    return Node(
        op_type=op_type if domain in ("", "ai.onnx") else f"{domain}.{op_type}",
        inputs=tuple(_text(data, value) for value in message[_NODE_INPUT]),
        outputs=tuple(_text(data, value) for value in message[_NODE_OUTPUT]),
        attributes=dict(_attribute(data, _slice(value)) for value in message[_NODE_ATTRIBUTE]),
    )


def _constant(node: Node) -> NDArray[Any]:
    if len(node.attributes) != 1 or len(node.outputs) != 1:
        raise ValueError("The model holds a constant that is not understood.")
    value = next(iter(node.attributes.values()))
    if isinstance(value, np.ndarray):
        return value
    return np.asarray(value, np.float32 if "float" in next(iter(node.attributes)) else np.int64)


def _attribute(data: bytes, where: slice) -> tuple[str, Attribute]:
    message = _fields_of(data, where)
    name = _name(data, message, _OF_ATTRIBUTE_NAME)
    if value := message.get(_FLOAT):
        return name, _floats(data, value[:1])[0]
    if value := message.get(_INTEGER):
        return name, _integer(data, value[0])
    if value := message.get(_TEXT):
        return name, _text(data, value[0])
    if value := message.get(_ARRAY):
        return name, _named_array(data, _slice(value[0]))[1]
    if value := message.get(_FLOATS):
        return name, _floats(data, value)
    return name, _integers(data, message[_INTEGERS])


def _floats(data: bytes, values: list[int | slice]) -> tuple[float, ...]:
    packed = b"".join(data[_slice(value)] for value in values)
    if len(packed) % 4 or (values and not packed):
        raise ValueError("The model is cut short.")
    return struct.unpack(f"<{len(packed) // 4}f", packed)


def _integer(data: bytes, value: int | slice) -> int:
    if not isinstance(value, int):
        raise ValueError("The model holds a message where a number belongs.")
    return integers(data, value)[0]


def _integers(data: bytes, values: list[int | slice]) -> tuple[int, ...]:
    return tuple(number for value in values for number in integers(data, value))


def _shape_and_dtype(data: bytes, tensor: _Fields, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    kinds, shape = _integers(data, tensor[_TENSOR_TYPE]), _integers(data, tensor[_TENSOR_DIMS])
    if len(kinds) != 1 or kinds[0] not in _DTYPES:
        raise ValueError(f"The numbers called '{name}' are of a kind that is not understood.")
    if any(side < 0 for side in shape):
        raise ValueError(f"The numbers called '{name}' have a negative shape.")
    return shape, _DTYPES[kinds[0]]


def _initializer(data: bytes, tensor: _Fields) -> Initializer:
    name = _name(data, tensor, _TENSOR_NAME)
    shape, dtype = _shape_and_dtype(data, tensor, name)
    where = _slice(tensor[_TENSOR_RAW][0])
    if len(tensor[_TENSOR_RAW]) > 1 or where.stop - where.start != prod(shape) * dtype.itemsize:
        raise ValueError(f"The numbers called '{name}' do not fill their shape.")
    return Initializer(dtype, shape, where)


def _named_array(data: bytes, where: slice) -> tuple[str, NDArray[Any]]:
    tensor = _fields_of(data, where)
    name = _name(data, tensor, _TENSOR_NAME)
    if tensor.get(_TENSOR_RAW):
        dtype, shape, raw = _initializer(data, tensor)
        return name, np.frombuffer(data[raw], dtype).reshape(shape)
    shape, dtype = _shape_and_dtype(data, tensor, name)
    numbers = _numbers(data, tensor, dtype)
    if len(numbers) != prod(shape):
        raise ValueError(f"The numbers called '{name}' do not fill their shape.")
    return name, numbers.reshape(shape)


def _numbers(data: bytes, tensor: _Fields, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return numbers that are stored one by one instead of as raw bytes."""
    if dtype == np.float32:
        return np.array(_floats(data, tensor[_TENSOR_FLOATS]), dtype)
    if dtype == np.int64:
        return np.array(_integers(data, tensor[_TENSOR_INT64S]), dtype)
    if dtype == np.float16:  # the bits of each, as an integer
        return np.array(_integers(data, tensor[_TENSOR_INT32S]), "<u2").view(dtype)
    return np.array(_integers(data, tensor[_TENSOR_INT32S]), dtype)


def _value(data: bytes, where: slice) -> tuple[str, tuple[int | None, ...]]:
    """Return the name of an input and its sides; None where a side is free."""
    message = _fields_of(data, where)
    tensor = _only(data, _only(data, message, _VALUE_TYPE), _TYPE_TENSOR)
    shape = _only(data, tensor, _TENSOR_SHAPE)
    sides = (_fields_of(data, _slice(value)).get(_DIM_VALUE) for value in shape.get(_SHAPE_DIM, []))
    return _name(data, message, _VALUE_NAME), tuple(_integer(data, side[0]) if side else None for side in sides)


def _only(data: bytes, message: _Fields, number: int) -> _Fields:
    return _fields_of(data, _slice(message[number][0])) if message.get(number) else {}
