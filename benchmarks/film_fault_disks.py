"""Disks that are full, gone or read-only while a film is made: for `film_faults.py`."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from film_fault_runs import SMALL_UNITS, Bench, Ended, Facts, Place, ended, gone_on_with, refused, wait_for
from film_fault_table import Row


def full_disk(bench: Bench) -> Iterator[Row]:
    place = bench.place(unit_frames=SMALL_UNITS).make()
    expected, *_ = bench.undisturbed(place)
    planned, units, muxed = sizes(place)
    for size, when in (
        (planned + units // 2, "while units are written"),
        (planned + units + muxed // 2, "while muxed"),
    ):
        with small_disk(place, size) as grow:
            if grow is None:
                break
            first = place.run()
            begun = f"{place.phase()}, {place.num_units()} units kept"
            grow()
            yield gone_on_with(f"disk full {when} (tmpfs)", place, first, expected, f"refused ({begun}); resumed")
        place.put_output(place.folder / "out")
    else:
        return
    yield limited_files(place, expected, units // 8)


def sizes(place: Place) -> tuple[int, int, int]:
    """Return the bytes on disk of a job before its units, of all units, and of the output."""
    process = place.start()
    wait_for((place.job_dir / "assembling").exists, process)
    process.send_signal(signal.SIGSTOP)
    units, whole = (blocks(folder) for folder in (place.job_dir / "units", place.job_dir))
    process.send_signal(signal.SIGCONT)
    ended(process)
    size = place.output.stat().st_size
    place.forget()
    return whole - units, units, size


def blocks(folder: Path) -> int:
    return sum(512 * path.lstat().st_blocks for path in folder.rglob("*"))


def limited_files(place: Place, expected: Facts, size: int) -> Row:
    """Where nothing may be mounted: no file may grow beyond a limit."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    first = place.run(before=limit)
    return gone_on_with("disk full (RLIMIT_FSIZE)", place, first, expected, "refused; resumed without the limit")


@contextmanager
def small_disk(place: Place, size: int) -> Iterator[Callable[[], object] | None]:
    """Let the output be on a disk of so many bytes; yield what makes it large, or None where none may be mounted."""
    disk = place.folder / f"disk-{size}"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o"]
    if subprocess.run([*mount, f"size={size}", "tmpfs", str(disk)], capture_output=True, check=False).returncode:
        yield None
        return
    try:
        place.put_output(disk)
        yield lambda: subprocess.run([*mount, "remount,size=200m", "tmpfs", str(disk)], check=True)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def removed(bench: Bench) -> Iterator[Row]:
    place = bench.place(unit_frames=SMALL_UNITS).make()
    expected, *_ = bench.undisturbed(place)
    away = place.folder / "away"

    def move() -> None:
        place.output_dir.rename(away)

    first = stopped_for(place, move)
    shutil.rmtree(place.output_dir, ignore_errors=True)
    away.rename(place.output_dir)
    yield gone_on_with("drive of the output removed, and back", place, first, expected, "refused; resumed")
    place.forget()
    first = stopped_for(place, lambda: shutil.rmtree(place.job_dir))
    yield gone_on_with("job folder deleted in mid-job", place, first, expected, "refused; begun anew")
    place.forget()
    first = stopped_for(place, lambda: place.source.rename(away))
    away.rename(place.source)
    yield gone_on_with("drive of the film removed, and back", place, first, expected, "refused; resumed")


def stopped_for(place: Place, action: Callable[[], object], *words: str) -> Ended:
    """Do something to a job between two of its moments, after its first unit."""
    process = place.start(*words)
    wait_for(place.num_units, process)
    process.send_signal(signal.SIGSTOP)
    action()
    process.send_signal(signal.SIGCONT)
    return ended(process)


def read_only(bench: Bench) -> Iterator[Row]:
    place = bench.place().make()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(place.output_dir)]
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    place.output_dir.chmod(0o555) if not is_mounted else None
    yield refused("output folder is read-only" + (" (mounted so)" if is_mounted else ""), place, place.run())
    if is_mounted:
        subprocess.run(["umount", "-l", str(place.output_dir)], check=True)
