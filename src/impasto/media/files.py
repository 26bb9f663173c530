"""Which pictures a user means, and where an output may go."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from impasto.errors import ImpastoError, OutputError, UnreadableMediaError

RAW_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3fr", "arw", "cr2", "cr3", "dcr", "dng", "erf", "iiq", "kdc", "mef", "mos"),
        *("mrw", "nef", "nrw", "orf", "pef", "raf", "rw2", "rwl", "srw", "x3f"),
    )
)
HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
PICTURE_SUFFIXES = (
    frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".avif", ".bmp", ".gif", ".jp2"})
    | HEIF_SUFFIXES
    | RAW_SUFFIXES
)
"""Suffixes, in lower case, that count as a picture when a folder is searched."""

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EFBIG: "the disk takes no larger file",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: "its folder does not exist",
    errno.ENOTDIR: "its folder is not a folder",
    errno.EISDIR: "it is a folder",
    errno.ENAMETOOLONG: "the name is too long",
}


def find_pictures(paths: Sequence[Path | str]) -> list[Path]:
    """List the pictures that files and folders stand for, each once.

    Folders are searched recursively, sorted by path; hidden files and folders are skipped. A file named directly is
    taken whatever its suffix.

    Raises
    ------
    UnreadableMediaError
        A path does not exist, or a folder may not be listed.
    """
    found: dict[Path, Path] = {}
    for given in paths:
        path = Path(given)
        if not path.exists():
            raise UnreadableMediaError(f"{path} does not exist.")
        for picture in _pictures_under(path) if path.is_dir() else [path]:
            found.setdefault(picture.resolve(), picture)
    return list(found.values())


def find_places(paths: Sequence[Path]) -> dict[Path, Path]:
    """Find pictures as `find_pictures` does in each file and folder: path → place beneath the folder that was given.

    Raises
    ------
    UnreadableMediaError
        A path does not exist, or a folder may not be listed.
    """
    places: dict[Path, Path] = {}
    for given in paths:
        for path in find_pictures([given]):
            places.setdefault(path, path.relative_to(given) if given.is_dir() else Path(path.name))
    return places


def _pictures_under(folder: Path) -> list[Path]:
    pictures: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=_refuse_folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        pictures += [Path(parent, name) for name in names if _looks_like_picture(name)]
    return sorted(pictures)


def _looks_like_picture(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES


def _refuse_folder(error: OSError) -> None:
    raise UnreadableMediaError(f"{error.filename} cannot be listed: {error.strerror}.") from error


def check_output(output_path: Path | str, input_path: Path | str, overwrite: bool = False) -> None:
    """Refuse an output that is a folder, or the input itself under any name.

    Another file that exists may be replaced. Call it before work starts, so that nobody waits in vain.

    Raises
    ------
    OutputError
        Says which of the two it is, and what to do.
    """
    output, source = Path(output_path), Path(input_path)
    _refuse_target(output)
    if overwrite:
        return
    same = output.samefile(source) if output.exists() and source.exists() else output.resolve() == source.resolve()
    if same:
        raise OutputError(f"{output} is the input itself. Give another name, or allow it with --overwrite.")


def _refuse_target(path: Path) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder. Give the name of a file in it.")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is not a regular file.")
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError(f"{path} cannot be written: it is write-protected.")


@contextmanager
def write_beside(path: Path | str, within: Path | None = None) -> Iterator[Path]:
    """Yield a name in the same folder to write to; rename it over `path` when the block succeeds.

    Readers never see half a file: when the block fails, what it wrote is removed and an older `path` stays as it was.
    A symbolic link is kept and its target replaced; an existing file keeps its permissions.

    Parameters
    ----------
    within
        A folder to write in instead, if it is on the same disk: whoever clears it away removes what a kill has left.

    Raises
    ------
    OutputError
        In place of every OSError: disk full, not writable, a folder, a missing folder.
    """
    path = Path(path)
    try:
        _refuse_target(path)
        target = path.resolve()
        folder = within if within is not None and _are_on_one_disk(within, target.parent) else target.parent
        temporary = folder / f".impasto-{uuid.uuid4().hex[:12]}{target.suffix}"
        try:
            yield temporary
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except ImpastoError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {describe_os_error(error)}.") from error


def _are_on_one_disk(*folders: Path) -> bool:
    return len({folder.stat().st_dev for folder in folders}) == 1


def is_of_disk(error: OSError) -> bool:
    """Tell whether it is the place, not the content, that cannot be written."""
    return error.errno in _REASONS or error.errno == errno.EIO


def describe_os_error(error: OSError) -> str:
    """Say in a few words for people why a file could not be written."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)
