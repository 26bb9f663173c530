"""`AppliedStyle`: a style with its options, as a job over a film and its workers take it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard, cast

import numpy as np
from pydantic import JsonValue

from impasto.api.chained import StyleChain
from impasto.api.style import Style
from impasto.apply.film_look import LookLink
from impasto.apply.finish import NO_FINISH, finish_of
from impasto.apply.gating import JudgesOutputs
from impasto.apply.regions import REGIONS, region_for
from impasto.apply.stylizer import Stylizer
from impasto.apply.stylizers import StylizerOptions
from impasto.errors import UsageError
from impasto.film.folder import make_job_part
from impasto.film.picture import Picture
from impasto.film.plan import WARM_UP_FRAMES, Memory
from impasto.media.files import write_beside
from impasto.media.frame import Frame
from impasto.style.file import StyleFile, load_style, save_style
from impasto.style.finish import Finish


@dataclass(frozen=True, eq=False)
class AppliedStyle:
    """A style and how it is applied. It is pickled without the style, once that is `kept`.

    Parameters
    ----------
    paths
        Where the style's links are kept; none while they are in memory only.
    """

    name: str
    options: StylizerOptions
    paths: tuple[Path, ...] = ()

    @classmethod
    def of(cls, style: Style, options: StylizerOptions) -> AppliedStyle:
        """Return a style with its options.

        Raises
        ------
        UsageError, StyleFileError
            It cannot be applied so.
        """
        applied = cls(style.name, options)
        applied.__dict__["style"] = style
        style._stylizer(options)
        applied.finishes()
        return applied

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name, "options": self.options, "paths": self.paths}

    @cached_property
    def style(self) -> Style:
        links = [Style(load_style(path), path) for path in self.paths]
        return links[0] if len(links) == 1 else StyleChain(links)

    @property
    def links(self) -> Sequence[Style]:
        """The styles that are applied one after another."""
        return self.style._links if isinstance(self.style, StyleChain) else (self.style,)

    @property
    def strength(self) -> float:
        return self.options.strength

    @property
    def is_full_strength(self) -> bool:
        return self.options.is_whole

    @property
    def memory(self) -> Memory:
        """A look settles on the LUT of the first frame; paint remembers its canvas."""
        families = {link.family for link in self.links}
        return Memory("look" in families, WARM_UP_FRAMES if "paint" in families else 0)

    def describe(self) -> dict[str, JsonValue]:
        """Return all that decides about pixels, by what a user would call it."""
        options = self.options
        runtime = self.style.runtime_name(options.runtime) if self.style.family == "paint" else ""
        said = {
            "style": [_digest(link._file) for link in self.links],
            "strength": options.strength,
            "keep-colour": options.keep_color,
            "texture-scale": options.texture_scale,
            "where": _described_region(options.where),
            "runtime": runtime,
            "finish": [finish.model_dump(mode="json") for finish in self.finishes()],
        }
        return cast("dict[str, JsonValue]", json.loads(json.dumps(said)))

    def check_region(self, pictures: Iterator[Picture]) -> None:
        """Refuse a mask that does not fit the first picture, before any work.

        Raises
        ------
        UsageError
            It has another size and aspect.
        """
        if _is_mask_file(self.options.where):
            for picture in pictures:
                region_for(self.options.where)(picture if isinstance(picture, Frame) else picture.to_rgb())
                break

    def kept(self, folder: Path) -> AppliedStyle:
        """Copy the style, and a mask that is a file, into a folder; return one that lives from that copy."""
        make_job_part(folder)
        paths = tuple(folder / f"{number}.style" for number in range(len(self.links)))
        for link, path in zip(self.links, paths, strict=True):
            save_style(link._file, path)
        options, where = self.options, self.options.where
        if _is_mask_file(where):
            mask = folder / f"mask{Path(where).suffix}"
            content = _read_mask(where)
            with write_beside(mask) as beside:
                beside.write_bytes(content)
            options = replace(options, where=mask)
        kept = replace(self, options=options, paths=paths)
        kept.__dict__["style"] = self.style
        return kept

    def looks(self, fraction: float = 1.0) -> Sequence[LookLink]:
        """Return the looks that are all of it; none for what paints, or is applied in a region only."""
        if self.options.where is not None or any(link.family != "look" for link in self.links):
            return ()
        return [self._look(link, fraction) for link in self.links]

    def _look(self, link: Style, fraction: float) -> LookLink:
        side = link._file.manifest.needs.thumbnail_side
        assert side is not None, "the manifest of a look always states it"
        strength = self.options.strength * fraction
        return LookLink(link._runtime(self.options.runtime), side, strength, self.options.keep_color)

    def stylizer(self, fraction: float, num_threads: int) -> Stylizer:
        """Return what restyles frames at a fraction of the strength, without a finish."""
        options = replace(self.options, strength=self.options.strength * fraction, finish=NO_FINISH)
        return self.style._stylizer(options, num_threads)

    def finishes(self) -> tuple[Finish, ...]:
        """Return what is laid over results: what is asked for, or what the last link carries."""
        finish = finish_of(self.links[-1]._file.manifest, self.options.finish)
        finish = finish.scaled(self.options.strength) if finish else None
        return (finish,) if finish else ()

    def gate(self) -> JudgesOutputs:
        """Return what judges results."""
        return self.style.gate()


def _digest(file: StyleFile) -> str:
    """Return a hash of what a style does; a blend is made anew each time, on another day."""
    said = file.manifest.model_dump_json(include={"family", "needs"})
    digest = hashlib.sha256(said.encode())
    digest.update(file.generator)
    return digest.hexdigest()


def _is_mask_file(where: Any) -> TypeGuard[str | os.PathLike[str]]:
    return isinstance(where, str | os.PathLike) and where not in REGIONS


def _read_mask(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"The mask {path} cannot be read: {error.strerror}.") from error


def _described_region(where: Any) -> str:
    """Name a region, or tell a mask by its pixels."""
    if where is None or (isinstance(where, str) and where in REGIONS):
        return where or ""
    if _is_mask_file(where):
        return hashlib.sha256(_read_mask(where)).hexdigest()
    return hashlib.sha256(np.ascontiguousarray(where).tobytes()).hexdigest()
