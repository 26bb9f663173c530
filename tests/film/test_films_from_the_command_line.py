"""`impasto apply` on real films."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from film_clips import HDR10, decoded_pts, make_film
from PIL import Image

from .conftest import Run
from .films import assert_all_else_is_kept, job_folder, keep_digests, lumas, mean_difference, short_film, streams


def files() -> set[str]:
    return {path.as_posix() for path in Path().rglob("*") if path.is_file()}


def test_a_look_changes_the_pictures_and_nothing_else(run: Run, pale: str, film: Path) -> None:
    result = run("apply", film, "--style", pale, "-o", "out.mp4")
    assert_all_else_is_kept(film, "out.mp4")
    assert result.stdout.startswith("1 done: out.mp4 (40 frames, ")
    assert result.stderr == ""
    assert mean_difference(lumas("out.mp4"), lumas(film)) > 8
    assert files() == {"film.mp4", "out.mp4"}


def test_a_look_gives_what_its_lut_gives(run: Run, home: Path, save_look: Callable[..., Path]) -> None:
    """Grey stays grey, so that luma says all: 0.1 + 0.8·y + 0.1·mean."""
    save_look(home / "pale.style")
    short_film("film.mp4", options={"qp": "0"}, frames=6, cuts=())
    run("apply", "film.mp4", "-s", "pale", "-o", "out.mp4", "--crf", 0)
    before, after = (np.stack(lumas(path)).astype(float) for path in ("film.mp4", "out.mp4"))
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.98
    assert after.std() == pytest.approx(0.8 * before.std(), rel=0.1)


def test_no_strength_changes_nothing_but_by_coding(run: Run, pale: str, film: Path) -> None:
    run("apply", film, "-s", pale, "-o", "out.mp4", "--strength", 0, "--crf", 0)
    for before, after in zip(lumas(film), lumas("out.mp4"), strict=True):
        np.testing.assert_array_equal(after, before)


def test_the_default_output_stands_beside(run: Run, pale: str, film: Path) -> None:
    run("apply", film, "-s", pale)
    assert Path("film-pale.mp4").exists()


def test_paint(run: Run, brush: str, film: Path) -> None:
    result = run("apply", film, "--style", brush, "--runtime", "onnx", "-o", "out.mp4")
    assert_all_else_is_kept(film, "out.mp4")
    assert "painted by onnx" in result.stdout
    assert mean_difference(lumas("out.mp4"), lumas(film)) > 2


def test_paint_forgets_at_cuts(run: Run, brush: str, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a cut is what it would be if the film began there."""
    kept = keep_digests(monkeypatch)
    short_film("whole.mkv", codec="ffv1", audio=0)
    run("apply", "whole.mkv", "-s", brush, "-o", "out.mkv")
    short_film("other.mkv", codec="ffv1", audio=0, cuts=(17,), seed=0)
    with av.open("whole.mkv") as source, av.open("part.mkv", "w") as target:
        stream = target.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for name in ("color_primaries", "color_trc", "colorspace", "color_range"):
            setattr(stream.codec_context, name, getattr(source.streams.video[0].codec_context, name))
        for number, frame in enumerate(source.decode(video=0)):
            if number >= 17:
                frame.pts, frame.time_base = number - 17, Fraction(1, 24)
                target.mux(stream.encode(frame))
        target.mux(stream.encode())
    run("apply", "part.mkv", "-s", brush, "-o", "out-part.mkv")
    assert kept[0][17:] == kept[1]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("a.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le"}),
        ("a.mkv", {"codec": "ffv1", "pixel_format": "yuv444p"}),
        ("a.mp4", {"codec": "libx265", "pixel_format": "yuv420p10le", "tags": HDR10}),
        ("b.mp4", {"vfr": True, "subtitles": 1, "chapters": 2}),
        ("c.mp4", {"size": (97, 55), "pixel_format": "yuv444p"}),
        ("d.mp4", {"rotation": 90}),
        ("e.mp4", {"audio": 0}),
        ("f.mp4", {"frames": 1, "cuts": ()}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("style", ["pale", "brush"])
def test_films_of_all_kinds(
    run: Run, pale: str, brush: str, home: Path, style: str, name: str, fields: dict[str, Any]
) -> None:
    short_film(name, **({"frames": 12, "cuts": (5,), "audio": 1} | fields))
    output = Path(f"out{Path(name).suffix}")
    run("apply", name, "-s", style, "-o", output)
    assert decoded_pts(output) == decoded_pts(name)
    assert [kind for kind, _ in streams(output)] == [kind for kind, _ in streams(name)]
    with av.open(name) as source, av.open(str(output)) as result:
        before, after = source.streams.video[0], result.streams.video[0]
        assert after.codec_context.name == before.codec_context.name
        assert after.pix_fmt == before.pix_fmt
        for tag in ("color_primaries", "color_trc", "colorspace"):
            assert getattr(after, tag, None) == getattr(before, tag, None)


def test_encoding_options(run: Run, pale: str, film: Path) -> None:
    run("apply", film, "-s", pale, "-o", "hevc.mkv", "--codec", "hevc", "--crf", 30, "--preset", "ultrafast")
    assert ("video", "hevc") in streams("hevc.mkv")
    for crf in (10, 45):
        run("apply", film, "-s", pale, "-o", f"{crf}.mp4", "--crf", crf)
    assert Path("45.mp4").stat().st_size < Path("10.mp4").stat().st_size


def test_several_films_and_pictures_in_one_call(run: Run, pale: str, film: Path) -> None:
    short_film("other.mp4", frames=6, cuts=())
    Image.new("RGB", (40, 30), (100, 50, 20)).save("photo.png")
    result = run("apply", film, "photo.png", "other.mp4", "-s", pale, "-o", "out")
    assert files() >= {"out/film.mp4", "out/photo.png", "out/other.mp4"}
    assert result.stdout.startswith("3 done: in out")


def test_one_bad_film_of_several_does_not_stop_the_rest(run: Run, pale: str, film: Path) -> None:
    Path("bad.mp4").write_bytes(b"nothing")
    result = run("apply", "bad.mp4", film, "-s", pale, "-o", "out", code=1)
    assert "1 done, 1 failed" in result.stdout
    assert "bad.mp4" in result.stderr
    assert files() == {"bad.mp4", "film.mp4", "out/film.mp4"}


def test_a_blend_and_a_chain(run: Run, pale: str, brush: str, film: Path, home: Path) -> None:
    run("apply", film, "-s", "pale+brush", "-o", "chain.mp4")
    run("apply", film, "-s", "pale+pale", "-o", "looks.mp4")
    assert_all_else_is_kept(film, "chain.mp4")
    run("apply", film, "-s", "pale", "-o", "once.mp4")
    assert np.stack(lumas("looks.mp4")).std() < np.stack(lumas("once.mp4")).std()


def test_a_region_of_a_film(run: Run, pale: str, film: Path) -> None:
    mask = np.zeros((64, 96), np.uint8)
    mask[:, :40] = 255
    Image.fromarray(mask).save("mask.png")
    run("apply", film, "-s", pale, "-o", "out.mp4", "--where", "mask.png", "--crf", 0)
    before, after = lumas(film)[0].astype(int), lumas("out.mp4")[0].astype(int)
    assert np.abs(after - before)[:, 60:].mean() < 0.2
    assert np.abs(after - before)[:, :36].mean() > 8


def test_a_mask_of_another_size_is_refused_before_work_begins(run: Run, pale: str, film: Path) -> None:
    Image.new("L", (64, 64), 255).save("square.png")
    Path("shots").mkdir()
    Image.new("RGB", (96, 64), (9, 9, 9)).save("shots/0001.png")
    for source, output in ((film, "out.mp4"), ("shots/%04d.png", "out/%04d.png")):
        result = run("apply", source, "-s", pale, "-o", output, "--where", "square.png", code=2)
        assert "square.png 64×64" in result.stderr
        assert "impasto-job" not in result.stderr
    assert files() == {"film.mp4", "square.png", "shots/0001.png"}


def test_a_preview(run: Run, pale: str) -> None:
    short_film("film.mp4", frames=96, cuts=(30, 60))
    result = run("apply", "film.mp4", "-s", pale, "--preview", "1s")
    before, after = np.split(np.stack(lumas("film-pale-preview.mp4")).astype(float), 2, axis=2)
    assert 20 <= len(before) <= 28
    assert np.abs(after - before).mean() > 8
    assert "film-pale-preview.mp4" in result.stdout
    assert [kind for kind, _ in streams("film-pale-preview.mp4")] == ["video"]


def test_stills(run: Run, pale: str) -> None:
    short_film("film.mp4", frames=96, cuts=(30, 60))
    result = run("apply", "film.mp4", "-s", pale, "--stills", 3, "-o", "stills/")
    found = sorted(Path("stills").iterdir())
    assert len(found) == 3
    assert Image.open(found[0]).size == (96, 64)
    assert "3 stills" in result.stdout
    assert "--overwrite" in run("apply", "film.mp4", "-s", pale, "--stills", 3, "-o", "stills/", code=2).stderr


@pytest.mark.parametrize("name", ["report.html", "report.json"])
def test_a_report(run: Run, pale: str, film: Path, name: str) -> None:
    run("apply", film, "-s", pale, "-o", "out.mp4", "--report", name)
    text = Path(name).read_text(encoding="utf-8")
    assert "film.mp4" in text
    if name.endswith("json"):
        assert '"flicker_out"' in text


def test_a_sequence_of_pictures(run: Run, pale: str, home: Path) -> None:
    Path("shots").mkdir()
    for number in range(5):
        Image.new("RGB", (40, 30), (100 + 10 * number, 50, 20)).save(f"shots/{number + 3:04}.png")
    run("apply", "shots/%04d.png", "-s", pale, "-o", "out/%04d.png")
    assert files() >= {f"out/{number:04}.png" for number in range(3, 8)}
    values = [np.asarray(Image.open(f"out/{number:04}.png"))[0, 0].astype(int) for number in range(3, 8)]
    # One LUT for all: red rises evenly.
    assert np.abs(np.diff([value[0] for value in values], n=2)).max() <= 1
    assert not job_folder("out/%04d.png").exists()


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.mp4", "-s", "pale"], "nothing.mp4 does not exist"),
        (["film.mp4", "-s", "pale", "-o", "film.mp4"], "--overwrite"),
        (["film.mp4", "-s", "pale", "-o", "there.mp4"], "there.mp4 exists"),
        (["film.mp4", "-s", "pale", "-o", "out.xyz"], "out.xyz"),
        (["film.mp4", "-s", "pale", "-o", "out.mp4", "--codec", "mpeg9"], "mpeg9"),
        (["film.mp4", "-s", "pale", "-o", "out.webm", "--codec", "h264"], "out.webm"),
        (["film.mp4", "-s", "pale", "-o", "out.mp4", "--preset", "slowish"], "out.mp4"),
        (["film.mp4", "-s", "pale", "--preview", "soon"], "soon"),
        (["film.mp4", "-s", "pale", "--preview", "2s", "--stills", "3"], "one of them"),
        (["empty.mp4", "-s", "pale"], "empty.mp4 is empty"),
        (["sound.mp4", "-s", "pale"], "sound.mp4"),
        (["film.mp4", "-s", "pale", "--texture-scale", "2"], "no texture"),
        (["film.mp4", "film.mp4", "-s", "pale", "-o", "x"], "one name"),
        (["film.mp4", "-s", "pale", "-o", "out/%03d.png"], "film"),
        (["film.mp4", "-s", "pale", "--gate", "warn"], "verdict"),
    ],
)
def test_what_is_refused_gets_one_message_and_leaves_nothing(
    run: Run, pale: str, film: Path, words: list[str], message: str
) -> None:
    Path("there.mp4").write_bytes(b"mine")
    Path("empty.mp4").write_bytes(b"")
    with av.open("sound.mp4", "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    before = {name: Path(name).read_bytes() for name in files()}
    result = run("apply", *words, code=2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert {name: Path(name).read_bytes() for name in files()} == before
    assert not list(Path().glob("*.impasto-job"))


def test_an_interlaced_film_is_refused_with_what_helps(run: Run, pale: str, home: Path) -> None:
    make_film("film.mp4", frames=12, size=(160, 96), interlaced=True)
    assert "--deinterlace" in run("apply", "film.mp4", "-s", pale, code=2).stderr
    run("apply", "film.mp4", "-s", pale, "--deinterlace", "-o", "out.mp4")
    assert len(lumas("out.mp4")) == 12


def test_an_output_is_replaced_or_skipped_when_allowed(run: Run, pale: str, film: Path) -> None:
    Path("out.mp4").write_bytes(b"mine")
    assert "1 skipped" in run("apply", film, "-s", pale, "-o", "out.mp4", "--skip-existing").stdout
    assert Path("out.mp4").read_bytes() == b"mine"
    run("apply", film, "-s", pale, "-o", "out.mp4", "--overwrite")
    assert len(lumas("out.mp4")) == 40


@pytest.mark.parametrize("codec", ["mpeg2video", "mpeg1video"])
def test_program_streams(run: Run, pale: str, home: Path, codec: str) -> None:
    """They count from half a second on, between two pictures."""
    short_film("film.mpg", frames=12, cuts=(5,), codec=codec, audio_codec="mp2", rate=25)
    run("apply", "film.mpg", "-s", pale, "-o", "out.mpg")
    assert decoded_pts("out.mpg") == decoded_pts("film.mpg")
    assert streams("out.mpg") == streams("film.mpg")
