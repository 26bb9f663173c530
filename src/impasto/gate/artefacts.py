"""Measures of damage to pixels that need nothing to compare with. Each is about the same for all sound photos."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.gate.view import Image8, Plane, View
from impasto.media.luma import LUMA

_FAINT = 0.05  # L*: a hundredth of what is just visible, so that logarithms stay finite
_BLOCK = 16
_LONGEST_PERIOD = 20
_BLACK, _WHITE = 1, 254
_PACKED_BLACK, _PACKED_WHITE = 0, 0xFFFFFF
_FEWEST_PIXELS = 24


def artefact_measures(view: View) -> dict[str, float]:
    """Return the measures by name; none for a picture of under 24 pixels a side."""
    if min(view.rgb.shape[:2]) < _FEWEST_PIXELS:
        return {}
    lightness = view.lightness
    fine, coarse = _edge_strength(lightness), _edge_strength(_halved(lightness))
    least, most = (extreme.reduce(view.rgb[::2, ::2].transpose(2, 0, 1)) for extreme in (np.minimum, np.maximum))
    return {
        "sharpness": float(np.log((fine + _FAINT) / (coarse + _FAINT))),
        "noise": float(np.log(_quiet_noise(lightness) + _FAINT)),
        "color_noise": float(np.log(_quiet_noise(view.lab[..., 1]) + _quiet_noise(view.lab[..., 2]) + _FAINT)),
        "grid": max(_grid(lightness), _grid(lightness.T)),
        "blocks": _jpeg_blocks(view.close_up),
        "flatness": _flatness(view.rgb),
        "steps": _steps(view.rgb),
        "clipped_dark": _share(most <= _BLACK),
        "clipped_bright": _share(most >= _WHITE),
        "clipped_color": _share((least <= _BLACK) & (most > _BLACK)),
    }


def _share(where: NDArray[Any]) -> float:
    """Return the logarithm of a share: from a hundredth to a tenth is as far as from a tenth to all."""
    return float(np.log(where.mean() + 0.003))


def _edge_strength(plane: Plane) -> float:
    """Return the change a pixel at the strongest tenth of edges."""
    across, down = np.diff(plane[:-1], axis=1), np.diff(plane[:, :-1], axis=0)
    strength = np.hypot(across, down).ravel()
    kept = max(1, strength.size // 10)
    return float(np.sqrt(np.square(np.partition(strength, -kept)[-kept:]).mean()))


def _halved(plane: Plane) -> Plane:
    even = plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2]
    return np.float32(0.25) * (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2])


def _quiet_noise(plane: Plane) -> float:
    """Return the deviation of noise in L*, over the quieter blocks.

    J. Immerkær, "Fast noise variance estimation", 1996: its operator does not see edges that are straight.
    """
    across = plane[:, :-2] - 2 * plane[:, 1:-1] + plane[:, 2:]
    residual = np.abs(across[:-2] - 2 * across[1:-1] + across[2:])
    down, right = (length // _BLOCK for length in residual.shape)
    if not down * right:
        return float(residual.mean()) / 4.8
    blocks = residual[: down * _BLOCK, : right * _BLOCK].reshape(down, _BLOCK, right, _BLOCK).mean(axis=(1, 3))
    return float(np.quantile(blocks, 0.25)) / 4.8  # the mean of |residual| is 6·√(2/π) deviations


def _grid(plane: Plane) -> float:
    """Return how far a period of up to 20 columns sticks out, as a logarithm: mosaics, checkerboards, JPEG's blocks."""
    bend = np.abs(plane[:, :-2] - 2 * plane[:, 1:-1] + plane[:, 2:])
    profile = np.minimum(bend, 4).mean(axis=0)  # so that one strong edge does not count for many
    profile = profile - np.convolve(profile, np.full(21, 1 / 21), "same")
    power = np.abs(np.fft.rfft(profile * np.hanning(profile.size))) ** 2
    power = power[profile.size // _LONGEST_PERIOD :]
    return float(np.log((power.max() + 1e-6) / (np.median(power) + 1e-6)))


def _jpeg_blocks(rgb: Image8) -> float:
    """Return the logarithm of how much more changes across the borders of 8×8 blocks than beside them."""
    luma = rgb.astype(np.float32) @ np.array(LUMA, np.float32)
    ratios = []
    for plane in (luma, luma.T):
        change = np.abs(np.diff(plane, axis=1))
        excess = np.clip(change[:, 1:-1] - (change[:, :-2] + change[:, 2:]) / 2, 0, 16).mean(axis=0)
        at_border = np.arange(excess.size) % 8 == 6
        ratios.append((excess[at_border].mean() + 0.05) / (excess[~at_border].mean() + 0.05))
    return float(np.log(max(ratios)))


def _flatness(rgb: Image8) -> float:
    """Return the logarithm of the share of pixels that equal those to the right and below, black and white left out."""
    red, green, blue = rgb.transpose(2, 0, 1).astype(np.uint32)
    packed = (red << 16) | (green << 8) | blue
    here = packed[:-1, :-1]
    same = (here == packed[:-1, 1:]) & (here == packed[1:, :-1]) & (here != _PACKED_BLACK) & (here != _PACKED_WHITE)
    return float(np.log(same.mean() + 0.01))


def _steps(rgb: Image8) -> float:
    """Return how much the levels of the worst channel crowd on few values: 0 for none, larger when posterised."""
    crowding = []
    for channel in range(3):
        counts = np.bincount(rgb[..., channel].ravel(), minlength=256)[_BLACK + 1 : _WHITE].astype(np.float64)
        smooth = np.convolve(counts, np.full(9, 1 / 9), "same")
        crowding.append(np.log((counts**2).sum() + 1) - np.log((smooth**2).sum() + 1))
    return float(max(crowding))
