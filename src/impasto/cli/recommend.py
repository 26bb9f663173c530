"""`impasto recommend`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.ending import print_error
from impasto.cli.taste import default_ratings, installed_looks

if TYPE_CHECKING:
    from impasto.gallery.recommend import Suggestion

Photo = Annotated[Path, typer.Argument(metavar="PICTURE", help="The picture to find a style for.")]
Count = Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="How many styles to show.")]


def recommend(photo: Photo, count: Count = 5) -> None:
    """Rank the installed styles by how they suit a picture and your taste, each with a strength and the reason.

    Stars are what you would give, as far as 'impasto rate' has taught it, and how sure that is. Nothing leaves this
    machine.
    """
    from impasto.gallery.photo_study import study_file  # noqa: PLC0415
    from impasto.gallery.recommend import recommend as rank_looks  # noqa: PLC0415

    study = study_file(photo)
    looks, unusable = installed_looks()
    for message in unusable:
        print_error(message)
    rated = default_ratings().load(print_error)
    suggestions = rank_looks(study, looks, rated)[:count]
    if not suggestions:
        typer.echo("No style that can be judged is installed. 'impasto learn' makes one; 'impasto styles' lists all.")
        return
    typer.echo(_table(suggestions))
    first = suggestions[0]
    name = f"'{photo}'" if " " in str(photo) else str(photo)
    typer.echo(f"\nTo apply the first: impasto apply {name} --style {first.style} --strength {first.strength:.1f}")
    typer.echo(_footing(len(rated)))


def _footing(num_ratings: int) -> str:
    if num_ratings == 0:
        return "You have rated nothing yet, so this goes by the picture alone; 'impasto rate' teaches your taste."
    return f"Your {num_ratings} rating(s) count in this."


def _table(suggestions: Sequence[Suggestion]) -> str:
    width = max(len("style"), *(len(suggestion.style) for suggestion in suggestions))
    lines = [f"    {'style':{width}}  stars      strength  why"]
    for place, each in enumerate(suggestions, 1):
        stars = f"{each.stars:.1f} ± {each.uncertainty:.1f}"
        lines.append(f"{place:2}  {each.style:{width}}  {stars}  {each.strength:8.1f}  {each.reason}")
    return "\n".join(lines)
