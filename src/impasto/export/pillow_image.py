"""Pillow images as frames, and back."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageCms

from impasto.errors import UnusablePixelsError
from impasto.media.color_profile import color_space, pillow_transform
from impasto.media.frame import Color, Frame
from impasto.media.image_write import to_8bit


def frame_from_pillow(image: Image.Image) -> Frame:
    """Return an image as a frame: RGB at 8 bits, of 16-bit grey at 16, with its alpha and, if for RGB, its profile.

    Pixels stay as they lie: an orientation in the image's EXIF goes on to hold for the result.

    Raises
    ------
    UnusablePixelsError
        32-bit numbers, whose white level nobody knows, or no pixels.
    """
    if 0 in image.size:
        raise UnusablePixelsError("The image has no pixels.")
    if image.mode in ("I", "F"):
        raise UnusablePixelsError(f"Images of mode {image.mode} hold 32-bit numbers. Convert to RGB first.")
    icc_profile = image.info.get("icc_profile") or None
    if image.mode.startswith("I;16"):
        return Frame(np.repeat(np.asarray(image).astype(np.uint16)[..., None], 3, axis=2), color=Color(bit_depth=16))
    alpha = np.asarray(image.convert("RGBA").getchannel("A")) if image.has_transparency_data else None
    describes_rgb = icc_profile is not None and color_space(icc_profile) == "RGB"
    color = Color(icc_profile=icc_profile if describes_rgb else None)
    return Frame(np.asarray(_rgb(image, icc_profile)), alpha=alpha, color=color)


def pillow_from_frame(frame: Frame, source: Image.Image) -> Image.Image:
    """Return a frame as an RGB or RGBA image of 8 bits that carries what `source` carried, such as EXIF."""
    image = Image.fromarray(to_8bit(frame.pixels))
    if frame.alpha is not None:
        image.putalpha(Image.fromarray(to_8bit(frame.alpha)))
    dropped = {"transparency"} if frame.color.icc_profile else {"transparency", "icc_profile"}
    image.info = {key: value for key, value in source.info.items() if key not in dropped}
    return image


def _rgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    if image.mode == "CMYK" and icc_profile and color_space(icc_profile) == "CMYK":
        transform = pillow_transform(icc_profile, "CMYK")
        converted = ImageCms.applyTransform(image, transform) if transform else None
        if converted is not None:
            return converted
    return image.convert("RGB")
