"""Films as references and content: sharp frames of each shot, as pictures in a folder that the run may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from impasto.errors import NoReferencesError, UnreadableMediaError
from impasto.media.files import find_pictures
from impasto.media.film_files import find_films, is_film
from impasto.media.frame import Frame
from impasto.media.planar import PlanarFrame
from impasto.train.collection import collect
from impasto.train.film_survey import Box, FilmSurvey

MAX_FRAMES = 150
"""Frames of one film: more would leave other films and pictures no say."""

_HDR_TRANSFERS = {"smpte2084", "arib-std-b67"}
# Decoding on costs about as much as opening a film at another place and decoding from its last key picture.
_FRAMES_PER_SEEK = 120

Paths = Sequence[Path | str]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Picked:
    """What came of one film."""

    pictures: list[Path]
    num_shots: int


@contextmanager
def films_as_pictures(references: Paths, content: Paths, say: Say) -> Iterator[tuple[Paths, Paths]]:
    """Yield references and content with frames in place of the films among them; the frames are gone afterwards.

    Parameters
    ----------
    say
        Told what is read, and what is left out.

    Raises
    ------
    NoReferencesError
        Of one of the two, there are films only, and no frame of them can be used.
    MissingExtraError
        The extra `video` is not installed.
    """
    heaps = {"references": references, "content": content}
    films = {role: _films_of(paths) for role, paths in heaps.items()}
    if not any(films.values()):
        yield references, content
        return
    with TemporaryDirectory(prefix="impasto-frames-") as folder:
        given = {role: _pictures_of(role, heaps[role], films[role], Path(folder) / role, say) for role in heaps}
        yield given["references"], given["content"]


def _films_of(paths: Paths) -> list[Path]:
    return find_films([path for path in paths if Path(path).exists()])


def _pictures_of(role: str, paths: Paths, films: Sequence[Path], folder: Path, say: Say) -> Paths:
    if not films:
        return paths
    # A folder that held nothing but films has no pictures to be missed.
    others = [path for path in paths if not is_film(path) and (not Path(path).is_dir() or find_pictures([path]))]
    found: list[Path] = []
    for number, film in enumerate(films):
        found += _frames_of(role, film, folder / f"{number:03}", say)
    kept = _distinct(role, found, say) if found else []
    if not kept and not others:
        raise NoReferencesError(f"{role}: no frame of {films[0]} or any other film given can be used.")
    return [*others, *kept]


def _frames_of(role: str, film: Path, folder: Path, say: Say) -> list[Path]:
    say(f"{role}: looking for the shots of {film}")
    try:
        picked = pick_frames(film, folder)
    except UnreadableMediaError as error:
        say(f"left out: {error}")
        return []
    num_frames, num_shots = len(picked.pictures), picked.num_shots
    say(f"{role}: {_counted(num_frames, 'frame')} of {_counted(num_shots, 'shot')} in {film}")
    return picked.pictures


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _distinct(role: str, frames: Sequence[Path], say: Say) -> list[Path]:
    """Leave out frames that show the same as another one, in one line for all of them."""
    collection = collect(frames, role=role)
    if left_out := len(frames) - len(collection.accepted):
        say(f"{role}: {_counted(left_out, 'frame')} left out that showed the same as another, or too little")
    return [example.path for example in collection.accepted]


def pick_frames(film: Path, folder: Path, most: int = MAX_FRAMES) -> Picked:
    """Write sharp frames of each shot as PNG, without the bars around the picture.

    Raises
    ------
    UnreadableMediaError
        The film cannot be read, or is HDR, whose colours a style for photos cannot be learned from.
    MissingExtraError
        The extra `video` is not installed.
    """
    from impasto.media.film_read import FilmSource  # noqa: PLC0415  an extra
    from impasto.media.image_write import write_image  # noqa: PLC0415  imports Pillow
    from impasto.vision.shots import find_shots  # noqa: PLC0415

    source = FilmSource(film)
    if source.info.color.transfer in _HDR_TRANSFERS:
        raise UnreadableMediaError(f"{film} is HDR, which cannot be learned from: convert it to SDR first.")
    survey = FilmSurvey(source.info.rate)
    shots = find_shots(survey.watch(source))
    chosen = survey.choose(shots, most)
    box = survey.picture_box(source.info.height, source.info.width)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for frame in _frames_at(source.frames, chosen):
        path = folder / f"{film.stem} {frame.index:06}.png"
        write_image(_picture(frame, box), path)
        pictures.append(path)
    return Picked(pictures, len(shots))


def _frames_at(frames: Callable[[int, int], Iterator[PlanarFrame]], chosen: Sequence[int]) -> Iterator[PlanarFrame]:
    """Yield frames by their numbers, which rise, in one go or each on its own, whichever decodes less."""
    if not chosen:
        return
    if chosen[-1] - chosen[0] > _FRAMES_PER_SEEK * len(chosen):
        for number in chosen:
            yield from frames(number, number + 1)
        return
    wanted = set(chosen)
    yield from (frame for frame in frames(chosen[0], chosen[-1] + 1) if frame.index in wanted)


def _picture(frame: PlanarFrame, box: Box) -> Frame:
    """Return what is shown between the bars, in 8 bits."""
    pixels = frame.to_rgb().pixels[box]
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return Frame(np.ascontiguousarray(pixels))
