"""Where live pictures come from, as a user writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from impasto.errors import UsageError

Kind: TypeAlias = Literal["camera", "file", "url"]
URL_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "srt", "udp", "rtp", "tcp")


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A camera, a film, or a stream.

    Attributes
    ----------
    address
        The number, name or device of a camera; the path of a film; a URL.
    """

    kind: Kind
    address: str

    def __str__(self) -> str:
        """Name it for people, without the password that a URL may hold."""
        if self.kind == "camera":
            return f"camera {self.address}"
        return re.sub(r"//[^/@]*@", "//", self.address)


def read_source_choice(text: str) -> SourceChoice:
    """Understand `camera`, `camera:1`, `camera:/dev/video2`, a path, or a URL.

    Raises
    ------
    UsageError
        Nothing is given, or a URL of a kind that no pictures come from.
    """
    if not text:
        raise UsageError("Say where pictures come from: camera, a film, or a URL such as rtsp://host/stream.")
    if text == "camera" or text.startswith("camera:"):
        return SourceChoice("camera", text.partition(":")[2] or "0")
    scheme = url_scheme(text)
    if scheme is None:
        return SourceChoice("file", text)
    if scheme not in URL_SCHEMES:
        raise UsageError(f"Pictures do not come from '{scheme}://'. Use one of {', '.join(URL_SCHEMES)}, or a path.")
    return SourceChoice("url", text)


def url_scheme(text: str) -> str | None:
    """Return `rtsp` of `rtsp://…`; None for what is no URL."""
    found = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*)://", text)
    return found[1].lower() if found else None
