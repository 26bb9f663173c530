"""An encoder small enough for tests."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class TinyEncoder:
    """Random convolutions: features at strides 4 to 32, as a pretrained encoder gives them."""

    num_channels: tuple[int, ...] = (6, 8, 10, 12)
    strides: tuple[int, ...] = (4, 8, 16, 32)

    def __init__(self, seed: int = 0) -> None:
        random = torch.Generator().manual_seed(seed)
        widths = (3, *self.num_channels)
        self.kernels = [
            torch.randn(widths[stage + 1], widths[stage], 3, 3, generator=random) / (3 * widths[stage] ** 0.5)
            for stage in range(4)
        ]
        self.num_calls = 0

    def __call__(self, images: Tensor, num_stages: int = 4) -> list[Tensor]:
        self.num_calls += 1
        hidden = functional.avg_pool2d(images * 2 - 1, 2)
        features = []
        for kernel in self.kernels[:num_stages]:
            hidden = nn.functional.leaky_relu(functional.conv2d(hidden, kernel.to(hidden), stride=2, padding=1), 0.2)
            features.append(hidden)
        return features
