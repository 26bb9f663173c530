"""A stranger's network, let through to a runtime that has no limit on memory of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Generic, TypeAlias, TypeVar

from numpy.typing import NDArray

from impasto.errors import StyleFileError, UsageError
from impasto.style.onnx_graph import read_graph
from impasto.style.onnx_shapes import Shape, check_inputs, peak_bytes, unsupported_operations, value_shapes
from impasto.style.runtime import MAX_MEMORY_BYTES

T = TypeVar("T")
SizeKey: TypeAlias = tuple[Shape, ...]

# Of a picture, where a network does not say: a multiple of what networks halve their pictures down to.
_TRIED_SIDE = 192
MAX_SIZES = 9
"""A film has one size of frames; a picture in tiles has up to nine."""


class WeighedGraph:
    """A network whose need of memory is known for every size of its inputs.

    Attributes
    ----------
    graph
        What the network holds.

    Raises
    ------
    StyleFileError
        The bytes are not a usable ONNX model.
    UsageError
        The model holds operations that only ONNX Runtime runs.
    """

    def __init__(self, model_bytes: bytes, runtime_name: str) -> None:
        try:
            self.graph = read_graph(model_bytes)
            unsupported = unsupported_operations(self.graph)
            if not unsupported:  # before a runtime sees it, which may compute at once what depends on no picture
                self._weigh({name: _tried(shape) for name, shape in self.graph.inputs.items()})
        except ValueError as error:
            raise StyleFileError(f"The style's network cannot be loaded: {error}") from error
        if unsupported:
            raise UsageError(
                f"The style's network holds {', '.join(unsupported)}, which the runtime '{runtime_name}' does not run: "
                "use the runtime 'onnx'."
            )

    def weigh(self, inputs: Mapping[str, NDArray[Any]]) -> int:
        """Return how many bytes running on these inputs takes.

        Raises
        ------
        StyleFileError
            They do not fit the network, or it would take more memory than is allowed.
        """
        try:
            check_inputs(self.graph, inputs)
            return self._weigh({name: array.shape for name, array in inputs.items()})
        except ValueError as error:
            raise StyleFileError(f"The style's network cannot be run: {error}") from error

    def _weigh(self, shapes: Mapping[str, Shape]) -> int:
        needed = peak_bytes(self.graph, value_shapes(self.graph, shapes))
        if needed > MAX_MEMORY_BYTES:
            raise ValueError(f"it would take {needed >> 20} MiB, and {MAX_MEMORY_BYTES >> 20} are allowed.")
        return needed

    def key(self, inputs: Mapping[str, NDArray[Any]]) -> SizeKey:
        """Return what tells inputs of one size from those of another."""
        return tuple(inputs[name].shape for name in self.graph.inputs)


def _tried(shape: tuple[int | None, ...]) -> Shape:
    return tuple(_TRIED_SIDE if side is None else side for side in shape)


class BySize(Generic[T]):
    """What was made for inputs of each size, at most `MAX_SIZES`; they take no more memory than one may."""

    def __init__(self) -> None:
        self._held: dict[SizeKey, tuple[T, int]] = {}
        self._lock = Lock()

    def get(self, key: SizeKey, num_bytes: int, make: Callable[[], T]) -> T:
        """Return what is held for a size; else make it, after dropping what was not used for the longest time."""
        with self._lock:
            held = self._held.pop(key, None)
            if held is None:
                self._drop(num_bytes)
                held = make(), num_bytes
            self._held[key] = held
            return held[0]

    def _drop(self, num_bytes: int) -> None:
        while self._held and (
            len(self._held) >= MAX_SIZES or sum(each for _, each in self._held.values()) + num_bytes > MAX_MEMORY_BYTES
        ):
            del self._held[next(iter(self._held))]
