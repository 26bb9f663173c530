"""Which inputs are films, which are sequences of pictures, and where their results go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from impasto.errors import UsageError

if TYPE_CHECKING:
    from impasto.film.medium import Medium
    from impasto.media.film_encoding import Encoding

FILM_SUFFIXES: Final = frozenset(
    f".{name}"
    for name in (
        *("mp4", "m4v", "mov", "qt", "mkv", "webm", "avi", "wmv", "flv", "mxf", "3gp"),
        *("ts", "m2ts", "mts", "mpg", "mpeg", "vob", "ogv", "y4m", "nut"),
    )
)
"""Suffixes, in lower case, that count as a film."""
_NUMBER = re.compile(r"%0?\d*d")


def is_film(path: Path) -> bool:
    """Say whether a name is that of a film."""
    return path.suffix.lower() in FILM_SUFFIXES


def is_sequence(path: Path) -> bool:
    """Say whether a name stands for a sequence of pictures, as `shots/%06d.exr` does."""
    return bool(_NUMBER.search(path.name))


def default_output(source: Path, style_name: str) -> Path:
    """Return where a result goes if nobody says: beside the source."""
    if is_sequence(source):
        return source.parent.with_name(f"{source.parent.resolve().name}-{style_name}") / source.name
    return source.with_name(f"{source.stem}-{style_name}{source.suffix}")


def medium_for(
    source: Path, output: Path, encoding: Encoding, deinterlace: str | None = None, quality: int = 95
) -> Medium:
    """Return what reads a source and writes its result.

    Parameters
    ----------
    deinterlace
        As for `impasto.media.film_read.FilmSource`.
    quality
        Of pictures of a sequence that are JPEG or WebP.

    Raises
    ------
    UsageError
        A film is to become a sequence, or the other way round.
    """
    if is_sequence(source) != is_sequence(output):
        kind = "a sequence of pictures, as out/%06d.png" if is_sequence(source) else "a film"
        raise UsageError(f"{source} can only become {kind}, not {output}.")
    if is_sequence(source):
        from impasto.film.sequence import SequenceMedium  # noqa: PLC0415

        return SequenceMedium(source, output, quality)
    from impasto.film.medium import FilmMedium  # noqa: PLC0415

    return FilmMedium(source, output, encoding, deinterlace)
