"""The generator of paint as the ONNX model that is applied, and back.

The graph is written here rather than traced: every style of a trunk must have the same names and shapes, and only
operations that all runtimes have.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from impasto.style.onnx_graph import initializers
from impasto.train.exported_network import compare_with
from impasto.train.paint_generator import (
    COARSENESS,
    LEAST_SHARE,
    MEAN_WEIGHTS,
    MIDDLE,
    MOVED,
    MULTIPLE,
    NOISE_SCALE,
    SLOPE,
    STILL,
    PaintGenerator,
    StyledConv2d,
    binomial_kernel,
    blurred,
    held_content,
    mean_kernel,
)

_OPSET, _IR_VERSION = 17, 8
# Enlarging takes what lies beyond the border for grey here, and for what lies within it in the network.
_BORDER = 16
_COMPARED = ((48, 80), (64, 40))
_LEAST_FACTOR = 1e-6


def export_paint(generator: PaintGenerator, noise_strength: float, style: int = 0) -> bytes:
    """Export one style to ONNX, run the file at two sizes, and compare it with the network.

    Parameters
    ----------
    noise_strength
        Deviation of the noise that the network was trained with; the model takes noise of deviation 1.

    Returns
    -------
    bytes
        A model from `content`, `state` and `noise` to `painted` and `next_state`, as docs/style-file.md says. The
        weights of convolutions are stored in half precision.

    Raises
    ------
    TrainingError
        If the exported model disagrees with the network.
    """
    network = copy.deepcopy(generator).eval().requires_grad_(False)
    network.fold(style)
    for module in network.modules():
        if isinstance(module, StyledConv2d):
            module.weight.copy_(module.weight.half())
    model = _Graph(network, noise_strength).model()
    for height, width in _COMPARED:
        _compare(model, network, noise_strength, (height * MULTIPLE // 8, width * MULTIPLE // 8))
    return model


@torch.no_grad()
def _compare(model: bytes, network: PaintGenerator, noise_strength: float, size: tuple[int, int]) -> None:
    random = torch.Generator().manual_seed(0)
    content = torch.rand(1, 3, *size, generator=random)
    state = (content + 0.02 * torch.randn(1, 3, *size, generator=random)).clamp(0, 1)
    noise = torch.randn(1, 1, *size, generator=random)
    held = held_content(content, state)
    painted = network(held, noise * noise_strength).clamp(0, 1)
    inner = (..., slice(_BORDER, -_BORDER), slice(_BORDER, -_BORDER))
    given = {"content": content, "state": state, "noise": noise}
    compare_with(model, given, [painted, held], part=inner)


class _Graph:
    """Writes the graph of a folded generator."""

    def __init__(self, network: PaintGenerator, noise_strength: float) -> None:
        self._network, self._noise_strength = network, noise_strength
        self._nodes: list[Any] = []
        self._numbers: dict[str, NDArray[Any]] = {}

    def model(self) -> bytes:
        network = self._network
        held = self._held()
        shifted = self._add("Sub", [held, self._constant("middle", MIDDLE)])
        folded = [self._add("SpaceToDepth", [name], blocksize=2) for name in (shifted, "noise")]
        seen = self._add("Concat", folded, axis=1)
        half = self._relu(self._convolution(seen, "stem", network.stem, stem_weight(network, self._noise_strength)))
        quarter = self._relu(self._convolution(half, "to_quarter", network.to_quarter))
        hidden = self._relu(self._convolution(quarter, "to_eighth", network.to_eighth))
        for index in range(len(network.blocks)):
            name = f"blocks.{index}"
            first, second = (network.get_submodule(f"{name}.{part}") for part in ("first", "second"))
            assert isinstance(first, StyledConv2d)
            assert isinstance(second, StyledConv2d)
            inner = self._relu(self._convolution(hidden, f"{name}.first", first))
            hidden = self._add("Add", [hidden, self._convolution(inner, f"{name}.second", second)])
        hidden = self._joined(quarter, hidden, "from_eighth", network.from_eighth)
        hidden = self._relu(self._convolution(hidden, "at_quarter", network.at_quarter))
        hidden = self._joined(half, hidden, "from_quarter", network.from_quarter)
        hidden = self._relu(self._convolution(hidden, "at_half", network.at_half))
        pixels = self._convolution(hidden, "pixels", network.pixels)
        # What was taken off before is put back by the bias of the last convolution.
        bias = np.full(12, MIDDLE, np.float32)
        residual = self._shuffled(self._filter(pixels, "smoothing", _smoothing_of_cells(network), bias), 2)
        total = self._add("Add", [self._coarse(shifted), residual])
        self._add("Clip", [total, self._constant("zero", 0.0), self._constant("one", 1.0)], output="painted")
        return self._serialised()

    def _held(self) -> str:
        """Write `held_content`."""
        change = self._add("Sub", ["content", "state"])
        largest = self._add("ReduceMax", [self._add("Abs", [change])], axes=[1], keepdims=1)
        beyond = self._add("Sub", [largest, self._constant("still", STILL)])
        share = self._add("Mul", [beyond, self._constant("steepness", 1 / (MOVED - STILL))])
        share = self._add("Clip", [share, self._constant("least", LEAST_SHARE), self._constant("whole", 1.0)])
        return self._add("Add", ["state", self._add("Mul", [share, change])], output="next_state")

    def _coarse(self, shifted: str) -> str:
        """Write means of the content, in the colours of the style, brought back by bilinear interpolation."""
        cell = COARSENESS
        mean = np.einsum("kc,yx->kcyx", self._network.color_matrix.numpy(), mean_kernel().numpy())
        spread = np.zeros((3, cell, cell, 3, 3, 3), np.float32)
        for channel in range(3):
            spread[channel, :, :, channel] = _bilinear(cell)
        padding = (len(MEAN_WEIGHTS) - cell) // 2
        cells = self._filter(shifted, "cells", mean, stride=cell, padding=padding)
        return self._shuffled(self._filter(cells, "spread", spread.reshape(3 * cell**2, 3, 3, 3)), cell)

    def _joined(self, skip: str, hidden: str, name: str, convolution: StyledConv2d) -> str:
        nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        scales = self._constant("scales", [1, 1, 2, 2])
        repeated = self._add("Resize", [self._convolution(hidden, name, convolution), "", scales], **nearest)
        # Bilinear enlarging, at half the time that ONNX Runtime's own takes.
        channels = len(convolution.weight)
        kernel = binomial_kernel().expand(channels, 1, -1, -1).numpy()
        enlarged = self._filter(repeated, f"{name}.enlarging", kernel, group=channels)
        return self._relu(self._add("Add", [skip, enlarged]))

    def _relu(self, source: str) -> str:
        return self._add("LeakyRelu", [source], alpha=SLOPE)

    def _shuffled(self, source: str, block: int) -> str:
        return self._add("DepthToSpace", [source], blocksize=block, mode="CRD")

    def _convolution(
        self, source: str, name: str, convolution: StyledConv2d, weight: NDArray[np.float32] | None = None
    ) -> str:
        weight = convolution.weight.detach().numpy() if weight is None else weight
        bias = convolution.bias.detach().numpy()
        return self._conv(source, name, weight, bias, convolution.stride, convolution.padding)

    def _conv(
        self,
        source: str,
        name: str,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32] | None,
        stride: int = 1,
        padding: int = 1,
    ) -> str:
        self._numbers[f"{name}.weight"] = weight.astype(np.float16)
        inputs = [source, self._add("Cast", [f"{name}.weight"], to=TensorProto.FLOAT)]
        if bias is not None:
            self._numbers[f"{name}.bias"] = bias
            inputs.append(f"{name}.bias")
        return self._convolved(inputs, weight, stride, padding)

    def _filter(
        self,
        source: str,
        name: str,
        kernel: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
        *,
        stride: int = 1,
        padding: int = 1,
        group: int = 1,
    ) -> str:
        """Write a convolution that was not learned, whose numbers are few and must be exact."""
        self._numbers[f"{name}.kernel"] = kernel.astype(np.float32)
        inputs = [source, f"{name}.kernel"]
        if bias is not None:
            self._numbers[f"{name}.bias"] = bias
            inputs.append(f"{name}.bias")
        return self._convolved(inputs, kernel, stride, padding, group)

    def _convolved(
        self, inputs: list[str], weight: NDArray[np.float32], stride: int, padding: int, group: int = 1
    ) -> str:
        kernel = list(weight.shape[2:])
        return self._add("Conv", inputs, kernel_shape=kernel, strides=[stride] * 2, pads=[padding] * 4, group=group)

    def _constant(self, name: str, value: float | list[int]) -> str:
        self._numbers[name] = np.array(value, np.float32)
        return name

    def _add(self, op_type: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{op_type.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(op_type, inputs, [output], name=f"node_{output}", **attributes))
        return output

    def _serialised(self) -> bytes:
        picture: list[str | int | None] = [1, 3, "height", "width"]
        plane: list[str | int | None] = [1, 1, "height", "width"]
        shapes = {"content": picture, "state": picture, "noise": plane}
        graph = helper.make_graph(
            self._nodes,
            "paint",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, picture) for name in ("painted", "next_state")],
            [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in self._numbers.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        serialised: bytes = model.SerializeToString()
        return serialised


def _bilinear(cell: int) -> NDArray[np.float32]:
    """Return how much each of 3×3 neighbouring cells adds to each of the pixels of the middle one: cell×cell×3×3."""
    line = np.zeros((cell, 3), np.float32)
    for pixel in range(cell):
        place = (pixel + 0.5) / cell - 0.5
        line[pixel, 1] = 1 - abs(place)
        line[pixel, 2 if place > 0 else 0] += abs(place)
    shares: NDArray[np.float32] = np.einsum("yj,xk->yxjk", line, line).astype(np.float32)
    return shares


def _smoothing_of_cells(network: PaintGenerator) -> NDArray[np.float32]:
    """Return what comes after the last features, as one convolution of the channels that hold 2×2 pixels.

    12×12×3×3, in the order of torch's `pixel_shuffle`.
    """
    kernel, matrix = network.smoothing[0, 0].numpy(), network.color_matrix.numpy()
    weight = np.zeros((3, 2, 2, 3, 2, 2, 3, 3), np.float32)
    for row, column, down, right in np.ndindex(2, 2, 3, 3):
        (cell_down, inner_down), (cell_right, inner_right) = divmod(row + down - 1, 2), divmod(column + right - 1, 2)
        place = (inner_down, inner_right, cell_down + 1, cell_right + 1)
        weight[(slice(None), row, column, slice(None), *place)] += matrix * kernel[down, right]
    return weight.reshape(12, 12, 3, 3)


def _depth_order() -> NDArray[np.int64]:
    """Return where each channel of ONNX's SpaceToDepth of a picture lies in torch's `pixel_unshuffle`."""
    return np.array([channel * 4 + pixel for pixel in range(4) for channel in range(3)])


def stem_weight(network: PaintGenerator, noise_strength: float) -> NDArray[np.float32]:
    """Return the first weights in ONNX's order of channels, for noise of deviation 1."""
    weight: NDArray[np.float32] = network.stem.weight.detach().numpy()
    noise = weight[:, 12:] * np.float32(NOISE_SCALE * noise_strength)
    return np.concatenate((weight[:, _depth_order()], noise), axis=1)


@torch.no_grad()
def restore_weights(generator: PaintGenerator, model: bytes, noise_strength: float) -> None:
    """Put the weights of an exported style back into a network that holds all else of it already.

    A style file holds the weights of convolutions only once, with the style folded into them; this takes it out again.
    """
    stored, factors = initializers(model), _folding_factors(generator)
    for name, factor in factors.items():
        module = generator.get_submodule(name)
        assert isinstance(module, StyledConv2d)
        dtype, shape, where = stored[f"{name}.weight"]
        folded = torch.from_numpy(np.frombuffer(model[where], dtype).reshape(shape).astype(np.float32))
        if name == "stem":
            folded = _unordered(folded, noise_strength)
        away_from_zero = factor.sign() + (factor == 0)
        kernel = folded / (away_from_zero * factor.abs().clamp_min(_LEAST_FACTOR))[:, None, None, None]
        module.weight.copy_(kernel if module.blur is None else _sharpened(kernel, module.blur))


def _folding_factors(generator: PaintGenerator) -> dict[str, Tensor]:
    """Return what folding multiplies the outputs of each convolution by."""
    network = copy.deepcopy(generator)
    convolutions = {name: module for name, module in network.named_modules() if isinstance(module, StyledConv2d)}
    for module in convolutions.values():
        module.weight.fill_(1.0)
    # In the middle of a blurred kernel of ones all of the filter is added up, to one.
    network.fold(0)
    return {
        name: module.weight[:, 0].diagonal(dim1=1, dim2=2)[:, module.padding] for name, module in convolutions.items()
    }


def _sharpened(kernel: Tensor, blur: Tensor) -> Tensor:
    """Undo `blurred` by least squares: O×I×5×5 to O×I×3×3."""
    taps = blur.numel()
    blurring = blurred(torch.eye(taps).reshape(taps, 1, *blur.shape), blur).reshape(taps, -1)
    flat: Tensor = kernel.flatten(2) @ torch.linalg.pinv(blurring)
    sharpened: Tensor = flat.unflatten(2, blur.shape)
    return sharpened


def _unordered(folded: Tensor, noise_strength: float) -> Tensor:
    weight = torch.zeros_like(folded)
    weight[:, torch.from_numpy(_depth_order())] = folded[:, :12]
    if noise_strength:
        weight[:, 12:] = folded[:, 12:] / (NOISE_SCALE * noise_strength)
    return weight
