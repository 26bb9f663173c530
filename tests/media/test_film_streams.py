"""How streams are described in another container, and which it can hold."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from film_clips import HDR10, decoded_pts, make_film, packet_bytes
from film_segments import make_segments

from impasto.errors import OutputError
from impasto.media.film_mux import assemble
from impasto.media.film_streams import describe, format_of, muxer_options, side_data_of

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hev1")
_MASTERING = struct.pack(">8H2I", 13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450, 10_000_000, 50)
_LIGHT = struct.pack(">2H", 1000, 400)


def with_boxes(path: Path, *boxes: tuple[bytes, bytes]) -> None:
    """Put boxes into the description of the pictures of an MP4, as cameras do and PyAV cannot."""
    content = bytearray(path.read_bytes())
    added = b"".join(struct.pack(">I", 8 + len(data)) + name + data for name, data in boxes)
    place = 0
    for parent in _PARENTS:
        place = content.index(parent, place)
        (size,) = struct.unpack_from(">I", content, place - 4)
        struct.pack_into(">I", content, place - 4, size + len(added))
    content[place - 4 + size : place - 4 + size] = added
    path.write_bytes(bytes(content))


@pytest.fixture
def hdr_film(tmp_path: Path) -> Path:
    """HEVC with the display that it was mastered on written in the container only."""
    path = make_film(
        *(tmp_path / "film.mp4", 6),
        **{"codec": "libx265", "pixel_format": "yuv420p10le", "tags": HDR10, "rotation": 180, "audio": 1},
    )
    with_boxes(path, (b"mdcv", _MASTERING), (b"clli", _LIGHT))
    return path


def side_data(path: Path) -> str:
    with av.open(str(path)) as container:
        return side_data_of(container, 0)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_light_levels_are_kept_and_rotation_is_not(suffix: str, hdr_film: Path, tmp_path: Path) -> None:
    assert all(name in side_data(hdr_film) for name in ("mastering display", "content light", "display matrix"))
    output = tmp_path / f"out{suffix}"
    assemble(output, hdr_film, make_segments(hdr_film, tmp_path / "s", (2, 4)), decode_all=True)
    after = side_data(output)
    assert "mastering display" in after
    assert "content light" in after
    assert "rotation of 180" not in after
    with av.open(str(output)) as container:
        assert next(container.decode(video=0)).rotation == 0
        coded = container.streams.video[0].codec_context
        assert (coded.color_primaries, coded.color_trc, coded.colorspace) == (9, 16, 9)


def test_dolby_vision_is_not_announced_for_pictures_without_it(hdr_film: Path, tmp_path: Path) -> None:
    with_boxes(hdr_film, (b"dvvC", bytes([1, 0, 16, 45, 16]) + bytes(19)))
    assert "dovi" in side_data(hdr_film)
    output = tmp_path / "out.mp4"
    assemble(output, hdr_film, make_segments(hdr_film, tmp_path / "s", (6,)))
    assert "dovi" not in side_data(output)
    assert packet_bytes(output) == packet_bytes(hdr_film)


def test_side_data_is_that_of_the_stream(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", 3, rotation=90, audio=1)
    with av.open(str(path)) as container:
        assert "rotation of 90" in side_data_of(container, 0)
        assert side_data_of(container, 1) == ""
        assert av.logging.get_level() is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.mp4", "mp4"), ("A.MOV", "mov"), ("a.mkv", "matroska"), ("a.webm", "webm"), ("a.m2ts", "mpegts")],
)
def test_suffixes_name_containers(name: str, expected: str) -> None:
    assert format_of(Path(name)) == expected


@pytest.mark.parametrize("name", ["a.gif", "a", "a.mp3"])
def test_a_suffix_that_names_no_container_is_refused(name: str) -> None:
    with pytest.raises(OutputError, match=f"{name} cannot be written: its name must end in one of"):
        format_of(Path(name))


def test_a_movie_counts_in_its_own_ticks_only_where_it_must(tmp_path: Path) -> None:
    with av.open(str(make_film(tmp_path / "film.mp4", 3, audio=1))) as container:
        plain = muxer_options(Path("a.mp4"), container, [Fraction(1, 2)], Fraction(1, 12288))
        odd = muxer_options(Path("a.mp4"), container, [Fraction(1, 24)], Fraction(1, 12288))
        other = muxer_options(Path("a.mkv"), container, [Fraction(1, 24)], Fraction(1, 12288))
    assert plain == {"movflags": "+faststart"}
    assert int(odd["movie_timescale"]) % 12288 == int(odd["movie_timescale"]) % 48000 == 0
    assert other == {}


def test_streams_are_named_as_users_would(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", 3, audio=1, subtitles=1, attachment=b"x")
    with av.open(str(path)) as container:
        assert [describe(stream) for stream in container.streams] == [
            "Stream 0 (video, h264)",
            "Stream 1 (audio, flac, eng)",
            "Stream 2 (subtitle, srt, eng)",
            "Stream 3 (attachment, notes.txt)",
        ]


@pytest.mark.parametrize(
    ("suffix", "codec", "sound"),
    [(".flv", "libx264", "aac"), (".mxf", "mpeg2video", "pcm_s16le"), (".nut", "libx264", "aac")],
)
def test_containers_beyond_the_usual(suffix: str, codec: str, sound: str, tmp_path: Path) -> None:
    source = make_film(tmp_path / f"film{suffix}", 6, codec=codec, audio=1, audio_codec=sound, rate=25)
    output = tmp_path / f"out{suffix}"
    segments = make_segments(source, tmp_path / "s", (2, 4), codec=codec, suffix=".nut", options={"bf": "0"})
    assert assemble(output, source, segments, decoded_pts(source)) == []
    assert decoded_pts(output) == decoded_pts(source)
    assert packet_bytes(output) == packet_bytes(source)


def test_programs_of_a_transport_stream_keep_their_numbers(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.ts", 6, audio=1, audio_codec="aac")
    moved = tmp_path / "moved.ts"
    with av.open(str(source)) as before, av.open(str(moved), "w") as after:
        copies = {stream.index: after.add_stream_from_template(stream, opaque=True) for stream in before.streams}
        for index, copy in copies.items():
            copy.id = 0x1011 + 16 * index
        for packet in before.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                after.mux(packet)
    output = tmp_path / "out.ts"
    assemble(output, moved, make_segments(moved, tmp_path / "s", (6,)))
    with av.open(str(output)) as container:
        assert [stream.id for stream in container.streams] == [0x1011, 0x1021]
