"""From a trained generator to a style file that the applying side can read on its own."""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils import parametrize

from impasto.errors import TrainingError
from impasto.style.file import StyleFile
from impasto.style.lut_member import pack_lut
from impasto.style.manifest import Manifest, Needs, Sources
from impasto.train.discriminator import Discriminator
from impasto.train.gate_pictures import GatePictures
from impasto.train.look_generator import LookGenerator, apply_lut
from impasto.train.recipe import Recipe

_TOLERANCE = 1e-4
_PREVIEW_SIDE = 240


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
    model = _export(network, thumbnail, "thumbnail", ["lut"])
    with torch.no_grad():
        _compare(model, {"thumbnail": thumbnail}, [network(thumbnail)])
    return model


def export_discriminator(discriminator: Discriminator, side: int) -> bytes:
    """Export to ONNX: `images` float32 (B, 3, side, side) to one logit map a head; B is free.

    The outputs are `logits_K` for each stage K of the encoder that is judged, `logits_color` and `logits_exposure`.

    Raises
    ------
    TrainingError
        If the exported model disagrees with the network.
    """
    _freeze_spectral_norms(discriminator)
    network = _Judge(discriminator).eval()
    images = torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(images)
    outputs = [f"logits_{stage}" for stage in discriminator.stages] + ["logits_color", "logits_exposure"]
    model = _export(network, images, "images", outputs, free_batch=True)
    _compare(model, {"images": images}, expected)
    return model


def _freeze_spectral_norms(module: nn.Module) -> None:
    for part in module.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")


def _export(network: nn.Module, given: Tensor, input_name: str, outputs: list[str], free_batch: bool = False) -> bytes:
    # The exporter warns of what is no concern here: torchvision is absent, and initialisers may be folded.
    for name in ("onnxscript", "torch.onnx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            network, (given,), path, input_names=[input_name], output_names=outputs, dynamo=True, verbose=False,
            external_data=False, dynamic_shapes=({0: torch.export.Dim("batch")},) if free_batch else None,
        )  # fmt: skip
        return path.read_bytes()


def _compare(model: bytes, inputs: Mapping[str, Tensor], expected: Sequence[Tensor]) -> None:
    import onnxruntime  # noqa: PLC0415 - slow to import, and only needed at the end of a run

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    error = max(float(np.abs(out - want.numpy()).max()) for out, want in zip(outputs, expected, strict=True))
    if error > _TOLERANCE:
        raise TrainingError(f"the exported network differs from the trained one by {error:.2g}; please report this")


def pack_weights(generator: LookGenerator, discriminator: Discriminator) -> bytes:
    """Return what learning can go on from, as safetensors in half precision."""
    tensors = {f"generator.{name}": t for name, t in generator.state_dict().items()}
    tensors |= {f"discriminator.{name}": t for name, t in discriminator.state_dict().items()}
    return save({name: t.detach().cpu().half().contiguous() for name, t in tensors.items()})


@torch.no_grad()
def make_preview(generator: nn.Module, pictures: Sequence[Tensor], thumbnails: Tensor) -> bytes:
    """Return a JPEG of pictures before (above) and after (below); each picture is 1×3×H×W in [0, 1]."""
    rows: list[list[NDArray[np.uint8]]] = [[], []]
    for picture, thumbnail in zip(pictures, thumbnails, strict=True):
        after = apply_lut(picture, generator(thumbnail[None])).clamp(0, 1)
        for row, image in zip(rows, (picture, after), strict=True):
            row.append(_square(image))
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
    stream = io.BytesIO()
    Image.fromarray(sheet).save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _square(image: Tensor) -> NDArray[np.uint8]:
    side = min(image.shape[-2:])
    top, left = ((size - side) // 2 for size in image.shape[-2:])
    square = image[..., top : top + side, left : left + side]
    square = nn.functional.interpolate(square, (_PREVIEW_SIDE, _PREVIEW_SIDE), mode="bilinear", antialias=True)
    pixels: NDArray[np.uint8] = (square[0].permute(1, 2, 0) * 255).round().clamp(0, 255).byte().numpy()
    return pixels


def describe_look(
    name: str, description: str, recipe: Recipe, sources: Sources, metrics: Mapping[str, float]
) -> Manifest:
    """Return the manifest of a freshly learned look."""
    from impasto import __version__  # noqa: PLC0415 - at module level this would be a cycle

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
        gate = gate_pictures.calibrate(judge, generator, recipe.thumbnail_side)
        manifest = manifest.model_copy(update={"gate": gate})
    return StyleFile(
        manifest,
        generator=export_generator(generator, recipe.thumbnail_side),
        weights=pack_weights(generator, discriminator),
        discriminator=judge,
        preview=preview,
        mean_lut=pack_lut(lut.numpy()),
    )
