"""Dreams without a network: pictures whose colours are what their latents say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.dream import Dreamer
from impasto.style.manifest import Manifest, Needs

SIDE = 16


class PlainRuntime:
    """Makes pictures whose upper half has the colour of the first latent, and whose lower half that of the last."""

    name = "plain"

    def __init__(self, side: int = SIDE) -> None:
        self.side = side
        self.num_pictures = 0
        self.largest_batch = 0

    def describe(self) -> str:
        return self.name

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        latents = inputs["latents"]
        assert latents.dtype == np.float32
        self.num_pictures += len(latents)
        self.largest_batch = max(self.largest_batch, len(latents))
        images = np.empty((len(latents), 3, self.side, self.side), np.float32)
        half = self.side // 2
        images[:, :, :half] = 0.5 + latents[:, 0, :3, None, None] / 6
        images[:, :, half:] = 0.5 + latents[:, -1, :3, None, None] / 6
        return {"images": images}


def dream_manifest(**needs: Any) -> Manifest:
    given = {"picture_side": SIDE, "latent_size": 3, "num_latents": 2, **needs}
    return Manifest(
        name="plain", family="dream", created=date(2026, 1, 1), impasto_version="0.1.0", needs=Needs(**given)
    )


def dreamer(runtime: PlainRuntime | None = None, **needs: Any) -> Dreamer:
    return Dreamer(dream_manifest(**needs), runtime or PlainRuntime())
