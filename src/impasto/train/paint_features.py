"""What the judges of a paint style see: features of pictures whose colours tell nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from impasto.media.luma import LUMA
from impasto.vision.efficientnet_lite import EfficientNetLite0
from impasto.vision.encoders import Encoder

"""How much red, green and blue count in lightness."""
_CHROMA = ((0.5, -0.4187, -0.0813), (-0.1687, -0.3313, 0.5))  # red, then blue, against luma
_RED_OF_RED, _GREEN_OF_RED, _GREEN_OF_BLUE, _BLUE_OF_BLUE = 1.402, -0.714, -0.344, 1.772
_GREY_SHARE = 0.6


def luma_and_chroma(images: Tensor) -> tuple[Tensor, Tensor]:
    """Split B×3×H×W into B×1×H×W and B×2×H×W, as JPEG does."""
    luma = (images * images.new_tensor(LUMA)[:, None, None]).sum(dim=1, keepdim=True)
    return luma, torch.einsum("kc,bchw->bkhw", images.new_tensor(_CHROMA), images)


@dataclass(frozen=True)
class ColorTwist:
    """What is done to colours before they are judged: chroma turned by `angle` and scaled by `gain`, one a picture."""

    angle: Tensor
    gain: Tensor

    @classmethod
    def draw(cls, num_pictures: int, random: np.random.Generator) -> ColorTwist:
        """Draw any hue, and some chroma or none."""
        is_grey = random.random(num_pictures) < _GREY_SHARE
        gain = np.where(is_grey, 0.0, random.uniform(0.5, 1.5, num_pictures))
        angle = random.uniform(0, 2 * np.pi, num_pictures)
        return cls(*(torch.from_numpy(values.astype(np.float32)) for values in (angle, gain)))

    def __call__(self, images: Tensor) -> Tensor:
        luma, chroma = luma_and_chroma(images)
        cosine, sine = (f(self.angle)[:, None, None] * self.gain[:, None, None] for f in (torch.cos, torch.sin))
        red, blue = chroma[:, 0] * cosine - chroma[:, 1] * sine, chroma[:, 0] * sine + chroma[:, 1] * cosine
        grey = luma[:, 0]
        greens = grey + _GREEN_OF_RED * red + _GREEN_OF_BLUE * blue
        return torch.stack((grey + _RED_OF_RED * red, greens, grey + _BLUE_OF_BLUE * blue), dim=1)


def grey_of(images: Tensor) -> Tensor:
    """Return B×3×H×W without colour."""
    return luma_and_chroma(images)[0].expand(-1, 3, -1, -1)


def with_earliest_stage(encoder: Encoder) -> Encoder:
    """Return an encoder that begins at stride 2 where it can, else as it is."""
    return encoder.with_earliest() if isinstance(encoder, EfficientNetLite0) else encoder


@dataclass(frozen=True)
class Features:
    """Feature maps of B pictures.

    Attributes
    ----------
    texture
        At the stages that the discriminator sees, of the picture and then of its copy at half the size.
    content
        At the last two stages, which tell what is shown; empty where they were not asked for.
    """

    texture: list[Tensor]
    content: list[Tensor]


class PaintFeatures:
    """Looks at pictures with a frozen encoder.

    Parameters
    ----------
    encoder
        As `with_earliest_stage` returns it.
    stages
        Which of its stages show texture.
    """

    NUM_CONTENT = 2

    def __init__(self, encoder: Encoder, stages: tuple[int, ...]) -> None:
        self.encoder = encoder
        self.stages = stages
        channels = [encoder.num_channels[stage] for stage in stages]
        self.num_channels = (*channels, *channels)

    def texture(self, images: Tensor) -> list[Tensor]:
        """Return the maps of B×3×H×W that the discriminator sees."""
        return [*self._stages(images), *self._stages(functional.avg_pool2d(images, 2))]

    def __call__(self, images: Tensor) -> Features:
        maps = self.encoder(images.contiguous(memory_format=torch.channels_last), len(self.encoder.strides))
        half = self._stages(functional.avg_pool2d(images, 2))
        return Features([maps[stage] for stage in self.stages] + half, maps[-self.NUM_CONTENT :])

    def content(self, images: Tensor) -> list[Tensor]:
        """Return the maps that tell what is shown."""
        maps = self.encoder(images.contiguous(memory_format=torch.channels_last), len(self.encoder.strides))
        return maps[-self.NUM_CONTENT :]

    def _stages(self, images: Tensor) -> list[Tensor]:
        maps = self.encoder(images.contiguous(memory_format=torch.channels_last), max(self.stages) + 1)
        return [maps[stage] for stage in self.stages]
