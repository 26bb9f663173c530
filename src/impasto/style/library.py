"""The library of installed styles: the ones that come with Impasto, and the user's own."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.errors import OutputError, StyleFileError, UnknownStyleError, UsageError
from impasto.media.files import write_beside
from impasto.style.locking import is_locked
from impasto.style.names import STYLE_SUFFIX, check_style_name

if TYPE_CHECKING:
    from impasto.style.manifest import Manifest

HOME_VARIABLE = "IMPASTO_HOME"


def default_library() -> StyleLibrary:
    """Return the library of this installation and user; `$IMPASTO_HOME` moves the user's part."""
    if home := os.environ.get(HOME_VARIABLE):
        user_dir = Path(home)
    else:
        from platformdirs import user_data_path  # noqa: PLC0415

        user_dir = user_data_path("impasto", appauthor=False)
    return StyleLibrary(Path(__file__).parent / "builtin", user_dir / "styles")


@dataclass(frozen=True)
class StyleLibrary:
    """Styles by name. A style of the user's hides a built-in one of the same name.

    Attributes
    ----------
    builtin_dir
        Never written to.
    user_dir
        Made when the first style is added.
    """

    builtin_dir: Path
    user_dir: Path

    def paths(self) -> dict[str, Path]:
        """Return where each installed style is, by name in alphabetical order."""
        found = {path.stem: path for folder in (self.builtin_dir, self.user_dir) for path in _style_files(folder)}
        return dict(sorted(found.items()))

    def names(self) -> list[str]:
        """Return the names of all installed styles in alphabetical order."""
        return list(self.paths())

    def is_builtin(self, name: str) -> bool:
        """Tell whether `name` stands for a style that came with Impasto."""
        return self.paths().get(name, Path()).parent == self.builtin_dir

    def describe(self) -> dict[str, str]:
        """Return the one-line description of each style; of a broken file, what is wrong with it."""
        return {name: description for name, _, description in self.overview()}

    def overview(self) -> list[tuple[str, str, str]]:
        """Return the name, family and description of each style; of a broken file, "" and what is wrong with it."""
        return [(name, *_family_and_description(path)) for name, path in self.paths().items()]

    def manifests(self) -> dict[str, Manifest]:
        """Return what each style says about itself, without the broken and the locked ones."""
        from impasto.style.file import load_manifest  # noqa: PLC0415

        found = {}
        for name, path in self.paths().items():
            if is_locked(path):
                continue
            with suppress(StyleFileError):
                found[name] = load_manifest(path)
        return found

    def resolve(self, name_or_path: str | Path) -> Path:
        """Find a style file.

        Parameters
        ----------
        name_or_path
            A path to a style file, the name of an installed style, or, where none has that name, the name of a file
            in the working directory without its `.style`. Failing these, the one installed style whose name is the
            same but for case, accents' encoding, spaces, dots, '-' and '_': `vangogh` finds `van-gogh`.

        Raises
        ------
        UnknownStyleError
            There is no such file or style. The message gives the nearest names.
        """
        name, path = str(name_or_path), Path(name_or_path)
        if path.suffix == STYLE_SUFFIX or len(path.parts) > 1 or path.is_absolute():
            return _existing(path)
        installed = self.paths()
        if name in installed:
            return installed[name]
        if path.suffix and path.is_file():
            return path  # no style, as who reads it will say, and what it is
        local = Path(name + STYLE_SUFFIX)
        if name and local.is_file():
            return local
        alike = _alike(name, installed)
        if len(alike) == 1:
            return installed[alike[0]]
        raise UnknownStyleError(f"no style named {name!r}; {_suggest(name, alike or list(installed))}")

    def add(self, path: str | Path, name: str | None = None, overwrite: bool = False) -> str:
        """Verify a style file and copy it into the user's folder.

        Parameters
        ----------
        name
            What to call it; by default, what the file is called.

        Returns
        -------
        str
            The name under which it is installed.

        Raises
        ------
        StyleFileError
            The file is not a sound style file.
        UsageError
            The name is taken by another style of the user's, or cannot be used.
        OutputError
            The user's folder cannot be written.
        """
        from impasto.style.file import verify_style  # noqa: PLC0415

        source = Path(path)
        name = check_style_name(name if name is not None else source.name.removesuffix(STYLE_SUFFIX))
        verify_style(source)
        target = self.user_dir / (name + STYLE_SUFFIX)
        if target.exists() and not overwrite:
            raise UsageError(f"a style named {name!r} is installed already: give another name, or --overwrite.")
        try:
            self.user_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.user_dir} cannot be made: {error.strerror or error}.") from error
        with write_beside(target) as beside:
            shutil.copyfile(source, beside)
        return name

    def remove(self, name: str) -> None:
        """Delete a style of the user's; a built-in one that it hid shows again.

        Raises
        ------
        UsageError
            The style came with Impasto.
        UnknownStyleError
            No installed style has this name.
        """
        installed = self.paths()
        if name not in installed:
            raise UnknownStyleError(f"no style named {name!r} is installed; {_suggest(name, list(installed))}")
        if self.is_builtin(name):
            raise UsageError(
                f"{name!r} came with Impasto and cannot be removed; a style of your own by that name hides it."
            )
        try:
            installed[name].unlink()
        except OSError as error:
            raise OutputError(f"{installed[name]} cannot be removed: {error.strerror or error}.") from error


def _style_files(folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"*{STYLE_SUFFIX}") if path.stem and path.name[0] != "." and path.is_file()]


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    if path.exists():
        raise StyleFileError(f"{path} is not a style file.")
    nearby = [neighbour.name for neighbour in _style_files(path.parent)] if path.parent.is_dir() else []
    raise UnknownStyleError(f"there is no style file {path}; {_suggest(path.name, nearby)}")


def _alike(name: str, known: Iterable[str]) -> list[str]:
    folded = _folded(name)
    return [candidate for candidate in known if folded and _folded(candidate) == folded]


def _folded(name: str) -> str:
    return re.sub(r"[\s._-]", "", unicodedata.normalize("NFC", name).casefold())


def _suggest(name: str, known: list[str]) -> str:
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = [by_folded[folded] for folded in difflib.get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.5)]
    if not close:
        return "'impasto styles' lists those that are installed."
    quoted = [repr(candidate) for candidate in close]
    return f"did you mean {' or '.join([', '.join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)}?"


def _family_and_description(path: Path) -> tuple[str, str]:
    from impasto.style.file import load_manifest  # noqa: PLC0415

    if is_locked(path):
        return "", "locked: it opens with its passphrase when it is used"
    try:
        manifest = load_manifest(path)
    except StyleFileError as error:
        return "", f"unusable: {error}"
    return manifest.family, manifest.description
