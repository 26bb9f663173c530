import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from impasto.apply.runtime import OnnxRuntime
from impasto.errors import StyleFileError

from .networks import brightness_model


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
from impasto.apply.runtime import OnnxRuntime
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
