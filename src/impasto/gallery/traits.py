"""What the light and the colours of a photo are like, in a few numbers and words."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UnusablePixelsError
from impasto.vision.lab import lab_to_rgb, rgb_to_lab

TRAITS_SIDE = 256
"""Long side of the thumbnails that `TYPICAL` was measured on; grain, above all, goes with the scale."""

_NEUTRAL_CHROMA = 8.0
_LEAST_WEIGHT = 0.02
_BLOCK_SIDE = 8
_SMOOTHEST_SHARE = 0.25
_SAME = 0.01
"""L* that no eye tells apart."""
_MAX_PALETTE_PIXELS = 4096
_MAX_PALETTE_ROUNDS = 30

_PHRASES = {
    "key": ("dark", "light"),
    "contrast": ("low contrast", "high contrast"),
    "color_temperature": ("cool", "warm"),
    "tint": ("green tint", "magenta tint"),
    "saturation": ("muted colour", "rich colour"),
    "grain": ("", "grainy"),
    "shadow_warmth": ("cool shadows", "warm shadows"),
    "highlight_warmth": ("cool highlights", "warm highlights"),
}
_NOTABLE, _EXTREME = 0.8, 1.8


@dataclass(frozen=True, slots=True)
class PhotoTraits:
    """Light and colour of one picture, in units of CIE L*a*b*.

    Attributes
    ----------
    key
        Mean lightness L*, in [0, 100].
    contrast
        L* between the 5th and the 95th percentile.
    color_temperature
        b* of what is nearly neutral: above 0 is warm, below is cool. A relative measure; what light there was cannot be
        told from a picture, so no kelvins. Where nothing is nearly neutral it is the mean of all (grey world).
    tint
        a* of the same: above 0 is magenta, below is green.
    saturation
        Mean chroma.
    grain
        Standard deviation of pixel noise in L*, where the picture is smoothest.
    shadow_warmth, highlight_warmth
        As `color_temperature`, of the darkest and the lightest quarter.
    """

    key: float
    contrast: float
    color_temperature: float
    tint: float
    saturation: float
    grain: float
    shadow_warmth: float
    highlight_warmth: float

    def as_vector(self) -> NDArray[np.float32]:
        """Return the traits in their order, less the typical value and in typical deviations (see `TYPICAL`)."""
        centers, scales = np.array([TYPICAL[field.name] for field in fields(self)]).T
        deviations: NDArray[np.float64] = (np.array(astuple(self)) - centers) / scales
        return deviations.astype(np.float32)

    def describe(self) -> tuple[str, ...]:
        """Name what stands out from ordinary photos, the most striking first; empty where nothing does.

        Ordinary photos are a little warm, so a neutral one is far from them on the cool side; it is not called cool.
        """
        deviations = dict(zip(TRAIT_NAMES, self.as_vector().tolist(), strict=True))
        striking = sorted(deviations, key=lambda name: -abs(deviations[name]))
        true_of_hue = (name for name in striking if name not in _HUED or deviations[name] * getattr(self, name) > 0)
        return tuple(filter(None, (_phrase(name, deviations[name]) for name in true_of_hue)))


TRAIT_NAMES = tuple(field.name for field in fields(PhotoTraits))

TYPICAL = {
    "key": (45.0, 12.0),
    "contrast": (68.0, 15.0),
    "color_temperature": (4.5, 6.0),
    "tint": (1.3, 4.5),
    "saturation": (17.0, 8.0),
    "grain": (0.6, 0.6),
    "shadow_warmth": (3.0, 6.0),
    "highlight_warmth": (7.0, 9.0),
}
"""Mean and deviation of each trait over 478 ordinary photos: portraits, landscapes, animals, streets."""

_HUED = {"color_temperature", "tint", "shadow_warmth", "highlight_warmth"}


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """The main colours of a picture, the commonest first.

    Attributes
    ----------
    colors
        K×3 sRGB, float32 in [0, 1].
    weights
        K shares of the picture, float32, which sum to 1.
    """

    colors: NDArray[np.float32]
    weights: NDArray[np.float32]


def photo_traits(pixels: NDArray[Any]) -> PhotoTraits:
    """Measure a picture.

    Parameters
    ----------
    pixels
        H×W×3 sRGB, float32 in [0, 1]; to be compared with others and with `TYPICAL`, a thumbnail with a long side of
        `TRAITS_SIDE`, as from `read_thumbnail_srgb`.

    Raises
    ------
    UnusablePixelsError
        It is not H×W×3, is empty, or holds values that are not in [0, 1].
    """
    lab = rgb_to_lab(_checked(pixels))
    return traits_of_lab(lab.reshape(-1, 3), _grain(lab[..., 0]))


def traits_of_lab(lab: NDArray[np.float32], grain: float = 0.0) -> PhotoTraits:
    """Measure colours N×3 in L*a*b*, wherever they lie in a picture; grain cannot be seen in them, so it is given."""
    lightness, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    low, quarter, three_quarters, high = np.quantile(lightness, (0.05, 0.25, 0.75, 0.95)).tolist()
    # Deep blacks and burnt whites have no colour to go by, whatever the light was.
    exposed = np.clip(lightness / 10, 0.05, 1) * np.clip((100 - lightness) / 5, 0.05, 1)
    weights = exposed * (np.exp(-0.5 * (chroma / _NEUTRAL_CHROMA) ** 2) + _LEAST_WEIGHT)
    # Colours of one lightness count alike, whatever rounding made of them.
    shadows, highlights = lightness <= quarter + _SAME, lightness >= three_quarters - _SAME
    return PhotoTraits(
        key=float(lightness.mean()),
        contrast=high - low,
        color_temperature=float(np.average(lab[:, 2], weights=weights)),
        tint=float(np.average(lab[:, 1], weights=weights)),
        saturation=float(chroma.mean()),
        grain=grain,
        shadow_warmth=float(np.average(lab[shadows, 2], weights=weights[shadows])),
        highlight_warmth=float(np.average(lab[highlights, 2], weights=weights[highlights])),
    )


def palette(pixels: NDArray[Any], num_colors: int = 6, seed: int = 0) -> Palette:
    """Return the main colours of a picture, by k-means in L*a*b* from a seeded k-means++ start.

    Fewer than `num_colors` come back where the picture has fewer colours. The same picture and seed give the same
    palette.

    Parameters
    ----------
    pixels
        H×W×3 sRGB, float32 in [0, 1].

    Raises
    ------
    UnusablePixelsError
        As `photo_traits`.
    """
    rgb = _checked(pixels).reshape(-1, 3)
    # Evenly spread over the rows, so that a large picture costs no more than a thumbnail.
    step = max(1, len(rgb) // _MAX_PALETTE_PIXELS)
    lab = rgb_to_lab(rgb[::step]).astype(np.float64)
    centers = _first_centers(lab, num_colors, np.random.default_rng(seed))
    for _ in range(_MAX_PALETTE_ROUNDS):
        nearest = _squared_distances(lab, centers).argmin(axis=1)
        counts = np.bincount(nearest, minlength=len(centers))
        sums = np.stack([np.bincount(nearest, lab[:, axis], len(centers)) for axis in range(3)], axis=1)
        moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centers)
        if np.allclose(moved, centers, atol=0.01):
            break
        centers = moved
    kept = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    return Palette(lab_to_rgb(centers[kept]), (counts[kept] / len(lab)).astype(np.float32))


def _checked(pixels: NDArray[Any]) -> NDArray[np.float32]:
    array = np.asarray(pixels)
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise UnusablePixelsError(f"a picture is H×W×3, and this array is of shape {array.shape}.")
    if not np.issubdtype(array.dtype, np.floating) or not (array.min() >= 0 and array.max() <= 1):
        raise UnusablePixelsError("pixels are to be floating-point numbers in [0, 1]; divide 8-bit ones by 255.")
    return array.astype(np.float32, copy=False)


def _grain(lightness: NDArray[np.float32]) -> float:
    """Estimate noise by the difference of two Laplacians, which smooth shading leaves at 0, over the smoothest blocks.

    J. Immerkær, "Fast Noise Variance Estimation", 1996; taking the smoothest blocks keeps texture out.
    """
    if min(lightness.shape) < 3:
        return 0.0
    rows = lightness[:-2] - 2 * lightness[1:-1] + lightness[2:]
    response = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    height, width = (max(1, side // _BLOCK_SIDE) for side in response.shape)
    row_edges = np.arange(height) * response.shape[0] // height
    column_edges = np.arange(width) * response.shape[1] // width
    sums = np.add.reduceat(np.add.reduceat(response, row_edges, axis=0), column_edges, axis=1)
    areas = np.diff(np.append(row_edges, response.shape[0]))[:, None] * np.diff(
        np.append(column_edges, response.shape[1])
    )
    # The mask's coefficients have a squared sum of 36; a normal deviate has a mean magnitude of √(2/π).
    deviations = sums / areas * np.sqrt(np.pi / 2) / 6
    return float(np.quantile(deviations, _SMOOTHEST_SHARE))


def _first_centers(lab: NDArray[np.float64], num_colors: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Choose far-apart pixels: D. Arthur and S. Vassilvitskii, "k-means++", 2007."""
    centers = lab[random.integers(len(lab), size=1)]
    while len(centers) < num_colors:
        distances = _squared_distances(lab, centers).min(axis=1)
        if distances.max() < 1e-6:
            break
        centers = np.vstack([centers, lab[random.choice(len(lab), p=distances / distances.sum())]])
    return centers


def _squared_distances(lab: NDArray[np.float64], centers: NDArray[np.float64]) -> NDArray[np.float64]:
    differences: NDArray[np.float64] = ((lab[:, None] - centers[None]) ** 2).sum(axis=2)
    return differences


def _phrase(name: str, deviation: float) -> str:
    phrase = _PHRASES[name][deviation > 0]
    if abs(deviation) < _NOTABLE or not phrase:
        return ""
    return f"very {phrase}" if abs(deviation) >= _EXTREME else phrase
