"""A photo with its critique drawn on: what is clipped, where it is sharp, faces, the horizon; the words below it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from impasto.critique.finding import Critique, Level, Plane
from impasto.errors import MissingExtraError
from impasto.media.frame import Frame, Pixels

_LONG_SIDE, _NARROWEST = 1280, 640
_PAPER, _INK, _PALE = (24, 24, 24), (235, 235, 235), (150, 150, 150)
_ATTENTION = (255, 176, 32)
_WHITE_CLIPPED, _BLACK_CLIPPED = (255, 40, 40), (40, 110, 255)
_SHARP = (60, 220, 110)
_FACE, _LINE = (255, 225, 90), (80, 220, 255)
_TINT = 0.75
_SHARPEST_SHARE = 0.25
_KEY = (
    ("clipped to white", _WHITE_CLIPPED),
    ("clipped to black", _BLACK_CLIPPED),
    ("sharpest", _SHARP),
    ("face", _FACE),
    ("longest line", _LINE),
)


def draw_overlay(critique: Critique, frame: Frame) -> Pixels:
    """Return H×W×3 uint8: the picture at a long side of at most 1280 pixels, marked, with all findings below it."""
    picture = _marked(critique, _shrunk(frame))
    size = max(13.0, picture.width / 64)
    font = _font(size)
    lines = [(f"{each.name}: {each.phrase}", each.level) for each in critique.findings]
    wrapped = [(part, level) for text, level in lines for part in _wrapped(text, font, picture.width - 2 * size)]
    step = round(size * 1.4)
    sheet = Image.new("RGB", (picture.width, picture.height + step * (len(wrapped) + 2) + round(size)), _PAPER)
    sheet.paste(picture, (0, 0))
    draw = ImageDraw.Draw(sheet)
    top = picture.height + size / 2
    _write_key(draw, font, size, top)
    colors = {Level.FINE: _INK, Level.LOOK: _ATTENTION, Level.UNKNOWN: _PALE}
    for number, (text, level) in enumerate(wrapped, 1):
        draw.text((size, top + number * step), text, colors[level], font)
    return np.asarray(sheet)


def _shrunk(frame: Frame) -> Image.Image:
    from impasto.media.color_profile import to_srgb  # noqa: PLC0415
    from impasto.media.image_write import to_8bit  # noqa: PLC0415

    image = Image.fromarray(np.ascontiguousarray(to_8bit(to_srgb(frame).pixels)))
    scale = min(_LONG_SIDE / max(image.size), max(1.0, _NARROWEST / image.width))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _marked(critique: Critique, picture: Image.Image) -> Image.Image:
    pixels = np.asarray(picture).astype(np.float32)
    for grid, color in ((critique.highlights, _WHITE_CLIPPED), (critique.shadows, _BLACK_CLIPPED)):
        if grid is not None:
            pixels = _tinted(pixels, grid, color)
    marked = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(marked)
    width, height = marked.size
    stroke = max(2, width // 320)
    if critique.focus is not None:
        _mark_sharpest(draw, critique.focus, marked.size, stroke)
    for left, top, right, bottom in critique.faces:
        draw.rectangle((left * width, top * height, right * width, bottom * height), outline=_FACE, width=stroke)
    if critique.horizon is not None:
        ends = [(x * width, y * height) for x, y in (critique.horizon.start, critique.horizon.stop)]
        draw.line(ends, fill=_LINE, width=stroke)
    return marked


def _tinted(pixels: Plane, grid: Plane, color: tuple[int, int, int]) -> Plane:
    height, width = pixels.shape[:2]
    shares = Image.fromarray((grid * 255).round().astype(np.uint8)).resize((width, height), Image.Resampling.NEAREST)
    weight = np.asarray(shares, np.float32)[..., None] * np.float32(_TINT / 255)
    return pixels * (1 - weight) + np.array(color, np.float32) * weight


def _mark_sharpest(draw: ImageDraw.ImageDraw, grid: Plane, size: tuple[int, int], stroke: int) -> None:
    """Put a corner mark into each of the sharpest fields."""
    known = np.isfinite(grid)
    if not known.any():
        return
    rows, columns = np.nonzero(known & (grid <= np.quantile(grid[known], _SHARPEST_SHARE)))
    across, down = size[0] / grid.shape[1], size[1] / grid.shape[0]
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        x, y, radius = (column + 0.5) * across, (row + 0.5) * down, min(across, down) / 8
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_SHARP, width=stroke)


def _write_key(draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, size: float, top: float) -> None:
    x = size
    for words, color in _KEY:
        draw.rectangle((x, top + size * 0.25, x + size * 0.7, top + size * 0.95), fill=color)
        draw.text((x + size, top), words, _PALE, font)
        x += font.getlength(words) + 2 * size


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines, line = list[str](), ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and font.getlength(longer) > width:
            lines.append(line)
            longer = f"    {word}"
        line = longer
    return [*lines, line]


def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise MissingExtraError("This Pillow was built without FreeType. To draw labels: pip install --upgrade pillow.")
    return font
