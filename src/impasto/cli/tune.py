"""`impasto tune learn`."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.ending import with_clean_ending
from impasto.cli.learn import Content, Family, Loss, Pick, RecipeName, References, Side, Start
from impasto.cli.options import Overwrite, Seed, command_of

if TYPE_CHECKING:
    from impasto.train.tuning import TuneResult

tune = typer.Typer(help="Search for options that learn better in the same time.", no_args_is_help=True)

RecipeFile = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The recipe to write, for 'learn --recipe FILE'.")
]
SearchMinutes = Annotated[float, typer.Option("--minutes", help="Time for the whole search.")]
TrialMinutes = Annotated[
    float | None,
    typer.Option(
        "--trial-minutes",
        help="Time that each trial trains for. Default: a twelfth of the search, and no more than 'learn' takes.",
        show_default=False,
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the search beside this output for --minutes more.")]


@dataclass(frozen=True)
class TuneOptions:
    """The options of `impasto tune learn`."""

    references: References
    output: RecipeFile = Path("best.recipe.json")
    content: Content = None
    family: Family = "look"
    minutes: SearchMinutes = 60.0
    trial_minutes: TrialMinutes = None
    recipe: RecipeName = None
    start: Start = None
    loss: Loss = None
    side: Side = None
    pick: Pick = None
    seed: Seed = 0
    resume: Resume = False
    overwrite: Overwrite = False

    def for_recipe(self) -> dict[str, Any]:
        """Return what was said of the recipe that the search starts from."""
        said = {name: getattr(self, name) for name in ("recipe", "start", "loss", "side", "seed")}
        return {name: value for name, value in said.items() if value is not None}


@tune.callback()
def tuning() -> None:
    """Search for options that learn better in the same time."""


@tune.command("learn")
@with_clean_ending
@command_of(TuneOptions)
def tune_learn(options: TuneOptions) -> None:
    """Search for a recipe for these references, and write it for 'impasto learn --recipe'.

    Needs the extra 'tune'. Each trial learns from nothing for the same time and is judged by the validation figure;
    those that fall behind are given up. Ctrl-C keeps the best so far; --resume goes on from there.
    """
    from impasto.api import learning_extra  # noqa: PLC0415
    from impasto.cli.learn_progress import PlainListener  # noqa: PLC0415

    with learning_extra():
        from impasto.train.families import recipe_of  # noqa: PLC0415
        from impasto.train.tuning import TuneJob, tune_recipe  # noqa: PLC0415
    said = {each.name: getattr(options, each.name) for each in fields(TuneJob) if hasattr(options, each.name)}
    recipe = recipe_of(options.family, options.for_recipe())
    job = TuneJob(**(said | {"recipe": recipe, "content": options.content or ()}))
    result = tune_recipe(job, PlainListener())
    for line in _described(result):
        typer.echo(line)
    typer.echo(f"Wrote {options.output}.")


def _described(result: TuneResult) -> list[str]:
    """Return what was found, and how far it can be believed."""
    tried = f"{result.num_trials} trials ended, {result.num_pruned} were given up on the way."
    figures = f"{result.metric}: {result.best_distance:.4g} at best"
    if math.isfinite(result.start_distance):
        figures += f", {result.start_distance:.4g} from where the search started"
    lines = [tried, figures + "."]
    if result.compared is not None:
        start, best = result.compared
        lines.append(f"Under another seed: {best:.4g} against {start:.4g} from the start.")
    elif result.changes:
        lines.append("The best was not compared with the start under another seed: it may have been luck.")
    if not result.changes:
        lines.append("No better recipe was found: the one that was written is that of the start.")
    lines += [f"  {name}: {before} -> {after}" for name, (before, after) in result.changes.items()]
    return lines
