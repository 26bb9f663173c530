"""What an encoder sees in one picture, computed once and shared by every metric that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.quality.metric import Image

Map: TypeAlias = NDArray[np.float32]
"""C×h×w."""

STYLE_STRIDE = 8
"""Maps up to this stride see brush, grain and colour; later ones see what is shown."""
_PATCHES_A_SIDE = 4


class PictureFeatures:
    """Feature maps of one picture.

    Parameters
    ----------
    maps
        One C×h×w for each stage, early to late.
    strides
        Of each stage.
    """

    def __init__(self, maps: Sequence[Map], strides: Sequence[int]) -> None:
        self.maps = tuple(maps)
        self._style_maps = tuple(
            features for features, stride in zip(maps, strides, strict=True) if stride <= STYLE_STRIDE
        )

    @cached_property
    def pooled(self) -> NDArray[np.float64]:
        """Mean of the last map over the picture: D numbers that say what is shown, and how."""
        pooled: NDArray[np.float64] = self.maps[-1].mean(axis=(1, 2), dtype=np.float64)
        return pooled

    @cached_property
    def grams(self) -> tuple[NDArray[np.float64], ...]:
        """Of each early map, the C×C mean products of its channels (L. Gatys et al., 2016)."""
        flat = [features.reshape(len(features), -1) for features in self._style_maps]
        return tuple((rows @ rows.T).astype(np.float64) / rows.shape[1] for rows in flat)

    @cached_property
    def patches(self) -> NDArray[np.float32]:
        """Mean and deviation of each early channel in each of 4×4 parts of the picture: 16 rows."""
        parts = [_cell_statistics(features) for features in self._style_maps]
        return np.concatenate(parts, axis=1)


class FeatureReader:
    """Turns pictures into features with a network.

    Parameters
    ----------
    network
        Returns the maps of an H×W×3 picture, such as `impasto.vision.feature_maps.FeatureMaps`.
    strides
        Of those maps.
    """

    def __init__(self, network: Callable[[Image], Sequence[Map]], strides: Sequence[int]) -> None:
        self._network = network
        self._strides = tuple(strides)

    def __call__(self, image: Image) -> PictureFeatures:
        return PictureFeatures(self._network(image), self._strides)


def _cell_statistics(features: Map) -> NDArray[np.float32]:
    """Return 16 × 2C numbers; a map under 4 pixels a side has its pixels repeated."""
    rows, columns = (_cells(length) for length in features.shape[1:])
    cells = [features[:, row, column] for row in rows for column in columns]
    return np.stack([np.concatenate([cell.mean(axis=(1, 2)), cell.std(axis=(1, 2))]) for cell in cells])


def _cells(length: int) -> list[slice]:
    starts = [index * length // _PATCHES_A_SIDE for index in range(_PATCHES_A_SIDE)]
    ends = [-(-(index + 1) * length // _PATCHES_A_SIDE) for index in range(_PATCHES_A_SIDE)]
    return [slice(start, end) for start, end in zip(starts, ends, strict=True)]
