"""`impasto rate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.ending import print_error
from impasto.cli.options import Strength
from impasto.cli.taste import default_ratings, load_look_table
from impasto.errors import UsageError

Photo = Annotated[
    Path | None, typer.Argument(metavar="PICTURE", help="The picture before it was restyled.", show_default=False)
]
RatedStyle = Annotated[
    str | None,
    typer.Option("--style", "-s", metavar="STYLE", help="An installed style, or a .style file.", show_default=False),
]
Stars = Annotated[
    float | None, typer.Option("--stars", min=1, max=5, help="1 is poor, 5 is what you want.", show_default=False)
]
Forget = Annotated[bool, typer.Option("--forget", help="Delete all your ratings, and do nothing else.")]


def rate(
    photo: Photo = None, style: RatedStyle = None, stars: Stars = None, strength: Strength = 1.0, forget: Forget = False
) -> None:
    """Say how much you like a style on a picture, so that 'impasto recommend' learns your taste.

    Rating again replaces the older rating of the same picture, style and strength. What is kept are the stars, the
    measured light and colour, and where the picture was; nothing leaves this machine.
    """
    if forget:
        _refuse_more(photo, style, stars)
        typer.echo("Forgot all ratings." if default_ratings().forget() else "There were no ratings.")
        return
    if photo is None or style is None or stars is None:
        raise UsageError("say what to rate: impasto rate photo.jpg --style NAME --stars 4")
    from impasto.gallery.photo_study import study_file  # noqa: PLC0415
    from impasto.gallery.suitability import effect_of  # noqa: PLC0415
    from impasto.gallery.taste import Rated  # noqa: PLC0415
    from impasto.style.library import default_library  # noqa: PLC0415

    look = load_look_table(default_library().resolve(style))
    rated = Rated(look.name, stars, effect_of(study_file(photo), look, strength))
    store = default_ratings()
    replaced = store.add(photo, rated, print_error)
    count = len(store.load(print_error))
    amount = "1 star" if stars == 1 else f"{stars:g} stars"
    typer.echo(f"{'Changed' if replaced else 'Kept'}: {amount} for {look.name} on {photo}. Ratings: {count}.")


def _refuse_more(*given: object) -> None:
    if any(value is not None for value in given):
        raise UsageError("--forget deletes all ratings; give it alone.")
