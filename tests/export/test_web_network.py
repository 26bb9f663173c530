from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

from impasto.errors import StyleFileError
from impasto.export.web_network import OPERATIONS, script_network

from .web_networks import varied_model


def unpacked(packed: tuple[bytes, bytes] | None) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
    assert packed is not None
    return json.loads(packed[0]), np.frombuffer(packed[1], "<f4")


def test_steps_and_numbers_are_those_of_the_network(look_onnx: bytes) -> None:
    described, numbers = unpacked(script_network(look_onnx))
    assert [step["does"] for step in described["steps"]] == ["ReduceMean", "Mul", "Add"]
    assert described["inputs"] == {"thumbnail": [1, 3, 16, 16]}
    assert described["outputs"] == ["lut"]
    tenth = described["numbers"]["tenth"]
    assert tenth["shape"] == []
    assert numbers[tenth["start"]] == np.float32(0.1)
    assert numbers.size == sum(int(np.prod(each["shape"])) for each in described["numbers"].values())


def test_numbers_lie_one_after_the_other() -> None:
    described, numbers = unpacked(script_network(varied_model()))
    spans = sorted((each["start"], int(np.prod(each["shape"]))) for each in described["numbers"].values())
    assert spans[0][0] == 0
    assert all(start + length == following for (start, length), (following, _) in itertools.pairwise(spans))
    assert sum(spans[-1]) == numbers.size


def test_every_operation_is_tried_in_a_browser() -> None:
    described, _ = unpacked(script_network(varied_model()))
    assert {step["does"] for step in described["steps"]} == OPERATIONS


def test_what_no_script_runs_is_left_to_a_runtime() -> None:
    assert script_network(varied_model(last="Sigmoid")) is None
    assert script_network(varied_model(opset=12)) is None


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(StyleFileError, match="cannot be read"):
        script_network(b"\xff\xff not a network")
