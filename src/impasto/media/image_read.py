"""Stills from files: upright, at their native depth, with everything that must survive a restyle.

Decisions: of a TIFF with several pages, and of a phone's multi-picture JPEG, the first picture is read; of RAW files,
the rendering with the camera's white balance. Grey, palette, CMYK and Lab become RGB; 16-bit CMYK comes with 8 bits.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin, TiffImagePlugin

from impasto.errors import UnreadableMediaError
from impasto.media.color_profile import color_space, gray_curve, pillow_transform, smooth_gray_curve
from impasto.media.deep_image import read_deep_pixels, read_raw, trailing_png_exif
from impasto.media.exif import orientation, upright_exif, upright_xmp, with_prefix
from impasto.media.files import RAW_SUFFIXES
from impasto.media.frame import Color, Frame, Metadata, Pixels
from impasto.media.image_open import open_still, read_head
from impasto.media.pillow_storage import decode_in_place

Conversion = Callable[[Image.Image], Image.Image]

_logger = logging.getLogger(__name__)
_STRIP_PIXELS = 1 << 18
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_SIDE = {5, 6, 7, 8}
_FROM_END = {3, 4, 6, 7}
_BITS_PER_SAMPLE, _EXIF_DIRECTORY, _GPS_DIRECTORY = 258, 0x8769, 0x8825
_DESCRIPTIVE_TAGS = (270, 271, 272, 274, 305, 306, 315, 316, 33432, 40091, 40092, 40093, 40094, 40095)


def read_image(path: Path | str) -> Frame:
    """Read a still.

    Returns
    -------
    Frame
        `pixels` H×W×3, upright: uint16 for 16-bit PNG, TIFF and RAW, uint8 for all else. `alpha` where the file has it.
        `color.icc_profile` where it describes these RGB numbers; grey and CMYK profiles have been applied instead.

    Raises
    ------
    UnreadableMediaError
        Missing, empty, damaged, cut short, animated, too large, or of an unknown format.
    MissingExtraError
        A 16-bit PNG or TIFF, RAW or HEIC, and the extra `photo` is not installed.
    """
    path = Path(path)
    if path.suffix.lower() in RAW_SUFFIXES:
        pixels, exif = read_raw(path)
        metadata = Metadata(exif=upright_exif(exif) if exif else None)
        return Frame(pixels, color=Color(bit_depth=16), metadata=metadata, path=path)
    with open_still(path) as image:
        return _read_deep(image, path) if is_deep(image, path) else _read_8bit(image, path)


def read_thumbnail_srgb(path: Path | str, side: int, *, fit_short_side: bool = False) -> NDArray[np.uint8]:
    """Read a still small, fast, upright and in sRGB, without alpha: what learning and hashing look at.

    JPEG is decoded at an eighth to all of its size, whatever is enough; each pixel is the mean of what it covers.

    Parameters
    ----------
    side
        The long side of the result; the short side if `fit_short_side`. A smaller picture keeps its size.

    Returns
    -------
    H×W×3 uint8.
    """
    path = Path(path)
    if path.suffix.lower() in RAW_SUFFIXES:
        pixels = (read_raw(path, half_size=True)[0] >> 8).astype(np.uint8)
        return np.asarray(_shrink(Image.fromarray(pixels), side, fit_short_side))
    with open_still(path) as image:
        is_deep(image, path)  # refuses what has no 8-bit reading
        width, height = _fitted(image.size, side, fit_short_side)
        image.draft(None, (2 * width, 2 * height))
        image.load()
        _, turn = _read_metadata(image)
        small = _shrink(_without_depth(image), side, fit_short_side)
        to_rgb, icc_profile = _rgb_conversion(image, small.mode)
        small = to_rgb(small)
        transform = pillow_transform(icc_profile, "RGB") if icc_profile else None
        if transform is not None:
            small = _through_profile(transform, "RGB", small)
        return np.array(small.transpose(_TRANSPOSE[turn]) if turn in _TRANSPOSE else small)


def picture_size(path: Path | str) -> tuple[int, int]:
    """Return the upright width and height; for RAW, those of the sensor as it was held."""
    path = Path(path)
    if path.suffix.lower() in RAW_SUFFIXES:
        pixels, _ = read_raw(path, half_size=True)
        return 2 * pixels.shape[1], 2 * pixels.shape[0]
    with open_still(path) as image:
        width, height = image.size
        return (height, width) if _read_metadata(image)[1] in _ON_SIDE else (width, height)


def is_deep(image: Image.Image, path: Path) -> bool:
    """Tell whether a PNG or TIFF holds more than 8 bits that Pillow would drop without a word.

    Raises
    ------
    UnreadableMediaError
        32 bits or floating point.
    """
    if image.mode in ("I", "F"):
        raise UnreadableMediaError(f"{path} holds 32-bit numbers. Save it as an 8- or 16-bit RGB picture.")
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.mode not in ("CMYK", "LAB"):
        return bool(max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))) > 8)
    return image.mode.startswith("I;16") or (image.format == "PNG" and read_head(path)[24] == 16)


def _read_8bit(image: Image.Image, path: Path) -> Frame:
    in_place = decode_in_place(image)
    image.load()
    metadata, turn = _read_metadata(image)
    to_rgb, icc_profile = _rgb_conversion(image)
    pixels = in_place if in_place is not None and turn not in _TRANSPOSE else _copy_upright(image, to_rgb, turn)
    alpha = _copy_upright(image, _alpha_of, turn) if image.has_transparency_data else None
    _note_other_pages(image, path)
    return Frame(pixels, alpha=alpha, color=Color(icc_profile=icc_profile), metadata=metadata, path=path)


def _read_deep(image: Image.Image, path: Path) -> Frame:
    if image.format == "PNG" and "exif" not in image.info:
        image.info["exif"] = trailing_png_exif(path)
    metadata, turn = _read_metadata(image, decoded=False)
    icc_profile = image.info.get("icc_profile") or None
    stored = _turned(read_deep_pixels(path), turn)
    num_channels = stored.shape[2]
    alpha = np.ascontiguousarray(stored[..., -1]) if num_channels in (2, 4) else None
    if num_channels < 3:
        pixels = np.repeat(_srgb_gray(stored[..., :1], icc_profile), 3, axis=2)
    else:
        pixels = np.ascontiguousarray(stored[..., :3])
    color = Color(bit_depth=16, icc_profile=_if_rgb(icc_profile))
    _note_other_pages(image, path)
    return Frame(pixels, alpha=alpha, color=color, metadata=metadata, path=path)


def _copy_upright(image: Image.Image, convert: Conversion, turn: int) -> Pixels:
    """Move decoded pixels into an array strip by strip, so that no second copy of the picture ever exists."""
    width, height = image.size
    num_rows = max(1, _STRIP_PIXELS // width)
    shape = (width, height) if turn in _ON_SIDE else (height, width)
    upright: Pixels | None = None
    for start in range(0, height, num_rows):
        end = min(start + num_rows, height)
        strip = convert(image.crop((0, start, width, end)))
        part = np.asarray(strip.transpose(_TRANSPOSE[turn]) if turn in _TRANSPOSE else strip)
        if upright is None:
            upright = np.empty(shape + part.shape[2:], np.uint8)
        span = slice(height - end, height - start) if turn in _FROM_END else slice(start, end)
        upright[(slice(None), span) if turn in _ON_SIDE else span] = part
    assert upright is not None
    return upright


def _turned(stored: NDArray[np.uint16], turn: int) -> NDArray[np.uint16]:
    across = stored.swapaxes(0, 1) if turn in _ON_SIDE else stored
    flip_rows, flip_columns = turn in (3, 4, 7, 8), turn in (2, 3, 6, 7)
    return across[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]


def _rgb_conversion(image: Image.Image, mode: str | None = None) -> tuple[Conversion, bytes | None]:
    """Choose how to make RGB of a mode, and the profile that describes the result."""
    mode = mode or image.mode
    icc_profile = image.info.get("icc_profile") or None
    space = color_space(icc_profile) if icc_profile else ""
    transform = None
    if mode == "CMYK" and space == "CMYK":
        transform = pillow_transform(icc_profile, "CMYK")
    elif mode == "LAB":
        transform = pillow_transform(None, "LAB")
    elif mode in ("1", "L", "LA") and space == "GRAY" and (curve := gray_curve(icc_profile or b"")) is not None:
        return partial(_through_curve, curve.tolist()), None
    if transform is not None:
        return partial(_through_profile, transform, mode), None
    return _plain_rgb, _if_rgb(icc_profile)


def _through_profile(transform: ImageCms.ImageCmsTransform, mode: str, strip: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(strip.convert(mode), transform)
    assert converted is not None
    return converted


def _through_curve(curve: list[int], strip: Image.Image) -> Image.Image:
    return strip.convert("L").point(curve).convert("RGB")


def _plain_rgb(strip: Image.Image) -> Image.Image:
    return strip.convert("RGB")


def _alpha_of(strip: Image.Image) -> Image.Image:
    return strip.convert("RGBA").getchannel("A")


def _if_rgb(icc_profile: bytes | None) -> bytes | None:
    return icc_profile if icc_profile and color_space(icc_profile) == "RGB" else None


def _srgb_gray(levels: NDArray[np.uint16], icc_profile: bytes | None) -> NDArray[np.uint16]:
    curve = smooth_gray_curve(icc_profile) if icc_profile and color_space(icc_profile) == "GRAY" else None
    return levels if curve is None else curve[levels]


def _read_metadata(image: Image.Image, *, decoded: bool = True) -> tuple[Metadata, int]:
    """Return what survives a restyle, made upright, and how the decoded pixels still lie."""
    xmp = image.info.get("xmp") or None
    if isinstance(xmp, str):
        xmp = xmp.encode()
    exif = _exif_block(image)
    turn = orientation(exif, xmp)
    if decoded and image.format == "TIFF":
        turn = 1  # Pillow turns these, and only these, when it decodes them.
    subsampling = JpegImagePlugin.get_sampling(image) if image.format in ("JPEG", "MPO") else -1
    metadata = Metadata(
        exif=upright_exif(exif) if exif else None,
        xmp=upright_xmp(xmp) if xmp else None,
        dpi=_usable_dpi(image),
        jpeg_subsampling=subsampling if subsampling >= 0 else None,
    )
    return metadata, turn


def _exif_block(image: Image.Image) -> bytes | None:
    block = image.info.get("exif")
    if block:
        return with_prefix(block)
    if not isinstance(image, TiffImagePlugin.TiffImageFile) and "Raw profile type exif" not in image.info:
        return None
    tags = image.getexif()
    kept = Image.Exif()
    for tag in _DESCRIPTIVE_TAGS:
        if tag in tags:
            kept[tag] = tags[tag]
    for directory in (_EXIF_DIRECTORY, _GPS_DIRECTORY):
        if entries := tags.get_ifd(directory):
            kept[directory] = entries
    return with_prefix(kept.tobytes()) if len(kept) else None


def _usable_dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi = image.info.get("dpi")
    if not dpi or not all(math.isfinite(value) and value > 0 for value in dpi):
        return None
    return float(dpi[0]), float(dpi[1])


def _note_other_pages(image: Image.Image, path: Path) -> None:
    num_pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    if num_pages > 1:
        _logger.warning("%s has %d pages; only the first is used.", path, num_pages)


def _without_depth(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image


def _fitted(size: tuple[int, int], side: int, fit_short_side: bool) -> tuple[int, int]:
    scale = min(1.0, side / (min(size) if fit_short_side else max(size)))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrink(image: Image.Image, side: int, fit_short_side: bool) -> Image.Image:
    size = _fitted(image.size, side, fit_short_side)
    if size == image.size:
        return image
    if image.mode in ("1", "P", "PA", "RGBA", "LA"):
        image = image.convert("L" if image.mode in ("1", "LA") else "RGB")
    return image.resize(size, Image.Resampling.HAMMING)
