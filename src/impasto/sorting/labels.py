"""What a class may be called, and what says that a picture has none."""

from __future__ import annotations

from typing import Final

UNSURE: Final = "unsure"
"""What a classifier says instead of a class where it cannot tell."""
MISSING: Final = frozenset({"", "?", "-", "n/a", "na", "nan", "null", "unknown", "unlabelled", "unlabeled", UNSURE})
"""What stands for no label, in lower case, as a folder's name or in a table."""
MAX_LABEL_LENGTH = 80
_FORBIDDEN = frozenset('/\\:*?"<>|')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
)


def is_missing(label: str) -> bool:
    """Tell whether this stands for no label."""
    return label.strip().casefold() in MISSING


def is_label(label: str) -> bool:
    """Tell whether a class may be called so: a name that every disk takes as a folder's, on one line."""
    return (
        0 < len(label) <= MAX_LABEL_LENGTH
        and label.isprintable()
        and label == label.strip()
        and not _FORBIDDEN.intersection(label)
        and not label.startswith(".")
        and not label.endswith(".")
        and label.partition(".")[0].casefold() not in _RESERVED
        and not is_missing(label)
    )
