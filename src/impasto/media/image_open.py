"""Open a still with Pillow, or say in one line why it cannot be used."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.media.files import HEIF_SUFFIXES

MAX_PIXELS = 400_000_000
_ANIMATED_FORMATS = {"GIF", "PNG", "WEBP", "AVIF"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, struct.error, zlib.error)

# Pillow warns from 89 megapixels and refuses from 179, which stitched panoramas and medium-format scans exceed.
if Image.MAX_IMAGE_PIXELS is not None:
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, MAX_PIXELS)


@contextmanager
def open_still(path: Path) -> Iterator[Image.Image]:
    """Yield the picture with its header read and its pixels not yet decoded.

    Errors of the block, where pixels are decoded, are translated too: keep nothing else in it.

    Raises
    ------
    UnreadableMediaError
        Missing, a folder, empty, of an unknown format, animated, over `MAX_PIXELS`, damaged or cut short.
    MissingExtraError
        HEIC, and the extra `photo` is not installed.
    """
    head = read_head(path)
    if path.suffix.lower() in HEIF_SUFFIXES or head[8:12] in _HEIF_BRANDS:
        _register_heif(path)
    try:
        with Image.open(path) as image:
            _refuse_animated(image, path)
            refuse_oversized(path, *image.size)
            yield image
    except (UnreadableMediaError, MissingExtraError):
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableMediaError(
            f"{path} is too large: at most {MAX_PIXELS // 10**6} megapixels are read."
        ) from error
    except UnidentifiedImageError as error:
        raise UnreadableMediaError(f"{path} {_describe_unknown(head)}") from error
    except _DAMAGE as error:
        raise damaged(path, error) from error


def read_head(path: Path) -> bytes:
    """Return the first 32 bytes of a file that exists, may be read and is not empty."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except FileNotFoundError as error:
        raise UnreadableMediaError(f"{path} does not exist.") from error
    except IsADirectoryError as error:
        raise UnreadableMediaError(f"{path} is a folder, not a picture.") from error
    except OSError as error:
        raise UnreadableMediaError(f"{path} cannot be opened: {error.strerror}.") from error
    if not head:
        raise UnreadableMediaError(f"{path} is empty (0 bytes).")
    return head


def damaged(path: Path, reason: object) -> UnreadableMediaError:
    """Make the error for a file that starts well and cannot be decoded to its end."""
    clause = " ".join(str(reason).split())
    return UnreadableMediaError(f"{path} is damaged or cut short ({clause}). Copy it again from where it came from.")


def refuse_oversized(path: Path, width: int, height: int) -> None:
    """Raise where a picture would fill the memory."""
    if width * height > MAX_PIXELS:
        raise UnreadableMediaError(
            f"{path} is too large: {width}×{height} is {width * height / 1e6:.0f} megapixels, "
            f"and at most {MAX_PIXELS // 10**6} are read."
        )


def _refuse_animated(image: Image.Image, path: Path) -> None:
    if image.format in _ANIMATED_FORMATS and getattr(image, "is_animated", False):
        num_frames = getattr(image, "n_frames", "several")
        raise UnreadableMediaError(f"{path} is animated ({num_frames} frames). Save one frame of it as a still.")


def _register_heif(path: Path) -> None:
    try:
        from pi_heif import register_heif_opener  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(f"{path} is a HEIC picture. To read it: pip install 'impasto[photo]'") from error
    register_heif_opener()


def _describe_unknown(head: bytes) -> str:
    if head[:4] == b"\x76\x2f\x31\x01":
        return "is an OpenEXR picture, which is not supported. Save it as a 16-bit TIFF."
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "is an unusual TIFF (floating point?) or damaged. Save it as an 8- or 16-bit RGB TIFF."
    if head[:2] == b"\xff\xd8" or head[:8] == b"\x89PNG\r\n\x1a\n" or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "is damaged or cut short. Copy it again from where it came from."
    return "is not a picture, or of a kind that cannot be read (JPEG, PNG, TIFF, WebP, AVIF, HEIC and RAW can)."
