"""The generator of the family `look`: a thumbnail predicts one 3D LUT for its picture.

Image-adaptive 3D LUTs follow Zeng et al. 2020 ("Learning image-adaptive 3D lookup tables"). Unlike there, each LUT is
a sum of cubic B-spline lattices from coarse to fine: the coarse ones move a whole look within a few steps, the fine
ones add what is left, and colours that no picture contains follow their neighbours instead of staying behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


def spline_matrix(num_control_points: int, num_samples: int) -> Tensor:
    """Return the matrix that samples a uniform cubic B-spline on [0, 1].

    Returns
    -------
    Tensor
        `num_samples` × `num_control_points`; rows sum to one.
    """
    num_segments = num_control_points - 3
    position = torch.linspace(0, num_segments, num_samples, dtype=torch.float64)
    segment = position.floor().clamp(max=num_segments - 1)
    t = position - segment
    weights = torch.stack(((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3), dim=1) / 6
    matrix = torch.zeros(num_samples, num_control_points, dtype=torch.float64)
    columns = segment.long()[:, None] + torch.arange(4)
    return matrix.scatter_(1, columns, weights).float()


def identity_lattice(size: int) -> Tensor:
    """Return the identity LUT, size × size × size × 3, indexed [red, green, blue, channel]."""
    axis = torch.linspace(0, 1, size)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), dim=-1)


def apply_lut(images: Tensor, luts: Tensor) -> Tensor:
    """Apply one LUT to each image by trilinear interpolation.

    Parameters
    ----------
    images
        B×3×H×W in [0, 1].
    luts
        B×N×N×N×3, indexed [red, green, blue, channel].

    Returns
    -------
    Tensor
        B×3×H×W, not clamped.
    """
    # grid_sample reads its last coordinate from the slowest axis: (blue, green, red) addresses [red, green, blue].
    coordinates = images.flip(1).permute(0, 2, 3, 1)[:, None] * 2 - 1
    sampled = functional.grid_sample(
        luts.permute(0, 4, 1, 2, 3), coordinates, mode="bilinear", padding_mode="border", align_corners=True
    )
    return sampled[:, :, 0]


_LUMA = (0.2126, 0.7152, 0.0722)
# Mean and deviation of brightness, contrast and colourfulness over ordinary photos, to bring each near [-1, 1].
_TYPICAL = ((0.45, 0.15), (0.24, 0.06), (0.09, 0.06))


def exposure_statistics(thumbnails: Tensor) -> Tensor:
    """Return brightness, contrast and colourfulness of thumbnails B×3×S×S, standardised: B×3."""
    luminance = (thumbnails * thumbnails.new_tensor(_LUMA)[:, None, None]).sum(dim=1)
    brightness = luminance.mean(dim=(1, 2))
    contrast = (luminance - brightness[:, None, None]).square().mean(dim=(1, 2)).add(1e-8).sqrt()
    colorfulness = (thumbnails - luminance[:, None]).square().sum(dim=1).add(1e-8).sqrt().mean(dim=(1, 2))
    typical = thumbnails.new_tensor(_TYPICAL)
    return (torch.stack((brightness, contrast, colorfulness), dim=1) - typical[:, 0]) / typical[:, 1]


def tone_reversal(luts: Tensor) -> Tensor:
    """Mean slope, where it is negative, of each channel of LUTs B×N×N×N×3 along its own axis; 0 for monotone tone.

    Where more red in gives less red out, a highlight turns metallic and a gradient bands (after Zeng et al. 2020).
    """
    size = luts.shape[1]
    slopes = [luts[..., channel].diff(dim=channel + 1) * (size - 1) for channel in range(3)]
    return torch.stack([functional.relu(-slope).mean() for slope in slopes]).sum()


class ThumbnailNetwork(nn.Module):
    """A small CNN from a thumbnail B×3×S×S in [0, 1] to B×`num_outputs` numbers in [-1, 1].

    At the start the outputs are the picture's brightness, contrast and colourfulness, which most adaptive looks hang
    on; what the convolutions see is added as it is learned.
    """

    def __init__(self, num_outputs: int, width: int = 16) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 4 * width, 4 * width)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1) for inputs, outputs in pairwise(widths)
        )
        self.head = nn.Linear(widths[-1], num_outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.statistics = nn.Linear(3, num_outputs, bias=False)
        with torch.no_grad():
            self.statistics.weight.copy_(torch.eye(max(3, num_outputs))[:num_outputs, :3] * 0.5)

    def forward(self, thumbnails: Tensor) -> Tensor:
        hidden = thumbnails * 2 - 1
        for convolution in self.convolutions:
            hidden = functional.leaky_relu(convolution(hidden), 0.2)
        return torch.tanh(self.head(hidden.mean(dim=(2, 3))) + self.statistics(exposure_statistics(thumbnails)))


class SplineLut(nn.Module):
    """Residual LUTs as sums of cubic B-spline lattices from coarse to fine, zero at the start.

    `forward` returns `num_luts`×N×N×N×3.
    """

    def __init__(self, num_luts: int, lattice_sizes: Sequence[int], lut_size: int) -> None:
        super().__init__()
        self.lattices = nn.ParameterList(
            nn.Parameter(torch.zeros(num_luts, 3, size, size, size)) for size in lattice_sizes
        )
        for size in lattice_sizes:
            self.register_buffer(f"spline_{size}", spline_matrix(size, lut_size), persistent=False)

    def forward(self) -> Tensor:
        return torch.stack([self._dense(lattice) for lattice in self.lattices]).sum(dim=0)

    def _dense(self, lattice: Tensor) -> Tensor:
        spline = self.get_buffer(f"spline_{lattice.shape[-1]}")
        dense = torch.einsum("kcxyz,ix->kciyz", lattice, spline)
        dense = torch.einsum("kciyz,jy->kcijz", dense, spline)
        lut: Tensor = torch.einsum("kcijz,lz->kijlc", dense, spline)
        return lut


class LookGenerator(nn.Module):
    """Predict a LUT from a thumbnail.

    The LUT is the identity, plus one residual shared by all pictures, plus `num_adaptive` residuals weighted by what
    the thumbnail shows. All residuals start at zero, so an untrained generator is the identity.

    Parameters
    ----------
    lut_size
        Nodes of the LUT along each axis.
    num_adaptive
        Residuals whose weight depends on the picture; 0 gives one LUT for all.
    lattice_sizes, adaptive_sizes
        Control points along each axis of the lattices, coarse to fine, of the shared and the adaptive residuals.
    """

    def __init__(
        self,
        lut_size: int = 33,
        num_adaptive: int = 2,
        lattice_sizes: Sequence[int] = (4, 7),
        adaptive_sizes: Sequence[int] = (4,),
        width: int = 16,
    ) -> None:
        super().__init__()
        self.lut_size = lut_size
        self.num_adaptive = num_adaptive
        self.shared = SplineLut(1, lattice_sizes, lut_size)
        self.register_buffer("identity", identity_lattice(lut_size), persistent=False)
        self.adaptive = SplineLut(num_adaptive, adaptive_sizes, lut_size) if num_adaptive else None
        self.thumbnail_network = ThumbnailNetwork(num_adaptive, width) if num_adaptive else None

    def adaptation(self, thumbnails: Tensor) -> Tensor:
        """Return what the LUT of each picture adds to the shared one: B×N×N×N×3."""
        size = self.lut_size
        if self.adaptive is None or self.thumbnail_network is None:
            return thumbnails.new_zeros(thumbnails.shape[0], size, size, size, 3)
        weights = self.thumbnail_network(thumbnails)
        luts: Tensor = (weights @ self.adaptive().flatten(1)).view(-1, size, size, size, 3)
        return luts

    def shared_lut(self) -> Tensor:
        """Return the LUT that all pictures share: 1×N×N×N×3."""
        shared: Tensor = self.get_buffer("identity") + self.shared()
        return shared

    def forward(self, thumbnails: Tensor) -> Tensor:
        """Return LUTs B×N×N×N×3 for thumbnails B×3×S×S in [0, 1]."""
        return self.shared_lut() + self.adaptation(thumbnails)
