"""Sizes are known before anything is run, and they are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.style.onnx_graph import Graph, read_graph
from impasto.style.onnx_shapes import check_inputs, last_uses, peak_bytes, unsupported_operations, value_shapes
from impasto.style.runtimes import available_runtimes, load_runtime

from .painting_network import painting_inputs, painting_network
from .small_models import PICTURE, enlarging_model, model_of, node

NETWORK = painting_network()
X = np.random.default_rng(3).normal(0, 1, (1, 4, 6, 8)).astype(np.float32)
NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}

# Each operation in each of its forms: node, numbers, version of ONNX's operations.
FORMS: list[tuple[Any, dict[str, Any], int]] = [
    *((node(name, ["x"], "y"), {}, 17) for name in ("Abs", "Identity", "Neg", "Relu", "Sigmoid", "Tanh")),
    *((node(name, ["x", "k"], "y"), {"k": np.float32(0.7)}, 17) for name in ("Add", "Div", "Max", "Min", "Mul", "Sub")),
    (node("Mul", ["k", "x"], "y"), {"k": np.arange(4, dtype=np.float32).reshape(4, 1, 1)}, 17),
    (node("Sum", ["x", "x", "k"], "y"), {"k": np.float32(1)}, 17),
    (node("Max", ["x"], "y"), {}, 17),
    (node("LeakyRelu", ["x"], "y", alpha=0.3), {}, 17),
    (node("LeakyRelu", ["x"], "y"), {}, 17),
    (node("Cast", ["x"], "y", to=1), {}, 17),
    (node("Clip", ["x", "low", "high"], "y"), {"low": np.float32(-0.5), "high": np.float32(0.5)}, 17),
    (node("Clip", ["x", "", "high"], "y"), {"high": np.float32(0.5)}, 17),
    (node("Clip", ["x", "low"], "y"), {"low": np.float32(-0.5)}, 17),
    (node("Concat", ["x", "x"], "y", axis=1), {}, 17),
    (node("Concat", ["x", "x", "x"], "y", axis=-1), {}, 17),
    (node("SpaceToDepth", ["x"], "y", blocksize=2), {}, 17),
    (node("DepthToSpace", ["x"], "y", blocksize=2), {}, 17),
    (node("DepthToSpace", ["x"], "y", blocksize=2, mode="CRD"), {}, 17),
    (node("Resize", ["x", "", "s"], "y", **NEAREST), {"s": np.array([1, 1, 2, 3], np.float32)}, 17),
    (node("ReduceMax", ["x"], "y", axes=[1], keepdims=1), {}, 17),
    (node("ReduceMean", ["x"], "y", axes=[-1, 2], keepdims=0), {}, 17),
    (node("ReduceMean", ["x"], "y"), {}, 17),
    (node("ReduceMax", ["x", "axes"], "y"), {"axes": np.array([1, 3])}, 18),
    (node("Conv", ["x", "w"], "y"), {"w": np.ones((2, 4, 3, 3), np.float32)}, 17),
    (node("Conv", ["x", "w", "b"], "y", pads=[1] * 4, strides=[2, 2]), {"w": X[:, :, :3, :3], "b": X[0, :1, 0, 0]}, 17),
    (node("Conv", ["x", "w"], "y", pads=[1, 0, 0, 2], dilations=[2, 1]), {"w": X[:, :, :2, :3]}, 17),
    (node("Conv", ["x", "w"], "y", group=4, pads=[1] * 4), {"w": X.transpose(1, 0, 2, 3)[:, :, :3, :3]}, 17),
]


def name_of(form: Any) -> str:
    return form.op_type if hasattr(form, "op_type") else ""


@pytest.mark.parametrize(("form", "numbers", "opset"), FORMS, ids=name_of)
def test_each_operation_has_the_size_and_values_that_onnx_runtime_gives(
    form: Any, numbers: dict[str, Any], opset: int
) -> None:
    model = model_of([form], {"x": (1, 4, None, None)}, ["y"], numbers, opset)
    wanted = load_runtime(model, "onnx").run({"x": X})["y"]
    assert value_shapes(read_graph(model), {"x": X.shape})["y"] == wanted.shape
    for name in ("torch", "openvino"):
        if name not in available_runtimes():
            pytest.skip(f"{name} is not available here")
        np.testing.assert_allclose(load_runtime(model, name).run({"x": X})["y"], wanted, rtol=1e-5, atol=1e-6)


def test_all_values_of_a_network_have_the_sizes_that_onnx_infers() -> None:
    model = onnx.load_from_string(NETWORK)
    for given_input in model.graph.input:
        for dimension, side in zip(given_input.type.tensor_type.shape.dim[2:], (64, 72), strict=True):
            dimension.dim_value = side
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph.value_info
    shapes = value_shapes(read_graph(NETWORK), {name: array.shape for name, array in painting_inputs().items()})
    assert len(inferred) > 40
    for value in inferred:
        assert shapes[value.name] == tuple(side.dim_value for side in value.type.tensor_type.shape.dim)


BAD_FORMS: list[tuple[Any, dict[str, Any], str]] = [
    (node("Add", ["x", "k"], "y"), {"k": np.zeros(5, np.float32)}, "Add is given sizes that do not fit"),
    (node("Add", ["x", "nothing"], "y"), {}, "'nothing' is read before it is computed"),
    (node("Add", ["x", "x"], "x"), {}, "a name of its own"),
    (node("Erf", ["x"], "y"), {}, "Erf is not supported"),
    (node("Concat", ["x", "k"], "y", axis=1), {"k": np.zeros((1, 1, 1, 1), np.float32)}, "Concat is given sizes"),
    (node("Concat", ["x"], "y", axis=4), {}, "an axis that does not exist"),
    (node("SpaceToDepth", ["x"], "y", blocksize=5), {}, "multiples of 5, not 6×8"),
    (node("SpaceToDepth", ["x"], "y", blocksize=0), {}, "SpaceToDepth"),
    (node("DepthToSpace", ["x"], "y", blocksize=3), {}, "channels that are a multiple of 3², not 4"),
    (node("Resize", ["x", "", "s"], "y"), {"s": np.array([1, 1, 2, 2], np.float32)}, "Resize must repeat pixels"),
    (node("Resize", ["x", "", "s"], "y", **NEAREST), {"s": np.array([1, 1, 1.5, 2], np.float32)}, "whole number"),
    (node("Resize", ["x", "", "s"], "y", **NEAREST), {"s": np.array([1, 1, np.inf, 2], np.float32)}, "whole number"),
    (node("Resize", ["x", "", "s"], "y", **NEAREST), {"s": np.array([1, 2, 2, 2], np.float32)}, "Resize must repeat"),
    (node("Resize", ["x", "", "x"], "y", **NEAREST), {}, "constant scales"),
    (node("ReduceMax", ["x"], "y", axes=[4]), {}, "axes that exist"),
    (node("Conv", ["x", "w"], "y"), {"w": np.zeros((2, 3, 3, 3), np.float32)}, "Conv is given sizes"),
    (node("Conv", ["x", "w"], "y"), {"w": np.zeros((2, 4, 9, 9), np.float32)}, "gives nothing for pictures"),
    (node("Conv", ["x", "w"], "y", strides=[0, 1]), {"w": np.zeros((2, 4, 3, 3), np.float32)}, "strides"),
    (node("Conv", ["x", "w"], "y", pads=[-1] * 4), {"w": np.zeros((2, 4, 3, 3), np.float32)}, "pads"),
    (node("Conv", ["x", "w"], "y", auto_pad="SAME_UPPER"), {"w": np.zeros((2, 4, 3, 3), np.float32)}, "stated pads"),
    (node("Conv", ["x", "w"], "y", strides=2), {"w": np.zeros((2, 4, 3, 3), np.float32)}, "an attribute strides"),
    (node("Conv", ["x"], "y"), {}, "Conv lacks an input"),
    (node("Relu", ["x"], "z"), {}, "the output 'y' is never computed"),
]


@pytest.mark.parametrize(("form", "numbers", "why"), BAD_FORMS, ids=name_of)
def test_what_does_not_fit_is_refused(form: Any, numbers: dict[str, Any], why: str) -> None:
    graph = read_graph(model_of([form], {"x": (1, 4, None, None)}, ["y"], numbers))
    with pytest.raises(ValueError, match=why):
        value_shapes(graph, {"x": X.shape})


def chain() -> Graph:
    nodes = [node("Neg", ["x"], "a"), node("Abs", ["a"], "b"), node("Add", ["b", "a"], "c"), node("Neg", ["c"], "y")]
    return read_graph(model_of([*nodes, node("Abs", ["x"], "unused")], {"x": PICTURE}, ["y"]))


def test_values_are_let_go_after_their_last_use() -> None:
    assert last_uses(chain()) == [[], [], ["b", "a"], ["c"], ["x", "unused"]]


def test_the_peak_is_what_is_held_at_once() -> None:
    shape = (1, 3, 10, 10)
    # x, a, b and c are held when c has been computed; each is 300 numbers of 4 bytes.
    assert peak_bytes(chain(), value_shapes(chain(), {"x": shape})) == 4 * 300 * 4


@given(st.integers(1, 60))
def test_the_peak_grows_with_the_picture(side: int) -> None:
    graph = read_graph(enlarging_model(3))
    peak = peak_bytes(graph, value_shapes(graph, {"x": (1, 3, side, side)}))
    assert peak == 4 * (3 * side * side * 10 + 4)


def test_sizes_too_large_to_have_are_still_computed() -> None:
    graph = read_graph(enlarging_model(1000, depth=6))
    assert peak_bytes(graph, value_shapes(graph, {"x": (1, 3, 100, 100)})) > 10**40


def test_unsupported_operations_are_named_once_each() -> None:
    nodes = [node("Erf", ["x"], "a"), node("Erf", ["a"], "b"), node("Abs", ["b"], "c"), node("Cos", ["c"], "y")]
    assert unsupported_operations(read_graph(model_of(nodes, {"x": PICTURE}, ["y"]))) == ["Cos", "Erf"]
    assert unsupported_operations(read_graph(NETWORK)) == []


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({}, "asks for x, and was given nothing"),
        ({"y": X}, "asks for x, and was given y"),
        ({"x": X}, r"'x' must be 1×3×\?×\?, not 1×4×6×8"),
        ({"x": X[0, :3]}, "'x' must be .*, not 3×6×8"),
        ({"x": X[:, :3].astype(np.float16)}, "'x' must be float32, not float16"),
    ],
)
def test_inputs_are_checked_by_name(inputs: dict[str, Any], why: str) -> None:
    graph = read_graph(enlarging_model(2))
    with pytest.raises(ValueError, match=why):
        check_inputs(graph, inputs)
    check_inputs(graph, {"x": X[:, :3]})
