"""The encoding that ONNX files are written in, read without the `onnx` package, which only learning needs.

A message is a run of fields, each a number and either an integer or a stretch of bytes: text, numbers, or a message
again. What a field means, only its number and the message's kind tell. Format: protocol buffers encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


def whole(data: bytes) -> slice:
    """Return where the outermost message lies: everywhere."""
    return slice(0, len(data))


def fields(data: bytes, where: slice) -> Iterator[tuple[int, int | slice]]:
    """Yield the number of each field of the message at `where`, with its integer or where its bytes lie in `data`.

    Raises
    ------
    ValueError
        The bytes are not a protocol buffer.
    """
    position, stop = where.start, where.stop
    while position < stop:
        key, position = _varint(data, position, stop)
        kind = key & 7
        if kind == _VARINT:
            value, position = _varint(data, position, stop)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            length, position = _varint(data, position, stop)
        elif kind in (_FIXED_32, _FIXED_64):
            length = 4 if kind == _FIXED_32 else 8
        else:
            raise ValueError(f"The model holds a field of the unknown kind {kind}.")
        if length > stop - position:
            raise ValueError("The model is cut short.")
        yield key >> 3, slice(position, position + length)
        position += length


def integers(data: bytes, value: int | slice) -> list[int]:
    """Return the integers of a field that may repeat: one, or several packed together; negative ones too."""
    if isinstance(value, int):
        return [_signed(value)]
    numbers, position = [], value.start
    while position < value.stop:
        number, position = _varint(data, position, value.stop)
        numbers.append(_signed(number))
    return numbers


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


def _varint(data: bytes, position: int, stop: int) -> tuple[int, int]:
    """Return a number in groups of seven bits, the lowest first, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if position >= stop:
            raise ValueError("The model is cut short.")
        byte = data[position]
        number, position = number | (byte & 127) << shift, position + 1
        if byte < 128:
            return number, position
    raise ValueError("The model holds a number of more than ten bytes.")
