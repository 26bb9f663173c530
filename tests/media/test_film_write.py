"""Written as the source was: codec, pixels, tags and times; parts of a film fit together; nothing half-written."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from film_clips import HDR10, decoded_pts, film_pts, get_planes, make_film

from impasto.errors import OutputError, UsageError
from impasto.media.film_encoding import Encoding, choose_settings, nearest_format
from impasto.media.film_info import HdrLight, read_info
from impasto.media.film_read import FilmSource
from impasto.media.film_write import FilmSink, fitted_planes
from impasto.media.pixel_layout import read_layout

FAST = {"h264": "ultrafast", "hevc": "ultrafast", "av1": "11", "vp9": "8"}
DNXHR = {"codec": "dnxhd", "pixel_format": "yuv422p10le", "size": (256, 120), "options": {"profile": "dnxhr_hqx"}}
FILMS = {
    "h264": ("film.mp4", {}),
    "h264-vfr": ("film.mp4", {"vfr": True}),
    "h264-422-10-mkv": ("film.mkv", {"pixel_format": "yuv422p10le"}),
    "h264-444-odd": ("film.mov", {"pixel_format": "yuv444p", "size": (85, 47)}),
    "h264-full-range": ("film.mp4", {"pixel_format": "yuvj420p", "tags": {"color_range": 2}}),
    "h264-ts": ("film.ts", {}),
    "h264-later": ("film.mp4", {"start": 5}),
    "h264-wide-pixels": ("film.mp4", {"sample_aspect": Fraction(4, 3)}),
    "h264-ntsc": ("film.mp4", {"rate": Fraction(30000, 1001)}),
    "hevc-hdr-vfr": ("film.mp4", {"codec": "libx265", "pixel_format": "yuv420p10le", "tags": HDR10, "vfr": True}),
    "hevc-12": ("film.mkv", {"codec": "libx265", "pixel_format": "yuv444p12le"}),
    "av1": ("film.mp4", {"codec": "libsvtav1"}),
    "av1-10": ("film.mkv", {"codec": "libsvtav1", "pixel_format": "yuv420p10le", "tags": HDR10}),
    "vp9": ("film.webm", {"codec": "libvpx-vp9"}),
    "prores": ("film.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le", "options": {"profile": "1"}}),
    "prores-alpha": ("film.mov", {"codec": "prores_ks", "pixel_format": "yuva444p10le"}),
    "dnxhr": ("film.mov", DNXHR),
    "mpeg4": ("film.mp4", {"codec": "mpeg4"}),
    "mpeg4-avi": ("film.avi", {"codec": "mpeg4"}),
    "mpeg2": ("film.mkv", {"codec": "mpeg2video"}),
    "mjpeg": ("film.avi", {"codec": "mjpeg", "pixel_format": "yuvj422p"}),
    "ffv1-16": ("film.mkv", {"codec": "ffv1", "pixel_format": "yuv420p16le"}),
    "ffv1-rgb": ("film.mkv", {"codec": "ffv1", "pixel_format": "gbrp10le"}),
    "png": ("film.mov", {"codec": "png", "pixel_format": "rgb24"}),
    "qtrle-alpha": ("film.mov", {"codec": "qtrle", "pixel_format": "argb"}),
}


@pytest.fixture(scope="module", params=FILMS)
def film(request, tmp_path_factory):
    name, stated = FILMS[request.param]
    path = make_film(tmp_path_factory.mktemp(request.param) / name, 12, cuts=[6], **stated)
    return path, FilmSource(path).info, list(FilmSource(path))


def write(path, info, frames, encoding=None):
    encoding = encoding or Encoding()
    codec = encoding.codec or info.codec
    with FilmSink(path, info, replace(encoding, preset=encoding.preset or FAST.get(codec))) as sink:
        for frame in frames:
            sink.write(frame)
    return path


def beside(path, name):
    return path.with_name(f"{name}{path.suffix}")


def extradata(path):
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context.extradata


def decoder_of(path):
    """Return a decoder that knows of one file what its header says."""
    with av.open(str(path)) as container:
        coded = container.streams.video[0].codec_context
        decoder = av.CodecContext.create(coded.name, "r")
        for name in ("extradata", "width", "height", "codec_tag", "bits_per_coded_sample"):
            setattr(decoder, name, getattr(coded, name))
    return decoder


def planes_of(path):
    with av.open(str(path)) as container:
        return [get_planes(frame) for frame in container.decode(video=0)]


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_a_film_is_written_as_it_was(film):
    path, info, frames = film
    written = read_info(write(beside(path, "copy"), info, frames))
    same = ("codec", "profile", "pixel_format", "color", "tags", "sample_aspect", "codec_tag", "width", "height")
    for name in same:
        assert getattr(written, name) == getattr(info, name), name
    if info.codec not in {"mpeg4", "mpeg2video"}:
        assert written.time_base == info.time_base


def test_times_and_pictures_are_kept(film):
    path, info, frames = film
    again = list(FilmSource(write(beside(path, "copy"), info, frames)))
    assert [frame.pts for frame in again] == [frame.pts for frame in frames]
    white = 2**info.bit_depth - 1
    for one, other in zip(frames, again, strict=True):
        for before, after in zip(one.planes, other.planes, strict=True):
            assert np.abs(before / white - after / white).mean() < 0.012
    assert all(frame.alpha is None or np.abs(frame.alpha[:, ::20].astype(int)).max() for frame in again)


def test_parts_of_a_film_have_one_header_and_fit_together(film):
    """Packets of two parts behind one header are decoded to what each part alone shows."""
    path, info, frames = film
    parts = [write(beside(path, f"part{n}"), info, frames[6 * n : 6 * n + 6]) for n in range(2)]
    assert extradata(parts[0]) == extradata(parts[1])
    decoder = decoder_of(parts[0])
    shown = []
    for part in parts:
        with av.open(str(part)) as container:
            for packet in container.demux(video=0):
                shown += [get_planes(frame) for frame in (decoder.decode(packet) if packet.size else ())]
    shown += [get_planes(frame) for frame in decoder.decode(None)]
    alone = [frame for part in parts for frame in planes_of(part)]
    assert len(alone) == len(shown) == 12
    for one, other in zip(alone, shown, strict=True):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_the_same_pictures_make_the_same_packets(film):
    path, info, frames = film
    assert packets(write(beside(path, "one"), info, frames)) == packets(write(beside(path, "two"), info, frames))


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("film.mp4", {}),
        ("film.mp4", {"vfr": True, "pixel_format": "yuv420p10le"}),
        ("film.mov", {"pixel_format": "yuv422p"}),
        ("film.mp4", {"codec": "libx265", "pixel_format": "yuv420p12le", "vfr": True}),
        ("film.webm", {"codec": "libvpx-vp9"}),
        ("film.mkv", {"codec": "ffv1", "pixel_format": "yuv444p16le", "size": (53, 27)}),
        ("film.mkv", {"codec": "ffv1", "pixel_format": "gbrp12le"}),
        ("film.mov", {"codec": "png", "pixel_format": "rgb24"}),
        ("film.mov", {"codec": "qtrle", "pixel_format": "argb"}),
    ],
)
def test_with_a_codec_that_loses_nothing_nothing_is_lost(tmp_path, name, stated):
    path = make_film(tmp_path / name, 8, **stated)
    source = FilmSource(path)
    again = FilmSource(write(beside(path, "copy"), source.info, source, Encoding(crf=0)))
    for one, other in zip(source, again, strict=True):
        assert one.pts == other.pts
        assert all((a == b).all() for a, b in zip(one.planes, other.planes, strict=True))
        assert one.alpha is None or (one.alpha == other.alpha).all()


@pytest.mark.parametrize("codec", ["h264", "ffv1"])
def test_grey_films_may_take_colour(tmp_path, codec):
    path = make_film(tmp_path / "film.mkv", 3, codec={"h264": "libx264"}.get(codec, codec), pixel_format="gray")
    source = FilmSource(path)
    frames = list(source)
    colourful = [frame.with_planes((frame.planes[0], frame.planes[1] + 30, frame.planes[2])) for frame in frames]
    again = FilmSource(write(beside(path, "copy"), source.info, colourful, Encoding(crf=0)))
    assert again.info.pixel_format == "yuv420p"
    assert again.info.color == source.info.color
    for one, other in zip(colourful, again, strict=True):
        assert all((a == b).all() for a, b in zip(one.planes, other.planes, strict=True))


def test_high_dynamic_range_survives(tmp_path):
    light = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    params = f"log-level=error:hdr10=1:master-display={light}:max-cll=1000,400"
    path = make_film(
        tmp_path / "film.mp4",
        4,
        codec="libx265",
        pixel_format="yuv420p10le",
        tags=HDR10,
        options={"x265-params": params},
    )
    info = read_info(path)
    for codec in ("hevc", "h264", "av1"):
        copy = write(tmp_path / f"{codec}.mp4", info, FilmSource(path), Encoding(codec=codec))
        assert read_info(copy).light == HdrLight(light, "1000,400"), codec
        assert read_info(copy).tags == info.tags


# What is chosen


def settings(path, encoding=None, suffix=None):
    return choose_settings(read_info(path), encoding or Encoding(), suffix or path.suffix)


def test_a_finer_source_is_not_written_coarser(tmp_path):
    fine = make_film(tmp_path / "fine.mp4", 2, options={"crf": "12"})
    coarse = make_film(tmp_path / "coarse.mp4", 2, options={"crf": "35"})
    assert settings(fine).options["crf"] == "12"
    assert settings(coarse).options["crf"] == "18"
    assert settings(coarse, Encoding(crf=30)).options["crf"] == "30"
    assert settings(coarse, Encoding(preset="slow")).options["preset"] == "slow"


@pytest.mark.parametrize("profile", range(4))
def test_the_profile_of_prores_is_kept(tmp_path, profile):
    path = make_film(
        tmp_path / "film.mov", 1, codec="prores_ks", pixel_format="yuv422p10le", options={"profile": str(profile)}
    )
    assert settings(path).options["profile"] == str(profile)


def test_the_rate_of_dnxhd_is_kept(tmp_path):
    path = make_film(
        tmp_path / "film.mov", 1, (1920, 1080), codec="dnxhd", pixel_format="yuv422p", options={"b": "115M"}
    )
    assert settings(path).bit_rate == 115_000_000


@pytest.mark.parametrize(
    ("asked", "encoder", "pixel_format"),
    [
        ("h264", "libx264", "yuv422p10le"),
        ("H265", "libx265", "yuv422p12le"),
        ("prores", "prores_ks", "yuv422p10le"),
        ("av1", "libsvtav1", "yuv420p10le"),
        ("ffv1", "ffv1", "yuv422p12le"),
        ("mpeg4", "mpeg4", "yuv420p"),
        ("dnxhr", "dnxhd", "yuv422p10le"),
        ("png", "png", "rgb48be"),
    ],
)
def test_another_codec_loses_as_little_as_it_can(tmp_path, asked, encoder, pixel_format):
    path = make_film(tmp_path / "film.mkv", 1, codec="libx265", pixel_format="yuv422p12le", size=(256, 120))
    chosen = settings(path, Encoding(codec=asked))
    assert (chosen.encoder, chosen.pixel_format) == (encoder, pixel_format)


@pytest.mark.parametrize(
    ("encoder", "pixel_format", "nearest"),
    [
        ("libx264", "yuva420p", "yuv420p"),
        ("libx264", "yuv444p12le", "yuv444p10le"),
        ("prores_ks", "yuv420p", "yuv422p10le"),
        ("prores_ks", "yuva444p12le", "yuva444p10le"),
        ("libx264", "gray10le", "yuv420p10le"),
        ("qtrle", "gbrap", "argb"),
    ],
)
def test_nearest_formats(encoder, pixel_format, nearest):
    assert nearest_format(encoder, pixel_format, read_layout(pixel_format)) == nearest


def test_what_can_only_be_read_becomes_h264(tmp_path):
    info = replace(read_info(make_film(tmp_path / "film.mp4", 1)), codec="vc1")
    chosen = choose_settings(info, Encoding(), ".mp4")
    assert (chosen.encoder, chosen.codec) == ("libx264", "h264")


def test_an_unknown_codec_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no encoder for 'betamax'"):
        settings(make_film(tmp_path / "film.mp4", 1), Encoding(codec="betamax"))


@pytest.mark.parametrize("codec", ["h264", "prores", "ffv1", "png", "av1"])
def test_pictures_are_converted_for_another_codec(tmp_path, codec):
    """From 4:4:4 of 12 bits, and from RGB, to whatever the codec takes: the same picture, nearly."""
    for name, pixel_format in (("yuv.mkv", "yuv444p12le"), ("rgb.mkv", "gbrp12le")):
        source = FilmSource(make_film(tmp_path / name, 2, codec="ffv1", pixel_format=pixel_format))
        suffix = ".mov" if codec in {"prores", "png"} else ".mkv"
        copy = write(tmp_path / f"{codec}{suffix}", source.info, source, Encoding(codec=codec, crf=2))
        for one, other in zip(source, FilmSource(copy), strict=True):
            before, after = one.to_rgb().pixels / 65535, other.to_rgb().pixels.astype(float)
            after /= 255 if other.bit_depth == 8 else 65535
            assert np.abs(before - after).mean() < 0.02


def test_fitting_rounds_and_keeps_alpha(tmp_path):
    info = read_info(make_film(tmp_path / "film.mov", 1, codec="prores_ks", pixel_format="yuva444p10le"))
    frame = next(iter(FilmSource(info.path)))
    layout = read_layout("yuva444p10le")
    planes = fitted_planes(frame, info, layout)
    assert len(planes) == 4
    assert np.abs(planes[0] * 4.0 - frame.planes[0]).max() <= 2
    assert planes[3].max() == 1023
    opaque = fitted_planes(replace(frame, alpha=None), info, layout)
    assert (opaque[3] == 1023).all()


# What must not happen


@pytest.fixture
def plain(tmp_path):
    source = FilmSource(make_film(tmp_path / "film.mp4", 3))
    return source.info, list(source)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_nothing_appears_before_it_is_whole(tmp_path, plain):
    info, frames = plain
    sink = FilmSink(tmp_path / "out.mp4", info)
    sink.write(frames[0])
    assert not (tmp_path / "out.mp4").exists()
    sink.close()
    sink.close()
    assert names(tmp_path) == ["film.mp4", "out.mp4"]
    assert sink.num_written == 1


def test_what_fails_leaves_what_was_there(tmp_path, plain):
    info, frames = plain
    (tmp_path / "out.mp4").write_bytes(b"older")
    with pytest.raises(RuntimeError, match="stop"), FilmSink(tmp_path / "out.mp4", info) as sink:
        sink.write(frames[0])
        raise RuntimeError("stop")
    assert (tmp_path / "out.mp4").read_bytes() == b"older"
    assert names(tmp_path) == ["film.mp4", "out.mp4"]


def test_a_film_of_no_pictures_is_not_written(tmp_path, plain):
    with pytest.raises(OutputError, match=r"out\.mp4 was not written"), FilmSink(tmp_path / "out.mp4", plain[0]):
        pass
    assert names(tmp_path) == ["film.mp4"]


def test_pictures_of_another_size_or_out_of_order_are_refused(tmp_path, plain):
    info, frames = plain
    with pytest.raises(UsageError, match="80×90"), FilmSink(tmp_path / "out.mp4", info) as sink:
        sink.write(replace(frames[0], planes=tuple(plane[:, : plane.shape[1] // 2] for plane in frames[0].planes)))
    with pytest.raises(UsageError, match="not later"), FilmSink(tmp_path / "out.mp4", info) as sink:
        sink.write(frames[1])
        sink.write(frames[0])
    assert names(tmp_path) == ["film.mp4"]


@pytest.mark.parametrize(("name", "codec"), [("out.webm", None), ("out.mp4", "qtrle"), ("out.xyz", None)])
def test_what_a_container_does_not_take_is_refused_with_advice(tmp_path, plain, name, codec):
    with pytest.raises(OutputError, match=rf"{name} cannot be written.*\n.*--codec"):
        FilmSink(tmp_path / name, plain[0], Encoding(codec=codec))
    assert names(tmp_path) == ["film.mp4"]


def test_sizes_that_a_codec_does_not_take_are_refused(tmp_path):
    info = read_info(make_film(tmp_path / "film.mkv", 1, (53, 27), codec="ffv1"))
    with pytest.raises(OutputError, match=r"out\.mp4 cannot be written by libx264"):
        FilmSink(tmp_path / "out.mp4", info, Encoding(codec="h264"))


def test_a_missing_folder_is_named(tmp_path, plain):
    with pytest.raises(OutputError, match=r"nowhere/out\.mp4"):
        FilmSink(tmp_path / "nowhere" / "out.mp4", plain[0])


class Untimed:
    """A stream whose encoder never sets times to decode by, as x265 where pictures are too few to wait for others."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def encode(self, *picture):
        packets = self.stream.encode(*picture)
        for number, packet in enumerate(packets):
            packet.dts = -140_319_611_229_248 + 7 * number
        return packets


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("num_pictures", [1, 2])
def test_times_that_x265_never_sets_do_no_harm(num_pictures, suffix, tmp_path):
    source = FilmSource(make_film(tmp_path / "film.mp4", 12, codec="libx265"))
    frames = list(source)[:num_pictures]
    path = tmp_path / f"out.{suffix}"
    with FilmSink(path, source.info, Encoding(preset="ultrafast")) as sink:
        sink._stream = Untimed(sink._stream)
        for frame in frames:
            sink.write(frame)
    shown = [float(frame.pts) for frame in FilmSource(path)]
    assert shown == pytest.approx([float(frame.pts) for frame in frames], abs=0.001)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert all(packet.dts is None or packet.dts <= packet.pts for packet in packets)


def test_a_full_disk_is_named(tmp_path, plain):
    """A file may not grow beyond some bytes, as on a disk that is full."""
    import os
    import resource
    import signal

    frames = list(FilmSource(make_film(tmp_path / "long.mkv", 60, codec="ffv1")))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
            write(tmp_path / "out.mkv", read_info(tmp_path / "long.mkv"), frames)
        except OutputError:
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert names(tmp_path) == ["film.mp4", "long.mkv"]


def test_times_begin_where_the_pictures_begin(tmp_path, plain):
    info, frames = plain
    late = [replace(frame, pts=frame.pts + 100) for frame in frames]
    again = list(FilmSource(write(tmp_path / "out.mp4", info, late)))
    assert [frame.pts for frame in again] == [pts + 100 for pts in film_pts(3)]


def test_pictures_between_two_ticks_of_a_coarse_codec_keep_their_order(tmp_path):
    """MPEG-2 counts in whole pictures: those of a film that begins half a picture late all lie between two."""
    path = make_film(tmp_path / "film.mkv", 6, codec="mpeg2video", rate=25)
    source = FilmSource(path)
    frames = [replace(frame, pts=frame.pts + Fraction(1, 50)) for frame in source]
    with FilmSink(tmp_path / "out.mkv", source.info) as sink:
        for frame in frames:
            sink.write(frame)
    assert len(decoded_pts(tmp_path / "out.mkv")) == 6


def test_an_odd_size_is_named_where_it_is_the_reason(tmp_path):
    path = make_film(tmp_path / "film.mkv", 1, size=(53, 47), codec="ffv1")
    with pytest.raises(OutputError, match="odd size, 53×47"):
        FilmSink(tmp_path / "out.mkv", FilmSource(path).info, Encoding("h264"))
