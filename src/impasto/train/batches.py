"""Pictures in memory, and the batches that are drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from impasto.media.frame import every_nth
from impasto.train.augment import ContentJitter, GeometricCrop
from impasto.train.recipe import Recipe
from impasto.vision.faces import detect_faces, faces_available

FaceFraction = tuple[float, float, float, float]


# Where every crop keeps the face, too little tells how the look treats what is around it.
_FACE_SHARE = 0.5


class Crop(Protocol):
    """Whatever cuts a batch of one size out of pictures, and may keep their faces."""

    def __call__(
        self, pictures: Sequence[Tensor], random: np.random.Generator, faces: Sequence[FaceFraction | None] | None = ...
    ) -> Tensor: ...


class Pool:
    """Pictures of one role, held as bytes.

    Parameters
    ----------
    pictures
        Each H×W×3 uint8 sRGB, with sides of at least the recipe's crop.
    thumbnail_side
        Side of the thumbnails that the generator sees.
    faces
        The largest face of each picture as (left, top, right, bottom) in [0, 1], or None.
    thumbnails
        N×3×`thumbnail_side`×`thumbnail_side` where they were made of larger pictures; else made of these.
    """

    def __init__(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        thumbnail_side: int,
        faces: Sequence[FaceFraction | None] | None = None,
        thumbnails: Tensor | None = None,
    ) -> None:
        self._pictures = [torch.from_numpy(np.ascontiguousarray(p.transpose(2, 0, 1))) for p in pictures]
        self.faces = list(faces) if faces is not None else [None] * len(self._pictures)
        if thumbnails is None:
            thumbnails = torch.cat([area_thumbnails(self.picture(i), thumbnail_side) for i in range(len(self))])
        self.thumbnails = thumbnails

    def __len__(self) -> int:
        return len(self._pictures)

    def picture(self, index: int) -> Tensor:
        """Return one picture, 1×3×H×W in [0, 1]."""
        return self._pictures[index][None].float() / 255

    def draw(
        self, count: int, crop: Crop, random: np.random.Generator, weights: NDArray[np.float64] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return crops B×3×side×side of random pictures, and the thumbnails of the whole pictures.

        `weights` are the probabilities of the pictures; None means even ones.
        """
        chosen = [int(index) for index in random.choice(len(self), count, p=weights)]
        pictures = [self.picture(index)[0] for index in chosen]
        faces = [self.faces[index] if random.random() < _FACE_SHARE else None for index in chosen]
        return crop(pictures, random, faces), self.thumbnails[chosen]


def make_pool(pictures: Iterable[NDArray[np.uint8]], picture_side: int, thumbnail_side: int) -> Pool:
    """Return a pool of pictures with a short side of `picture_side`, made of larger ones.

    Each pixel that is kept is one of the picture's own: see `GeometricCrop`. Thumbnails and faces are taken from the
    picture as it was given.
    """
    kept, faces, thumbnails = [], [], []
    for picture in pictures:
        kept.append(every_nth(picture, picture_side))
        faces.append(largest_face(picture))
        whole = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255
        thumbnails.append(area_thumbnails(whole, thumbnail_side))
    return Pool(kept, thumbnail_side, faces, torch.cat(thumbnails))


def largest_face(picture: NDArray[np.uint8]) -> FaceFraction | None:
    """Return the largest face of a picture; None where it has none, or no detector is installed."""
    if not faces_available():
        return None
    faces = detect_faces(picture)
    if not faces:
        return None
    face = max(faces, key=lambda box: box.width * box.height)
    height, width = picture.shape[:2]
    return face.x / width, face.y / height, (face.x + face.width) / width, (face.y + face.height) / height


def area_thumbnails(images: Tensor, side: int) -> Tensor:
    """Average areas to side×side, ignoring the aspect, as the applying side does."""
    return functional.interpolate(images, (side, side), mode="area")


@dataclass(frozen=True)
class Batch:
    """What one step sees: crops B×3×S×S in [0, 1], and the thumbnails that the generator reads."""

    real: Tensor
    content: Tensor
    thumbnails: Tensor

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """Return the batch with every tensor changed."""
        return Batch(change(self.real), change(self.content), change(self.thumbnails))


class BatchSource:
    """Draws the batch of a step. It depends on the seed and the step alone, so a resumed run sees the same ones.

    `weights` are the probabilities with which content is drawn.
    """

    def __init__(
        self, references: Pool, content: Pool, recipe: Recipe, weights: NDArray[np.float64] | None = None
    ) -> None:
        self._weights = weights
        self._references = references
        self._content = content
        self._recipe = recipe
        self._crop = GeometricCrop(recipe.crop_side)
        self._jitter = ContentJitter(recipe.content_jitter or 0.0)

    def random(self, step: int) -> np.random.Generator:
        """Return the random numbers that belong to a step."""
        return np.random.default_rng((self._recipe.seed, step))

    def batch(self, step: int) -> Batch:
        random = self.random(step)
        size = self._recipe.batch_size
        real, _ = self._references.draw(size, self._crop, random)
        content, thumbnails = self._content.draw(size, self._crop, random, self._weights)
        amounts = self._jitter.draw(size, random)
        return Batch(real, self._jitter.apply(content, amounts), self._jitter.apply(thumbnails, amounts))
