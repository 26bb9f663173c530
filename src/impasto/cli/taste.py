"""What `impasto recommend` and `impasto rate` share: the looks that can be judged, and the user's ratings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from impasto.errors import StyleFileError, UsageError

if TYPE_CHECKING:
    from impasto.gallery.look_table import LookTable
    from impasto.gallery.ratings import RatingStore

FILE_NAME = "taste.sqlite"


def default_ratings() -> RatingStore:
    """Return the ratings of this user; they lie beside the user's styles, and `$IMPASTO_HOME` moves both."""
    from impasto.gallery.ratings import RatingStore  # noqa: PLC0415
    from impasto.style.library import default_library  # noqa: PLC0415

    return RatingStore(default_library().user_dir.parent / FILE_NAME)


def load_look_table(path: Path) -> LookTable:
    """Load the mean table of a style file.

    Raises
    ------
    UsageError
        The style is no look.
    StyleFileError
        The file cannot be used, or is of an early look, which holds no such table.
    """
    from impasto.gallery.look_table import LookTable  # noqa: PLC0415
    from impasto.style.file import load_style  # noqa: PLC0415
    from impasto.style.lut_member import unpack_lut  # noqa: PLC0415

    style = load_style(path)
    if style.manifest.family != "look":
        raise UsageError(f"{path.stem} is a {style.manifest.family} style: only looks can be rated and recommended.")
    packed = style.mean_lut
    if packed is None:
        raise StyleFileError(f"{path} holds no mean look, by which to judge it. Learn it again.")
    return LookTable(path.stem, unpack_lut(packed).clip(0, 1))


def installed_looks() -> tuple[list[LookTable], list[str]]:
    """Return the installed looks that can be judged, by name, and why each other look cannot."""
    from impasto.style.library import default_library  # noqa: PLC0415

    looks, unusable = [], []
    for path in default_library().paths().values():
        try:
            looks.append(load_look_table(path))
        except StyleFileError as error:
            unusable.append(str(error))
        except UsageError:  # a style of another family, which is none the worse for it
            continue
    return looks, unusable
