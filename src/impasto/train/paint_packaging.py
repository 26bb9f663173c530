"""From a trained generator of paint to a style file that the applying side can read on its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.style.file import StyleFile
from impasto.style.manifest import Manifest, Needs, Sources
from impasto.train.exported_network import compare_with, export_network, freeze_spectral_norms, preview_sheet
from impasto.train.gate_pictures import GatePictures, Image8, bytes_of
from impasto.train.paint_discriminator import PaintDiscriminator
from impasto.train.paint_export import export_paint
from impasto.train.paint_features import grey_of
from impasto.train.paint_generator import MULTIPLE, PaintGenerator
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.simplification import simplify
from impasto.train.trunk import pack_weights
from impasto.version import __version__

_MARGIN = 2 * MULTIPLE


class _Judge(nn.Module):
    """The discriminator with the stages of its encoder that it looks at; it sees pictures in grey."""

    def __init__(self, discriminator: PaintDiscriminator) -> None:
        super().__init__()
        self.discriminator = discriminator
        # Registered here, so that the exporter finds the frozen weights.
        self.encoder = discriminator.features.encoder

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.discriminator(grey_of(images)))


def export_paint_discriminator(discriminator: PaintDiscriminator, side: int) -> bytes:
    """Export to ONNX: `images` float32 (B, 3, side, side) to one logit map a head; B is free.

    The outputs are `logits_K` for each stage K of the encoder that is judged, and `logits_half_K` for the copy at half
    the size.

    Raises
    ------
    TrainingError
        If the exported model disagrees with the network.
    """
    freeze_spectral_norms(discriminator)
    network = _Judge(discriminator).eval()
    images = torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(images)
    stages = discriminator.features.stages
    outputs = [f"logits_{stage}" for stage in stages] + [f"logits_half_{stage}" for stage in stages]
    model = export_network(network, images, "images", outputs, free_batch=True)
    compare_with(model, {"images": images}, expected)
    return model


@torch.no_grad()
def paint_picture(generator: PaintGenerator, picture: Tensor, recipe: PaintRecipe) -> Tensor:
    """Paint 1×3×H×W in [0, 1], whatever its sides are multiples of.

    As where it is applied, a margin keeps the border from the zeros that the network sees beyond it.
    """
    height, width = picture.shape[-2:]
    padding = (_MARGIN, _MARGIN + -width % MULTIPLE, _MARGIN, _MARGIN + -height % MULTIPLE)
    padded = simplify(functional.pad(picture, padding, mode="replicate"), recipe.simplification)
    random = torch.Generator().manual_seed(0)
    noise = torch.randn(1, 1, *padded.shape[-2:], generator=random) * recipe.effective_noise
    painted: Tensor = generator(padded, noise, torch.zeros(1, dtype=torch.long)).clamp(0, 1)
    return painted[..., _MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width]


def describe_paint(
    name: str,
    description: str,
    recipe: PaintRecipe,
    sources: Sources,
    metrics: Mapping[str, float],
    trunk: str | None,
) -> Manifest:
    """Return the manifest of a freshly learned paint style."""
    return Manifest(
        name=name,
        family="paint",
        description=description,
        created=date.today(),
        impasto_version=__version__,
        needs=Needs(
            multiple=MULTIPLE,
            working_side=recipe.working_side,
            simplification=recipe.simplification,
            trunk=trunk,
        ),
        recipe=recipe.as_json(),
        sources=sources,
        metrics=dict(metrics),
    )


def pack_paint(
    manifest: Manifest,
    generator: PaintGenerator,
    discriminator: PaintDiscriminator,
    shown: list[Tensor],
    gate_pictures: GatePictures | None = None,
) -> StyleFile:
    """Export the networks, calibrate the gate and put a style together.

    The discriminator's spectral norms are frozen by it.

    Parameters
    ----------
    shown
        Pictures 1×3×H×W for the preview.
    """
    recipe = PaintRecipe.from_json(manifest.recipe)
    generator.eval()
    judge = export_paint_discriminator(discriminator, recipe.crop_side)
    if gate_pictures is not None:
        gate = gate_pictures.calibrate(judge, lambda picture: _painted(generator, picture, recipe))
        manifest = manifest.model_copy(update={"gate": gate})
    preview = preview_sheet(shown, [paint_picture(generator, picture, recipe) for picture in shown])
    return StyleFile(
        manifest,
        generator=export_paint(generator, recipe.effective_noise),
        weights=pack_weights(generator),
        discriminator=judge,
        preview=preview,
    )


def _painted(generator: PaintGenerator, picture: Image8, recipe: PaintRecipe) -> Image8:
    image = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255
    return bytes_of(paint_picture(generator, image, recipe))
