"""What is broken costs no other picture its place, or is refused with its place."""

import av
import numpy as np
import pytest
from film_clips import decoded_pts, make_film

from impasto.errors import UnreadableMediaError
from impasto.media.film_read import FilmSource

B_FRAMES = {"preset": "fast", "x264-params": "bframes=3:scenecut=0"}


def same_planes(one, other):
    return all((a == b).all() for a, b in zip(one.planes, other.planes, strict=True))


def damage(path, number, kind="video", keep=8):
    """Fill a packet of a film with noise from its middle on, and return its time."""
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        packet = [packet for packet in container.demux(stream) if packet.size][number]
        pos, size, time = packet.pos, packet.size, packet.pts * packet.time_base
    with path.open("r+b") as file:
        file.seek(pos + keep)
        file.write(np.random.default_rng(number).bytes(max(0, size - keep)))
    return time


@pytest.mark.parametrize("keep", [0, 8])
@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("film.mp4", {}),
        ("film.mp4", {"options": B_FRAMES}),
        ("film.mov", {"codec": "png", "pixel_format": "rgb24"}),
        ("film.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le"}),
        ("film.mp4", {"codec": "libx265"}),
        ("film.mp4", {"codec": "libsvtav1"}),
    ],
)
def test_a_damaged_picture_costs_no_other_its_place(tmp_path, name, stated, keep):
    path = make_film(tmp_path / name, gop=8, **stated)
    times = decoded_pts(path)
    damage(path, 10, keep=keep)
    source = FilmSource(path)
    frames = list(source)
    assert [frame.pts for frame in frames] == times
    assert [frame.index for frame in frames] == list(range(24))
    assert source.num_damaged < 10
    for frame in source.frames(18, 24):
        assert same_planes(frame, frames[frame.index])


def test_pictures_that_nothing_can_be_made_of_are_counted(tmp_path):
    path = make_film(tmp_path / "film.mov", codec="prores_ks", pixel_format="yuv422p10le")
    damage(path, 10, keep=0)
    source = FilmSource(path)
    frames = list(source)
    assert source.num_damaged == 1
    assert same_planes(frames[9], frames[10])
    assert not same_planes(frames[10], frames[11])


def test_damage_where_no_picture_can_stand_in_is_refused_with_its_time(tmp_path):
    path = make_film(tmp_path / "film.avi", codec="png", pixel_format="rgb24")
    damage(path, 12, keep=0)
    with pytest.raises(UnreadableMediaError, match=r"film\.avi is damaged at 0:00\.50"):
        list(FilmSource(path))


def test_a_film_of_nothing_but_noise_is_refused(tmp_path):
    path = make_film(tmp_path / "film.mov", 3, codec="prores_ks", pixel_format="yuv422p10le")
    for number in range(3):
        damage(path, number, keep=0)
    with pytest.raises(UnreadableMediaError, match=r"film\.mov shows nothing"):
        FilmSource(path)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_film_cut_short_is_refused_with_its_times(tmp_path, name):
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    path = make_film(tmp_path / "whole.mp4", 240, size=(64, 48))
    short = tmp_path / name
    with av.open(str(path)) as source, av.open(str(short), "w", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    content = short.read_bytes()
    short.write_bytes(content[: len(content) * 6 // 10])
    source = FilmSource(short)
    with pytest.raises(UnreadableMediaError, match=rf"{name} is cut short: it ends at 0:0\d\.\d\d of 0:10\.0"):
        list(source)
    with pytest.raises(UnreadableMediaError, match="is cut short"):
        _ = FilmSource(short).index


def test_a_film_without_its_end_cannot_be_opened(tmp_path):
    path = make_film(tmp_path / "film.mp4")
    path.write_bytes(path.read_bytes()[:-600])  # where MP4 lists its streams
    with pytest.raises(UnreadableMediaError, match=r"film\.mp4 has no pictures, only data\. Is it whole"):
        FilmSource(path)


def test_pictures_that_change_their_size_are_refused_with_the_time(tmp_path):
    first = make_film(tmp_path / "first.ts", 24, size=(160, 90))
    second = make_film(tmp_path / "second.ts", 24, size=(128, 96), start=1)
    path = tmp_path / "film.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    frames = FilmSource(path).frames()
    with pytest.raises(UnreadableMediaError, match=r"at 0:0\d\.\d\d: pictures change from 160×90 to 128×96"):
        list(frames)


def test_several_damaged_pictures_in_a_row_keep_their_places(tmp_path):
    path = make_film(tmp_path / "film.mov", codec="prores_ks", pixel_format="yuv422p10le")
    for number in (4, 5, 6):
        damage(path, number, keep=0)
    source = FilmSource(path)
    frames = list(source)
    assert len(frames) == 24
    assert source.num_damaged == 3
    assert all(same_planes(frames[3], frames[number]) for number in (4, 5, 6))


def test_a_damaged_end_is_made_up_for(tmp_path):
    path = make_film(tmp_path / "film.mov", codec="prores_ks", pixel_format="yuv422p10le")
    damage(path, 23, keep=0)
    frames = list(FilmSource(path))
    assert len(frames) == 24
    assert same_planes(frames[22], frames[23])


def test_a_part_that_begins_with_a_damaged_picture_shows_the_same_as_the_whole(tmp_path):
    """Decoding cannot begin there, so it begins at the first picture: what stands in is the one before."""
    path = make_film(tmp_path / "film.mov", codec="prores_ks", pixel_format="yuv422p10le")
    damage(path, 10, keep=0)
    source = FilmSource(path)
    whole = list(source)
    for frame in source.frames(10, 14):
        assert frame.pts == whole[frame.index].pts
        assert same_planes(frame, whole[frame.index])


def test_damaged_sound_does_not_matter_to_pictures(tmp_path):
    path = make_film(tmp_path / "film.mp4", audio=1)
    damage(path, 5, "audio", keep=0)
    source = FilmSource(path)
    assert len(list(source)) == 24
    assert source.num_damaged == 0


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_stream_without_a_header_that_tells_its_length_ends_where_it_ends(tmp_path, share):
    path = make_film(tmp_path / "film.ts", 48)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    frames = list(FilmSource(path))
    assert 5 < len(frames) < 48
    assert [frame.index for frame in frames] == list(range(len(frames)))
