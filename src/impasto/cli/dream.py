"""`impasto dream`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.options import Output, Overwrite, Quality, StyleArgument, command_of

if TYPE_CHECKING:
    from impasto.api.dreaming import Dream

Count = Annotated[int, typer.Option("--count", "-n", min=1, max=100_000, help="How many pictures.")]
DreamSeed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same dreams.")]
Walk = Annotated[
    str | None,
    typer.Option(
        "--walk", metavar="TIME", help="A film of so many seconds, such as 8s, from dream to dream.", show_default=False
    ),
]
Near = Annotated[
    Path | None,
    typer.Option("--near", metavar="PHOTO", help="Look for the dream that is nearest to a photo.", show_default=False),
]
Mix = Annotated[bool, typer.Option("--mix", help="A table of layouts (rows) in the appearances of others (columns).")]
DreamNoise = Annotated[
    str | None,
    typer.Option(
        "--noise",
        help="normal, uniform, truncated[:BOUND] or mixture[:PARTS]. Default: as it was learned.",
        show_default=False,
    ),
]
Tile = Annotated[
    int | None,
    typer.Option(
        "--tile",
        metavar="PIXELS",
        min=8,
        max=4096,
        help="Side of each picture on a sheet or in a film. Default: its own, enlarged to 128 or more.",
        show_default=False,
    ),
]
Effort = Annotated[int, typer.Option("--effort", min=10, max=1_000_000, help="How many pictures --near may try.")]
Rate = Annotated[int, typer.Option("--rate", min=1, max=120, help="Pictures a second of a walk.")]


@dataclass(frozen=True)
class DreamOptions:
    """The options of `impasto dream`."""

    style: StyleArgument
    output: Output
    count: Count = 16
    seed: DreamSeed = 0
    walk: Walk = None
    near: Near = None
    mix: Mix = False
    noise: DreamNoise = None
    tile: Tile = None
    effort: Effort = 4000
    rate: Rate = 24
    quality: Quality = 95
    overwrite: Overwrite = False


@command_of(DreamOptions)
def dream(options: DreamOptions) -> None:
    """Make pictures of noise with a dream style: a sheet, single files (an output ending in /), or a film."""
    from impasto.api.dreaming import load_dream  # noqa: PLC0415
    from impasto.errors import UsageError  # noqa: PLC0415
    from impasto.media.files import check_output  # noqa: PLC0415

    if sum((options.walk is not None, options.near is not None, options.mix)) > 1:
        raise UsageError("--walk, --near and --mix exclude each other.")
    source = options.near or Path(options.style)
    check_output(Path(options.output), source, options.overwrite)
    chosen = load_dream(options.style)
    if options.walk is not None:
        _write_walk(chosen, options, options.walk)
    elif options.near is not None:
        _write_near(chosen, options, options.near)
    elif options.output.endswith((os.sep, "/")):
        _write_folder(chosen, options)
    else:
        _write_sheet(chosen, options)


def _write_sheet(chosen: Dream, options: DreamOptions) -> None:
    from impasto.export.dream_sheet import dream_sheet  # noqa: PLC0415
    from impasto.media.image_write import check_picture_suffix  # noqa: PLC0415

    check_picture_suffix(options.output)
    if options.mix:
        side = max(2, round(options.count**0.5))
        pictures = chosen.mix(side, side, options.seed, options.noise)
        sheet = dream_sheet(pictures, side, options.tile)
    else:
        pictures = chosen.pictures(options.count, options.seed, options.noise)
        sheet = dream_sheet(pictures, tile=options.tile)
    _write(sheet, options)
    typer.echo(f"Wrote {options.output}: {len(pictures)} picture(s) of {chosen.side}×{chosen.side} pixels.")


def _write_folder(chosen: Dream, options: DreamOptions) -> None:
    from impasto.export.dream_sheet import enlarged  # noqa: PLC0415
    from impasto.media.frame import Frame  # noqa: PLC0415
    from impasto.media.image_write import write_image  # noqa: PLC0415

    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(chosen.pictures(options.count, options.seed, options.noise)):
        shown = enlarged(picture, options.tile or chosen.side)
        write_image(Frame(shown), folder / f"dream-{options.seed}-{index:05}.png")
    typer.echo(f"Wrote {options.count} picture(s) to {folder}.")


def _write_walk(chosen: Dream, options: DreamOptions, length: str) -> None:
    from impasto.export.dream_film import check_film_suffix, write_walk  # noqa: PLC0415
    from impasto.export.dream_sheet import default_tile, enlarged  # noqa: PLC0415

    check_film_suffix(options.output)
    seconds = _seconds(length)
    tile = (options.tile or default_tile(chosen.side)) // 2 * 2
    pictures = chosen.walk(seconds, options.rate, options.seed, options.noise)
    count = write_walk(options.output, (enlarged(picture, tile) for picture in pictures), options.rate)
    typer.echo(f"Wrote {options.output}: {count} pictures, {seconds:g} s.")


def _write_near(chosen: Dream, options: DreamOptions, photo: Path) -> None:
    from impasto.export.dream_sheet import dream_sheet  # noqa: PLC0415
    from impasto.media.image_write import check_picture_suffix  # noqa: PLC0415

    check_picture_suffix(options.output)
    with _bar() as progress:
        target, found, how = chosen.near(photo, options.effort, progress)
    _write(dream_sheet([target, found], 2, options.tile), options)
    typer.echo(
        f"Wrote {options.output}: the photo, and the nearest dream. Distance {how.distance:.3f}; "
        f"the best of random dreams had {how.at_random:.3f}, a usual one has {how.typical:.3f}."
    )


def _write(pixels: Any, options: DreamOptions) -> None:
    from impasto.media.frame import Frame  # noqa: PLC0415
    from impasto.media.image_write import write_image  # noqa: PLC0415

    write_image(Frame(pixels), options.output, quality=options.quality)


def _seconds(text: str) -> float:
    """Read `8`, `8s` or `1.5m`."""
    from impasto.errors import UsageError  # noqa: PLC0415

    factor = {"s": 1.0, "m": 60.0}.get(text[-1:])
    try:
        seconds = float(text if factor is None else text[:-1]) * (factor or 1.0)
    except ValueError:
        raise UsageError(f"'{text}' is no length of time; write seconds or minutes: 8s, 1.5m.") from None
    if not 0 < seconds <= 3600:
        raise UsageError(f"a walk takes from a moment to an hour, not '{text}'.")
    return seconds


@contextmanager
def _bar() -> Iterator[Any]:
    import sys  # noqa: PLC0415

    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with typer.progressbar(length=1000, label="Looking", file=sys.stderr) as bar:
        yield lambda share: bar.update(round(1000 * share) - bar.pos)
