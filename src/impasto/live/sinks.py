"""Sinks of live pictures: files and streams, encoded by PyAV."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from impasto.errors import OutputError, UsageError
from impasto.live.clock import Clock
from impasto.live.decoded import make_picture, scaled, set_tags
from impasto.live.source_choice import url_scheme
from impasto.media.files import write_beside
from impasto.media.planar import PlanarFrame
from impasto.media.video_library import av

_TICKS = 90000
_KEY_SECONDS = 2
_CONTAINERS = {"rtmp": "flv", "rtmps": "flv", "rtsp": "rtsp", "rtsps": "rtsp", "srt": "mpegts", "udp": "mpegts"}
_FILES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ts", ".flv", ".avi"}
_PLAYLIST = ".m3u8"
_HLS_OPTIONS = {"hls_time": "2", "hls_list_size": "6", "hls_flags": "delete_segments+independent_segments"}
_STREAM_ENCODING = {"preset": "superfast", "tune": "zerolatency", "maxrate": "6M", "bufsize": "6M", "crf": "23"}
_FILE_ENCODING = {"preset": "superfast", "crf": "20"}
_VP9_ENCODING = {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "0"}
_CONNECT_SECONDS, _WRITE_SECONDS = 10.0, 5.0
FIRST_WAIT, LONGEST_WAIT = 1.0, 15.0


class LiveSink(Protocol):
    """Takes frames as they are made; any size, and any time between them."""

    def write(self, frame: PlanarFrame) -> None: ...

    def close(self) -> None: ...


class EncodedSink:
    """A film or a stream. It begins with the first frame; later ones of another size are brought to that of the first.

    A file appears, whole, once `close` has returned. Sound is not carried.

    Parameters
    ----------
    target
        A path (.mp4, .mkv, .webm, …; .m3u8 for HLS, whose parts lie beside it) or a URL (rtmp, rtsp, srt, udp).
    rate
        Frames a second that are to be expected.

    Raises
    ------
    UsageError
        No live picture goes into such a file, or to such a URL.
    """

    def __init__(self, target: str, rate: float) -> None:
        self.num_written = 0
        self._target = target
        self._rate = max(1.0, rate)
        self._scheme = url_scheme(target)
        suffix = Path(target).suffix.lower()
        if self._scheme is not None and self._scheme not in _CONTAINERS:
            raise UsageError(f"Nothing can be sent to '{self._scheme}://'. Use one of {', '.join(_CONTAINERS)}.")
        if self._scheme is None and suffix not in {*_FILES, _PLAYLIST}:
            kinds = ", ".join(sorted(_FILES))
            raise UsageError(f"{target}: live pictures go into {kinds}, or {_PLAYLIST} for HLS.")
        self._is_file = suffix in _FILES and self._scheme is None
        self._codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
        self._container: Any = None
        self._beside: AbstractContextManager[Path] = nullcontext(Path(target))
        self._first = Fraction(0)
        self._last = -1

    def write(self, frame: PlanarFrame) -> None:
        """Encode a frame.

        Raises
        ------
        OutputError
            The disk is full, or whoever was to receive it does not.
        """
        try:
            if self._container is None:
                self._open(frame)
            if (frame.width // 2 * 2, frame.height // 2 * 2) != (self._stream.width, self._stream.height):
                frame = scaled(frame, self._stream.width, self._stream.height)
            picture = make_picture(frame)
            picture.time_base = Fraction(1, _TICKS)
            self._last = max(self._last + 1, round((frame.pts - self._first) * _TICKS))
            picture.pts = self._last
            self._container.mux(self._stream.encode(picture))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self._give_up(error)
            raise self._refusal(error) from error
        self.num_written += 1

    def close(self) -> None:
        """Finish what was begun; without a single frame, nothing is written.

        Raises
        ------
        OutputError
            The disk is full.
        """
        container, self._container = self._container, None
        if container is None:
            return
        try:
            container.mux(self._stream.encode(None))
            container.close()
        except (av.error.FFmpegError, ValueError) as error:
            self._container = container
            self._give_up(error)
            raise self._refusal(error) from error
        self._beside.__exit__(None, None, None)

    def _open(self, frame: PlanarFrame) -> None:
        if self._is_file:
            self._beside = write_beside(self._target)
        path = self._beside.__enter__()
        address = str(path) if self._scheme is None else self._target
        kind = _CONTAINERS.get(self._scheme or "")
        options = _HLS_OPTIONS if Path(self._target).suffix.lower() == _PLAYLIST else {}
        timeouts = (_CONNECT_SECONDS, _WRITE_SECONDS) if self._scheme else None
        self._container = av.open(address, "w", format=kind, options=dict(options), timeout=timeouts)
        self._first = frame.pts
        self._stream = self._add_stream(frame)
        self._container.start_encoding()

    def _add_stream(self, frame: PlanarFrame) -> Any:
        encoding = _VP9_ENCODING if self._codec != "libx264" else _FILE_ENCODING if self._is_file else _STREAM_ENCODING
        rate = Fraction(self._rate).limit_denominator(1001)
        stream = self._container.add_stream(self._codec, rate=rate, options=dict(encoding))
        stream.width, stream.height, stream.pix_fmt = frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p"
        coded = stream.codec_context
        coded.time_base = Fraction(1, _TICKS)
        coded.gop_size = round(self._rate * _KEY_SECONDS)
        set_tags(coded, frame.color)
        return stream

    def _give_up(self, error: BaseException) -> None:
        container, self._container = self._container, None
        if container is not None:
            with suppress(av.error.FFmpegError, ValueError):
                container.close()
        with suppress(OutputError, av.error.FFmpegError, ValueError, OSError):
            self._beside.__exit__(type(error), error, None)

    def _refusal(self, error: BaseException) -> OutputError:
        if isinstance(error, OutputError):
            return error
        if isinstance(error, av.error.ProtocolNotFoundError):
            return OutputError(f"PyAV as installed here does not speak {self._scheme}://. Use another kind of URL.")
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        target = str(Path(self._target)) if self._scheme is None else f"{self._scheme}://…"
        return OutputError(f"{target} cannot be written: {reason}.")


class PatientSink:
    """Opens another sink again where it has failed, after a while; frames until then are lost.

    Parameters
    ----------
    make
        Makes the sink.

    Attributes
    ----------
    problem
        Why nothing is sent at present; "" while it is.

    Raises
    ------
    OutputError
        From `write`, when the first attempt fails: then the address is wrong.
    """

    def __init__(self, make: Callable[[], LiveSink], clock: Clock) -> None:
        self.problem = ""
        self._make, self._clock = make, clock
        self._sink: LiveSink | None = make()
        self._has_worked = False
        self._wait = FIRST_WAIT
        self._due = 0.0

    def write(self, frame: PlanarFrame) -> None:
        """Send a frame, if there is where to."""
        if self._sink is None:
            if self._clock.now() < self._due:
                return
            self._sink = self._make()
        try:
            self._sink.write(frame)
        except OutputError as error:
            if not self._has_worked:
                raise
            self._sink, self.problem = None, str(error)
            self._due = self._clock.now() + self._wait
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            return
        self._has_worked, self.problem, self._wait = True, "", FIRST_WAIT

    def close(self) -> None:
        """Close what is open."""
        if self._sink is not None:
            self._sink.close()


def is_stream(target: str) -> bool:
    """Tell whether a target is somewhere else, so that it may come and go."""
    return url_scheme(target) is not None
