"""The operations that a generator of convolutions is made of, in torch. https://onnx.ai/onnx/operators"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from impasto.style.onnx_graph import Graph, Node
from impasto.style.onnx_shapes import enlargement, integer_of, integers_of, reduced_axes

Operation: TypeAlias = Callable[..., Tensor]
"""Takes the inputs of a node, None for one that is left out, and returns its one output."""

_DTYPES = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16, 11: torch.float64}


def operation_of(node: Node, graph: Graph) -> Operation:
    """Return what computes a node of one of the types that `onnx_shapes` weighs.

    Raises
    ------
    ValueError
        An attribute is not understood.
    """
    return _MAKERS[node.op_type](node, graph)


def _cast(node: Node, _graph: Graph) -> Operation:
    dtype = _DTYPES.get(integer_of(node, "to", 0))
    if dtype is None:
        raise ValueError("Cast is to a kind of numbers that is not understood.")
    return lambda values: values.to(dtype)


def _convolution(node: Node, _graph: Graph) -> Operation:
    top, left, bottom, right = integers_of(node, "pads", (0,) * 4)
    strides, dilations = integers_of(node, "strides", (1, 1)), integers_of(node, "dilations", (1, 1))
    groups, is_even = integer_of(node, "group", 1), (top, left) == (bottom, right)

    def convolution(pixels: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        # The weights say what to compute in: sums of what comes out follow, and those with pixels are float32 again.
        pixels = pixels.to(weight.dtype, memory_format=torch.channels_last)
        if not is_even:
            pixels = functional.pad(pixels, (left, right, top, bottom))
        return functional.conv2d(pixels, weight, bias, strides, (top, left) if is_even else 0, dilations, groups)

    return convolution


def _leaky_relu(node: Node, _graph: Graph) -> Operation:
    slope = node.attributes.get("alpha", 0.01)
    if not isinstance(slope, float):
        raise ValueError("LeakyRelu has a slope that is not understood.")
    return lambda values: functional.leaky_relu(values, slope)


def _concatenation(node: Node, _graph: Graph) -> Operation:
    axis = integer_of(node, "axis", 0)
    return lambda *parts: torch.cat(parts, axis)


def _space_to_depth(node: Node, _graph: Graph) -> Operation:
    block = integer_of(node, "blocksize", 0)

    def space_to_depth(pixels: Tensor) -> Tensor:
        batch, channels, height, width = pixels.shape
        # torch puts a channel's pixels of one block side by side; ONNX the channels of one pixel.
        folded = functional.pixel_unshuffle(pixels, block).view(batch, channels, block**2, height // block, -1)
        return folded.transpose(1, 2).reshape(batch, channels * block**2, height // block, width // block)

    return space_to_depth


def _depth_to_space(node: Node, _graph: Graph) -> Operation:
    block = integer_of(node, "blocksize", 0)
    by_channel = node.attributes.get("mode", "DCR") == "CRD"

    def depth_to_space(features: Tensor) -> Tensor:
        if not by_channel:
            batch, channels, height, width = features.shape
            features = features.reshape(batch, block**2, channels // block**2, height, width).transpose(1, 2)
            features = features.reshape(batch, channels, height, width)
        return functional.pixel_shuffle(features, block)

    return depth_to_space


def _resize(node: Node, graph: Graph) -> Operation:
    down, across = enlargement(node, graph)

    def resize(features: Tensor, *_sizes: Tensor | None) -> Tensor:
        return functional.interpolate(features, scale_factor=(float(down), float(across)), mode="nearest")

    return resize


def _reduction(function: Operation) -> Callable[[Node, Graph], Operation]:
    def maker(node: Node, graph: Graph) -> Operation:
        keep = bool(integer_of(node, "keepdims", 1))

        def reduction(values: Tensor, *_axes: Tensor) -> Tensor:
            return function(values, dim=reduced_axes(node, graph, values.dim()), keepdim=keep)

        return reduction

    return maker


def _clip(values: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    if low is not None:
        values = torch.maximum(values, low)
    return values if high is None else torch.minimum(values, high)


def _plain(function: Operation) -> Callable[[Node, Graph], Operation]:
    return lambda _node, _graph: function


def _joined(function: Operation) -> Callable[[Node, Graph], Operation]:
    """Make an operation on any number of inputs of one on two."""

    def joined(*values: Tensor) -> Tensor:
        return reduce(function, values)

    return _plain(joined)


def _same(values: Tensor) -> Tensor:
    return values


_MAKERS: dict[str, Callable[[Node, Graph], Operation]] = {
    "Abs": _plain(torch.abs),
    "Add": _plain(torch.add),
    "Cast": _cast,
    "Clip": _plain(_clip),
    "Concat": _concatenation,
    "Conv": _convolution,
    "DepthToSpace": _depth_to_space,
    "Div": _plain(torch.div),
    "Identity": _plain(_same),
    "LeakyRelu": _leaky_relu,
    "Max": _joined(torch.maximum),
    "Min": _joined(torch.minimum),
    "Mul": _plain(torch.mul),
    "Neg": _plain(torch.neg),
    "ReduceMax": _reduction(torch.amax),
    "ReduceMean": _reduction(torch.mean),
    "Relu": _plain(functional.relu),
    "Resize": _resize,
    "Sigmoid": _plain(torch.sigmoid),
    "SpaceToDepth": _space_to_depth,
    "Sub": _plain(torch.sub),
    "Sum": _joined(torch.add),
    "Tanh": _plain(torch.tanh),
}
