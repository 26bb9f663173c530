"""A style as a static page: the visitor's browser restyles its own camera and photos, and sends nothing anywhere."""

from __future__ import annotations

import html
import json
import shutil
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from impasto.errors import OutputError, StyleFileError
from impasto.export.web_icons import icons
from impasto.export.web_network import script_network
from impasto.media.files import describe_os_error
from impasto.style.file import StyleFile
from impasto.version import __version__

LIST_NAME = "site.json"
"""What an export notes about itself, so that a later one knows what it may replace."""
RUNTIME_FOLDER = "runtime"

_PAGE_DIR = Path(__file__).with_name("web_page")
_MADE_BY = "impasto export --to web"
_PAPER = "#f4f1ea"

Files = dict[str, bytes]


class PageWarning(UserWarning):
    """A page does not show all that a style does."""


def write_site(
    style: StyleFile,
    name: str,
    folder: Path | str,
    *,
    strength: float = 1.0,
    load_runtime: Callable[[], Files],
) -> list[str]:
    """Write the page of a style as a folder that any web server can hand out, at any path.

    Parameters
    ----------
    name
        What the page calls the style.
    folder
        Made anew. One that holds an earlier export and nothing else is replaced; it stays as it is until the new one is
        complete.
    strength
        In [0, 1]: where the page's slider stands at first.
    load_runtime
        Returns the files of onnxruntime-web by name; called only for styles that take it.

    Returns
    -------
    list[str]
        The files that were written, relative to the folder.

    Raises
    ------
    OutputError
        The folder cannot be written, or holds what no export wrote.
    StyleFileError
        The style cannot be run in a browser.
    """
    target = Path(folder)
    check_site_folder(target)
    files = site_files(style, name, strength=strength, load_runtime=load_runtime)
    if style.manifest.finish:
        told = "lays grain or wear over its results, which the page leaves out; 'impasto apply' does not."
        warnings.warn(f"{name} {told}", PageWarning, stacklevel=2)
    with _replacing(target) as beside:
        for path, content in files.items():
            (beside / path).parent.mkdir(parents=True, exist_ok=True)
            (beside / path).write_bytes(content)
    return sorted(files)


def site_files(style: StyleFile, name: str, *, strength: float, load_runtime: Callable[[], Files]) -> Files:
    """Return all files of a page by path; see `write_site`."""
    data, needs_runtime = _style_files(style, name, strength)
    runtime = {
        f"{RUNTIME_FOLDER}/{file}": content for file, content in (load_runtime() if needs_runtime else {}).items()
    }
    if needs_runtime:
        runtime[f"{RUNTIME_FOLDER}/LICENSE.txt"] = (_PAGE_DIR / "onnxruntime-license.txt").read_bytes()
    drawn = {f"icon-{side}.png": png for side, png in icons(style.preview).items()}
    files = _page_files() | data | drawn
    files["index.html"] = _filled(files["index.html"], name, style.manifest.description)
    files["manifest.webmanifest"] = _as_json(_web_manifest(name, style.manifest.description))
    # What a visitor needs of the runtime depends on the browser, so it is kept when it is first asked for.
    files["sw.js"] = _service_worker(files, sorted(runtime), runtime)
    files |= runtime
    files[LIST_NAME] = _as_json({"made_by": _MADE_BY, "version": __version__, "files": sorted([*files, LIST_NAME])})
    return files


def _page_files() -> Files:
    found = (path for path in sorted(_PAGE_DIR.rglob("*")) if path.is_file() and path.suffix != ".txt")
    return {path.relative_to(_PAGE_DIR).as_posix(): path.read_bytes() for path in found}


def _style_files(style: StyleFile, name: str, strength: float) -> tuple[Files, bool]:
    """Return what the page knows of a style, and whether that takes the runtime."""
    manifest, needs = style.manifest, style.manifest.needs
    if manifest.family not in ("look", "paint"):
        known = "no page can run it: pip install --upgrade impasto"
        raise StyleFileError(f"{name} is of the family {manifest.family!r}, and {known}.")
    scripted = script_network(style.generator) if manifest.family == "look" else None
    about: dict[str, Any] = {
        "name": name,
        "description": manifest.description,
        "family": manifest.family,
        "strength": strength,
        "impasto": __version__,
        "network": "script" if scripted else "onnxruntime",
        "thumbnailSide": needs.thumbnail_side,
        "lutSize": needs.lut_size,
        "multiple": needs.multiple,
        "workingSide": needs.working_side,
        "simplification": needs.simplification,
        "preview": style.preview is not None,
    }
    files = {"style/style.json": _as_json(about)}
    if scripted:
        files |= {"style/network.json": scripted[0], "style/network.bin": scripted[1]}
    else:
        files["style/generator.onnx"] = style.generator
    if style.preview is not None:
        files["style/preview.jpg"] = style.preview
    return files, scripted is None


def _filled(page: bytes, name: str, description: str) -> bytes:
    text = page.decode().replace("{{name}}", html.escape(name)).replace("{{description}}", html.escape(description))
    return text.encode()


def _web_manifest(name: str, description: str) -> dict[str, Any]:
    """Describe the page to a browser that installs it (W3C, "Web Application Manifest")."""
    return {
        "name": f"Impasto · {name}",
        "short_name": name,
        "description": description,
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": _PAPER,
        "theme_color": _PAPER,
        "icons": [
            {"src": f"icon-{side}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": "any maskable"}
            for side in (192, 512)
        ],
    }


def _service_worker(files: Files, later: list[str], runtime: Files) -> bytes:
    """Fill in what is kept for use without a network, and a version that changes with any byte of it."""
    shell = sorted(set(files) - {"sw.js"})
    digest = sha256()
    for path, content in sorted((files | runtime).items()):
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    lists = {"version": digest.hexdigest()[:16], "shell": ["./", *shell], "later": later}
    return files["sw.js"].replace(b"{{kept}}", json.dumps(lists).encode())


def _as_json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def check_site_folder(folder: Path) -> None:
    """Refuse to write a page over what no export has written.

    Raises
    ------
    OutputError
        It is a file, or holds files that are not an earlier export's.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file. A page is a folder: give another name.")
    if not folder.is_dir():
        return
    held = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}
    foreign = sorted(held - _listed(folder))
    if foreign:
        raise OutputError(f"{folder} holds what no export wrote, such as {foreign[0]}. Give the name of a new folder.")


def _listed(folder: Path) -> set[str]:
    try:
        noted = json.loads((folder / LIST_NAME).read_text(encoding="utf-8"))
        return set(noted["files"]) if noted["made_by"] == _MADE_BY else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside; put it in the place of `folder` when the block succeeds, and else remove it."""
    target = folder.resolve()
    mark = uuid.uuid4().hex[:12]
    beside, aside = target.with_name(f".impasto-{mark}"), target.with_name(f".impasto-{mark}-old")
    try:
        beside.mkdir()
        try:
            yield beside
            if target.exists():
                target.rename(aside)
            try:
                beside.rename(target)
            except OSError:
                if aside.exists():
                    aside.rename(target)
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{folder} cannot be written: {describe_os_error(error)}.") from error
