"""What `impasto apply` prints at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import typer

from impasto.cli.ending import FAILED_IN_PART, print_error, print_warning


@dataclass(slots=True)
class Summary:
    """What became of pictures and films.

    Attributes
    ----------
    done
        Outputs.
    notes
        Words about the one output.
    failed, warned
        A message each.
    """

    done: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    num_skipped: int = 0
    failed: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def show(self, runtime: str) -> None:
        """Print it, what went wrong first; `runtime` is what painted, if anything did.

        Raises
        ------
        typer.Exit
            Some have failed.
        """
        for message in self.warned:
            print_warning(message)
        for message in self.failed:
            print_error(message)
        parts = [f"{len(self.done)} done", f"{self.num_skipped} skipped" if self.num_skipped else ""]
        parts.append(f"{len(self.failed)} failed" if self.failed else "")
        parts.append(f"painted by {runtime}" if runtime else "")
        parts.append(f"{len(self.warned)} with a warning" if self.warned else "")
        where = f": {_destination(self.done)}" if self.done else ""
        note = f" ({self.notes[0]})" if len(self.done) == 1 and self.notes else ""
        typer.echo(", ".join(filter(None, parts)) + where + note)
        if self.failed:
            raise typer.Exit(FAILED_IN_PART)


def _destination(outputs: list[Path]) -> str:
    """Name the one file, or how many lie beneath which folder."""
    if len(outputs) == 1:
        return str(outputs[0])
    folders = {output.parent for output in outputs}
    shared = next((folder for folder in (*folders, *min(folders).parents) if _holds_all(folder, outputs)), Path())
    return f"in {shared}"


def _holds_all(folder: Path, outputs: list[Path]) -> bool:
    return all(folder in output.parents for output in outputs)
