"""Looks at a photo once, and says what can be measured of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from impasto.critique.cast import judge_cast
from impasto.critique.finding import Critique, Plane
from impasto.critique.focus import judge_focus
from impasto.critique.horizon import judge_horizon
from impasto.critique.noise import judge_noise
from impasto.critique.pixel_blocks import LUMA_VECTOR, to_luma
from impasto.critique.placement import find_faces, judge_faces
from impasto.critique.tones import judge_clipping, judge_contrast, judge_exposure, measure_clipping
from impasto.errors import UnreadableMediaError
from impasto.media.frame import Frame, Pixels

SMALLEST_SIDE = 32
_SMALL_SIDE = 800


def critique_frame(frame: Frame) -> Critique:
    """Measure an upright picture.

    Parameters
    ----------
    frame
        As it was read, in any colour space and depth. What is transparent counts as well.

    Raises
    ------
    UnreadableMediaError
        A side is under 32 pixels.
    """
    from impasto.media.color_profile import to_srgb  # noqa: PLC0415  imports Pillow

    if min(frame.height, frame.width) < SMALLEST_SIDE:
        name = f"{frame.path}" if frame.path else "The picture"
        raise UnreadableMediaError(f"{name} is {frame.width}×{frame.height}. A critique needs {SMALLEST_SIDE} a side.")
    pixels = to_srgb(frame).pixels
    small = _small(pixels)
    small_luma = small @ LUMA_VECTOR * np.float32(255)
    faces = find_faces(pixels)
    known = faces or ()
    noise = judge_noise(pixels)
    focus = judge_focus(to_luma(pixels), noise.value or 0.0, known)
    horizon, line = judge_horizon(small_luma)
    highlights, shadows = (measure_clipping(frame.pixels, bright=bright) for bright in (True, False))
    findings = (
        *focus.findings,
        noise,
        judge_exposure(small),
        judge_contrast(small),
        judge_clipping(highlights, frame.pixels, known, bright=True),
        judge_clipping(shadows, frame.pixels, known, bright=False),
        judge_cast(small),
        horizon,
        *judge_faces(faces),
    )
    return Critique(frame.width, frame.height, findings, known, line, highlights.grid, shadows.grid, focus.grid)


def critique_file(path: Path | str) -> tuple[Critique, Frame]:
    """Measure a photo; return the frame as well, for an overlay.

    Raises
    ------
    UnreadableMediaError, MissingExtraError
        As `read_image`, and where a side is under 32 pixels.
    """
    from impasto.media.image_read import read_image  # noqa: PLC0415  imports Pillow

    frame = read_image(path)
    return critique_frame(frame), frame


def _small(pixels: Pixels) -> Plane:
    """Return float32 in [0, 1] with a long side of at most 800 pixels, averaged."""
    from PIL import Image  # noqa: PLC0415

    from impasto.media.image_write import to_8bit  # noqa: PLC0415  imports Pillow

    image = Image.fromarray(np.ascontiguousarray(to_8bit(pixels)))
    scale = _SMALL_SIDE / max(image.size)
    if scale < 1:
        size = (max(SMALLEST_SIDE, round(image.width * scale)), max(SMALLEST_SIDE, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(image, np.float32) / np.float32(255)
