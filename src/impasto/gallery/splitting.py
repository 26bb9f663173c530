"""A heap of pictures sorted into folders by style."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import OutputError, UnreadableMediaError
from impasto.gallery.gallery import AddProgress, Gallery
from impasto.gallery.reading import Failure
from impasto.gallery.selection import find_clusters, style_points
from impasto.media.files import find_pictures


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What was sorted: how many pictures by folder, none where all are of one style."""

    num_pictures: int
    folders: dict[Path, int]
    failures: tuple[Failure, ...]


def split_styles(
    paths: Sequence[Path | str],
    output_dir: Path,
    gallery: Gallery,
    *,
    link: bool = False,
    progress: AddProgress | None = None,
) -> SplitReport:
    """Copy pictures of two styles into a folder each, `style-1` for the larger group.

    Parameters
    ----------
    gallery
        Spares looking at pictures that it knows; nothing is added to it.
    link
        Make symbolic links instead.

    Raises
    ------
    UnreadableMediaError
        There are no pictures.
    OutputError
        A folder for a style exists and is not empty, or cannot be written.
    """
    pictures = find_pictures(paths)
    if not pictures:
        raise UnreadableMediaError(f"There are no pictures in {', '.join(map(str, paths))}.")
    found, failures = gallery.look_at(pictures, progress)
    looked_at = list(found)
    clusters = find_clusters(style_points([found[path] for path in looked_at])) if looked_at else []
    folders: dict[Path, int] = {}
    if len(clusters) > 1:
        targets = [output_dir / f"style-{number}" for number in range(1, len(clusters) + 1)]
        for target in targets:
            _make_empty(target)
        for target, cluster in zip(targets, clusters, strict=True):
            _fill(target, [looked_at[index] for index in cluster], link)
            folders[target] = len(cluster)
    return SplitReport(len(looked_at), folders, failures)


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(f"{folder} is not empty. Give another place with --output.")
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror or error}.") from error


def _fill(folder: Path, pictures: Sequence[Path], link: bool) -> None:
    taken: set[str] = set()
    for picture in pictures:
        name, number = picture.name, 2
        # Pictures of several folders may have one name, and some disks take "A" and "a" for the same.
        while name.casefold() in taken:
            name, number = f"{picture.stem}-{number}{picture.suffix}", number + 1
        taken.add(name.casefold())
        target = folder / name
        try:
            if link:
                target.symlink_to(picture.absolute())
            else:
                shutil.copy2(picture, target)
        except OSError as error:
            raise OutputError(f"{target} cannot be written: {error.strerror or error}.") from error
