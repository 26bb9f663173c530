"""Small generators for tests: real ONNX bytes, and a runtime without a network."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.lut import Lut3D


class FakeRuntime:
    """Answers with the LUT that a function makes from the thumbnail, and keeps the thumbnails."""

    def __init__(self, table_for: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
        self._table_for = table_for
        self.thumbnails: list[NDArray[Any]] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        self.thumbnails.append(inputs["thumbnail"])
        return {"lut": self._table_for(inputs["thumbnail"])}


def constant(lut: Lut3D) -> FakeRuntime:
    return FakeRuntime(lambda thumbnail: lut.table[None])


def brightness_model(side: int = 8, size: int = 9) -> bytes:
    """Return an ONNX generator that multiplies colours by the thumbnail's mean."""
    from onnx import TensorProto, helper, numpy_helper

    grid = numpy_helper.from_array(Lut3D.identity(size).table[None], "grid")
    nodes = [
        helper.make_node("ReduceMean", ["thumbnail"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["grid", "mean"], ["lut"]),
    ]
    graph = helper.make_graph(
        nodes,
        "look",
        [helper.make_tensor_value_info("thumbnail", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("lut", TensorProto.FLOAT, [1, size, size, size, 3])],
        [grid],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def filling_model(num_values: int) -> bytes:
    """Return an ONNX generator of few bytes that fills this many float32 values on the way to the thumbnail's mean."""
    from onnx import TensorProto, helper, numpy_helper

    # Computed from the input, so that nothing is done ahead when the model is loaded.
    nodes = [
        helper.make_node("ReduceMean", ["thumbnail"], ["mean"], keepdims=0),
        helper.make_node("Expand", ["mean", "shape"], ["filled"]),
        helper.make_node("ReduceMean", ["filled"], ["lut"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "greedy",
        [helper.make_tensor_value_info("thumbnail", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("lut", TensorProto.FLOAT, [])],
        [numpy_helper.from_array(np.array([num_values], np.int64), "shape")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def model_with_data_in(place: str, location: str | None) -> bytes:
    """Return an ONNX model that holds one tensor in some place of it, stored at a location outside, or inside."""
    from onnx import ModelProto, SparseTensorProto, TensorProto, helper, numpy_helper

    tensor = numpy_helper.from_array(np.zeros(16, np.float32), "weights")
    if location is not None:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "64")):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
    constant_node = helper.make_node("Constant", [], ["weights"], value=tensor)
    graph = helper.make_graph([], "holder", [], [helper.make_tensor_value_info("weights", TensorProto.FLOAT, [16])])
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    match place:
        case "initializer":
            model.graph.initializer.append(tensor)
        case "constant":
            model.graph.node.append(constant_node)
        case "subgraph":
            branch = helper.make_graph([constant_node], "branch", [], list(graph.output))
            choice = helper.make_node("If", ["which"], ["weights"], then_branch=branch, else_branch=branch)
            model.graph.node.append(choice)
        case "function":
            opsets = [helper.make_opsetid("", 17)]
            model.functions.append(helper.make_function("own", "F", [], ["weights"], [constant_node], opsets))
        case "sparse":
            model.graph.sparse_initializer.append(SparseTensorProto(values=tensor, dims=[99]))
    return model.SerializeToString()


class FakePaint:
    """Answers with what a function makes of the content, channels first, and keeps the inputs."""

    def __init__(self, paint: Callable[[NDArray[Any]], NDArray[Any]] = np.copy) -> None:
        self._paint = paint
        self.inputs: list[dict[str, NDArray[Any]]] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        self.inputs.append(dict(inputs))
        content = inputs["content"]
        painted = self._paint(content[0])[None].astype(np.float32)
        return {"painted": painted, "next_state": (content + inputs["state"]) / 2}
