"""Finding styles by what a user may write: a name, a path, a blend, or a chain of these."""

from __future__ import annotations

import os

from impasto.api.chained import StyleChain
from impasto.api.style import PathLike, Style
from impasto.style.blend import is_blend, load_blend, split_chain
from impasto.style.file import load_style
from impasto.style.library import default_library


def load(name_or_path: PathLike) -> Style:
    """Load a style file, an installed style by name, a blend, `van-gogh:0.6,watercolour:0.4`, or a chain, `kodak+noir`.

    Raises
    ------
    UnknownStyleError
        There is none; the message gives the nearest names.
    UsageError
        The styles do not blend, or a blend or chain is not written as it must be.
    StyleFileError
        The file is no style file, damaged, changed, unsafe, or from a newer Impasto.
    """
    links = [_load_link(link) for link in split_chain(os.fspath(name_or_path))]
    return links[0] if len(links) == 1 else StyleChain(links)


def _load_link(spec: str) -> Style:
    library = default_library()
    if is_blend(spec):
        return Style(load_blend(spec, library))
    path = library.resolve(spec)
    return Style(load_style(path), path)


def styles() -> dict[str, str]:
    """Return the installed styles: name → one-line description."""
    return default_library().describe()
