"""OpenVINO on the CPU: the fastest way to run a generator of convolutions there. Needs the extra `openvino`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from impasto.errors import StyleFileError, UsageError
from impasto.style.openvino_library import import_openvino, openvino_core
from impasto.style.weighed_graph import BySize, WeighedGraph

Precision: TypeAlias = Literal["fp32", "bf16", "int8"]


class OpenVinoRuntime:
    """Runs a network with OpenVINO.

    A network is compiled anew for each size of its inputs in some 0.1 s, and is then a tenth faster than one for any.

    Parameters
    ----------
    model_bytes
        A serialised ONNX model.
    precision
        What convolutions are computed in. `bf16` keeps the 8 highest bits of each number, `int8` divides the range
        that it has in calibration pictures into 256 steps. Results
        are always float32, and what touches them last is computed in it.
    num_threads
        Threads that one call may use.
    calibration
        Inputs, as for `run`, that show `int8` how large numbers get. Without any, made-up pictures serve.

    Raises
    ------
    StyleFileError
        The bytes are not a usable ONNX model.
    UsageError
        The model holds more than convolutions and what goes with them, or the processor has no bfloat16.
    """

    def __init__(
        self,
        model_bytes: bytes,
        precision: Precision = "fp32",
        *,
        num_threads: int = 1,
        calibration: Sequence[Mapping[str, NDArray[Any]]] = (),
    ) -> None:
        self.name = "openvino" if precision == "fp32" else f"openvino-{precision}"
        self._graph = WeighedGraph(model_bytes, self.name)
        self._core = openvino_core()
        has_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bf16" and not has_bf16:
            raise UsageError(f"The runtime '{self.name}' needs a processor that has bfloat16: use 'openvino'.")
        self._settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision != "fp32" and has_bf16 else "f32",
            "INFERENCE_NUM_THREADS": num_threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        self._num_threads, self._precision = num_threads, precision
        with _plain_errors("loaded"):
            self._model = self._core.read_model(model_bytes)
            if precision == "int8":
                from impasto.style.openvino_int8 import quantized  # noqa: PLC0415

                self._model = quantized(self._model, model_bytes, self._graph.graph, calibration)
        self._networks: BySize[_CompiledNetwork] = BySize()

    def describe(self) -> str:
        """Return what runs the network, in a few words."""
        version = import_openvino().__version__.split("-")[0]
        return f"OpenVINO {version} on the CPU in {self._precision}, threads: {self._num_threads}"

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name; see `Runtime.run`."""
        needed = self._graph.weigh(inputs)
        with _plain_errors("run"):
            network = self._networks.get(self._graph.key(inputs), needed, lambda: self._compiled(inputs))
            return network.run(inputs)

    def _compiled(self, inputs: Mapping[str, NDArray[Any]]) -> _CompiledNetwork:
        model = self._model.clone()
        model.reshape({name: list(array.shape) for name, array in inputs.items()})
        return _CompiledNetwork(self._core.compile_model(model, "CPU", self._settings), self._graph.graph.outputs)


class _CompiledNetwork:
    """A network for inputs of one size, with one set of buffers, for one thread at a time."""

    def __init__(self, compiled: Any, output_names: Sequence[str]) -> None:
        self._request = compiled.create_infer_request()
        # OpenVINO's own names are no help: an output that is also something else has several.
        self._outputs = list(zip(output_names, compiled.outputs, strict=True))
        self._lock = Lock()

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        with self._lock:
            self._request.infer(dict(inputs), share_inputs=True, share_outputs=True)
            return {name: self._request.get_tensor(output).data.copy() for name, output in self._outputs}


@contextmanager
def _plain_errors(done: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # the one kind that OpenVINO raises
        raise StyleFileError(f"The style's network cannot be {done}: {_last_line(error)}") from error


def _last_line(error: Exception) -> str:
    """Return what went wrong; the lines before say where in OpenVINO."""
    return next((line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
