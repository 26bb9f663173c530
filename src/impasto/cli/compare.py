"""`impasto compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from impasto.cli.options import Output, Overwrite, Pictures, Quality, Strength, StyleChoices

if TYPE_CHECKING:
    from impasto.apply.stylizer import Stylizer


def compare(
    pictures: Pictures,
    style: StyleChoices,
    output: Output,
    strength: Strength = 1.0,
    quality: Quality = 95,
    overwrite: Overwrite = False,
) -> None:
    """Draw a contact sheet: each picture as it is, then in each style."""
    from impasto.api import load  # noqa: PLC0415
    from impasto.export.contact_sheet import compare_styles  # noqa: PLC0415
    from impasto.media.files import check_output, find_pictures  # noqa: PLC0415
    from impasto.media.frame import Frame  # noqa: PLC0415
    from impasto.media.image_write import check_picture_suffix, write_image  # noqa: PLC0415

    check_picture_suffix(output)
    found = find_pictures(pictures)
    for picture in found:
        check_output(output, picture, overwrite)
    stylizers: dict[str, Stylizer] = {}
    for given in style:
        chosen = load(given)
        stylizers[given if chosen.name in stylizers else chosen.name] = chosen.stylizer(strength)
    write_image(Frame(compare_styles(found, stylizers)), output, quality=quality)
    typer.echo(f"Wrote {output}: {len(found)} picture(s) in {len(stylizers)} style(s).")
