"""A contact sheet: pictures side by side, each with its label."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from impasto.apply.stylizer import State, Stylizer
from impasto.errors import MissingExtraError, UnreadableMediaError, UsageError
from impasto.media.frame import Frame, Pixels
from impasto.media.image_read import read_thumbnail_srgb

_PAPER, _INK = (250, 250, 248), (40, 40, 40)
_WIDE_FONTS = ("NotoSansCJK-Regular.ttc", "PingFang.ttc", "msyh.ttc", "DejaVuSans.ttf", "Arial Unicode.ttf")
_MIN_UNIT, _MIN_COLUMN_UNITS, _LABEL_UNITS = 6, 8, 3
"""Lengths that go with the size of the tiles are in units of a fortieth of their side."""
_MAX_WRAPPED_COLUMNS = 4
_MAX_SHEET_SIDE = 30_000

_Font = ImageFont.FreeTypeFont


@dataclass(frozen=True)
class Tile:
    """One picture, H×W×3 uint8, and what stands below it."""

    pixels: Pixels
    label: str


def compare_styles(
    picture_paths: Sequence[Path], stylizers: Mapping[str, Stylizer], tile_side: int = 640, original: str = "original"
) -> Pixels:
    """Show each picture as it is and in each style.

    One picture fills as many rows as it needs; several get a row each.

    Parameters
    ----------
    stylizers
        What to apply, by label.
    tile_side
        The long side of each picture on the sheet, in pixels; smaller pictures keep their size.

    Returns
    -------
    H×W×3 uint8, sRGB.

    Raises
    ------
    UnreadableMediaError
        A picture cannot be read, or there is none.
    UsageError
        The sheet would be too large.
    """
    if not picture_paths:
        raise UnreadableMediaError("There is no picture to compare. Name a picture, or a folder that holds some.")
    rows = []
    for path in picture_paths:
        frame = Frame(read_thumbnail_srgb(path, tile_side))
        shown = [Tile(stylizer(frame, State())[0].pixels, label) for label, stylizer in stylizers.items()]
        rows.append([Tile(frame.pixels, original), *shown])
    return lay_out(_wrapped(rows[0]) if len(rows) == 1 else rows)


def picture_sheet(pictures: Sequence[tuple[Path, str]], tile_side: int = 320) -> Pixels:
    """Show pictures in rows, each with a label below.

    Parameters
    ----------
    tile_side
        The long side of each picture on the sheet, in pixels; smaller pictures keep their size.

    Returns
    -------
    H×W×3 uint8, sRGB.

    Raises
    ------
    UnreadableMediaError
        A picture cannot be read.
    UsageError
        The sheet would be too large.
    """
    return lay_out(_wrapped([Tile(read_thumbnail_srgb(path, tile_side), label) for path, label in pictures]))


def _wrapped(tiles: Sequence[Tile]) -> list[Sequence[Tile]]:
    """Break a row into equally long ones."""
    num_rows = math.ceil(len(tiles) / _MAX_WRAPPED_COLUMNS)
    num_columns = math.ceil(len(tiles) / num_rows)
    return [tiles[start : start + num_columns] for start in range(0, len(tiles), num_columns)]


def lay_out(rows: Sequence[Sequence[Tile]]) -> Pixels:
    """Put tiles into a grid: a column is as wide as its widest tile, a row as high as its highest, labels below.

    Returns
    -------
    H×W×3 uint8.

    Raises
    ------
    UsageError
        A side would exceed what picture formats hold.
    """
    tiles = [tile for row in rows for tile in row]
    unit = max(_MIN_UNIT, max(max(tile.pixels.shape[:2]) for tile in tiles) // 40)
    columns = [[row[index] for row in rows if index < len(row)] for index in range(max(map(len, rows)))]
    widths = [max([_MIN_COLUMN_UNITS * unit, *(tile.pixels.shape[1] for tile in column)]) for column in columns]
    heights = [max(tile.pixels.shape[0] for tile in row) for row in rows]
    lefts = np.cumsum([unit, *(width + unit for width in widths)]).tolist()
    tops = np.cumsum([unit, *(height + _LABEL_UNITS * unit for height in heights)]).tolist()
    if max(lefts[-1], tops[-1]) > _MAX_SHEET_SIDE:
        raise UsageError(f"A sheet of {lefts[-1]}×{tops[-1]} pixels is too large. Compare fewer pictures or styles.")
    sheet = Image.new("RGB", (lefts[-1], tops[-1]), _PAPER)
    font = _font([tile.label for tile in tiles], 1.4 * unit)
    for row, top, height in zip(rows, tops, heights, strict=False):
        for tile, left, width in zip(row, lefts, widths, strict=False):
            _draw_tile(sheet, tile, (left + width // 2, top + height), width, font)
    return np.asarray(sheet)


def _draw_tile(sheet: Image.Image, tile: Tile, foot: tuple[int, int], width: int, font: _Font) -> None:
    """Stand a tile on a point, its label below."""
    middle, bottom = foot
    picture = Image.fromarray(tile.pixels)
    sheet.paste(picture, (middle - picture.width // 2, bottom - picture.height))
    place = (middle, bottom + font.size)
    ImageDraw.Draw(sheet).text(place, _fitted(tile.label, font, width), _INK, font, anchor="mm")


def _fitted(label: str, font: _Font, width: int) -> str:
    """Cut a label to the width of its column."""
    if font.getlength(label) <= width:
        return label
    while label and font.getlength(label + "…") > width:
        label = label[:-1]
    return label + "…"


def _font(labels: Sequence[str], size: float) -> _Font:
    """Return Pillow's own font, or, for labels that it cannot write, one of the system's if there is any."""
    if not all(label.isascii() for label in labels):
        for name in _WIDE_FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise MissingExtraError("This Pillow was built without FreeType. To draw labels: pip install --upgrade pillow.")
    return font
