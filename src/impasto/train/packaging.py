"""From a trained generator to a style file that the applying side can read on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from impasto.style.file import StyleFile
from impasto.style.lut_member import pack_lut
from impasto.style.manifest import Manifest, Needs, Sources
from impasto.train.batches import Pool
from impasto.train.discriminator import Discriminator
from impasto.train.exported_network import compare_with, export_network, freeze_spectral_norms, preview_sheet
from impasto.train.gate_pictures import GatePictures, bytes_of
from impasto.train.look_generator import LookGenerator, apply_lut
from impasto.train.recipe import Recipe
from impasto.version import __version__


class _ClampedLook(nn.Module):
    """The generator as the style file holds it: its LUT stays within [0, 1]."""

    def __init__(self, generator: LookGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, thumbnail: Tensor) -> Tensor:
        lut: Tensor = self.generator(thumbnail).clamp(0, 1)
        return lut


class _Judge(nn.Module):
    """The discriminator with the stages of its encoder that it looks at, so that it runs where torch is not."""

    def __init__(self, discriminator: Discriminator) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.discriminator(images))


def export_generator(generator: LookGenerator, thumbnail_side: int) -> bytes:
    """Export to ONNX, run the file, and compare it with the network.

    Returns
    -------
    bytes
        A model from `thumbnail` float32 (1, 3, S, S) to `lut` float32 (1, N, N, N, 3).

    Raises
    ------
    TrainingError
        If the exported model disagrees with the network.
    """
    network = _ClampedLook(generator).eval()
    thumbnail = torch.rand(1, 3, thumbnail_side, thumbnail_side, generator=torch.Generator().manual_seed(0))
    model = export_network(network, thumbnail, "thumbnail", ["lut"])
    with torch.no_grad():
        compare_with(model, {"thumbnail": thumbnail}, [network(thumbnail)])
    return model


def export_discriminator(discriminator: Discriminator, side: int) -> bytes:
    """Export to ONNX: `images` float32 (B, 3, side, side) to one logit map a head; B is free.

    The outputs are `logits_K` for each stage K of the encoder that is judged, `logits_color` and `logits_exposure`.

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
    outputs = [f"logits_{stage}" for stage in discriminator.stages] + ["logits_color", "logits_exposure"]
    model = export_network(network, images, "images", outputs, free_batch=True)
    compare_with(model, {"images": images}, expected)
    return model


def pack_weights(generator: LookGenerator, discriminator: Discriminator) -> bytes:
    """Return what learning can go on from, as safetensors in half precision."""
    tensors = {f"generator.{name}": t for name, t in generator.state_dict().items()}
    tensors |= {f"discriminator.{name}": t for name, t in discriminator.state_dict().items()}
    return save({name: t.detach().cpu().half().contiguous() for name, t in tensors.items()})


@torch.no_grad()
def make_preview(generator: nn.Module, pictures: Sequence[Tensor], thumbnails: Tensor) -> bytes:
    """Return a JPEG of pictures before (above) and after (below); each picture is 1×3×H×W in [0, 1]."""
    pairs = zip(pictures, thumbnails, strict=True)
    after = [apply_lut(picture, generator(thumbnail[None])).clamp(0, 1) for picture, thumbnail in pairs]
    return preview_sheet(pictures, after)


def describe_look(
    name: str, description: str, recipe: Recipe, sources: Sources, metrics: Mapping[str, float]
) -> Manifest:
    """Return the manifest of a freshly learned look."""
    return Manifest(
        name=name,
        family="look",
        description=description,
        created=date.today(),
        impasto_version=__version__,
        needs=Needs(thumbnail_side=recipe.thumbnail_side, lut_size=recipe.lut_size),
        recipe=recipe.as_json(),
        sources=sources,
        metrics=dict(metrics),
    )


@torch.no_grad()
def _graded(generator: nn.Module, picture: NDArray[np.uint8], thumbnail_side: int) -> NDArray[np.uint8]:
    pool = Pool([picture], thumbnail_side)
    return bytes_of(apply_lut(pool.picture(0), generator(pool.thumbnails).clamp(0, 1)).clamp(0, 1))


def pack_style(
    manifest: Manifest, generator: LookGenerator, discriminator: Discriminator, lut: Tensor, preview: bytes | None,
    gate_pictures: GatePictures | None = None,
) -> StyleFile:  # fmt: skip
    """Export the networks, calibrate the gate and put a style together.

    The discriminator's spectral norms are frozen by it.
    """
    recipe = Recipe.from_json(manifest.recipe)
    judge = export_discriminator(discriminator, recipe.crop_side)
    if gate_pictures is not None:
        gate = gate_pictures.calibrate(judge, lambda picture: _graded(generator, picture, recipe.thumbnail_side))
        manifest = manifest.model_copy(update={"gate": gate})
    return StyleFile(
        manifest,
        generator=export_generator(generator, recipe.thumbnail_side),
        weights=pack_weights(generator, discriminator),
        discriminator=judge,
        preview=preview,
        mean_lut=pack_lut(lut.numpy()),
    )
