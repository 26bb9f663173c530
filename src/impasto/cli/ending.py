"""How a command ends: what it prints when something goes wrong, and its exit code."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable
from typing import ParamSpec, TextIO

import typer

from impasto.errors import ImpastoError

FAILED_IN_PART = 1
"""Some inputs failed; the rest are done."""
REFUSED = 2
"""Nothing could be done as asked, as for a wrong option."""
INTERRUPTED = 130
"""Ctrl-C, as shells report it."""
PIPE_CLOSED = 141
"""Whoever read the output stopped reading, as shells report it."""

_Parameters = ParamSpec("_Parameters")


def with_clean_ending(command: Callable[_Parameters, None]) -> Callable[_Parameters, None]:
    """Let a command end in a message instead of a traceback, but for faults of our own."""

    @functools.wraps(command)
    def ending(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                command(*args, **kwargs)
            sys.stdout.flush()
        except ImpastoError as error:
            print_error(str(error))
            raise typer.Exit(REFUSED) from error
        except KeyboardInterrupt as error:
            print_error("Interrupted.")
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:
            discard_output()
            raise typer.Exit(PIPE_CLOSED) from error

    return ending


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of ours as a line for people, and any other as Python does."""
    if category.__module__.partition(".")[0] == "impasto":
        print_warning(str(message))
    else:
        (file or sys.stderr).write(warnings.formatwarning(message, category, filename, lineno, line))


def print_error(message: str) -> None:
    """Print a message to standard error, in red where that shows."""
    typer.secho(f"impasto: {message}", err=True, fg=typer.colors.RED)


def print_warning(message: str) -> None:
    """Print a message to standard error, in yellow where that shows."""
    typer.secho(f"impasto: {message}", err=True, fg=typer.colors.YELLOW)


def discard_output() -> None:
    """Send what Python still holds for a closed pipe to nowhere, or it complains while it shuts down."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
