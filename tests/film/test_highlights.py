"""Previews and stills."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_clips import decoded_pts
from PIL import Image

from impasto.film.highlights import side_by_side
from impasto.media.planar import PlanarFrame

from .conftest import Run
from .films import lumas, short_film, streams


def planar(width: int, subsampling: tuple[int, int], value: int) -> PlanarFrame:
    chroma = (-(-8 // subsampling[1]), -(-width // subsampling[0]))
    planes = [np.full(shape, value + number, np.uint8) for number, shape in enumerate(((8, width), chroma, chroma))]
    return PlanarFrame((planes[0], planes[1], planes[2]), subsampling=subsampling, pts=Fraction(1, 24))


@pytest.mark.parametrize("subsampling", [(2, 2), (2, 1), (1, 1)])
@pytest.mark.parametrize("width", [10, 11])
def test_two_pictures_side_by_side(subsampling: tuple[int, int], width: int) -> None:
    both = side_by_side(planar(width, subsampling, 20), planar(width, subsampling, 90))
    kept = width - width % subsampling[0]
    assert both.width == 2 * kept
    for number, plane in enumerate(both.planes):
        half = plane.shape[1] // 2
        assert plane.shape[1] == (2 * kept if number == 0 else 2 * kept // subsampling[0])
        assert (plane[:, :half] == 20 + number).all()
        assert (plane[:, half:] == 90 + number).all()


def test_alpha_goes_along() -> None:
    alpha = np.arange(80, dtype=np.uint8).reshape(8, 10)
    pair = [replace(planar(10, (1, 1), value), alpha=alpha) for value in (20, 90)]
    both = side_by_side(pair[0], pair[1])
    assert both.alpha is not None
    np.testing.assert_array_equal(both.alpha, np.hstack([alpha, alpha]))


@pytest.fixture
def long_film(home: Path) -> Path:
    return short_film("film.mp4", frames=120, cuts=(30, 60, 90), subtitles=1)


@pytest.mark.parametrize("style", ["pale", "brush"])
def test_a_preview_shows_before_and_after(run: Run, pale: str, brush: str, long_film: Path, style: str) -> None:
    run("apply", long_film, "-s", style, "--preview", "2s", "-o", "preview.mp4")
    before, after = np.split(np.stack(lumas("preview.mp4")).astype(float), 2, axis=2)
    whole = np.stack(lumas(long_film)).astype(float)
    nearest = [np.abs(whole - picture).mean(axis=(1, 2)).min() for picture in before]
    assert max(nearest) < 4, "what is on the left is of the film"
    assert np.abs(after - before).mean() > 2
    times = decoded_pts("preview.mp4")
    assert times[0] == 0
    assert float(times[-1]) == pytest.approx(2, abs=0.15)
    assert times == sorted(set(times))
    assert [kind for kind, _ in streams("preview.mp4")] == ["video"]


def test_a_preview_of_a_short_film_is_all_of_it(run: Run, pale: str, film: Path) -> None:
    run("apply", film, "-s", pale, "--preview", "1m", "-o", "preview.mkv")
    assert len(lumas("preview.mkv")) == 40


def test_a_preview_looks_as_the_film_will(run: Run, pale: str, film: Path) -> None:
    run("apply", film, "-s", pale, "-o", "out.mp4", "--crf", 1)
    run("apply", film, "-s", pale, "--preview", "1m", "-o", "preview.mp4", "--crf", 1)
    for both, after in zip(lumas("preview.mp4"), lumas("out.mp4"), strict=True):
        assert np.abs(both[:, both.shape[1] // 2 :].astype(int) - after).mean() < 1


@pytest.mark.parametrize("fields", [{"size": (97, 55), "pixel_format": "yuv444p"}, {"pixel_format": "yuv420p10le"}])
def test_odd_and_deep_films_have_previews_and_stills(run: Run, pale: str, home: Path, fields: dict[str, Any]) -> None:
    short_film("film.mp4", codec="libx265", audio=0, **fields)
    run("apply", "film.mp4", "-s", pale, "--preview", "1s", "-o", "preview.mp4")
    run("apply", "film.mp4", "-s", pale, "--stills", 2, "-o", "stills")
    width = fields.get("size", (96, 64))[0]
    assert lumas("preview.mp4")[0].shape[1] == 2 * width
    assert Image.open(next(Path("stills").iterdir())).size[0] == width


def test_stills_are_named_by_their_frames_and_show_the_style(run: Run, pale: str, long_film: Path) -> None:
    run("apply", long_film, "-s", pale, "-o", "out.mp4", "--crf", 1)
    run("apply", long_film, "-s", pale, "--stills", 4)
    found = sorted(Path("film-pale-stills").iterdir())
    assert len(found) == 4
    graded = lumas("out.mp4")
    numbers = [int(path.stem.rpartition("-")[2]) for path in found]
    assert len({number // 30 for number in numbers}) >= 3, "they are of different shots"
    for path, number in zip(found, numbers, strict=True):
        pixels = np.asarray(Image.open(path)).astype(float)
        luma = 16 + 219 / 255 * (pixels @ (0.2126, 0.7152, 0.0722))
        assert np.abs(luma - graded[number]).mean() < 3


def test_more_stills_than_a_film_has(run: Run, pale: str, home: Path) -> None:
    short_film("film.mp4", frames=1, cuts=())
    assert "1 stills" in run("apply", "film.mp4", "-s", pale, "--stills", 50, "-o", "stills").stdout


def test_several_films_at_once(run: Run, pale: str, film: Path) -> None:
    short_film("other.mp4", frames=10, cuts=())
    run("apply", film, "other.mp4", "-s", pale, "--stills", 1, "-o", "stills")
    assert {path.name for path in Path("stills").iterdir()} == {"film", "other"}
    run("apply", film, "other.mp4", "-s", pale, "--preview", "1s")
    assert Path("film-pale-preview.mp4").exists()
    assert Path("other-pale-preview.mp4").exists()


def test_what_exists_is_replaced_when_allowed(run: Run, pale: str, film: Path) -> None:
    Path("preview.mp4").write_bytes(b"mine")
    assert "--overwrite" in run("apply", film, "-s", pale, "--preview", "1s", "-o", "preview.mp4", code=2).stderr
    assert Path("preview.mp4").read_bytes() == b"mine"
    run("apply", film, "-s", pale, "--preview", "1s", "-o", "preview.mp4", "--overwrite")
    assert len(lumas("preview.mp4")) > 10
    Path("file").touch()
    assert "is a file" in run("apply", film, "-s", pale, "--stills", 1, "-o", "file", code=2).stderr


def test_a_preview_that_fails_leaves_nothing(run: Run, pale: str, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.errors import OutputError
    from impasto.media.film_write import FilmSink

    def fail(self: Any, frame: Any) -> None:
        raise OutputError("preview.mp4 cannot be written: the disk is full.")

    monkeypatch.setattr(FilmSink, "write", fail)
    assert "full" in run("apply", film, "-s", pale, "--preview", "1s", "-o", "preview.mp4", code=2).stderr
    assert {path.name for path in Path().iterdir()} == {"film.mp4"}
