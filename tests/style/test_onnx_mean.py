"""The joined model is run by ONNX Runtime and checked by `onnx` itself: both must agree that it is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from paint_styles import paint_model

from impasto.style.onnx_mean import mean_model
from impasto.style.runtime import OnnxRuntime


def affine(scale: float, shift: float, opset: int = 17, names: tuple[str, str] = ("x", "y"), side: int = 3) -> bytes:
    """Return a model that multiplies and adds; its inner names are the same whatever its numbers."""
    numbers = {"scale": np.full(side, scale, np.float32), "shift": np.float32(shift)}
    return model(
        [
            helper.make_node("Mul", [names[0], "scale"], ["scaled"], doc_string="for people"),
            helper.make_node("Add", ["scaled", "shift"], [names[1]], name="last"),
        ],
        {name: np.asarray(value) for name, value in numbers.items()},
        names,
        opset,
    )


def model(nodes: list[Any], numbers: dict[str, Any], names: tuple[str, str] = ("x", "y"), opset: int = 17) -> bytes:
    given, result = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in names)
    tensors = [numpy_helper.from_array(value, name) for name, value in numbers.items()]
    graph = helper.make_graph(nodes, "g", [given], [result], tensors)
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return whole.SerializeToString()


def clip_without_lower_bound() -> bytes:
    """Return a model that leaves an input of a node out."""
    return model([helper.make_node("Clip", ["x", "", "most"], ["y"])], {"most": np.float32(0.5)})


def run(joined: bytes, x: Any) -> np.ndarray:
    onnx.checker.check_model(onnx.load_from_string(joined))
    return OnnxRuntime(joined).run({"x": np.asarray(x, np.float32)})["y"]


def test_outputs_are_averaged_by_weight() -> None:
    x = np.array([0.1, -2, 7])
    joined = mean_model([(affine(2, 1), 0.25), (affine(-1, 0.5), 0.75)])
    np.testing.assert_allclose(run(joined, x), 0.25 * (2 * x + 1) + 0.75 * (0.5 - x), rtol=1e-6)


def test_more_than_two_and_models_of_other_layers() -> None:
    x = np.array([0.1, -2, 7])
    joined = mean_model([(affine(2, 1), 0.5), (clip_without_lower_bound(), 0.3), (affine(0, 3), 0.2)])
    np.testing.assert_allclose(run(joined, x), 0.5 * (2 * x + 1) + 0.3 * x.clip(None, 0.5) + 0.6, rtol=1e-6)


def test_a_mean_of_means_is_a_model_like_any_other() -> None:
    x = np.array([1.0, 2, 3])
    inner = mean_model([(affine(2, 0), 0.5), (affine(4, 0), 0.5)])
    np.testing.assert_allclose(run(mean_model([(inner, 0.5), (affine(1, 0), 0.5)]), x), 2 * x, rtol=1e-6)


def test_several_inputs_and_outputs() -> None:
    content = np.random.default_rng(0).random((1, 3, 16, 24), np.float32)
    inputs = {"content": content, "state": content, "noise": np.zeros((1, 1, 16, 24), np.float32)}
    joined = OnnxRuntime(mean_model([(paint_model("identity"), 0.4), (paint_model("invert"), 0.6)])).run(inputs)
    np.testing.assert_allclose(joined["painted"], 0.4 * content + 0.6 * (1 - content), atol=1e-5)
    np.testing.assert_allclose(joined["next_state"], content, atol=1e-6)


def test_what_is_for_people_only_is_left_out() -> None:
    joined = mean_model([(affine(2, 1), 0.5), (affine(2, 1), 0.5)])
    assert b"for people" not in joined


def branching() -> bytes:
    branch = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [3])],
    )
    node = helper.make_node("If", ["which"], ["y"], then_branch=branch, else_branch=branch)
    return model([node], {"which": np.array(True)})


def with_function() -> bytes:
    whole = onnx.load_from_string(affine(2, 1))
    node = helper.make_node("Identity", ["a"], ["b"])
    whole.functions.append(helper.make_function("own", "F", ["a"], ["b"], [node], [helper.make_opsetid("", 17)]))
    return whole.SerializeToString()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: affine(2, 1, opset=18), "versions"),
        (lambda: affine(2, 1, names=("z", "y")), "names"),
        (lambda: affine(2, 1, names=("x", "z")), "names"),
        (branching, "branches"),
        (with_function, "functions"),
        (lambda: b"", "not an ONNX model"),
        (lambda: affine(2, 1)[:-3], "cut short"),
        (lambda: b"\x38\x01", "number where a message"),
    ],
)
def test_what_cannot_be_put_side_by_side(make: Callable[[], bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_model([(affine(2, 1), 0.5), (make(), 0.5)])
