"""Progress over files, on standard error and only where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impasto.apply.run import ApplyReport, Progress
    from impasto.gallery.gallery import AddProgress


@contextmanager
def file_progress(num_files: int) -> Iterator[Progress]:
    """Yield what `apply_to_files` calls after each file."""
    if num_files < 2 or not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=num_files)

        def show(path: Path, report: ApplyReport) -> None:
            bar.update(task, completed=len(report), description=path.name)

        yield show


@contextmanager
def count_progress() -> Iterator[AddProgress | None]:
    """Yield what is called with how many of how many pictures are done; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(num_done: int, num_pictures: int) -> None:
            bar.update(task, completed=num_done, total=num_pictures)

        yield show


def _silent(_path: Path, _report: ApplyReport) -> None:
    return
