"""Frames of a film as a screen shows them: what the gate judges, and the small pictures of a report."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.gate.view import Image8, resized
from impasto.media.color_profile import to_srgb
from impasto.media.frame import Color, Frame, Pixels, pixel_maximum
from impasto.media.image_write import to_8bit

if TYPE_CHECKING:
    from impasto.media.planar import PlanarFrame

Seen: TypeAlias = "PlanarFrame | Frame"
Floats: TypeAlias = NDArray[np.float32]

_QUALITY = 85
_PQ, _HLG = {"smpte2084", "pq"}, {"arib-std-b67", "hlg"}
_WHITE = 203.0
"""Nits of the white of a page in HDR pictures: ITU-R BT.2408."""
_KNEE = 0.6
"""Share of that white up to which light passes as it is; what is brighter is brought below 1."""
_TO_BT709: dict[str, tuple[tuple[float, float, float], ...]] = {
    "bt2020": ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    "smpte432": ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}


def shown_pixels(frame: Seen) -> Pixels:
    """Return H×W×3 sRGB pixels of a frame of a film, or of a still.

    HDR is brought to what a common screen shows, and wide gamuts are clipped to sRGB, both as uint8.
    """
    picture = to_srgb(frame if isinstance(frame, Frame) else frame.to_rgb())
    color = picture.color
    if color.transfer in _PQ | _HLG or color.primaries in _TO_BT709:
        return _narrowed(picture.pixels, color)
    return picture.pixels


def small_picture(frame: Seen, side: int) -> Image8:
    """Return a frame as uint8 sRGB with a long side of at most `side`."""
    pixels = to_8bit(shown_pixels(frame))
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    return resized(pixels, round(pixels.shape[0] * scale), round(pixels.shape[1] * scale))


def jpeg_bytes(picture: Image8) -> bytes:
    """Return a picture as JPEG."""
    from PIL import Image  # noqa: PLC0415

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()


def picture_of(jpeg: bytes, side: int) -> Image8:
    """Return a JPEG with a long side of at most `side`; grey where it is broken, as after a crash."""
    from PIL import Image  # noqa: PLC0415

    try:
        with Image.open(io.BytesIO(jpeg)) as image:
            image.draft("RGB", (side, side))
            pixels = np.asarray(image.convert("RGB"))
    except OSError:
        return np.full((max(1, side * 9 // 16), side, 3), 128, np.uint8)
    scale = min(1.0, side / max(pixels.shape[:2]))
    return resized(pixels, round(pixels.shape[0] * scale), round(pixels.shape[1] * scale))


def _narrowed(pixels: Pixels, color: Color) -> Pixels:
    light = _linear(pixels.astype(np.float32) / np.float32(pixel_maximum(pixels.dtype)), color.transfer)
    if color.primaries in _TO_BT709:
        light = light @ np.array(_TO_BT709[color.primaries], np.float32).T
    return to_8bit(_srgb_encoded(np.clip(light, 0, 1)))


def _linear(values: Floats, transfer: str) -> Floats:
    """Return light with 1 for white; of HDR what is brighter is bent below it."""
    if transfer in _PQ:
        return _bent(_pq_nits(values) / np.float32(_WHITE))
    if transfer in _HLG:
        return _bent(_hlg_nits(values) / np.float32(_WHITE))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _pq_nits(values: Floats) -> Floats:
    """SMPTE ST 2084."""
    root = np.clip(values, 0, 1) ** (1 / 78.84375)
    nits = 10000 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    return nits.astype(np.float32)


def _hlg_nits(values: Floats) -> Floats:
    """ITU-R BT.2100 on a screen of 1000 nits."""
    bright = (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12
    scene = np.where(values <= 0.5, values**2 / 3, bright)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return np.asarray(1000 * scene * np.maximum(luminance, 1e-6)[..., None] ** 0.2, np.float32)


def _bent(light: Floats) -> Floats:
    over = np.maximum(light - _KNEE, 0)
    bent = np.where(light <= _KNEE, light, 1 - (1 - _KNEE) * np.exp(-over / (1 - _KNEE)))
    return bent.astype(np.float32)


def _srgb_encoded(light: Floats) -> Floats:
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)
    return encoded.astype(np.float32)
