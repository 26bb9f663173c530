"""Whether an ONNX model takes numbers from outside itself.

ONNX Runtime would read them from files near the working directory and, in some versions, from addresses in memory
that the model states: neither is for a stranger's style to choose. Format: onnx.proto.
"""

from __future__ import annotations

from impasto.style.protocol_buffer import fields, whole

_MAX_DEPTH = 64
_EXTERNAL_DATA, _DATA_LOCATION, _STORED_INSIDE = 13, 14, 0
# The parts of each message, by field number, in which a tensor may lie.
_PARTS: dict[str, dict[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
}


def has_external_data(model_bytes: bytes) -> bool:
    """Tell whether any tensor of a serialised model is stored outside it.

    Raises
    ------
    ValueError
        The bytes are not a protocol buffer, or nest too deeply.
    """
    return _any_external(model_bytes, whole(model_bytes), "Model", _MAX_DEPTH)


def _any_external(data: bytes, where: slice, kind: str, depth: int) -> bool:
    if depth == 0:
        raise ValueError("The model nests too deeply.")
    if kind == "Tensor":
        return any(_is_external(number, value) for number, value in fields(data, where))
    parts = _PARTS[kind]
    return any(
        _any_external(data, value, parts[number], depth - 1)
        for number, value in fields(data, where)
        if number in parts and isinstance(value, slice)
    )


def _is_external(number: int, value: int | slice) -> bool:
    return number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != _STORED_INSIDE)
