"""`impasto learn`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli.learn_progress import watch
from impasto.cli.options import Output, Overwrite, Seed, command_of

References = Annotated[
    list[Path], typer.Argument(metavar="REFERENCES", help="Pictures or films that show the look, or folders.")
]
Content = Annotated[
    list[Path] | None,
    typer.Option(
        "--content",
        metavar="PICTURES",
        help="Pictures or films as you take them, or a folder; may be given several times. Default: made from "
        "the references.",
        show_default=False,
    ),
]
Family = Annotated[
    str,
    typer.Option(
        "--family",
        help="What is learned: look (colour and tone), paint (brush, line and print), dream (pictures from noise) or "
        "restore (photos from damaged ones).",
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option(
        "--minutes",
        help="Time to train for. Default: 5 for a look, 10 for paint, 30 for a dream, 20 to restore.",
        show_default=False,
    ),
]
Steps = Annotated[
    int | None, typer.Option("--steps", help="Number of training steps, instead of a time.", show_default=False)
]
Description = Annotated[str, typer.Option("--description", help="One line about the style, kept in the file.")]
LicenseNote = Annotated[str, typer.Option("--license-note", help="Your rights to the references, kept in the file.")]
LogDir = Annotated[
    Path | None,
    typer.Option("--log-dir", metavar="DIR", help="Where to log for TensorBoard.", show_default=False),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from where an interrupted run with this output stopped.")]
Pick = Annotated[
    int | None,
    typer.Option(
        "--pick", min=1, help="Learn from this many references only, those most of one style.", show_default=False
    ),
]
Loss = Annotated[
    str | None,
    typer.Option("--loss", help="hinge, non-saturating, bce, lsgan or wgan-gp. Default: hinge.", show_default=False),
]
R1Weight = Annotated[
    float | None,
    typer.Option("--r1-weight", help="Weight of the R1 penalty. Default: 0, which leaves it out.", show_default=False),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        help="Pictures per training step. Default: 24 for a look, 6 for paint, 16 for a dream, 8 to restore.",
        show_default=False,
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="START",
        help="What paint starts from: trunk, none, or a .style file of paint. Default: trunk.",
        show_default=False,
    ),
]
Width = Annotated[
    float | None,
    typer.Option(
        "--width",
        help="Channels of the network against the usual; not of a look, and of paint only with --from none.",
        show_default=False,
    ),
]
Noise = Annotated[
    str | None,
    typer.Option(
        "--noise",
        help="What strokes of paint are scattered by: normal, uniform, laplace or none; or what dreams are made of: "
        "normal, uniform, truncated[:BOUND] or mixture[:PARTS].",
        show_default=False,
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="RECIPE",
        help="Where the options start from: a recipe by name (of dreams: light or dcgan; to restore: plain), or a "
        ".json file of options.",
        show_default=False,
    ),
]
Side = Annotated[
    int | None,
    typer.Option(
        "--side", help="Side of the pictures of a dream in pixels: 16 to 512. Default: 64.", show_default=False
    ),
]
Grain = Annotated[bool, typer.Option("--grain", help="Learn the grain of the references, too: the style carries it.")]
Finish = Annotated[
    str | None,
    typer.Option(
        "--finish",
        metavar="PARTS",
        help="What else the style lays over its results, such as 'weave:0.5,dust'. See 'apply'.",
        show_default=False,
    ),
]

Private = Annotated[
    float | None,
    typer.Option(
        "--private",
        metavar="EPSILON",
        help="Learn a look so that the file tells of no single reference: 1 tells little, 8 more. Needs --content, and "
        "better hundreds of references.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class LearnOptions:
    """The options of `impasto learn`; their ranges are checked by the recipe."""

    references: References
    output: Output
    content: Content = None
    family: Family = "look"
    minutes: Minutes = None
    steps: Steps = None
    seed: Seed = 0
    description: Description = ""
    license_note: LicenseNote = ""
    log_dir: LogDir = None
    resume: Resume = False
    overwrite: Overwrite = False
    loss: Loss = None
    r1_weight: R1Weight = None
    batch_size: BatchSize = None
    pick: Pick = None
    start: Start = None
    width: Width = None
    noise: Noise = None
    recipe: RecipeName = None
    side: Side = None
    grain: Grain = False
    finish: Finish = None
    private: Private = None

    def for_recipe(self) -> dict[str, Any]:
        """Return what was said of the recipe; what was not is as the family has it."""
        names = (
            *("recipe", "minutes", "steps", "seed", "loss", "r1_weight", "batch_size"),
            *("start", "width", "noise", "side"),
        )
        said = {name: getattr(self, name) for name in names}
        return {name: value for name, value in said.items() if value is not None}


@command_of(LearnOptions)
def learn(options: LearnOptions) -> None:
    """Learn a style from example pictures or films and keep it in one .style file.

    Needs the extra 'learn', and for films 'video'. Ctrl-C ends early and keeps what has been learned; --resume goes on
    from there.
    """
    from impasto.api import learning_extra  # noqa: PLC0415

    with learning_extra():
        from impasto.train.families import recipe_of  # noqa: PLC0415
        from impasto.train.job import LearnJob, learn_style  # noqa: PLC0415
    recipe = recipe_of(options.family, options.for_recipe())
    job = LearnJob(
        references=options.references,
        output=Path(options.output),
        content=options.content or (),
        recipe=recipe,
        description=options.description,
        license_note=options.license_note,
        log_dir=options.log_dir,
        resume=options.resume,
        overwrite=options.overwrite,
        pick=options.pick,
        grain=options.grain,
        finish=options.finish,
        private=options.private,
    )
    with watch() as listener:
        manifest = learn_style(job, listener)
    if os.environ.get("RANK", "0") != "0":  # under torchrun the first process speaks for all
        return
    for key, value in (manifest.privacy.lines() if manifest.privacy else {}).items():
        typer.echo(f"{key:14} {value}")
    shown = ", ".join(f"{name} {value:.4g}" for name, value in manifest.metrics.items())
    typer.echo(f"Wrote {options.output}{f' ({shown})' if shown else ''}.")
