"""OpenEXR pictures: linear light, half or full floats, with all their channels and parts (the extra `photo`).

A style sees R, G and B of the first part, divided by alpha, as `impasto.media.scene_light` shows them. All else, which
may be depth, normals and masks, windows, timecode and compression, is copied from the source when a picture is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError, OutputError, UnreadableMediaError
from impasto.media.files import write_beside
from impasto.media.frame import Color, Frame, pixel_maximum
from impasto.media.image_open import damaged, read_head, refuse_oversized
from impasto.media.scene_light import REC709, decode_srgb, restore_scene, show_scene

Floats = NDArray[np.float32]
_LARGEST_HALF = 65504.0
_RGB, _ALPHA = ("R", "G", "B"), "A"


@dataclass(slots=True)
class _Part:
    """One picture in a file: its description, and all its channels, H×W×C."""

    spec: Any
    channels: Floats

    def place(self, name: str) -> int | None:
        names = list(self.spec.channelnames)
        return names.index(name) if name in names else None


def read_exr(path: Path | str) -> Frame:
    """Read an OpenEXR picture.

    Returns
    -------
    Frame
        `pixels` float32 in [0, 1], as a display shows them, not multiplied by alpha; `scene` holds what is brighter
        than white. `color.bit_depth` is 16 for half floats.

    Raises
    ------
    UnreadableMediaError
        Missing, damaged, too large, with several samples a pixel (deep), or without channels R, G and B.
    MissingExtraError
        OpenImageIO is not installed.
    """
    path = Path(path)
    read_head(path)
    part = _read_parts(path)[0]
    colors, alpha = _colors(path, part)
    light = part.spec.getattribute("chromaticities") or REC709
    pixels, scene = show_scene(_divided(colors, alpha), light)
    depth = 16 if _is_half(part) else 32
    return Frame(pixels, alpha=alpha, color=Color(bit_depth=depth), path=path, scene=scene)


def write_exr(frame: Frame, path: Path | str) -> None:
    """Write a picture as OpenEXR; it appears only once it is complete.

    What `frame.path` holds besides is copied where that is an OpenEXR picture; any other becomes half floats.

    Raises
    ------
    OutputError, MissingExtraError
    """
    path = Path(path)
    oiio = _library(path)
    parts = _parts_of(frame, oiio)
    with write_beside(path) as temporary:
        output = oiio.ImageOutput.create(str(temporary))
        specs = tuple(part.spec for part in parts)
        if output is None or not (
            output.open(str(temporary), specs) if len(specs) > 1 else output.open(str(temporary), specs[0])
        ):
            raise OutputError(f"{path} cannot be written: {_reason(oiio, output)}.")
        _write_parts(path, temporary, output, parts, oiio)


def _write_parts(path: Path, temporary: Path, output: Any, parts: list[_Part], oiio: Any) -> None:
    for number, part in enumerate(parts):
        is_open = number == 0 or output.open(str(temporary), part.spec, "AppendSubimage")
        if not is_open or not output.write_image(part.channels):
            raise OutputError(f"{path} cannot be written: {_reason(oiio, output)}.")
    if not output.close():
        raise OutputError(f"{path} cannot be written: {_reason(oiio, output)}.")


def _parts_of(frame: Frame, oiio: Any) -> list[_Part]:
    source = frame.path
    if frame.scene is None or source is None or source.suffix.lower() != ".exr":
        return [_new_part(frame, oiio)]
    parts = _read_parts(source)
    first = parts[0]
    old, alpha = _colors(source, first)
    if old.shape != frame.pixels.shape:
        raise OutputError(f"A picture of {frame.width}×{frame.height} cannot take the place of {source}.")
    linear = _linear(frame)
    restored = linear if alpha is None else np.where(alpha[..., None] > 0, linear * alpha[..., None], linear)
    for number, name in enumerate(_RGB):
        place = first.place(name)
        assert place is not None
        first.channels[..., place] = _within_half(restored[..., number]) if _is_half(first) else restored[..., number]
    return parts


def _new_part(frame: Frame, oiio: Any) -> _Part:
    linear = _linear(frame)
    names = _RGB if frame.alpha is None else (*_RGB, _ALPHA)
    if frame.alpha is not None:
        alpha = frame.alpha[..., None] / np.float32(pixel_maximum(frame.alpha.dtype))
        linear = np.concatenate([linear * alpha, alpha], axis=2)
    spec = oiio.ImageSpec(frame.width, frame.height, len(names), "half")
    spec.channelnames = names
    spec.attribute("compression", "zip")
    return _Part(spec, np.ascontiguousarray(_within_half(linear), np.float32))


def _linear(frame: Frame) -> Floats:
    encoded = np.asarray(frame.pixels, np.float32) / np.float32(pixel_maximum(frame.pixels.dtype))
    return decode_srgb(encoded) if frame.scene is None else restore_scene(encoded, frame.scene)


def _within_half(values: Floats) -> Floats:
    """What half floats cannot hold would become infinite; what is infinite stays so."""
    clipped: Floats = np.where(np.isfinite(values), values.clip(-_LARGEST_HALF, _LARGEST_HALF), values)
    return clipped


def _colors(path: Path, part: _Part) -> tuple[Floats, Floats | None]:
    places = [place for place in map(part.place, _RGB) if place is not None]
    if len(places) < len(_RGB):
        names = ", ".join(list(part.spec.channelnames)[:8])
        raise UnreadableMediaError(f"{path} has no channels R, G and B, but {names}. Write the beauty pass as RGB.")
    alpha = part.place(_ALPHA)
    return part.channels[..., places], None if alpha is None else part.channels[..., alpha].copy()


def _divided(colors: Floats, alpha: Floats | None) -> Floats:
    """Undo the multiplication by alpha; where alpha is 0, what shines shines fully."""
    if alpha is None:
        return colors
    return np.asarray(colors / np.where(alpha > 0, alpha, np.float32(1))[..., None], np.float32)


def _is_half(part: _Part) -> bool:
    place = part.place("R")
    return place is not None and str(part.spec.channelformat(place)) == "half"


def _read_parts(path: Path) -> list[_Part]:
    oiio = _library(path)
    source = oiio.ImageInput.open(str(path))
    if source is None:
        raise damaged(path, oiio.geterror().strip().splitlines()[0])
    parts: list[_Part] = []
    try:
        while source.seek_subimage(len(parts), 0):
            spec = oiio.ImageSpec(source.spec())
            if spec.deep:
                raise UnreadableMediaError(f"{path} holds deep pixels. Flatten it first.")
            refuse_oversized(path, spec.width, spec.height)
            channels = source.read_image(len(parts), 0, 0, spec.nchannels, "float")
            if channels is None or source.has_error:
                reason = (source.geterror().strip() or "not all of it could be decoded").splitlines()[0]
                raise damaged(path, reason)
            parts.append(_Part(spec, channels.reshape(spec.height, spec.width, spec.nchannels)))
    finally:
        source.close()
    return parts


def _library(path: Path) -> Any:
    try:
        import OpenImageIO as oiio  # noqa: N813, PLC0415
    except ImportError as error:
        raise MissingExtraError(f"{path} is an OpenEXR picture. Install: pip install 'impasto[photo]'") from error
    return oiio


def _reason(oiio: Any, output: Any) -> str:
    text = (output.geterror() if output is not None else "") or oiio.geterror() or "OpenImageIO does not say why"
    return str(text).strip().splitlines()[0].rstrip(".")
