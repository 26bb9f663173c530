"""What the gate is calibrated on when a style has been learned: references, photos, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from impasto.gate.calibration import FEWEST_PICTURES, calibrate
from impasto.style.manifest import GateModel
from impasto.train.batches import Pool
from impasto.train.collection import Example, load_thumbnails
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
        Those kept out of training come first.
    make_content
        Makes content of references where it has no files of its own.
    side
        Short side in pixels at which they are read.
    most
        How many of each are read.
    """

    references: Sequence[Example]
    content: Sequence[Example]
    make_content: Callable[[Sequence[Image8]], list[Image8]] | None = None
    side: int = _SIDE
    most: int = _MOST

    def calibrate(self, discriminator: bytes, restyle: Callable[[Image8], Image8]) -> GateModel | None:
        """Return the gate of a style; None where there are too few pictures to tell.

        Parameters
        ----------
        discriminator
            As the style file holds it.
        restyle
            What the style makes of H×W×3 uint8.
        """
        references = self._load(self.references)
        content = self.make_content(references) if self.make_content else self._load(self.content)
        if len(content) < FEWEST_PICTURES:
            return None
        return calibrate(discriminator, references, content, [restyle(picture) for picture in content])

    def _load(self, examples: Sequence[Example]) -> list[Image8]:
        return load_thumbnails(examples[: self.most], self.side)


def ungraded_pictures(references: Sequence[Image8], graded: Pool) -> list[Image8]:
    """Return references as they may have been before they were graded as all of them are."""
    made = ungraded(Pool(references, 8), graded=graded)
    return [bytes_of(made.picture(index)) for index in range(len(made))]


def bytes_of(image: torch.Tensor) -> Image8:
    """Return 1×3×H×W in [0, 1] as H×W×3."""
    pixels: Image8 = (image[0].permute(1, 2, 0) * 255).round().byte().numpy()
    return pixels
