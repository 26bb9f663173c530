"""What learning paint starts from: the trunk of the package, a style, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from impasto.errors import MissingExtraError, StyleFileError, UsageError
from impasto.media.files import write_beside
from impasto.style.file import load_style
from impasto.train.paint_export import restore_weights
from impasto.train.paint_generator import PaintGenerator, StyledConv2d
from impasto.train.paint_recipe import FROM_NOTHING, FROM_TRUNK, PaintRecipe

TRUNK_PATH = Path(__file__).with_name("trunk.safetensors")
_WIDTHS = (32, 48, 96)
_WIDTH_STEP = 16


@dataclass(frozen=True)
class Start:
    """A generator to go on from.

    Attributes
    ----------
    generator
        With every style that it knows, one row of `vectors` each.
    trunk
        The SHA-256 of the trunk that it descends from; None for none.
    """

    generator: PaintGenerator
    trunk: str | None


def load_start(recipe: PaintRecipe) -> Start:
    """Load or make what a recipe starts from.

    Raises
    ------
    UsageError
        The style to start from is no paint style.
    MissingExtraError
        The package came without its trunk.
    StyleFileError
        The file of the style cannot be used.
    """
    torch.manual_seed(recipe.seed)
    if recipe.start == FROM_TRUNK:
        return load_trunk(TRUNK_PATH)
    if recipe.start == FROM_NOTHING:
        return Start(PaintGenerator(1, scaled_widths(recipe.width)), None)
    return _load_from_style(Path(recipe.start))


def scaled_widths(width: float) -> tuple[int, int, int]:
    """Return the usual channels times a factor, as multiples of what processors work on at once."""
    half, quarter, eighth = (max(_WIDTH_STEP, round(usual * width / _WIDTH_STEP) * _WIDTH_STEP) for usual in _WIDTHS)
    return half, quarter, eighth


def save_trunk(generator: PaintGenerator, path: Path) -> str:
    """Write a trunk in half precision and return its SHA-256.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    data = save({name: tensor.detach().cpu().half().contiguous() for name, tensor in generator.state_dict().items()})
    with write_beside(path) as part:
        part.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def load_trunk(path: Path) -> Start:
    """Load what `save_trunk` wrote.

    Raises
    ------
    MissingExtraError
        There is no such file.
    StyleFileError
        It is damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingExtraError("this Impasto came without its trunk; learn with --from none") from error
    tensors = _tensors(data, path)
    return Start(_filled(tensors, path), hashlib.sha256(data).hexdigest())


def pack_weights(generator: PaintGenerator) -> bytes:
    """Return what learning can go on from beside the exported generator, which holds the weights of convolutions."""
    held = {f"{name}.weight" for name, module in generator.named_modules() if isinstance(module, StyledConv2d)}
    rest = {name: tensor for name, tensor in generator.state_dict().items() if name not in held}
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in rest.items()})


def _load_from_style(path: Path) -> Start:
    style = load_style(path)
    manifest, weights = style.manifest, style.weights
    if manifest.family != "paint":
        raise UsageError(f"{path} is a {manifest.family}; paint starts from a paint style.")
    if weights is None:
        raise UsageError(f"{path} holds nothing to go on from: it is a blend, or was made smaller.")
    saved = PaintRecipe.from_json(manifest.recipe)
    noise_strength = saved.effective_noise
    tensors = dict(_tensors(weights, path))
    try:
        generator = _shaped(tensors)
        generator.load_state_dict(tensors, strict=False)
        restore_weights(generator, style.generator, noise_strength)
    except (KeyError, RuntimeError, ValueError) as error:
        raise StyleFileError(f"{path} holds a network of another kind, which cannot be gone on from.") from error
    return Start(generator, manifest.needs.trunk)


def _tensors(data: bytes, path: Path) -> Mapping[str, Tensor]:
    try:
        return {name: tensor.float() for name, tensor in load(data).items()}
    except SafetensorError as error:
        raise StyleFileError(f"{path} is damaged: {error}") from error


def _shaped(tensors: Mapping[str, Tensor]) -> PaintGenerator:
    """Make a network of the shape that its tensors tell."""
    num_styles, vector_size = tensors["vectors"].shape
    half, quarter, eighth = (len(tensors[f"{name}.gain"]) for name in ("stem", "to_quarter", "to_eighth"))
    num_blocks = len({name.split(".")[1] for name in tensors if name.startswith("blocks.")})
    return PaintGenerator(num_styles, (half, quarter, eighth), num_blocks, vector_size)


def _filled(tensors: Mapping[str, Tensor], path: Path) -> PaintGenerator:
    try:
        generator = _shaped(tensors)
        generator.load_state_dict(dict(tensors))
    except (KeyError, RuntimeError, ValueError) as error:
        raise StyleFileError(f"{path} is no trunk of this Impasto.") from error
    return generator


@torch.no_grad()
def keep_vector(generator: PaintGenerator, vector: Tensor) -> PaintGenerator:
    """Leave a generator one style, of a vector V."""
    generator.vectors = torch.nn.Parameter(vector.detach().clone()[None])
    return generator
