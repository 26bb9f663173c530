"""`LiveSession`: the camera of a browser, restyled frame by frame."""

from __future__ import annotations

import io
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from impasto.errors import ImpastoError
from impasto.studio.refusals import RefusedError
from impasto.studio.rendering import jpeg_of
from impasto.studio.requests import LiveWishes
from impasto.studio.shelf import Shelf

if TYPE_CHECKING:
    from impasto.api import Style
    from impasto.apply.stylizer import State, Stylizer
    from impasto.media.frame import Frame

MAX_FRAME_BYTES: Final = 2 << 20
MAX_PIXELS: Final = 1920 * 1080
_NUM_TIMED: Final = 300
_DAMAGE = (OSError, ValueError, SyntaxError, TypeError, LookupError)


class LiveSession:
    """Restyles the frames of one browser in turn; not safe to share."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._wishes: dict[str, Any] = {"strength": 1.0, "keep_color": False, "texture_scale": 1.0, "quality": 80}
        self._style: Style | None = None
        self._stylizer: Stylizer | None = None
        self._state: State | None = None
        self._shot, self._num_frames = 0, 0
        self._milliseconds: deque[float] = deque(maxlen=_NUM_TIMED)

    def change(self, wishes: LiveWishes) -> list[dict[str, Any]]:
        """Do as the browser wishes; return what it is to be told. What cannot be done leaves things as they were.

        Raises
        ------
        RefusedError
            The style cannot be used, or not so.
        """
        said: list[dict[str, Any]] = []
        if wishes.reset:
            self._state = None
        stated = wishes.model_dump(exclude={"style", "reset", "stats"}, exclude_none=True)
        if wishes.style is not None or stated:
            self._dress(wishes.style, self._wishes | stated)
            assert self._style is not None
            if wishes.style is not None:
                said.append({"type": "ready", "style": wishes.style, "family": self._style.family})
        if wishes.stats:
            said.append(self._stats())
        return said

    def _dress(self, spec: str | None, wishes: dict[str, Any]) -> None:
        style = self._style if spec is None else self._shelf.load(spec)
        if style is None:
            raise RefusedError("not_ready", "Name a style first.")
        if style.family == "look":
            wishes = wishes | {"texture_scale": 1.0}
        how = {name: wishes[name] for name in ("keep_color", "texture_scale")}
        try:
            stylizer = style.stylizer(wishes["strength"], **how)
        except ImpastoError as error:
            raise RefusedError.of(error) from error
        # What was remembered holds for the old style only.
        self._style, self._stylizer, self._wishes, self._state = style, stylizer, wishes, None

    def restyle(self, data: bytes) -> bytes:
        """Return a frame, JPEG or WebP, restyled, as a JPEG of the same size.

        Raises
        ------
        RefusedError
            It is no frame, too large, or there is no style yet.
        """
        from impasto.apply.stylizer import State  # noqa: PLC0415

        if self._stylizer is None:
            raise RefusedError("not_ready", "Name a style first.")
        began = time.perf_counter()
        try:
            frame, self._state = self._stylizer(_decoded(data), self._state or State())
        except ImpastoError as error:
            raise RefusedError.of(error) from error
        answer = jpeg_of(frame, self._wishes["quality"])
        self._num_frames += 1
        self._milliseconds.append(1000 * (time.perf_counter() - began))
        return answer

    def _stats(self) -> dict[str, Any]:
        timed = self._milliseconds or [0.0]
        middle, late = (round(float(np.percentile(timed, share)), 1) for share in (50, 95))
        frames = self._num_frames
        return {"type": "stats", "frames": frames, "milliseconds_p50": middle, "milliseconds_p95": late}


def _decoded(data: bytes) -> Frame:
    from PIL import Image  # noqa: PLC0415

    from impasto.media.frame import Frame  # noqa: PLC0415

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise RefusedError("too_large", "A live frame has at most 1920×1080 pixels.")
            return Frame(np.asarray(image.convert("RGB")))
    except _DAMAGE as error:
        raise RefusedError("unreadable", "This is no JPEG or WebP frame.") from error
    except Image.DecompressionBombError as error:
        raise RefusedError("too_large", "A live frame has at most 1920×1080 pixels.") from error
