"""Pillow's pictures and our arrays in one and the same memory, since copying takes as long as grading.

Pillow keeps RGB as four bytes a pixel, which is the layout of `impasto.media.frame.empty_padded`.
"""

from __future__ import annotations

import logging

import numpy as np
from PIL import Image

from impasto.media.frame import Pixels, empty_padded, padded_storage

_logger = logging.getLogger(__name__)
_PADDING = 255  # what Pillow's decoders put into the fourth byte


def decode_in_place(image: Image.Image) -> Pixels | None:
    """Decode a picture that has been opened, and not yet loaded, into an array; None where that cannot be done.

    Pillow has no documented way to say where pixels go. Hence the image is given its memory beforehand by the call with
    which Pillow itself maps files, and afterwards it is checked that the pixels have arrived there.

    Returns
    -------
    H×W×3 uint8, a view of an H×W×4 array. Where the result is None, the image is loaded as usual, or still to be.
    """
    width, height = image.size
    if image.mode != "RGB" or image.format not in ("JPEG", "MPO"):
        return None
    storage = empty_padded(height, width)
    storage[[0, -1]] = 0
    try:
        memory = Image.core.map_buffer(storage, image.size, "raw", 0, ("RGB", 4 * width, 1))  # type: ignore[attr-defined]
        image.im = memory
    except (AttributeError, TypeError, ValueError) as error:
        _logger.debug("Decoding with a copy, since this Pillow cannot be given memory: %s", error)
        return None
    image.load()
    has_arrived = image.im is memory and (storage[[0, -1], :, 3] == _PADDING).all()
    return storage[..., :3] if has_arrived else None


def image_of(pixels: Pixels) -> Image.Image:
    """Return 8-bit pixels as an image of mode RGB; or RGBX, sharing their memory, where that is possible.

    An encoder that takes both modes writes the same bytes.
    """
    storage = padded_storage(pixels)
    if storage is None:
        return Image.fromarray(np.ascontiguousarray(pixels))
    return Image.frombuffer("RGBX", (pixels.shape[1], pixels.shape[0]), storage, "raw", "RGBX", 0, 1)
