"""Features of pictures: what they show and how they look, apart.

Content is what the last stage of an encoder holds on average. Style is the mean and deviation of each channel of its
early stages (X. Huang and S. Belongie, "Arbitrary style transfer in real-time with adaptive instance normalization",
2017: what instance normalisation takes away is the style), and the traits of light and colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import MissingExtraError
from impasto.gallery.records import Features, Likeness, Vector
from impasto.gallery.traits import TRAIT_NAMES, TRAITS_SIDE, palette, photo_traits

if TYPE_CHECKING:
    from impasto.vision.encoders import Encoder

DEFAULT_ENCODER = "efficientnet-lite0"
READ_SIDE = 224
"""Short side, in pixels, at which pictures are to be read for `FeatureExtractor`."""
_REVISION = 1
"""Raise it when features of old and new can no longer be compared."""
_NUM_STYLE_STAGES = 3
_TRAITS_SHARE = 0.4
_NUM_COLORS = 5
_PALETTE_SIDE = 40
_LEAST_DEVIATION = 1e-3


class FeatureExtractor:
    """Makes features of pictures. PyTorch and the network are loaded when the first is asked for.

    Parameters
    ----------
    encoder
        An encoder that has been loaded already; `name` must then say which.
    """

    def __init__(self, name: str = DEFAULT_ENCODER, encoder: Encoder | None = None) -> None:
        self.version = f"{name}/{_REVISION}"
        self._name = name
        self._encoder = encoder

    def __call__(self, thumbnails: Sequence[NDArray[np.uint8]]) -> list[Features]:
        """Extract features.

        Parameters
        ----------
        thumbnails
            H×W×3 sRGB uint8 each, of any size; their short side is best `READ_SIDE`.

        Raises
        ------
        MissingExtraError
            PyTorch, or the package that carries the network's weights, is not installed.
        """
        if not thumbnails:
            return []
        content, style = self._network_features(np.stack([_square(thumbnail) for thumbnail in thumbnails]))
        return [
            Features(content[row], np.concatenate([style[row], _traits(thumbnail)]), _palette(thumbnail))
            for row, thumbnail in enumerate(thumbnails)
        ]

    def _network_features(self, squares: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return content B×C and style B×S of pictures B×H×W×3."""
        try:
            import torch  # noqa: PLC0415

            from impasto.vision.encoders import load_encoder  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MissingExtraError("Looking at pictures needs PyTorch: pip install 'impasto[library]'") from error
        if self._encoder is None:
            self._encoder = load_encoder(self._name)
        batch = torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            stages = self._encoder(batch.contiguous(memory_format=torch.channels_last))
            content = stages[-1].mean(dim=(2, 3))
            style = []
            for stage in stages[:_NUM_STYLE_STAGES]:
                deviation, mean = torch.std_mean(stage, dim=(2, 3), correction=0)
                style += [mean, (deviation + _LEAST_DEVIATION).log()]
            return np.asarray(content.float(), np.float32), np.asarray(torch.cat(style, dim=1).float(), np.float32)


def feature_weights(kind: Likeness, num_features: int) -> NDArray[np.float32]:
    """Return the share that each feature has of the squared distance; all together have 1."""
    weights = np.ones(num_features)
    if kind is Likeness.STYLE:
        num_traits = len(TRAIT_NAMES)
        weights[:-num_traits] = (1 - _TRAITS_SHARE) / (num_features - num_traits)
        weights[-num_traits:] = _TRAITS_SHARE / num_traits
    return np.asarray(weights / weights.sum(), np.float32)


def _square(thumbnail: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the middle of a picture at the side that the network is shown, so that pictures make a batch."""
    height, width = thumbnail.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = thumbnail[top : top + side, left : left + side]
    if side == READ_SIDE:
        return middle
    size = (READ_SIDE, READ_SIDE)
    return np.asarray(Image.fromarray(middle).resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0))


def _small(thumbnail: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    image = Image.fromarray(thumbnail)
    scale = side / max(image.size)
    if scale < 1:
        width, height = (max(1, round(length * scale)) for length in image.size)
        image = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(image, np.float32) / np.float32(255)


def _traits(thumbnail: NDArray[np.uint8]) -> Vector:
    return photo_traits(_small(thumbnail, TRAITS_SIDE)).as_vector()


def _palette(thumbnail: NDArray[np.uint8]) -> Vector:
    return palette(_small(thumbnail, _PALETTE_SIDE), _NUM_COLORS).colors
