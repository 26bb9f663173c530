"""What happens to films and disks, done to jobs: each ends with the same film, or in a message and nothing lost."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from film_clips import decoded_pts, make_film, packet_bytes

from .conftest import Run
from .films import assert_all_else_is_kept, job_folder, keep_digests, lumas, short_film
from .test_jobs import finished_units, start, stop_after


@pytest.fixture
def expected(run: Run, pale: str, film: Path, small_units: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests of a run that nothing disturbs."""
    with monkeypatch.context() as patch:
        kept = keep_digests(patch)
        run("apply", film, "-s", pale, "-o", "undisturbed.mp4")
    return kept[0]


def pictures(path: Path | str) -> list[bytes]:
    return [plane.tobytes() for plane in lumas(path)]


def kill_again_and_again(number: int, seed: int) -> int:
    """Kill a job at moments drawn from its parts until it was killed so often; return how often it came to its end."""
    rng, num_killed, num_ended = random.Random(seed), 0, 0
    folder = job_folder("out.mp4")
    moments: list[Callable[[], Any]] = [
        folder.exists,
        (folder / "times.npy").exists,
        (folder / "plan.json").exists,
        lambda: finished_units("out.mp4"),
        lambda: len(finished_units("out.mp4")) > 2,
        (folder / "assembling").exists,
        lambda: any(folder.glob(".impasto-*")),
    ]
    while num_killed < number:
        process = start("apply", "film.mp4", "-s", "pale", "-o", "out.mp4", "--crf", 0, "--resume")
        moment = rng.choice(moments)
        while process.poll() is None and not moment():
            pass
        process.kill()
        _, said = process.communicate()
        if process.returncode == 0:
            num_ended += 1
            Path("out.mp4").unlink()
        else:
            assert process.returncode < 0, said
            num_killed += 1
        if Path("out.mp4").exists():  # it is whole, wherever the kill came
            assert len(lumas("out.mp4")) == 40
            if not folder.exists():
                Path("out.mp4").unlink()
    return num_ended


@pytest.mark.parametrize("number", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_a_job_that_is_killed_again_and_again_ends_with_the_same_film(
    run: Run, pale: str, film: Path, small_units: None, number: int
) -> None:
    run("apply", film, "-s", pale, "-o", "undisturbed.mp4", "--crf", 0)
    kill_again_and_again(number, seed=number)
    run("apply", film, "-s", pale, "-o", "out.mp4", "--crf", 0, "--resume")
    assert pictures("out.mp4") == pictures("undisturbed.mp4")
    assert_all_else_is_kept(film, "out.mp4")
    assert {path.name for path in Path().iterdir()} == {"film.mp4", "undisturbed.mp4", "out.mp4", "start.py"}


def test_a_kill_while_it_is_muxed_leaves_nothing_beside_the_output(
    run: Run, pale: str, film: Path, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.media import film_mux

    with monkeypatch.context() as patch:

        def die(temporary: Path, *_: Any, **__: Any) -> Any:
            assert temporary.stat().st_size > 0
            shutil.copy(temporary, job_folder("out.mp4") / ".impasto-left.mp4")  # as after a kill, which cleans nothing
            raise KeyboardInterrupt

        patch.setattr(film_mux, "verify", die)
        run("apply", film, "-s", pale, "-o", "out.mp4", code=130)
    assert sorted(path.name for path in Path().glob("*out*")) == ["out.mp4.impasto-job"]
    kept = keep_digests(monkeypatch)
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert kept == [expected]
    assert sorted(path.name for path in Path().iterdir()) == ["film.mp4", "out.mp4", "undisturbed.mp4"]


def test_a_kill_while_the_finished_job_is_removed(
    run: Run, pale: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.film import folder

    with monkeypatch.context() as patch:
        patch.setattr(folder.shutil, "rmtree", lambda *_, **__: None)
        run("apply", film, "-s", pale, "-o", "out.mp4")
    whole = Path("out.mp4").read_bytes()
    result = run("apply", film, "-s", pale, "-o", "out.mp4", "--resume", code=2)
    assert "out.mp4 exists. It has no unfinished job." in result.stderr
    assert Path("out.mp4").read_bytes() == whole
    assert sorted(path.name for path in Path().iterdir()) == ["film.mp4", "out.mp4"]


def test_an_unfinished_job_that_is_to_replace_says_how_to_go_on(
    run: Run, pale: str, film: Path, small_units: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("out.mp4").write_bytes(b"mine")
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run("apply", film, "-s", pale, "-o", "out.mp4", "--overwrite", code=130)
    assert "add --overwrite" in run("apply", film, "-s", pale, "-o", "out.mp4", "--resume", code=2).stderr
    assert Path("out.mp4").read_bytes() == b"mine"
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume", "--overwrite")
    assert_all_else_is_kept(film, "out.mp4")


# --- disks ----------------------------------------------------------------------------------------------------------


def test_a_drive_that_is_gone_and_back(
    run: Run, pale: str, film: Path, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.film.folder import JobFolder

    finish = JobFolder.finish_unit

    def vanish(self: Any, unit: Any, *arguments: Any) -> None:
        if unit.index == 1:
            Path("drive").rename("elsewhere")
        finish(self, unit, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(JobFolder, "finish_unit", vanish)
        result = run("apply", film, "-s", pale, "-o", "drive/out.mp4", code=2)
    assert "has vanished" in result.stderr
    assert "--resume" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    shutil.rmtree("drive", ignore_errors=True)
    Path("elsewhere").rename("drive")
    kept = keep_digests(monkeypatch)
    run("apply", film, "-s", pale, "-o", "drive/out.mp4", "--resume")
    assert kept == [expected]


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "the disk is full"), (errno.EFBIG, "no larger file"), (errno.EIO, "put/output error")],
)
def test_what_a_disk_does_to_the_encoder_is_not_blamed_on_the_codec(
    run: Run, pale: str, film: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    from impasto.media.film_write import FilmSink

    picture = FilmSink._picture

    def fail_later(self: Any, frame: Any) -> Any:
        if frame.index == 20:
            raise av.error.OSError(number, os.strerror(number))
        return picture(self, frame)

    monkeypatch.setattr(FilmSink, "_picture", fail_later)
    monkeypatch.setattr(FilmSink, "write", refusing(FilmSink.write))
    result = run("apply", film, "-s", pale, "-o", "out.mp4", code=2)
    assert said in result.stderr
    assert "codec" not in result.stderr
    assert "--resume" in result.stderr
    assert len(result.stderr.splitlines()) <= 2


def refusing(write: Callable[..., None]) -> Callable[..., None]:
    """Let what FFmpeg says of a disk come from where it does: the muxer."""

    def wrapped(self: Any, frame: Any) -> None:
        try:
            write(self, frame)
        except av.error.OSError as error:
            raise self._refusal(error) from error

    return wrapped


# --- films ----------------------------------------------------------------------------------------------------------


def test_a_text_that_is_called_a_film(run: Run, pale: str, home: Path) -> None:
    Path("film.mp4").write_text("no film, but a few words\n" * 40)
    result = run("apply", "film.mp4", "-s", pale, code=2)
    assert "film.mp4 cannot be read as a film" in result.stderr
    assert [path.name for path in Path().iterdir()] == ["film.mp4"]


def test_a_film_that_changes_its_size(run: Run, pale: str, home: Path) -> None:
    parts = [make_film(f"{n}.ts", 12, size=size, start=n) for n, size in enumerate([(96, 64), (64, 48)])]
    Path("film.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    result = run("apply", "film.ts", "-s", pale, "-o", "out.ts", code=2)
    assert "from 96×64 to 64×48" in result.stderr
    assert not list(Path().glob("*out*"))


def test_a_film_that_is_cut_short(run: Run, pale: str, home: Path) -> None:
    short_film("whole.mp4", frames=120)
    with av.open("whole.mp4") as whole, av.open("film.mp4", "w", options={"movflags": "faststart"}) as target:
        copies = {stream.index: target.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            if packet.size:
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
    content = Path("film.mp4").read_bytes()
    Path("film.mp4").write_bytes(content[: len(content) * 6 // 10])
    assert "is cut short" in run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", code=2).stderr
    assert not list(Path().glob("*out*"))


def test_a_damaged_packet_costs_no_other_its_place(run: Run, pale: str, home: Path) -> None:
    path = short_film("film.mov", codec="prores_ks", pixel_format="yuv422p10le", frames=24)
    times, sound = decoded_pts(path), packet_bytes(path)
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][12]
    assert packet.pos is not None
    with path.open("r+b") as file:
        file.seek(packet.pos)
        file.write(random.Random(0).randbytes(packet.size))
    result = run("apply", path, "-s", pale, "-o", "out.mov")
    assert "film.mov: 1 frames are damaged, and were patched up." in result.stderr
    assert decoded_pts("out.mov") == times
    assert packet_bytes("out.mov") == sound


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("film.avi", {"codec": "mpeg4"}),
        ("film.webm", {"codec": "libvpx"}),
        ("film.ts", {"codec": "mpeg2video", "audio_codec": "mp2"}),
        ("film.mpg", {"codec": "mpeg2video", "audio_codec": "mp2", "rate": 25}),
        ("film.mp4", {"vfr": True}),
        ("film.mkv", {"size": (85, 47), "codec": "ffv1"}),
    ],
    ids=["avi", "vp8", "mpeg-2 ts", "mpg", "vfr", "odd"],
)
def test_films_without_an_index_and_others_go_on_as_well(
    run: Run,
    pale: str,
    home: Path,
    small_units: None,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fields: dict[str, Any],
) -> None:
    short_film(name, **({"frames": 24, "cuts": (9,)} | fields))
    kept = keep_digests(monkeypatch)
    output = f"out{Path(name).suffix}"
    run("apply", name, "-s", pale, "-o", f"undisturbed{Path(name).suffix}")
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run("apply", name, "-s", pale, "-o", output, code=130)
    assert len(finished_units(output)) == 1
    run("apply", name, "-s", pale, "-o", output, "--resume")
    assert kept[0] == kept[1]
    assert decoded_pts(output) == decoded_pts(name)
    assert packet_bytes(output) == packet_bytes(name)


def test_sound_of_few_samples_has_long_packets(run: Run, pale: str, home: Path) -> None:
    """They last longer than what a header may be off by otherwise."""
    short_film("film.mp4", frames=12, audio=0)
    with av.open("film.mp4") as source, av.open("slow.mp4", "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        sound: Any = target.add_stream("aac", rate=8000, layout="mono")
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                target.mux(packet)
        for number in range(5):
            frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
            frame.planes[0].update(bytes(2048))
            frame.sample_rate, frame.pts = 8000, 1024 * number
            target.mux(sound.encode(frame))
        target.mux(sound.encode())
    run("apply", "slow.mp4", "-s", pale, "-o", "out.mp4")
    assert packet_bytes("out.mp4") == packet_bytes("slow.mp4")
