"""Checking files: which were made of which, verdicts one by one, and pictures of where they are worst."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import StyleFileError, UnreadableMediaError, UsageError
from impasto.gate.gate import Gate
from impasto.gate.view import Image8, Plane, resized, view_picture
from impasto.media.files import find_places
from impasto.media.frame import Pixels
from impasto.style.verdict import Verdict

_HEAT = np.array([255, 30, 0], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """One file: its verdict, or what was wrong with reading it.

    Attributes
    ----------
    place
        Where it lies beneath the folder that was given.
    content
        The picture that it was compared with.
    map_picture
        H×W×3, red where it is worst; None where there is no map.
    """

    path: Path
    place: Path
    content: Path | None = None
    verdict: Verdict | None = None
    error: str = ""
    map_picture: Image8 | None = None


def places_of(given: Sequence[Path]) -> dict[Path, Path]:
    """Find pictures in files and folders: path → place beneath what was given.

    Raises
    ------
    UsageError
        There are none.
    UnreadableMediaError
        A path does not exist.
    """
    found = find_places(given)
    if not found:
        raise UsageError(f"There is no picture in {', '.join(map(str, given))}.")
    return found


def find_contents(outputs: Mapping[Path, Path], contents: Mapping[Path, Path], style_name: str) -> dict[Path, Path]:
    """Find the content of each output: at the same place whatever the suffix, or with the style's name added to it."""
    by_place = {place.with_suffix("").as_posix(): path for path, place in contents.items()}
    found = {}
    for path, place in outputs.items():
        name = place.with_suffix("").as_posix()
        fitting = [by_place[each] for each in (name, name.removesuffix(f"-{style_name}")) if each in by_place]
        # Results may lie beside their contents, and so be among them.
        if others := [content for content in fitting if content.resolve() != path.resolve()]:
            found[path] = others[0]
    return found


def check_files(
    gate: Gate,
    outputs: Mapping[Path, Path],
    contents: Mapping[Path, Path],
    progress: Callable[[int, int], None] | None = None,
    *,
    with_maps: bool = False,
) -> Iterator[Checked]:
    """Judge files, each with its content where that is known; one that cannot be read does not stop the rest.

    Raises
    ------
    StyleFileError
        The style's discriminator fails, which every picture would show alike.
    """
    for number, (path, place) in enumerate(outputs.items(), 1):
        yield _check(gate, path, place, contents.get(path), with_maps)
        if progress is not None:
            progress(number, len(outputs))


def _check(gate: Gate, path: Path, place: Path, content: Path | None, with_maps: bool) -> Checked:
    try:
        pixels = _read(path)
        verdict = gate.judge(pixels, None if content is None else _read(content))
    except StyleFileError:
        raise
    except (UnreadableMediaError, ImportError) as error:  # what needs an extra that is not installed is unreadable, too
        return Checked(path, place, content, error=str(error))
    drawn = draw_map(pixels, verdict.map) if with_maps and verdict.map is not None else None
    return Checked(path, place, content, verdict, map_picture=drawn)


def _read(path: Path) -> Pixels:
    from impasto.media.color_profile import to_srgb  # noqa: PLC0415  imports Pillow
    from impasto.media.image_read import read_image  # noqa: PLC0415  imports Pillow

    return to_srgb(read_image(path)).pixels


def draw_map(pixels: Pixels, where: Plane) -> Image8:
    """Return the picture, small and grey, with red where a map from 0 to 1 is high."""
    rgb = view_picture(pixels).rgb
    levels = (np.clip(where, 0, 1) * 255).astype(np.uint8)
    heat = resized(np.repeat(levels[..., None], 3, axis=2), *rgb.shape[:2]).astype(np.float32) / 255
    grey: Any = rgb.mean(axis=2, keepdims=True)
    drawn: Image8 = (grey * (1 - 0.6 * heat) + _HEAT * 0.6 * heat).round().astype(np.uint8)
    return drawn
