"""Networks as ONNX models that have been run and compared, and the sheet that shows what they do."""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import EllipsisType

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from impasto.errors import TrainingError

_TOLERANCE = 1e-4
_PREVIEW_SIDE = 240


def freeze_spectral_norms(module: nn.Module) -> None:
    """Make what spectral norms compute of weights the weights themselves."""
    for part in module.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")


def export_network(
    network: nn.Module, given: Tensor, input_name: str, outputs: list[str], free_batch: bool = False
) -> bytes:
    """Return a network of one input as an ONNX model; with `free_batch` it takes any number of pictures."""
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


def compare_with(
    model: bytes,
    inputs: Mapping[str, Tensor],
    expected: Sequence[Tensor],
    part: tuple[slice | EllipsisType, ...] = (...,),
) -> None:
    """Run a model and compare what it gives, or a part of that.

    Raises
    ------
    TrainingError
        It gives something else than expected.
    """
    import onnxruntime  # noqa: PLC0415 - slow to import, and only needed at the end of a run

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    pairs = zip(outputs, expected, strict=True)
    error = max(float(np.abs(out[part] - want.numpy()[part]).max()) for out, want in pairs)
    if error > _TOLERANCE:
        raise TrainingError(f"the exported network differs from the trained one by {error:.2g}; please report this")


def preview_sheet(before: Sequence[Tensor], after: Sequence[Tensor]) -> bytes:
    """Return a JPEG of pictures before (above) and after (below); each is 1×3×H×W in [0, 1]."""
    rows = [np.concatenate([_centre_square(image) for image in row], axis=1) for row in (before, after)]
    stream = io.BytesIO()
    Image.fromarray(np.concatenate(rows, axis=0)).save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _centre_square(image: Tensor) -> NDArray[np.uint8]:
    side = min(image.shape[-2:])
    top, left = ((size - side) // 2 for size in image.shape[-2:])
    square = image[..., top : top + side, left : left + side]
    square = functional.interpolate(square, (_PREVIEW_SIDE, _PREVIEW_SIDE), mode="bilinear", antialias=True)
    pixels: NDArray[np.uint8] = (square[0].permute(1, 2, 0) * 255).round().clamp(0, 255).byte().numpy()
    return pixels
