"""From a trained generator of dreams to a style file that the applying side can read on its own."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from impasto.style.file import StyleFile
from impasto.style.manifest import Manifest, Needs, Sources
from impasto.style.runtime import OnnxRuntime
from impasto.train.dream_generator import DreamGenerator
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.exported_network import compare_with, export_network
from impasto.version import __version__

_SHEET_COLUMNS = 6
_SHEET_ROWS = 3
_SHEET_SIDE = 160
# Weights of this size and more are kept as half precision; those of norms and biases stay as they are.
_LEAST_HALVED = 1024
_LARGEST_HALF = 60_000
_INVISIBLE = 1 / 64


class _Dreaming(nn.Module):
    """The generator as the style file holds it."""

    def __init__(self, generator: DreamGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, latents: Tensor) -> Tensor:
        return self.generator.mixed(latents)


@torch.no_grad()
def export_dream(generator: DreamGenerator) -> bytes:
    """Export to ONNX, run the file, and compare it with the network; then keep its weights in half precision.

    Returns
    -------
    bytes
        A model from `latents` float32 (B, `num_latents`, D) to `images` float32 (B, 3, S, S) in [0, 1]; B is free.

    Raises
    ------
    TrainingError
        If the exported model disagrees with the network.
    """
    network = _Dreaming(generator).eval()
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(3, generator.num_latents, generator.latent_size, generator=random)
    model = export_network(network, latents, "latents", ["images"], free_batch=True)
    compare_with(model, {"latents": latents}, [network(latents)])
    smaller = halved_storage(model)
    before, after = (OnnxRuntime(each).run({"latents": latents.numpy()})["images"] for each in (model, smaller))
    return smaller if float(np.abs(after - before).max()) < _INVISIBLE else model


def halved_storage(model: bytes) -> bytes:
    """Return an ONNX model that holds its large weights in half precision, and computes as before."""
    import onnx  # noqa: PLC0415 - only needed at the end of a run
    from onnx import numpy_helper  # noqa: PLC0415

    loaded = onnx.load_model_from_string(model)
    graph = loaded.graph
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _LEAST_HALVED or np.abs(values).max() > _LARGEST_HALF:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        cast = onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT)
        graph.node.insert(0, cast)
    result: bytes = loaded.SerializeToString()
    return result


def describe_dream(
    name: str, description: str, recipe: DreamRecipe, sources: Sources, metrics: Mapping[str, float], shows_faces: bool
) -> Manifest:
    """Return the manifest of a freshly learned dream."""
    num_latents = 2 if recipe.architecture == "light" else 1
    return Manifest(
        name=name,
        family="dream",
        description=description,
        created=date.today(),
        impasto_version=__version__,
        needs=Needs(
            picture_side=recipe.side,
            latent_size=recipe.latent_size,
            num_latents=num_latents,
            noise=recipe.noise,
            shows_faces=shows_faces,
        ),
        recipe=recipe.as_json(),
        sources=sources,
        metrics=dict(metrics),
    )


def pack_dream(manifest: Manifest, generator: DreamGenerator, latents: Tensor) -> StyleFile:
    """Export the generator and put a style together, with a sheet of what it makes of the latents B×D."""
    generator.eval()
    model = export_dream(generator)
    with torch.no_grad():
        images = generator(latents[: _SHEET_ROWS * _SHEET_COLUMNS])
    return StyleFile(manifest, generator=model, preview=_sheet(images))


def _sheet(images: Tensor) -> bytes:
    pixels = (images.permute(0, 2, 3, 1) * 255).round().clamp(0, 255).byte().numpy()
    sheet = Image.new("RGB", (_SHEET_COLUMNS * _SHEET_SIDE, -(-len(pixels) // _SHEET_COLUMNS) * _SHEET_SIDE))
    for index, picture in enumerate(pixels):
        tile = Image.fromarray(picture).resize((_SHEET_SIDE, _SHEET_SIDE), Image.Resampling.BICUBIC)
        sheet.paste(tile, (index % _SHEET_COLUMNS * _SHEET_SIDE, index // _SHEET_COLUMNS * _SHEET_SIDE))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=88)
    return stream.getvalue()
