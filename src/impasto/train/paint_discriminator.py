"""The discriminator of paint: patches of brush, line and print, never what is shown.

Projected (Sauer et al. 2021, "Projected GANs converge faster") on early stages of a frozen encoder only, at two scales:
a head sees a patch of some tens of pixels, too little for an eye or a tree to stand out. Colours are twisted at random
before, alike for references and outputs, so that it cannot judge by them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from impasto.train.paint_features import PaintFeatures

_NUM_CHANNELS = 64


class PatchHead(nn.Module):
    """Logits of one stage of features, one map a style: B×C×h×w → B×1×h×w for the style asked for."""

    projection: Tensor
    deviation: Tensor

    def __init__(self, num_inputs: int, num_styles: int, generator: torch.Generator) -> None:
        super().__init__()
        projection = torch.randn(_NUM_CHANNELS, num_inputs, 1, 1, generator=generator) / num_inputs**0.5
        self.register_buffer("projection", projection)
        # Stages differ in scale by far, and what a head of bounded steepness can say depends on it. 0: not known yet.
        self.register_buffer("deviation", torch.zeros(()))
        self.hidden = spectral_norm(nn.Conv2d(_NUM_CHANNELS, _NUM_CHANNELS, 3, padding=1))
        self.logits = spectral_norm(nn.Conv2d(_NUM_CHANNELS, num_styles, 1))

    @torch.no_grad()
    def measure(self, features: Tensor, agree: Callable[[float], float]) -> None:
        """Learn the scale of the features from the first batch that is seen."""
        if not self.deviation:
            deviation = functional.conv2d(features.float(), self.projection).std().clamp_min(1e-6)
            self.deviation.fill_(agree(float(deviation)))

    def forward(self, features: Tensor, styles: Tensor | None = None) -> Tensor:
        projected = functional.conv2d(features, self.projection) / self.deviation
        hidden = functional.leaky_relu(self.hidden(functional.leaky_relu(projected, 0.2)), 0.2)
        logits: Tensor = self.logits(hidden)
        if styles is None:
            return logits[:, :1]
        return logits.gather(1, styles[:, None, None, None].expand(-1, 1, *logits.shape[-2:]))


class PaintDiscriminator(nn.Module):
    """One head for each stage of features, of the picture and of its copy at half the size.

    Parameters
    ----------
    features
        What it sees with; no part of this module's parameters or state.
    num_styles
        How many styles it tells apart from outputs, each with logits of its own.
    """

    def __init__(self, features: PaintFeatures, num_styles: int = 1, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self._features = [features]  # in a list, so that the frozen network is not registered as a part of this one
        self.heads = nn.ModuleList(PatchHead(count, num_styles, generator) for count in features.num_channels)

    @property
    def features(self) -> PaintFeatures:
        return self._features[0]

    def measure(self, features: list[Tensor], agree: Callable[[float], float] = float) -> None:
        """Learn the scale of the features from the first batch that is seen; processes `agree` on one."""
        for head, seen in zip(self.heads, features, strict=True):
            assert isinstance(head, PatchHead)
            head.measure(seen, agree)

    def judge(self, features: list[Tensor], styles: Tensor | None = None) -> list[Tensor]:
        """Return one map of logits a head, where above 0 means like a reference."""
        return [head(seen, styles) for head, seen in zip(self.heads, features, strict=True)]

    def forward(self, images: Tensor, styles: Tensor | None = None) -> list[Tensor]:
        """Judge B×3×H×W, whose colours have been twisted already."""
        return self.judge(self.features.texture(images), styles)
