"""A network in 8-bit integers, made from one in floats by looking at how large its numbers get.

What goes into a convolution is rounded to 256 steps over the range that it has in calibration pictures; weights to 255
steps over the range of each output channel. (Jacob et al. 2018, Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference.) OpenVINO computes convolutions between such numbers in integers.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.style.onnx_graph import Graph
from impasto.style.openvino_library import openvino_core

Ranges: TypeAlias = dict[str, tuple[float, float]]
Inputs: TypeAlias = Mapping[str, NDArray[Any]]

# What lies beyond is cut off: a few large numbers would coarsen the steps of all others.
_KEPT_PERCENT = 99.99
_ACTIVATION_LEVELS, _WEIGHT_LEVELS = 256, 255
_CONVOLUTIONS = ("Convolution", "GroupConvolution")
_CHART_SIDES = (128, 192)
_NUM_CHARTS = 6
_CACHE_VERSION = b"1"


def quantized(model: Any, model_bytes: bytes, graph: Graph, calibration: Sequence[Inputs]) -> Any:
    """Return an OpenVINO model that computes convolutions in 8-bit integers.

    Parameters
    ----------
    model
        The model in floats, as OpenVINO read it from `model_bytes`; `graph` is the same model.
    calibration
        Inputs to look at. Without any, made-up pictures serve.
    """
    pictures = list(calibration) or calibration_charts(graph)
    model = model.clone()
    ranges = _remembered_ranges(model, model_bytes, pictures)
    convolutions = _convolutions(model)
    for name, output in _activations(convolutions).items():
        _round_activation(output, *ranges[name])
    for convolution in convolutions:
        _round_weights(convolution)
    model.validate_nodes_and_infer_types()
    return model


def calibration_charts(graph: Graph) -> list[dict[str, NDArray[np.float32]]]:
    """Return made-up inputs with the range of colours and detail that photographs have, the same each time."""
    charts = []
    for seed in range(_NUM_CHARTS):
        random = np.random.default_rng(seed)
        picture = _chart(random)
        charts.append(
            {
                name: picture
                if shape[1] == 3
                else random.standard_normal((1, shape[1] or 1, *_CHART_SIDES), np.float32)
                for name, shape in graph.inputs.items()
            }
        )
    return charts


def _chart(random: np.random.Generator) -> NDArray[np.float32]:
    """Return 1×3×H×W in [0, 1]: colours that vary at all scales, as in a photograph, up to black and white."""
    height, width = _CHART_SIDES
    picture = np.zeros((3, height, width), np.float32)
    for block in (1, 4, 16, 64):
        colors = random.standard_normal((3, -(-height // block), -(-width // block)), np.float32)
        gray = colors.mean(axis=0, keepdims=True) * 3
        picture += (colors + gray).repeat(block, 1).repeat(block, 2)[:, :height, :width] * block**0.5
    low, high = np.percentile(picture, (2, 98))
    scaled: NDArray[np.float32] = ((picture - low) / (high - low)).clip(0, 1)[None].astype(np.float32)
    return scaled


def _convolutions(model: Any) -> list[Any]:
    """Return the convolutions that are computed in integers, those of features.

    Those that read pixels, the first ones, are not: noise beside a picture would leave too few steps for it.
    """
    found: list[Any] = []
    reads_features: set[str] = set()
    for node in model.get_ordered_ops():
        name = node.get_friendly_name()
        sources = {source.get_node().get_friendly_name() for source in node.input_values()}
        is_convolution = node.get_type_name() in _CONVOLUTIONS
        if is_convolution and sources & reads_features and _weights(node).get_type_name() == "Constant":
            found.append(node)
        if is_convolution or sources & reads_features:
            reads_features.add(name)
    return found


def _weights(convolution: Any) -> Any:
    source = convolution.input_value(1).get_node()
    stored_smaller = source.get_type_name() == "Convert"
    return source.input_value(0).get_node() if stored_smaller else source


def _activations(convolutions: Sequence[Any]) -> dict[str, Any]:
    """Return what goes into convolutions, by a name for each; something may go into several."""
    sources = [convolution.input_value(0) for convolution in convolutions]
    return {f"{source.get_node().get_friendly_name()}:{source.get_index()}": source for source in sources}


def _round_activation(output: Any, low: float, high: float) -> None:
    """Round a value for all that read it, so that sums with it are of integers too."""
    from openvino import opset13  # noqa: PLC0415  a heavy import

    readers = [each for each in output.get_target_inputs() if each.get_node().get_type_name() != "Result"]
    bounds = [np.full((1, 1, 1, 1), bound, np.float32) for bound in (low, high)]
    rounded = opset13.fake_quantize(output, *bounds, *bounds, _ACTIVATION_LEVELS)
    for reader in readers:
        reader.replace_source_output(rounded.output(0))


def _round_weights(convolution: Any) -> None:
    from openvino import opset13  # noqa: PLC0415  a heavy import

    weights = _weights(convolution).data.astype(np.float32)
    num_grouping = weights.ndim - 3  # output channels, and groups before them
    largest = np.abs(weights).max(axis=tuple(range(num_grouping, weights.ndim)), keepdims=True) + np.float32(1e-9)
    rounded = opset13.fake_quantize(opset13.constant(weights), -largest, largest, -largest, largest, _WEIGHT_LEVELS)
    convolution.input(1).replace_source_output(rounded.output(0))


def _remembered_ranges(model: Any, model_bytes: bytes, pictures: Sequence[Inputs]) -> Ranges:
    """Return the range of each activation: from the user's cache where the same was measured before."""
    path = _cache_dir() / f"{_digest(model_bytes, pictures)}.json"
    wanted = set(_activations(_convolutions(model)))
    try:
        ranges: Ranges = {name: (float(low), float(high)) for name, (low, high) in json.loads(path.read_text()).items()}
        if set(ranges) == wanted and all(low < high for low, high in ranges.values()):
            return ranges
    except (OSError, ValueError, TypeError, AttributeError):
        pass  # not there, or broken: measured anew
    ranges = _measured_ranges(model, pictures)
    _remember(ranges, path)
    return ranges


def _cache_dir() -> Path:
    from platformdirs import user_cache_path  # noqa: PLC0415

    return user_cache_path("impasto", appauthor=False) / "int8"


def _digest(model_bytes: bytes, pictures: Sequence[Inputs]) -> str:
    digest = hashlib.sha256(_CACHE_VERSION + model_bytes)
    for picture in pictures:
        for name, array in sorted(picture.items()):
            digest.update(f"{name}{array.shape}".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()


def _remember(ranges: Ranges, path: Path) -> None:
    """Write beside, then rename; a cache that cannot be written is done without."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(ranges))
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()


def _measured_ranges(model: Any, pictures: Sequence[Inputs]) -> Ranges:
    import openvino  # noqa: PLC0415  a heavy import

    activations = _activations(_convolutions(model))
    results = [openvino.opset13.result(output) for output in activations.values()]
    watched = openvino.Model(results, model.get_parameters(), "watched")
    compiled = openvino_core().compile_model(watched, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in activations}
    for picture in pictures:
        seen = compiled(dict(picture))
        for name, output in zip(activations, compiled.outputs, strict=True):
            found[name].append(_range(seen[output]))
    return {name: _joined(ranges) for name, ranges in found.items()}


def _range(values: NDArray[Any]) -> tuple[float, float]:
    low, high = np.percentile(values, (100 - _KEPT_PERCENT, _KEPT_PERCENT))
    return float(low), float(high)


def _joined(ranges: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return a range that holds all others and 0, which must be one of the steps, since pictures are padded with it."""
    low, high = min(0.0, *(low for low, _ in ranges)), max(1e-6, *(high for _, high in ranges))
    if low == 0:
        return low, high
    step = max(-low / 128, high / 127)
    return -128 * step, 127 * step
