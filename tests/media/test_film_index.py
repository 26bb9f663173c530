"""Which pictures a film has and where decoding may begin; what decoding does when that is wrong."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from film_clips import film_pts, make_film
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import UnreadableMediaError
from impasto.media import film_read
from impasto.media.film_decode import LostKeyError, _Expected, _ticks, refuse_interlaced
from impasto.media.film_index import FilmIndex, _sorted_index, clock, is_countable, read_index
from impasto.media.film_info import read_info
from impasto.media.film_read import FilmSource

TICK = Fraction(1, 24)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (Fraction(0), "0:00.00"),
        (Fraction(5, 4), "0:01.25"),
        (Fraction(3723, 1), "1:02:03.00"),
        (Fraction(599999, 10000), "1:00.00"),
        (Fraction(-5, 2), "-0:02.50"),
    ],
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_packets_in_the_order_of_coding_are_sorted_by_time():
    index = _sorted_index([(0, True), (3, False), (1, False), (2, False), (4, True), (5, False)], TICK)
    assert index.ticks.tolist() == [0, 1, 2, 3, 4, 5]
    assert index.keys.tolist() == [0, 4]
    assert [index.key_before(n) for n in range(6)] == [0, 0, 0, 0, 4, 4]
    assert index.pts(3) == Fraction(1, 8)


def test_a_key_that_is_shown_after_pictures_coded_later_has_the_index_it_is_shown_at():
    """An open group: its leading pictures come after the key in the file and before it on the screen."""
    index = _sorted_index([(0, True), (1, False), (4, True), (2, False), (3, False), (5, False)], TICK)
    assert index.keys.tolist() == [0, 4]
    assert index.key_before(3) == 0


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [(0, False), (1, True)],
        [(2, True), (1, False), (3, False)],
        [(0, True), (1, False), (1, False)],
    ],
)
def test_packets_that_do_not_tell_the_pictures_make_no_index(shown):
    assert _sorted_index(shown, TICK) is None


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.data())
def test_any_key_lies_at_or_before_the_picture_it_is_for(steps, data):
    ticks = np.cumsum(steps)
    keys = sorted({0, *data.draw(st.lists(st.integers(0, len(steps) - 1)))})
    index = FilmIndex(ticks, np.array(keys), TICK)
    number = data.draw(st.integers(0, len(steps) - 1))
    key = index.key_before(number)
    assert key <= number
    assert not any(key < other <= number for other in keys)
    assert len(index) == len(steps)


@pytest.mark.parametrize(
    ("codec", "container", "countable"),
    [
        ("h264", "mov,mp4,m4a,3gp,3g2,mj2", True),
        ("hevc", "matroska,webm", True),
        ("h264", "mpegts", True),
        ("mpeg4", "mov,mp4,m4a,3gp,3g2,mj2", True),
        ("mpeg2video", "mpegts", False),
        ("mpeg4", "avi", False),
        ("vp8", "matroska,webm", False),
        ("h264", "h264", False),
    ],
)
def test_what_can_be_counted_without_decoding(tmp_path, codec, container, countable):
    info = read_info(make_film(tmp_path / "film.mp4", 1))
    assert is_countable(replace(info, codec=codec, container=container)) == countable
    if not countable:
        assert read_index(replace(info, codec=codec, container=container)) is None


@pytest.mark.parametrize(
    ("given", "shown", "missed"),
    [
        ([0, 1, 2], [0, 1, 2], []),
        ([0, 2, 1], [0, 1, 2], []),
        ([0, 1, 2, 3], [0, 3], [1, 2]),
        ([0, 1, None, 2], [0, 2], [1]),
        ([5, 6], [None], [5, 6]),
    ],
)
def test_what_was_given_to_the_decoder_and_never_seen_is_missed(given, shown, missed):
    expected = _Expected()
    for ticks in given:
        expected.add(ticks)
    assert [one for ticks in shown for one in expected.passed(ticks)] == missed


class Stamped:
    def __init__(self, pts, dts=None):
        self.pts, self.dts = pts, dts


def test_pictures_without_a_time_follow_at_the_rate_of_the_film(tmp_path):
    info = read_info(make_film(tmp_path / "film.mp4", 1))  # 12288 ticks a second, 24 pictures
    last = film_read.DecodedPicture(None, 1000)
    assert _ticks(Stamped(None), info, None) == 0
    assert _ticks(Stamped(None), info, last) == 1512
    assert _ticks(Stamped(None, 1400), info, last) == 1400
    assert _ticks(Stamped(1300, 7), info, last) == 1300
    assert _ticks(Stamped(1000), info, last) == 1001
    assert _ticks(Stamped(-5), info, None) == -5


def test_fields_that_begin_in_mid_film_are_refused_with_their_time(tmp_path):
    info = read_info(make_film(tmp_path / "film.mp4", 1))
    with pytest.raises(UnreadableMediaError, match=r"interlaced from 0:01\.00 on\. Add --deinterlace"):
        refuse_interlaced(info, 12288)


def test_where_decoding_cannot_begin_it_begins_at_the_first_picture(tmp_path, monkeypatch):
    source = FilmSource(make_film(tmp_path / "film.mp4", gop=8))
    whole = list(source)
    decode, begun = film_read.decode_film, []

    def decode_from_the_first_only(info, key, *rest):
        begun.append(key)
        if key is not None:
            raise LostKeyError
        yield from decode(info, key, *rest)

    monkeypatch.setattr(film_read, "decode_film", decode_from_the_first_only)
    part = list(source.frames(18, 20))
    assert begun == [8192, None]
    assert [frame.pts for frame in part] == [frame.pts for frame in whole[18:20]]
    assert all((one.planes[0] == other.planes[0]).all() for one, other in zip(part, whole[18:20], strict=True))


def test_the_index_of_another_film_is_found_out(tmp_path):
    film = make_film(tmp_path / "film.mp4", gop=8)
    other = FilmSource(make_film(tmp_path / "other.mp4", gop=8, vfr=True)).index
    frames = list(FilmSource(film, index=other).frames(9, 12))
    assert [frame.pts for frame in frames] == film_pts(24)[9:12]  # its keys are not where the index says
    shifted = FilmIndex(other.ticks.copy(), other.keys, other.time_base)
    shifted.ticks[:] = FilmSource(film).index.ticks
    shifted.ticks[12:] += 1
    with pytest.raises(UnreadableMediaError, match="Has the file changed meanwhile"):
        list(FilmSource(film, index=shifted).frames(9, 15))


def test_a_part_is_decoded_from_the_nearest_key_only(tmp_path, monkeypatch):
    source = FilmSource(make_film(tmp_path / "film.mp4", gop=8))
    decode, decoded = film_read.decode_film, []

    def count(*stated):
        for picture in decode(*stated):
            decoded.append(picture.ticks)
            yield picture

    monkeypatch.setattr(film_read, "decode_film", count)
    assert len(list(source.frames(18, 20))) == 2
    assert decoded == [8192, 8704, 9216, 9728]


def test_the_index_is_read_once(tmp_path, monkeypatch):
    source = FilmSource(make_film(tmp_path / "film.mp4", gop=8))
    first = source.index
    monkeypatch.setattr(film_read, "read_index", None)
    assert source.index is first
    assert len(list(source.frames(20))) == 4
