"""Models are read as the `onnx` package reads them, and broken ones are refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from impasto.style.onnx_graph import initializers, read_graph
from impasto.style.onnx_shapes import peak_bytes, value_shapes

from .painting_network import painting_network
from .small_models import PICTURE, model_of, node

NETWORK = painting_network()
DTYPES = (np.float32, np.float16, np.float64, np.int64, np.int32, np.uint8, np.int8, np.bool_)


def test_the_graph_is_what_onnx_reads() -> None:
    model = onnx.load_from_string(NETWORK)
    graph = read_graph(NETWORK)
    assert graph.outputs == ("painted", "next_state")
    assert graph.inputs == {"content": PICTURE, "state": PICTURE, "noise": (1, 1, None, None)}
    assert graph.opset == 17
    for ours, theirs in zip(graph.nodes, model.graph.node, strict=True):
        assert (ours.op_type, ours.inputs, ours.outputs) == (theirs.op_type, tuple(theirs.input), tuple(theirs.output))
        stated = {each.name: helper.get_attribute_value(each) for each in theirs.attribute}
        assert ours.attributes.keys() == stated.keys()
        for name, value in stated.items():
            wanted = value.decode() if isinstance(value, bytes) else tuple(value) if isinstance(value, list) else value
            assert ours.attributes[name] == wanted
    for tensor in model.graph.initializer:
        np.testing.assert_array_equal(graph.constants[tensor.name], numpy_helper.to_array(tensor), strict=True)


def test_initializers_lie_where_they_are_said_to() -> None:
    changed = bytearray(NETWORK)
    for name, (dtype, shape, where) in initializers(NETWORK).items():
        old = np.frombuffer(NETWORK[where], dtype).reshape(shape)
        changed[where] = (old + np.ones((), dtype)).astype(dtype).tobytes()
        assert name.startswith("number")
    before, after = onnx.load_from_string(NETWORK).graph, onnx.load_from_string(bytes(changed)).graph
    assert len(before.initializer) == len(initializers(NETWORK))
    for old_tensor, new_tensor in zip(before.initializer, after.initializer, strict=True):
        old_numbers, new_numbers = numpy_helper.to_array(old_tensor), numpy_helper.to_array(new_tensor)
        np.testing.assert_array_equal(new_numbers, (old_numbers + np.ones((), old_numbers.dtype)))
    assert list(before.node) == list(after.node)


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("dtype", [each for each in DTYPES if each is not np.float64])
def test_numbers_are_read_however_they_are_stored(dtype: Any, raw: bool) -> None:
    numbers = np.array([[0, 1, 1], [1, 0, 1]]) if dtype is np.bool_ else np.array([[0, 1, 100], [2, 3, 4]])
    numbers = (-numbers if np.issubdtype(dtype, np.signedinteger) else numbers).astype(dtype)
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    data = numbers.tobytes() if raw else numbers.ravel()
    tensor = helper.make_tensor("numbers", kind, numbers.shape, data, raw=raw)
    graph = helper.make_graph([], "g", [], [], [tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    np.testing.assert_array_equal(read_graph(model).constants["numbers"], numbers, strict=True)
    assert set(initializers(model)) == ({"numbers"} if raw else set())


def test_constants_of_nodes_are_constants_too() -> None:
    nodes = [
        node("Constant", [], "array", value=numpy_helper.from_array(np.array([[1.5, 2]], np.float32))),
        node("Constant", [], "float", value_float=0.25),
        node("Constant", [], "integers", value_ints=[-1, 7]),
        node("Add", ["x", "float"], "y"),
    ]
    graph = read_graph(model_of(nodes, {"x": PICTURE}, ["y"]))
    assert [each.op_type for each in graph.nodes] == ["Add"]
    np.testing.assert_array_equal(graph.constants["array"], np.array([[1.5, 2]], np.float32), strict=True)
    np.testing.assert_array_equal(graph.constants["float"], np.float32(0.25), strict=True)
    np.testing.assert_array_equal(graph.constants["integers"], np.array([-1, 7]), strict=True)


def test_an_input_with_a_default_is_no_input() -> None:
    model = onnx.load_from_string(
        model_of([node("Add", ["x", "k"], "y")], {"x": PICTURE, "k": (1,)}, ["y"], {"k": [2.0]})
    )
    assert read_graph(model.SerializeToString()).inputs == {"x": PICTURE}


def tensor_with(**changes: Any) -> bytes:
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [2, 2], np.zeros(4, np.float32).tobytes(), raw=True)
    for name, value in changes.items():
        tensor.ClearField(name)
        field = getattr(tensor, name)
        if isinstance(value, list):
            field.extend(value)
        else:
            setattr(tensor, name, value)
    graph = helper.make_graph([], "g", [], [], [tensor])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"dims": [2, 3]}, "'w' do not fill their shape"),
        ({"dims": [1 << 40, 1 << 40]}, "'w' do not fill their shape"),
        ({"dims": [-2, -2]}, "'w' have a negative shape"),
        ({"data_type": TensorProto.STRING}, "'w' are of a kind"),
        ({"data_type": 99}, "'w' are of a kind"),
        ({"raw_data": b"123"}, "'w' do not fill"),
    ],
)
def test_numbers_that_contradict_their_shape_are_refused(changes: dict[str, Any], why: str) -> None:
    for reader in (read_graph, initializers):
        with pytest.raises(ValueError, match=why):
            reader(tensor_with(**changes))


def test_two_initializers_of_one_name_are_refused() -> None:
    model = onnx.load_from_string(tensor_with())
    model.graph.initializer.append(model.graph.initializer[0])
    with pytest.raises(ValueError, match="two initializers called 'w'"):
        initializers(model.SerializeToString())


@pytest.mark.parametrize("data", [b"", b"\x08\x07", b"\x00", b"\xff" * 12, NETWORK + NETWORK, NETWORK[:-1]])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    for reader in (read_graph, initializers):
        with pytest.raises(ValueError):
            reader(data)


@given(st.integers(0, len(NETWORK) - 1), st.integers(0, 255), st.booleans())
def test_damage_is_found_or_harmless(position: int, byte: int, from_the_end: bool) -> None:
    """Whatever a byte is changed to, nothing but a ValueError comes of it, nor a size that was not computed."""
    changed = bytearray(NETWORK)
    # Most of a model is its numbers; what is around them lies at both ends of a tensor, and at the start.
    changed[position % 6000 if from_the_end else position] = byte
    try:
        graph = read_graph(bytes(changed))
        picture = (1, 3, 64, 64)
        shapes = value_shapes(
            graph, {name: picture if "noise" not in name else (1, 1, 64, 64) for name in graph.inputs}
        )
        assert peak_bytes(graph, shapes) > 0
    except ValueError:
        pass


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for reader in (read_graph, initializers):
        with suppress(ValueError):
            reader(data)
