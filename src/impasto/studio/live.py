"""`LiveSession`: the camera of a browser, restyled frame by frame."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from impasto.errors import ImpastoError
from impasto.studio.extras import extras
from impasto.studio.refusals import RefusedError
from impasto.studio.requests import LiveWishes
from impasto.studio.shelf import Shelf

if TYPE_CHECKING:
    from impasto.api.live_style import AppliedLive
    from impasto.live.jpeg import JpegEncoder
    from impasto.live.stage import LiveStage

MAX_FRAME_BYTES: Final = 2 << 20
MAX_PIXELS: Final = 1920 * 1080
RATE: Final = 15.0
"""Frames a second that painting is to keep up with; it lays paint on at a smaller size where it must."""
_NUM_TIMED: Final = 300
Message = dict[str, Any]


def problem(refusal: RefusedError) -> Message:
    """Return what a browser is told of a wish that cannot be fulfilled."""
    return {"type": "error", "code": refusal.code, "message": refusal.message}


class LiveSession:
    """Restyles the frames of one browser in turn; its methods are for one thread."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._wishes: dict[str, Any] = {"strength": 1.0, "keep_color": False, "texture_scale": 1.0, "quality": 80}
        self._spec: str | None = None
        self._stage: LiveStage | None = None
        self._encoder: JpegEncoder | None = None
        self._num_frames = 0
        self._milliseconds: deque[float] = deque(maxlen=_NUM_TIMED)

    def change(self, wishes: LiveWishes) -> tuple[list[Message], Callable[[], Message] | None]:
        """Do as the browser wishes.

        Returns
        -------
        What it is to be told, and, where another style is being loaded, what waits for that, in a thread of its own,
        and returns what the browser is to be told then. Until then, and where it fails, the old style stays.

        Raises
        ------
        RefusedError
            The style cannot be used, or not so.
        """
        stated = wishes.model_dump(exclude={"style", "reset", "stats"}, exclude_none=True)
        spec = wishes.style or self._spec
        if spec is None and stated:
            raise RefusedError("not_ready", "Name a style first.")
        said: list[Message] = []
        wait: Callable[[], Message] | None = None
        if wishes.reset and self._stage is not None:
            self._stage.begin_scene()
        if spec is not None and (wishes.style is not None or stated):
            wait = self._dress(spec, wishes.style is not None, self._wishes | stated, said)
        if wishes.stats:
            said.append(self._stats())
        return said, wait

    def _dress(self, spec: str, is_new: bool, wishes: dict[str, Any], said: list[Message]) -> Any:
        before, self._wishes = self._wishes, wishes
        if self._stage is not None:
            self._stage.strength = wishes["strength"]
        if wishes["quality"] != before["quality"]:
            self._encoder = None
        options = ("keep_color", "texture_scale")
        if not is_new and all(wishes[name] == before[name] for name in options):
            return None
        try:
            return self._switch(spec, is_new, wishes, said)
        except RefusedError:
            self._wishes = before
            raise

    def _switch(self, spec: str, is_new: bool, wishes: dict[str, Any], said: list[Message]) -> Any:
        self._shelf.stamps(spec)
        if self._stage is not None:
            future = self._stage.switch(lambda: self._load(spec, wishes))
            return lambda: self._outcome(future, spec, is_new)
        from impasto.live.stage import LiveStage  # noqa: PLC0415  imports numba

        style = self._load(spec, wishes)
        self._stage = LiveStage(style, wishes["strength"], rate=RATE)
        self._spec = spec
        said.append({"type": "ready", "style": spec, "family": style.style.family})
        return None

    def _load(self, spec: str, wishes: dict[str, Any]) -> AppliedLive:
        if not extras()["live"]:
            raise RefusedError("missing_extra", "Live pictures need more to be installed: pip install 'impasto[video]'")
        from impasto.api.live_style import AppliedLive  # noqa: PLC0415  imports numba
        from impasto.apply.stylizers import StylizerOptions  # noqa: PLC0415

        style = self._shelf.load(spec)
        scale = wishes["texture_scale"] if style.family == "paint" else 1.0
        applied = AppliedLive(style, StylizerOptions(keep_color=wishes["keep_color"], texture_scale=scale))
        try:
            applied.stylizer(1.0, None)
        except ImpastoError as error:
            raise RefusedError.of(error) from error
        return applied

    def _outcome(self, future: Future[None], spec: str, is_new: bool) -> Message:
        try:
            future.result()
        except RefusedError as refusal:
            return problem(refusal)
        except ImpastoError as error:
            return problem(RefusedError.of(error))
        if is_new:
            self._spec = spec
        return {"type": "ready", "style": spec, "family": self._shelf.load(spec).family}

    def restyle(self, data: bytes) -> bytes:
        """Return a frame, JPEG or WebP, restyled, as a JPEG of the same size.

        Raises
        ------
        RefusedError
            It is no frame, too large, or there is no style yet.
        """
        from impasto.live.jpeg import JpegEncoder, read_jpeg  # noqa: PLC0415  imports PyAV

        if self._stage is None:
            raise RefusedError("not_ready", "Name a style first.")
        began = time.perf_counter()
        try:
            frame = read_jpeg(data)
            if frame.width * frame.height > MAX_PIXELS:
                raise RefusedError("too_large", "A live frame has at most 1920×1080 pixels.")
            shown = self._stage.stylize(frame)
            if self._encoder is None:
                self._encoder = JpegEncoder(self._wishes["quality"] / 100)
            answer = self._encoder.encode(shown)
        except ImpastoError as error:
            raise RefusedError.of(error) from error
        self._num_frames += 1
        self._milliseconds.append(1000 * (time.perf_counter() - began))
        return answer

    def _stats(self) -> Message:
        timed = self._milliseconds or [0.0]
        middle, late = (round(float(np.percentile(timed, share)), 1) for share in (50, 95))
        frames = self._num_frames
        return {"type": "stats", "frames": frames, "milliseconds_p50": middle, "milliseconds_p95": late}

    def close(self) -> None:
        """End what still loads."""
        if self._stage is not None:
            self._stage.close()
