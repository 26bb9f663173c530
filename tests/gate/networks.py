"""Small discriminators: real ONNX bytes whose verdict is known."""

from __future__ import annotations

import numpy as np

SIDE = 32


def warmth_discriminator(side: int = SIDE, *, returns_nan: bool = False) -> bytes:
    """Return ONNX that finds what is warm like a reference: four times red less blue, at two scales and as a whole."""
    from onnx import TensorProto, helper, numpy_helper

    weights = np.zeros((1, 3, 1, 1), np.float32)
    weights[0, 0], weights[0, 2] = 4, -4
    if returns_nan:
        weights[:] = np.nan
    nodes = [
        helper.make_node("Conv", ["images", "weights"], ["warmth"]),
        helper.make_node("AveragePool", ["warmth"], ["logits_0"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("AveragePool", ["warmth"], ["logits_1"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("GlobalAveragePool", ["warmth"], ["logits_exposure"]),
    ]
    sizes = {"logits_0": side // 4, "logits_1": side // 8, "logits_exposure": 1}
    graph = helper.make_graph(
        nodes,
        "warmth",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1, n, n]) for name, n in sizes.items()],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def old_discriminator() -> bytes:
    """Return ONNX with the inputs that discriminators had before they came with their encoder."""
    from onnx import TensorProto, helper

    shapes = {"image": [1, 3, 64, 64], "features_0": [1, 8, 16, 16]}
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    nodes = [helper.make_node("ReduceMean", [name], [f"logits_{name}"]) for name in shapes]
    outputs = [helper.make_tensor_value_info(f"logits_{name}", TensorProto.FLOAT, None) for name in shapes]
    graph = helper.make_graph(nodes, "old", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
