from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.gallery.reading import Failure
from impasto.sorting.reading import Seen, read_pictures, squeezed

from .shapes import noise_texture, save

SIDE = 48


def read(*paths: Path) -> list[Seen | Failure]:
    return [each for batch in read_pictures(paths, SIDE) for each in batch]


@pytest.mark.parametrize("size", [(64, 64), (30, 200), (200, 30), (17, 17), (500, 400)])
def test_pictures_of_any_shape_become_squares(tmp_path: Path, size: tuple[int, int]) -> None:
    (seen,) = read(save(noise_texture("lying", 0, size), tmp_path / "a.png"))
    assert isinstance(seen, Seen)
    assert seen.square.shape == (SIDE, SIDE, 3)
    assert seen.square.dtype == np.uint8


def test_all_of_a_picture_is_seen(tmp_path: Path) -> None:
    pixels = np.full((40, 160, 3), 128, np.uint8)
    pixels[:, :10], pixels[:, -10:] = (255, 0, 0), (0, 0, 255)
    (seen,) = read(save(pixels, tmp_path / "wide.png"))
    assert isinstance(seen, Seen)
    for column, bright, dark in ((0, 0, 2), (-1, 2, 0)):
        assert seen.square[20, column, bright] > 200
        assert seen.square[20, column, dark] < 60


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_pictures_of_any_kind_are_read(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(noise_texture("standing", 1))
    deep = Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)
    image = deep if mode == "I;16" else image.convert(mode)
    path = tmp_path / "a.tif"
    image.save(path)
    (seen,) = read(path)
    assert isinstance(seen, Seen), seen
    assert seen.square.shape == (SIDE, SIDE, 3)


def test_what_cannot_be_used_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    good = save(noise_texture("lying", 0), tmp_path / "good.png")
    tiny = save(noise_texture("lying", 1, (40, 8)), tmp_path / "tiny.png")
    corrupt = tmp_path / "corrupt.jpg"
    corrupt.write_bytes(b"\xff\xd8\xff not a picture at all")
    cut = save(noise_texture("lying", 2), tmp_path / "cut.png")
    cut.write_bytes(cut.read_bytes()[:400])
    found = read(tiny, corrupt, good, cut, tmp_path / "gone.png")
    assert [type(each) for each in found] == [Failure, Failure, Seen, Failure, Failure]
    for each, path in zip(found, (tiny, corrupt, good, cut, tmp_path / "gone.png"), strict=True):
        assert each.path == path
        assert isinstance(each, Seen) or path.name in each.message
    assert isinstance(found[0], Failure)
    assert "8×40" in found[0].message


def test_order_is_kept_over_batches(tmp_path: Path) -> None:
    paths = [save(noise_texture("lying", seed, (20, 20)), tmp_path / f"{seed}.png") for seed in range(37)]
    assert [each.path for each in read(*paths)] == paths


def test_a_square_of_the_right_side_is_left_alone() -> None:
    square = noise_texture("board", 0, (SIDE, SIDE))
    assert squeezed(square, SIDE) is square
