"""Which output belongs to which content: the one at the same place in its folder, whatever its suffix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from impasto.errors import UsageError
from impasto.media.files import find_places

_MOST_NAMED = 5
_RULE = "Pictures are paired by their place in the folder, without the suffix"


def pictures_in(paths: Sequence[Path], role: str) -> dict[Path, str]:
    """Find pictures in files and folders: path → place in its folder without the suffix.

    Raises
    ------
    UsageError
        There are none.
    UnreadableMediaError
        A path does not exist.
    """
    found = {path: place.with_suffix("").as_posix() for path, place in find_places(paths).items()}
    if not found:
        raise UsageError(f"{role}: no pictures in {', '.join(map(str, paths)) or 'an empty list'}.")
    return found


def pair_by_place(content: dict[Path, str], folder: Path, role: str) -> tuple[dict[Path, Path], list[str]]:
    """Find for each content its partner in a folder.

    Returns
    -------
    Content → partner, and a line for each kind of picture that has none.

    Raises
    ------
    UsageError
        Nothing fits, two pictures could be meant, or the folder is empty.
    """
    partners = _by_place(pictures_in([folder], role))
    places = _by_place(content)
    pairs = {path: partners[place] for place, path in places.items() if place in partners}
    lonely = [path for place, path in places.items() if place not in partners]
    strays = [path for place, path in partners.items() if place not in places]
    if not pairs:
        raise UsageError(
            f"no picture of {folder} fits any content: {_named(strays)} against {_named(lonely)}. {_RULE}."
        )
    notes = []
    if lonely:
        notes.append(f"Without a partner among the {role}, and left out: {_named(lonely)}. {_RULE}.")
    if strays:
        notes.append(f"In {folder} without a content, and left out: {_named(strays)}. {_RULE}.")
    return pairs, notes


def _by_place(pictures: dict[Path, str]) -> dict[str, Path]:
    by_place: dict[str, Path] = {}
    for path, place in pictures.items():
        if place in by_place:
            raise UsageError(f"{by_place[place]} and {path} have one place in their folders. {_RULE}: rename one.")
        by_place[place] = path
    return by_place


def _named(paths: Sequence[Path]) -> str:
    shown = ", ".join(str(path) for path in paths[:_MOST_NAMED])
    return f"{shown} and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else shown
