"""`impasto styles`: list, add, remove, show; `styles_protection` has the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.ending import with_clean_ending
from impasto.cli.options import Overwrite, StyleArgument
from impasto.cli.styles_protection import add_protection

styles = typer.Typer(help="List the installed styles; add, remove, show or protect one.", no_args_is_help=False)

StyleFileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .style file.")]
NewName = Annotated[
    str | None, typer.Option("--name", help="What to call it. Default: what the file is called.", show_default=False)
]
InstalledName = Annotated[str, typer.Argument(metavar="NAME", help="A style of your own.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the manifest as it is in the file.")]


@styles.callback(invoke_without_command=True)
@with_clean_ending
def list_styles(context: typer.Context) -> None:
    """List the installed styles; add, remove, show or protect one."""
    if context.invoked_subcommand is not None:
        return
    from impasto.style.library import default_library  # noqa: PLC0415

    library = default_library()
    listed = library.overview()
    if not listed:
        typer.echo("No styles are installed. 'impasto learn' makes one; 'impasto styles add FILE' installs one.")
    width = max((len(name) for name, _, _ in listed), default=0)
    for name, family, description in listed:
        origin = "" if library.is_builtin(name) else "  (yours)"
        typer.echo(f"{name:{width}}  {family:5}  {description}{origin}".rstrip())


@styles.command("add")
@with_clean_ending
def add(file: StyleFileArgument, name: NewName = None, overwrite: Overwrite = False) -> None:
    """Verify a style file and install a copy under its name."""
    from impasto.style.library import default_library  # noqa: PLC0415

    typer.echo(f"Installed {default_library().add(file, name, overwrite)}.")


@styles.command("remove")
@with_clean_ending
def remove(name: InstalledName) -> None:
    """Delete an installed style of your own."""
    from impasto.style.library import default_library  # noqa: PLC0415

    default_library().remove(name)
    typer.echo(f"Removed {name}.")


@styles.command("show")
@with_clean_ending
def show(style: StyleArgument, as_json: AsJson = False) -> None:
    """Show what a style says about itself: what it was learned from, how, and how well."""
    from impasto.style.file import load_manifest  # noqa: PLC0415
    from impasto.style.library import default_library  # noqa: PLC0415

    path = default_library().resolve(style)
    manifest = load_manifest(path)
    if as_json:
        typer.echo(manifest.model_dump_json(indent=2))
        return
    sources, needs = manifest.sources, manifest.needs
    lines = {
        "name": path.stem if path.stem == manifest.name else f"{path.stem} (learned as {manifest.name})",
        "family": manifest.family,
        "description": manifest.description,
        "file": f"{path} ({path.stat().st_size / 1e6:.2f} MB)",
        "created": f"{manifest.created}, with Impasto {manifest.impasto_version}",
        "learned from": f"{sources.num_references} references, {sources.num_content} other pictures",
        "licence note": sources.license_note,
        "works at": f"a short side of {needs.working_side} pixels" if needs.working_side else "",
        "trunk": needs.trunk,
        "holds": ", ".join(manifest.members),
    }
    account = manifest.privacy.lines() if manifest.privacy else {}
    for key, value in [
        *lines.items(),
        *account.items(),
        *_listed("metrics", manifest.metrics),
        *_listed("recipe", manifest.recipe),
    ]:
        if value:
            typer.echo(f"{key:14} {value}")


def _listed(title: str, values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return a mapping as one line per entry, the first of which bears the title."""
    shown = [f"{key} = {value if isinstance(value, str) else json.dumps(value)}" for key, value in values.items()]
    return [(title if number == 0 else "", line) for number, line in enumerate(shown)]


add_protection(styles)
