"""What a film says of itself."""

import struct
from fractions import Fraction

import pytest
from film_clips import HDR10, make_film

from impasto.errors import UnreadableMediaError
from impasto.media.color_tags import ColorTags, read_color
from impasto.media.film_info import FilmInfo, HdrLight, OtherStream, _light, read_info
from impasto.media.pixel_layout import read_layout, yuv_name


def test_a_plain_film(tmp_path):
    info = read_info(make_film(tmp_path / "film.mp4", audio=2, subtitles=1, sample_aspect=Fraction(4, 3)))
    assert (info.width, info.height, info.pixel_format) == (160, 90, "yuv420p")
    assert (info.bit_depth, info.subsampling, info.has_alpha) == (8, (2, 2), False)
    assert (info.num_frames, info.duration, info.rate) == (24, 1, 24)
    assert (info.codec, info.codec_tag, info.sample_aspect) == ("h264", "avc1", Fraction(4, 3))
    assert info.tags == ColorTags(1, 1, 1, 1)
    assert (info.color.matrix, info.color.full_range) == ("bt709", False)
    assert info.crf == 23  # as x264 itself says
    assert [other.kind for other in info.others] == ["audio", "audio", "subtitle"]
    assert info.others[0] == OtherStream(1, "audio", "aac", "eng")
    assert not info.interlaced
    assert info.orientation.is_upright


def test_a_deep_film_of_high_dynamic_range(tmp_path):
    light = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    params = f"log-level=error:hdr10=1:master-display={light}:max-cll=1000,400"
    path = make_film(
        tmp_path / "hdr.mp4",
        codec="libx265",
        pixel_format="yuv420p10le",
        tags=HDR10,
        frames=3,
        options={"x265-params": params},
    )
    info = read_info(path)
    assert (info.color.primaries, info.color.transfer, info.color.matrix) == ("bt2020", "smpte2084", "bt2020")
    assert info.tags.is_hdr
    assert info.bit_depth == 10
    assert info.light == HdrLight(light, "1000,400")


def test_light_is_read_from_what_ffmpeg_stores():
    ratios = [34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450]
    data = b"".join(struct.pack("ii", n, 50000) for n in ratios) + struct.pack("iiii", 5, 1000, 4000, 1)
    data += struct.pack("ii", 1, 1)
    assert _light({"MASTERING_DISPLAY_METADATA": data}).mastering.endswith("L(40000000,50)")
    assert _light({}) == HdrLight()


@pytest.mark.parametrize(
    ("size", "matrix"), [((720, 576), "bt601"), ((1280, 720), "bt709"), ((640, 360), "bt601"), ((720, 1280), "bt709")]
)
def test_films_that_say_nothing_are_read_as_players_read_them(size, matrix):
    assert read_color(ColorTags(), "yuv420p", size, False, 8).matrix == matrix


@pytest.mark.parametrize(
    ("tags", "pixel_format", "is_full"),
    [
        (ColorTags(), "yuv420p", False),
        (ColorTags(range=2), "yuv420p", True),
        (ColorTags(), "yuvj420p", True),
        (ColorTags(), "gray", True),
        (ColorTags(range=1), "gray", False),
    ],
)
def test_range(tags, pixel_format, is_full):
    assert read_color(tags, pixel_format, (64, 64), False, 8).full_range == is_full


def test_a_matrix_that_is_not_known_keeps_its_name():
    assert read_color(ColorTags(matrix=14), "yuv420p10le", (64, 64), False, 10).matrix == "ictcp"
    assert read_color(ColorTags(matrix=0), "yuv420p", (64, 64), False, 8).matrix == "bt601"
    assert read_color(ColorTags(matrix=0), "gbrp", (64, 64), True, 8).matrix == "identity"


@pytest.mark.parametrize(
    ("name", "planar", "kind", "depth", "subsampling", "has_alpha"),
    [
        ("yuv420p", "yuv420p", "yuv", 8, (2, 2), False),
        ("yuvj422p", "yuv422p", "yuv", 8, (2, 1), False),
        ("nv12", "yuv420p", "yuv", 8, (2, 2), False),
        ("p010le", "yuv420p10le", "yuv", 10, (2, 2), False),
        ("yuv444p12le", "yuv444p12le", "yuv", 12, (1, 1), False),
        ("yuva444p10le", "yuva444p10le", "yuv", 10, (1, 1), True),
        ("yuv411p", "yuv411p", "yuv", 8, (4, 1), False),
        ("yuyv422", "yuv422p", "yuv", 8, (2, 1), False),
        ("rgb24", "gbrp", "rgb", 8, (1, 1), False),
        ("rgb48be", "gbrp16le", "rgb", 16, (1, 1), False),
        ("argb", "gbrap", "rgb", 8, (1, 1), True),
        ("bgr0", "gbrp", "rgb", 8, (1, 1), False),
        ("pal8", "gbrap", "rgb", 8, (1, 1), True),
        ("gbrp10le", "gbrp10le", "rgb", 10, (1, 1), False),
        ("gray", "gray", "grey", 8, (2, 2), False),
        ("gray10le", "gray10le", "grey", 10, (2, 2), False),
    ],
)
def test_layouts(name, planar, kind, depth, subsampling, has_alpha):
    layout = read_layout(name)
    assert (layout.planar, layout.kind, layout.bit_depth) == (planar, kind, depth)
    assert (layout.subsampling, layout.has_alpha) == (subsampling, has_alpha)


def test_pixels_that_are_no_integers_are_refused():
    with pytest.raises(UnreadableMediaError, match="gbrpf32le"):
        read_layout("gbrpf32le")


def test_names_of_planar_formats():
    assert yuv_name((2, 1), 10) == "yuv422p10le"
    assert yuv_name((1, 1), 8, has_alpha=True) == "yuva444p"


def test_a_film_can_be_sent_to_another_process(tmp_path):
    import pickle

    info = read_info(make_film(tmp_path / "film.mp4", frames=2))
    again = pickle.loads(pickle.dumps(info))
    assert isinstance(again, FilmInfo)
    assert again == info


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "is empty"), (b"no film at all" * 50, "cannot be read as a film"), (None, "exist")]
)
def test_what_is_no_film_is_refused_with_its_name(tmp_path, content, says):
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableMediaError, match=f"film.mp4 .*{says}"):
        read_info(path)


def test_folders_and_films_without_pictures_are_refused(tmp_path):
    import av
    import numpy as np

    with pytest.raises(UnreadableMediaError, match="is a folder"):
        read_info(tmp_path)
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(UnreadableMediaError, match="has no pictures, only audio"):
        read_info(path)
