"""What can run a style's network, by name, and which of it is the fastest here."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from impasto.errors import MissingExtraError, StyleFileError, UsageError
from impasto.style.runtime import OnnxRuntime, Runtime

AUTO = "auto"
_NVIDIA_DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/dxg"), Path("C:/Windows/System32/nvcuda.dll"))

_Calibration = Sequence[Mapping[str, NDArray[Any]]]


@dataclass(frozen=True)
class _Kind:
    package: str
    distribution: str
    make: Callable[[bytes, int, _Calibration], Runtime]


def load_runtime(
    model_bytes: bytes,
    name: str = AUTO,
    *,
    num_threads: int = 1,
    calibration: Sequence[Mapping[str, NDArray[Any]]] = (),
) -> Runtime:
    """Return what runs a network.

    Parameters
    ----------
    model_bytes
        A serialised ONNX model, which a stranger may have made: it reads nothing from outside itself and takes no more
        than 2 GiB.
    name
        One of `runtime_names()`. `auto` is the fastest here whose pictures look the same; its `name` says which it is.
    num_threads
        Threads that one call may use. A GPU needs none.
    calibration
        Inputs of the network, as made from a few pictures like those to come. Only `openvino-int8` looks at them;
        without any, it makes some up.

    Raises
    ------
    UsageError
        There is no runtime of this name, or it does not run here, or does not run this network.
    MissingExtraError
        It needs a package that is not installed.
    StyleFileError
        The bytes are not a usable ONNX model.
    """
    if name == AUTO:
        return _fastest(model_bytes, num_threads)
    kind = _KINDS.get(name)
    if kind is None:
        close = difflib.get_close_matches(name.casefold(), runtime_names(), n=2) or runtime_names()
        raise UsageError(f"There is no runtime '{name}'; use one of: {', '.join(close)}.")
    if not _is_installed(kind):
        raise MissingExtraError(f"The runtime '{name}' needs: pip install '{kind.distribution}'")
    return kind.make(model_bytes, num_threads, calibration)


def runtime_names() -> tuple[str, ...]:
    """Return every name that `load_runtime` knows, `auto` first."""
    return (AUTO, *_KINDS)


def available_runtimes() -> tuple[str, ...]:
    """Return the names of runtimes whose packages are installed, and whose device seems to be there; loads none."""
    present = (name for name, kind in _KINDS.items() if _is_installed(kind))
    return tuple(name for name in present if name != "cuda" or _has_gpu())


def _fastest(model_bytes: bytes, num_threads: int) -> Runtime:
    for name in _FASTEST_FIRST:
        if name not in available_runtimes():
            continue
        try:
            return _KINDS[name].make(model_bytes, num_threads, ())
        except (ImportError, OSError, StyleFileError, UsageError):
            continue  # it does not work here, or does not run this network
    return OnnxRuntime(model_bytes, num_threads)


def _is_installed(kind: _Kind) -> bool:
    return importlib.util.find_spec(kind.package) is not None


def _has_gpu() -> bool:
    """Tell whether a driver is there: to ask torch would take seconds."""
    return any(path.exists() for path in _NVIDIA_DRIVERS)


def _make_onnx(model_bytes: bytes, num_threads: int, _calibration: _Calibration) -> Runtime:
    return OnnxRuntime(model_bytes, num_threads)


def _make_openvino(model_bytes: bytes, num_threads: int, _calibration: _Calibration) -> Runtime:
    from impasto.style.openvino_runtime import OpenVinoRuntime  # noqa: PLC0415  a heavy import

    return OpenVinoRuntime(model_bytes, num_threads=num_threads)


def _make_bf16(model_bytes: bytes, num_threads: int, _calibration: _Calibration) -> Runtime:
    from impasto.style.openvino_runtime import OpenVinoRuntime  # noqa: PLC0415  a heavy import

    return OpenVinoRuntime(model_bytes, "bf16", num_threads=num_threads)


def _make_int8(model_bytes: bytes, num_threads: int, calibration: _Calibration) -> Runtime:
    from impasto.style.openvino_runtime import OpenVinoRuntime  # noqa: PLC0415  a heavy import

    return OpenVinoRuntime(model_bytes, "int8", num_threads=num_threads, calibration=calibration)


def _make_cuda(model_bytes: bytes, _num_threads: int, _calibration: _Calibration) -> Runtime:
    from impasto.style.torch_runtime import TorchRuntime  # noqa: PLC0415  a heavy import

    return TorchRuntime(model_bytes)


def _make_torch(model_bytes: bytes, _num_threads: int, _calibration: _Calibration) -> Runtime:
    from impasto.style.torch_runtime import TorchRuntime  # noqa: PLC0415  a heavy import

    return TorchRuntime(model_bytes, "cpu")


_KINDS = {
    "onnx": _Kind("onnxruntime", "impasto", _make_onnx),
    "openvino": _Kind("openvino", "impasto[openvino]", _make_openvino),
    "openvino-bf16": _Kind("openvino", "impasto[openvino]", _make_bf16),
    "openvino-int8": _Kind("openvino", "impasto[openvino]", _make_int8),
    "cuda": _Kind("torch", "impasto[learn]", _make_cuda),
    "torch": _Kind("torch", "impasto[learn]", _make_torch),
}
# As benchmarks/paint_speed.py measures them; what rounds to 8 bits is left to those who ask for it.
_FASTEST_FIRST = ("cuda", "openvino-bf16", "openvino")
