"""Which files are films, by their names: whether they can be read is seen when they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

FILM_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts"),
        *("mxf", "nut", "ogv", "qt", "ts", "vob", "webm", "wmv", "y4m"),
    )
)
"""Suffixes, in lower case, that count as a film."""


def is_film(path: Path | str) -> bool:
    """Tell by the suffix."""
    return Path(path).suffix.lower() in FILM_SUFFIXES


def find_films(paths: Sequence[Path | str]) -> list[Path]:
    """List the films among files, and in folders with all folders in them, each once; hidden ones are skipped."""
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        for film in _films_under(path) if path.is_dir() else [path]:
            if is_film(film):
                found.setdefault(film.resolve(), film)
    return list(found.values())


def _films_under(folder: Path) -> list[Path]:
    films: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        films += [Path(parent, name) for name in names if not name.startswith(".") and is_film(name)]
    return sorted(films)
