"""Whatever runs a network, the picture is the same."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import MissingExtraError, StyleFileError, UsageError
from impasto.style import openvino_runtime, runtimes
from impasto.style.openvino_library import import_openvino, openvino_core
from impasto.style.runtime import OnnxRuntime, Runtime
from impasto.style.runtimes import available_runtimes, load_runtime, runtime_names

from .painting_network import painting_inputs, painting_network
from .small_models import PICTURE, enlarging_model, model_of, node

Outputs = Mapping[str, NDArray[Any]]

# Of a picture in [0, 1] that the network changes by 22/255 in the mean: mean and largest difference from ONNX Runtime.
TOLERANCES = {
    "onnx": (0, 0),
    "openvino": (1e-5, 1e-4),
    "torch": (1e-5, 1e-4),
    "openvino-bf16": (0.5 / 255, 4 / 255),
    "cuda": (0.5 / 255, 4 / 255),
    "openvino-int8": (1 / 255, 12 / 255),
}
NAMES = tuple(name for name in runtime_names() if name != "auto")
WEIGHED = tuple(name for name in NAMES if name != "onnx")


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is remembered of calibration stays out of the user's folders."""
    with pytest.MonkeyPatch.context() as patch:
        cache_dir = tmp_path_factory.mktemp("cache")
        patch.setattr("platformdirs.user_cache_path", lambda *args, **options: cache_dir)
        yield


@pytest.fixture(scope="module")
def network() -> bytes:
    return painting_network()


@pytest.fixture(scope="module")
def expected(network: bytes) -> Outputs:
    return OnnxRuntime(network).run(painting_inputs())


def load_or_skip(name: str, model: bytes, **options: Any) -> Runtime:
    if name not in available_runtimes():
        pytest.skip(f"{name} is not available here")
    try:
        return load_runtime(model, name, **options)
    except UsageError as error:
        if "needs" not in str(error):
            raise
        pytest.skip(str(error))


def skip_without_openvino() -> None:
    if "openvino" not in available_runtimes():
        pytest.skip("openvino is not available here")


@pytest.fixture(scope="module", params=NAMES)
def runtime(request: pytest.FixtureRequest, network: bytes) -> Runtime:
    return load_or_skip(request.param, network)


def assert_same(runtime: Runtime, outputs: Outputs, expected: Outputs) -> None:
    mean, largest = TOLERANCES[runtime.name]
    assert list(outputs) == list(expected)
    for name, array in expected.items():
        difference = np.abs(outputs[name] - array)
        assert outputs[name].dtype == np.float32
        assert difference.mean() <= mean and difference.max() <= largest, (name, difference.mean(), difference.max())


def test_every_runtime_has_a_tolerance() -> None:
    assert set(TOLERANCES) == set(NAMES)


def test_the_network_does_much_more_than_the_tolerances_allow(expected: Outputs) -> None:
    assert np.abs(expected["painted"] - painting_inputs()["content"]).mean() > 20 * TOLERANCES["openvino-int8"][0]


def test_the_pixels_are_the_same(runtime: Runtime, expected: Outputs) -> None:
    assert_same(runtime, runtime.run(painting_inputs()), expected)


def test_what_is_handed_on_in_time_is_exact(runtime: Runtime, expected: Outputs) -> None:
    """What the next frame builds on must not drift, in whatever the rest is computed."""
    np.testing.assert_allclose(runtime.run(painting_inputs())["next_state"], expected["next_state"], atol=1e-6)
    still = painting_inputs() | {"state": painting_inputs()["content"]}
    np.testing.assert_array_equal(runtime.run(still)["next_state"], still["content"])


def test_sizes_may_change_from_picture_to_picture(runtime: Runtime, network: bytes) -> None:
    onnx = OnnxRuntime(network)
    for height, width in ((16, 16), (40, 24), (16, 16), (8, 64)):
        inputs = painting_inputs(height, width)
        assert_same(runtime, runtime.run(inputs), onnx.run(inputs))


def test_threads_share_one_runtime(runtime: Runtime) -> None:
    pictures = [painting_inputs(24, 16 + 8 * (seed % 2), seed) for seed in range(8)]
    alone = [runtime.run(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(runtime.run, pictures * 3))
    for outputs, wanted in zip(together, alone * 3, strict=True):
        np.testing.assert_array_equal(outputs["painted"], wanted["painted"])


def test_results_belong_to_the_caller(runtime: Runtime) -> None:
    first = runtime.run(painting_inputs(16, 16, seed=1))
    kept = first["painted"].copy()
    second = runtime.run(painting_inputs(16, 16, seed=2))
    np.testing.assert_array_equal(first["painted"], kept)
    assert not np.array_equal(second["painted"], kept)
    second["painted"][:] = 0


def test_inputs_may_lie_in_memory_as_they_like(runtime: Runtime) -> None:
    plain = painting_inputs(24, 24)
    wanted = runtime.run(plain)["painted"]
    odd = {name: np.asfortranarray(array) for name, array in plain.items()}
    odd["content"] = plain["content"][:, ::-1].copy()[:, ::-1]
    for array in odd.values():
        array.flags.writeable = False
    np.testing.assert_array_equal(runtime.run(odd)["painted"], wanted)


def test_it_says_what_it_is(runtime: Runtime, network: bytes) -> None:
    assert runtime.name in NAMES
    description = runtime.describe()
    product = {"o": "O", "t": "PyTorch", "c": "PyTorch"}[runtime.name[0]]
    assert description.startswith(product) and "\n" not in description
    assert any(precision in description for precision in ("fp32", "bf16", "int8", "float32", "bfloat16"))


@pytest.mark.parametrize(
    "change",
    [
        {"content": np.zeros((1, 3, 16, 16), np.float64)},
        {"content": np.zeros((1, 4, 16, 16), np.float32)},
        {"content": np.zeros((3, 16, 16), np.float32)},
        {"content": np.zeros((1, 3, 24, 16), np.float32)},
        {"mask": np.zeros((1, 1, 16, 16), np.float32)},
        {"noise": None},
    ],
)
def test_inputs_that_do_not_fit_are_refused(runtime: Runtime, change: dict[str, Any]) -> None:
    inputs = {name: array for name, array in (painting_inputs(16, 16) | change).items() if array is not None}
    with pytest.raises(StyleFileError, match=r"^The style's network cannot be run: .") as raised:
        runtime.run(inputs)
    assert "\n" not in str(raised.value)
    assert runtime.run(painting_inputs(16, 16))["painted"].shape == (1, 3, 16, 16)


def test_sides_that_are_no_multiples_are_refused(runtime: Runtime) -> None:
    inputs = {name: array[..., :20] for name, array in painting_inputs(16, 24).items()}
    with pytest.raises(StyleFileError, match="cannot be run"):
        runtime.run(inputs)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("model", [b"", b"garbage", b"\x08\x07"])
def test_what_is_no_model_is_refused(name: str, model: bytes) -> None:
    with pytest.raises(StyleFileError, match="cannot be loaded"):
        load_or_skip(name, model)


@pytest.mark.parametrize("name", NAMES)
def test_a_strangers_numbers_must_be_in_the_model(name: str, network: bytes) -> None:
    import onnx

    model = onnx.load_from_string(network)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(StyleFileError, match="outside"):
        load_or_skip(name, model.SerializeToString())


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_cannot_take_all_memory(name: str) -> None:
    greedy = load_or_skip(name, enlarging_model(16))
    small, large = (np.zeros((1, 3, side, side), np.float32) for side in (2, 1024))
    assert greedy.run({"x": small})["y"].shape == (1, 3, 32, 32)
    with pytest.raises(StyleFileError, match="cannot be run"):
        greedy.run({"x": large})
    assert greedy.run({"x": small})["y"].shape == (1, 3, 32, 32)


@pytest.mark.parametrize("name", WEIGHED)
def test_what_could_not_be_run_on_any_photo_is_refused_at_once(name: str) -> None:
    with pytest.raises(StyleFileError, match=r"cannot be loaded: it would take .* MiB"):
        load_or_skip(name, enlarging_model(100, depth=4))


@pytest.mark.parametrize("name", WEIGHED)
def test_operations_that_are_not_weighed_are_refused_by_name(name: str) -> None:
    model = model_of([node("Erf", ["x"], "e"), node("Expand", ["e", "shape"], "y")], {"x": PICTURE}, ["y"])
    with pytest.raises(UsageError, match=rf"holds Erf, Expand.*'{name}'.*use the runtime 'onnx'"):
        load_or_skip(name, model)


def test_an_unknown_name_leads_to_near_ones(network: bytes) -> None:
    with pytest.raises(UsageError, match="no runtime 'OpenVINO-int4'; use one of: openvino-int8, openvino"):
        load_runtime(network, "OpenVINO-int4")
    with pytest.raises(UsageError, match="use one of: auto, onnx, openvino, openvino-bf16, openvino-int8, cuda, torch"):
        load_runtime(network, "xyz")


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("openvino", "openvino", "openvino"), ("openvino-int8", "openvino", "openvino"), ("cuda", "torch", "learn")],
)
def test_a_missing_package_is_named_with_how_to_install_it(
    name: str, package: str, extra: str, network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(package, monkeypatch)
    with pytest.raises(MissingExtraError, match=rf"^The runtime '{name}' needs: pip install 'impasto\[{extra}\]'$"):
        load_runtime(network, name)
    assert name not in available_runtimes()


def hide(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))


def test_the_gpu_is_asked_for_only_where_there_is_one(network: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(runtimes, "_NVIDIA_DRIVERS", (Path("/nowhere"),))
    assert "cuda" not in available_runtimes()
    with pytest.raises(UsageError, match="'cuda' needs an NVIDIA GPU"):
        load_runtime(network, "cuda")
    monkeypatch.setattr(runtimes, "_NVIDIA_DRIVERS", (Path("/"),))
    assert "cuda" in available_runtimes()
    assert load_runtime(network).name != "cuda"


def test_auto_is_never_coarse_and_says_what_it_is(network: bytes, expected: Outputs) -> None:
    runtime = load_runtime(network)
    assert runtime.name in available_runtimes()
    assert runtime.name != "openvino-int8"
    assert_same(runtime, runtime.run(painting_inputs()), expected)


class CoreWith:
    """The core, on a processor that can do these things."""

    def __init__(self, capabilities: list[str]) -> None:
        self.capabilities = capabilities

    def get_property(self, *_: str) -> list[str]:
        return self.capabilities

    def __getattr__(self, name: str) -> Any:
        return getattr(openvino_core(), name)


def test_auto_takes_openvino_before_onnx_and_bf16_where_the_processor_has_it(
    network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without_openvino()
    monkeypatch.setattr(runtimes, "_NVIDIA_DRIVERS", ())
    for capabilities, name in ((["FP32", "BF16"], "openvino-bf16"), (["FP32"], "openvino")):
        core = CoreWith(capabilities)
        monkeypatch.setattr(openvino_runtime, "openvino_core", lambda core=core: core)
        assert load_runtime(network).name == name
    with pytest.raises(UsageError, match="a processor that has bfloat16"):
        load_runtime(network, "openvino-bf16")


def test_auto_does_with_onnx_what_others_do_not(network: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    unusual = model_of([node("Erf", ["x"], "y")], {"x": PICTURE}, ["y"])
    assert load_runtime(unusual).name == "onnx"
    with pytest.raises(StyleFileError, match="cannot be loaded"):
        load_runtime(b"garbage")
    hide("openvino", monkeypatch)
    monkeypatch.setattr(runtimes, "_NVIDIA_DRIVERS", ())
    assert load_runtime(network).name == "onnx"


def test_auto_survives_a_broken_installation(network: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without_openvino()
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr(openvino_runtime, "openvino_core", lambda: import_openvino().Core())
    assert load_runtime(network).name == "onnx"


def test_torch_computes_in_bfloat16_as_it_would_on_a_gpu(network: bytes, expected: Outputs) -> None:
    torch = pytest.importorskip("torch")
    from impasto.style.torch_runtime import TorchRuntime

    runtime = TorchRuntime(network, "cpu", torch.bfloat16)
    assert "bfloat16" in runtime.describe()
    outputs = runtime.run(painting_inputs())
    mean, largest = TOLERANCES["cuda"]
    difference = np.abs(outputs["painted"] - expected["painted"])
    assert 0.01 / 255 < difference.mean() < mean and difference.max() < largest
    np.testing.assert_array_equal(outputs["next_state"], expected["next_state"])


def test_only_the_sizes_last_used_are_held(network: bytes) -> None:
    skip_without_openvino()
    runtime = load_runtime(network, "openvino")
    wanted = runtime.run(painting_inputs(8, 8))["painted"]
    for side in range(8, 8 * 13, 8):
        runtime.run(painting_inputs(8, side))
    assert len(runtime._networks._held) == 9
    np.testing.assert_array_equal(runtime.run(painting_inputs(8, 8))["painted"], wanted)


def test_openvino_tells_nobody(tmp_path: Path) -> None:
    """Its own import writes a number that it knows the user by into the home folder."""
    skip_without_openvino()
    code = """
import sys
from impasto.style.openvino_library import import_openvino, openvino_core
opened = []
sys.addaudithook(lambda event, args: opened.append(args) if event.startswith("socket.") else None)
openvino = import_openvino()
openvino_core()
assert not opened, opened
assert not any(name.startswith("openvino_telemetry") for name in sys.modules)
assert import_openvino() is openvino
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["openvino", "openvino-int8"])
@pytest.mark.parametrize("goes_in", ["order", "another thread"])
def test_ctrl_c_is_heard_once_networks_have_gone(name: str, goes_in: str, network: bytes, tmp_path: Path) -> None:
    """As when styles are changed while live pictures run; the memory for signals must not go along."""
    skip_without_openvino()
    code = """
import faulthandler, gc, signal, sys, threading
from impasto.style.runtimes import load_runtime

faulthandler.enable()  # as pytest does: signals then have a stack of their own
heard = []
signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
network, (name, goes_in) = sys.stdin.buffer.read(), sys.argv[1:]
held = [load_runtime(network, name), load_runtime(network, name)]
for _ in range(2):
    if goes_in == "order":
        del held[0]
    else:
        thread = threading.Thread(target=held.pop)
        thread.start()
        thread.join()
    gc.collect()
    signal.raise_signal(signal.SIGINT)
assert len(heard) == 2
"""
    run = subprocess.run(
        [sys.executable, "-c", code, name, goes_in],
        env=os.environ | {"HOME": str(tmp_path)},
        input=network,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
