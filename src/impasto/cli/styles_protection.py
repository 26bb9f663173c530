"""`impasto styles` lock, unlock, key, sign, mark, verify: who may use a style, and whose it is."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.ending import with_clean_ending
from impasto.cli.options import Overwrite

LockedFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .style file, which is changed in its place.")]
VerifiedFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .style file.")]
OwnKey = Annotated[Path, typer.Option("--key", metavar="KEY", help="Your key, as 'impasto styles key' makes it.")]
AnyKey = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="Whose signature it must bear: the public part of a key; with your own key, your mark is looked for, too.",
        show_default=False,
    ),
]
NewKey = Annotated[Path, typer.Argument(metavar="KEY", help="What to write; the public part goes to KEY.pub.")]
MarkedOutput = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The marked style to write.")]


def ask_passphrase(path: Path) -> str | None:
    """Ask whoever sits at the terminal for the passphrase of a locked file, and keep it for processes that help."""
    from impasto.style.passphrase import VARIABLE  # noqa: PLC0415

    if not sys.stdin.isatty() or threading.current_thread() is not threading.main_thread():
        return None
    answer = str(typer.prompt(f"Passphrase of {path.name}", hide_input=True, err=True))
    os.environ[VARIABLE] = answer
    return answer


@with_clean_ending
def lock(file: LockedFile) -> None:
    """Encrypt a style file with a passphrase, which every command then asks for.

    The passphrase comes from the environment variable IMPASTO_PASSPHRASE, or is asked for. Nothing opens the file
    without it.
    """
    from impasto.style.file import verify_style  # noqa: PLC0415
    from impasto.style.protection import lock_style  # noqa: PLC0415

    verify_style(file)
    lock_style(file, _new_passphrase(file))
    typer.echo(f"Locked {file}.")


def _new_passphrase(file: Path) -> str:
    from impasto.errors import UsageError  # noqa: PLC0415
    from impasto.style.passphrase import VARIABLE, check_passphrase  # noqa: PLC0415

    if known := os.environ.get(VARIABLE):
        return check_passphrase(known)
    if not sys.stdin.isatty():
        raise UsageError(f"give the passphrase in the environment variable {VARIABLE}.")
    text = f"New passphrase of {file.name}"
    return check_passphrase(str(typer.prompt(text, hide_input=True, confirmation_prompt=True, err=True)))


@with_clean_ending
def unlock(file: LockedFile) -> None:
    """Decrypt a locked style file for good."""
    from impasto.style.protection import unlock_style  # noqa: PLC0415

    unlock_style(file)
    typer.echo(f"Unlocked {file}.")


@with_clean_ending
def key(file: NewKey) -> None:
    """Make a key of your own, to sign and mark styles with. Keep it, and give only its public part away."""
    from impasto.style.signature import PUBLIC_SUFFIX, make_key  # noqa: PLC0415

    made = make_key(file)
    typer.echo(f"Wrote {file}, for you alone, and {file.name}{PUBLIC_SUFFIX}, for everybody.")
    typer.echo(f"Fingerprint: {made.fingerprint}")


@with_clean_ending
def sign(file: LockedFile, key: OwnKey) -> None:
    """Sign a style file, so that others can verify that it is yours and unchanged."""
    from impasto.style.signature import load_key, sign_style  # noqa: PLC0415

    owner = load_key(key)
    sign_style(file, owner)
    typer.echo(f"Signed {file} as {owner.fingerprint}.")


@with_clean_ending
def mark(file: VerifiedFile, output: MarkedOutput, key: OwnKey, overwrite: Overwrite = False) -> None:
    """Write a copy of a style whose weights carry your mark, which only your key finds."""
    from impasto.style.protection import mark_style  # noqa: PLC0415
    from impasto.style.signature import load_key  # noqa: PLC0415

    evidence = mark_style(file, output, load_key(key), overwrite)
    typer.echo(f"Wrote {output} (mark: {evidence.score:.1f} deviations over {evidence.num_weights:,} weights).")


@with_clean_ending
def verify(file: VerifiedFile, key: AnyKey = None) -> None:
    """Read all of a style file, and tell whose signature and mark it bears."""
    from impasto.style.protection import examine_style  # noqa: PLC0415
    from impasto.style.signature import load_key  # noqa: PLC0415

    owner = load_key(key) if key is not None else None
    found = examine_style(file, owner)
    typer.echo(f"{file} is sound: every part is as it was saved.")
    if found.signer is None:
        typer.echo("It is not signed.")
    elif owner is not None and found.signer.public == owner.public:
        typer.echo(f"It was signed with this key, {found.signer.fingerprint}, and not changed since.")
    elif owner is not None:
        typer.echo(f"It was signed by another, {found.signer.fingerprint}.")
    else:
        typer.echo(
            f"It was signed by {found.signer.fingerprint}: compare that with what the maker says, or give --key."
        )
    if found.mark is not None:
        said = "It carries the mark of this key" if found.mark.is_found else "No mark of this key was found"
        typer.echo(f"{said}: {found.mark.score:.1f} deviations (by chance: {found.mark.chance:.0e}).")


def add_protection(styles: typer.Typer) -> None:
    """Add these commands to `impasto styles`."""
    for command in (lock, unlock, key, sign, mark, verify):
        styles.command(command.__name__)(command)
