"""Photos as a painter would block them in, which is what the network of a paint style sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import run_blocks

Floats = NDArray[np.float32]

# A block sums up `radius` rows of its neighbour anew, which many small ones would feel.
_ROWS_PER_BLOCK = 64


def simplify(picture: Floats, radius: int, *, num_threads: int) -> Floats:
    """Replace each pixel by the mean of the calmest of four squares that it is a corner of.

    The filter of Kuwahara, generalised: squares count by a power of their variance (Papari et al. 2007, "Artistic edge
    and corner enhancing smoothing"). What is learned is learned with this same filter.

    Parameters
    ----------
    picture
        1×3×H×W in [0, 1].
    radius
        The squares' side less one, in pixels: what is thinner goes. At 0 the picture itself is returned.
    """
    if not radius:
        return picture
    from impasto.apply import simplification_kernels as kernels  # noqa: PLC0415  numba takes half a second to import

    planes = np.ascontiguousarray(picture[0], np.float32)
    simple = np.empty_like(planes)

    def fill(first: int, last: int) -> None:
        kernels.simplify_rows(planes, radius, simple, first, last)

    run_blocks(fill, planes.shape[1], _ROWS_PER_BLOCK, num_threads)
    return simple[None]
