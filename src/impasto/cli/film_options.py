"""The options of `impasto apply` that are for films."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from impasto.errors import UsageError

Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="PICTURE", help="Pictures, folders that are searched for them, films, or sequences as shots/%06d.exr."
    ),
]
OptionalOutput = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="A file, or a folder for several. Default: beside, as portrait-STYLE.jpg, shoot-STYLE/, film-STYLE.mp4.",
        show_default=False,
    ),
]
FinishParts = Annotated[
    str | None,
    typer.Option(
        "--finish",
        metavar="PARTS",
        help="Grain and wear: off, a strength of what the style carries, or 'grain,dust:0.5' of grain, weave, flicker, "
        "scratches and dust. Default: what the style carries.",
        show_default=False,
    ),
]
Workers = Annotated[
    int, typer.Option("--jobs", "-j", min=1, max=64, help="Pictures at once, or processes that share a film.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with a film where an interrupted run stopped; if none did, begin.")
]
Codec = Annotated[
    str | None,
    typer.Option("--codec", metavar="NAME", help="Of a film: h264, hevc, av1, prores, ... Default: its own."),
]
Crf = Annotated[
    float | None,
    typer.Option("--crf", help="Constant quality of a film, on its codec's scale. Default: as the source was."),
]
Preset = Annotated[str | None, typer.Option("--preset", metavar="NAME", help="How long a film's encoder may search.")]
Deinterlace = Annotated[bool, typer.Option("--deinterlace", help="Make whole pictures of an interlaced film.")]
Preview = Annotated[
    str | None,
    typer.Option(
        "--preview", metavar="SECONDS", help="Only the most telling seconds of a film, such as 10s, side by side."
    ),
]
Stills = Annotated[int | None, typer.Option("--stills", min=1, help="Only so many of the best stills of a film.")]
ClusterAddress = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Have a film done by the machines of a Ray cluster: auto, ray://HOST:10001 or HOST:PORT.",
    ),
]
ReportPath = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write what became of each shot of a film, as .html or .json."),
]

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|seconds|m|min|minutes)?")


def parse_seconds(text: str) -> float:
    """Return the seconds that `10`, `10s` or `1.5m` says.

    Raises
    ------
    UsageError
        It says none.
    """
    match = _SECONDS.fullmatch(text.strip().lower())
    seconds = float(match[1]) * (60 if (match[2] or "s").startswith("m") else 1) if match else 0.0
    if not seconds:
        raise UsageError(f"'{text}' is no length of a preview. Write it as 10s.")
    return seconds
