"""Films as references and content."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_clips import HDR10, make_film
from PIL import Image

from impasto.errors import NoReferencesError
from impasto.media.film_read import read_frame
from impasto.train import film_frames
from impasto.train.film_frames import films_as_pictures, pick_frames

SIZE = (256, 144)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shots of different colours, of one, one and two seconds."""
    path = tmp_path_factory.mktemp("films") / "two cuts.mp4"
    return make_film(path, frames=96, size=SIZE, cuts=(24, 48), options={"qp": "18"})


def shown(path: Path) -> Any:
    return np.asarray(Image.open(path)).astype(int)


def test_each_shot_gives_a_frame_as_it_is_in_the_film(film: Path, tmp_path: Path) -> None:
    picked = pick_frames(film, tmp_path / "frames")
    assert picked.num_shots == 3
    numbers = [int(path.stem.rpartition(" ")[2]) for path in picked.pictures]
    assert [sum(start <= number < stop for number in numbers) for start, stop in ((0, 24), (24, 48), (48, 96))] == [
        1,
        1,
        1,
    ]
    assert all(path.name.startswith("two cuts ") for path in picked.pictures)
    for number, path in zip(numbers, picked.pictures, strict=True):
        assert np.array_equal(shown(path), read_frame(film, number).to_rgb().pixels)


def test_no_more_than_so_many_are_picked(film: Path, tmp_path: Path) -> None:
    assert len(pick_frames(film, tmp_path / "frames", most=2).pictures) == 2


def test_frames_far_apart_are_the_same_as_those_read_in_one_go(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = pick_frames(film, tmp_path / "near").pictures
    monkeypatch.setattr(film_frames, "_FRAMES_PER_SEEK", 0)
    far = pick_frames(film, tmp_path / "far").pictures
    assert [path.name for path in near] == [path.name for path in far]
    assert [path.read_bytes() for path in near] == [path.read_bytes() for path in far]


def test_films_of_more_bits_give_pictures_of_8(tmp_path: Path) -> None:
    path = make_film(tmp_path / "deep.mkv", frames=12, size=SIZE, codec="ffv1", pixel_format="yuv422p10le")
    [picture] = pick_frames(path, tmp_path / "frames").pictures
    assert Image.open(picture).mode == "RGB"
    number = int(picture.stem.rpartition(" ")[2])
    deep = read_frame(path, number).to_rgb().pixels
    assert np.abs(shown(picture) - deep / 257).max() <= 0.51


def test_without_films_everything_stays_as_it_was(tmp_path: Path) -> None:
    said: list[str] = []
    references, content = [tmp_path / "a.jpg", "folder"], [tmp_path]
    with films_as_pictures(references, content, said.append) as given:
        assert given == (references, content)
    assert said == []


def test_films_stand_for_their_frames_and_leave_nothing_behind(film: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (160, 160), (90, 20, 20)).save(photo)
    said: list[str] = []
    with films_as_pictures([film, photo], [photo], said.append) as (references, content):
        assert content == [photo]
        assert references[0] == photo
        frames = [Path(path) for path in references[1:]]
        assert len(frames) == 3
        assert all(path.is_file() for path in frames)
    assert not any(path.exists() for path in frames)
    assert said == [f"references: looking for the shots of {film}", f"references: 3 frames of 3 shots in {film}"]


def test_folders_may_hold_films_or_pictures_or_both(film: Path, tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("films", "both")}
    for folder in folders.values():
        folder.mkdir()
        (folder / "a.mp4").write_bytes(film.read_bytes())
    Image.new("RGB", (160, 160), (90, 20, 20)).save(folders["both"] / "photo.png")
    with films_as_pictures([folders["films"]], [folders["both"]], lambda _: None) as (references, content):
        assert len(references) == 3
        assert content[0] == folders["both"]
        assert len(content) == 4


def test_frames_that_repeat_are_left_out_in_one_line(film: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(film.read_bytes())
    said: list[str] = []
    with films_as_pictures([film, copy], [], said.append) as (references, _):
        assert len(references) == 3
    assert said[-1] == "references: 3 frames left out that showed the same as another, or too little"


def test_a_film_that_cannot_be_read_is_left_out_with_the_reason(film: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film at all")
    hdr = make_film(tmp_path / "hdr.mkv", 6, SIZE, "libx265", "yuv420p10le", tags=HDR10)
    said: list[str] = []
    with films_as_pictures([broken, film, hdr], [], said.append) as (references, _):
        assert len(references) == 3
    left_out = [line for line in said if line.startswith("left out: ")]
    assert len(left_out) == 2
    assert str(broken) in left_out[0]
    assert "is HDR" in left_out[1]


def test_films_of_which_nothing_can_be_used_are_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film at all")
    with (
        pytest.raises(NoReferencesError, match=r"references: no frame of .*broken\.mp4"),
        films_as_pictures([broken], [], lambda _: None),
    ):
        pass
    Image.new("RGB", (160, 160), (90, 20, 20)).save(tmp_path / "photo.png")
    with films_as_pictures([tmp_path], [], lambda _: None) as (references, _):
        assert references == [tmp_path]


def test_a_film_too_small_to_learn_from_says_so(tmp_path: Path) -> None:
    small = make_film(tmp_path / "small.mp4", frames=12, size=(96, 64))
    with pytest.raises(NoReferencesError, match="too small"), films_as_pictures([small], [], lambda _: None):
        pass


def test_a_path_that_does_not_exist_is_left_to_who_reads_pictures(tmp_path: Path) -> None:
    with films_as_pictures([tmp_path / "gone.mp4"], [], lambda _: None) as (references, _):
        assert references == [tmp_path / "gone.mp4"]


def test_a_film_of_a_slow_rate_gives_its_frame(tmp_path: Path) -> None:
    path = make_film(tmp_path / "slow.mp4", frames=4, size=SIZE, rate=Fraction(2))
    assert len(pick_frames(path, tmp_path / "frames").pictures) == 1
