"""What a style may be called: one rule, so that a name is also a safe file name on every system."""

from __future__ import annotations

import re
import unicodedata

from impasto.errors import UsageError

STYLE_SUFFIX = ".style"

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""File names that Windows keeps for devices."""

_NAME = re.compile(r"\w(?:[\w .-]{0,62}[\w-])?")


def is_style_name(name: str) -> bool:
    """Tell whether `name` is 1 to 64 letters, digits, `_`, `-`, inner spaces or dots, in composed Unicode."""
    return (
        _NAME.fullmatch(name) is not None
        and _RESERVED.fullmatch(name) is None
        and not name.endswith(STYLE_SUFFIX)
        and unicodedata.is_normalized("NFC", name)
    )


def check_style_name(name: str) -> str:
    """Return `name` in composed Unicode.

    Raises
    ------
    UsageError
        It could not be a file name everywhere, or would leave the library's folder.
    """
    name = unicodedata.normalize("NFC", name)
    if not is_style_name(name):
        raise UsageError(
            f"{name!r} cannot name a style: use 1 to 64 letters, digits, '-' or '_', such as 'soft-print'."
        )
    return name
