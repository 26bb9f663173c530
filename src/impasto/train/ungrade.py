"""Content made from the references alone: their tones and colours are brought to those of ordinary photos.

Where no ungraded photo is at hand, the generator needs something to start from. The references are mapped, all of them
by one map, so that brightness and the colour of shadows, middle tones and lights are spread as in ordinary portraits;
learning the look is then learning the way back. Colour that a look has removed cannot be found again: smooth random
colour of the missing amount takes its place, so that a black-and-white look meets colourful content.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from impasto.train.batches import Pool

Array = NDArray[np.float64]

_LUMA = np.array([0.2126, 0.7152, 0.0722])
_LEVELS = np.array([0.005, 0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 0.995])
_PIXELS_PER_PICTURE = 2000
_MAX_CHROMA_GAIN = 4.0
_FIELD_CELLS = 5


@dataclass(frozen=True)
class ToneStatistics:
    """How a set of pictures distributes brightness, and colour over brightness.

    Attributes
    ----------
    luminance
        L ascending quantiles of luminance, in [0, 1].
    chroma_mean, chroma_covariance
        L×2 and L×2×2, of red and blue less luminance, around each quantile.
    """

    luminance: Array
    chroma_mean: Array
    chroma_covariance: Array


def rgb_to_opponent(rgb: Array) -> tuple[Array, Array]:
    """Return luminance (…) and chroma (…×2: red and blue less luminance) of RGB (…×3)."""
    luminance = rgb @ _LUMA
    return luminance, rgb[..., [0, 2]] - luminance[..., None]


def opponent_to_rgb(luminance: Array, chroma: Array) -> Array:
    red, blue = luminance + chroma[..., 0], luminance + chroma[..., 1]
    green = (luminance - _LUMA[0] * red - _LUMA[2] * blue) / _LUMA[1]
    return np.stack((red, green, blue), axis=-1)


def tone_statistics(pixels: Array) -> ToneStatistics:
    """Measure pixels P×3 in [0, 1]."""
    luminance, chroma = rgb_to_opponent(pixels)
    order = luminance.argsort(kind="stable")
    position = np.empty(len(order))
    position[order] = np.linspace(0, 1, len(order))
    means, covariances = [], []
    for weight in _level_weights(position).T:
        share = weight / weight.sum()
        mean = share @ chroma
        means.append(mean)
        covariances.append((chroma - mean).T @ ((chroma - mean) * share[:, None]))
    return ToneStatistics(np.quantile(luminance, _LEVELS), np.array(means), np.array(covariances))


def _level_weights(position: Array) -> Array:
    """Linear interpolation weights of positions in [0, 1] between the levels: P×L, rows summing to one."""
    return np.stack([np.interp(position, _LEVELS, row) for row in np.eye(len(_LEVELS))], axis=-1)


# Of 1,063 portraits: public domain and Pixabay; printed by scripts/measure_ordinary_photos.py.
# Covariances are given as red-red, red-blue, blue-blue.
_ORDINARY_COVARIANCE = np.array(
    [
        [0.0003, -0.0002, 0.0006],
        [0.0018, -0.001, 0.0018],
        [0.0063, -0.0029, 0.0039],
        [0.0098, -0.0051, 0.0067],
        [0.0115, -0.0077, 0.0096],
        [0.0094, -0.0068, 0.0092],
        [0.0072, -0.0052, 0.0076],
        [0.0046, -0.0035, 0.0061],
        [0.0007, -0.0006, 0.0019],
    ]
)
_ORDINARY_CHROMA = np.array(
    [
        [0.0062, 0.005],
        [0.0184, 0.0019],
        [0.0363, -0.0085],
        [0.063, -0.0349],
        [0.0925, -0.0656],
        [0.1119, -0.0877],
        [0.0984, -0.084],
        [0.0504, -0.0529],
        [0.0026, -0.0139],
    ]
)
ORDINARY = ToneStatistics(
    luminance=np.array([0.0036, 0.0488, 0.1219, 0.2338, 0.4116, 0.6012, 0.7417, 0.8754, 0.9997]),
    chroma_mean=_ORDINARY_CHROMA,
    chroma_covariance=_ORDINARY_COVARIANCE[:, [0, 1, 1, 2]].reshape(-1, 2, 2),
)


class Ungrade:
    """The map that gives pixels with statistics `graded` the statistics `ordinary`."""

    def __init__(self, graded: ToneStatistics, ordinary: ToneStatistics = ORDINARY) -> None:
        self._graded = graded
        self._ordinary = ordinary
        pairs = zip(graded.chroma_covariance, ordinary.chroma_covariance, strict=True)
        self._gains = np.array([_transport(source, target) for source, target in pairs])
        reached = self._gains @ graded.chroma_covariance @ self._gains.transpose(0, 2, 1)
        self._missing = np.array([_root(covariance) for covariance in ordinary.chroma_covariance - reached])

    def __call__(self, rgb: Array, random: np.random.Generator) -> Array:
        """Map one picture H×W×3 in [0, 1]."""
        luminance, chroma = rgb_to_opponent(rgb)
        # The tiny slope keeps the knots ascending where a look has crushed several levels to one.
        knots = _ends(np.maximum.accumulate(self._graded.luminance)) + np.linspace(0, 1e-6, len(_LEVELS) + 2)
        position = np.interp(luminance, knots, _ends(_LEVELS))
        tone = np.interp(position, _ends(_LEVELS), _ends(self._ordinary.luminance))
        weights = _level_weights(position)
        centred = chroma - weights @ self._graded.chroma_mean
        moved = np.einsum("hwl,lij,hwj->hwi", weights, self._gains, centred, optimize=True)
        field = _smooth_field(rgb.shape[:2], random)
        added = np.einsum("hwl,lij,hwj->hwi", weights, self._missing, field, optimize=True)
        return np.clip(opponent_to_rgb(tone, weights @ self._ordinary.chroma_mean + moved + added), 0, 1)


def _ends(levels: Array) -> Array:
    return np.concatenate(([0.0], levels, [1.0]))


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def _transport(source: Array, target: Array) -> Array:
    """Return the linear optimal transport between two Gaussians, its gain bounded."""
    root = _root(source + 1e-6 * np.eye(2))
    inverse = np.linalg.inv(root)
    matrix = inverse @ _root(root @ target @ root) @ inverse
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.clip(values, 1 / _MAX_CHROMA_GAIN, _MAX_CHROMA_GAIN)) @ vectors.T)


def _smooth_field(shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """Return H×W×2 smooth random numbers of unit variance."""
    cells = torch.from_numpy(random.standard_normal((1, 2, _FIELD_CELLS, _FIELD_CELLS)))
    field = functional.interpolate(cells, shape[:2], mode="bicubic", align_corners=True)[0].permute(1, 2, 0).numpy()
    return np.asarray(field / max(float(field.std()), 1e-6))


def sample_pixels(pool: Pool, seed: int = 0) -> Array:
    """Return random pixels of all pictures, P×3 in [0, 1]."""
    random = np.random.default_rng(seed)
    samples = []
    for index in range(len(pool)):
        pixels = pool.picture(index)[0].flatten(1).T.double().numpy()
        samples.append(pixels[random.integers(0, len(pixels), _PIXELS_PER_PICTURE)])
    return np.concatenate(samples)


def ungraded(references: Pool, seed: int = 0, graded: Pool | None = None) -> Pool:
    """Return pictures to learn from where only graded ones are known.

    Parameters
    ----------
    graded
        Where the statistics of the look are taken from; default: the references themselves.
    """
    ungrade = Ungrade(tone_statistics(sample_pixels(graded or references, seed)))
    random = np.random.default_rng(seed)
    pictures = []
    for index in range(len(references)):
        rgb = references.picture(index)[0].permute(1, 2, 0).double().numpy()
        pictures.append((ungrade(rgb, random) * 255).round().astype(np.uint8))
    return Pool(pictures, references.thumbnails.shape[-1], references.faces)
