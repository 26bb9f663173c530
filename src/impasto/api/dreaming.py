"""Dreaming from Python: pictures that a style makes of noise."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.api.inputs import srgb_frame
from impasto.apply.blocks import available_cores
from impasto.apply.dream import Dreamer, mixed, walk
from impasto.apply.dream_search import Found, find_latent
from impasto.errors import MissingExtraError, UsageError
from impasto.style.blend import is_blend, split_chain
from impasto.style.file import StyleFile, load_style
from impasto.style.latents import LatentNoise, parse_noise
from impasto.style.library import default_library
from impasto.style.runtime import OnnxRuntime

Pictures = NDArray[np.uint8]
PathLike = str | os.PathLike[str]


class Dream:
    """A dream style, ready to make pictures. `load_dream` makes one.

    Raises
    ------
    StyleFileError
        The style is no dream, or its network cannot be used.
    """

    def __init__(self, file: StyleFile, path: Path | None = None) -> None:
        self.path = path
        self.name = path.stem if path else file.manifest.name
        manifest = file.manifest.model_copy(update={"name": self.name})
        self._dreamer = Dreamer(manifest, OnnxRuntime(file.generator, available_cores()))

    @property
    def side(self) -> int:
        """Side in pixels of the pictures that it makes."""
        return self._dreamer.side

    @property
    def shows_faces(self) -> bool:
        """Whether it learned faces, cut out upright."""
        return self._dreamer.shows_faces

    @property
    def can_mix(self) -> bool:
        """Whether `mix` can be asked for."""
        return self._dreamer.can_mix

    def pictures(self, count: int = 16, seed: int = 0, noise: str | None = None) -> Pictures:
        """Return N×S×S×3 uint8 pictures; a seed gives the same ones, of which more begin with fewer.

        Parameters
        ----------
        noise
            As `impasto.style.latents.parse_noise` takes it; by default as the dream was learned. `truncated` gives
            up variety for pictures that are seldom odd.
        """
        if count < 1:
            raise UsageError(f"the number of pictures must be at least 1, not {count}")
        return self._dreamer.pictures(self._dreamer.draw(count, seed, _noise(noise)))

    def mix(self, layouts: int = 4, appearances: int = 4, seed: int = 0, noise: str | None = None) -> Pictures:
        """Return the layout of some dreams, each in the appearance of others: `layouts`·`appearances` pictures."""
        latents = self._dreamer.draw(layouts + appearances, seed, _noise(noise))
        return mixed(self._dreamer, latents[:layouts], latents[layouts:])

    def walk(self, seconds: float, rate: float = 24, seed: int = 0, noise: str | None = None) -> Iterator[Pictures]:
        """Yield the S×S×3 pictures of a film that wanders through dreams and ends where it began."""
        for latent in walk(self._dreamer, seconds, rate, seed, _noise(noise)):
            yield self._dreamer.pictures(latent)[0]

    def near(
        self, image: Any, num_pictures: int = 4000, progress: Callable[[float], None] = lambda _: None
    ) -> tuple[Pictures, Pictures, Found]:
        """Look for the dream that is nearest to a photo, with the network alone.

        Returns
        -------
        The photo as it was cut, S×S×3; the dream; and how near they are.

        Raises
        ------
        UsageError
            The dream shows faces, and the photo has none.
        """
        target = self._cut(srgb_frame(image).pixels)
        found = find_latent(self._dreamer, target, num_pictures, progress)
        return target, self._dreamer.pictures(found.latent)[0], found

    def _cut(self, pixels: Any) -> Pictures:
        from impasto.vision.face_crop import centre_square, face_crop, upright_face  # noqa: PLC0415

        if not self._dreamer.shows_faces:
            return centre_square(pixels, self.side)
        try:
            region = upright_face(pixels)
        except MissingExtraError:
            return centre_square(pixels, self.side)
        if region is None:
            raise UsageError(f"'{self.name}' dreams of faces, and no face was found in the photo.")
        return face_crop(pixels, region, self.side)


def load_dream(name_or_path: PathLike) -> Dream:
    """Load a dream by path, or an installed one by name.

    Raises
    ------
    UnknownStyleError
        There is none; the message gives the nearest names.
    UsageError
        Several styles were given, which dreams cannot be blended of.
    StyleFileError
        The file is no dream, or damaged.
    """
    text = os.fspath(name_or_path)
    if is_blend(text) or len(split_chain(text)) > 1:
        raise UsageError(f"'{text}': dreams are neither blended nor chained; give one style.")
    path = default_library().resolve(text)
    return Dream(load_style(path), path)


def _noise(text: str | None) -> LatentNoise | None:
    return None if text is None else parse_noise(text)
