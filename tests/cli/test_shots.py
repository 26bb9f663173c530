from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from .conftest import Run, RunProcess

pytest.importorskip("av")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes of 20, 16 and 12 frames, at 24 a second."""
    from film_clips import make_film

    folder = tmp_path_factory.mktemp("films")
    return make_film(folder / "film.mp4", 48, (160, 90), cuts=[20, 36], audio=1, metadata={"timecode": "01:00:00:00"})


def test_the_table_lists_each_shot(home: Path, film: Path, run_process: RunProcess) -> None:
    lines = run_process("shots", film).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["shot", "in", "out", "seconds", "transition"],
        ["1", "01:00:00:00", "01:00:00:20", "0.83", "cut"],
        ["2", "01:00:00:20", "01:00:01:12", "0.67", "cut"],
        ["3", "01:00:01:12", "01:00:02:00", "0.50", "cut"],
    ]


def test_json_edl_and_csv(home: Path, film: Path, run: Run) -> None:
    result = run("shots", film, "--json", "--edl", "a.edl", "--csv", "a.csv")
    listed = json.loads(result.stdout)
    assert listed["film"] == str(film)
    assert [(shot["first_frame"], shot["last_frame"]) for shot in listed["shots"]] == [(0, 19), (20, 35), (36, 47)]
    edl = Path("a.edl").read_text(encoding="utf-8")
    assert edl.count("\n00") == 3
    assert "01:00:00:20 01:00:01:12" in edl
    assert "* FROM CLIP NAME: film.mp4" in edl
    with Path("a.csv").open(newline="", encoding="utf-8") as file:
        assert [row["Timecode in"] for row in csv.DictReader(file)] == ["01:00:00:00", "01:00:00:20", "01:00:01:12"]


def test_dissolves_are_shown_with_their_length(home: Path, run: Run) -> None:
    write_dissolve(Path("dissolve.mp4"))
    _, _, second = run("shots", "dissolve.mp4").stdout.splitlines()
    assert "dissolve (12 frames)" in second


def write_dissolve(path: Path) -> None:
    import av
    from film_clips import draw_planes, put_planes

    size = (160, 90)
    first, second = (draw_planes(0, size, scene=scene, seed=2) for scene in (0, 2))
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=24, options={"qp": "0", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        for index in range(52):
            share = min(max((index - 19) / 13, 0), 1)
            frame = av.VideoFrame(*size, "yuv420p")
            mixed = [(1 - share) * old + share * new for old, new in zip(first, second, strict=True)]
            put_planes(frame, [np.rint(plane).astype(np.uint8) for plane in mixed])
            frame.pts = index
            container.mux(video.encode(frame))
        container.mux(video.encode())


def test_the_film_is_not_overwritten(home: Path, film: Path, run: Run) -> None:
    before = film.read_bytes()
    assert "is the input itself" in run("shots", film, "--edl", film, code=2).stderr
    assert film.read_bytes() == before


def test_what_is_no_film_is_refused(home: Path, run: Run) -> None:
    Path("notes.mp4").write_text("not a film", encoding="utf-8")
    assert "notes.mp4" in run("shots", "notes.mp4", code=2).stderr
    assert "none.mp4 does not exist" in run("shots", "none.mp4", code=2).stderr


def test_an_unknown_detector_is_refused(home: Path, film: Path, run: Run) -> None:
    assert "thumbnails, transnet" in run("shots", film, "--detector", "eyes", code=2).stderr


def test_the_same_from_python(film: Path) -> None:
    from impasto.api.films import find_shots

    assert [(shot.start, shot.stop) for shot in find_shots(film)] == [(0, 20), (20, 36), (36, 48)]
    assert find_shots(str(film)) == find_shots(film)


def test_timecode_of_a_film_that_states_none_begins_at_0(home: Path, run: Run) -> None:
    from film_clips import make_film

    make_film("plain.mp4", 30, cuts=[14], start=Fraction(1, 4))
    first, second = run("shots", "plain.mp4").stdout.splitlines()[1:]
    assert first.split()[1:3] == ["00:00:00:00", "00:00:00:14"]
    assert second.split()[1:3] == ["00:00:00:14", "00:00:01:06"]


def test_numbers_are_dropped_where_that_is_usual(home: Path, run: Run) -> None:
    from film_clips import make_film

    make_film("ntsc.mov", 40, rate=Fraction(30000, 1001), cuts=[16])
    run("shots", "ntsc.mov", "--edl", "ntsc.edl")
    text = Path("ntsc.edl").read_text(encoding="utf-8")
    assert "FCM: DROP FRAME" in text
    assert "00:00:00;16 00:00:01;10" in text


def test_an_existing_list_is_replaced(home: Path, film: Path, run: Run) -> None:
    Path("a.csv").write_text("old", encoding="utf-8")
    run("shots", film, "--csv", "a.csv")
    assert Path("a.csv").read_text(encoding="utf-8").startswith("Number,")
    assert [path.name for path in Path().iterdir()] == ["a.csv"]


def test_lists_that_cannot_be_written_are_refused_before_the_work(home: Path, film: Path, run: Run) -> None:
    Path("folder").mkdir()
    assert "folder is a folder" in run("shots", film, "--csv", "folder", "--edl", "a.edl", code=2).stderr
    assert not Path("a.edl").exists()


def test_progress_is_shown_only_where_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.cli import shots

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    frames = list(range(5))
    quiet, watched = io.StringIO(), Terminal()
    monkeypatch.setattr("sys.stderr", quiet)
    assert list(shots._watched(frames, 5)) == frames  # type: ignore[arg-type]
    assert quiet.getvalue() == ""
    monkeypatch.setattr("sys.stderr", watched)
    assert list(shots._watched(frames, None)) == frames  # type: ignore[arg-type]
    assert watched.getvalue()


def test_help_names_the_options(run: Run) -> None:
    text = run("shots", "--help").stdout
    assert all(option in text for option in ("--json", "--edl", "--csv", "--detector"))
