"""`RestoreGenerator`: convolutions that work out what a damaged photo lacks, and its form as an ONNX model.

Residual blocks without norms, after B. Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution",
2017, on 2×2 pixels at a time; half of them look farther, by dilation. It sees its surroundings only, so that tiles join
without a seam.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from impasto.train.restore_recipe import RestoreRecipe

MULTIPLE = 2
"""Height and width of what it takes are multiples of this."""
_NUM_CHANNELS = 32
_DILATIONS = (1, 2, 4)
_SLOPE = 0.1
_BLOCK_SCALE = 0.2
_OPSET, _IR_VERSION = 17, 8


class _Block(nn.Module):
    def __init__(self, num_channels: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(num_channels, num_channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(num_channels, num_channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        change: Tensor = self.second(functional.leaky_relu(self.first(features), _SLOPE))
        return features + change * _BLOCK_SCALE


class RestoreGenerator(nn.Module):
    """B×3×H×W in [0, 1] to the same, mended and not yet limited; at the start nothing is changed."""

    def __init__(self, recipe: RestoreRecipe) -> None:
        super().__init__()
        num_channels = max(4, round(_NUM_CHANNELS * recipe.width))
        self.first = nn.Conv2d(3, num_channels, 4, stride=2, padding=1)
        self.blocks = nn.ModuleList(
            _Block(num_channels, _DILATIONS[index % len(_DILATIONS)]) for index in range(recipe.num_blocks)
        )
        self.last = nn.Conv2d(num_channels, 12, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        features = functional.leaky_relu(self.first(images - 0.5), _SLOPE)
        for block in self.blocks:
            features = block(features)
        return images + functional.pixel_shuffle(self.last(features), MULTIPLE)


@torch.no_grad()
def restore_model(generator: RestoreGenerator) -> bytes:
    """Return the generator as an ONNX model from `content` to `restored`, 1×3×H×W in [0, 1]; H and W are even."""
    graph = _Graph()
    centred = graph.add("Sub", ["content", graph.constant("half", np.float32(0.5))])
    features = graph.activated(graph.convolution("first", generator.first, centred))
    scale = graph.constant("block_scale", np.float32(_BLOCK_SCALE))
    for index, block in enumerate(generator.blocks):
        assert isinstance(block, _Block)
        hidden = graph.activated(graph.convolution(f"block{index}.first", block.first, features))
        change = graph.convolution(f"block{index}.second", block.second, hidden)
        features = graph.add("Add", [features, graph.add("Mul", [change, scale])])
    lacking = graph.convolution("last", generator.last, features)
    lacking = graph.add("DepthToSpace", [lacking], blocksize=MULTIPLE, mode="CRD")
    limits = [graph.constant("black", np.float32(0)), graph.constant("white", np.float32(1))]
    graph.add("Clip", [graph.add("Add", ["content", lacking]), *limits], output="restored")
    return graph.serialised()


class _Graph:
    """An ONNX graph that grows node by node."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._numbers: list[Any] = []

    def add(self, op_type: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{op_type.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(op_type, inputs, [output], name=f"node_{output}", **attributes))
        return output

    def constant(self, name: str, value: Any) -> str:
        self._numbers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def activated(self, features: str) -> str:
        return self.add("LeakyRelu", [features], alpha=_SLOPE)

    def convolution(self, name: str, module: nn.Conv2d, features: str) -> str:
        assert module.bias is not None
        weight = self.constant(f"{name}.weight", module.weight.detach().cpu().numpy())
        bias = self.constant(f"{name}.bias", module.bias.detach().cpu().numpy())
        padding = [int(side) for side in module.padding]
        return self.add(
            "Conv",
            [features, weight, bias],
            kernel_shape=list(module.kernel_size),
            strides=list(module.stride),
            dilations=list(module.dilation),
            pads=padding * 2,
        )

    def serialised(self) -> bytes:
        shape: list[str | int | None] = [1, 3, "height", "width"]
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("content", "restored")]
        graph = helper.make_graph(self._nodes, "restore", ends[:1], ends[1:], self._numbers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        serialised: bytes = model.SerializeToString()
        return serialised
