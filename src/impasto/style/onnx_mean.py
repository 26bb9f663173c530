"""A model whose outputs are the weighted mean of those of other models, made without the `onnx` package.

The graphs are put side by side in one, each with names of its own but for the inputs, which they share. Format:
onnx.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence

from impasto.style.protocol_buffer import fields, whole

_MODEL_IR_VERSION, _MODEL_GRAPH, _MODEL_OPSET, _MODEL_TRAINING, _MODEL_FUNCTION = 1, 7, 8, 20, 25
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_SPARSE = 1, 2, 5, 11, 12, 15
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 3, 4, 5, 7
_ATTRIBUTE_GRAPHS = {6, 11}
_TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW, _FLOAT32 = 2, 8, 9, 1
_VALUE_NAME = 1

_Rename = Callable[[bytes], bytes]


def mean_model(models: Sequence[tuple[bytes, float]]) -> bytes:
    """Return an ONNX model that gives the weighted mean of what models of one interface give.

    Parameters
    ----------
    models
        Serialised models with float32 outputs, each with its weight.

    Raises
    ------
    ValueError
        The models are no ONNX models, have inputs or outputs that differ, or hold what cannot be put side by side.
    """
    first = models[0][0]
    inputs, outputs = _value_names(first, _GRAPH_INPUT), _value_names(first, _GRAPH_OUTPUT)
    for model, _ in models:
        _refuse_what_differs(model, first)
    body = b"".join(_renamed_graph(model, _prefixer(index, inputs)) for index, (model, _) in enumerate(models))
    body += b"".join(_weight(index, weight) for index, (_, weight) in enumerate(models))
    body += b"".join(_mean_nodes(output, len(models)) for output in outputs)
    kept = {_GRAPH_INPUT, _GRAPH_OUTPUT}
    body += b"".join(_field(number, value) for number, value in _graph_fields(first) if number in kept)
    head = b"".join(
        _field(number, value) for number, value in _fields_of(first) if number in (_MODEL_IR_VERSION, _MODEL_OPSET)
    )
    return head + _field(_MODEL_GRAPH, _field(_GRAPH_NAME, b"mean") + body)


def _refuse_what_differs(model: bytes, first: bytes) -> None:
    numbers = {number for number, _ in _fields_of(model)} & {_MODEL_TRAINING, _MODEL_FUNCTION}
    if numbers or any(number == _GRAPH_SPARSE for number, _ in _graph_fields(model)):
        raise ValueError("A model holds functions or sparse numbers, which cannot be put beside others.")
    for kind in (_GRAPH_INPUT, _GRAPH_OUTPUT):
        if _value_names(model, kind) != _value_names(first, kind):
            raise ValueError("The models' inputs or outputs have different names.")
    if _opsets(model) != _opsets(first):
        raise ValueError("The models use different versions of ONNX's operations.")


def _renamed_graph(model: bytes, rename: _Rename) -> bytes:
    """Return the nodes and numbers of a model, with other names."""
    renamed = []
    for number, value in _graph_fields(model):
        if number == _GRAPH_NODE:
            renamed.append(_field(number, _renamed_node(_message(value), rename)))
        elif number == _GRAPH_INITIALIZER:
            renamed.append(_field(number, _renamed_fields(_message(value), {_TENSOR_NAME}, rename)))
    return b"".join(renamed)


def _renamed_node(node: bytes, rename: _Rename) -> bytes:
    """Drop, beside, what is for people only: an exporter writes more of it than of the rest."""
    kept = {_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN}
    for number, value in _fields_of(node):
        if number == _NODE_ATTRIBUTE and _ATTRIBUTE_GRAPHS & {inner for inner, _ in _fields_of(_message(value))}:
            raise ValueError("A model holds branches or loops, which cannot be put beside others.")
    pieces = (_field(number, value) for number, value in _fields_of(node) if number in kept)
    return _renamed_fields(b"".join(pieces), {_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME}, rename)


def _renamed_fields(message: bytes, names: set[int], rename: _Rename) -> bytes:
    return b"".join(
        _field(number, rename(value) if number in names and isinstance(value, bytes) else value)
        for number, value in _fields_of(message)
    )


def _prefixer(index: int, shared: Iterable[bytes]) -> _Rename:
    # An input that is left out has the name '', which must stay so.
    same = {*shared, b""}
    return lambda name: name if name in same else b"%d/%b" % (index, name)


def _weight(index: int, weight: float) -> bytes:
    tensor = _field(_TENSOR_TYPE, _FLOAT32) + _field(_TENSOR_NAME, b"weight/%d" % index)
    return _field(_GRAPH_INITIALIZER, tensor + _field(_TENSOR_RAW, struct.pack("<f", weight)))


def _mean_nodes(output: bytes, num_models: int) -> bytes:
    shares = [b"%b/share/%d" % (output, index) for index in range(num_models)]
    nodes = [
        _node(b"Mul", [b"%d/%b" % (index, output), b"weight/%d" % index], share) for index, share in enumerate(shares)
    ]
    return b"".join([*nodes, _node(b"Sum", shares, output)])


def _node(op_type: bytes, inputs: Sequence[bytes], output: bytes) -> bytes:
    named = b"".join(_field(_NODE_INPUT, name) for name in inputs)
    return _field(_GRAPH_NODE, named + _field(_NODE_OUTPUT, output) + _field(_NODE_OP_TYPE, op_type))


def _graph_fields(model: bytes) -> list[tuple[int, int | bytes]]:
    graphs = [_message(value) for number, value in _fields_of(model) if number == _MODEL_GRAPH]
    if len(graphs) != 1:
        raise ValueError("The bytes are not an ONNX model with one graph.")
    return _fields_of(graphs[0])


def _value_names(model: bytes, kind: int) -> list[bytes]:
    values = [_message(value) for number, value in _graph_fields(model) if number == kind]
    return [_message(part) for value in values for number, part in _fields_of(value) if number == _VALUE_NAME]


def _opsets(model: bytes) -> list[int | bytes]:
    return [value for number, value in _fields_of(model) if number == _MODEL_OPSET]


def _fields_of(message: bytes) -> list[tuple[int, int | bytes]]:
    found = fields(message, whole(message))
    return [(number, message[value] if isinstance(value, slice) else value) for number, value in found]


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("The model holds a number where a message belongs.")
    return value


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first, all but the last with the eighth bit set."""
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])
