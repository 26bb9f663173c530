"""`impasto learn`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def learn(references: Annotated[list[Path], typer.Argument()]) -> None:
    """Learn a look from example pictures."""
