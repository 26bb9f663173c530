"""A whole film out: new pictures, and everything else as it was."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from film_clips import HDR10, decoded_pts, film_pts, make_film, packet_bytes
from film_segments import make_segments
from film_sound import heard, make_offset_film

from impasto.errors import OutputError, UnreadableMediaError
from impasto.media import film_mux, film_segments
from impasto.media.film_mux import assemble
from impasto.media.film_packets import read_packets
from impasto.media.film_read import FilmSource
from impasto.media.film_write import FilmSink

KINDS = ("audio", "subtitle", "data")
NUM_FRAMES = 14
SIZES = (5, 1, 8)
MAKERS: dict[str, Callable[[Path], Path]] = {
    "mp4-h264-aac": lambda folder: make_film(folder / "film.mp4", NUM_FRAMES, audio=1, options={"bf": "2"}),
    "mov-prores-pcm": lambda folder: make_film(
        folder / "film.mov", NUM_FRAMES, codec="prores_ks", pixel_format="yuv422p10le", audio=1
    ),
    "mkv-hevc-hdr": lambda folder: make_film(
        *(folder / "film.mkv", NUM_FRAMES),
        **{"codec": "libx265", "pixel_format": "yuv420p10le", "tags": HDR10, "audio": 2, "subtitles": 1},
    ),
    "webm-vp9-opus": lambda folder: make_film(folder / "film.webm", NUM_FRAMES, codec="libvpx-vp9", audio=1),
    "webm-av1-opus": lambda folder: make_film(folder / "film.webm", NUM_FRAMES, codec="libsvtav1", audio=1),
    "mp4-vfr": lambda folder: make_film(folder / "film.mp4", NUM_FRAMES, audio=1, vfr=True, options={"bf": "3"}),
    "ts-h264-aac": lambda folder: make_film(
        folder / "film.ts", NUM_FRAMES, audio=1, audio_codec="aac", options={"bf": "2"}
    ),
    "avi-mpeg4-pcm": lambda folder: make_film(folder / "film.avi", NUM_FRAMES, codec="mpeg4", audio=1),
}


def streams(path: Path) -> list[tuple[Any, ...]]:
    """What each stream is said to be."""
    with av.open(str(path)) as container:
        return [
            (stream.type, getattr(stream, "name", None), stream.language, stream.disposition)
            for stream in container.streams
        ]


def picture(path: Path) -> Any:
    """The coding of a film's pictures, as far as a container says it."""
    with av.open(str(path)) as container:
        coded = container.streams.video[0].codec_context
        names = ("name", "width", "height", "pix_fmt", "color_range", "color_primaries", "color_trc", "colorspace")
        return {name: getattr(coded, name) for name in names}


def assembled(source: Path, sizes: tuple[int, ...] = SIZES, **options: Any) -> Path:
    """Encode a film anew in pieces and put it together."""
    output = source.with_name("out" + source.suffix)
    segments = make_segments(source, source.parent / "segments", sizes, **options)
    assert assemble(output, source, segments, decoded_pts(source)) == []
    return output


@pytest.mark.parametrize("name", MAKERS)
def test_everything_but_the_pictures_is_kept(name: str, tmp_path: Path) -> None:
    source = MAKERS[name](tmp_path)
    options = {"bf": "2"} if "h264" in name or "vfr" in name else {}
    output = assembled(source, options=options)
    assert decoded_pts(output) == decoded_pts(source)
    for kind in KINDS:
        assert packet_bytes(output, kind) == packet_bytes(source, kind)
    assert streams(output) == streams(source)
    assert picture(output) == picture(source)
    assert heard(output) == heard(source)


@pytest.mark.parametrize("name", ["mp4-h264-aac", "mkv-hevc-hdr", "mp4-vfr"])
def test_the_pictures_are_those_of_the_segments(name: str, tmp_path: Path) -> None:
    source = MAKERS[name](tmp_path)
    output = assembled(source)
    segments = sorted((tmp_path / "segments").iterdir())
    written = [plane for path in segments for plane in luma(path)]
    assert len(written) == NUM_FRAMES
    for before, after in zip(written, luma(output), strict=True):
        np.testing.assert_array_equal(before, after)


def luma(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [np.array(frame.planes[0]) for frame in container.decode(video=0)]


def test_segments_of_the_sink_go_together(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mp4", 9, audio=1, vfr=True, metadata={"title": "Nine"})
    film = FilmSource(source)
    segments = []
    for start, stop in [(0, 4), (4, 9)]:
        segments.append(tmp_path / f"{start}.mp4")
        with FilmSink(segments[-1], film.info) as sink:
            for frame in film.frames(start, stop):
                sink.write(frame)
    assert assemble(tmp_path / "out.mp4", source, segments) == []
    assert decoded_pts(tmp_path / "out.mp4") == film_pts(9, vfr=True)


def test_the_same_film_is_the_same_bytes(tmp_path: Path) -> None:
    for suffix in (".mp4", ".mkv"):
        source = make_film(tmp_path / f"film{suffix}", 6, audio=1)
        first = assembled(source, (2, 4)).read_bytes()
        assert assembled(source, (2, 4)).read_bytes() == first


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_chapters_title_and_timecode_are_kept(suffix: str, tmp_path: Path) -> None:
    source = make_film(
        *(tmp_path / f"film{suffix}", 12),
        **{"audio": 1, "chapters": 3, "metadata": {"title": "Ghosts", "timecode": "01:00:00:00"}, "subtitles": 1},
    )
    output = assembled(source, (12,))
    with av.open(str(output)) as after, av.open(str(source)) as before:
        assert after.chapters() == before.chapters()
        assert len(after.chapters()) == 3
        assert after.metadata["title"] == "Ghosts"
        timecodes = [
            [{key.lower(): value for key, value in each.items()}.get("timecode") for each in (c.metadata, *tags)]
            for c, tags in ((c, [s.metadata for s in c.streams]) for c in (before, after))
        ]
        assert timecodes[0] == timecodes[1]
        assert "01:00:00:00" in timecodes[0]
    assert packet_bytes(output, "data") == packet_bytes(source, "data")
    assert streams(output) == streams(source)


def test_tags_that_only_quicktime_has_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "film.mov"
    make_film(source, 4)
    tagged = tmp_path / "tagged.mov"
    with (
        av.open(str(source)) as before,
        av.open(str(tagged), "w", container_options={"movflags": "use_metadata_tags"}) as after,
    ):
        after.metadata["com.apple.quicktime.make"] = "Pinhole"
        stream = after.add_stream_from_template(before.streams.video[0], opaque=True)
        for packet in before.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)
    output = assembled(tagged, (4,))
    with av.open(str(output)) as container:
        assert container.metadata["com.apple.quicktime.make"] == "Pinhole"


def test_attachments_and_marks_are_kept(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mkv", 4, audio=2, attachment=b"a font, say")
    output = assembled(source, (4,))
    with av.open(str(output)) as container:
        (attachment,) = container.streams.attachments
        assert (attachment.data, attachment.name, attachment.mimetype) == (b"a font, say", "notes.txt", "text/plain")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_cover_is_kept(suffix: str, tmp_path: Path) -> None:
    source = make_offset_film(tmp_path / "film.mp4", cover=True)
    output = tmp_path / f"out{suffix}"
    warnings = assemble(output, source, make_segments(source, tmp_path / "s", (10,)))
    assert all("later" in warning for warning in warnings)
    again = tmp_path / f"again{suffix}"
    assert assemble(again, output, make_segments(output, tmp_path / "s", (10,))) == []
    for path in (output, again):
        with av.open(str(path)) as container, av.open(str(source)) as original:
            covers = [c.streams.video[1] for c in (container, original)]
            assert covers[0].disposition == av.stream.Disposition.attached_pic
            assert bytes(next(container.demux(covers[0]))) == bytes(next(original.demux(covers[1])))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("pictures", "sound"), [(Fraction(1, 2), Fraction(0)), (Fraction(0), Fraction(12345, 48000)), (Fraction(1),) * 2]
)
def test_sound_that_begins_earlier_or_later_stays_in_time(
    suffix: str, pictures: Fraction, sound: Fraction, tmp_path: Path
) -> None:
    source = make_offset_film(tmp_path / f"film{suffix}", pictures, sound)
    output = assembled(source, (3, 7), options={"bf": "2"})
    assert decoded_pts(output) == decoded_pts(source)
    assert heard(output) == heard(source)


def test_offsets_are_kept_to_the_sample(tmp_path: Path) -> None:
    """MP4 counts them in thousandths of a second unless it is told otherwise."""
    source = make_offset_film(tmp_path / "film.mp4", 0, Fraction(12345, 48000), exact=True)
    begins = heard(source)[0][0]
    assert (begins * 1000).denominator > 1
    assert heard(assembled(source, (10,))) == heard(source)


def test_a_transport_stream_that_begins_at_zero_begins_later_as_a_whole(tmp_path: Path) -> None:
    """The new frames are decoded earlier than they are shown, and there is nothing before zero."""
    source = make_film(tmp_path / "film.ts", 9, options={"bf": "0"})
    segments = make_segments(source, tmp_path / "s", (9,), options={"bf": "2"})
    (warning,) = assemble(tmp_path / "out.ts", source, segments)
    before, after = decoded_pts(source), decoded_pts(tmp_path / "out.ts")
    (shift,) = {late - time for late, time in zip(after, before, strict=True)}
    assert shift > 0
    assert f"begin {float(shift):.3f} s later" in warning


def test_what_is_left_out_of_another_container_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = make_film(tmp_path / "film.mkv", 6, audio=1, subtitles=1, attachment=b"x")
    output = tmp_path / "out.mp4"
    warnings = assemble(output, source, make_segments(source, tmp_path / "s", (6,)))
    assert [warning.split(" is ")[0] for warning in warnings] == [
        "Stream 2 (subtitle, srt, eng)",
        "Stream 3 (attachment, notes.txt)",
    ]
    assert all("mp4" in warning for warning in warnings)
    assert all(warning in caplog.text for warning in warnings)
    assert packet_bytes(output) == packet_bytes(source)


def test_rounded_times_and_a_later_start_are_told(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mp4", 6, audio=1)
    warnings = assemble(tmp_path / "out.mkv", source, make_segments(source, tmp_path / "s", (6,)))
    assert any("rounded" in warning and "1/1000" in warning for warning in warnings)
    found = decoded_pts(tmp_path / "out.mkv")
    begins = found[0]
    assert all(abs(a - begins - b) <= Fraction(1, 1000) for a, b in zip(found, film_pts(6), strict=True))
    assert any("later" in warning for warning in warnings) == bool(begins)


def test_sample_aspect_and_average_rate_are_kept(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mp4", 6, rate=Fraction(30000, 1001), sample_aspect=Fraction(4, 3))
    output = assembled(source, (2, 4))
    with av.open(str(output)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)


def test_pictures_that_have_been_turned_are_not_turned_again(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mp4", 4, rotation=90)
    output = assembled(source, (4,))
    with av.open(str(output)) as container:
        assert next(container.decode(video=0)).rotation == 0


@pytest.mark.parametrize(("suffix", "tag"), [(".mp4", "hvc1"), (".mov", "hvc1"), (".mkv", "hvc1")])
def test_hevc_from_elsewhere_gets_the_tag_that_apple_plays(suffix: str, tag: str, tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mkv", 4, codec="libx265")
    output = tmp_path / "out.mp4"
    assemble(output, source, make_segments(source, tmp_path / "s", (4,), suffix=suffix))
    with av.open(str(output)) as container:
        assert container.streams.video[0].codec_context.codec_tag == tag


@pytest.mark.parametrize("suffix", [".mkv", ".mov"])
def test_prores_keeps_its_flavour(suffix: str, tmp_path: Path) -> None:
    source = make_film(
        tmp_path / "film.mov", 4, codec="prores_ks", pixel_format="yuv422p10le", options={"profile": "1"}
    )
    output = assembled(source, (4,), suffix=suffix, options={"profile": "1"})
    with av.open(str(output)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "apcs"


def test_mp4_begins_with_its_table_of_contents(tmp_path: Path) -> None:
    output = assembled(make_film(tmp_path / "film.mp4", 4, audio=1), (4,))
    content = output.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_h264_fits_into_avi(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.avi", 6, audio=1, options={"bf": "0"})
    output = assembled(source, (2, 4), options={"bf": "0"})
    assert decoded_pts(output) == decoded_pts(source)
    assert packet_bytes(output) == packet_bytes(source)


def test_frames_that_wait_for_later_ones_do_not_fit_into_avi(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mkv", 9)
    segments = make_segments(source, tmp_path / "s", (9,), options={"bf": "2"})
    with pytest.raises(OutputError, match="B frames"):
        assemble(tmp_path / "out.avi", source, segments)
    assert not (tmp_path / "out.avi").exists()


def test_a_film_of_one_frame_or_without_sound(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mp4", 1)
    assert decoded_pts(assembled(source, (1,))) == [0]


def test_odd_sizes(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mkv", 3, size=(85, 47), codec="ffv1", pixel_format="yuv444p")
    assert picture(assembled(source, (1, 2))) == picture(source)


@pytest.mark.parametrize("name", ["mp4-h264-aac", "mkv-hevc-hdr"])
def test_too_few_and_too_many_frames_are_refused(name: str, tmp_path: Path) -> None:
    source = MAKERS[name](tmp_path)
    segments = make_segments(source, tmp_path / "s", SIZES)
    output = tmp_path / f"out{source.suffix}"
    output.write_bytes(b"older")
    for given in (segments[:-1], [*segments, segments[0]]):
        with pytest.raises(OutputError, match=f"and the source {NUM_FRAMES}"):
            assemble(output, source, given)
    assert output.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, output.name, "s"])


def test_times_that_do_not_rise_are_refused(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mp4", 3)
    segments = make_segments(source, tmp_path / "s", (3,))
    with pytest.raises(OutputError, match="do not rise"):
        assemble(tmp_path / "out.mp4", source, segments, [Fraction(0), Fraction(1), Fraction(1)])


def test_a_codec_that_the_container_cannot_hold_is_refused(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mp4", 3)
    segments = make_segments(source, tmp_path / "s", (3,))
    with pytest.raises(OutputError, match=r"out\.webm.*h264"):
        assemble(tmp_path / "out.webm", source, segments)
    with pytest.raises(OutputError, match=r"must end in one of \.mp4"):
        assemble(tmp_path / "out.xyz", source, segments)


def test_a_source_or_segment_that_is_missing_is_named(tmp_path: Path) -> None:
    source = make_film(tmp_path / "film.mp4", 3)
    with pytest.raises(UnreadableMediaError, match=r"gone\.mkv"):
        assemble(tmp_path / "out.mp4", source, [tmp_path / "gone.mkv"], film_pts(3))
    with pytest.raises(UnreadableMediaError, match=r"gone\.mp4"):
        assemble(tmp_path / "out.mp4", tmp_path / "gone.mp4", make_segments(source, tmp_path / "s", (3,)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_film(tmp_path / "film.mkv", 12, audio=1)
    segments = make_segments(source, tmp_path / "s", (12,))
    real_open = av.open

    def open_full(name: str, mode: str = "r", **options: Any) -> Any:
        if mode == "w" and ".impasto-" in name:
            Path(name).symlink_to("/dev/full")
        return real_open(name, mode, **options)

    monkeypatch.setattr(av, "open", open_full)
    with pytest.raises(OutputError, match="the disk is full"):
        assemble(tmp_path / "out.mkv", source, segments)
    assert not (tmp_path / "out.mkv").exists()
    assert not list(tmp_path.glob(".impasto-*"))


def test_sound_that_goes_back_in_time_is_put_later_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Muxers refuse to write such films, so it is made while it is read."""
    source = make_film(tmp_path / "film.mkv", 12, audio=1)

    def jumping_back(*given: Any) -> Iterator[Any]:
        for number, packet in enumerate(read_packets(*given)):
            if number in (4, 5):
                packet.pts = packet.dts = packet.dts - 300
            yield packet

    segments = make_segments(source, tmp_path / "s", (12,))
    monkeypatch.setattr(film_mux, "read_packets", jumping_back)
    (warning,) = assemble(tmp_path / "out.mkv", source, segments, decoded_pts(source))
    assert "Stream 1 (audio, flac, eng) has packets whose times go backwards" in warning
    assert packet_bytes(tmp_path / "out.mkv") == packet_bytes(source)


def test_a_shape_of_pixels_that_is_lost_is_told(tmp_path: Path) -> None:
    """PyAV writes none into WebM, and VP9 says none itself."""
    source = make_film(tmp_path / "film.mp4", 3, codec="libvpx-vp9", sample_aspect=Fraction(4, 3))
    warnings = assemble(tmp_path / "out.webm", source, make_segments(source, tmp_path / "s", (3,)))
    assert "Pixels are 4/3 times as wide as high, and this container says 1." in warnings
    turned = make_film(tmp_path / "turned.mp4", 3, sample_aspect=Fraction(4, 3), rotation=90)
    upright = make_film(tmp_path / "upright.mp4", 3, size=(90, 160), sample_aspect=Fraction(3, 4))
    assert assemble(tmp_path / "out.mp4", turned, [upright]) == []


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_memory_does_not_grow_with_the_film(suffix: str, tmp_path: Path) -> None:
    """What is alive at once is a few packets, wherever the film has got to."""
    source = make_film(tmp_path / f"film{suffix}", 240, size=(32, 32), audio=1)
    segments = make_segments(source, tmp_path / "s", (120, 120))
    alive: list[int] = []
    held = weakref.WeakSet[Any]()

    class Watched:
        """Stands for a packet in the count, as packets cannot be referred to weakly."""

    def watched(*given: Any) -> Iterator[Any]:
        for packet in read_packets(*given):
            packet.opaque = Watched()
            held.add(packet.opaque)
            alive.append(len(held))
            yield packet

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(film_segments, "read_packets", watched)
        assemble(tmp_path / f"out{suffix}", source, segments)
    assert len(alive) == 480  # once to survey, once to write
    assert max(alive) < 40
