"""Ratings, and what suits a photo: the same as `impasto rate` and `impasto recommend` know."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from impasto.errors import ImpastoError, UsageError
from impasto.studio.refusals import RefusedError
from impasto.studio.uploads import Upload
from impasto.style.library import default_library

if TYPE_CHECKING:
    from impasto.gallery.look_table import LookTable
    from impasto.gallery.ratings import RatingStore
    from impasto.studio.shelf import Shelf

_FILE_NAME: Final = "taste.sqlite"
"""As in `impasto.cli.taste`: both use one file."""


def _ratings() -> RatingStore:
    from impasto.gallery.ratings import RatingStore  # noqa: PLC0415

    return RatingStore(default_library().user_dir.parent / _FILE_NAME)


def _ignore(_message: str) -> None:
    """Drop what the store says of a damaged file that it has set aside."""


def _look_table(path: Path) -> LookTable:
    from impasto.gallery.look_table import LookTable  # noqa: PLC0415
    from impasto.style.file import load_style  # noqa: PLC0415
    from impasto.style.lut_member import unpack_lut  # noqa: PLC0415

    style = load_style(path)
    packed = style.mean_lut
    if style.manifest.family != "look" or packed is None:
        raise UsageError(f"{path.stem} cannot be rated: only looks can.")
    return LookTable(path.stem, unpack_lut(packed).clip(0, 1))


def suggestions(shelf: Shelf, photo_path: Path, photo: Upload) -> list[dict[str, Any]]:
    """Return looks for a photo, the best first.

    Raises
    ------
    RefusedError
        It is no photo.
    """
    from impasto.gallery.photo_study import study_file  # noqa: PLC0415
    from impasto.gallery.recommend import recommend  # noqa: PLC0415

    if photo.kind != "photo":
        raise RefusedError("refused", "Looks are suggested for photos only.")
    looks = []
    for path in shelf.library.paths().values():
        try:
            looks.append(_look_table(path))
        except ImpastoError:  # of another family, early, or broken: none the worse for the others
            continue
    return [
        {"style": each.style, "strength": each.strength, "stars": round(each.stars, 2), "reason": each.reason}
        for each in recommend(study_file(photo_path), looks, _ratings().load(_ignore))
    ]


def keep_rating(photo_path: Path, style_path: Path, stars: float, strength: float) -> dict[str, Any]:
    """Keep a rating.

    Raises
    ------
    RefusedError
        The style is no look.
    """
    from impasto.gallery.photo_study import study_file  # noqa: PLC0415
    from impasto.gallery.suitability import effect_of  # noqa: PLC0415
    from impasto.gallery.taste import Rated  # noqa: PLC0415

    try:
        look = _look_table(style_path)
    except UsageError as error:
        raise RefusedError("refused", str(error)) from error
    store = _ratings()
    rated = Rated(look.name, stars, effect_of(study_file(photo_path), look, strength))
    replaced = store.add(photo_path, rated, _ignore)
    return {"num_ratings": len(store.load(_ignore)), "replaced": replaced}


def shown_ratings() -> dict[str, Any]:
    """Return all ratings."""
    rated = _ratings().load(_ignore)
    listed = [{"style": each.style, "stars": each.stars, "strength": each.effect.strength} for each in rated]
    return {"num_ratings": len(rated), "ratings": listed}


def forget_ratings() -> None:
    """Delete all ratings."""
    _ratings().forget()
