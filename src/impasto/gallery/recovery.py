"""A damaged library: put aside, what only it knew is saved, and the rest is made anew from the pictures."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from impasto.errors import OutputError
from impasto.gallery.connection import DamagedDatabaseError
from impasto.gallery.database import Database
from impasto.gallery.records import Rating
from impasto.media.files import write_beside

_FOLDERS_NAME = "folders.json"


def note_folders(database: Database) -> None:
    """Write beside the database what the user asked to add, from which a damaged one is made anew; in a `write`."""
    with write_beside(database.path.with_name(_FOLDERS_NAME)) as beside:
        beside.write_text(json.dumps([str(path) for path in database.folders()], indent=1) + "\n", encoding="utf-8")


def noted_folders(database_path: Path) -> list[Path]:
    """Return what `note_folders` wrote; nothing where it is missing or damaged too."""
    try:
        noted = json.loads(database_path.with_name(_FOLDERS_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Path(entry) for entry in noted if isinstance(entry, str)] if isinstance(noted, list) else []


def is_damaged(path: Path) -> bool:
    """Read a whole database to see whether it is damaged. One that cannot be opened for another reason is not."""
    if not path.is_file():
        return False
    try:
        with Database(path, writable=False) as database:
            database.check()
    except DamagedDatabaseError:
        return True
    return False


def put_aside(path: Path) -> Path:
    """Rename a damaged database, with what SQLite keeps beside it, and return the new name.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    aside = path.with_name(f"{path.stem}.damaged-{datetime.now():%Y%m%d-%H%M%S-%f}{path.suffix}")
    try:
        path.rename(aside)
        for ending in ("-wal", "-shm"):
            beside = path.with_name(path.name + ending)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + ending))
    except OSError as error:
        raise OutputError(f"{path} is damaged and cannot be put aside: {error.strerror or error}.") from error
    return aside


def salvage_ratings(path: Path) -> list[Rating]:
    """Read what ratings a damaged file still gives: the one thing that pictures cannot give back."""
    ratings: list[Rating] = []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            for row in connection.execute("SELECT sha256, style, stars, rated_at FROM ratings ORDER BY id"):
                ratings.append(Rating(*row))
    except sqlite3.DatabaseError:
        pass  # what came before the damage is kept
    return ratings
