"""Changes that pictures undergo before they are judged, and how many of them a small set needs.

Differentiable (Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training"), each with a
probability, which adapts to how sure the discriminator is of references (Karras et al. 2020, "Training generative
adversarial networks with limited data").
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_BRIGHTNESS, _CONTRAST, _SATURATION = 0.3, 0.4, 0.8
_SHIFT = 0.125
_HOLE = 0.4
_START = 0.3
# Above this an augmentation would begin to show in outputs, since pictures without it become rare.
_MOST = 0.8
_TARGET_ACCURACY = 0.8
# Pictures from no augmentation to the most.
_PICTURES_TO_MOST = 40_000


class Augmentation:
    """The probability of each change, fixed or adapted.

    Parameters
    ----------
    probability
        Fixed, or None to adapt it.
    """

    def __init__(self, probability: float | None) -> None:
        self.is_adaptive = probability is None
        self.probability = _START if probability is None else probability

    def adapt(self, accuracy_on_real: float, num_pictures: int) -> None:
        """Go up where the discriminator is too sure of references, down where it is not."""
        if self.is_adaptive:
            step = num_pictures / _PICTURES_TO_MOST
            change = step if accuracy_on_real > _TARGET_ACCURACY else -step
            self.probability = min(_MOST, max(0.0, self.probability + change))

    def apply(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Change pictures B×3×S×S in [0, 1]; each gets changes of its own."""
        if not self.probability:
            return images
        images = self._recolored(images, random)
        return self._cut(self._shifted(images, random), random)

    def _amounts(self, count: int, random: torch.Generator, strength: float = 1.0) -> Tensor:
        """Return B×1×1×1 numbers in ±strength, 0 for those pictures that stay as they are."""
        drawn = torch.rand(count, 2, generator=random)
        chosen = (drawn[:, 0] < self.probability).float()
        return (chosen * (drawn[:, 1] * 2 - 1) * strength)[:, None, None, None]

    def _recolored(self, images: Tensor, random: torch.Generator) -> Tensor:
        count = len(images)
        images = images + self._amounts(count, random, _BRIGHTNESS).to(images)
        grey = images.mean(dim=1, keepdim=True)
        images = grey + (images - grey) * (1 + self._amounts(count, random, _SATURATION).to(images))
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        return mean + (images - mean) * (1 + self._amounts(count, random, _CONTRAST).to(images))

    def _shifted(self, images: Tensor, random: torch.Generator) -> Tensor:
        side = images.shape[-1]
        reach = max(1, round(side * _SHIFT))
        across, down = ((self._amounts(len(images), random, reach + 0.49)[:, 0, 0, 0]).round().long() for _ in range(2))
        padded = functional.pad(images, (reach, reach, reach, reach), mode="reflect")
        parts = [
            picture[:, reach + y : reach + y + side, reach + x : reach + x + side]
            for picture, x, y in zip(padded, across.tolist(), down.tolist(), strict=True)
        ]
        return torch.stack(parts)

    def _cut(self, images: Tensor, random: torch.Generator) -> Tensor:
        count, side = len(images), images.shape[-1]
        hole = round(side * _HOLE)
        drawn = torch.rand(count, 3, generator=random)
        corners = (drawn[:, 1:] * (side + 1) - hole / 2).floor()
        places = torch.arange(side)
        inside = [(places >= corners[:, axis, None]) & (places < corners[:, axis, None] + hole) for axis in range(2)]
        is_hole = inside[0][:, :, None] & inside[1][:, None, :] & (drawn[:, 0] < self.probability)[:, None, None]
        return torch.where(is_hole[:, None], images.new_full((), 0.5), images)
