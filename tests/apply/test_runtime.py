import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import StyleFileError
from impasto.style.external_data import has_external_data
from impasto.style.runtime import OnnxRuntime

from .networks import brightness_model, filling_model, model_with_data_in


@pytest.fixture(scope="module")
def runtime() -> OnnxRuntime:
    return OnnxRuntime(brightness_model(), num_threads=1)


def thumbnail(value: float) -> np.ndarray:
    return np.full((1, 3, 8, 8), value, np.float32)


def test_returns_outputs_by_name(runtime):
    outputs = runtime.run({"thumbnail": thumbnail(0.25)})
    assert list(outputs) == ["lut"]
    assert outputs["lut"].shape == (1, 9, 9, 9, 3)
    assert outputs["lut"].max() == pytest.approx(0.25)


def test_threads_may_share_it(runtime):
    with ThreadPoolExecutor(4) as pool:
        values = np.linspace(0, 1, 40)
        peaks = pool.map(lambda value: runtime.run({"thumbnail": thumbnail(value)})["lut"].max(), values)
        assert np.allclose(list(peaks), values, atol=1e-6)


@pytest.mark.parametrize("model", [b"", b"not a network", brightness_model()[:-20]])
def test_bytes_that_are_no_network_are_refused(model):
    with pytest.raises(StyleFileError, match="cannot be loaded"):
        OnnxRuntime(model)


def test_inputs_that_do_not_fit_are_named(runtime):
    with pytest.raises(StyleFileError, match="cannot be run"):
        runtime.run({"thumbnail": np.zeros((1, 3, 9, 9), np.float32)})
    with pytest.raises(StyleFileError, match="cannot be run"):
        runtime.run({})


def test_writes_nothing_to_the_terminal_and_needs_no_torch():
    program = """
import sys
from impasto.style.runtime import OnnxRuntime
from impasto.apply.look import LookStylizer
from impasto.apply.stylizer import State
from impasto.media.frame import Frame
assert "onnxruntime" not in sys.modules and "numba" not in sys.modules and "PIL" not in sys.modules
import numpy
model = sys.stdin.buffer.read()
frame = Frame(numpy.full((20, 20, 3), 128, numpy.uint8))
LookStylizer(OnnxRuntime(model), thumbnail_side=8)(frame, State())
try:
    OnnxRuntime(b"broken")
except ValueError:
    pass
assert "torch" not in sys.modules
"""
    result = subprocess.run([sys.executable, "-c", program], input=brightness_model(), capture_output=True, check=True)
    assert (result.stdout, result.stderr) == (b"", b"")


# --- networks that mean harm ----------------------------------------------------------------------------------------

PLACES = ["initializer", "constant", "subgraph", "function", "sparse"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("location", ["secret.bin", "../secret.bin", "/etc/hostname", "*/_ORT_MEM_ADDR_/*"])
def test_networks_that_take_data_from_elsewhere_are_refused(place, location):
    with pytest.raises(StyleFileError, match="outside the style file"):
        OnnxRuntime(model_with_data_in(place, location))


@pytest.mark.parametrize("place", PLACES)
def test_data_inside_is_allowed_everywhere(place):
    assert not has_external_data(model_with_data_in(place, None))


def test_nesting_without_end_is_refused():
    from onnx import helper

    graph = helper.make_graph([], "innermost", [], [])
    for _ in range(25):
        graph = helper.make_graph([helper.make_node("If", ["x"], ["y"], then_branch=graph)], "outer", [], [])
    with pytest.raises(StyleFileError, match="nests too deeply"):
        OnnxRuntime(helper.make_model(graph).SerializeToString())


@given(st.integers(0, 400), st.binary(max_size=12))
def test_damage_is_refused_or_harmless(position, damage):
    model = bytearray(brightness_model(size=2))
    model[position : position + len(damage)] = damage
    try:
        assert has_external_data(bytes(model)) in (True, False)
    except ValueError as error:
        assert "model" in str(error)


def test_a_network_that_wants_too_much_memory_fails_in_one_line(capfd):
    greedy = OnnxRuntime(filling_model(num_values=10**9))
    before = peak_bytes()
    with pytest.raises(StyleFileError, match="cannot be run") as caught:
        greedy.run({"thumbnail": thumbnail(0)})
    assert "\n" not in str(caught.value)
    assert peak_bytes() - before < 10**9
    assert capfd.readouterr() == ("", "")
    modest = OnnxRuntime(filling_model(num_values=1000))
    assert modest.run({"thumbnail": thumbnail(0.5)})["lut"] == pytest.approx(0.5)


def peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
