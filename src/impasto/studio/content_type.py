"""What a file is, told by its first bytes: names and headers that come with an upload prove nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["photo", "film"]
HEAD_SIZE: Final = 64
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_FILM_BRANDS: Final = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"mmp4"}
)


@dataclass(frozen=True, slots=True)
class ContentType:
    """A kind of file that the studio takes.

    Attributes
    ----------
    suffix
        What it is called on disk, whatever it was called elsewhere.
    """

    kind: Kind
    format: str
    suffix: str


_JPEG: Final = ContentType("photo", "jpeg", ".jpg")
_PNG: Final = ContentType("photo", "png", ".png")
_WEBP: Final = ContentType("photo", "webp", ".webp")
_TIFF: Final = ContentType("photo", "tiff", ".tif")
_HEIC: Final = ContentType("photo", "heic", ".heic")
_AVIF: Final = ContentType("photo", "avif", ".avif")
_MP4: Final = ContentType("film", "mp4", ".mp4")
_MOV: Final = ContentType("film", "mov", ".mov")
_MKV: Final = ContentType("film", "mkv", ".mkv")
_WEBM: Final = ContentType("film", "webm", ".webm")


def tell_content_type(head: bytes) -> ContentType | None:
    """Return what a file with these first `HEAD_SIZE` bytes is; None for what the studio does not take."""
    if head.startswith(b"\xff\xd8\xff"):
        return _JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _WEBP
    if head[:4] in (b"II*\0", b"MM\0*"):
        return _TIFF
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _WEBM if b"webm" in head else _MKV
    return _of_brand(head[8:12]) if head[4:8] == b"ftyp" else None


def _of_brand(brand: bytes) -> ContentType | None:
    if brand in (b"avif", b"avis"):
        return _AVIF
    if brand in _HEIF_BRANDS:
        return _HEIC
    if brand == b"qt  ":
        return _MOV
    return _MP4 if brand in _FILM_BRANDS else None
