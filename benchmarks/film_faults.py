"""What `impasto apply` on a film survives: each fault is done to the real command, in processes of its own.

    python benchmarks/film_faults.py [--quick] [--kills 30] [--seed 0] [--only WORD ...]

Films are made on the fly, of two seconds and 320×180 at most but for odd sizes, and written without loss (`--crf 0`),
so that decoded pictures are those that went to the encoder. A fault is survived if the output is that of a run which
nobody disturbed: its decoded pictures, the packets of its sound and all times are compared. Or it is refused: by one or
two lines, with exit code 2, and an output that was there is there still, byte for byte. `left` names what else lies
about in the folders of the output and of temporary files; the folder of a job is allowed where `--resume` is to follow.

Jobs that are killed have units of 8 frames, since a film of two seconds would be one unit; nothing else differs from
the command. Their moments are drawn from the time that a job takes, each run goes on with what the last one left, and
when a job ends before it is killed it is compared and begun anew. The exit code is 1 where a case is not as it should.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from film_fault_cluster import cluster_rows
from film_fault_disks import full_disk, read_only, removed, stopped_for
from film_fault_runs import (
    LOSSLESS,
    SMALL_UNITS,
    Bench,
    Facts,
    Kills,
    Place,
    children,
    clips,
    copy_with_header_first,
    damage_packet,
    differences,
    ended,
    finished,
    like_source,
    refused,
    wait_for,
)
from film_fault_table import Row, print_table

Case = Callable[[Bench], Iterator[Row]]


# --- kills -----------------------------------------------------------------------------------------------------------


def kills(bench: Bench) -> Iterator[Row]:
    place = bench.place(unit_frames=SMALL_UNITS).make()
    expected, seconds, muxing = bench.undisturbed(place)
    job = Kills(place, expected, bench.rng)
    job.kill(bench.num_kills, seconds)
    yield _killed(f"{bench.num_kills} kill -9, one job", job)
    place.forget()
    job = Kills(place, expected, bench.rng)
    job.kill(bench.num_mux_kills, muxing, (place.job_dir / "assembling").exists)
    yield _killed(f"{bench.num_mux_kills} kill -9 while it is muxed", job)


def _killed(fault: str, job: Kills) -> Row:
    last = job.finish()
    when = ", ".join(f"{number} {phase}" for phase, number in job.phases.most_common())
    happened = f"resumed {sum(job.phases.values())} times; ended {job.num_jobs + 1} times; killed: {when}"
    row = finished(fault, job.place, last, job.expected, happened)
    return row.with_message(job.wrong, is_bad=row.is_bad or bool(job.wrong))


def killed_kinds(bench: Bench) -> Iterator[Row]:
    """Films of which parts can be read from the start only, and of kinds that are coded otherwise."""
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "variable frame rate": ("film.mp4", {"vfr": True}),
        "AVI": ("film.avi", {"codec": "mpeg4"}),
        "VP8 in WebM": ("film.webm", {"codec": "libvpx"}),
        "MPEG-2 in TS": ("film.ts", {"codec": "mpeg2video", "audio_codec": "mp2"}),
        "MPEG-2 in .mpg": ("film.mpg", {"codec": "mpeg2video", "audio_codec": "mp2", "rate": 25}),
        "853×479, 4:4:4": ("film.mp4", {"size": (853, 479), "pixel_format": "yuv444p", "frames": 12, "cuts": (5,)}),
        "853×479, 4:2:0": ("film.mkv", {"size": (853, 479), "codec": "ffv1", "frames": 12, "cuts": (5,)}),
    }
    for fault, (name, fields) in kinds.items():
        place = bench.place(name, unit_frames=SMALL_UNITS, options=LOSSLESS if name == "film.mp4" else ()).make(
            **fields
        )
        expected, seconds, _ = bench.undisturbed(place)
        source = Facts.of(place.source)
        wrong = [f"{part} of the source" for part in differences(expected, source, ("sound", "times"))]
        job = Kills(place, expected, bench.rng)
        job.kill(1, seconds)
        row = _killed(f"{fault}, killed", job)
        yield row.with_message(wrong, is_bad=row.is_bad or bool(wrong)) if wrong else row


def killed_worker(bench: Bench) -> Iterator[Row]:
    place = bench.place(unit_frames=SMALL_UNITS).make()
    expected, *_ = bench.undisturbed(place)
    process = place.start("--jobs", "2")
    wait_for(lambda: len(children(process.pid, b"spawn_main")) == 2 and place.num_units(), process)
    for worker in children(process.pid, b"spawn_main")[:1]:
        send(worker, signal.SIGKILL)
    last = ended(process)
    happened = "finished; the worker's part was done again" if "died" in last.said else "the worker was not missed"
    yield finished("a worker of --jobs 2 killed", place, last, expected, happened)


def send(process: int, number: signal.Signals) -> None:
    subprocess.run(["kill", f"-{number.value}", str(process)], check=False)


# --- films -----------------------------------------------------------------------------------------------------------


def damaged(bench: Bench) -> Iterator[Row]:
    whole = bench.place().make()
    place = bench.place()
    shutil.copy(whole.source, place.source)
    damage_packet(place.source, 20)
    source = Facts.of(whole.source)
    last = place.run()
    yield like_source("corrupt packet in the middle", place, last, source)


def cut_short(bench: Bench) -> Iterator[Row]:
    whole = bench.place().make(frames=240)
    copies: dict[str, Callable[[Path, Path], object]] = {
        "truncated: list of packets lost": shutil.copy,
        "truncated: end lost": copy_with_header_first,
    }
    for fault, copy in copies.items():
        place = bench.place()
        copy(whole.source, place.source)
        content = place.source.read_bytes()
        place.source.write_bytes(content[: len(content) * 6 // 10])
        yield refused(fault, place, place.run())


def no_films(bench: Bench) -> Iterator[Row]:
    for fault, content in (("zero-length file", b""), ("a text file named .mp4", b"no film, but a few words\n" * 40)):
        place = bench.place()
        place.source.write_bytes(content)
        yield refused(fault, place, place.run())
    place = bench.place("film.ts")
    parts = [
        clips.make_film(place.folder / f"{n}.ts", 24, size=size, start=n)
        for n, size in enumerate([(160, 90), (128, 96)])
    ]
    place.source.write_bytes(b"".join(part.read_bytes() for part in parts))
    yield refused("resolution changes in mid-film", place, place.run())


def unusual(bench: Bench) -> Iterator[Row]:
    """Against the source: nothing was interrupted."""
    for fault, fields in (("no sound", {"audio": 0}), ("a film of one frame", {"frames": 1, "cuts": ()})):
        place = bench.place().make(**fields)
        last = place.run()
        yield like_source(fault, place, last, Facts.of(place.source))
    place = bench.place("film.mkv").make(size=(853, 479), codec="ffv1", frames=3, cuts=())
    yield refused("853×479 4:2:0 to H.264, which takes none", place, place.run("--codec", "h264"))


# --- what users do ---------------------------------------------------------------------------------------------------


def changed(bench: Bench) -> Iterator[Row]:
    place = bench.place(unit_frames=SMALL_UNITS).make()
    expected, *_ = bench.undisturbed(place)
    kept = place.folder / "kept.mp4"

    def other_film() -> None:
        place.source.rename(kept)
        place.make(seed=5)

    killed_at_a_unit(place)
    other_film()
    yield refused("film replaced between kill and --resume", place, place.run("--resume"), keeps_job=True)
    kept.rename(place.source)
    yield refused(
        "style changed between kill and --resume", place, place.run("--resume", "--strength", "0.5"), keeps_job=True
    )
    yield finished("… and both put back", place, place.run("--resume"), expected, "resumed")


def killed_at_a_unit(place: Place) -> None:
    process = place.start()
    wait_for(place.num_units, process)
    process.kill()
    process.communicate()


def outputs(bench: Bench) -> Iterator[Row]:
    place = bench.place(unit_frames=SMALL_UNITS).make()
    expected, *_ = bench.undisturbed(place)
    place.output.write_bytes(good := b"a good film of before")
    yield refused("output exists", place, place.run(), good)
    away = place.folder / "away"
    first = stopped_for(place, lambda: place.source.rename(away), "--overwrite")
    away.rename(place.source)
    row = refused("output exists, --overwrite, and the job fails", place, first, good, keeps_job=True)
    yield row
    yield finished("… and goes on", place, place.run("--resume", "--overwrite"), expected, "resumed")
    same = bench.place().make()
    same.put_output(same.folder / "in")
    same.output = same.source
    film = same.source.read_bytes()
    yield refused("output is the film itself", same, same.run(), film)


def cluster(bench: Bench) -> Iterator[Row]:
    place = bench.place(unit_frames=SMALL_UNITS)
    place.make(frames=60, size=(320, 180), cuts=(17, 24, 33, 50))
    expected, *_ = bench.undisturbed(place)
    yield from cluster_rows(place, expected, finished)


CASES: dict[str, Case] = {
    "kill": kills,
    "kinds": killed_kinds,
    "worker": killed_worker,
    "cluster": cluster,
    "disk": full_disk,
    "removed": removed,
    "read-only": read_only,
    "corrupt": damaged,
    "truncated": cut_short,
    "none": no_films,
    "unusual": unusual,
    "changed": changed,
    "outputs": outputs,
}


def rows_of(bench: Bench, names: list[str]) -> Iterator[Row]:
    for name in names:
        began = time.perf_counter()
        try:
            yield from CASES[name](bench)
        except Exception as error:  # one case that breaks must not hide the others
            yield Row(name, f"BROKE: {error}", ["?"], [], "-", traceback.format_exc().splitlines()[-3:], True)
        print(f"  {name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="five kills, and no cluster")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=CASES, metavar="CASE", help=", ".join(CASES))
    options = parser.parse_args()
    num_kills = 5 if options.quick else options.kills
    names = options.only or [name for name in CASES if not (options.quick and name == "cluster")]
    with tempfile.TemporaryDirectory(prefix="film-faults-") as folder:
        bench = Bench(Path(folder), num_kills, max(2, num_kills // 6), random.Random(options.seed))
        sys.exit(1 if print_table(rows_of(bench, names)) else 0)


if __name__ == "__main__":
    main()
