"""Upright, as players show it."""

import numpy as np
import pytest

from impasto.media.orientation import Orientation, read_orientation
from impasto.media.planar import PlanarFrame

ONE = 1 << 16


def matrix(a, b, c, d):
    return np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], "<i4").tobytes()


LETTER = np.array([[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((ONE, 0, 0, ONE), [[1, 2, 3], [4, 5, 6]]),
        ((0, ONE, -ONE, 0), [[4, 1], [5, 2], [6, 3]]),
        ((-ONE, 0, 0, -ONE), [[6, 5, 4], [3, 2, 1]]),
        ((0, -ONE, ONE, 0), [[3, 6], [2, 5], [1, 4]]),
        ((-ONE, 0, 0, ONE), [[3, 2, 1], [6, 5, 4]]),
        ((ONE, 0, 0, -ONE), [[4, 5, 6], [1, 2, 3]]),
        ((0, ONE, ONE, 0), [[1, 4], [2, 5], [3, 6]]),
    ],
)
def test_a_display_matrix_moves_pixels_where_it_says(numbers, shown):
    assert read_orientation(matrix(*numbers)).turn(LETTER).tolist() == shown


@pytest.mark.parametrize("data", [None, b"", b"short"])
def test_no_matrix_means_upright(data):
    assert read_orientation(data).is_upright


def test_a_slanted_matrix_counts_as_the_nearest_quarter():
    angle = np.radians(80)
    numbers = [int(ONE * value) for value in (np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle))]
    assert read_orientation(matrix(*numbers)) == Orientation(1)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("subsampling", [(2, 2), (2, 1), (1, 1)])
def test_colours_stay_where_the_picture_is(turns, is_mirrored, subsampling):
    """A frame half red and half blue: turned as codes it looks like itself turned as RGB."""
    across, down = subsampling
    u = np.full((24 // down, 40 // across), 90, np.uint8)
    u[:, 20 // across :] = 200
    frame = PlanarFrame(
        (np.full((24, 40), 110, np.uint8), u, 255 - u), 8, subsampling, alpha=np.eye(24, 40, dtype="u1")
    )
    orientation = Orientation(turns, is_mirrored)
    turned = orientation.turn_frame(frame)
    assert turned.subsampling == subsampling
    shown = turned.to_rgb().pixels
    expected = np.stack([orientation.turn(frame.to_rgb().pixels[..., n]) for n in range(3)], -1)
    assert shown.shape == expected.shape
    away = np.abs(np.arange(40) - 19.5) > 5  # the border itself moves by what siting moves it
    if is_mirrored:
        away = away[::-1]
    difference = np.abs(shown.astype(int) - expected)
    kept = difference[:, away] if turns % 2 == 0 else difference[away]
    assert kept.max() <= 2
    assert (turned.alpha == orientation.turn(frame.alpha)).all()


def test_a_film_that_lies_is_read_upright(tmp_path):
    from film_clips import make_film

    from impasto.media.film_read import FilmSource

    plain = next(iter(FilmSource(make_film(tmp_path / "plain.mp4", frames=2, codec="ffv1"))))
    lying = FilmSource(make_film(tmp_path / "lying.mp4", frames=2, rotation=90, codec="ffv1"))
    assert (lying.info.width, lying.info.height) == (90, 160)
    assert lying.info.rotation == 270  # counter-clockwise a quarter
    turned = next(iter(lying))
    assert (turned.planes[0] == np.rot90(plain.planes[0])).all()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_film_that_lies_is_written_upright(tmp_path, rotation, mirrored):
    """What was turned on reading is not turned again by players: the output has no matrix, and upright sides."""
    from fractions import Fraction

    from film_clips import make_film

    from impasto.media.film_encoding import Encoding
    from impasto.media.film_read import FilmSource
    from impasto.media.film_write import FilmSink

    path = make_film(
        tmp_path / "film.mov",
        3,
        pixel_format="yuv422p",
        rotation=rotation,
        mirrored=mirrored,
        sample_aspect=Fraction(4, 3),
    )
    source = FilmSource(path)
    with FilmSink(tmp_path / "upright.mov", source.info, Encoding(crf=0)) as sink:
        for frame in source:
            assert frame.planes[1].shape == (frame.height, frame.width // 2)
            sink.write(frame)
    again = FilmSource(tmp_path / "upright.mov")
    lies = rotation in {90, 270}
    assert again.info.orientation.is_upright
    assert (again.info.width, again.info.height) == ((90, 160) if lies else (160, 90))
    assert again.info.sample_aspect == (Fraction(3, 4) if lies else Fraction(4, 3))
    assert again.info.pixel_format == "yuv422p"
    for one, other in zip(source, again, strict=True):
        assert one.pts == other.pts
        assert all((a == b).all() for a, b in zip(one.planes, other.planes, strict=True))
