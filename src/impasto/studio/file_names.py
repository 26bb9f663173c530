"""Names that come from outside, made fit for this disk and for the browser that downloads."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Container
from pathlib import Path
from typing import Final
from urllib.parse import quote

_UNFIT: Final = re.compile(r"[^\w .()+,=@'-]+")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
MAX_NAME: Final = 100
MAX_STEM_BYTES: Final = 160


def new_id() -> str:
    """Return an id that nobody guesses."""
    return secrets.token_hex(8)


def fit_name(name: str, suffix: str, fallback: str = "picture") -> str:
    """Return a plain file name: no folders, nothing hidden, nothing that a system keeps for itself, this suffix."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = last.rpartition(".")[0] or last
    stem = _UNFIT.sub("_", stem).strip(" ._")[:MAX_NAME].strip(" ._")
    while len(stem.encode()) > MAX_STEM_BYTES:
        stem = stem[:-1].strip(" ._")
    if not stem or _RESERVED.fullmatch(stem):
        stem = fallback
    return stem + suffix


def distinct_name(name: str, taken: Container[str]) -> str:
    """Return a name, with a number where it is taken; `taken` holds names in lower case."""
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{stem} ({number}){suffix}"
    return name


def attachment(name: str) -> str:
    """Return the header `Content-Disposition` for a download of this name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r'[\\"\x00-\x1f\x7f]', "", plain) or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
