"""What a run leaves behind to look at: TensorBoard scalars and sample sheets."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

from impasto.errors import OutputError
from impasto.media.frame import Frame
from impasto.media.image_write import write_image

_CURVES = {
    "discriminator/loss": "Discriminator's loss",
    "generator/adversarial": "Generator's loss",
    "discriminator/accuracy_on_real": "Share of references that the discriminator gets right",
    "discriminator/accuracy_on_fake": "Share of outputs that the discriminator gets right",
    "generator/diversity": "Diversity of outputs against their content's",
    "generator/content": "What outputs lose of their content, weighed",
    "generator/style": "Distance of texture to the references, weighed",
    "validation/color_distance": "Distance of colours to references kept out of training",
    "validation/kernel_distance": "Distance to references in an encoder's features (KID)",
    "augmentation": "Probability of each change before pictures are judged",
    "validation/texture_distance": "Distance of texture to references kept out of training",
}
_NUM_POINTS = 100
_SAMPLE_QUALITY = 88


class Curves:
    """What a style file keeps of how it was learned: a few scalars, as means over equal spans of steps."""

    def __init__(self) -> None:
        self._recorded: dict[str, list[tuple[int, float]]] = {}

    def record(self, step: int, scalars: dict[str, float]) -> None:
        for name in _CURVES.keys() & scalars.keys():
            if math.isfinite(scalars[name]):
                self._recorded.setdefault(name, []).append((step, scalars[name]))

    def points(self) -> dict[str, tuple[tuple[int, float], ...]]:
        """Return each curve by its title, of at most 100 points."""
        return {title: _thinned(self._recorded[name]) for name, title in _CURVES.items() if name in self._recorded}


def _thinned(points: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    span = -(-len(points) // _NUM_POINTS)
    parts = [points[first : first + span] for first in range(0, len(points), span)]
    return tuple((part[-1][0], sum(value for _, value in part) / len(part)) for part in parts)


class Logbook:
    """Writes to a TensorBoard folder, or nowhere where `log_dir` is None.

    Parameters
    ----------
    samples_dir
        Where sample sheets go as files, `STEP.jpg`; None for none.

    Raises
    ------
    OutputError
        If the folder cannot be made.
    """

    def __init__(self, log_dir: Path | None, samples_dir: Path | None = None) -> None:
        self._writer: Any = None
        self._samples_dir = samples_dir
        self.curves = Curves()
        if log_dir is not None:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - half a second, seldom wanted

            try:
                self._writer = SummaryWriter(str(log_dir))
            except OSError as error:
                raise OutputError(f"cannot write the log to {log_dir}: {error.strerror}") from error

    def record(self, step: int, scalars: dict[str, float]) -> None:
        self.curves.record(step, scalars)
        if self._writer is not None:
            for name, value in scalars.items():
                self._writer.add_scalar(name, value, step)

    @torch.no_grad()
    def show_samples(self, step: int, crops: Tensor, restyle: Callable[[], Tensor]) -> None:
        """Add a sheet of crops B×3×H×W before (above) and after (below); `restyle` is called where there is a log."""
        if self._writer is None and self._samples_dir is None:
            return
        after = restyle().clamp(0, 1)
        sheet = torch.cat([torch.cat(list(row), dim=-1) for row in (crops, after)], dim=-2).cpu()
        if self._writer is not None:
            self._writer.add_image("samples", sheet, step)
        if self._samples_dir is not None:
            pixels = sheet.clamp(0, 1).permute(1, 2, 0).numpy()
            write_image(Frame(pixels), self._samples_dir / f"{step:06d}.jpg", quality=_SAMPLE_QUALITY)

    def say(self, step: int, message: str) -> None:
        if self._writer is not None:
            self._writer.add_text("monitor", message, step)

    def __enter__(self) -> Logbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
