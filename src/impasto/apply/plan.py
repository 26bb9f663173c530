"""Which output belongs to which input."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from impasto.errors import OutputError, UnreadableMediaError, UsageError
from impasto.media.files import find_pictures

FALLBACK_SUFFIX = ".jpg"
Pair = tuple[Path, Path]


def plan_outputs(inputs: Sequence[Path | str], output: Path | str) -> list[Pair]:
    """Pair each input picture with the file to write.

    One file goes to the file named, or into the folder named if that exists or ends with a separator. A folder keeps
    its tree beneath the output folder; of several inputs, each folder gets one of its own name there. Pictures that
    already lie in the output folder are results of an earlier run, and are left out. Names stay, except that formats
    which cannot be written (RAW, HEIC) become JPEG: `IMG.CR2` becomes `IMG.jpg`, or `IMG.CR2.jpg` where another input
    takes that name.

    Parameters
    ----------
    inputs
        Files and folders.
    output
        A file or a folder; need not exist.

    Raises
    ------
    UnreadableMediaError
        An input does not exist, or there is no picture in any.
    OutputError
        A folder is to go to a file, or the file named has the suffix of no format that can be written.
    UsageError
        Two inputs would get the same output.
    """
    given = [Path(path) for path in inputs]
    target = Path(output)
    if len(given) == 1 and given[0].is_file() and not _means_folder(output):
        _image_write().check_picture_suffix(target)
        return [(given[0], target)]
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file. Several pictures need a folder to go to.")
    relative = _relative_outputs(given, target)
    if not relative:
        raise UnreadableMediaError(f"There is no picture in {', '.join(map(str, given)) or 'an empty list'}.")
    return _without_collisions(relative, target)


def plan_beside(inputs: Sequence[Path | str], style_name: str) -> list[Pair]:
    """Pair pictures with files beside what was given: `a.jpg` with `a-STYLE.jpg`, the folder `b` with `b-STYLE`."""
    return [pair for path in inputs for pair in plan_outputs([path], _beside(Path(path), style_name))]


def _beside(path: Path, style_name: str) -> Path:
    path = path if path.name else path.resolve()
    if path.is_dir():
        return path.with_name(f"{path.name}-{style_name}")
    suffix = path.suffix if _is_writable(path) else FALLBACK_SUFFIX
    return path.with_name(f"{path.stem}-{style_name}{suffix}")


def _image_write() -> ModuleType:
    from impasto.media import image_write  # noqa: PLC0415  imports Pillow

    return image_write


def _is_writable(path: Path) -> bool:
    try:
        _image_write().check_picture_suffix(path)
    except OutputError:
        return False
    return True


def _means_folder(output: Path | str) -> bool:
    separators = (os.sep, os.altsep) if os.altsep else (os.sep,)
    return Path(output).is_dir() or str(output).endswith(separators)


def _relative_outputs(inputs: Sequence[Path], target: Path) -> list[Pair]:
    """Pair each picture with its place beneath the output folder, its name not yet changed."""
    relative: dict[Path, Pair] = {}
    for given in inputs:
        root = given if given.is_dir() else given.parent
        prefix = Path(given.resolve().name) if given.is_dir() and len(inputs) > 1 else Path()
        for picture in find_pictures([given]):
            if given.is_dir() and _is_earlier_result(picture, given, target):
                continue
            relative.setdefault(picture.resolve(), (picture, prefix / picture.relative_to(root)))
    return list(relative.values())


def _is_earlier_result(picture: Path, folder: Path, target: Path) -> bool:
    is_below = folder.resolve() in target.resolve().parents
    return is_below and target.resolve() in picture.resolve().parents


def _without_collisions(relative: Sequence[Pair], target: Path) -> list[Pair]:
    kept = {place for _, place in relative if _is_writable(place)}
    taken: dict[Path, Path] = {}
    for picture, place in relative:
        name = place
        if not _is_writable(place):
            name = place.with_suffix(FALLBACK_SUFFIX)
            if name in kept or name in taken:
                name = place.with_name(place.name + FALLBACK_SUFFIX)
        if name in taken:
            raise UsageError(
                f"{taken[name]} and {picture} would both become {target / name}. Give their folders, or one at a time."
            )
        taken[name] = picture
    return [(picture, target / name) for name, picture in taken.items()]
