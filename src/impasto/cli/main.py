"""The command line: parse, call, print. Each command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from impasto.cli.apply import apply
from impasto.cli.check import check
from impasto.cli.compare import compare
from impasto.cli.critique import critique
from impasto.cli.dream import dream
from impasto.cli.ending import INTERRUPTED, with_clean_ending
from impasto.cli.evaluate import evaluate
from impasto.cli.export import export
from impasto.cli.learn import learn
from impasto.cli.library import library
from impasto.cli.live import live
from impasto.cli.rate import rate
from impasto.cli.recommend import recommend
from impasto.cli.shots import shots
from impasto.cli.sort import sort
from impasto.cli.studio import studio
from impasto.cli.styles import styles
from impasto.cli.styles_protection import ask_passphrase
from impasto.cli.tune import tune
from impasto.style.passphrase import ask_with
from impasto.version import __version__

app = typer.Typer(
    name="impasto",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"impasto {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
]


@app.callback()
def impasto(context: typer.Context, version: Version = False) -> None:  # noqa: ARG001 - acts when it is parsed
    """Learn a visual style from example pictures, and apply it to photos, films and live video."""
    # A server answers others than who sits at its terminal.
    ask_with(None if context.invoked_subcommand == "studio" else ask_passphrase)


for _command in (learn, apply, export, compare, evaluate, check, recommend, rate, shots, live, studio, dream, critique):
    app.command()(with_clean_ending(_command))
app.add_typer(styles, name="styles")
app.add_typer(library, name="library")
app.add_typer(sort, name="sort")
app.add_typer(tune, name="tune")


def command_options() -> dict[str, set[str]]:
    """Return every option of every command, by words such as `styles add`; those of `impasto` itself under ""."""
    found: dict[str, set[str]] = {}

    def collect(command: Any, name: str) -> None:
        found[name] = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
        for word, inner in getattr(command, "commands", {}).items():
            collect(inner, f"{name} {word}".strip())

    collect(typer.main.get_command(app), "")
    return found


def main() -> None:
    """Run the command line, and exit with its code."""
    try:
        app()
    except KeyboardInterrupt:
        # Between commands, such as while modules load.
        sys.exit(INTERRUPTED)
