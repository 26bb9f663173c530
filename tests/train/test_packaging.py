from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load
from torch import Tensor

from impasto.apply.look import LookStylizer, predict_lut
from impasto.apply.stylizer import State
from impasto.errors import TrainingError
from impasto.media.frame import Frame
from impasto.style.file import StyleFile, load_style, save_style
from impasto.style.lut_member import unpack_lut
from impasto.style.manifest import Manifest, Sources
from impasto.style.runtime import OnnxRuntime
from impasto.train import packaging
from impasto.train.batches import Pool
from impasto.train.discriminator import Discriminator
from impasto.train.look_generator import LookGenerator, apply_lut
from impasto.train.packaging import (
    describe_look,
    export_discriminator,
    export_generator,
    make_preview,
    pack_style,
    pack_weights,
)
from impasto.train.recipe import Recipe
from impasto.train.validation import mean_lut

from .pictures import scene, scenes
from .tiny_encoder import TinyEncoder

SIDE = 8


def trained_generator(seed: int = 1, num_adaptive: int = 2, lut_size: int = 9) -> LookGenerator:
    """Return a generator that has a look: smooth, dependent on the picture, out of range in places."""
    torch.manual_seed(seed)
    generator = LookGenerator(lut_size, num_adaptive)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.06)
    return generator


@pytest.fixture(scope="module")
def generator() -> LookGenerator:
    return trained_generator()


@pytest.fixture(scope="module")
def exported(generator: LookGenerator) -> Iterator[bytes]:
    yield export_generator(generator, SIDE)


# --- the generator --------------------------------------------------------------------------------------------------


def test_the_exported_generator_is_the_generator(generator: LookGenerator, exported: bytes) -> None:
    runtime = OnnxRuntime(exported)
    for seed in range(5):
        thumbnail = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
        outputs = runtime.run({"thumbnail": thumbnail.numpy()})
        assert set(outputs) == {"lut"}
        assert outputs["lut"].dtype == np.float32
        assert np.abs(outputs["lut"] - generator(thumbnail).detach().clamp(0, 1).numpy()).max() < 1e-5


@pytest.mark.parametrize("num_adaptive", [0, 1, 3])
def test_generators_of_any_number_of_residuals_are_exported(num_adaptive: int) -> None:
    generator = trained_generator(2, num_adaptive, lut_size=5)
    lut = predict_lut(OnnxRuntime(export_generator(generator, 16)), np.full((16, 16, 3), 0.3, np.float32))
    expected = generator(torch.full((1, 3, 16, 16), 0.3))[0].detach().clamp(0, 1).numpy()
    assert np.abs(lut.table - expected).max() < 1e-4


def test_the_applying_side_grades_as_the_learning_side(generator: LookGenerator, exported: bytes) -> None:
    picture = scene(3, width=120, height=90)
    frame, _ = LookStylizer(OnnxRuntime(exported), thumbnail_side=SIDE)(Frame(picture), State())
    pool = Pool([picture], SIDE)
    with torch.no_grad():
        learned = apply_lut(pool.picture(0), generator(pool.thumbnails).clamp(0, 1))
    levels = learned[0].permute(1, 2, 0).numpy() * 255
    # Tetrahedral against trilinear interpolation in a coarse LUT, and rounding.
    assert np.abs(frame.pixels - levels).max() < 3
    assert np.abs(frame.pixels - levels).mean() < 0.5
    assert np.abs(frame.pixels.astype(float) - picture).mean() > 5, "the look does something"


def test_an_export_that_disagrees_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = export_generator(trained_generator(5, 0, 5), SIDE)
    monkeypatch.setattr(packaging, "export_network", lambda *_: wrong)
    with pytest.raises(TrainingError, match="the exported network differs from the trained one by"):
        export_generator(trained_generator(6, 0, 5), SIDE)


# --- the discriminator ----------------------------------------------------------------------------------------------


def trained_discriminator(stages: tuple[int, ...] = (0, 2)) -> Discriminator:
    torch.manual_seed(3)
    discriminator = Discriminator(TinyEncoder(), stages, num_channels=8)
    for _ in range(3):
        discriminator(torch.rand(2, 3, 32, 32))  # the power iterations of the spectral norms
    return discriminator


@pytest.mark.parametrize(("stages", "num_images"), [((0, 2), 1), ((0, 2), 5), ((1,), 2)])
def test_the_exported_discriminator_judges_alike(stages: tuple[int, ...], num_images: int) -> None:
    discriminator = trained_discriminator(stages)
    discriminator.eval()
    images = torch.rand(num_images, 3, 32, 32)
    with torch.no_grad():
        expected = discriminator(images)
    runtime = OnnxRuntime(export_discriminator(discriminator, 32))
    outputs = runtime.run({"images": images.numpy()})
    assert list(outputs) == [f"logits_{stage}" for stage in stages] + ["logits_color", "logits_exposure"]
    for name, logits in zip(outputs, expected, strict=True):
        assert np.abs(outputs[name] - logits.numpy()).max() < 1e-4


# --- weights and preview --------------------------------------------------------------------------------------------


def test_learning_can_go_on_from_the_weights(generator: LookGenerator) -> None:
    discriminator = trained_discriminator()
    tensors = load(pack_weights(generator, discriminator))
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    for prefix, module, other in (
        ("generator.", generator, LookGenerator(9, 2)),
        ("discriminator.", discriminator, Discriminator(TinyEncoder(), (0, 2), num_channels=8, seed=9)),
    ):
        own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        other.load_state_dict(own)
        for name, value in module.state_dict().items():
            assert torch.allclose(other.state_dict()[name], value, rtol=2e-3, atol=1e-4)


def test_a_preview_shows_before_above_after() -> None:
    class Invert(torch.nn.Module):
        def forward(self, thumbnails: Tensor) -> Tensor:
            return 1 - LookGenerator(5, 0)(thumbnails)

    pool = Pool([np.full((40, 70, 3), level, np.uint8) for level in (40, 230, 100)], SIDE)
    preview = make_preview(Invert(), [pool.picture(index) for index in range(3)], pool.thumbnails)
    image = Image.open(io.BytesIO(preview))
    assert image.format == "JPEG"
    side = image.height // 2
    assert image.size == (3 * side, 2 * side)
    middles = np.asarray(image)[side // 2 :: side, side // 2 :: side].mean(axis=-1)
    assert middles == pytest.approx(np.array([[40, 230, 100], [215, 25, 155]]), abs=3)


# --- the whole style ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return Recipe(
        steps=3, encoder="tiny", stages=(0, 2), crop_side=32, picture_side=40, thumbnail_side=SIDE, lut_size=33
    ).resolved(has_content=True)


@pytest.fixture(scope="module")
def manifest(recipe: Recipe) -> Manifest:
    sources = Sources.of(["ab" * 32, "cd" * 32], 5, "CC0")
    return describe_look("wedding", "Warm and soft.", recipe, sources, {"color_distance": 0.02})


@pytest.fixture(scope="module")
def style_path(manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = trained_generator(lut_size=33)
    torch.manual_seed(3)
    discriminator = Discriminator(TinyEncoder(), (0, 2))
    pool = Pool(scenes(4, width=200, height=200), SIDE)
    preview = make_preview(generator, [pool.picture(index) for index in range(4)], pool.thumbnails)
    lut = mean_lut(generator, pool.thumbnails)
    path = tmp_path_factory.mktemp("style") / "wedding.style"
    save_style(pack_style(manifest, generator, discriminator, lut, preview), path)
    return path


@pytest.fixture
def style(style_path: Path) -> StyleFile:
    return load_style(style_path)


def test_a_manifest_says_what_was_learned_from_what(manifest: Manifest, recipe: Recipe) -> None:
    assert (manifest.name, manifest.family, manifest.description) == ("wedding", "look", "Warm and soft.")
    assert manifest.created == date.today()
    assert Recipe.from_json(manifest.recipe) == recipe
    assert (manifest.needs.thumbnail_side, manifest.needs.lut_size) == (SIDE, 33)
    assert (manifest.sources.num_references, manifest.sources.num_content) == (2, 5)
    assert manifest.sources.license_note == "CC0"
    assert manifest.metrics == {"color_distance": 0.02}


def test_a_style_is_whole_and_small(style_path: Path, style: StyleFile) -> None:
    assert style_path.stat().st_size <= 2_000_000
    assert None not in (style.generator, style.discriminator, style.weights, style.preview, style.mean_lut)


def test_a_style_holds_no_pickle(style_path: Path) -> None:
    with zipfile.ZipFile(style_path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert members
    for name, content in members.items():
        assert not name.endswith((".pt", ".pth", ".pkl"))
        assert not content.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK")), name


def test_a_loaded_style_grades_as_it_was_learned(style: StyleFile) -> None:
    generator = trained_generator(lut_size=33)
    picture = scene(8, width=64, height=64)
    frame, _ = LookStylizer(OnnxRuntime(style.generator), thumbnail_side=SIDE)(Frame(picture), State())
    pool = Pool([picture], SIDE)
    with torch.no_grad():
        learned = apply_lut(pool.picture(0), generator(pool.thumbnails).clamp(0, 1))
    assert np.abs(frame.pixels - learned[0].permute(1, 2, 0).numpy() * 255).max() < 1.5


def test_the_mean_lut_of_a_style_is_that_of_its_generator(style: StyleFile) -> None:
    pool = Pool(scenes(4, width=200, height=200), SIDE)
    table = unpack_lut(style.mean_lut or b"")
    assert np.abs(table - mean_lut(trained_generator(lut_size=33), pool.thumbnails).numpy()).max() < 1e-3
