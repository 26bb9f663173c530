"""Moments: seconds since 1970 inside, ISO 8601 in UTC outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def said(moment: float) -> str: ...
@overload
def said(moment: None) -> None: ...
def said(moment: float | None) -> str | None:
    """Return a moment as text, such as "2026-11-21T15:50:00Z"; None for none."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
