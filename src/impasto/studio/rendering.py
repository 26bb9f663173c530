"""`Renderer`: pictures for the page, small ones side by side, full sizes one after another; each made once."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from impasto.errors import ImpastoError
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Settings
from impasto.studio.shelf import Shelf, stamp
from impasto.studio.uploads import Upload, UploadStore

if TYPE_CHECKING:
    from impasto.api import Style
    from impasto.media.credentials import Credentials
    from impasto.media.frame import Frame

FORMATS: Final = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "tiff": ".tif"}
MEDIA_TYPES: Final = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff"}
_HELD_FRAMES: Final = 4
_PREVIEW_QUALITY: Final = 88
_WARM_SIDE: Final = 64


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """How a picture is to be rendered.

    Attributes
    ----------
    style
        What stands for it; "" for the picture as it is.
    style_path
        A file of our own, in place of an installed style.
    where
        A region, `mask:UPLOAD`, or "".
    side
        The long side; 0 for full size.
    carries
        What the result carries beside its pixels: "nothing", "all", or "all but location".
    """

    style: str
    strength: float = 1.0
    keep_color: bool = False
    where: str = ""
    texture_scale: float = 1.0
    side: int = 512
    format: str = "jpeg"
    quality: int = 92
    carries: str = "nothing"
    style_path: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture that was rendered.

    Attributes
    ----------
    milliseconds
        That it took; 0 where it was there already.
    """

    path: Path
    milliseconds: int
    cached: bool


class Renderer:
    """Renders in threads. What was rendered lies beside the upload and is deleted with it.

    Raises
    ------
    RefusedError
        From `submit`: too many pictures wait already.
    """

    def __init__(
        self, settings: Settings, uploads: UploadStore, shelf: Shelf, credentials: Credentials | None = None
    ) -> None:
        from impasto.apply.blocks import available_cores  # noqa: PLC0415

        self._settings, self._uploads, self._shelf = settings, uploads, shelf
        self._credentials = credentials
        self._small = ThreadPoolExecutor(available_cores(), thread_name_prefix="impasto-preview")
        self._full = ThreadPoolExecutor(1, thread_name_prefix="impasto-full")
        self._waiting: Counter[str] = Counter()
        self._lock, self._reading = Lock(), Lock()
        self._frames: OrderedDict[tuple[str, int], Frame] = OrderedDict()

    def close(self) -> None:
        """End what waits."""
        for pool in (self._small, self._full):
            pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, upload: Upload, request: RenderRequest, client: str) -> Future[Rendered]:
        """Return what will be a picture; cancelling drops it where it has not begun."""
        self._admit(client)
        pool = self._small if request.side else self._full
        future = pool.submit(self._render, upload, request)
        future.add_done_callback(lambda _: self._release(client))
        return future

    def warm(self) -> None:
        """Load every style in the background, one at a time, so that no photo has to wait; looks come first."""
        self._warm_next(iter(self._shelf.families()))

    def _warm_next(self, styles: Iterator[str]) -> None:
        style = next(styles, None)
        # A renderer that has been closed takes nothing any more.
        with suppress(RuntimeError):
            if style is not None:
                self._small.submit(self._warm, style).add_done_callback(lambda _: self._warm_next(styles))

    def _warm(self, style: str) -> None:
        import numpy as np  # noqa: PLC0415

        from impasto.media.frame import Frame  # noqa: PLC0415

        grey = Frame(np.full((_WARM_SIDE, _WARM_SIDE, 3), 128, np.uint8))
        # A style that cannot be used is told of where it is asked for.
        with suppress(ImpastoError, RefusedError):
            self._restyled(grey, RenderRequest(style))

    def _admit(self, client: str) -> None:
        limits = self._settings.limits
        with self._lock:
            if self._waiting[client] >= limits.renders_per_client or self._waiting.total() >= limits.renders:
                raise RefusedError("too_many", "Too many pictures are waiting already. Try again soon.", retry_after=2)
            self._waiting[client] += 1

    def _release(self, client: str) -> None:
        with self._lock:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]

    def _render(self, upload: Upload, request: RenderRequest) -> Rendered:
        path = self._cached_path(upload, request)
        if path.exists():
            return Rendered(path, 0, True)
        began = time.perf_counter()
        source = self._uploads.path_of(upload)
        try:
            frame = self._frame(upload, source, request)
            if request.style:
                frame = self._restyled(frame, request)
            self._write(frame, path, request)
        except ImpastoError as error:
            raise RefusedError.of(error, {str(source): upload.name, str(path): upload.name}) from error
        except MemoryError as error:
            raise RefusedError("too_large", f"{upload.name} is too large for the memory there is.") from error
        return Rendered(path, round(1000 * (time.perf_counter() - began)), False)

    def _write(self, frame: Frame, path: Path, request: RenderRequest) -> None:
        if not self._signs(request):
            _write(frame, path, request)
            return
        assert self._credentials is not None
        unsigned = path.with_name(f"{path.stem}.unsigned{path.suffix}")
        try:
            _write(frame, unsigned, request)
            self._credentials.write(unsigned, path, request.style)
        finally:
            unsigned.unlink(missing_ok=True)

    def _signs(self, request: RenderRequest) -> bool:
        """Tell whether a picture is one that is taken elsewhere, and not as it was."""
        return self._credentials is not None and bool(request.style) and request.carries != "nothing"

    def _cached_path(self, upload: Upload, request: RenderRequest) -> Path:
        """Return a name that holds all that decides about the pixels."""
        said = asdict(request)
        if request.style_path is not None:
            said["stamp"] = stamp(Path(request.style_path))
        elif request.style:
            said["stamp"] = self._shelf.stamps(request.style)
        if self._signs(request):
            said["signed"] = True
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]
        return self._uploads.folder_of(upload) / (digest + FORMATS[request.format])

    def _style_of(self, request: RenderRequest) -> Style:
        if request.style_path is not None:
            return self._shelf.load_file(Path(request.style_path))
        return self._shelf.load(request.style)

    def _restyled(self, frame: Frame, request: RenderRequest) -> Frame:
        from impasto.apply.stylizer import State  # noqa: PLC0415

        stylizer = self._style_of(request).stylizer(
            request.strength,
            1 if request.side else None,
            keep_color=request.keep_color,
            texture_scale=request.texture_scale,
            where=self._where(request.where),
        )
        return stylizer(frame, State())[0]

    def _where(self, where: str) -> str | Path | None:
        if where.startswith("mask:"):
            return self._uploads.path_of(self._uploads.get(where.removeprefix("mask:")))
        return where or None

    def _frame(self, upload: Upload, source: Path, request: RenderRequest) -> Frame:
        """Return the picture to start from; small ones are held, since many styles are tried on one."""
        if not request.side:
            with self._reading:
                return _carrying(_read_full(upload, source), request.carries)
        key = upload.id, request.side
        with self._reading:
            if key not in self._frames:
                self._frames[key] = _read_small(upload, source, request.side)
                while len(self._frames) > _HELD_FRAMES:
                    self._frames.popitem(last=False)
            self._frames.move_to_end(key)
            return self._frames[key]

    def judge(self, upload: Upload, style: str) -> dict[str, Any]:
        """Return what the gate of a style says of what it makes of a photo."""
        loaded = self._shelf.load(style)
        from impasto.errors import StyleFileError  # noqa: PLC0415

        try:
            gate = loaded.gate()
        except StyleFileError:
            return {"verdict": None, "reason": "This style has no gate."}
        content = self._frame(upload, self._uploads.path_of(upload), RenderRequest("", side=1024))
        output = self._restyled(content, RenderRequest(style, side=1024))
        verdict = gate.judge(output.pixels, content.pixels)
        return {"verdict": str(verdict.judgement), "reason": verdict.reason}


def _read_full(upload: Upload, source: Path) -> Frame:
    if upload.kind == "film":
        return _first_frame(source)
    from impasto.media.image_read import read_image  # noqa: PLC0415

    return read_image(source)


def _read_small(upload: Upload, source: Path, side: int) -> Frame:
    from impasto.media.frame import Frame  # noqa: PLC0415
    from impasto.media.image_read import read_thumbnail_srgb  # noqa: PLC0415

    if upload.kind == "photo":
        return Frame(read_thumbnail_srgb(source, side))
    from PIL import Image  # noqa: PLC0415

    from impasto.media.image_write import to_8bit  # noqa: PLC0415

    image = Image.fromarray(to_8bit(_first_frame(source).pixels))
    image.thumbnail((side, side))
    import numpy as np  # noqa: PLC0415

    return Frame(np.array(image))


def _first_frame(source: Path) -> Frame:
    from impasto.media.film_read import FilmSource  # noqa: PLC0415  imports PyAV

    return next(iter(FilmSource(source, deinterlace="ignore").frames(0, 1))).to_rgb()


def _carrying(frame: Frame, carries: str) -> Frame:
    from impasto.media.frame import Metadata  # noqa: PLC0415
    from impasto.media.location import without_location  # noqa: PLC0415

    if carries == "nothing":
        return replace(frame, metadata=Metadata())
    return frame if carries == "all" else replace(frame, metadata=without_location(frame.metadata))


def _write(frame: Frame, path: Path, request: RenderRequest) -> None:
    from impasto.media.image_write import write_image  # noqa: PLC0415

    quality = request.quality if not request.side else min(request.quality, _PREVIEW_QUALITY)
    write_image(frame, path, quality=quality)
