"""Pictures moved into a folder for each class. Nothing is ever replaced."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from impasto.errors import OutputError
from impasto.gallery.reading import Failure
from impasto.media.files import describe_os_error
from impasto.sorting.classifier import Told
from impasto.sorting.labels import UNSURE

_SIDECAR = ".xmp"


@dataclass(slots=True)
class Moved:
    """What became of pictures.

    Attributes
    ----------
    places
        Where those that were moved are now.
    num_stayed
        Those that were where they belong, or of which nothing sure is known.
    """

    places: dict[Path, Path] = field(default_factory=dict)
    num_stayed: int = 0
    failures: list[Failure] = field(default_factory=list)


def move_pictures(told: Sequence[Told], into: Path) -> Moved:
    """Move each picture that was told into `into/label/`. Those told "unsure" stay where they are.

    A picture whose name is taken there gets a number. What a raw converter keeps beside a picture (`NAME.xmp`) goes
    along.
    """
    moved = Moved()
    for each in told:
        folder = into / each.label
        if each.label == UNSURE or (
            folder.exists() and each.path.parent.exists() and each.path.parent.samefile(folder)
        ):
            moved.num_stayed += 1
            continue
        try:
            moved.places[each.path] = _move(each.path, folder)
        except OutputError as error:
            moved.failures.append(Failure(each.path, str(error)))
    return moved


def _move(path: Path, folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = _free(folder / path.name, path)
        shutil.move(path, target)
        for beside, name in _sidecars(path, target):
            shutil.move(beside, name)
    except OSError as error:
        raise OutputError(f"{path} cannot be moved to {folder}: {describe_os_error(error)}.") from error
    return target


def _free(target: Path, path: Path) -> Path:
    """Return a name that neither the picture nor what lies beside it would replace."""
    number, free = 2, target
    while free.exists() or any(name.exists() for _, name in _sidecars(path, free)):
        free = target.with_name(f"{target.stem}-{number}{target.suffix}")
        number += 1
    return free


def _sidecars(path: Path, target: Path) -> list[tuple[Path, Path]]:
    pairs = [
        (path.with_suffix(_SIDECAR), target.with_suffix(_SIDECAR)),
        (path.with_name(path.name + _SIDECAR), target.with_name(target.name + _SIDECAR)),
    ]
    return [(beside, name) for beside, name in pairs if beside.is_file()]
