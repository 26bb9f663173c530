"""`FilmSink`: pictures in, a film without sound out, coded as its source was."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from impasto.errors import ImpastoError, OutputError, UsageError
from impasto.media.color_tags import FULL, LIMITED
from impasto.media.files import describe_os_error, is_of_disk, write_beside
from impasto.media.film_encoding import EncoderSettings, Encoding, choose_settings
from impasto.media.film_info import FilmInfo
from impasto.media.pixel_layout import PixelLayout, fill_planes
from impasto.media.planar import PlanarFrame, Plane
from impasto.media.priority import usual_priority
from impasto.media.video_library import av

_BIT_EXACT = av.codec.context.Flags.bitexact
_CODECS_BY_MATRIX = {"h264", "hevc", "vp9", "av1"}
"""Only their matrix says whether pictures are RGB."""
_LAMBDA_SCALE = 118  # FF_QP2LAMBDA
_UNTIMED_BY_X265 = 2
"""Of so few pictures, x265 gives times to decode by that it has never set. Nothing in them can be out of order."""


class FilmSink:
    """Encodes pictures in order; the file appears, whole, once `close` has returned.

    What it writes depends on the pictures only: parts of one film, written anywhere, have the same headers and may be
    joined packet by packet. Times are those of the pictures as nearly as the container can say them.

    Parameters
    ----------
    path
        Its suffix names the container.
    info
        Of the source: codec, profile, pixel format, tags of colour and times are as there.
    encoding
        What shall be otherwise.

    Raises
    ------
    OutputError
        It cannot be written, or the codec cannot be put into this container, or does not take such pictures.
    UsageError
        No such codec.
    MissingExtraError
        PyAV is not installed.
    """

    def __init__(self, path: Path | str, info: FilmInfo, encoding: Encoding | None = None) -> None:
        self.path = Path(path)
        self.info = info
        self.settings = choose_settings(info, encoding or Encoding(), self.path.suffix)
        self.num_written = 0
        self._last = -(2**62)
        self._last_time: Fraction | None = None
        self._beside = write_beside(self.path)
        self._temporary = self._beside.__enter__()
        self._container: Any = None
        try:
            self._open()
        except BaseException as error:
            self.discard()
            if isinstance(error, ImpastoError) or not isinstance(error, (av.error.FFmpegError, ValueError)):
                raise
            raise self._refusal(error) from error

    def write(self, frame: PlanarFrame) -> None:
        """Encode one picture.

        Raises
        ------
        OutputError
            The disk is full, or the encoder fails.
        UsageError
            It is of another size, or not later than the one before.
        """
        if (frame.width, frame.height) != (self.info.width, self.info.height):
            sizes = f"{frame.width}×{frame.height} is no part of a film of {self.info.width}×{self.info.height}"
            raise UsageError(f"A picture of {sizes}.")
        picture = self._picture(frame)
        if self._last_time is not None and frame.pts <= self._last_time:
            raise UsageError(f"Picture {frame.index} at {float(frame.pts):.3f} s is not later than the one before.")
        # Some codecs count coarser than the film: two pictures may fall on one tick.
        picture.pts = max(picture.pts, self._last + 1)
        self._last, self._last_time = picture.pts, frame.pts
        try:
            self._container.mux(self._stream.encode(picture))
        except av.error.FFmpegError as error:
            raise self._refusal(error) from error
        self.num_written += 1

    def close(self) -> None:
        """Finish the file.

        Raises
        ------
        OutputError
            The disk is full, or there is nothing to write.
        """
        if self._container is None:
            return
        if not self.num_written:
            self.discard()
            raise OutputError(f"{self.path} was not written: it would have no pictures.")
        try:
            self._container.mux(self._last_packets())
            self._container.close()
        except av.error.FFmpegError as error:
            self.discard()
            raise self._refusal(error) from error
        self._container = None
        self._beside.__exit__(None, None, None)

    def _last_packets(self) -> list[Any]:
        packets: list[Any] = self._stream.encode()
        if self.settings.encoder == "libx265" and self.num_written <= _UNTIMED_BY_X265:
            for packet in packets:
                packet.dts = packet.pts
        return packets

    def discard(self) -> None:
        """Give up, and leave nothing behind."""
        container, self._container = self._container, None
        if container is not None:
            with suppress(av.error.FFmpegError, ValueError):
                container.close()
        reason = OutputError("given up")
        self._beside.__exit__(OutputError, reason, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _open(self) -> None:
        os.environ.setdefault("SVT_LOG", "1")  # else SVT-AV1 writes a page to the terminal for each part
        settings, info = self.settings, self.info
        self._container = av.open(str(self._temporary), "w")
        self._stream = self._container.add_stream(settings.encoder, rate=info.rate, options=dict(settings.options))
        self._stream.width, self._stream.height = info.width, info.height
        self._stream.pix_fmt = settings.pixel_format
        coded = self._stream.codec_context
        coded.time_base = settings.time_base
        coded.framerate = info.rate
        coded.sample_aspect_ratio = info.sample_aspect
        coded.thread_count = settings.num_threads
        coded.flags |= _BIT_EXACT
        _set_tags(coded, info, settings)
        if settings.codec_tag is not None:
            coded.codec_tag = settings.codec_tag
        if settings.bit_rate is not None:
            coded.bit_rate = settings.bit_rate
        if settings.quantiser is not None:
            coded.flags |= av.codec.context.Flags.qscale
            coded.global_quality = round(settings.quantiser * _LAMBDA_SCALE)
        with usual_priority():
            self._container.start_encoding()

    def _picture(self, frame: PlanarFrame) -> Any:
        planes = fitted_planes(frame, self.info, self.settings.layout)
        picture = av.VideoFrame(frame.width, frame.height, _fillable(self.settings))
        fill_planes(picture, planes)
        if picture.format.name != self.settings.pixel_format:
            picture = picture.reformat(format=self.settings.pixel_format)
        _set_tags(picture, self.info, self.settings)
        base = self.settings.time_base
        picture.time_base = base
        picture.pts = round(frame.pts / base)
        return picture

    def _refusal(self, error: BaseException) -> OutputError:
        if isinstance(error, OSError) and is_of_disk(error):
            return OutputError(f"{self.path} cannot be written: {describe_os_error(error)}.")
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        sides = zip((self.info.width, self.info.height), self.settings.layout.subsampling, strict=True)
        if any(side % factor for side, factor in sides):
            reason += f" (perhaps of the odd size, {self.info.width}×{self.info.height})"
        return OutputError(
            f"{self.path} cannot be written by {self.settings.encoder}: {reason}.\n"
            "Choose another codec with --codec, or another container by its suffix."
        )


def fitted_planes(frame: PlanarFrame, info: FilmInfo, layout: PixelLayout) -> list[Plane]:
    """Return the planes of a picture, and its alpha, as an encoder takes them."""
    if frame.subsampling != layout.subsampling or (frame.color.matrix == "identity") != (layout.kind == "rgb"):
        frame = _converted(frame, info, layout)
    planes = [_rescaled(plane, frame.bit_depth, layout.bit_depth, is_full=False) for plane in frame.planes]
    if not layout.has_alpha:
        return planes
    if frame.alpha is None:
        return [*planes, np.full(planes[0].shape, 2**layout.bit_depth - 1, planes[0].dtype)]
    return [*planes, _rescaled(frame.alpha, frame.bit_depth, layout.bit_depth, is_full=True)]


def _converted(frame: PlanarFrame, info: FilmInfo, layout: PixelLayout) -> PlanarFrame:
    """Go through RGB to another subsampling, or between RGB and YUV."""
    if layout.kind == "rgb":
        color = replace(frame.color, matrix="identity", full_range=True)
    elif frame.color.matrix == "identity":
        color = replace(frame.color, matrix=_plain_matrix(info), full_range=False)
    else:
        color = frame.color
    return PlanarFrame.from_rgb(frame.to_rgb(), replace(frame, subsampling=layout.subsampling, color=color))


def _plain_matrix(info: FilmInfo) -> str:
    return "bt2020" if info.color.primaries == "bt2020" else "bt709"


def _rescaled(plane: Plane, depth: int, target: int, is_full: bool) -> Plane:
    """Bring code values to another depth, rounding."""
    if depth == target:
        return plane
    kind = np.uint8 if target == 8 else np.uint16
    scale = (2**target - 1) / (2**depth - 1) if is_full else 2.0 ** (target - depth)
    return np.asarray(np.rint(plane * np.float32(scale)).clip(0, 2**target - 1), kind)


def _fillable(settings: EncoderSettings) -> str:
    """The planar format to fill; packed ones are made of it."""
    name = settings.pixel_format
    return name if name == settings.layout.planar.replace("yuv", "yuvj", 1) else settings.layout.planar


def _set_tags(target: Any, info: FilmInfo, settings: EncoderSettings) -> None:
    """Repeat what the source says of its colours, on an encoder or a picture."""
    tags, layout, codec = info.tags, settings.layout, settings.codec
    matrix, extent = tags.matrix, tags.range
    was_rgb = info.color.matrix == "identity"
    if layout.kind == "rgb" and (not was_rgb or codec in _CODECS_BY_MATRIX):
        matrix, extent = 0, FULL
    elif was_rgb and layout.kind != "rgb":
        matrix, extent = {"bt709": 1, "bt2020": 9}[_plain_matrix(info)], LIMITED
    target.color_primaries, target.color_trc = tags.primaries, tags.transfer
    target.colorspace, target.color_range = matrix, extent
