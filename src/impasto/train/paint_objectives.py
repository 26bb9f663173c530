"""What the generator of paint minimises beside the adversarial loss.

Features are B×C×h×w; pictures are B×3×H×W in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from impasto.train.batches import Pool
from impasto.train.paint_features import luma_and_chroma
from impasto.train.paint_generator import MULTIPLE

# Chroma is compared over areas of this many pixels: within them strokes may have colours of their own.
_CHROMA_AREA = 8
_CHROMA_TOLERANCE = 0.02
_MEAN_CHROMA_SHARE = 0.5
# References with less chroma than this, against the content's, have no colours that strokes could break into.
_MONOCHROME = 0.3
_GRID_AREA = 48
# What was added that varies by less, a level of 255, shows no grid.
_SLIGHT_VARIANCE = (1 / 255) ** 2
_RANGE_MARGIN = 0.05
_BORDER = 24
_SAMPLES_PER_PICTURE = 1500
_EVERY_NTH = 8
_EPSILON = 1e-5


def content_change(painted: Sequence[Tensor], content: Sequence[Tensor]) -> Tensor:
    """How far late features are from the content's, once each channel of a picture has mean 0 and deviation 1."""
    pairs = zip(painted, content, strict=True)
    parts = [functional.mse_loss(functional.instance_norm(p), functional.instance_norm(c)) for p, c in pairs]
    return torch.stack(parts).sum()


def statistics_gap(real: Sequence[Tensor], painted: Sequence[Tensor], styles: Tensor) -> Tensor:
    """How far means and deviations of features are apart, in deviations of the references (Li et al. 2017)."""
    total = real[0].new_zeros(())
    for seen_real, seen_painted in zip(real, painted, strict=True):
        for ours, theirs, share in _by_style(seen_real, seen_painted, styles):
            (mean, spread), (own_mean, own_spread) = (_mean_and_spread(each) for each in (ours, theirs))
            gap = ((own_mean - mean) / spread).square().mean() + ((own_spread - spread) / spread).square().mean()
            total = total + share * gap
    return total / len(real)


def gram_gap(real: Sequence[Tensor], painted: Sequence[Tensor], styles: Tensor) -> Tensor:
    """How far Gram matrices of features are apart, against those of the references (Gatys et al. 2016)."""
    total = real[0].new_zeros(())
    for seen_real, seen_painted in zip(real, painted, strict=True):
        for ours, theirs, share in _by_style(seen_real, seen_painted, styles):
            wanted, made = _gram(ours), _gram(theirs)
            total = total + share * (made - wanted).square().sum() / wanted.square().sum().clamp_min(_EPSILON)
    return total / len(real)


def _by_style(real: Tensor, painted: Tensor, styles: Tensor) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Yield what belongs to each style, and its share of the batch."""
    for style in styles.unique():
        chosen = styles == style
        yield real[chosen], painted[chosen], float(chosen.float().mean())


def _mean_and_spread(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean(dim=(0, 2, 3)), features.var(dim=(0, 2, 3)).add(_EPSILON).sqrt()


def _gram(features: Tensor) -> Tensor:
    flat = features.flatten(2)
    return (flat @ flat.transpose(1, 2) / flat.shape[-1]).mean(dim=0)


class Palette:
    """Where the chroma of content goes: linearly, part of the way to that of the references.

    The map is that of optimal transport between the two as normal distributions (Pitié & Kokaram 2007), so that a
    colour stays what it was as far as it can.

    Parameters
    ----------
    references
        One pool for each style.
    share
        Part of the way, in [0, 1]. All of it is gone where the references are monochrome.
    """

    def __init__(self, references: Sequence[Pool], content: Pool, share: float) -> None:
        mean, covariance = _chroma_population(content)
        matrices, offsets, monochrome = [], [], []
        for pool in references:
            wanted_mean, wanted = _chroma_population(pool)
            is_monochrome = bool(wanted.trace() < _MONOCHROME**2 * covariance.trace())
            way, mean_way = (1.0, 1.0) if is_monochrome else (share, share * _MEAN_CHROMA_SHARE)
            matrix = torch.eye(2) * (1 - way) + way * _transport(covariance, wanted)
            matrices.append(matrix)
            offsets.append(mean + mean_way * (wanted_mean - mean) - matrix @ mean)
            monochrome.append(is_monochrome)
        self._matrices, self._offsets = torch.stack(matrices), torch.stack(offsets)
        self._monochrome = torch.tensor(monochrome)

    @property
    def is_monochrome(self) -> bool:
        """Whether there is no style with colours."""
        return bool(self._monochrome.all())

    def gap(self, painted: Tensor, content: Tensor, styles: Tensor) -> Tensor:
        """How far the chroma of outputs is from where the content's goes, area by area."""
        _, before = luma_and_chroma(content)
        _, after = luma_and_chroma(painted)
        wanted = (
            torch.einsum("bkc,bchw->bkhw", self._matrices[styles], before) + self._offsets[styles][:, :, None, None]
        )
        fringes = ((after - wanted).abs() * self._monochrome[styles][:, None, None, None]).mean()
        made, wanted = (functional.avg_pool2d(each, _CHROMA_AREA, _CHROMA_AREA // 2) for each in (after, wanted))
        return functional.smooth_l1_loss(made, wanted, beta=_CHROMA_TOLERANCE) + fringes


def _chroma_population(pool: Pool) -> tuple[Tensor, Tensor]:
    samples = []
    for index in range(len(pool)):
        _, chroma = luma_and_chroma(pool.picture(index)[..., ::_EVERY_NTH, ::_EVERY_NTH])
        flat = chroma[0].flatten(1)
        samples.append(flat[:, :: -(-flat.shape[1] // _SAMPLES_PER_PICTURE)])
    together = torch.cat(samples, dim=1)
    return together.mean(dim=1), torch.cov(together) + 1e-6 * torch.eye(2)


def _transport(covariance: Tensor, wanted: Tensor) -> Tensor:
    root = _root(covariance)
    inverse = torch.linalg.inv(root)
    transport: Tensor = inverse @ _root(root @ wanted @ root) @ inverse
    return transport


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors @ torch.diag(values.clamp_min(1e-8).sqrt()) @ vectors.T
    return root


def grid_pattern(painted: Tensor, content: Tensor) -> Tensor:
    """Tell which part of what was added repeats with the cells of the network, area by area; chance makes little of it.

    Strides tie a network to every eighth pixel of the screen, and on flat areas that shows as a grid.
    """
    added = painted - content
    rows, columns = (length // _GRID_AREA * _GRID_AREA for length in added.shape[-2:])
    cells = added[..., :rows, :columns].unflatten(3, (-1, _GRID_AREA // MULTIPLE, MULTIPLE))
    cells = cells.unflatten(2, (-1, _GRID_AREA // MULTIPLE, MULTIPLE))  # B×C×h×cells×8×w×cells×8
    cells = cells - cells.mean(dim=(3, 4, 6, 7), keepdim=True)
    repeated = cells.mean(dim=(3, 6)).square().mean(dim=(3, 5))
    shares: Tensor = repeated / (cells.square().mean(dim=(3, 4, 6, 7)) + _SLIGHT_VARIANCE)
    return shares.mean()


def unsteadiness(painted: Tensor, following: Tensor, shift: tuple[int, int]) -> Tensor:
    """How far the next frame is from this one moved along, away from the borders."""
    moved = torch.roll(painted, shift, dims=(-2, -1))
    return (following - moved)[..., _BORDER:-_BORDER, _BORDER:-_BORDER].abs().mean()


def excess(raw: Tensor) -> Tensor:
    """How far outputs are out of [0, 1] before they are limited to it."""
    return functional.relu((raw - 0.5).abs() - 0.5 - _RANGE_MARGIN).square().mean()
