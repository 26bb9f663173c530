"""Films from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from impasto.api.style import PathLike

if TYPE_CHECKING:
    from impasto.vision.shots import Detector, Shot


def find_shots(path: PathLike, *, detector: Detector = "thumbnails") -> list[Shot]:
    """Find the shots of a film: its cuts, dissolves and fades.

    Parameters
    ----------
    detector
        "thumbnails", or "transnet" for a network; see `impasto.vision.shots.find_shots`.

    Raises
    ------
    UsageError
        There is no such detector.
    UnreadableMediaError
        The film cannot be read.
    MissingExtraError
        What reads films, or the network, is not installed.
    """
    from impasto.vision import shots  # noqa: PLC0415

    return shots.find_shots(Path(path), detector=detector)
