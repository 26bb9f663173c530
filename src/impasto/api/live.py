"""Live pictures: what the command line and the studio put together from sources, a style and sinks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from impasto.api.live_style import AppliedLive
from impasto.apply.stylizers import StylizerOptions
from impasto.errors import OutputError
from impasto.live.clock import Clock, SystemClock
from impasto.live.loop import ORDINARY_RATE, LiveLoop, LiveStatus
from impasto.live.page import LivePage
from impasto.live.sinks import EncodedSink, LiveSink, PatientSink, is_stream
from impasto.live.source_choice import SourceChoice, read_source_choice
from impasto.live.sources import CameraWishes, open_source
from impasto.live.stage import PAINT_RATE, LiveStage
from impasto.live.virtual_camera import VirtualCameraSink
from impasto.media.files import check_output
from impasto.media.film_info import read_info
from impasto.media.planar import PlanarFrame
from impasto.style.library import default_library

PAGE, VIRTUAL = "page", "virtual"


@dataclass(frozen=True, slots=True)
class LiveJob:
    """What is to run live.

    Attributes
    ----------
    style
        As `impasto.load` takes it.
    source
        `camera`, `camera:1`, a film, or a URL.
    target
        `page`, `virtual`, a file, or a URL.
    rate
        Frames a second to hold; None for what comes.
    repeat
        Begin a film again at its end.
    port
        Of the page; 0 takes any that is free.
    """

    style: str
    source: str = "camera"
    target: str = PAGE
    strength: float = 1.0
    rate: float | None = None
    keep_color: bool = False
    where: str | None = None
    runtime: str = "auto"
    size: tuple[int, int] = (1280, 720)
    repeat: bool = False
    port: int = 0

    @property
    def options(self) -> StylizerOptions:
        return StylizerOptions(self.strength, self.keep_color, where=self.where, runtime=self.runtime)


@dataclass(frozen=True, eq=False)
class LiveRun:
    """A loop, ready to run; the page it is shown on, if it is."""

    loop: LiveLoop
    page: LivePage | None


def open_live(job: LiveJob, clock: Clock | None = None) -> LiveRun:
    """Load the style, and put the loop together; the source is opened when it runs.

    Raises
    ------
    UsageError, UnknownStyleError, StyleFileError, OutputError, MissingExtraError
        Something cannot be done as asked.
    """
    clock, stop = clock or SystemClock(), Event()
    choice = read_source_choice(job.source)
    if choice.kind == "file" and job.target not in {PAGE, VIRTUAL} and not is_stream(job.target):
        _check_target(job.target, choice.address)
    wishes = CameraWishes(*job.size, round(job.rate or ORDINARY_RATE))
    style = AppliedLive.load(job.style, job.options)
    sink = _make_sink(job, clock)
    stage = LiveStage(style, job.strength, rate=job.rate or PAINT_RATE, clock=clock)
    stage.warm(_blank(job, choice))
    loop = LiveLoop(
        lambda: open_source(choice, clock, stop, wishes=wishes, repeat=job.repeat),
        stage,
        [sink],
        rate=job.rate,
        load_style=lambda name: AppliedLive.load(name, job.options),
        clock=clock,
        stop=stop,
    )
    if not isinstance(sink, LivePage):
        return LiveRun(loop, None)
    sink.start(PageControls(loop, job.style))
    return LiveRun(loop, sink)


class PageControls:
    """What the page may do with a loop; see `impasto.live.page.Controls`.

    Parameters
    ----------
    first
        The style to begin with, which may not be an installed one.
    folder
        Where clips go; by default the working directory.
    """

    def __init__(self, loop: LiveLoop, first: str, folder: Path | None = None) -> None:
        self._loop = loop
        appliable = [name for name, family, _ in default_library().overview() if family != "dream"]
        self._names = [*dict.fromkeys([*appliable, loop.stage.style_name])]
        # The page may ask for what is listed only: never for a path.
        self._specs: dict[str, str] = {loop.stage.style_name: first}
        self._folder = folder or Path()

    def styles(self) -> list[str]:
        """Return the installed styles, and the one that was asked for."""
        return self._names

    def status(self) -> LiveStatus:
        return self._loop.status()

    def choose(self, style: str) -> None:
        """Load another style; return when it is ready."""
        from impasto.errors import UnknownStyleError  # noqa: PLC0415

        if style not in self._names:
            raise UnknownStyleError(f"There is no style '{style}'.")
        self._loop.switch(self._specs.get(style, style)).result()

    def set_strength(self, strength: float) -> None:
        self._loop.stage.strength = strength

    def snapshot(self) -> bytes:
        """Return the picture that is shown, as PNG."""
        import io  # noqa: PLC0415

        from PIL import Image  # noqa: PLC0415

        encoded = io.BytesIO()
        Image.fromarray(self._loop.snapshot().to_rgb().pixels).save(encoded, "PNG", compress_level=1)
        return encoded.getvalue()

    def record(self, wanted: bool) -> str | None:
        """Begin or end a clip; return the name of its file."""
        if wanted:
            name = f"impasto-live-{time.strftime('%Y%m%d-%H%M%S')}.mp4"
            return self._loop.start_clip(self._folder / name).name
        path = self._loop.stop_clip()
        return path.name if path else None


def _check_target(target: str, film: str) -> None:
    """Refuse to write over the film that is played: of that, sound and late frames would be lost for good."""
    check_output(target, film, overwrite=True)
    if Path(target).exists() and Path(film).exists() and Path(target).samefile(film):
        raise OutputError(f"{target} is the film that is played. Give another name.")


def _blank(job: LiveJob, choice: SourceChoice) -> PlanarFrame:
    """Return a grey frame of the size that is to be expected."""
    width, height = job.size
    if choice.kind == "file":
        info = read_info(choice.address)
        width, height = info.width, info.height
    half = (height + 1) // 2, (width + 1) // 2
    y, u, v = (np.full(shape, 128, np.uint8) for shape in ((height, width), half, half))
    return PlanarFrame((y, u, v))


def _make_sink(job: LiveJob, clock: Clock) -> Any:
    rate = job.rate or ORDINARY_RATE
    if job.target == PAGE:
        return LivePage(job.port)
    if job.target == VIRTUAL:
        return VirtualCameraSink(rate)

    def make() -> LiveSink:
        return EncodedSink(job.target, rate)

    return PatientSink(make, clock) if is_stream(job.target) else make()
