"""Every picture once, at its exact time, from any index; what is broken survives or is refused with its place."""

import threading
from pathlib import Path

import av
import numpy as np
import pytest
from film_clips import HDR10, LOSSLESS, decoded_pts, draw_planes, film_pts, make_film

from impasto.errors import UnreadableMediaError, UsageError
from impasto.media import film_decode, film_read
from impasto.media.film_index import load_index, read_index
from impasto.media.film_read import FilmSource, read_frame
from impasto.media.pixel_layout import borrow_planes, fill_planes, plane_view, take_planes

B_FRAMES = {"preset": "fast", "x264-params": "bframes=3:scenecut=0"}
OPEN_GROUPS = {"x265-params": "log-level=error:open-gop=1:bframes=3:keyint=8:min-keyint=8:pools=1:frame-threads=1"}
FILMS = {
    "h264": ("film.mp4", {}),
    "h264-b-frames": ("film.mp4", {"options": B_FRAMES}),
    "h264-vfr": ("film.mp4", {"vfr": True, "options": B_FRAMES}),
    "h264-later": ("film.mov", {"start": 5, "options": B_FRAMES}),
    "h264-mkv": ("film.mkv", {"options": B_FRAMES}),
    "h264-ts": ("film.ts", {"options": B_FRAMES}),
    "h264-422-10": ("film.mov", {"pixel_format": "yuv422p10le"}),
    "h264-odd": ("film.mp4", {"pixel_format": "yuv444p", "size": (85, 47)}),
    "hevc-hdr-vfr": ("film.mp4", {"codec": "libx265", "pixel_format": "yuv420p10le", "tags": HDR10, "vfr": True}),
    "hevc-open-groups": ("film.mp4", {"codec": "libx265", "options": OPEN_GROUPS}),
    "hevc-12": ("film.mkv", {"codec": "libx265", "pixel_format": "yuv422p12le"}),
    "av1": ("film.mp4", {"codec": "libsvtav1"}),
    "vp9": ("film.webm", {"codec": "libvpx-vp9"}),
    "prores": ("film.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le"}),
    "prores-alpha": ("film.mov", {"codec": "prores_ks", "pixel_format": "yuva444p10le"}),
    "dnxhr": (
        "film.mov",
        {"codec": "dnxhd", "pixel_format": "yuv422p", "size": (256, 120), "options": {"profile": "dnxhr_sq"}},
    ),
    "mpeg4": ("film.mp4", {"codec": "mpeg4"}),
    "mpeg4-avi": ("film.avi", {"codec": "mpeg4"}),
    "mjpeg-avi": ("film.avi", {"codec": "mjpeg", "pixel_format": "yuvj420p"}),
    "ffv1-16": ("film.mkv", {"codec": "ffv1", "pixel_format": "yuv444p16le"}),
    "ffv1-grey": ("film.mkv", {"codec": "ffv1", "pixel_format": "gray"}),
    "ffv1-rgb": ("film.mkv", {"codec": "ffv1", "pixel_format": "gbrp10le"}),
    "png": ("film.mov", {"codec": "png", "pixel_format": "rgb24"}),
    "qtrle-alpha": ("film.mov", {"codec": "qtrle", "pixel_format": "argb"}),
}
COUNTLESS = {"mpeg4-avi", "mjpeg-avi"}


@pytest.fixture(scope="module", params=FILMS)
def film(request, tmp_path_factory):
    name, stated = FILMS[request.param]
    path = make_film(tmp_path_factory.mktemp(request.param) / name, gop=8, **stated)
    return request.param, path, stated


def same_planes(one, other):
    return all((a == b).all() for a, b in zip(one.planes, other.planes, strict=True))


def test_every_picture_comes_once_in_order_at_its_time(film):
    _name, path, stated = film
    frames = list(FilmSource(path))
    assert [frame.index for frame in frames] == list(range(24))
    assert [frame.pts for frame in frames] == decoded_pts(path)
    if path.suffix in {".mp4", ".mov"}:
        assert [frame.pts for frame in frames] == film_pts(24, 24, stated.get("vfr", False), stated.get("start", 0))


def test_any_range_holds_the_pictures_of_the_whole(film):
    """Compared pixel by pixel: a picture decoded from a key further on is the same picture."""
    _name, path, _ = film
    source = FilmSource(path)
    whole = list(source)
    for start, stop in [(0, 3), (1, 2), (7, 9), (8, 8), (8, 20), (15, None), (23, 24), (20, 99), (24, 30)]:
        part = list(source.frames(start, stop))
        assert [frame.index for frame in part] == list(range(24))[start:stop]
        for frame in part:
            assert frame.pts == whole[frame.index].pts
            assert same_planes(frame, whole[frame.index])


def test_the_index_lists_what_is_decoded(film):
    name, path, _ = film
    source = FilmSource(path)
    index = source.index
    if name in COUNTLESS:
        assert index is None
        return
    assert [index.pts(n) for n in range(len(index))] == [frame.pts for frame in source]
    assert index.key_before(0) == 0
    assert index.key_before(23) > 0
    assert source.num_damaged == 0


def test_pictures_are_what_their_film_says(film):
    name, path, stated = film
    info = FilmSource(path).info
    frame = read_frame(path, 5)
    assert (frame.width, frame.height) == stated.get("size", (160, 90)) == (info.width, info.height)
    assert (frame.bit_depth, frame.subsampling, frame.color) == (info.bit_depth, info.subsampling, info.color)
    assert (frame.alpha is not None) == info.has_alpha == ("alpha" in name)
    for plane in frame.planes:
        assert plane.dtype == (np.uint8 if frame.bit_depth == 8 else np.uint16)
        assert plane.max() < 2**frame.bit_depth
        assert plane.flags.c_contiguous
    rgb = frame.to_rgb()
    assert rgb.pixels.shape == (info.height, info.width, 3)


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [
        ("ffv1", "yuv420p"),
        ("ffv1", "yuv422p12le"),
        ("ffv1", "yuv444p16le"),
        ("ffv1", "gbrp10le"),
        ("libx264", "yuv422p10le"),
        ("libx264", "yuv444p"),
        ("libx265", "yuv420p12le"),
    ],
)
def test_planes_are_the_code_values_that_were_coded(tmp_path, codec, pixel_format):
    size = (53, 27) if codec == "ffv1" else (64, 48)
    path = make_film(tmp_path / "film.mkv", 4, size, codec=codec, pixel_format=pixel_format, options=LOSSLESS[codec])
    for frame in FilmSource(path):
        for plane, drawn in zip(frame.planes, draw_planes(frame.index, size, pixel_format), strict=True):
            assert (plane == drawn).all()


def test_packed_rgb_is_taken_apart_without_loss(tmp_path):
    path = make_film(tmp_path / "film.mov", 2, codec="png", pixel_format="rgb24")
    with av.open(str(path)) as container:
        stored = [frame.to_ndarray() for frame in container.decode(video=0)]
    for frame, pixels in zip(FilmSource(path), stored, strict=True):
        assert frame.color.matrix == "identity"
        assert (frame.to_rgb().pixels == pixels).all()


def test_deep_packed_rgb_is_taken_apart_without_loss(tmp_path):
    path = tmp_path / "film.mov"
    pixels = np.random.default_rng(1).integers(0, 65536, (32, 40, 3), np.uint16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=24)
        stream.width, stream.height, stream.pix_fmt = 40, 32, "rgb48be"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb48le").reformat(format="rgb48be")))
        container.mux(stream.encode())
    frame = read_frame(path)
    assert frame.bit_depth == 16
    assert (frame.to_rgb().pixels == pixels).all()


def test_grey_films_have_neutral_colours(tmp_path):
    frame = read_frame(make_film(tmp_path / "film.mkv", 2, codec="ffv1", pixel_format="gray10le", tags={}))
    assert frame.color.full_range
    rgb = frame.to_rgb().pixels.astype(int)
    assert np.abs(rgb - rgb[..., :1]).max() <= 1


def test_alpha_is_read(tmp_path):
    frame = read_frame(make_film(tmp_path / "film.mov", 1, codec="prores_ks", pixel_format="yuva444p10le"))
    assert frame.bit_depth == 12  # as FFmpeg decodes ProRes 4444
    assert frame.alpha[0, 0] > 4000
    assert frame.alpha[0, -1] < 100


def test_a_film_may_be_iterated_twice_and_by_two_threads_at_once(tmp_path):
    source = FilmSource(make_film(tmp_path / "film.mp4"))
    found = {}

    def count(name):
        found[name] = [frame.pts for frame in source]

    threads = [threading.Thread(target=count, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1] == [frame.pts for frame in source] == film_pts(24)


def test_the_number_of_threads_changes_nothing(tmp_path):
    path = make_film(tmp_path / "film.mp4", options=B_FRAMES)
    plain = FilmSource(path, num_threads=1)
    for others in (FilmSource(path, num_threads=3), plain.frames(num_threads=3)):
        for one, other in zip(plain, others, strict=True):
            assert one.pts == other.pts
            assert same_planes(one, other)
    for one, other in zip(plain.frames(9, 15), plain.frames(9, 15, num_threads=2), strict=True):
        assert one.index == other.index
        assert same_planes(one, other)


@pytest.mark.parametrize(("name", "codec", "taken"), [("film.mp4", "libx264", 3), ("film.avi", "mpeg4", 1)])
def test_more_threads_are_taken_only_where_packets_tell_pictures(tmp_path, monkeypatch, name, codec, taken):
    source = FilmSource(make_film(tmp_path / name, 4, codec=codec))
    asked = []

    def decode(*arguments):
        asked.append(arguments[-1])
        return film_decode.decode_film(*arguments)

    monkeypatch.setattr(film_read, "decode_film", decode)
    assert len(list(source.frames(num_threads=3))) == len(list(source)) == 4
    assert asked == [taken, 1]


def test_planes_are_borrowed_where_lines_have_no_padding():
    frame = av.VideoFrame(256, 32, "yuv420p")
    fill_planes(frame, [np.full((32, 256), 7, np.uint8), *np.full((2, 16, 128), 8, np.uint8)])
    borrowed, taken = borrow_planes(frame), take_planes(frame)
    frame_luma = plane_view(frame, 0, np.uint8)
    assert np.shares_memory(borrowed[0], frame_luma)
    assert not np.shares_memory(taken[0], frame_luma)
    for one, other in zip(borrowed, taken, strict=True):
        np.testing.assert_array_equal(one, other)
    del frame, frame_luma
    assert (borrowed[0] == 7).all()
    padded = av.VideoFrame(90, 32, "yuv420p10le")
    assert [plane.shape for plane in borrow_planes(padded)] == [(32, 90), (16, 45), (16, 45)]
    assert all(plane.flags.c_contiguous and plane.dtype == np.uint16 for plane in borrow_planes(padded))


def test_the_film_of_a_single_picture(tmp_path):
    frames = list(FilmSource(make_film(tmp_path / "film.mp4", 1)))
    assert [(frame.index, frame.pts) for frame in frames] == [(0, 0)]


def test_a_cover_picture_is_not_the_film(tmp_path):
    """Streams of pictures that only illustrate are passed over."""
    path = tmp_path / "film.mkv"
    plain = make_film(tmp_path / "plain.mkv", 3)
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        target.add_attachment("cover.jpg", "image/jpeg", Path(plain).read_bytes())
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    assert len(list(FilmSource(path))) == 3


# Index


def test_an_index_can_be_saved_and_given(tmp_path):
    path = make_film(tmp_path / "film.mp4", vfr=True, gop=8, options=B_FRAMES)
    first = FilmSource(path).index
    first.save(tmp_path / "film.index")
    again = load_index(tmp_path / "film.index")
    assert again.time_base == first.time_base
    assert (again.ticks == first.ticks).all()
    assert (again.keys == first.keys).all()
    path_again = FilmSource(path, index=again)
    assert [f.pts for f in path_again.frames(9, 12)] == film_pts(24, vfr=True)[9:12]


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04rubbish"])
def test_a_damaged_index_is_refused(tmp_path, content):
    (tmp_path / "film.index").write_bytes(content)
    with pytest.raises(UnreadableMediaError, match=r"film\.index is no index"):
        load_index(tmp_path / "film.index")


def test_a_film_that_begins_amid_a_group_is_counted_by_decoding(tmp_path):
    """A stream cut anywhere: pictures before the first key cannot be shown, and indices begin after them."""
    path = make_film(tmp_path / "film.ts", 30, gop=10)
    packets = path.read_bytes()
    with av.open(str(path)) as container:
        places = [p.pos for p in container.demux(video=0) if p.size]
    cut = tmp_path / "cut.ts"
    cut.write_bytes(packets[:564] + packets[places[4] :])  # the tables of the stream, then the fifth picture
    source = FilmSource(cut)
    assert read_index(source.info) is None
    frames = list(source)
    assert [frame.pts for frame in source.frames(3, 6)] == [frame.pts for frame in frames[3:6]]
    assert [frame.index for frame in frames] == list(range(len(frames)))


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (5, 4)])
def test_ranges_that_are_none_are_refused(tmp_path, start, stop):
    source = FilmSource(make_film(tmp_path / "film.mp4", 2))
    with pytest.raises(UsageError, match="no range"):
        list(source.frames(start, stop))


def test_a_picture_beyond_the_end_is_refused(tmp_path):
    path = make_film(tmp_path / "film.mp4", 2)
    with pytest.raises(UnreadableMediaError, match="no picture 7"):
        read_frame(path, 7)


# Fields


def test_interlaced_films_are_refused_with_advice(tmp_path):
    path = make_film(tmp_path / "film.mp4", 6, size=(160, 96), interlaced=True)
    with pytest.raises(UnreadableMediaError, match=r"film\.mp4 is interlaced\. Add --deinterlace"):
        FilmSource(path)


@pytest.mark.parametrize("name", ["bwdif", "yadif"])
def test_fields_become_whole_pictures_one_for_one(tmp_path, name):
    path = make_film(tmp_path / "film.mp4", size=(160, 96), interlaced=True, gop=8, vfr=True)
    source = FilmSource(path, deinterlace=name)
    whole, woven = list(source), list(FilmSource(path, deinterlace="ignore"))
    assert [frame.pts for frame in whole] == film_pts(24, vfr=True)
    assert [frame.pts for frame in woven] == film_pts(24, vfr=True)

    def comb(frame):
        rows = frame.planes[0].astype(int)
        return np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean()

    assert comb(whole[5]) < comb(woven[5]) / 2
    for start in (1, 8, 9, 17):
        for frame in source.frames(start, start + 3):
            assert frame.pts == whole[frame.index].pts
            assert same_planes(frame, whole[frame.index])


def test_a_film_that_is_not_interlaced_is_not_touched_by_deinterlacing(tmp_path):
    path = make_film(tmp_path / "film.mp4", 5)
    for one, other in zip(FilmSource(path, deinterlace="bwdif"), FilmSource(path), strict=True):
        assert same_planes(one, other)


def test_an_unknown_deinterlacer_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no deinterlacer 'weave'"):
        FilmSource(make_film(tmp_path / "film.mp4", 2), deinterlace="weave")


def test_nothing_of_the_film_is_changed_by_reading(tmp_path):
    path = make_film(tmp_path / "film.mp4", 5, audio=1)
    before = path.read_bytes()
    frames = list(FilmSource(path))
    frames[0].planes[0][:] = 0
    assert path.read_bytes() == before
    assert (next(iter(FilmSource(path))).planes[0] > 0).any()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_transport_stream_of_few_packets_is_read(tmp_path, frames):
    path = make_film(tmp_path / "film.ts", frames, size=(32, 16), codec="mpeg2video", rate=25)
    assert path.stat().st_size < 10 * 188
    assert len(list(FilmSource(path))) == frames


def test_what_is_no_transport_stream_is_refused(tmp_path):
    path = tmp_path / "film.ts"
    path.write_text("no film, but a few words " * 40)
    with pytest.raises(UnreadableMediaError, match=r"film\.ts"):
        FilmSource(path)
