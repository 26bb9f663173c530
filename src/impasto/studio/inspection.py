"""Looking at what was uploaded: what it is, whether it can be used, and how large it would become in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from impasto.errors import ImpastoError, MissingExtraError
from impasto.studio.content_type import HEAD_SIZE, ContentType, tell_content_type
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Limits

_TRIED_SIDE: Final = 256
_TAKEN: Final = "The studio takes JPEG, PNG, WebP, TIFF, HEIC and AVIF photos, and MP4, MOV, MKV and WebM films."


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found.

    Attributes
    ----------
    seconds, frames, rate
        Of a film, as far as it says.
    has_location
        The photo says where it was taken.
    """

    content_type: ContentType
    width: int
    height: int
    seconds: float | None = None
    frames: int | None = None
    rate: float | None = None
    has_location: bool = False


def tell_type(path: Path, name: str) -> ContentType:
    """Return what a file is, by its content.

    Raises
    ------
    RefusedError
        It is nothing that the studio takes.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_SIZE)
    found = tell_content_type(head)
    if found is None:
        what = "is empty" if not head else "is neither a photo nor a film"
        raise RefusedError("unsupported_type", f"{name} {what}. {_TAKEN}")
    return found


def inspect(path: Path, name: str, content_type: ContentType, limits: Limits) -> Looked:
    """Look at an upload; its pixels are decoded only once its header has said that they are not too many.

    Raises
    ------
    RefusedError
        It cannot be read, or is too large.
    """
    try:
        look = _look_at_photo if content_type.kind == "photo" else _look_at_film
        return look(path, name, content_type, limits)
    except MissingExtraError as error:
        raise RefusedError("missing_extra", str(error).replace(str(path), name)) from error
    except ImpastoError as error:
        said = str(error)
        # What holds too many pixels for any command of ours is refused as what holds too many for the studio.
        code = "too_large" if said.startswith(f"{path} is too large") else "unreadable"
        raise RefusedError(code, said.replace(str(path), name)) from error
    except MemoryError as error:
        raise RefusedError("too_large", f"{name} is too large for the memory there is.") from error


def _look_at_photo(path: Path, name: str, content_type: ContentType, limits: Limits) -> Looked:
    from impasto.media.image_open import open_still  # noqa: PLC0415  imports Pillow
    from impasto.media.image_read import picture_size, read_thumbnail_srgb  # noqa: PLC0415
    from impasto.studio.carried import carries_location  # noqa: PLC0415

    with open_still(path) as image:
        stored = image.size[0] * image.size[1]
    if stored > limits.photo_pixels:
        raise RefusedError(
            "too_large",
            f"{name} has {stored / 1e6:.0f} megapixels; the studio takes {limits.photo_pixels / 1e6:.0f}.",
        )
    width, height = picture_size(path)
    read_thumbnail_srgb(path, _TRIED_SIDE)
    return Looked(content_type, width, height, has_location=carries_location(path))


def _look_at_film(path: Path, name: str, content_type: ContentType, limits: Limits) -> Looked:
    from impasto.media.film_info import read_info  # noqa: PLC0415  imports PyAV

    info = read_info(path)
    seconds = None if info.duration is None else float(info.duration)
    if seconds is None and info.num_frames is not None and info.rate:
        seconds = float(info.num_frames / info.rate)
    if seconds is not None and seconds > limits.film_seconds:
        raise RefusedError(
            "too_large", f"{name} lasts {seconds / 60:.0f} minutes; the studio takes {limits.film_seconds / 60:.0f}."
        )
    if info.width * info.height > limits.photo_pixels:
        raise RefusedError("too_large", f"{name} has frames of {info.width}×{info.height} pixels, which is too large.")
    return Looked(content_type, info.width, info.height, seconds, info.num_frames, float(info.rate))
