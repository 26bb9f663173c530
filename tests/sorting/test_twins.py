from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from impasto.sorting.reading import Seen, read_pictures
from impasto.sorting.twins import twin_groups, without_contradictions

from .shapes import noise_texture, save


def seen(*paths: Path) -> list[Seen]:
    return [each for batch in read_pictures(paths, 64) for each in batch if isinstance(each, Seen)]


def test_copies_and_near_copies_are_one_group(tmp_path: Path) -> None:
    picture = noise_texture("board", 3, (200, 260))
    first = save(picture, tmp_path / "first.png")
    same = tmp_path / "same.png"
    same.write_bytes(first.read_bytes())
    small = tmp_path / "small.jpg"
    Image.fromarray(picture).resize((130, 100)).save(small, quality=80)
    darker = save((picture * 0.8).astype(np.uint8), tmp_path / "darker.png")
    other = save(noise_texture("board", 4, (200, 260)), tmp_path / "other.png")
    groups = twin_groups(seen(first, other, same, small, darker))
    assert len(set(groups.tolist())) == 2
    assert groups[0] == groups[2] == groups[3] == groups[4] != groups[1]


def test_different_pictures_are_alone(tmp_path: Path) -> None:
    paths = [
        save(noise_texture(kind, seed), tmp_path / f"{kind}{seed}.png")
        for kind in ("lying", "standing", "board")
        for seed in range(8)
    ]
    assert len(set(twin_groups(seen(*paths)).tolist())) == len(paths)


def test_chains_of_copies_are_one_group() -> None:
    """b is like a, and c like b but not like a."""
    ramp = np.add.outer(np.arange(32), np.arange(32)).astype(np.float32)

    def made(name: str, bits: int) -> Seen:
        return Seen(Path(name), np.zeros((0, 0, 3), np.uint8), name, bits, ramp)

    chain = [made("a", 0), made("c", (1 << 24) - 1), made("b", (1 << 12) - 1)]
    assert set(twin_groups(chain).tolist()) == {0}
    assert len(set(twin_groups(chain[:2]).tolist())) == 2


def test_flat_pictures_of_other_brightness_are_no_copies(tmp_path: Path) -> None:
    grey = [save(np.full((40, 40, 3), value, np.uint8), tmp_path / f"{value}.png") for value in (40, 200)]
    assert len(set(twin_groups(seen(*grey)).tolist())) == 2


def test_a_file_in_two_classes_has_none(tmp_path: Path) -> None:
    first = save(noise_texture("lying", 0), tmp_path / "a" / "x.png")
    again = save(noise_texture("lying", 0), tmp_path / "b" / "y.png")
    again.write_bytes(first.read_bytes())
    twice = tmp_path / "a" / "z.png"
    twice.write_bytes(save(noise_texture("lying", 5), tmp_path / "a" / "w.png").read_bytes())
    pictures = seen(first, again, twice, tmp_path / "a" / "w.png")
    labels, torn = without_contradictions(pictures, ["a", "b", "a", None])
    assert labels == [None, None, "a", None]
    assert torn == ["x.png", "y.png"]
