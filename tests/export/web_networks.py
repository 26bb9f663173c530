"""A network that holds every operation that pages run, each in an unusual form."""

from __future__ import annotations

from typing import Any

import numpy as np

INPUT_SHAPE = (1, 3, 6, 6)


def varied_model(last: str = "Tanh", opset: int = 17) -> bytes:
    """Return an ONNX model from `thumbnail`, 1×3×6×6, to `lut`; `last` is its last operation."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(3)

    def floats(*shape: int) -> Any:
        return random.standard_normal(shape).astype(np.float32)

    constants = {
        "weight": floats(6, 1, 3, 2), "bias": floats(6), "one": np.float32(1), "two": np.float32(2),
        "channels": floats(3, 1, 1), "matrix": floats(4, 6), "added": floats(1, 4), "second": floats(4, 5),
        "left": floats(2, 3), "axis": np.array([-1], np.int64), "axes": np.array([2, 3], np.int64),
        "front": np.array([0, -1], np.int64), "flat": np.array([0, -1], np.int64), "low": np.float32(-0.4),
    }  # fmt: skip
    steps = [
        helper.make_node("Conv", ["thumbnail", "weight", "bias"], ["conv"], group=3, strides=[2, 1],
                         pads=[1, 0, 2, 1], dilations=[1, 2]),
        helper.make_node("LeakyRelu", ["conv"], ["leaky"], alpha=0.3),
        helper.make_node("Relu", ["conv"], ["relu"]),
        helper.make_node("Sum", ["leaky", "relu", "one"], ["sum"]),
        helper.make_node("ReduceMean", ["sum"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["mean", "matrix", "added"], ["gemm"], transB=1, alpha=0.5, beta=2.0),
        helper.make_node("MatMul", ["gemm", "second"], ["row"]),
        helper.make_node("Mul", ["thumbnail", "channels"], ["mul"]),
        helper.make_node("ReduceSum", ["mul", "axis"], ["lines"], keepdims=1),
        helper.make_node("Sub", ["mul", "lines"], ["sub"]),
        helper.make_node("Pow", ["sub", "two"], ["pow"]),
        helper.make_node("Add", ["pow", "one"], ["add"]),
        helper.make_node("Sqrt", ["add"], ["sqrt"]),
        helper.make_node("Div", ["sub", "sqrt"], ["div"]),
        helper.make_node("Einsum", ["left", "div"], ["einsum"], equation="kc,bcyx->xkb"),
        helper.make_node("Reshape", ["einsum", "flat"], ["reshape"]),
        helper.make_node("Unsqueeze", ["reshape", "front"], ["unsqueeze"]),
        helper.make_node("Clip", ["unsqueeze", "low"], ["clip"]),
        helper.make_node("Reshape", ["clip", "whole"], ["table"]),
        helper.make_node("Concat", ["table", "row"], ["concat"], axis=-1),
        helper.make_node(last, ["concat"], ["lut"]),
    ]  # fmt: skip
    constants["whole"] = np.array([1, -1], np.int64)
    graph = helper.make_graph(
        steps,
        "varied",
        [helper.make_tensor_value_info("thumbnail", TensorProto.FLOAT, INPUT_SHAPE)],
        [helper.make_tensor_value_info("lut", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8).SerializeToString()
