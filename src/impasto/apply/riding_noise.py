"""Noise that moves with what is in a film: what is painted on a wall stays there while the camera pans over it.

Noise that is fixed to the canvas stays on the screen while the picture moves beneath it, as if seen through the glass
of a shower door (B. J. Meier, "Painterly Rendering for Animation", 1996).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import run_blocks
from impasto.apply.noise_field import noise_field
from impasto.apply.working_picture import WorkingSize
from impasto.errors import MissingExtraError
from impasto.vision.flow import estimate_flow

Floats = NDArray[np.float32]

# Motion is looked for in a picture whose short side has about this many cells, of at most so many pixels a side.
_CELLS, _LARGEST_CELL = 112, 4
# Pixels: motion below the first is that of the camera's noise; a frame in which a part as large as the last has moved
# by the second becomes what the next ones are held against, and so does each one of so many.
_STILL, _FAR, _PART = 0.25, 8.0, 0.05
_FRESH_EVERY = 12
# Neighbouring cells whose drifts differ by more than this share of a cell do not lie on one surface.
_TEAR = 0.8
# Blocks of so many cells a side are renewed once they stretch the noise by more than a limit between these two: each
# has its own, so that they do not jump together.
_BLOCK_SIDE, _LEAST_LIMIT, _MOST_LIMIT = 6, 1.35, 1.8


@dataclass(frozen=True, slots=True, eq=False)
class Ride:
    """How far the noise was carried along in a shot.

    Frames are not held against the one before but against an earlier one, until much has moved: so slow motion is seen,
    errors add up slowly, and what stands still does not move at all.

    Attributes
    ----------
    seen
        The luma of that earlier frame: K×L bytes, one for each cell.
    drift
        Where its noise came from: K×L×2, pixels right and down. What lies so far away in the field is what is shown.
    steps
        Where the noise of the last frame came from, H×W×2, in whole pixels.
    num_frames
        How many frames were held against it.
    num_renewals
        How many such frames there were before it.
    """

    seen: NDArray[np.uint8]
    drift: Floats
    steps: NDArray[np.int32]
    num_frames: int = 0
    num_renewals: int = 0


def riding_noise(
    content: Floats, size: WorkingSize, seed: int, ride: Ride | None, *, num_threads: int = 1
) -> tuple[Floats, Ride | None]:
    """Return the noise for a frame of a shot, and what the next one needs.

    On the first frame, and wherever nothing moves, it is the field that stills get. Values are fetched and never mixed,
    so that it stays as rough as that is. Without OpenCV (the extra `video`) it stays where it is.

    Parameters
    ----------
    content
        The frame, 1×3×H×W of the padded size, in [0, 1].
    ride
        What the frame before returned; None for the first one of a shot.

    Returns
    -------
    1×1×H×W, standard normal.
    """
    from impasto.apply import riding_kernels  # noqa: PLC0415  numba takes half a second to import

    cell = min(_LARGEST_CELL, max(1, min(size.height, size.width) // _CELLS))
    seen = np.empty((-(-size.height // cell), -(-size.width // cell)), np.uint8)
    riding_kernels.shrink_luma(content[0][:, *size.inner], cell, seen)
    still = noise_field(size.padded_height, size.padded_width, seed)
    if ride is None:
        steps = np.zeros((*still.shape[2:], 2), np.int32)
        return still, Ride(seen, np.zeros((*seen.shape, 2), np.float32), steps)
    try:
        flow = estimate_flow(_colored(seen), _colored(ride.seen))
    except MissingExtraError:
        return still, None
    speed = np.hypot(flow[..., 0], flow[..., 1]) * cell
    flow[speed < _STILL] = 0
    drift, tear = np.empty_like(ride.drift), _TEAR * cell
    riding_kernels.carry_drift(ride.drift, flow, cell, tear, drift)
    noise, steps = np.empty_like(still), np.empty_like(ride.steps)
    # The same at the same places, since noise depends on the place alone, but with sides that are powers of 2.
    endless = noise_field(*(1 << (side - 1).bit_length() for side in still.shape[2:]), seed)[0, 0]

    def look_up(first: int, last: int) -> None:
        rows, grid = np.arange(first, last), (cell, size.margin, tear)
        riding_kernels.look_up_rows(endless, drift, grid, (ride.steps, steps), noise[0, 0], rows)

    run_blocks(look_up, size.padded_height, 64, num_threads)
    if ride.num_frames + 1 < _FRESH_EVERY and np.count_nonzero(speed > _FAR) < _PART * speed.size:
        return noise, replace(ride, steps=steps, num_frames=ride.num_frames + 1)
    _renew(drift, cell, still.shape, ride.num_renewals)
    return noise, Ride(seen, drift, steps, 0, ride.num_renewals + 1)


def _renew(drift: Floats, cell: int, shape: tuple[int, ...], num_renewals: int) -> None:
    """Send blocks that stretch the noise too much to places in it where nothing else comes from."""
    from impasto.apply import riding_kernels  # noqa: PLC0415  as above

    blocks = [-(-side // _BLOCK_SIDE) for side in drift.shape[:2]]
    limits = np.random.default_rng(0).uniform(_LEAST_LIMIT, _MOST_LIMIT, blocks)
    random = np.random.default_rng((1, num_renewals))
    fresh = np.stack([random.integers(0, side, blocks) for side in shape[:1:-1]], axis=-1).astype(np.float32)
    riding_kernels.renew_blocks(drift, cell, _TEAR * cell, _BLOCK_SIDE, limits, fresh)


def _colored(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[..., None], 3, axis=2)
