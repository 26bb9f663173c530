"""HTML in pieces: templates whose values are escaped unless they are markup already."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import TypeAlias

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""Control characters, and the halves of characters that stand for undecodable bytes in file names."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Piece: TypeAlias = str | Iterable["Piece"]
"""Text, markup, or any nesting of them; iterators are used up as they are written."""


def escaped(text: str) -> Markup:
    """Make text harmless within an element or a quoted attribute."""
    return Markup(html.escape(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)))


def filled(template: str, **values: Piece) -> Iterator[Markup]:
    """Yield a template with `${name}` replaced, piece by piece, so that the whole is never in memory."""
    for index, part in enumerate(_PLACEHOLDER.split(template)):
        yield from _flat(values[part]) if index % 2 else [Markup(part)]


def _flat(piece: Piece) -> Iterator[Markup]:
    if isinstance(piece, str):
        yield piece if isinstance(piece, Markup) else escaped(piece)
        return
    for inner in piece:
        yield from _flat(inner)


def markup(template: str, **values: Piece) -> Markup:
    """Return a template with `${name}` replaced."""
    return Markup("".join(filled(template, **values)))


@cache
def template_text(name: str, package: str = __package__) -> str:
    """Read one of the files in the folder `report_template/` of a package."""
    return (files(package) / "report_template" / name).read_text(encoding="utf-8")


def csp_hash(text: str) -> Markup:
    """Return what a Content-Security-Policy calls an inline style or script by."""
    return Markup(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'")
