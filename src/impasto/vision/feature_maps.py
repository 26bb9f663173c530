"""Features of one picture as NumPy arrays, so that what measures needs no torch of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from impasto.vision.encoders import Encoder, load_encoder

# Smaller pictures are mirrored at their edges up to this: the latest maps must have pixels to be averaged.
_MINIMUM_SIDE = 80


class FeatureMaps:
    """Runs an encoder on one picture at a time.

    Parameters
    ----------
    encoder
        A name, as for `load_encoder`, or an encoder.
    """

    def __init__(self, encoder: str | Encoder) -> None:
        self._encoder = load_encoder(encoder) if isinstance(encoder, str) else encoder
        self.strides = self._encoder.strides

    def __call__(self, image: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Return the map of each stage, early to late, as C×h×w.

        Parameters
        ----------
        image
            H×W×3 sRGB: float in [0, 1], or uint8.
        """
        levels = image.astype(np.float32) / (255 if image.dtype == np.uint8 else 1)
        missing = [max(0, _MINIMUM_SIDE - side) for side in image.shape[:2]]
        if any(missing):
            levels = np.pad(levels, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="symmetric")
        # An RGB image seen as a batch of one is in `channels_last` already.
        batch = torch.from_numpy(np.ascontiguousarray(levels))[None].permute(0, 3, 1, 2)
        with torch.inference_mode():
            return [features[0].contiguous().numpy() for features in self._encoder(batch)]
