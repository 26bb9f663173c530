"""Where the passphrase of a locked file comes from: the environment, or whoever can be asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from impasto.errors import UsageError

VARIABLE = "IMPASTO_PASSPHRASE"
MIN_LENGTH = 8
_TRIES = 3

Ask = Callable[[Path], str | None]
"""Takes the locked file; returns what was answered, or None where nobody can be asked."""

_asker: list[Ask] = []
_answers: list[str] = []


def ask_with(ask: Ask | None) -> None:
    """Let locked files be asked for with `ask` where the environment has no passphrase that fits; None asks nobody."""
    _asker[:] = [] if ask is None else [ask]
    _answers.clear()


def candidates(path: Path) -> Iterator[str]:
    """Yield passphrases to try: of the environment, those that were answered before, then what is answered now."""
    if known := os.environ.get(VARIABLE):
        yield known
    yield from tuple(_answers)
    for ask in _asker:
        for _ in range(_TRIES):
            if (answer := ask(path)) is None:
                return
            _answers.append(answer)
            yield answer


def check_passphrase(passphrase: str) -> str:
    """Return a passphrase that is to lock something.

    Raises
    ------
    UsageError
        It is too short to protect anything.
    """
    if len(passphrase) < MIN_LENGTH:
        raise UsageError(f"a passphrase needs {MIN_LENGTH} characters at least, such as a few unusual words.")
    return passphrase
