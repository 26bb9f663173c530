"""Whether an ONNX model takes numbers from outside itself, found without the `onnx` package, which only learning needs.

ONNX Runtime would read them from files near the working directory and, in some versions, from addresses in memory
that the model states: neither is for a stranger's style to choose. Format: onnx.proto, protocol buffers encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
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
    return _any_external(memoryview(model_bytes), "Model", _MAX_DEPTH)


def _any_external(message: memoryview, kind: str, depth: int) -> bool:
    if depth == 0:
        raise ValueError("The model nests too deeply.")
    if kind == "Tensor":
        return any(_is_external(number, value) for number, value in _fields(message))
    parts = _PARTS[kind]
    return any(
        _any_external(value, parts[number], depth - 1)
        for number, value in _fields(message)
        if number in parts and isinstance(value, memoryview)
    )


def _is_external(number: int, value: int | memoryview) -> bool:
    return number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != _STORED_INSIDE)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and value of each field; fixed-size ones as bytes."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            length, position = _varint(message, position)
        elif kind in (_FIXED_32, _FIXED_64):
            length = 4 if kind == _FIXED_32 else 8
        else:
            raise ValueError(f"The model holds a field of the unknown kind {kind}.")
        if length > len(message) - position:
            raise ValueError("The model is cut short.")
        yield key >> 3, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return a number in groups of seven bits, the lowest first, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise ValueError("The model is cut short.")
        byte = message[position]
        number, position = number | (byte & 127) << shift, position + 1
        if byte < 128:
            return number, position
    raise ValueError("The model holds a number of more than ten bytes.")
