"""Pictures in memory, whatever they come as."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.apply.pixel_check import check_pixels
from impasto.apply.stylizer import State, Stylizer
from impasto.media.frame import Frame

if TYPE_CHECKING:
    from PIL.Image import Image


def is_pillow(image: Any) -> bool:
    """Tell by name, so that arrays do not make Pillow load."""
    return any(base.__module__ == "PIL.Image" for base in type(image).__mro__)


def apply_to_pillow(image: Image, stylizer: Stylizer) -> Image:
    """Restyle an image; return one that carries what it carried."""
    from impasto.export.pillow_image import frame_from_pillow, pillow_from_frame  # noqa: PLC0415

    restyled, _ = stylizer(frame_from_pillow(image), State())
    return pillow_from_frame(restyled, image)


def srgb_frame(image: Any) -> Frame:
    """Return a path, Pillow image or array as a frame in sRGB."""
    from impasto.export.pillow_image import frame_from_pillow  # noqa: PLC0415
    from impasto.media.color_profile import to_srgb  # noqa: PLC0415
    from impasto.media.image_read import read_image  # noqa: PLC0415

    if isinstance(image, str | os.PathLike):
        return to_srgb(read_image(Path(image)))
    if is_pillow(image):
        return to_srgb(frame_from_pillow(image))
    return Frame(check_pixels(image))
