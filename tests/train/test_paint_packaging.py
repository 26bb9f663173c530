from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from impasto.errors import NoReferencesError, TrainingError
from impasto.gate.judge import Judge
from impasto.style.manifest import Sources
from impasto.style.runtime import OnnxRuntime
from impasto.train import exported_network
from impasto.train.paint_discriminator import PaintDiscriminator
from impasto.train.paint_features import ColorTwist, PaintFeatures
from impasto.train.paint_material import GivenPictures, PaintMaterial, prepare_paint_material
from impasto.train.paint_packaging import describe_paint, export_paint_discriminator, pack_paint, paint_picture

from .painting import TINY_PAINT, save_strokes, small_generator, strokes
from .pictures import save_scenes
from .tiny_encoder import TinyEncoder


def trained_discriminator() -> PaintDiscriminator:
    torch.manual_seed(3)
    discriminator = PaintDiscriminator(PaintFeatures(TinyEncoder(), (0, 1)))
    discriminator.measure(discriminator.features.texture(torch.rand(2, 3, 64, 64)))
    for _ in range(3):
        discriminator(torch.rand(2, 3, 64, 64))  # the power iterations of the spectral norms
    return discriminator.eval()


# --- the judge ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judge() -> bytes:
    return export_paint_discriminator(trained_discriminator(), 64)


def test_the_exported_discriminator_judges_alike(judge: bytes) -> None:
    discriminator = trained_discriminator()
    images = torch.rand(2, 3, 64, 64)
    grey = ColorTwist(torch.zeros(2), torch.zeros(2))(images)
    with torch.no_grad():
        expected = discriminator(grey)
    outputs = OnnxRuntime(judge).run({"images": images.numpy()})
    assert list(outputs) == ["logits_0", "logits_1", "logits_half_0", "logits_half_1"]
    for logits, want in zip(outputs.values(), expected, strict=True):
        assert np.abs(logits - want.numpy()).max() < 1e-4


def test_it_judges_no_colours(judge: bytes) -> None:
    images = torch.rand(1, 3, 64, 64)
    twisted = ColorTwist(torch.tensor([2.0]), torch.tensor([1.0]))(images)
    first, second = (OnnxRuntime(judge).run({"images": each.numpy()}) for each in (images, twisted))
    # Luma of a turned colour is the same but for what JPEG's numbers are rounded by.
    assert all(np.abs(first[name] - second[name]).max() < 0.05 for name in first)


def test_the_gate_reads_it(judge: bytes) -> None:
    judged = Judge(judge)(strokes(1, 150, 140))
    assert "logits_half_1_mean" in judged.scores
    assert judged.map.ndim == 2


def test_a_judge_that_disagrees_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exported_network, "_TOLERANCE", -1.0)
    with pytest.raises(TrainingError, match="differs from the trained one"):
        export_paint_discriminator(trained_discriminator(), 64)


# --- pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(48, 64), (51, 77), (30, 9)])
def test_pictures_of_any_size_are_painted(height: int, width: int) -> None:
    picture = torch.rand(1, 3, height, width)
    painted = paint_picture(small_generator().eval(), picture, TINY_PAINT)
    assert painted.shape == picture.shape
    assert painted.min() >= 0
    assert painted.max() <= 1
    assert not painted.requires_grad


def test_borders_are_painted_as_the_middle_is() -> None:
    generator = small_generator().eval()
    flat = torch.full((1, 3, 96, 96), 0.6)
    painted = paint_picture(generator, flat, replace(TINY_PAINT, noise="none"))
    edge, middle = painted[..., :3, :].mean(), painted[..., 40:56, 40:56].mean()
    assert abs(float(edge - middle)) < 0.02


def test_a_style_without_gate_pictures_has_no_gate() -> None:
    manifest = describe_paint("hatch", "", TINY_PAINT, Sources(), {"texture_distance": 0.1}, "7" * 64)
    assert manifest.needs.trunk == "7" * 64
    assert manifest.needs.simplification == TINY_PAINT.simplification > 0
    style = pack_paint(manifest, small_generator(), trained_discriminator(), [torch.rand(1, 3, 64, 64)])
    assert style.manifest.gate is None
    assert None not in (style.generator, style.discriminator, style.weights, style.preview)


# --- material -------------------------------------------------------------------------------------------------------


def prepared(references: Path, content: Path | None, pick: int | None = None) -> tuple[PaintMaterial, list[str]]:
    said: list[str] = []
    encoder = TinyEncoder()
    given = GivenPictures([references], [content] if content else [], pick)
    features = PaintFeatures(encoder, TINY_PAINT.stages)
    return prepare_paint_material(given, TINY_PAINT, encoder, features, said.append), said


def test_pictures_are_held_at_the_sizes_of_the_recipe(tmp_path: Path) -> None:
    material, said = prepared(save_strokes(tmp_path / "a", 4), save_scenes(tmp_path / "b", 4, side=200))
    assert said == ["references: 4 of 4 pictures", "content: 4 of 4 pictures"]
    [references] = material.source.references
    assert min(references.picture(0).shape[-2:]) == TINY_PAINT.reference_side
    assert min(material.source.content.picture(0).shape[-2:]) == TINY_PAINT.working_side
    assert len(references) == len(material.source.content) == 3, "one of each validates"
    assert material.shown() == [0]
    assert material.gate_pictures.side == TINY_PAINT.working_side


def test_without_content_there_is_some(tmp_path: Path) -> None:
    material, said = prepared(save_strokes(tmp_path / "a", 3), None)
    assert material.content is None
    assert said[-1].startswith("content: none given, so the references without their brushwork take its place")
    reference, content = material.source.references[0].picture(0), material.source.content.picture(0)

    def roughness(image: torch.Tensor) -> float:
        return float((image[..., 1:] - image[..., :-1]).abs().mean())

    assert roughness(content) < roughness(reference)


def test_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoReferencesError, match="references: no pictures"):
        prepared(tmp_path / "empty", None)
