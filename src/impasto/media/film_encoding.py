"""How a film is encoded: as its source was, as far as one can tell, or as the user says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any

from impasto.errors import UnreadableMediaError, UsageError
from impasto.media.film_info import FilmInfo
from impasto.media.pixel_layout import PixelLayout, read_layout, yuv_name
from impasto.media.video_library import av

_NUM_THREADS = 4
_ENCODERS = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "vp9": "libvpx-vp9",
    "vp8": "libvpx",
    "prores": "prores_ks",
}
_OTHER_NAMES = {"h265": "hevc", "x264": "h264", "x265": "hevc", "avc": "h264", "dnxhr": "dnxhd"}
_CODEC_OF_ENCODER = {encoder: codec for codec, encoder in _ENCODERS.items()} | {"libx264rgb": "h264"}
_CRFS = {"h264": 18.0, "hevc": 20.0, "av1": 22.0, "vp9": 24.0, "vp8": 10.0}
"""What is hardly to be told from the source."""
_MPEG_QUANTISERS = dict.fromkeys(("mpeg4", "mpeg2video", "mpeg1video", "msmpeg4v3", "wmv2", "h263"), 3.0)
_QUANTISERS = {"mjpeg": 2.0, **_MPEG_QUANTISERS}
"""The same for codecs that take a scale of their quantiser, 1 to 31."""
_PRESETS = {"av1": "8", "vp9": "2"}
_PRESET_OPTIONS = {"vp9": "cpu-used", "vp8": "cpu-used"}
_PRORES_PROFILES = {"apco": 0, "apcs": 1, "apcn": 2, "apch": 3, "ap4h": 4, "ap4x": 5}
_PRORES_NAMES = ("Proxy", "LT", "Standard", "HQ", "4444", "XQ")
_H264_PROFILES = {"Constrained Baseline": "baseline", "Baseline": "baseline", "Main": "main"}
_DNXHD_MBITS = (36, 45, 60, 75, 80, 85, 90, 110, 115, 120, 145, 175, 180, 185, 220, 240, 290, 365, 440)
_MPEG4_FINEST = 65535


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a user asks of an encoder; None leaves it as it is in the source.

    Attributes
    ----------
    codec
        "h264", "hevc", "av1", "vp9", "prores", "ffv1", "dnxhd", "mjpeg", … or the name of an encoder of FFmpeg.
    crf
        Constant quality: smaller is better, 0 loses nothing where a codec can; the scale is the codec's own.
    preset
        How long the encoder may search, in its own words.
    num_threads
        Of the encoder. Fixed, since some encode differently on another number.
    """

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    num_threads: int = _NUM_THREADS


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """What is told to PyAV."""

    encoder: str
    codec: str
    pixel_format: str
    layout: PixelLayout
    time_base: Fraction
    num_threads: int
    options: dict[str, str] = field(default_factory=dict)
    quantiser: float | None = None
    bit_rate: int | None = None
    codec_tag: str | None = None


def choose_settings(info: FilmInfo, encoding: Encoding, suffix: str) -> EncoderSettings:
    """Choose an encoder and what to tell it.

    Parameters
    ----------
    suffix
        Of the file that is written.

    Raises
    ------
    UsageError
        There is no such codec, or no encoder for it.
    """
    layout = read_layout(info.pixel_format)
    codec, encoder = _encoder(info, encoding, layout)
    pixel_format = nearest_format(encoder, info.pixel_format, layout)
    settings = EncoderSettings(
        encoder,
        codec,
        pixel_format,
        read_layout(pixel_format),
        _time_base(info, codec),
        encoding.num_threads,
        codec_tag=_codec_tag(info, codec, suffix),
    )
    return _with_quality(settings, info, encoding)


def nearest_format(encoder: str, pixel_format: str, layout: PixelLayout) -> str:
    """Return the pixel format of a source if the encoder takes it, else what loses least.

    Grey becomes 4:2:0, since a style may give it colours.
    """
    known: list[str] = [each.name for each in _codec(encoder).video_formats or ()]
    if layout.kind == "grey":
        pixel_format = yuv_name((2, 2), layout.bit_depth)
        layout = read_layout(pixel_format)
    if pixel_format in known or not known:
        return pixel_format

    def cost(name: str) -> tuple[bool, bool, bool, int, int, str]:
        other = read_layout(name)
        lost_depth = max(0, layout.bit_depth - other.bit_depth)
        lost_chroma = other.subsampling[0] * other.subsampling[1] > layout.subsampling[0] * layout.subsampling[1]
        needless = other.bit_depth + 8 // (other.subsampling[0] * other.subsampling[1])
        return (
            other.kind != layout.kind,
            layout.has_alpha and not other.has_alpha,
            lost_chroma,
            lost_depth,
            needless,
            name,
        )

    return min((name for name in known if _is_usable(name)), key=cost)


def _is_usable(name: str) -> bool:
    try:
        return read_layout(name).kind != "grey" and name not in {"nv12", "nv21", "nv16", "nv20le"}
    except (UnreadableMediaError, ValueError):
        return False


def _encoder(info: FilmInfo, encoding: Encoding, layout: PixelLayout) -> tuple[str, str]:
    """Return the name of a codec and of its encoder; H.264 stands in for what can be read only."""
    asked = encoding.codec
    codec = (asked or info.codec).lower()
    codec = _OTHER_NAMES.get(codec, codec)
    encoder = _ENCODERS.get(codec, codec)
    if codec == "h264" and layout.kind == "rgb":
        encoder = "libx264rgb"
    if _has_encoder(encoder):
        return _CODEC_OF_ENCODER.get(encoder, codec), encoder
    if asked is not None:
        raise UsageError(f"There is no encoder for '{asked}'. Take h264, hevc, av1, vp9, prores, ffv1 or dnxhd.")
    return "h264", "libx264rgb" if layout.kind == "rgb" else "libx264"


@cache
def _has_encoder(name: str) -> bool:
    try:
        return bool(_codec(name).type == "video")
    except av.codec.codec.UnknownCodecError:
        return False


@cache
def _codec(encoder: str) -> Any:
    return av.codec.Codec(encoder, "w")


def _time_base(info: FilmInfo, codec: str) -> Fraction:
    """MPEG-4 and MPEG-2 count in units of their own; `assemble` gives pictures their exact times again."""
    if codec in {"mpeg2video", "mpeg1video"}:
        return 1 / info.rate
    if codec == "mpeg4" and info.time_base.denominator > _MPEG4_FINEST:
        return Fraction(1, 60000)
    return info.time_base


def _codec_tag(info: FilmInfo, codec: str, suffix: str) -> str | None:
    if codec != "hevc" or suffix.lower() not in {".mp4", ".mov", ".m4v"}:
        return None
    return info.codec_tag if info.codec_tag in {"hvc1", "hev1"} else "hvc1"


def _with_quality(settings: EncoderSettings, info: FilmInfo, encoding: Encoding) -> EncoderSettings:
    codec = settings.codec
    is_same = codec == info.codec
    if codec in _QUANTISERS:
        return replace(settings, quantiser=encoding.crf if encoding.crf is not None else _QUANTISERS[codec])
    if codec == "prores":
        return replace(settings, options=_prores_options(info, settings.layout, is_same))
    if codec == "dnxhd":
        return _dnxhd_settings(settings, info, is_same)
    if codec not in _CRFS:
        return settings
    crf = encoding.crf if encoding.crf is not None else min(_CRFS[codec], (is_same and info.crf) or 99.0)
    options = _quality_options(codec, crf)
    if preset := encoding.preset or _PRESETS.get(codec):
        options[_PRESET_OPTIONS.get(codec, "preset")] = preset
    if codec == "h264" and is_same and crf > 0 and info.profile in _H264_PROFILES:
        options["profile"] = _H264_PROFILES[info.profile]
    parameters = _parameters(codec, info, encoding, crf == 0)
    if parameters:
        name = {"h264": "x264-params", "hevc": "x265-params", "av1": "svtav1-params"}[codec]
        options[name] = ":".join(parameters)
    return replace(settings, options=options, bit_rate=0 if codec == "vp9" else settings.bit_rate)


def _quality_options(codec: str, crf: float) -> dict[str, str]:
    if crf == 0 and codec in {"h264", "vp9"}:
        return {"qp": "0"} if codec == "h264" else {"lossless": "1"}
    if crf == 0 and codec == "hevc":
        return {}
    return {"crf": f"{crf:g}"}


def _parameters(codec: str, info: FilmInfo, encoding: Encoding, is_lossless: bool) -> list[str]:
    """Return what x264, x265 and SVT-AV1 understand in their own words only."""
    light = info.light
    if codec == "h264":
        named = {"open-gop": "0", "mastering-display": light.mastering, "cll": light.content}
    elif codec == "hevc":
        named = {"open-gop": "0", "log-level": "error", "lossless": "1" if is_lossless else ""}
        named |= {"pools": str(encoding.num_threads), "frame-threads": str(min(encoding.num_threads, 3))}
        named |= {"master-display": light.mastering, "max-cll": light.content, "hdr10": "1" if light.mastering else ""}
    elif codec == "av1":
        named = {"lp": str(encoding.num_threads)}  # its `lossless` writes what cannot be decoded (4.1)
        named |= {"mastering-display": _in_units(light.mastering), "content-light": light.content}
    else:
        named = {}
    return [f"{name}={value}" for name, value in named.items() if value]


def _in_units(mastering: str) -> str:
    """SVT-AV1 takes chromaticities as fractions and luminances in cd/m², x264 and x265 whole numbers of steps."""
    if not mastering:
        return ""
    points, luminances = mastering.split("L")
    return _scaled(points, 50000) + "L" + _scaled(luminances, 10000)


def _scaled(text: str, steps: int) -> str:
    parts = text.replace("(", " ( ").replace(")", " ) ").replace(",", " , ").split()
    return "".join(f"{int(part) / steps:.6g}" if part.isdigit() else part for part in parts)


def _prores_options(info: FilmInfo, layout: PixelLayout, is_same: bool) -> dict[str, str]:
    profile = 4 if layout.subsampling == (1, 1) else 3
    if is_same:
        named = _PRORES_NAMES.index(info.profile) if info.profile in _PRORES_NAMES else profile
        profile = _PRORES_PROFILES.get(info.codec_tag, named)
    return {"profile": str(profile), "vendor": "apl0", **({"alpha_bits": "16"} if layout.has_alpha else {})}


def _dnxhd_settings(settings: EncoderSettings, info: FilmInfo, is_same: bool) -> EncoderSettings:
    """DNxHR goes by names; DNxHD by bit rates, of which each size has its own."""
    layout = settings.layout
    plain = "dnxhr_444" if layout.subsampling == (1, 1) else "dnxhr_hqx" if layout.bit_depth > 8 else "dnxhr_hq"
    profile = (info.profile or "") if is_same else ""
    if profile.startswith("DNXHR"):
        plain = profile.lower().replace(" ", "_")
    if profile == "DNXHD" and info.bit_rate:
        rate = info.bit_rate / 1e6
        for mbits in sorted(_DNXHD_MBITS, key=lambda each: abs(each - rate)):
            candidate = replace(settings, bit_rate=mbits * 1_000_000)
            if _opens(candidate, info):
                return candidate
    return replace(settings, options={"profile": plain})


def _opens(settings: EncoderSettings, info: FilmInfo) -> bool:
    context: Any = av.CodecContext.create(settings.encoder, "w")
    context.width, context.height = info.width, info.height
    context.pix_fmt, context.bit_rate = settings.pixel_format, settings.bit_rate
    context.time_base, context.framerate = 1 / info.rate, info.rate
    try:
        context.open()
    except av.error.FFmpegError:
        return False
    return True
