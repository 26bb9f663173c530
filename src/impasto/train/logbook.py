"""What a run leaves behind to look at: TensorBoard scalars and sample sheets."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from impasto.errors import OutputError
from impasto.train.look_generator import apply_lut


class Logbook:
    """Writes to a TensorBoard folder, or nowhere where `log_dir` is None.

    Raises
    ------
    OutputError
        If the folder cannot be made.
    """

    def __init__(self, log_dir: Path | None) -> None:
        self._writer: Any = None
        if log_dir is not None:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - half a second, seldom wanted

            try:
                self._writer = SummaryWriter(str(log_dir))
            except OSError as error:
                raise OutputError(f"cannot write the log to {log_dir}: {error.strerror}") from error

    def record(self, step: int, scalars: dict[str, float]) -> None:
        if self._writer is not None:
            for name, value in scalars.items():
                self._writer.add_scalar(name, value, step)

    @torch.no_grad()
    def show_samples(self, step: int, generator: nn.Module, crops: Tensor, thumbnails: Tensor) -> None:
        """Add a sheet of crops B×3×H×W before (above) and after (below)."""
        if self._writer is not None:
            after = apply_lut(crops, generator(thumbnails)).clamp(0, 1)
            sheet = torch.cat([torch.cat(list(row), dim=-1) for row in (crops, after)], dim=-2)
            self._writer.add_image("samples", sheet.cpu(), step)

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
