"""A style as a page: what `impasto export --to web` does."""

from __future__ import annotations

from pathlib import Path

from impasto.api.chained import StyleChain
from impasto.api.style import PathLike, Style
from impasto.errors import UsageError
from impasto.export.web import write_site
from impasto.export.web_runtime import runtime_files


def write_page(
    style: Style, folder: PathLike, *, strength: float = 1.0, web_runtime: PathLike | None = None
) -> dict[str, int]:
    """Write a folder of static files that runs a style in a browser, on the visitor's own camera and photos.

    Parameters
    ----------
    folder
        Made anew; an earlier export is replaced.
    strength
        In [0, 1]: where the page's slider stands at first.
    web_runtime
        onnxruntime-web as npm packs it, which paint styles take. Default: fetched with npm, and kept.

    Returns
    -------
    dict[str, int]
        The size in bytes of each file, by its place in the folder.

    Raises
    ------
    UsageError
        It is a chain, which is several styles.
    OutputError
        The folder cannot be written, or holds what no export wrote.
    MissingExtraError, UnreadableMediaError
        The runtime is not to be had, or is not the one that is locked.
    StyleFileError
        The style cannot be run in a browser.
    """
    if isinstance(style, StyleChain):
        raise UsageError(f"{style.name} is several styles, and a page runs one. Export one of them, or a blend.")
    target = Path(folder)
    package = None if web_runtime is None else Path(web_runtime)
    files = write_site(style._file, style.name, target, strength=strength, load_runtime=lambda: runtime_files(package))
    return {file: (target / file).stat().st_size for file in files}
