"""Small generators for tests: real ONNX bytes, and a runtime without a network."""

from collections.abc import Callable, Mapping
from typing import Any

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
