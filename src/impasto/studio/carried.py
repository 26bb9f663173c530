"""What a photo carries beside its pixels, read without decoding them."""

from __future__ import annotations

from pathlib import Path

from impasto.media.frame import Metadata
from impasto.media.image_open import open_still
from impasto.media.location import has_location


def carries_location(path: Path) -> bool:
    """Tell whether a photo says where it was taken; a TIFF keeps coordinates in a directory of its own."""
    with open_still(path) as image:
        xmp = image.info.get("xmp") or None
        exif = image.info.get("exif") or None
        told = Metadata(exif=exif, xmp=xmp.encode() if isinstance(xmp, str) else xmp)
        return has_location(told) or (exif is None and bool(image.getexif().get_ifd(0x8825)))
