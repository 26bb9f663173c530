"""`impasto check`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.ending import FAILED_IN_PART, print_error
from impasto.cli.options import StyleChoice
from impasto.cli.progress import count_progress

if TYPE_CHECKING:
    from impasto.gate.checking import Checked

Outputs = Annotated[
    list[Path], typer.Argument(metavar="PICTURE", help="Results, or folders that are searched for them.")
]
Content = Annotated[
    list[Path] | None,
    typer.Option(
        "--content",
        metavar="PICTURES",
        help="What they were made of, by the same names; a folder, or several by giving it again. More can be told.",
        show_default=False,
    ),
]
JsonPath = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write all numbers there, too.", show_default=False)
]
MapFolder = Annotated[
    Path | None,
    typer.Option("--map", metavar="DIR", help="Write there where each doubtful one is worst.", show_default=False),
]

_ORDER = ("refuse", "review", "pass")


def check(
    pictures: Outputs,
    style: StyleChoice,
    content: Content = None,
    json_path: JsonPath = None,
    map_dir: MapFolder = None,
) -> None:
    """Say of each result whether it passes, is doubtful or is to be refused, and why.

    The style judges, by what it was calibrated on when it was learned. The exit code is 1 if any is refused.
    """
    from impasto.api import load  # noqa: PLC0415
    from impasto.gate.checking import check_files, find_contents, places_of  # noqa: PLC0415

    chosen = load(style)
    gate = chosen.gate()
    outputs = places_of(pictures)
    contents = find_contents(outputs, places_of(content), chosen.name) if content else {}
    _check_targets(json_path, map_dir, outputs)
    with count_progress() as progress:
        checked = list(check_files(gate, outputs, contents, progress, with_maps=map_dir is not None))
    checked.sort(key=lambda each: _ORDER.index(each.verdict.judgement) if each.verdict else len(_ORDER))
    if json_path is not None:
        _write_json(checked, chosen.name, json_path)
    if map_dir is not None:
        _write_maps(checked, map_dir)
    _print(checked, gate.caution, has_content=content is not None)


def _check_targets(json_path: Path | None, map_dir: Path | None, outputs: dict[Path, Path]) -> None:
    """Refuse what could not be written, or would replace a result, before any work."""
    from impasto.errors import OutputError  # noqa: PLC0415
    from impasto.media.files import check_output  # noqa: PLC0415

    if map_dir is not None and map_dir.exists() and not map_dir.is_dir():
        raise OutputError(f"{map_dir} is a file. Maps need a folder to go to.")
    for path in outputs if json_path is not None else ():
        check_output(json_path or path, path)


def _print(checked: Sequence[Checked], caution: str, *, has_content: bool) -> None:
    for each in checked:
        if each.verdict is None:
            print_error(each.error)
        else:
            typer.echo(f"{each.verdict.judgement:8}{each.path}{_reason(each)}")
    counts = Counter(str(each.verdict.judgement) if each.verdict else "unreadable" for each in checked)
    totals = {"pass": "passed", "review": "to review", "refuse": "refused", "unreadable": "unreadable"}
    typer.echo(
        ", ".join(f"{counts[key]} {words}" for key, words in totals.items() if counts[key] or key == "pass") + "."
    )
    lonely = sum(each.content is None for each in checked)
    if has_content and lonely:
        typer.echo(f"{lonely} had no content of the same name, and were judged by themselves.")
    if caution:
        typer.echo(caution)
    if counts["refuse"] or counts["unreadable"]:
        raise typer.Exit(FAILED_IN_PART)


def _reason(checked: Checked) -> str:
    return f": {checked.verdict.reason}" if checked.verdict and checked.verdict.reason else ""


def _write_json(checked: Sequence[Checked], style_name: str, path: Path) -> None:
    from impasto.media.files import write_beside  # noqa: PLC0415

    report = {"style": style_name, "pictures": [_as_json(each) for each in checked]}
    with write_beside(path) as temporary:
        temporary.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _as_json(checked: Checked) -> dict[str, Any]:
    verdict = checked.verdict
    return {
        "path": str(checked.path),
        "content": str(checked.content) if checked.content else None,
        "judgement": str(verdict.judgement) if verdict else None,
        "reason": verdict.reason if verdict else checked.error,
        "scores": {name: round(value, 4) for name, value in (verdict.scores or {}).items()} if verdict else {},
    }


def _write_maps(checked: Sequence[Checked], folder: Path) -> None:
    from impasto.media.frame import Frame  # noqa: PLC0415
    from impasto.media.image_write import write_image  # noqa: PLC0415

    for each in checked:
        if each.map_picture is None or each.verdict is None or each.verdict.judgement == "pass":
            continue
        # The whole name is kept, since a.jpg and a.png may lie beside each other.
        target = folder / each.place.with_name(f"{each.place.name}.png")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_image(Frame(each.map_picture), target)
