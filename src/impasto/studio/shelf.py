"""`Shelf`: the library of styles as the studio shows it, and styles at hand, loaded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from impasto.errors import StyleFileError, UnknownStyleError
from impasto.studio.refusals import RefusedError
from impasto.style.library import StyleLibrary, default_library
from impasto.style.names import STYLE_SUFFIX

if TYPE_CHECKING:
    from impasto.api import Style
    from impasto.style.manifest import Manifest

MAX_LOADED: Final = 24
MAX_SPEC: Final = 400
_MAX_PARTS: Final = 8


def names_in(spec: str) -> list[str]:
    """Return the names in what stands for a style: one name, a blend, or a chain of these."""
    return [part.partition(":")[0].strip() for link in spec.split("+") for part in link.split(",")]


class Shelf:
    """The library, and styles that were loaded from it. Threads may share it."""

    def __init__(self, library: StyleLibrary | None = None) -> None:
        self.library = library or default_library()
        self._loaded: OrderedDict[tuple[Any, ...], Style] = OrderedDict()
        self._lock = Lock()

    def load(self, spec: str) -> Style:
        """Return a style by name, a blend, or a chain; of installed styles only, never a file by its path.

        Raises
        ------
        RefusedError
            There is none, or they do not go together.
        """
        from impasto.api import load  # noqa: PLC0415  imports numba

        return self._held((spec, *self.stamps(spec)), lambda: load(spec))

    def load_file(self, path: Path) -> Style:
        """Return the style in a file of our own."""
        from impasto.api import load  # noqa: PLC0415  imports numba

        return self._held((str(path), stamp(path)), lambda: load(path))

    def stamps(self, spec: str) -> Sequence[object]:
        """Return what changes when one of the styles of a spec does, without loading them.

        Raises
        ------
        RefusedError
            There is none of such a name.
        """
        names, installed = names_in(spec), self.library.paths()
        if len(spec) > MAX_SPEC or len(names) > _MAX_PARTS:
            raise RefusedError("invalid", f"That are too many styles at once: take up to {_MAX_PARTS}.")
        missing = next((name for name in names if name not in installed), None)
        if missing is not None:
            raise RefusedError("not_found", f"There is no style {missing!r}.")
        return [stamp(installed[name]) for name in names]

    def _held(self, key: tuple[Any, ...], load: Any) -> Style:
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
        style: Style = load()
        with self._lock:
            style = self._loaded.setdefault(key, style)
            while len(self._loaded) > MAX_LOADED:
                self._loaded.popitem(last=False)
        return style

    def shown(self) -> list[dict[str, Any]]:
        """Return all styles as clients see them, but for dreams, which restyle nothing."""
        found = [self._shown(name, path) for name, path in self.library.paths().items()]
        return [style for style in found if style.get("family") != "dream"]

    def families(self) -> dict[str, str]:
        """Return the family of each style that can be applied, by name; looks first, since they are there at once."""
        manifests = self.library.manifests()
        families = {name: manifest.family for name, manifest in manifests.items() if manifest.family != "dream"}
        return dict(sorted(families.items(), key=lambda pair: (pair[1] != "look", pair[0])))

    def path_of(self, name: str) -> Path:
        """Return where an installed style lies.

        Raises
        ------
        RefusedError
            There is none of this name.
        """
        path = self.library.paths().get(name)
        if path is None:
            raise RefusedError("not_found", f"There is no style {name[:80]!r}.")
        return path

    def shown_one(self, name: str) -> dict[str, Any]:
        """Return a style as clients see it, with how it was learned."""
        from impasto.style.file import load_manifest  # noqa: PLC0415

        path = self.path_of(name)
        shown = self._shown(name, path)
        manifest = load_manifest(path) if shown["usable"] else None
        return {
            **shown,
            "recipe": dict(manifest.recipe) if manifest else {},
            "curves": {title: list(points) for title, points in manifest.curves.items()} if manifest else {},
        }

    def _shown(self, name: str, path: Path) -> dict[str, Any]:
        from impasto.style.file import load_manifest  # noqa: PLC0415

        about = {"name": name, "builtin": path.parent == self.library.builtin_dir, "bytes": path.stat().st_size}
        try:
            return {**about, **_described(name, load_manifest(path))}
        except StyleFileError as error:
            problem = str(error).replace(str(path), path.name)
            return {**about, **_UNUSABLE, "problem": problem}

    def preview(self, name: str) -> bytes:
        """Return the preview of a style, a JPEG.

        Raises
        ------
        RefusedError
            There is none.
        """
        return preview_of(self.path_of(name))

    def add(self, path: Path, name: str, *, description: str | None = None, overwrite: bool = False) -> str:
        """Put a style file into the library, after the checks that any style from elsewhere has to pass.

        Raises
        ------
        RefusedError
            The name is taken.
        StyleFileError
            It is no sound style file.
        UsageError
            It cannot be called so.
        OutputError
            The library cannot be written.
        """
        from impasto.style.names import check_style_name  # noqa: PLC0415

        name = check_style_name(name)
        if not overwrite and (self.library.user_dir / (name + STYLE_SUFFIX)).exists():
            raise RefusedError("conflict", f"There is a style {name!r} already. Give another name, or overwrite it.")
        if description is None:
            return self.library.add(path, name, overwrite)
        named = path.with_name(f".{name}{STYLE_SUFFIX}")
        try:
            _described_copy(path, named, name, description)
            return self.library.add(named, name, overwrite)
        finally:
            named.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Delete a style of the user's.

        Raises
        ------
        RefusedError
            There is none, or it came with Impasto.
        """
        if self.path_of(name).parent == self.library.builtin_dir:
            raise RefusedError("refused", f"{name!r} came with Impasto and cannot be deleted.")
        try:
            self.library.remove(name)
        except UnknownStyleError as error:
            raise RefusedError.of(error) from error


def preview_of(path: Path) -> bytes:
    """Return the preview in a style file, a JPEG.

    Raises
    ------
    RefusedError
        There is none.
    """
    from impasto.style.file import load_style  # noqa: PLC0415

    preview = load_style(path).preview
    if preview is None or not preview.startswith(b"\xff\xd8\xff"):
        raise RefusedError("not_found", f"{path.stem} has no preview.")
    return preview


def stamp(path: Path) -> tuple[str, int, int]:
    """Return what changes when a style file does."""
    try:
        status = path.stat()
    except OSError as error:
        raise RefusedError("not_found", f"The style {path.stem!r} is gone.") from error
    return str(path), status.st_mtime_ns, status.st_size


def _described_copy(source: Path, target: Path, name: str, description: str) -> None:
    from impasto.style.file import save_style, verify_style  # noqa: PLC0415

    style = verify_style(source)
    stated = style.manifest.model_dump() | {"name": name, "description": description or style.manifest.description}
    save_style(style.in_memory(manifest=type(style.manifest).model_validate(stated)), target)


_UNUSABLE: Final[dict[str, Any]] = {
    "family": "",
    "description": "",
    "usable": False,
    "preview_url": None,
    "created": None,
    "impasto_version": None,
    "is_blend": False,
    "sources": {"num_references": 0, "num_content": 0, "license_note": ""},
    "metrics": {},
    "has_gate": False,
    "trunk": None,
    "texture": False,
}


def _described(name: str, manifest: Manifest) -> dict[str, Any]:
    from urllib.parse import quote  # noqa: PLC0415

    sources = manifest.sources
    return {
        "family": manifest.family,
        "description": manifest.description,
        "usable": True,
        "problem": None,
        "preview_url": f"/api/v1/styles/{quote(name)}/preview" if "preview.jpg" in manifest.members else None,
        "created": manifest.created.isoformat(),
        "impasto_version": manifest.impasto_version,
        "is_blend": manifest.is_blend,
        "sources": sources.model_dump(include={"num_references", "num_content", "license_note"}),
        "metrics": dict(manifest.metrics),
        "has_gate": manifest.gate is not None,
        "trunk": manifest.needs.trunk,
        "texture": manifest.family == "paint",
    }
