"""What runs a network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from numpy.typing import NDArray

from impasto.errors import StyleFileError
from impasto.style.external_data import has_external_data

# Even errors are not logged, since each is raised as well, and then told in one line.
_SILENT = 4
MAX_MEMORY_BYTES = 2 << 30
"""What all networks together may take while they run. A look takes a few megabytes; a file of a hundred bytes can ask
for any amount, and the system might grant it until it stands still."""
_EXTEND_BY_REQUEST = 1


class Runtime(Protocol):
    """Runs one network, from any number of threads at once."""

    @property
    def name(self) -> str:
        """The name that `load_runtime` knows it by."""

    def describe(self) -> str:
        """Return what runs the network, in a few words."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name.

        Raises
        ------
        StyleFileError
            The network does not accept these inputs, or fails on them.
        """


class OnnxRuntime:
    """ONNX Runtime on the CPU, with a limit on memory, for networks that strangers may have made.

    Parameters
    ----------
    model_bytes
        A serialised ONNX model.
    num_threads
        Threads that one call may use.

    Raises
    ------
    StyleFileError
        The bytes are not a usable ONNX model, or it takes data from outside itself.
    """

    name = "onnx"

    def __init__(self, model_bytes: bytes, num_threads: int = 1) -> None:
        import onnxruntime  # noqa: PLC0415  a heavy import

        _refuse_external_data(model_bytes)
        onnxruntime.set_default_logger_severity(_SILENT)
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _SILENT
        options.intra_op_num_threads = self._num_threads = num_threads
        options.inter_op_num_threads = 1
        # Idle threads that spin gain 3% here, and slow whatever runs next by a third.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if _has_limited_memory():
            options.add_session_config_entry("session.use_env_allocators", "1")
        try:
            self._session = onnxruntime.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own errors share no base but Exception
            raise StyleFileError(f"The style's network cannot be loaded: {_first_line(error)}") from error
        self._output_names = [output.name for output in self._session.get_outputs()]

    @property
    def input_shapes(self) -> dict[str, tuple[int | None, ...]]:
        """The sides of each input by name; None where a side is free."""
        inputs = self._session.get_inputs()
        return {each.name: tuple(side if isinstance(side, int) else None for side in each.shape) for each in inputs}

    def describe(self) -> str:
        """Return what runs the network, in a few words."""
        import onnxruntime  # noqa: PLC0415  a heavy import

        return f"ONNX Runtime {onnxruntime.__version__} on the CPU in fp32, threads: {self._num_threads}"

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name; see `Runtime.run`."""
        try:
            outputs = self._session.run(self._output_names, dict(inputs))
        except Exception as error:  # onnxruntime's own errors share no base but Exception
            raise StyleFileError(f"The style's network cannot be run: {_first_line(error)}") from error
        return dict(zip(self._output_names, outputs, strict=True))


def _refuse_external_data(model_bytes: bytes) -> None:
    try:
        is_external = has_external_data(model_bytes)
    except ValueError as error:
        raise StyleFileError(f"The style's network cannot be loaded: {error}") from error
    if is_external:
        raise StyleFileError(
            "The style's network cannot be loaded: it takes data from outside the style file, which none needs."
        )


@cache
def _has_limited_memory() -> bool:
    """Set up, once in a process, the memory that sessions may share; tell whether that could be done."""
    import onnxruntime  # noqa: PLC0415  a heavy import

    arena = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    memory = onnxruntime.OrtMemoryInfo("Cpu", arena, 0, onnxruntime.OrtMemType.DEFAULT)
    limits = {"max_mem": MAX_MEMORY_BYTES, "arena_extend_strategy": _EXTEND_BY_REQUEST}
    try:
        onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg(limits))
    except Exception:  # the program around us has set up its own, by whatever rules it wants
        return False
    return True


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
