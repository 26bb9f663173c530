"""The generator of a paint style: picture to picture, by convolutions alone.

It holds no normalisation over the picture, so that a tile is painted as it would be within the whole, a frame as its
neighbours are, and what modulates it folds into the weights: a style in its file is nothing but convolutions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.media.luma import LUMA

MULTIPLE = 8
"""What the sides of a picture must be multiples of."""

SLOPE = 0.2
"""Of leaky rectifiers."""
COARSENESS = 4
"""Distance in pixels between the means of content that go past the network."""
MEAN_WEIGHTS = (1, 2, 3, 4, 4, 3, 2, 1)
"""How much each pixel of a line counts in such a mean: nothing is left of what would be aliased."""
MIDDLE, NOISE_SCALE = 0.5, 0.25
"""What is taken off content, and what noise is multiplied by, before the first convolution."""
STILL, MOVED, LEAST_SHARE = 1.5 / 255, 6 / 255, 0.15
"""A pixel that changed by less than the first, in [0, 1], is taken for noise, and gets the last as its share of the new
value; one that changed by more than the second is taken as it is."""
_MOMENTUM, _EPSILON = 0.02, 1e-4


def binomial_kernel() -> Tensor:
    """Return the 3×3 low-pass filter that keeps what is sampled more coarsely from being aliased."""
    line = torch.tensor([1.0, 2.0, 1.0]) / 4
    return torch.outer(line, line)


def mean_kernel() -> Tensor:
    """Return `MEAN_WEIGHTS` in both directions."""
    line = torch.tensor(MEAN_WEIGHTS, dtype=torch.float32) / sum(MEAN_WEIGHTS)
    return torch.outer(line, line)


class StyledConv2d(nn.Module):
    """A convolution whose outputs each style scales and shifts.

    Where it has a stride its kernel is blurred, to 5×5 (Zhang 2019, "Making convolutional networks shift-invariant
    again"): without that, strokes hang on the pixels of the screen, as a grid on a still and as flicker on a film.

    Parameters
    ----------
    vector_size
        Length of a style vector.
    """

    mean: Tensor
    variance: Tensor
    blur: Tensor | None

    def __init__(self, num_inputs: int, num_outputs: int, vector_size: int, stride: int = 1, side: int = 3) -> None:
        super().__init__()
        self.stride = stride
        self.padding = side // 2 + (stride > 1)
        self.register_buffer("blur", binomial_kernel() if stride > 1 else None, persistent=False)
        self.weight = nn.Parameter(torch.empty(num_outputs, num_inputs, side, side))
        self.gain = nn.Parameter(torch.ones(num_outputs))
        self.bias = nn.Parameter(torch.zeros(num_outputs))
        self.modulation = nn.Parameter(torch.randn(2, num_outputs, vector_size) * 0.05)
        self.register_buffer("mean", torch.zeros(num_outputs))
        self.register_buffer("variance", torch.ones(num_outputs))
        self.is_folded = False
        nn.init.kaiming_normal_(self.weight, SLOPE)

    def forward(self, inputs: Tensor, vectors: Tensor) -> Tensor:
        """Convolve B×C×H×W; `vectors` is B×V, of which nothing is asked once they have been folded in."""
        if self.is_folded:
            return functional.conv2d(inputs, self.weight, self.bias, self.stride, self.padding)
        outputs = functional.conv2d(inputs, self.kernel(), None, self.stride, self.padding)
        outputs = functional.batch_norm(
            outputs, self.mean, self.variance, None, None, self.training, _MOMENTUM, _EPSILON
        )
        scale, shift = torch.einsum("kov,bv->kbo", self.modulation, vectors)
        return torch.addcmul((self.bias + shift)[..., None, None], outputs, (self.gain + scale)[..., None, None])

    def kernel(self) -> Tensor:
        """Return what inputs are convolved with."""
        return self.weight if self.is_folded or self.blur is None else blurred(self.weight, self.blur)

    @torch.no_grad()
    def fold(self, vector: Tensor) -> None:
        """Make the style of `vector` the only one, and its statistics a part of the weights."""
        scale, shift = torch.einsum("kov,v->ko", self.modulation, vector)
        factor = (self.gain + scale) * (self.variance + _EPSILON).rsqrt()
        self.weight = nn.Parameter(self.kernel() * factor[:, None, None, None], requires_grad=False)
        self.bias.add_(shift - factor * self.mean)
        self.is_folded = True


def blurred(weight: Tensor, blur: Tensor) -> Tensor:
    """Return a kernel O×I×3×3 followed by a filter 3×3: O×I×5×5."""
    outputs = functional.conv2d(weight.flatten(0, 1)[:, None], blur[None, None], padding=2)
    kernel: Tensor = outputs.reshape(*weight.shape[:2], *outputs.shape[2:])
    return kernel


class _ResidualBlock(nn.Module):
    def __init__(self, num_channels: int, vector_size: int) -> None:
        super().__init__()
        self.first = StyledConv2d(num_channels, num_channels, vector_size)
        self.second = StyledConv2d(num_channels, num_channels, vector_size)
        # Starts close to passing on what it is given.
        nn.init.constant_(self.second.gain, 0.2)

    def forward(self, inputs: Tensor, vectors: Tensor) -> Tensor:
        hidden = functional.leaky_relu(self.first(inputs, vectors), SLOPE)
        outputs: Tensor = inputs + self.second(hidden, vectors)
        return outputs


class PaintGenerator(nn.Module):
    """Paints a picture.

    Parameters
    ----------
    num_styles
        How many styles it has learned at once; each is one row of `vectors`.
    widths
        Channels at a half, a quarter and an eighth of the size. Multiples of 16 cost the least: processors work on 8 or
        16 at once.
    num_blocks
        Residual blocks at an eighth of the size.
    """

    smoothing: Tensor
    mean_kernel: Tensor
    color_matrix: Tensor

    def __init__(
        self,
        num_styles: int = 1,
        widths: tuple[int, int, int] = (32, 48, 96),
        num_blocks: int = 4,
        vector_size: int = 16,
    ) -> None:
        super().__init__()
        self.widths, self.num_blocks, self.vector_size = widths, num_blocks, vector_size
        # The four pixels of a cell are made by different weights: what differs between them would be a grid.
        self.register_buffer("smoothing", binomial_kernel().expand(3, 1, 3, 3).clone(), persistent=False)
        self.register_buffer("mean_kernel", mean_kernel().expand(3, 1, -1, -1).clone(), persistent=False)
        # Of outputs; grey for a style without colours, which would show fringes of them else.
        self.register_buffer("color_matrix", torch.eye(3))
        self.vectors = nn.Parameter(torch.randn(num_styles, vector_size))

        def conv(num_inputs: int, num_outputs: int, stride: int = 1, side: int = 3) -> StyledConv2d:
            return StyledConv2d(num_inputs, num_outputs, vector_size, stride, side)

        half, quarter, eighth = widths
        self.stem = conv(16, half)
        self.to_quarter = conv(half, quarter, 2)
        self.to_eighth = conv(quarter, eighth, 2)
        self.blocks = nn.ModuleList(_ResidualBlock(eighth, vector_size) for _ in range(num_blocks))
        self.from_eighth = conv(eighth, quarter, side=1)
        self.at_quarter = conv(quarter, quarter)
        self.from_quarter = conv(quarter, half, side=1)
        self.at_half = conv(half, half)
        self.pixels = conv(half, 12)
        with torch.no_grad():
            # Alike for the four pixels of a cell, so that no grid is there before anything is learned.
            self.pixels.gain.fill_(0.02)
            self.pixels.weight.copy_(self.pixels.weight[::4].repeat_interleave(4, 0))

    def forward(self, content: Tensor, noise: Tensor, styles: Tensor | None = None) -> Tensor:
        """Return B×3×H×W, not yet limited to [0, 1].

        Parameters
        ----------
        content
            B×3×H×W, sRGB in [0, 1]; sides are multiples of `MULTIPLE`.
        noise
            B×1×H×W, of mean 0 and deviation 1.
        styles
            B indices of `vectors`, or B×V vectors; None after `fold`.
        """
        vectors = (
            styles
            if styles is not None and styles.is_floating_point()
            else self.vectors[0 if styles is None else styles]
        )
        folded = torch.cat(
            (functional.pixel_unshuffle(content - MIDDLE, 2), functional.pixel_unshuffle(noise * NOISE_SCALE, 2)), 1
        )
        half = functional.leaky_relu(self.stem(folded, vectors), SLOPE)
        quarter = functional.leaky_relu(self.to_quarter(half, vectors), SLOPE)
        hidden = functional.leaky_relu(self.to_eighth(quarter, vectors), SLOPE)
        for block in self.blocks:
            hidden = block(hidden, vectors)
        hidden = functional.leaky_relu(quarter + _enlarged(self.from_eighth(hidden, vectors)), SLOPE)
        hidden = functional.leaky_relu(self.at_quarter(hidden, vectors), SLOPE)
        hidden = functional.leaky_relu(half + _enlarged(self.from_quarter(hidden, vectors)), SLOPE)
        hidden = functional.leaky_relu(self.at_half(hidden, vectors), SLOPE)
        residual = functional.pixel_shuffle(self.pixels(hidden, vectors), 2)
        painted = self._coarse(content) + functional.conv2d(residual, self.smoothing, padding=1, groups=3)
        return torch.einsum("kc,bchw->bkhw", self.color_matrix, painted)

    def _coarse(self, content: Tensor) -> Tensor:
        """Return content without what is finer than a brush, which the generator then has to paint anew."""
        padding = (len(MEAN_WEIGHTS) - COARSENESS) // 2
        small = functional.conv2d(content - MIDDLE, self.mean_kernel, None, COARSENESS, padding, groups=3)
        return functional.interpolate(small, scale_factor=float(COARSENESS), mode="bilinear") + MIDDLE

    @torch.no_grad()
    def paint_in_grey(self, is_grey: bool) -> None:
        """Take all colour off what is painted from now on, or leave it there."""
        self.color_matrix.copy_(torch.tensor(LUMA).expand(3, 3) if is_grey else torch.eye(3))

    def fold(self, style: int | Tensor) -> None:
        """Keep one style, by its number or its vector, as plain weights."""
        vector = (self.vectors[style] if isinstance(style, int) else style).detach()
        for module in self.modules():
            if isinstance(module, StyledConv2d):
                module.fold(vector)


def _enlarged(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="bilinear")


def held_content(content: Tensor, state: Tensor) -> Tensor:
    """Return content in which what changed by no more than noise stays as `state` has it; both B×3×H×W in [0, 1]."""
    change = content - state
    share = (change.abs().amax(dim=1, keepdim=True) - STILL) / (MOVED - STILL)
    return state + share.clamp(LEAST_SHARE, 1.0) * change
