"""`Gallery`: pictures added, searched and forgotten by what they look like."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from impasto.errors import ImpastoError, OutputError, UnreadableMediaError, UsageError
from impasto.gallery.connection import DamagedDatabaseError
from impasto.gallery.database import Database
from impasto.gallery.features import FeatureExtractor
from impasto.gallery.index import Index, open_index
from impasto.gallery.reading import Batch, Failure, read_batches
from impasto.gallery.records import Features, FileRecord, Likeness, Vector
from impasto.gallery.recovery import is_damaged, note_folders, noted_folders, put_aside, salvage_ratings
from impasto.media.files import find_pictures
from impasto.media.perceptual_hash import content_hash

LIBRARY_VARIABLE = "IMPASTO_LIBRARY"
HOME_VARIABLE = "IMPASTO_HOME"
DATABASE_NAME = "library.sqlite"
_MOST_ASKED = 4096
_Result = TypeVar("_Result")


class AddProgress(Protocol):
    """Called after each batch."""

    def __call__(self, num_done: int, num_pictures: int) -> None: ...


@dataclass(slots=True)
class AddReport:
    """What adding did. A picture counts once: `copies` are files whose picture was there already."""

    added: int = 0
    copies: int = 0
    unchanged: int = 0
    missing: int = 0
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture that was found; `path` is one of its files that is there, `likeness` is in [0, 1]."""

    path: Path
    likeness: float
    copies: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """What a library holds; `outdated` pictures are seen by no search until they are added again."""

    database_path: Path
    num_bytes: int
    pictures: int
    outdated: int
    files: int
    missing: int
    ratings: int
    folders: tuple[Path, ...]


def default_library_dir() -> Path:
    """Return where the user's library is: `$IMPASTO_LIBRARY`, or in `$IMPASTO_HOME`, or where the system keeps data."""
    if given := os.environ.get(LIBRARY_VARIABLE):
        return Path(given)
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home) / "library"
    from platformdirs import user_data_path  # noqa: PLC0415

    return user_data_path("impasto", appauthor=False) / "library"


class Gallery:
    """The library in one folder, which is made when the first picture is added.

    A database that turns out to be damaged is put aside and made anew from the pictures, and `say` tells so.

    Parameters
    ----------
    folder
        By default, the user's.
    say
        Told what the user must know, in a sentence each.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        extractor: FeatureExtractor | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.path = (folder or default_library_dir()) / DATABASE_NAME
        self._extractor = extractor or FeatureExtractor()
        self._say = say or (lambda _message: None)
        self._indices: dict[Likeness, tuple[tuple[int, int], Index]] = {}

    def add(self, paths: Sequence[Path | str], progress: AddProgress | None = None) -> AddReport:
        """Add pictures and folders of them. What is there and has not changed is left alone; what is gone is marked.

        Every batch is kept at once, so that adding again after an interruption goes on from there.

        Raises
        ------
        OutputError
            The library cannot be written.
        UnreadableMediaError
            A path does not exist, and the library knows no picture there.
        MissingExtraError
            The extra `library` is not installed.
        """
        places = [_absolute(path) for path in paths]
        return self._attempt(lambda database: self._add(database, places, progress))

    def remove(self, paths: Sequence[Path | str]) -> int:
        """Forget pictures and folders, and return how many files. Nothing on disk is touched; ratings are kept."""
        self._expect()

        def remove(database: Database) -> int:
            with database.write():
                num_removed = sum(database.remove_under(_absolute(path)) for path in paths)
                note_folders(database)
            return num_removed

        return self._attempt(remove)

    def search(self, picture: Path | str, count: int = 12, by: Likeness = Likeness.CONTENT) -> list[Hit]:
        """Find the pictures most like one, which may be in the library or not; it is not its own answer.

        Raises
        ------
        UsageError
            There is no library.
        UnreadableMediaError
            The picture cannot be read.
        """
        if count < 1:
            raise UsageError(f"the number of pictures to find must be at least 1, not {count}.")
        self._expect()
        path = _absolute(picture)
        return self._attempt(lambda database: self._search(database, path, count, by), may_read=True)

    def status(self) -> Status:
        """Count what is in the library.

        Raises
        ------
        UsageError
            There is no library.
        """
        self._expect()

        def count(database: Database) -> Status:
            counts = database.counts(self._extractor.version)
            return Status(self.path, self.path.stat().st_size, folders=tuple(database.folders()), **counts)

        return self._attempt(count, may_read=True)

    def look_at(
        self, pictures: Sequence[Path], progress: AddProgress | None = None
    ) -> tuple[dict[Path, Features], tuple[Failure, ...]]:
        """Return the features of pictures, and which cannot be read; nothing is added.

        What the library knows already is not looked at again.
        """
        with ExitStack() as stack:
            database = self._readable(stack)
            known = database.hashes(self._extractor.version) if database else set()
            features: dict[str, Features] = {}
            hashes: dict[Path, str] = {}
            failures: tuple[Failure, ...] = ()
            for batch in read_batches(pictures, self._extractor, known):
                features.update((picture.sha256, picture.features) for picture in batch.pictures)
                hashes.update((file.path, file.sha256) for file in batch.files)
                failures += batch.failures
                if progress:
                    progress(len(hashes) + len(failures), len(pictures))
            for sha256 in set(hashes.values()) - features.keys() if database else ():
                picture = database.picture(sha256, self._extractor.version) if database else None
                if picture is not None:
                    features[sha256] = picture.features
        return {path: features[sha256] for path, sha256 in hashes.items() if sha256 in features}, failures

    def _readable(self, stack: ExitStack) -> Database | None:
        """Open the database if there is one of use."""
        if not self.path.is_file():
            return None
        try:
            return stack.enter_context(Database(self.path, writable=False))
        except ImpastoError:
            return None

    def _expect(self) -> None:
        if not self.path.is_file() and not noted_folders(self.path):
            raise UsageError(f"There is no library at {self.path.parent}. Make one: impasto library add FOLDER")

    def _attempt(self, operation: Callable[[Database], _Result], may_read: bool = False) -> _Result:
        """Run an operation; where the database turns out to be damaged, make it anew and run it once more."""
        try:
            with self._opened(may_read) as database:
                return operation(database)
        except DamagedDatabaseError as error:
            self._recover(error)
        with self._opened(may_read) as database:
            return operation(database)

    @contextmanager
    def _opened(self, may_read: bool) -> Iterator[Database]:
        """Open the database to write, or, where that cannot be and is not needed, to read."""
        try:
            database = Database(self.path)
        except OutputError:
            if not may_read:
                raise
            database = Database(self.path, writable=False)
        with database:
            yield database

    def _recover(self, damage: DamagedDatabaseError) -> None:
        if not is_damaged(self.path):
            return  # another process has been here
        folders, ratings = noted_folders(self.path), salvage_ratings(self.path)
        aside = put_aside(self.path)
        self._say(f"{damage} It is kept as {aside.name}, with {len(ratings)} rating(s) saved from it.")
        known = ", ".join(map(str, folders)) or "nothing: which folders it held is lost, so add them again"
        self._say(f"The library is made anew from {known}.")
        with Database(self.path) as database:
            with database.write():
                for rating in ratings:
                    database.add_rating(rating)
            report = self._add(database, [folder for folder in folders if folder.exists()], None, set(folders))
        for failure in report.failures:
            self._say(failure.message)

    def _add(
        self,
        database: Database,
        places: Sequence[Path],
        progress: AddProgress | None,
        folders: set[Path] | None = None,
    ) -> AddReport:
        known = {file.path: file for place in places for file in database.files_under(place)}
        found, failures = _find(places, known)
        hashes = database.hashes(self._extractor.version)
        gone = [path for path, file in known.items() if not file.missing and not path.exists()]
        same = {path for path in found if path in known and known[path].sha256 in hashes and _is_same(known[path])}
        back = [path for path in same if known[path].missing]
        with database.write():
            database.add_folders(folders if folders is not None else places)
            database.mark_missing(gone)
            database.mark_missing(back, missing=False)
            note_folders(database)
        report = AddReport(unchanged=len(same), missing=len(gone))
        waiting = [path for path in found if path not in same]
        num_done = 0
        for batch in read_batches(waiting, self._extractor, hashes):
            self._keep(database, batch, report)
            hashes.update(picture.sha256 for picture in batch.pictures)
            failures += batch.failures
            num_done += len(batch)
            if progress:
                progress(num_done, len(waiting))
        report.failures = tuple(failures)
        return report

    def _keep(self, database: Database, batch: Batch, report: AddReport) -> None:
        with database.write():
            for picture in batch.pictures:
                database.add_picture(picture, self._extractor.version)
            for file in batch.files:
                database.add_file(file)
            # What cannot be read any more is no longer what the library thinks it is.
            database.mark_missing(failure.path for failure in batch.failures)
        report.added += len(batch.pictures)
        report.copies += len(batch.files) - len(batch.pictures)

    def _search(self, database: Database, path: Path, count: int, by: Likeness) -> list[Hit]:
        vector = self._vector(database, path, by)
        index = self._index(database, by)
        hits: list[Hit] = []
        asked, num_seen = count + 1, 0
        while index is not None and len(hits) < count and asked <= _MOST_ASKED:
            found = index.nearest(vector, asked)
            new = found[num_seen:]
            files = database.files_of([picture_id for picture_id, _ in new])
            shown = [(self._present(database, files[picture_id]), alike) for picture_id, alike in new]
            hits += [Hit(paths[0], alike, tuple(paths[1:])) for paths, alike in shown if paths and paths != [path]]
            if len(found) < asked:
                break
            asked, num_seen = 2 * asked, len(found)
        return hits[:count]

    def _index(self, database: Database, kind: Likeness) -> Index | None:
        state = (database.identity, database.generation)
        if kind not in self._indices or self._indices[kind][0] != state:
            index = open_index(database, kind, self._extractor.version)
            if index is None:
                return None
            self._indices[kind] = (state, index)
        return self._indices[kind][1]

    def _vector(self, database: Database, path: Path, kind: Likeness) -> Vector:
        """Return the features of the picture to search by; those of a deleted file are still known."""
        if path.is_dir():
            raise UnreadableMediaError(f"{path} is a folder. Name one picture to search by.")
        deleted = next((file.sha256 for file in database.files_under(path)), "")
        known = database.picture(content_hash(path) if path.is_file() else deleted, self._extractor.version)
        if known is not None:
            return known.features.vector(kind)
        [batch] = read_batches([path], self._extractor)
        if batch.failures:
            raise UnreadableMediaError(batch.failures[0].message)
        return batch.pictures[0].features.vector(kind)

    def _present(self, database: Database, files: Sequence[FileRecord]) -> list[Path]:
        """Return those files that are there, and mark the others."""
        gone = [file.path for file in files if not file.path.exists()]
        if database.writable and any(not file.missing for file in files if file.path in gone):
            with database.write():
                database.mark_missing(gone)
        return [file.path for file in files if file.path not in gone]


def _find(places: Sequence[Path], known: dict[Path, FileRecord]) -> tuple[list[Path], list[Failure]]:
    """List the pictures in places. Where one is gone, what the library knows of it says enough."""
    found: list[Path] = []
    failures: list[Failure] = []
    for place in places:
        if not place.exists() and any(place == path or place in path.parents for path in known):
            continue
        found += find_pictures([place])
    for path in found:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            failures.append(Failure(path, f"{os.fsencode(path)!r} cannot be kept: rename it in Unicode."))
    unusable = {failure.path for failure in failures}
    return [path for path in dict.fromkeys(found) if path not in unusable], failures


def _is_same(file: FileRecord) -> bool:
    try:
        status = file.path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)


def _absolute(path: Path | str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  resolve() would replace the user's own names
