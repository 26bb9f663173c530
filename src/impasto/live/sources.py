"""Sources of live pictures: cameras, streams, and films at their own pace, all through PyAV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from impasto.errors import UnreadableMediaError, UsageError
from impasto.live.clock import Clock
from impasto.live.decoded import read_picture
from impasto.live.schedule import BurstSchedule
from impasto.live.source_choice import SourceChoice
from impasto.media.film_info import read_info
from impasto.media.orientation import Orientation
from impasto.media.planar import PlanarFrame
from impasto.media.video_library import av

OPEN_SECONDS, READ_SECONDS = 10.0, 5.0
"""After so long without an answer, and without a picture, a stream counts as broken."""
_ORDINARY_RATE = Fraction(25)
_STREAM_OPTIONS = {
    "fflags": "nobuffer",
    "flags": "low_delay",
    "rtsp_transport": "tcp",
    "analyzeduration": "2000000",  # microseconds; without sound, RTMP is otherwise waited on for its sound
}
_BURSTY = "hls"
_SEGMENT_SECONDS = 20.0
"""What takes the place of `READ_SECONDS` where a picture may be waited for until a whole segment has been made."""
_MOST_DAMAGED = 200
"""Packets in a row that show nothing, after which a stream is taken up anew."""


class LiveSource(Protocol):
    """Pictures as they come; iterated once.

    Attributes
    ----------
    rate
        Frames a second, as far as it says.
    is_endless
        Whether an end is a fault, after which it should be opened again.
    """

    rate: float
    is_endless: bool

    def __iter__(self) -> Iterator[PlanarFrame]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class CameraWishes:
    """What a camera is asked for; it may give something else."""

    width: int = 1280
    height: int = 720
    rate: int = 30


class StreamSource:
    """The pictures of an opened container, at the times at which they come or, of a recording, are to be shown.

    Parameters
    ----------
    container
        Of PyAV; closed with the source.
    name
        For messages.
    paced
        Whether it is a recording, whose pictures come faster than they are to be shown, so that they must wait.
    repeat
        Begin a recording again at its end.
    stop
        Ends waiting.
    """

    def __init__(
        self,
        container: Any,
        name: str,
        clock: Clock,
        stop: Event,
        *,
        paced: bool,
        repeat: bool = False,
        orientation: Orientation | None = None,
    ) -> None:
        self.is_endless = not paced
        self._container, self._name = container, name
        self._clock, self._stop = clock, stop
        self._paced, self._repeat = paced, repeat
        self._orientation = orientation or Orientation()
        if not container.streams.video:
            self.close()
            raise UnreadableMediaError(f"{name} has no pictures.")
        self._stream = container.streams.video[0]
        self._stream.codec_context.thread_type = "SLICE"  # threads for frames would hold some back
        self.rate = float(self._stream.average_rate or self._stream.guessed_rate or _ORDINARY_RATE)
        self._offset = Fraction(0)
        self._schedule = BurstSchedule() if self.is_endless and _BURSTY in container.format.name.split(",") else None

    def __iter__(self) -> Iterator[PlanarFrame]:
        start = self._clock.now()
        while True:
            last = None
            for picture in self._pictures():
                time = self._time_of(picture, last)
                delay = self._delay(picture, start + float(time))
                if delay is not None and self._clock.wait(self._stop, delay):
                    return
                last = time
                frame = self._orientation.turn_frame(read_picture(picture))
                yield replace(frame, pts=time) if self._paced else frame
            if not self._repeat or last is None:
                return
            self._offset = last + Fraction(1) / Fraction(self.rate).limit_denominator(1001)
            self._rewind()

    def close(self) -> None:
        """Let go of the device, file or connection."""
        self._container.close()

    def _delay(self, picture: Any, due: float) -> float | None:
        """Return in how many seconds a picture is due; None for what is shown as it comes."""
        now = self._clock.now()
        if self._schedule is not None and picture.pts is not None:
            return self._schedule.delay(float(picture.pts * picture.time_base), now)
        return due - now if self._paced else None

    def _time_of(self, picture: Any, last: Fraction | None) -> Fraction:
        """Return when a picture is shown, in seconds since the first."""
        if not self._paced:
            return Fraction(0)
        time = picture.pts * picture.time_base if picture.pts is not None else None
        if last is None:
            self._first = time or Fraction(0)
            return self._offset
        step = Fraction(1) / Fraction(self.rate).limit_denominator(1001)
        shown = last + step if time is None else self._offset + time - self._first
        return max(shown, last)

    def _pictures(self) -> Iterator[Any]:
        num_damaged = 0
        with stream_errors(self._name):
            for packet in self._container.demux(self._stream):
                try:
                    pictures = packet.decode()
                except av.error.InvalidDataError:
                    num_damaged += 1
                    if num_damaged > _MOST_DAMAGED:
                        raise UnreadableMediaError(f"{self._name} shows nothing that can be decoded.") from None
                    continue
                num_damaged = 0 if pictures else num_damaged
                yield from pictures

    def _rewind(self) -> None:
        with stream_errors(self._name):
            self._container.seek(self._stream.start_time or 0, stream=self._stream, backward=True)


def open_source(
    choice: SourceChoice,
    clock: Clock,
    stop: Event,
    *,
    wishes: CameraWishes | None = None,
    repeat: bool = False,
) -> LiveSource:
    """Open what a user has chosen.

    Parameters
    ----------
    wishes
        For cameras.
    repeat
        Begin a film again at its end.

    Raises
    ------
    UnreadableMediaError
        There is nothing there, or it does not answer, or shows no pictures.
    UsageError
        No camera can be named so on this system.
    """
    name = str(choice)
    if choice.kind == "camera":
        container = _open_camera(choice.address, wishes or CameraWishes())
        return StreamSource(container, name, clock, stop, paced=False)
    if choice.kind == "url":
        container = _open_stream(name, choice.address)
        return StreamSource(container, name, clock, stop, paced=bool(container.duration), repeat=repeat)
    orientation = read_info(Path(choice.address)).orientation
    container = _open(name, choice.address)
    return StreamSource(container, name, clock, stop, paced=True, repeat=repeat, orientation=orientation)


@contextmanager
def stream_errors(name: str) -> Iterator[None]:
    """Say with which source it was that PyAV could not go on."""
    try:
        yield
    except (av.error.ExitError, av.error.TimeoutError) as error:
        raise UnreadableMediaError(f"{name} does not answer any more.") from error
    except av.error.ProtocolNotFoundError as error:
        raise UnreadableMediaError(f"{name} is of a kind that PyAV as installed here does not speak.") from error
    except av.error.FFmpegError as error:
        reason = (error.strerror or str(error)).rstrip(".")
        raise UnreadableMediaError(f"{name} gives no pictures: {reason}.") from error


def camera_inputs(address: str, platform: str = sys.platform) -> tuple[str, str]:
    """Return the device format of FFmpeg, and what it calls a camera.

    Raises
    ------
    UsageError
        Windows knows cameras by name only, or there are no cameras on this system.
    """
    if platform.startswith("linux"):
        return "v4l2", f"/dev/video{address}" if address.isdigit() else address
    if platform == "darwin":
        return "avfoundation", f"{address}:none"
    if platform == "win32":
        if address.isdigit():
            raise UsageError("Name the camera as Windows does: --from 'camera:Integrated Camera'.")
        return "dshow", f"video={address}"
    raise UsageError(f"Impasto knows no cameras on '{platform}'. Use a URL.")


def camera_options(wishes: CameraWishes, platform: str = sys.platform) -> list[dict[str, str]]:
    """Return what to ask a camera for, the best first; the last asks for nothing."""
    plain = {"video_size": f"{wishes.width}x{wishes.height}", "framerate": str(wishes.rate)}
    # Over USB 2, pictures of this size come 30 times a second only when they are compressed.
    compressed = {"linux": "input_format", "win32": "vcodec"}.get(platform)
    return [*([{**plain, compressed: "mjpeg"}] if compressed else []), plain, {}]


def _open_stream(name: str, address: str) -> Any:
    if ".m3u8" not in address.lower():
        return _open(name, address, options=_STREAM_OPTIONS, timeout=(OPEN_SECONDS, READ_SECONDS))
    return _open(name, address, timeout=(OPEN_SECONDS, _SEGMENT_SECONDS))


def _open_camera(address: str, wishes: CameraWishes) -> Any:
    device_format, device = camera_inputs(address)
    name = f"camera {address}"
    if device_format == "v4l2" and not Path(device).exists():
        raise UnreadableMediaError(f"There is no camera {device}. Is it plugged in? Others: --from camera:NUMBER.")
    return _first_opened(name, device, device_format, camera_options(wishes))


def _first_opened(name: str, device: str, device_format: str, options: Sequence[Mapping[str, str]]) -> Any:
    for each in options[:-1]:
        try:
            return _open(name, device, format=device_format, options=each)
        except UnreadableMediaError:
            continue
    return _open(name, device, format=device_format, options=options[-1])


def _open(name: str, address: str, *, options: Mapping[str, str] | None = None, **more: Any) -> Any:
    with stream_errors(name):
        return av.open(address, options=dict(options or {}), metadata_errors="replace", **more)


Opener = Callable[[], LiveSource]
__all__ = ["CameraWishes", "LiveSource", "Opener", "open_source"]
