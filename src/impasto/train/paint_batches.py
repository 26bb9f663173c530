"""What a step of learning paint sees: crops of references, of content, and of content as a next frame shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from impasto.train.augment import crop_offsets
from impasto.train.batches import FaceFraction, Pool
from impasto.train.paint_features import ColorTwist
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.simplification import simplify

FEW_REFERENCES = 5
# Few references are seen from nearer and farther, and turned, so that their places are not learned by heart.
_WIDER = 1.35
_ROTATION_DEGREES, _ROTATION_SHARE = 15.0, 0.5

_GAIN, _GRAIN = 0.2, 0.01
_STYLES_TOGETHER = 2
_NEXT_SHIFT, _NEXT_GAIN, _NEXT_GRAIN = 4, 0.04, 0.012


@dataclass(frozen=True)
class PaintBatch:
    """B crops of S×S pixels, in [0, 1].

    Attributes
    ----------
    real, content
        B×3×S×S; what they show has nothing to do with each other.
    simple
        The content as the generator sees it: without what a painter would leave out.
    noise
        B×1×S×S, what the generator is fed.
    styles
        The style of each reference, by number.
    angle, gain
        Of the `ColorTwist` that both are judged under.
    following, shift
        The same of content moved by (rows, columns), a little brighter or darker, with other grain: a next frame.
    """

    real: Tensor
    content: Tensor
    simple: Tensor
    noise: Tensor
    styles: Tensor
    angle: Tensor
    gain: Tensor
    following: Tensor
    shift: tuple[int, int]

    @property
    def twist(self) -> ColorTwist:
        return ColorTwist(self.angle, self.gain)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> PaintBatch:
        """Return the batch with every tensor changed."""
        names = ("real", "content", "simple", "noise", "styles", "angle", "gain", "following")
        changed: dict[str, Any] = {name: change(getattr(self, name)) for name in names}
        return replace(self, **changed)


class SmoothCrop:
    """Square crops at random places, brought to one side by averaging or interpolating.

    Parameters
    ----------
    side
        Of what comes out.
    closest, farthest
        Least and most side of what is cut out; of a smaller picture, as much as there is.
    degrees
        Half of the crops are turned by up to this much.
    """

    def __init__(self, side: int, closest: int, farthest: int, degrees: float = 0.0) -> None:
        self.side, self.closest, self.farthest, self.degrees = side, closest, farthest, degrees

    def __call__(
        self,
        pictures: Sequence[Tensor],
        random: np.random.Generator,
        faces: Sequence[FaceFraction | None] | None = None,
    ) -> Tensor:
        """Crop pictures, each 3×H×W, to a batch B×3×side×side that keeps given faces as far as it can."""
        boxes = faces if faces is not None else [None] * len(pictures)
        return torch.cat([self._crop(picture, box, random) for picture, box in zip(pictures, boxes, strict=True)])

    def _crop(self, picture: Tensor, face: FaceFraction | None, random: np.random.Generator) -> Tensor:
        farthest = min(self.farthest, *picture.shape[-2:])
        extent = int(random.integers(min(self.closest, farthest), farthest + 1))
        top, left = crop_offsets(picture.shape[-2:], extent, face, random)
        crop = picture[None, :, top : top + extent, left : left + extent]
        if random.random() < 0.5:
            crop = crop.flip(-1)
        if self.degrees and random.random() < _ROTATION_SHARE:
            crop = _turned(crop, float(random.uniform(-self.degrees, self.degrees)))
        if extent == self.side:
            return crop
        size = (self.side, self.side)
        return functional.interpolate(crop, size, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def _turned(crop: Tensor, degrees: float) -> Tensor:
    """Rotate about the centre, zoomed in just enough that no corner is empty."""
    angle = math.radians(degrees)
    zoom = 1 / (abs(math.cos(angle)) + abs(math.sin(angle)))
    cosine, sine = zoom * math.cos(angle), zoom * math.sin(angle)
    matrix = crop.new_tensor([[[cosine, -sine, 0.0], [sine, cosine, 0.0]]])
    grid = functional.affine_grid(matrix, list(crop.shape), align_corners=False)
    return functional.grid_sample(crop, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def draw_noise(shape: tuple[int, ...], recipe: PaintRecipe, random: np.random.Generator) -> Tensor:
    """Return noise of the recipe's distribution and deviation."""
    drawn: NDArray[np.float32]
    if recipe.noise == "none":
        return torch.zeros(shape)
    if recipe.noise == "uniform":
        drawn = (random.random(shape, np.float32) - np.float32(0.5)) * np.float32(math.sqrt(12))
    elif recipe.noise == "laplace":
        drawn = random.laplace(0, math.sqrt(0.5), shape).astype(np.float32)
    else:
        drawn = random.standard_normal(shape, np.float32)
    return torch.from_numpy(drawn) * recipe.noise_strength


class PaintBatchSource:
    """Draws the batch of a step. It depends on the seed and the step alone, so a resumed run sees the same ones.

    Parameters
    ----------
    references
        One pool for each style that is learned at once.
    """

    def __init__(self, references: Sequence[Pool], content: Pool, recipe: PaintRecipe) -> None:
        self.references, self.content = list(references), content
        self._recipe = recipe
        self._crops = [_reference_crop(recipe, len(pool)) for pool in self.references]
        self._content_crop = SmoothCrop(recipe.crop_side, recipe.crop_side, recipe.working_side)

    def random(self, step: int) -> np.random.Generator:
        """Return the random numbers that belong to a step."""
        return np.random.default_rng((self._recipe.seed, step))

    def batch(self, step: int) -> PaintBatch:
        random, recipe = self.random(step), self._recipe
        size, side = recipe.batch_size, recipe.crop_side
        # Statistics of a style mean little of one picture alone.
        together = min(len(self.references), _STYLES_TOGETHER)
        styles = np.resize(random.choice(len(self.references), together, replace=False), size)
        real = torch.cat([self.references[style].draw(1, self._crops[style], random)[0] for style in styles])
        content = _with_grain(self.content.draw(size, self._content_crop, random)[0], _GAIN, _GRAIN, random)
        twist = ColorTwist.draw(size, random)
        noise = draw_noise((size, 1, side, side), recipe, random)
        # Odd, so that what the network ties to every second pixel of the screen shows.
        rows, columns = (2 * int(offset) + 1 for offset in random.integers(0, _NEXT_SHIFT, 2))
        moved = torch.roll(content, (rows, columns), dims=(-2, -1))
        following = simplify(_with_grain(moved, _NEXT_GAIN, _NEXT_GRAIN, random), recipe.simplification)
        simple = simplify(content, recipe.simplification)
        numbers = torch.from_numpy(styles.astype(np.int64))
        return PaintBatch(real, content, simple, noise, numbers, twist.angle, twist.gain, following, (rows, columns))


def _reference_crop(recipe: PaintRecipe, num_references: int) -> SmoothCrop:
    if num_references >= FEW_REFERENCES:
        return SmoothCrop(recipe.crop_side, recipe.closest, recipe.farthest)
    closest, farthest = round(recipe.closest / _WIDER), round(recipe.farthest * _WIDER)
    return SmoothCrop(recipe.crop_side, closest, farthest, _ROTATION_DEGREES)


def _with_grain(images: Tensor, gain: float, grain: float, random: np.random.Generator) -> Tensor:
    shape = (len(images), 1, 1, 1)
    gains = torch.from_numpy(random.uniform(1 - gain, 1 + gain, shape).astype(np.float32))
    amounts = torch.from_numpy(random.random(shape, np.float32)) * grain
    drawn = torch.from_numpy(random.standard_normal(tuple(images.shape), np.float32))
    return ((images * gains).clamp(0, 1) + amounts * drawn).clamp(0, 1)
