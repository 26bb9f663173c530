from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from impasto.errors import MissingExtraError, StyleFileError, TrainingError, UsageError
from impasto.style.file import save_style
from impasto.style.onnx_graph import initializers, read_graph
from impasto.style.runtime import OnnxRuntime
from impasto.train import paint_export
from impasto.train.paint_export import export_paint, restore_weights
from impasto.train.paint_generator import PaintGenerator, held_content
from impasto.train.trunk import keep_vector, load_start, load_trunk, pack_weights, save_trunk, scaled_widths

from .painting import TINY_PAINT, WIDTHS, paint_with, small_generator

STRENGTH = 0.2


def random_inputs(height: int, width: int, seed: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    content = random.random((1, 3, height, width), np.float32)
    return {"content": content, "state": content, "noise": random.standard_normal((1, 1, height, width), np.float32)}


@pytest.fixture(scope="module")
def generator() -> PaintGenerator:
    return small_generator()


@pytest.fixture(scope="module")
def exported(generator: PaintGenerator) -> bytes:
    return export_paint(generator, STRENGTH)


# --- the network that is applied ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 88), (104, 24)])
def test_the_exported_network_is_the_network(
    generator: PaintGenerator, exported: bytes, height: int, width: int
) -> None:
    inputs = random_inputs(height, width)
    outputs = OnnxRuntime(exported).run(inputs)
    content, noise = (torch.from_numpy(inputs[name]) for name in ("content", "noise"))
    generator.eval()
    with torch.no_grad():
        expected = generator(content, noise * STRENGTH, torch.tensor([0])).clamp(0, 1).numpy()
    border = min(16, height // 3, width // 3)
    inner = (..., slice(border, -border), slice(border, -border))
    # Weights are stored in half precision.
    assert np.abs(outputs["painted"] - expected)[inner].max() < 0.01
    assert np.abs(outputs["painted"] - inputs["content"])[inner].mean() > 0.02, "it paints"
    assert np.array_equal(outputs["next_state"], inputs["content"]), "a still is not smoothed over time"


def test_the_interface_is_the_one_that_is_documented(exported: bytes) -> None:
    graph = read_graph(exported)
    assert graph.inputs == {"content": (1, 3, None, None), "state": (1, 3, None, None), "noise": (1, 1, None, None)}
    assert graph.outputs == ("painted", "next_state")
    plain = {"Conv", "LeakyRelu", "Add", "Sub", "Mul", "Abs", "Clip", "Concat", "Cast", "Resize", "ReduceMax"}
    assert {node.op_type for node in graph.nodes} <= plain | {"SpaceToDepth", "DepthToSpace"}


def test_large_numbers_are_stored_in_half_precision(exported: bytes) -> None:
    stored = initializers(exported)
    assert all(held.dtype == np.float16 for name, held in stored.items() if name.endswith(".weight"))
    assert {name for name in stored if name.endswith(".weight")} >= {"stem.weight", "blocks.1.second.weight"}


def test_the_state_holds_still_what_is_still(exported: bytes) -> None:
    inputs = random_inputs(64, 64)
    state = (inputs["content"] + 0.004 * np.sign(inputs["noise"])).clip(0, 1).astype(np.float32)
    state[..., :32] = 1 - inputs["content"][..., :32]
    held = OnnxRuntime(exported).run(inputs | {"state": state})["next_state"]
    expected = held_content(torch.from_numpy(inputs["content"]), torch.from_numpy(state)).numpy()
    assert np.abs(held - expected).max() < 1e-5
    assert np.abs(held - state)[..., 32:].max() < 0.5 * np.abs(inputs["content"] - state)[..., 32:].max()
    # Not where the change itself is small.
    moved = np.abs(inputs["content"] - state)[..., :32].max(axis=1) > 0.1
    assert np.abs(held - inputs["content"])[..., :32].max(axis=1)[moved].max() < 1e-5


def test_tiles_are_painted_as_within_the_whole(exported: bytes) -> None:
    runtime, inputs = OnnxRuntime(exported), random_inputs(320, 64)
    whole = runtime.run(inputs)["painted"]
    tile = runtime.run({name: np.ascontiguousarray(array[..., :256, :]) for name, array in inputs.items()})["painted"]
    assert np.abs(whole[..., :128, :] - tile[..., :128, :]).max() < 1e-5


def test_noise_of_no_strength_changes_nothing(generator: PaintGenerator) -> None:
    runtime, inputs = OnnxRuntime(export_paint(generator, 0.0)), random_inputs(64, 64)
    first, second = (runtime.run(inputs | {"noise": inputs["noise"] * k})["painted"] for k in (1, 5))
    assert np.array_equal(first, second)


def test_styles_of_one_network_have_one_graph() -> None:
    generator = small_generator(num_styles=2)
    models = [export_paint(generator, STRENGTH, style) for style in (0, 1)]
    first, second = (initializers(model) for model in models)
    assert {name: held[:2] for name, held in first.items()} == {name: held[:2] for name, held in second.items()}
    assert models[0] != models[1]


def test_an_export_leaves_the_network_as_it_was(generator: PaintGenerator) -> None:
    before = paint_with(generator)
    export_paint(generator, STRENGTH)
    assert torch.equal(paint_with(generator), before)
    assert not generator.stem.is_folded


def test_an_export_that_disagrees_is_not_kept(generator: PaintGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_export, "NOISE_SCALE", 9.0)
    with pytest.raises(TrainingError, match="the exported network differs from the trained one by"):
        export_paint(generator, STRENGTH)


def test_a_grey_style_is_grey_and_has_the_graph_of_the_others(generator: PaintGenerator, exported: bytes) -> None:
    grey = copy.deepcopy(generator)
    grey.paint_in_grey(True)
    model = export_paint(grey, STRENGTH)
    painted = OnnxRuntime(model).run(random_inputs(64, 64))["painted"]
    assert np.ptp(painted, axis=1).max() < 0.005
    held, other = initializers(model), initializers(exported)
    assert {name: each[:2] for name, each in held.items()} == {name: each[:2] for name, each in other.items()}
    assert torch.equal(restored(grey, model).color_matrix, grey.color_matrix)


def test_what_is_not_learned_is_exact(exported: bytes) -> None:
    """In half precision, the weights of red, green and blue do not add up: strong contrast would show it."""
    held = {name: array for name, array in initializers(exported).items() if name.endswith(".kernel")}
    assert {name.split(".")[0] for name in held} == {"cells", "spread", "smoothing", "from_eighth", "from_quarter"}
    assert all(array.dtype == np.float32 for array in held.values())
    grey = small_generator()
    grey.paint_in_grey(True)
    with torch.no_grad():
        grey.pixels.gain.fill_(6.0)
    flat = {**random_inputs(64, 64), "content": np.full((1, 3, 64, 64), 0.5, np.float32)}
    painted = OnnxRuntime(export_paint(grey, STRENGTH)).run(flat | {"state": flat["content"]})["painted"]
    assert np.ptp(painted, axis=1).max() < 1e-5


# --- and back -------------------------------------------------------------------------------------------------------


def restored(generator: PaintGenerator, model: bytes, strength: float = STRENGTH) -> PaintGenerator:
    weights = {name: tensor.float() for name, tensor in load(pack_weights(generator)).items()}
    again = PaintGenerator(len(weights["vectors"]), generator.widths, generator.num_blocks)
    again.load_state_dict(weights, strict=False)
    restore_weights(again, model, strength)
    return again


def test_learning_can_go_on_from_what_is_applied(generator: PaintGenerator, exported: bytes) -> None:
    again = restored(generator, exported)
    assert (paint_with(again) - paint_with(generator)).abs().max() < 0.01
    assert torch.allclose(again.stem.weight, generator.stem.weight, atol=2e-3, rtol=2e-3)
    # The kernels of strides are stored blurred.
    assert torch.allclose(again.to_eighth.weight, generator.to_eighth.weight, atol=0.02, rtol=0.02)


def test_nothing_is_stored_twice(generator: PaintGenerator) -> None:
    held = load(pack_weights(generator))
    assert "stem.gain" in held
    assert "vectors" in held
    assert not any(name.endswith(".weight") for name in held)


def test_without_noise_its_weights_are_nought(generator: PaintGenerator) -> None:
    again = restored(generator, export_paint(generator, 0.0), 0.0)
    assert again.stem.weight[:, 12:].abs().max() == 0
    assert torch.isfinite(again.stem.weight).all()


# --- trunks ---------------------------------------------------------------------------------------------------------


def test_a_trunk_is_saved_and_loaded(tmp_path: Path) -> None:
    generator = small_generator(num_styles=3)
    digest = save_trunk(generator, tmp_path / "trunk.safetensors")
    start = load_trunk(tmp_path / "trunk.safetensors")
    assert start.trunk == digest
    assert (start.generator.widths, start.generator.num_blocks, len(start.generator.vectors)) == (WIDTHS, 2, 3)
    for style in range(3):
        assert (paint_with(start.generator, style) - paint_with(generator, style)).abs().max() < 0.02


def test_a_trunk_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match="came without its trunk; learn with --from none"):
        load_trunk(tmp_path / "trunk.safetensors")


def test_a_damaged_trunk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trunk.safetensors"
    path.write_bytes(b"no tensors")
    with pytest.raises(StyleFileError, match="is damaged"):
        load_trunk(path)
    path.write_bytes(pack_weights(small_generator()))
    with pytest.raises(StyleFileError, match="is no trunk of this Impasto"):
        load_trunk(path)


def test_a_generator_is_left_one_style() -> None:
    generator = small_generator(num_styles=3)
    expected = paint_with(generator, 2)
    assert torch.equal(paint_with(keep_vector(generator, generator.vectors[2])), expected)
    assert generator.vectors.shape[0] == 1
    assert generator.vectors.requires_grad


def test_from_nothing_a_network_has_the_width_that_was_asked_for() -> None:
    start = load_start(TINY_PAINT)
    assert start.trunk is None
    assert start.generator.widths == scaled_widths(0.5) == (16, 32, 48)
    same, other = load_start(TINY_PAINT), load_start(replace(TINY_PAINT, seed=8))
    assert torch.equal(start.generator.stem.weight, same.generator.stem.weight)
    assert not torch.equal(start.generator.stem.weight, other.generator.stem.weight)


@pytest.mark.parametrize(("width", "widths"), [(1.0, (32, 48, 96)), (0.1, (16, 16, 16)), (2.0, (64, 96, 192))])
def test_widths_are_what_processors_work_on_at_once(width: float, widths: tuple[int, ...]) -> None:
    assert scaled_widths(width) == widths


def test_a_look_is_no_start(tmp_path: Path) -> None:
    from datetime import date

    from impasto.style.file import StyleFile
    from impasto.style.manifest import Manifest, Needs

    needs = Needs(thumbnail_side=8, lut_size=5)
    manifest = Manifest(name="warm", family="look", created=date(2026, 12, 1), impasto_version="0.1", needs=needs)
    save_style(StyleFile(manifest, b"a network"), tmp_path / "warm.style")
    recipe = replace(TINY_PAINT, start=str(tmp_path / "warm.style"), width=1.0)
    with pytest.raises(UsageError, match=r"warm\.style is a look; paint starts from a paint style"):
        load_start(recipe)
