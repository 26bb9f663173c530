"""Learning from Python."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from impasto.api.style import PathLike, Style
from impasto.errors import MissingExtraError
from impasto.style.file import load_style
from impasto.style.names import STYLE_SUFFIX, is_style_name


def learn(
    references: PathLike | Sequence[PathLike],
    content: PathLike | Sequence[PathLike] | None = None,
    minutes: float | None = None,
    *,
    family: str = "look",
    output: PathLike | None = None,
    description: str = "",
    license_note: str = "",
    **options: Any,
) -> Style:
    """Learn a style from example pictures. Needs the extra `learn`.

    Parameters
    ----------
    references
        Pictures or films that show the style: files and folders.
    content
        Pictures or films as they are before; without any, they are made from the references.
    minutes
        Time to train for; by default 5 for a look, 10 for paint and 30 for a dream.
    family
        `look` (colour and tone), `paint` (brush, line and print) or `dream` (pictures from noise).
    output
        The style file to write. By default there is none: the style is in memory, for `Style.save`.
    description, license_note
        Kept in the style: one line about it, and what gives the right to use the references.
    **options
        `grain`, whether the style is to carry the grain of its references; `finish`, what else it lays over its
        results, as `impasto.style.finish.parse_finish` takes it; `private`, an epsilon, where the file of a look is to
        tell of no single reference; `recipe`, what the others change, as `impasto learn`
        takes it; and other fields of `impasto.train.recipe.Recipe`, or of `impasto.train.paint_recipe.PaintRecipe` or
        `impasto.train.dream_recipe.DreamRecipe`, such as `steps`, `seed` or `loss`.

    Raises
    ------
    NoReferencesError
        There is nothing usable to learn from.
    UsageError
        An option is unknown or out of range.
    TrainingError
        Losses stay non-finite.
    MissingExtraError
        The extra `learn` is not installed.
    """
    with learning_extra():
        from impasto.train.families import recipe_of  # noqa: PLC0415
        from impasto.train.job import LearnJob, learn_style  # noqa: PLC0415
    grain, finish, private = options.pop("grain", False), options.pop("finish", None), options.pop("private", None)
    recipe = recipe_of(family, options if minutes is None else {"minutes": minutes, **options})
    given = _as_paths(references)
    with TemporaryDirectory() as folder:
        path = Path(output) if output is not None else Path(folder) / (_name_after(given) + STYLE_SUFFIX)
        job = LearnJob(
            given,
            path,
            _as_paths(content or ()),
            recipe,
            description,
            license_note,
            grain=grain,
            finish=finish,
            private=private,
        )
        learn_style(job)
        return Style(load_style(path), path) if output is not None else Style(load_style(path).in_memory())


@contextmanager
def learning_extra() -> Iterator[None]:
    """Within this, an import that fails for want of the extra `learn` says so.

    Raises
    ------
    MissingExtraError
        Names what to install.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "impasto").split(".")[0] == "impasto":
            raise
        raise MissingExtraError(f"Learning needs {error.name}: pip install 'impasto[learn]'") from error


def _as_paths(given: PathLike | Sequence[PathLike]) -> list[Path]:
    return [Path(given)] if isinstance(given, str | os.PathLike) else [Path(path) for path in given]


def _name_after(references: Sequence[Path]) -> str:
    name = references[0].resolve().stem if references else ""
    return name if is_style_name(name) else "learned"
