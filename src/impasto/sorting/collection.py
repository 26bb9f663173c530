"""Which pictures are of which class: folders, or a table."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import UsageError
from impasto.media.files import find_pictures, find_places
from impasto.sorting.labels import is_label, is_missing

_NUM_NAMED = 3


@dataclass(frozen=True, slots=True)
class LabelledPictures:
    """Pictures with their labels, None where one is missing.

    Attributes
    ----------
    notes
        What the user should know of how they were found, a sentence each.
    """

    paths: tuple[Path, ...]
    labels: tuple[str | None, ...]
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Counter[str]:
        """Pictures per class."""
        return Counter(label for label in self.labels if label is not None)

    @property
    def num_unlabelled(self) -> int:
        """Pictures without a label."""
        return sum(label is None for label in self.labels)


def collect_labelled(folder: Path, table: Path | None = None) -> LabelledPictures:
    """Find pictures and their labels.

    Parameters
    ----------
    folder
        Without a table, each folder in it is a class, with all pictures beneath. Pictures that lie in it directly, or
        in a folder called "unlabelled", have no label.
    table
        A CSV file with the columns `file` and `label`, separated by commas, semicolons or tabs. Files are relative to
        the folder or to the table. Pictures of the folder that it does not name have no label.

    Raises
    ------
    UsageError
        There is no picture, the table cannot be read or names none of the pictures, or a class cannot be called so.
    UnreadableMediaError
        The folder does not exist.
    """
    if folder.is_file():
        raise UsageError(f"{folder} is a file. Give a folder with a folder for each class.")
    found = _of_folder(folder) if table is None else _of_table(folder, table)
    if not found.paths:
        raise UsageError(f"{folder} holds no pictures.")
    for label in sorted(found.counts):
        if not is_label(label):
            raise UsageError(f"{label!r} cannot be a class: results are put into folders, and none can be called so.")
    return found


def _of_folder(folder: Path) -> LabelledPictures:
    places = find_places([folder])
    labels = [place.parts[0] if len(place.parts) > 1 else "" for place in places.values()]
    return LabelledPictures(tuple(places), tuple(None if is_missing(label) else label for label in labels))


def _of_table(folder: Path, table: Path) -> LabelledPictures:
    pictures = find_pictures([folder])
    by_path = {path.resolve(): path for path in pictures}
    labels: dict[Path, set[str]] = {}
    unknown: list[str] = []
    for name, label in _rows(table):
        path = next((known for known in _candidates(name, folder, table) if known in by_path), None)
        if path is None:
            unknown.append(name)
        elif not is_missing(label):
            labels.setdefault(path, set()).add(label.strip())
    if pictures and not labels:
        raise UsageError(f"{table} gives no picture in {folder} a label; names there are relative to that folder.")
    notes = tuple(_notes(table, folder, unknown, labels))
    given = (labels.get(path.resolve(), set()) for path in pictures)
    return LabelledPictures(tuple(pictures), tuple(next(iter(one)) if len(one) == 1 else None for one in given), notes)


def _candidates(name: str, folder: Path, table: Path) -> Iterator[Path]:
    for base in (folder, table.parent):
        yield (base / name).resolve()


def _notes(table: Path, folder: Path, unknown: list[str], labels: Mapping[Path, set[str]]) -> Iterator[str]:
    if unknown:
        yield f"{table} names {len(unknown)} file(s) that are no picture in {folder}: {named(unknown)}."
    if twice := [path.name for path, given in labels.items() if len(given) > 1]:
        yield f"{table} gives {len(twice)} picture(s) two labels, so they count as having none: {named(twice)}."


def named(names: Iterable[str]) -> str:
    """List the first few of some names."""
    listed = list(names)
    more = f" and {len(listed) - _NUM_NAMED} more" if len(listed) > _NUM_NAMED else ""
    return ", ".join(listed[:_NUM_NAMED]) + more


def _rows(table: Path) -> Iterator[tuple[str, str]]:
    try:
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{table} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{table} is not text in UTF-8. Save it as CSV in UTF-8.") from error
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=separator))
    except csv.Error as error:
        raise UsageError(f"{table} is not a table ({error}).") from error
    columns = [name.strip().casefold() for name in rows[0]] if rows else []
    if "file" not in columns or "label" not in columns:
        raise UsageError(f"{table} needs the columns 'file' and 'label', named in its first line.")
    file_column, label_column = columns.index("file"), columns.index("label")
    for row in rows[1:]:
        cells = [*row, *[""] * (len(columns) - len(row))]
        if cells[file_column].strip():
            yield cells[file_column].strip(), cells[label_column]
