"""A network in 8-bit integers follows the one in floats, and what was measured for it is kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.style.onnx_graph import read_graph
from impasto.style.runtime import OnnxRuntime
from impasto.style.runtimes import available_runtimes, load_runtime

from .painting_network import NUM_BLOCKS, painting_inputs, painting_network
from .small_models import PICTURE, model_of, node

if "openvino" not in available_runtimes():
    pytest.skip("openvino is not available here", allow_module_level=True)

NETWORK = painting_network()
NUM_FEATURE_CONVOLUTIONS = 2 + 2 * NUM_BLOCKS + 2 * 2 + 1
"""All but the first, which reads pixels."""


@pytest.fixture(autouse=True)
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *args, **options: tmp_path)
    return tmp_path / "int8"


def painted(model: bytes = NETWORK, **options: Any) -> NDArray[np.float32]:
    return load_runtime(model, "openvino-int8", **options).run(painting_inputs())["painted"]


def error(picture: NDArray[np.float32]) -> float:
    return float(np.abs(picture - OnnxRuntime(NETWORK).run(painting_inputs())["painted"]).mean() * 255)


def test_it_is_rounded_but_close() -> None:
    assert 0.1 < error(painted()) < 1


def test_pictures_like_those_to_come_serve_as_well() -> None:
    pictures = [painting_inputs(40, 40, seed) for seed in range(3)]
    assert 0.1 < error(painted(calibration=pictures)) < 1


def test_what_it_is_calibrated_on_matters() -> None:
    """Black pictures show nothing of the range that features have in others."""
    black = {name: array * np.float32(0.01) for name, array in painting_inputs().items()}
    assert error(painted(calibration=[black])) > 2 * error(painted())


def test_charts_span_the_colours_and_are_the_same_each_time() -> None:
    from impasto.style.openvino_int8 import calibration_charts

    charts, again = calibration_charts(read_graph(NETWORK)), calibration_charts(read_graph(NETWORK))
    for chart, other in zip(charts, again, strict=True):
        assert chart.keys() == {"content", "state", "noise"}
        assert all(np.array_equal(chart[name], other[name]) for name in chart)
        assert chart["content"].min() == 0 and chart["content"].max() == 1
        assert chart["content"].std() > 0.15
        np.testing.assert_array_equal(chart["content"], chart["state"])
        assert chart["noise"].shape == (1, 1, *chart["content"].shape[2:])
    assert not np.array_equal(charts[0]["content"], charts[1]["content"])


def rounded(model: bytes, **options: Any) -> NDArray[np.float32]:
    return load_runtime(model, "openvino-int8", **options).run({"x": painting_inputs()["content"]})["y"]


def test_what_was_measured_is_kept(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = painted()
    (path,) = cache_dir.iterdir()
    assert len(json.loads(path.read_text())) == NUM_FEATURE_CONVOLUTIONS
    monkeypatch.setattr("impasto.style.openvino_int8._measured_ranges", None)
    np.testing.assert_array_equal(painted(), first)


def test_other_networks_and_other_pictures_are_measured_anew(cache_dir: Path) -> None:
    rounded(convolution_model())
    rounded(convolution_model(seed=1))
    for seed in (1, 2, 2):
        rounded(convolution_model(), calibration=[{"x": painting_inputs(seed=seed)["content"]}])
    assert len(list(cache_dir.iterdir())) == 4


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": [0, 1]}', "null", '{"x": 3}', "\x00", "reversed"])
def test_a_broken_cache_is_measured_anew(content: str, cache_dir: Path) -> None:
    wanted = rounded(convolution_model())
    (path,) = cache_dir.iterdir()
    whole = path.read_text()
    reverse = json.dumps({name: [1.0, 0.0] for name in json.loads(whole)})
    path.write_text(reverse if content == "reversed" else content)
    np.testing.assert_array_equal(rounded(convolution_model()), wanted)
    assert path.read_text() == whole


def test_no_cache_can_be_written(cache_dir: Path) -> None:
    wanted = rounded(convolution_model())
    shutil.rmtree(cache_dir)
    cache_dir.write_text("a file where the folder belongs")
    np.testing.assert_array_equal(rounded(convolution_model()), wanted)


def convolution_model(*, reused: bool = False, seed: int = 0) -> bytes:
    """Two convolutions in a row; the first's result may be an output as well."""
    random = np.random.default_rng(seed)
    numbers = {
        "w0": random.normal(0, 0.3, (8, 3, 3, 3)).astype(np.float32),
        "w1": random.normal(0, 0.2, (3, 8, 3, 3)).astype(np.float32),
    }
    nodes = [node("Conv", ["x", "w0"], "features", pads=[1] * 4), node("Conv", ["features", "w1"], "y", pads=[1] * 4)]
    return model_of(nodes, {"x": PICTURE}, ["y", "features"] if reused else ["y"], numbers)


def test_an_output_that_is_also_a_feature_is_not_rounded() -> None:
    inputs = {"x": painting_inputs()["content"]}
    wanted = OnnxRuntime(convolution_model(reused=True)).run(inputs)
    outputs = load_runtime(convolution_model(reused=True), "openvino-int8").run(inputs)
    # The first convolution, which reads pixels, may be in bfloat16: 8 bits of each number, far from 256 steps of all.
    np.testing.assert_allclose(outputs["features"], wanted["features"], rtol=0.02, atol=0.01)
    assert len(np.unique(outputs["features"][0, 0])) > 300
    assert np.abs(outputs["y"] - wanted["y"]).max() > 0.003


def test_weights_that_are_computed_are_left_alone() -> None:
    numbers = {"w": np.full((3, 3, 1, 1), 0.25, np.float32), "k": np.float32(2)}
    nodes = [
        node("Conv", ["x", "w"], "features"),
        node("Mul", ["w", "k"], "doubled"),
        node("Conv", ["features", "doubled"], "y"),
    ]
    inputs = {"x": painting_inputs()["content"]}
    model = model_of(nodes, {"x": PICTURE}, ["y"], numbers)
    wanted = OnnxRuntime(model).run(inputs)["y"]
    np.testing.assert_allclose(load_runtime(model, "openvino-int8").run(inputs)["y"], wanted, atol=0.02)
