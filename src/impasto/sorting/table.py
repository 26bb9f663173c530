"""What was said of pictures, as a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from impasto.media.files import write_beside
from impasto.sorting.classifier import Told

COLUMNS = ("file", "label", "confidence")


def write_table(told: Sequence[Told], path: Path, places: dict[Path, Path] | None = None) -> None:
    """Write a line for each picture: file, label, and the probability of the best guess with three decimals.

    Parameters
    ----------
    places
        Where pictures are now, of those that were moved.

    Raises
    ------
    OutputError
        The file cannot be written; an older one stays as it was.
    """
    with write_beside(path) as beside, beside.open("w", encoding="utf-8", newline="", errors="replace") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for each in told:
            place = (places or {}).get(each.path, each.path)
            writer.writerow([str(place), each.label, f"{each.confidence:.3f}"])
