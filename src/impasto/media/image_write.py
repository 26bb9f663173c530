"""Stills to files, with everything that their source carried."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from impasto.errors import OutputError, UsageError
from impasto.media.files import write_beside
from impasto.media.frame import Frame, Pixels
from impasto.media.pillow_storage import image_of
from impasto.media.png_write import write_png_16bit
from impasto.media.tiff_write import write_tiff

_logger = logging.getLogger(__name__)
_MAX_JPEG_EXIF_BYTES = 65_533
_MAX_JPEG_XMP_BYTES = 65_502
_NO_SUBSAMPLING = 0
_LONGEST_SIDE = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383}


def write_image(frame: Frame, path: Path | str, *, quality: int = 95) -> None:
    """Write a still in the format that the suffix names: .jpg, .png, .tif or .webp.

    uint16 stays 16-bit in PNG and TIFF and is rounded to 8 bits in JPEG and WebP; float32 is rounded to 8 bits. JPEG
    has no alpha: the colours are kept as they are and the alpha is dropped. `path` appears only once it is complete.

    Parameters
    ----------
    quality
        1 to 100, for JPEG and WebP. JPEG keeps the chroma subsampling of a JPEG source, and has none otherwise.

    Raises
    ------
    OutputError
        Unknown suffix, a folder, not writable, disk full, or a size that the format cannot hold.
    UsageError
        `quality` out of range.
    """
    path = Path(path)
    if not 1 <= quality <= 100:
        raise UsageError(f"quality must be from 1 to 100, not {quality}.")
    write = _writer(path)
    longest = _LONGEST_SIDE.get(path.suffix.lower(), max(frame.width, frame.height))
    if max(frame.width, frame.height) > longest:
        raise OutputError(
            f"{path} cannot hold {frame.width}×{frame.height} pixels: its format allows {longest} on a side. Use .tif."
        )
    with write_beside(path) as temporary:
        write(frame, temporary, quality)


def check_picture_suffix(path: Path | str) -> None:
    """Raise OutputError unless `write_image` knows the format; call it before work starts."""
    _writer(Path(path))


def to_8bit(pixels: Pixels) -> Pixels:
    """Round uint16, or float32 in [0, 1], to uint8; uint8 comes back as it is."""
    if pixels.dtype == np.uint8:
        return pixels
    result = np.empty(pixels.shape, np.uint8)
    for target, source in zip(result, pixels, strict=True):
        if pixels.dtype == np.uint16:
            target[...] = (source.astype(np.uint32) * 255 + 32767) // 65535
        else:
            target[...] = np.rint(np.clip(source, 0, 1) * 255)
    return result


def _writer(path: Path) -> Callable[[Frame, Path, int], None]:
    writers = {
        ".jpg": _write_jpeg,
        ".jpeg": _write_jpeg,
        ".png": _write_png,
        ".tif": _write_tiff,
        ".tiff": _write_tiff,
        ".webp": _write_webp,
    }
    if path.suffix.lower() not in writers:
        raise OutputError(f"{path} cannot be written: its name must end in one of {', '.join(writers)}.")
    return writers[path.suffix.lower()]


def _write_jpeg(frame: Frame, path: Path, quality: int) -> None:
    metadata = frame.metadata
    subsampling = _NO_SUBSAMPLING if metadata.jpeg_subsampling is None else metadata.jpeg_subsampling
    options = _options(frame)
    for key, limit in (("exif", _MAX_JPEG_EXIF_BYTES), ("xmp", _MAX_JPEG_XMP_BYTES)):
        if len(options.get(key, b"")) > limit:
            _logger.warning("The %s block is left out: JPEG cannot hold more than %d bytes of it.", key.upper(), limit)
            del options[key]
    image_of(to_8bit(frame.pixels)).save(path, "JPEG", quality=quality, subsampling=subsampling, **options)


def _write_png(frame: Frame, path: Path, _: int) -> None:
    if frame.pixels.dtype == np.uint16:
        write_png_16bit(frame, path)
        return
    options = _options(frame)
    if xmp := options.pop("xmp", None):
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8", "replace"))
    _with_alpha(frame).save(path, "PNG", **options)


def _write_tiff(frame: Frame, path: Path, _: int) -> None:
    deep = frame.pixels.dtype == np.uint16
    write_tiff(frame if deep else replace(frame, pixels=to_8bit(frame.pixels), alpha=_alpha_8bit(frame)), path)


def _write_webp(frame: Frame, path: Path, quality: int) -> None:
    options = _options(frame)
    options.pop("dpi", None)
    _with_alpha(frame).save(path, "WEBP", quality=quality, **options)


def _options(frame: Frame) -> dict[str, Any]:
    metadata = frame.metadata
    options = {
        "exif": metadata.exif,
        "icc_profile": frame.color.icc_profile,
        "xmp": metadata.xmp,
        "dpi": metadata.dpi,
    }
    return {key: value for key, value in options.items() if value}


def _alpha_8bit(frame: Frame) -> Pixels | None:
    return None if frame.alpha is None else to_8bit(frame.alpha)


def _with_alpha(frame: Frame) -> Image.Image:
    image = image_of(to_8bit(frame.pixels)).convert("RGB")
    alpha = _alpha_8bit(frame)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    return image
