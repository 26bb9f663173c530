"""How much memory learning paint takes, so that a network that does not fit is refused before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

from impasto.errors import UsageError
from impasto.train.paint_generator import PaintGenerator
from impasto.train.paint_recipe import PaintRecipe

_BYTES = 4
# What is kept of each feature until gradients have come back: convolved, normalised, modulated, activated.
_COPIES_OF_FEATURES = 5
# The network, its gradient, two moments, the average, and a snapshot and its copy of all but the gradient.
_COPIES_OF_WEIGHTS = 14
# Floats that the encoder keeps for a pixel, measured with the default one.
_ENCODER_FLOATS = 450
_CGROUP = Path("/sys/fs/cgroup")
_MEMORY_INFO = Path("/proc/meminfo")


def needed_memory(generator: PaintGenerator, recipe: PaintRecipe) -> int:
    """Estimate the bytes that training takes beside the pictures."""
    half, quarter, eighth = generator.widths
    per_pixel = (3 * half + 12) / 4 + 3 * quarter / 16 + (eighth * (1 + 2 * generator.num_blocks) + quarter) / 64
    pixels = recipe.batch_size * recipe.crop_side**2
    features = pixels * (1.5 * per_pixel * _COPIES_OF_FEATURES + _ENCODER_FLOATS)
    weights = sum(parameter.numel() for parameter in generator.parameters()) * _COPIES_OF_WEIGHTS
    return round((features + weights) * _BYTES)


def free_memory() -> int | None:
    """Return the bytes that this process may still take; None where the system does not say."""
    found = [free for free in (_free_of_system(), _free_of_cgroup()) if free is not None]
    return min(found, default=None)


def _free_of_system() -> int | None:
    try:
        for line in _MEMORY_INFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on this system
        return None


def _free_of_cgroup() -> int | None:
    try:
        limit, used = (
            (_CGROUP / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current")
        )
        return None if limit == "max" else max(0, int(limit) - int(used))
    except (OSError, ValueError):
        return None


def refuse_what_does_not_fit(generator: PaintGenerator, recipe: PaintRecipe) -> None:
    """Refuse a network that is wider than memory.

    Raises
    ------
    UsageError
        It would take more than there is.
    """
    needed, free = needed_memory(generator, recipe), free_memory()
    if free is not None and needed > free:
        raise UsageError(
            f"learning would take about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free; "
            f"lower --width ({recipe.width:g}), --batch-size ({recipe.batch_size}) or crop-side ({recipe.crop_side})"
        )
