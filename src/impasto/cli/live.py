"""`impasto live`."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.options import KeepColor, RuntimeName, Strength, StyleChoice, Where, command_of

if TYPE_CHECKING:
    from impasto.api.live import LiveJob, LiveRun
    from impasto.live.loop import LiveStatus

Source = Annotated[
    str,
    typer.Option("--from", metavar="SOURCE", help="camera, camera:1, a film, or a URL: rtsp://…, http://…, srt://…"),
]
Target = Annotated[
    str,
    typer.Option("--to", metavar="TARGET", help="page, virtual (a camera), a film, .m3u8, or a URL: rtmp://…"),
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--fps",
        min=1,
        max=240,
        help="Frames a second to hold. Default: all that come; of paint at least 15.",
        show_default=False,
    ),
]
Size = Annotated[str, typer.Option("--size", metavar="WxH", help="What a camera is asked for.")]
Repeat = Annotated[bool, typer.Option("--repeat", help="Begin a film again at its end.")]
Seconds = Annotated[
    float | None, typer.Option("--for", metavar="SECONDS", min=0.1, help="End after this time.", show_default=False)
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Of the page; 0 takes any that is free.")]
OpensBrowser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")]

_SHOW_EVERY = 0.5


@dataclass(frozen=True)
class LiveCommand:
    """The options of `impasto live`."""

    style: StyleChoice
    source: Source = "camera"
    target: Target = "page"
    strength: Strength = 1.0
    rate: Rate = None
    keep_color: KeepColor = False
    where: Where = None
    runtime: RuntimeName = "auto"
    size: Size = "1280x720"
    repeat: Repeat = False
    seconds: Seconds = None
    port: Port = 0
    browser: OpensBrowser = True


@command_of(LiveCommand)
def live(command: LiveCommand) -> None:
    """Restyle a camera, a stream or a film while it plays.

    Late frames are dropped, and paint is laid on at the size that keeps pace. The page shows the picture in the
    browser, changes style and strength, and takes snapshots and clips; only this machine can see it. Ctrl-C ends.
    """
    from impasto.api.live import open_live  # noqa: PLC0415

    run = open_live(_job(command))
    if run.page is not None:
        typer.echo(f"The picture is at {run.page.url}", err=True)
        if command.browser:
            import webbrowser  # noqa: PLC0415

            webbrowser.open(run.page.url)
    _follow(run, command.seconds)
    typer.echo(_summary(run.loop.status()))


def _job(command: LiveCommand) -> LiveJob:
    from impasto.api.live import LiveJob  # noqa: PLC0415
    from impasto.errors import UsageError  # noqa: PLC0415

    sides = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", command.size)
    if sides is None:
        raise UsageError(f"--size is width and height, as in 1280x720, not '{command.size}'.")
    return LiveJob(
        style=command.style,
        source=command.source,
        target=command.target,
        strength=command.strength,
        rate=command.rate,
        keep_color=command.keep_color,
        where=command.where,
        runtime=command.runtime,
        size=(int(sides[1]), int(sides[2])),
        repeat=command.repeat,
        port=command.port,
    )


def _follow(run: LiveRun, seconds: float | None) -> None:
    """Run the loop, and say on standard error how it goes: all the time on a terminal, else when that changes."""
    is_over = Event()
    teller = Thread(target=_tell, args=(run, is_over), daemon=True)
    teller.start()
    try:
        run.loop.run(seconds)
    except KeyboardInterrupt:
        pass  # that is how live pictures end; the loop has closed all by now
    finally:
        is_over.set()
        teller.join(timeout=2 * _SHOW_EVERY)


def _tell(run: LiveRun, is_over: Event) -> None:
    is_terminal, last = sys.stderr.isatty(), ""
    while not is_over.wait(_SHOW_EVERY):
        status = run.loop.status()
        if is_terminal:
            sys.stderr.write(f"\r\033[K{_line(status)}")
            sys.stderr.flush()
        elif (kind := re.sub(r"\d+", "", status.problem)) != last:  # not once for each second of waiting
            last = kind
            typer.echo(f"{time.strftime('%H:%M:%S')} {status.problem or 'Pictures come again.'}", err=True)
    if is_terminal:
        sys.stderr.write("\r\033[K")


def _line(status: LiveStatus) -> str:
    """Say in a line how it goes."""
    if status.problem:
        return status.problem.splitlines()[0]
    measured = status.measured
    painted = f" · painted at {status.working_side} px" if status.working_side else ""
    size = f"{status.size[0]}×{status.size[1]}"
    latency = f"latency p50 {1000 * measured.p50:.0f} ms, p95 {1000 * measured.p95:.0f} ms"
    told = f"{measured.fps:5.1f} fps · {latency} · dropped {status.num_dropped}"
    return f"{status.style} · {size} · {told}{painted}" if status.size[0] else "Waiting for the first picture …"


def _summary(status: LiveStatus) -> str:
    measured = status.measured
    times = f"latency p50 {1000 * measured.all_p50:.0f} ms, p95 {1000 * measured.all_p95:.0f} ms"
    return f"{measured.num_shown} frames, {measured.mean_fps:.1f} fps, {times}, dropped {status.num_dropped}"
