"""Pictures of which it is known how sharp, noisy, bright, tinted and tilted they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def patches(height: int = 240, width: int = 320, seed: int = 0, side: int = 40) -> Floats:
    """Return H×W in [60, 200]: plain rectangles whose edges are sharp, larger than any blur that is tried on them."""
    random = np.random.default_rng(seed)
    levels = random.uniform(60, 200, (-(-height // side), -(-width // side)))
    return np.kron(levels, np.ones((side, side)))[:height, :width].astype(np.float32)


def blurred(plane: NDArray[Any], sigma: float, sigma_down: float | None = None) -> Floats:
    """Blur by a Gaussian, exactly, as a product of spectra; the picture is mirrored beyond its edges."""
    mirrored = np.concatenate([plane, plane[::-1]], axis=0)
    mirrored = np.concatenate([mirrored, mirrored[:, ::-1]], axis=1)
    down, across = (np.fft.fftfreq(length) for length in mirrored.shape[:2])
    exponent = ((sigma if sigma_down is None else sigma_down) * down[:, None]) ** 2 + (sigma * across[None, :]) ** 2
    kernel = np.exp(-2 * np.pi**2 * exponent)
    height, width = plane.shape[:2]
    if mirrored.ndim == 3:
        kernel = kernel[..., None]
    spectrum = np.fft.fft2(mirrored, axes=(0, 1)) * kernel
    return np.fft.ifft2(spectrum, axes=(0, 1)).real[:height, :width].astype(np.float32)


def as_picture(plane: NDArray[Any]) -> NDArray[np.uint8]:
    """Return H×W×3 uint8 of grey or coloured levels."""
    levels = plane if plane.ndim == 3 else np.repeat(plane[..., None], 3, axis=2)
    return levels.round().clip(0, 255).astype(np.uint8)


def noisy(plane: NDArray[Any], sigma: float, seed: int = 1) -> NDArray[np.uint8]:
    """Add white noise of a deviation to each of three channels."""
    levels = plane if plane.ndim == 3 else np.repeat(plane[..., None], 3, axis=2)
    return as_picture(levels + np.random.default_rng(seed).normal(0, sigma, levels.shape))


def sea(degrees: float, height: int = 300, width: int = 400, level: float = 0.45, contrast: float = 80) -> Floats:
    """Return H×W: sky above a line that falls to the right by an angle, smooth within a pixel."""
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    depth = rows - level * height - np.tan(np.radians(degrees)) * (columns - width / 2)
    return (170 - contrast * np.clip(depth + 0.5, 0, 1)).astype(np.float32)


def colors(seed: int = 3, side: int = 24, fields: int = 8) -> NDArray[np.float64]:
    """Return linear RGB in [0.05, 0.6]: fields of many colours, grey on the whole."""
    random = np.random.default_rng(seed)
    rgb = random.uniform(0.05, 0.6, (fields, fields, 3))
    # Each colour, and what makes grey of it: so neither estimate is misled.
    rgb = np.concatenate([rgb, rgb[..., [1, 2, 0]], rgb[..., [2, 0, 1]]], axis=1)
    return np.kron(rgb, np.ones((side, side, 1)))


def encoded(linear: NDArray[Any]) -> Floats:
    """Return sRGB in [0, 1] of linear light (IEC 61966-2-1)."""
    light = np.clip(linear, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)
