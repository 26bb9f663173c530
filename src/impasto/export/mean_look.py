"""One LUT that stands for a look whatever the picture."""

from __future__ import annotations

import numpy as np

from impasto.apply.look import predict_lut
from impasto.apply.lut import Lut3D
from impasto.style.lut_member import unpack_lut
from impasto.style.runtime import Runtime

_GAMMAS = (0.5, 0.75, 1.0, 1.5, 2.5)


def mean_look(packed: bytes | None, runtime: Runtime, thumbnail_side: int) -> Lut3D:
    """Return a look at its mean.

    Parameters
    ----------
    packed
        The mean over the pictures that the look was learned on, as a style file holds it. Without it, the mean over
        grey ramps from bright to dark stands in.

    Raises
    ------
    StyleFileError
        The packed LUT or the generator cannot be used.
    """
    if packed is not None:
        return Lut3D(unpack_lut(packed))
    row = np.linspace(0, 1, thumbnail_side, dtype=np.float32)
    ramp = np.broadcast_to(row[None, :, None], (thumbnail_side, thumbnail_side, 3))
    tables = [predict_lut(runtime, ramp**gamma).table for gamma in _GAMMAS]
    return Lut3D(np.stack(tables).mean(axis=0))
