"""Torch on a GPU: reads the ONNX graph itself, and replays one recorded CUDA graph for each size of picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.errors import StyleFileError, UsageError
from impasto.style.onnx_graph import Graph, Node
from impasto.style.onnx_shapes import last_uses
from impasto.style.torch_operations import Operation, operation_of
from impasto.style.weighed_graph import BySize, WeighedGraph

_NUM_WARM_UPS = 3
# What is computed once, when a network is loaded. Others could make much of little.
_FOLDED_OPERATIONS = {"Cast", "Identity"}


class TorchRuntime:
    """Runs a network with torch, by default on the GPU with convolutions in bfloat16 and channels last.

    Parameters
    ----------
    model_bytes
        A serialised ONNX model.
    device
        `cuda`, or `cpu`, which is there to check what the other does: it is slow. On the CPU torch uses the threads
        that it is set to for the whole program.
    dtype
        What convolutions are computed in; by default bfloat16 on a GPU that has it, else float32.

    Raises
    ------
    StyleFileError
        The bytes are not a usable ONNX model.
    UsageError
        The model holds more than convolutions and what goes with them, or torch sees no GPU.
    """

    def __init__(self, model_bytes: bytes, device: str = "cuda", dtype: torch.dtype | None = None) -> None:
        self.name = "cuda" if device == "cuda" else "torch"
        if device == "cuda" and not torch.cuda.is_available():
            raise UsageError("The runtime 'cuda' needs an NVIDIA GPU that torch sees, and there is none.")
        has_bf16 = device == "cuda" and torch.cuda.is_bf16_supported()
        self._device = torch.device(device)
        self._dtype = dtype or (torch.bfloat16 if has_bf16 else torch.float32)
        self._graph = WeighedGraph(model_bytes, self.name)
        try:
            self._network = _Network(self._graph.graph, self._device, self._dtype)
        except ValueError as error:
            raise StyleFileError(f"The style's network cannot be loaded: {error}") from error
        self._recorded: BySize[_Recorded] = BySize()

    def describe(self) -> str:
        """Return what runs the network, in a few words."""
        where = torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else "the CPU"
        return f"PyTorch {torch.__version__} on {where} in {str(self._dtype).removeprefix('torch.')}"

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name; see `Runtime.run`."""
        needed = self._graph.weigh(inputs)
        tensors = {name: _tensor(array) for name, array in inputs.items()}
        with _plain_errors(), torch.inference_mode():
            if self._device.type != "cuda":
                return {name: value.contiguous().numpy() for name, value in self._network(tensors).items()}
            key = self._graph.key(inputs)
            return self._recorded.get(key, needed, lambda: _Recorded(self._network, tensors)).run(tensors)


class _Step(NamedTuple):
    operation: Operation
    inputs: tuple[str, ...]
    output: str
    freed: list[str]


class _Network:
    """A graph made ready for a device."""

    def __init__(self, graph: Graph, device: torch.device, dtype: torch.dtype) -> None:
        self._outputs = graph.outputs
        self._constants = {name: _tensor(array).to(device) for name, array in graph.constants.items()}
        self._steps: list[_Step] = []
        for node, freed in zip(graph.nodes, last_uses(graph), strict=True):
            operation = operation_of(node, graph)
            if node.op_type in _FOLDED_OPERATIONS and node.inputs[0] in self._constants:
                self._constants[node.outputs[0]] = operation(self._constants[node.inputs[0]])
                continue
            names = self._prepared_inputs(node, dtype) if node.op_type == "Conv" else node.inputs
            self._steps.append(_Step(operation, names, node.outputs[0], freed))

    def _prepared_inputs(self, convolution: Node, dtype: torch.dtype) -> tuple[str, ...]:
        """Return the names of a convolution's inputs, after making its weights what they are to be computed in."""
        names = list(convolution.inputs)
        for index, name in enumerate(names[1:], 1):
            if name not in self._constants:
                continue
            value = self._constants[name].to(dtype)
            names[index] = f"{name} of {convolution.outputs[0]}"
            self._constants[names[index]] = value.to(memory_format=torch.channels_last) if value.dim() == 4 else value
        return tuple(names)

    def __call__(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        values = dict(inputs)
        for step in self._steps:
            given = [self._value(values, name) for name in step.inputs]
            values[step.output] = step.operation(*given)
            for name in step.freed:
                values.pop(name, None)
        return {name: self._value(values, name).float() for name in self._outputs}

    def _value(self, values: Mapping[str, Tensor], name: str) -> Any:
        """Return a value by its name, or None for an input that is left out."""
        if not name:
            return None
        return values[name] if name in values else self._constants[name]


class _Recorded:
    """A network on inputs of one size, recorded once and replayed, for one thread at a time."""

    def __init__(self, network: _Network, example: Mapping[str, Tensor]) -> None:
        self._lock = Lock()
        self._inputs = {name: tensor.cuda() for name, tensor in example.items()}
        self._sent = {name: torch.empty_like(tensor).pin_memory() for name, tensor in example.items()}
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.backends.cudnn.flags(benchmark=True):
            with torch.cuda.stream(beside):
                for _ in range(_NUM_WARM_UPS):
                    network(self._inputs)
            torch.cuda.current_stream().wait_stream(beside)
            self._recording = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._recording):
                self._outputs = {name: value.contiguous() for name, value in network(self._inputs).items()}
        self._received = {
            name: torch.empty_like(value, device="cpu").pin_memory() for name, value in self._outputs.items()
        }

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
        with self._lock:
            for name, tensor in inputs.items():
                self._inputs[name].copy_(self._sent[name].copy_(tensor), non_blocking=True)
            self._recording.replay()
            for name, value in self._outputs.items():
                self._received[name].copy_(value, non_blocking=True)
            torch.cuda.current_stream().synchronize()
            return {name: value.numpy().copy() for name, value in self._received.items()}


def _tensor(array: NDArray[Any]) -> Tensor:
    # torch warns of arrays that cannot be written, and takes none with negative steps.
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise UsageError("The GPU has too little memory for pictures of this size: use another runtime.") from error
    except RuntimeError as error:
        raise StyleFileError(f"The style's network cannot be run: {str(error).splitlines()[0]}") from error
