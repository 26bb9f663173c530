"""The icons that an installed page has: what the style makes of the first picture of its preview."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from impasto.errors import StyleFileError

if TYPE_CHECKING:
    from PIL.Image import Image

ICON_SIDES = (192, 512)
_NUM_ROWS = 2
"""Pictures before lie above those after."""
_PLAIN_COLOR = (164, 68, 44)


def icons(preview: bytes | None) -> dict[int, bytes]:
    """Return a square PNG of each of `ICON_SIDES`.

    Raises
    ------
    StyleFileError
        The preview is no picture.
    """
    from PIL import Image  # noqa: PLC0415  most calls need no picture

    square = Image.new("RGB", (64, 64), _PLAIN_COLOR)
    if preview:
        try:
            with Image.open(io.BytesIO(preview), formats=("JPEG",)) as opened:
                side = min(opened.width, opened.height // _NUM_ROWS)
                square = opened.convert("RGB").crop((0, opened.height - side, side, opened.height))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise StyleFileError(f"The style's preview cannot be read: {error}") from error
    return {side: _png(square.resize((side, side), Image.Resampling.LANCZOS)) for side in ICON_SIDES}


def _png(image: Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()
