"""More than 8 bits: 16-bit PNG and TIFF through OpenImageIO, RAW through LibRaw (the extra `photo`)."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.media.image_open import damaged, read_head, refuse_oversized

_SRGB_GAMMA = (2.4, 12.92)
_MAX_EXIF_BYTES = 1 << 22


def read_deep_pixels(path: Path) -> NDArray[np.uint16]:
    """Decode a 16-bit PNG or TIFF as stored: H×W×C, alpha last and not multiplied into the colours.

    Raises
    ------
    UnreadableMediaError
        Damaged or cut short.
    MissingExtraError
        OpenImageIO is not installed.
    """
    try:
        import OpenImageIO as oiio  # noqa: N813, PLC0415
    except ImportError as error:
        raise MissingExtraError(f"{path} has 16 bits per channel. To read it: pip install 'impasto[photo]'") from error
    hints = oiio.ImageSpec()
    hints.attribute("oiio:UnassociatedAlpha", 1)
    hints.attribute("oiio:RawColor", 1)
    source = oiio.ImageInput.open(str(path), hints)
    if source is None:
        raise damaged(path, oiio.geterror().strip().splitlines()[0])
    try:
        pixels = source.read_image(0, 0, 0, source.spec().nchannels, "uint16")
        if pixels is None or source.has_error:
            raise damaged(path, (source.geterror().strip() or "not all of it could be decoded").splitlines()[0])
    finally:
        source.close()
    result: NDArray[np.uint16] = pixels
    return result


def trailing_png_exif(path: Path) -> bytes | None:
    """Find the EXIF that some writers put behind the pixels of a PNG, without decoding them."""
    with path.open("rb") as file:
        file.seek(8)
        while len(header := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", header)
            if name == b"eXIf":
                return file.read(min(length, _MAX_EXIF_BYTES))
            file.seek(length + 4, io.SEEK_CUR)
    return None


def read_raw(path: Path, *, half_size: bool = False) -> tuple[NDArray[np.uint16], bytes | None]:
    """Develop a RAW file as the camera saw it: its white balance, sRGB, 16 bits, upright.

    Brightness is LibRaw's automatic one, where 1% of the pixels reach white.

    Returns
    -------
    pixels, exif
        H×W×3, and the EXIF block of the embedded JPEG preview, or None.

    Raises
    ------
    UnreadableMediaError, MissingExtraError
    """
    read_head(path)
    try:
        import rawpy  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(f"{path} is a RAW file. To read it: pip install 'impasto[photo]'") from error
    try:
        with rawpy.imread(str(path)) as raw:
            refuse_oversized(path, raw.sizes.width, raw.sizes.height)
            exif = _preview_exif(raw)
            pixels: Any = raw.postprocess(
                use_camera_wb=True,
                output_bps=16,
                gamma=_SRGB_GAMMA,
                half_size=half_size,
            )
    except rawpy.LibRawFileUnsupportedError as error:
        raise UnreadableMediaError(f"{path} is not a RAW file that LibRaw knows.") from error
    except rawpy.LibRawError as error:
        raise damaged(path, error.args[0].decode() if error.args else error) from error
    return pixels, exif


def _preview_exif(raw: Any) -> bytes | None:
    """A RAW file without a preview, or with one that cannot be read, is still a good RAW file."""
    try:
        thumbnail = raw.extract_thumb()
        with Image.open(io.BytesIO(thumbnail.data)) as preview:
            exif: bytes | None = preview.info.get("exif")
            return exif
    except Exception:
        return None
