"""What runs a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from impasto.errors import StyleFileError

_ERRORS_ONLY = 3


class Runtime(Protocol):
    """Runs one network, from any number of threads at once."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name.

        Raises
        ------
        StyleFileError
            The network does not accept these inputs, or fails on them.
        """


class OnnxRuntime:
    """ONNX Runtime on the CPU.

    Parameters
    ----------
    model_bytes
        A serialised ONNX model.
    num_threads
        Threads that one call may use.

    Raises
    ------
    StyleFileError
        The bytes are not a usable ONNX model.
    """

    def __init__(self, model_bytes: bytes, num_threads: int = 1) -> None:
        import onnxruntime  # noqa: PLC0415  a heavy import

        onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        # Idle threads that spin would take the cores away from the LUT that follows.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own errors share no base but Exception
            raise StyleFileError(f"The style's network cannot be loaded: {_first_line(error)}") from error
        self._output_names = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name; see `Runtime.run`."""
        try:
            outputs = self._session.run(self._output_names, dict(inputs))
        except Exception as error:  # onnxruntime's own errors share no base but Exception
            raise StyleFileError(f"The style's network cannot be run: {_first_line(error)}") from error
        return dict(zip(self._output_names, outputs, strict=True))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
