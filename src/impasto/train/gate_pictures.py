"""What the gate is calibrated on when a look has been learned: references, photos, and what the look makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from impasto.gate.calibration import FEWEST_PICTURES, calibrate
from impasto.style.manifest import GateModel
from impasto.train.batches import Pool
from impasto.train.collection import Example, load_thumbnails
from impasto.train.look_generator import apply_lut
from impasto.train.ungrade import ungraded

_MOST = 40
_SIDE = 512

Image8 = NDArray[np.uint8]


@dataclass(frozen=True)
class GatePictures:
    """Which files to calibrate on; they are read at the end of a run, since they are larger than those learned from.

    Attributes
    ----------
    references, content
        Those kept out of training come first. Content that is made from the references has no files of its own.
    graded
        What content is made by, where it is made from the references.
    """

    references: Sequence[Example]
    content: Sequence[Example]
    graded: Pool | None = None

    def calibrate(self, discriminator: bytes, generator: nn.Module, thumbnail_side: int) -> GateModel | None:
        """Return the gate of a look; None where there are too few pictures to tell.

        Parameters
        ----------
        discriminator
            As the style file holds it.
        generator
            From thumbnails to LUTs.
        """
        references = _load(self.references)
        content = _made_from(references, self.graded) if self.graded else _load(self.content)
        if len(content) < FEWEST_PICTURES:
            return None
        pool = Pool(content, thumbnail_side)
        outputs = [_grade(generator, pool, index) for index in range(len(pool))]
        return calibrate(discriminator, references, content, outputs)


def _load(examples: Sequence[Example]) -> list[Image8]:
    return load_thumbnails(examples[:_MOST], _SIDE)


def _made_from(references: Sequence[Image8], graded: Pool) -> list[Image8]:
    made = ungraded(Pool(references, 8), graded=graded)
    return [_bytes(made.picture(index)) for index in range(len(made))]


@torch.no_grad()
def _grade(generator: nn.Module, pool: Pool, index: int) -> Image8:
    return _bytes(apply_lut(pool.picture(index), generator(pool.thumbnails[index][None]).clamp(0, 1)).clamp(0, 1))


def _bytes(image: torch.Tensor) -> Image8:
    pixels: Image8 = (image[0].permute(1, 2, 0) * 255).round().byte().numpy()
    return pixels
