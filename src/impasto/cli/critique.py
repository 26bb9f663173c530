"""`impasto critique`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.ending import FAILED_IN_PART, print_error
from impasto.cli.options import Overwrite, Pictures

if TYPE_CHECKING:
    from impasto.critique.finding import Critique
    from impasto.media.frame import Frame

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")]
OverlayPath = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="Write the picture with all of it drawn on: a file, or a folder where there are several pictures.",
        show_default=False,
    ),
]

_MARKS = {"fine": " ", "look": "!", "unknown": "?"}


def critique(
    pictures: Pictures, as_json: AsJson = False, output: OverlayPath = None, overwrite: Overwrite = False
) -> None:
    """Say of a photo what can be measured: sharpness, noise, exposure, clipping, colour of the light, tilt, faces.

    Each with its number. '!' asks to be looked at, '?' cannot be told. Whether a photo is good, only you know.
    """
    from impasto.critique.critic import critique_file  # noqa: PLC0415
    from impasto.errors import UnreadableMediaError, UsageError  # noqa: PLC0415
    from impasto.media.files import find_places  # noqa: PLC0415

    found = find_places(pictures)
    if not found:
        raise UsageError(f"There is no picture in {', '.join(map(str, pictures))}.")
    targets = _targets(found, output, overwrite)
    reports: list[dict[str, object]] = []
    num_failed = 0
    for path in found:
        try:
            seen, frame = critique_file(path)
        except (UnreadableMediaError, ImportError) as error:  # one that needs an extra does not stop the rest
            print_error(str(error))
            reports.append({"path": str(path), "error": str(error)})
            num_failed += 1
            continue
        if path in targets:
            _write_overlay(seen, frame, targets[path])
        if as_json:
            reports.append(_report(path, seen))
        else:
            _print(path, seen)
    if as_json:
        typer.echo(json.dumps(reports, indent=2, ensure_ascii=False))
    if num_failed:
        raise typer.Exit(FAILED_IN_PART)


def _targets(found: dict[Path, Path], output: str | None, overwrite: bool) -> dict[Path, Path]:
    """Return where the overlay of each picture goes, once all of them may be written."""
    from impasto.errors import OutputError  # noqa: PLC0415
    from impasto.media.files import check_output  # noqa: PLC0415
    from impasto.media.image_write import check_picture_suffix  # noqa: PLC0415

    if output is None:
        return {}
    target = Path(output)
    if len(found) == 1 and not target.is_dir() and not output.endswith(("/", os.sep)):
        targets = dict.fromkeys(found, target)
    elif target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file. Overlays of several pictures need a folder to go to.")
    else:
        # The whole name is kept, since a.jpg and a.png may lie beside each other.
        targets = {path: target / place.with_name(f"{place.name}.critique.jpg") for path, place in found.items()}
    for path, each in targets.items():
        check_picture_suffix(each)
        check_output(each, path, overwrite)
    return targets


def _write_overlay(seen: Critique, frame: Frame, target: Path) -> None:
    from impasto.critique.overlay import draw_overlay  # noqa: PLC0415
    from impasto.media.frame import Frame as Picture  # noqa: PLC0415
    from impasto.media.image_write import write_image  # noqa: PLC0415

    if target.name.endswith(".critique.jpg"):
        target.parent.mkdir(parents=True, exist_ok=True)
    write_image(Picture(draw_overlay(seen, frame)), target)


def _report(path: Path, seen: Critique) -> dict[str, object]:
    return {
        "path": str(path),
        "width": seen.width,
        "height": seen.height,
        "findings": [each.as_json() for each in seen.findings],
        "faces": [[round(value, 4) for value in box] for box in seen.faces],
    }


def _print(path: Path, seen: Critique) -> None:
    typer.echo(f"{path} ({seen.width}×{seen.height})")
    width = max(len(each.name) for each in seen.findings)
    for each in seen.findings:
        typer.echo(f"  {_MARKS[each.level]} {each.name:{width}}  {each.phrase}")
