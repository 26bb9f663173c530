"""`FilmInfo`: what a film is made of, read from its header and its first picture."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.errors import UnreadableMediaError
from impasto.media.chroma import Subsampling
from impasto.media.color_tags import UNSPECIFIED, ColorTags, read_color
from impasto.media.film_open import decoder_name, film_errors, open_film
from impasto.media.frame import Color
from impasto.media.orientation import Orientation, read_orientation
from impasto.media.pixel_layout import read_layout

_PROGRESSIVE = {0, 1}
_CRF = re.compile(rb"\bcrf=(\d+(?:\.\d+)?)")
_CENTERED_CODECS = {"mjpeg", "mpeg1video"}


@dataclass(frozen=True, slots=True)
class OtherStream:
    """A stream that is copied, not touched: sound, text, data, attachments, further pictures."""

    index: int
    kind: str
    codec: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class HdrLight:
    """What an HDR film says of the display it was graded on, and of its brightest pictures.

    Attributes
    ----------
    mastering
        "G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)" in units of 1/50000 and 1/10000 cd/m², or "".
    content
        "MaxCLL,MaxFALL" in cd/m², or "".
    """

    mastering: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class FilmInfo:
    """What a film is made of.

    Attributes
    ----------
    width, height
        Of upright pictures, in pixels: sides are swapped already where the film is stored lying.
    pixel_format
        As it is decoded, such as "yuv420p10le".
    color
        How code values are to be read; gaps in `tags` are filled by what players assume.
    num_frames, duration
        None where the header does not say; seconds.
    rate
        Frames a second on average.
    orientation
        What makes stored pictures upright; `rotation` are its degrees, clockwise.
    sample_aspect
        Width to height of an upright pixel.
    crf
        What x264 or x265 says that the film was encoded with, if any of them.
    stream_index
        Of the pictures, among all streams.
    """

    path: Path
    width: int
    height: int
    pixel_format: str
    bit_depth: int
    subsampling: Subsampling
    has_alpha: bool
    color: Color
    tags: ColorTags
    num_frames: int | None
    duration: Fraction | None
    time_base: Fraction
    rate: Fraction
    orientation: Orientation
    sample_aspect: Fraction
    interlaced: bool
    codec: str
    codec_tag: str
    profile: str | None
    bit_rate: int | None
    crf: float | None
    light: HdrLight
    container: str
    stream_index: int
    others: tuple[OtherStream, ...] = ()

    @property
    def rotation(self) -> int:
        return 90 * self.orientation.quarter_turns


def read_info(path: Path | str) -> FilmInfo:
    """Open a film and decode its first picture.

    Raises
    ------
    UnreadableMediaError
        It is missing, empty, no film, of a codec that cannot be decoded, or without a single picture.
    """
    path = Path(path)
    with open_film(path) as (container, stream), film_errors(path):
        frame = _first_frame(path, container, stream)
        return _describe(path, container, stream, frame)


def _first_frame(path: Path, container: Any, stream: Any) -> Any:
    problem = "has no pictures"
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                return frame
        except ValueError as error:  # a damaged packet; what it should have shown is missed when frames are read
            problem = f"shows nothing that can be decoded ({error})"
    raise UnreadableMediaError(f"{path} {problem}. Is it whole? Check that another player shows it.")


def _describe(path: Path, container: Any, stream: Any, frame: Any) -> FilmInfo:
    coded = stream.codec_context
    name = frame.format.name
    layout = read_layout(name)
    tags = _tags(coded, frame)
    codec = decoder_name(coded)
    color = read_color(tags, name, (frame.width, frame.height), layout.kind == "rgb", layout.bit_depth)
    if codec in _CENTERED_CODECS:
        color = replace(color, chroma_location="center")
    side_data = {data.type.name: bytes(data) for data in frame.side_data}
    orientation = read_orientation(side_data.get("DISPLAYMATRIX"))
    aspect = stream.sample_aspect_ratio or Fraction(1)
    sides = (frame.height, frame.width) if orientation.swaps_sides else (frame.width, frame.height)
    return FilmInfo(
        path=path,
        width=sides[0],
        height=sides[1],
        pixel_format=name,
        bit_depth=layout.bit_depth,
        subsampling=layout.subsampling,
        has_alpha=layout.has_alpha,
        color=color,
        tags=tags,
        num_frames=stream.frames or None,
        duration=_duration(container, stream),
        time_base=stream.time_base,
        rate=stream.average_rate or stream.guessed_rate or stream.base_rate or Fraction(25),
        orientation=orientation,
        sample_aspect=1 / aspect if orientation.swaps_sides else aspect,
        interlaced=bool(frame.interlaced_frame) or coded.field_order not in _PROGRESSIVE,
        codec=codec,
        codec_tag=coded.codec_tag.strip("\0"),
        profile=stream.profile,
        bit_rate=stream.bit_rate or (container.bit_rate if len(container.streams) == 1 else None),
        crf=_crf(side_data.get("SEI_UNREGISTERED", b"")),
        light=_light(side_data),
        container=container.format.name,
        stream_index=stream.index,
        others=tuple(_other(each) for each in container.streams if each.index != stream.index),
    )


def _tags(coded: Any, frame: Any) -> ColorTags:
    """What the picture says goes before what the container says, as it does for players."""
    pairs = [
        (frame.color_primaries, coded.color_primaries),
        (frame.color_trc, coded.color_trc),
        (frame.colorspace, coded.colorspace),
    ]
    primaries, transfer, matrix = (int(b if a == UNSPECIFIED else a) for a, b in pairs)
    return ColorTags(primaries, transfer, matrix, int(frame.color_range or coded.color_range))


def _duration(container: Any, stream: Any) -> Fraction | None:
    if stream.duration:
        return Fraction(stream.duration * stream.time_base)
    if tag := re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = tag.groups()
        return 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)
    return Fraction(container.duration, 1_000_000) if container.duration else None


def _crf(settings: bytes) -> float | None:
    found = _CRF.search(settings)
    return float(found.group(1)) if found else None


def _light(side_data: dict[str, bytes]) -> HdrLight:
    mastering = content = ""
    if len(data := side_data.get("MASTERING_DISPLAY_METADATA", b"")) >= 88:
        values = [Fraction(n, d or 1) for n, d in struct.iter_unpack("ii", data[:80])]
        red, green, blue, white = (
            f"({round(values[n] * 50000)},{round(values[n + 1] * 50000)})" for n in range(0, 8, 2)
        )
        darkest, brightest = (round(value * 10000) for value in values[8:10])
        mastering = f"G{green}B{blue}R{red}WP{white}L({brightest},{darkest})"
    if len(data := side_data.get("CONTENT_LIGHT_LEVEL", b"")) >= 8:
        content = "{},{}".format(*struct.unpack("II", data[:8]))
    return HdrLight(mastering, content)


def _other(stream: Any) -> OtherStream:
    coded = stream.codec_context
    return OtherStream(stream.index, stream.type, coded.name if coded else "", stream.language)
