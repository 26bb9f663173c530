"""How bright a photo is, which range of lightness it uses, and which share of it is clipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.critique.finding import Box, Finding, Level, Plane
from impasto.critique.pixel_blocks import field_means
from impasto.media.frame import Pixels, pixel_maximum
from impasto.vision.lab import TO_XYZ, rgb_to_lightness, rgb_to_linear

_MIDDLE_GREY = 0.18
_DARK, _BRIGHT = -2.5, 1.6
_FLAT = 45.0
_CHANNELS = ("red", "green", "blue")
_FIELDS = 96
_MANY, _MANY_IN_ONE = 0.01, 0.04
_MANY_IN_FACE = {True: 0.02, False: 0.05}  # pupils and nostrils are black


@dataclass(frozen=True, slots=True, eq=False)
class Clipping:
    """What is clipped at one end.

    Attributes
    ----------
    share
        Of pixels with all channels there.
    shares
        Of pixels, for each channel.
    grid
        Which share of the pixels of each field has any channel there.
    """

    share: float
    shares: tuple[float, float, float]
    grid: Plane


def judge_exposure(rgb: Plane) -> Finding:
    """Say how bright the middle one of all pixels is, in stops from middle grey: one stop is twice the light.

    Parameters
    ----------
    rgb
        H×W×3 sRGB in [0, 1], of any size.
    """
    luminance = rgb_to_linear(rgb) @ TO_XYZ[1]
    stops = float(np.log2(max(float(np.median(luminance)), 1e-5) / _MIDDLE_GREY))
    words = f"its median lies {abs(stops):.1f} stops {'below' if stops < 0 else 'above'} middle grey"
    if stops < _DARK:
        return Finding("exposure", Level.LOOK, f"dark, by intent or underexposed: {words}", stops, "stops")
    if stops > _BRIGHT:
        return Finding("exposure", Level.LOOK, f"bright, by intent or overexposed: {words}", stops, "stops")
    return Finding("exposure", Level.FINE, words, stops, "stops")


def judge_contrast(rgb: Plane) -> Finding:
    """Say which range of lightness all but the darkest and the brightest hundredth take up."""
    darkest, brightest = np.quantile(rgb_to_lightness(rgb), [0.01, 0.99]).tolist()
    span = brightest - darkest
    words = f"lightness from {darkest:.0f} to {brightest:.0f} of 100"
    details = {"darkest": darkest, "brightest": brightest}
    if span < _FLAT:
        return Finding("contrast", Level.LOOK, f"flat: {words}", span, "L*", details)
    return Finding("contrast", Level.FINE, words, span, "L*", details)


def measure_clipping(pixels: Pixels, *, bright: bool) -> Clipping:
    """Count pixels within one and a half 8-bit levels of white, or of black, channel by channel.

    Parameters
    ----------
    pixels
        H×W×3 as the file holds them: converting colours would clip some more.
    """
    there = _clipped(pixels, bright)
    anywhere: NDArray[np.bool_] = there.max(axis=2)
    red, green, blue = (float(there[..., number].mean()) for number in range(3))
    return Clipping(float(there.all(axis=2).mean()), (red, green, blue), field_means(anywhere, _FIELDS))


def judge_clipping(clipping: Clipping, pixels: Pixels, faces: Sequence[Box], *, bright: bool) -> Finding:
    """Say which share of a picture, of each channel, and of the largest face has no detail left."""
    name, end = ("highlights", "white") if bright else ("shadows", "black")
    details = dict(zip(_CHANNELS, clipping.shares, strict=True))
    worst = int(np.argmax(clipping.shares))
    words = f"{_percent(clipping.share)} is {end}"
    if clipping.shares[worst] > clipping.share:
        words += f", {_percent(clipping.shares[worst])} clipped in {_CHANNELS[worst]}"
    look = clipping.share > _MANY or clipping.shares[worst] > _MANY_IN_ONE
    if faces:
        details["face"] = float(_clipped(_cut_out(pixels, faces[0]), bright).any(axis=2).mean())
        if details["face"] > _MANY_IN_FACE[bright]:
            words, look = f"{words}, and of the largest face {_percent(details['face'])} is clipped", True
    return Finding(name, Level.LOOK if look else Level.FINE, words, clipping.share * 100, "%", details)


def _clipped(pixels: Pixels, bright: bool) -> NDArray[np.bool_]:
    step = 1.5 / 255 * pixel_maximum(pixels.dtype)
    result: NDArray[np.bool_] = pixels >= pixel_maximum(pixels.dtype) - step if bright else pixels <= step
    return result


def _cut_out(pixels: Pixels, box: Box) -> Pixels:
    height, width = pixels.shape[:2]
    left, right = int(box[0] * width), max(int(box[0] * width) + 1, int(box[2] * width))
    top, bottom = int(box[1] * height), max(int(box[1] * height) + 1, int(box[3] * height))
    return pixels[top:bottom, left:right]


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{share * 100:.1f} %"
