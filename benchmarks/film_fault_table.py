"""The table of `film_faults.py`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

WIDTH = 118


@dataclass(frozen=True)
class Row:
    """What a fault did.

    Attributes
    ----------
    wrong
        In what the output is not that of a run which nobody disturbed.
    left
        What lies about and should not.
    is_bad
        Whatever the output is, the run did not end as it should.
    reference
        What the output was compared with; None where there is to be none.
    """

    fault: str
    happened: str
    wrong: Sequence[str]
    left: Sequence[str]
    codes: str
    message: Sequence[str]
    is_bad: bool
    reference: str | None = "undisturbed"

    @property
    def is_good(self) -> bool:
        return not (self.wrong or self.left or self.is_bad)

    def with_message(self, message: Sequence[str], *, is_bad: bool) -> Self:
        return replace(self, message=message, is_bad=is_bad)

    @property
    def sameness(self) -> str:
        if self.wrong:
            return f"NO: {', '.join(self.wrong)}"
        return {"undisturbed": "identical", "source": "sound, times", None: "as before"}[self.reference]


def print_table(rows: Iterable[Row]) -> int:
    """Print rows as they come, and return how many are not as they should."""
    print(f"{'fault':44}{'output':14}{'left':9}{'code':11}{'':6}what happened", flush=True)
    num_bad = num = 0
    for row in rows:
        num, num_bad = num + 1, num_bad + (not row.is_good)
        left = ", ".join(row.left) or "nothing"
        verdict = "ok" if row.is_good else "BAD"
        print(f"{row.fault:44}{row.sameness:14}{left:9}{row.codes:11}{verdict:6}{row.happened}")
        for line in row.message[:4]:
            print(textwrap.fill(line, WIDTH, initial_indent="    | ", subsequent_indent="    | "))
        print(end="", flush=True)
    print(f"\n{num - num_bad} of {num} survived with the same film, or refused clearly")
    return num_bad
