"""The pictures of a report: inlined small, each with its divider, verdict and numbers."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import ImpastoError
from impasto.media.image_read import read_thumbnail_srgb
from impasto.quality.report_markup import Markup, Piece, filled, markup, template_text
from impasto.quality.report_numbers import Standing, number_text
from impasto.quality.report_tables import JUDGEMENT_WORDS
from impasto.quality.results import Evaluation, PictureResult
from impasto.style.verdict import SUSPICION, Judgement

NUM_WORST = 10
"""These are shown large, with their numbers unfolded."""

_QUALITY = 85
_MAP_SIDE, _MAP_OPACITY = 160, 0.7
_MAP_COLORS = ((0.0, 1.0), ((255, 214, 0), (255, 0, 92)))
"""From where little is wrong to where most is: yellow to crimson, which no skin, sky or leaf is."""
_SAME_SHAPE = 0.02
_MAP_TOGGLE = Markup('<p class="tools"><button type="button" data-map aria-pressed="false">Show where</button></p>')
_ENDS = Markup("<span>worst – best</span>")


class Inliner:
    """Turns files into data URIs, and knows when there are enough of them."""

    def __init__(self, max_bytes: int) -> None:
        self._bytes_left = max_bytes

    @property
    def is_full(self) -> bool:
        return self._bytes_left <= 0

    def jpeg(self, path: Path, side: int) -> tuple[Markup, float]:
        """Return a picture as a data URI, at most `side` long, and its width over its height.

        Raises
        ------
        ImpastoError
            It cannot be read.
        """
        pixels = read_thumbnail_srgb(path, side)
        return self._uri(Image.fromarray(pixels), "JPEG"), pixels.shape[1] / pixels.shape[0]

    def map(self, values: NDArray[np.float32], ratio: float) -> Markup | None:
        """Return a map as a see-through data URI of a picture's shape, or None where there is nothing to show."""
        if values.ndim != 2 or not values.size:
            return None
        amounts = np.clip(np.nan_to_num(values.astype(np.float32)), 0, 1)
        size = max(1, round(_MAP_SIDE * min(1, ratio))), max(1, round(_MAP_SIDE / max(1, ratio)))
        amounts = np.asarray(Image.fromarray(amounts).resize(size, Image.Resampling.BILINEAR))
        stops, colors = _MAP_COLORS
        channels = [np.interp(amounts, stops, levels) for levels in zip(*colors, strict=True)]
        rgba = np.stack([*channels, 255 * _MAP_OPACITY * amounts], axis=-1)
        return self._uri(Image.fromarray(rgba.round().astype(np.uint8)), "PNG")

    def _uri(self, image: Image.Image, format_name: str) -> Markup:
        buffer = io.BytesIO()
        image.save(buffer, format_name, quality=_QUALITY, optimize=True)
        encoded = base64.b64encode(buffer.getbuffer()).decode()
        self._bytes_left -= len(encoded)
        return Markup(f"data:image/{format_name.lower()};base64,{encoded}")


def shown_names(paths: Sequence[Path]) -> list[str]:
    """Name pictures by what tells them apart: their paths below the folder that they share."""
    try:
        shared = os.path.commonpath([path.parent for path in paths])
        return [path.relative_to(shared).as_posix() for path in paths]
    except ValueError:  # none at all, or absolute among relative ones
        return [path.name for path in paths]


def references_strip(paths: Sequence[Path], inliner: Inliner, side: int) -> Iterator[Markup]:
    """Yield the references that can be read, one at a time."""
    for path in paths:
        try:
            uri, ratio = inliner.jpeg(path, side)
        except ImpastoError:
            continue
        size = f'width="{round(200 * ratio)}" height="200"'
        yield markup('<li><img src="${uri}" ${size} alt="${name}"></li>', uri=uri, size=Markup(size), name=path.name)


class PictureWriter:
    """Writes pictures one after the other."""

    def __init__(self, evaluation: Evaluation, inliner: Inliner) -> None:
        self._inliner = inliner
        self._titles = {metric.name: metric.title for metric in evaluation.metrics}
        self._standing = Standing(evaluation)

    def article(self, picture: PictureResult, name: str, number: int, side: int) -> Iterator[Markup]:
        """Yield one picture with all that is known of it; the worst, being number 1, come with numbers unfolded."""
        stage, ratio = self._stage(picture, name, side)
        yield from filled(
            template_text("picture.html"),
            number=str(number),
            ratio=f"{ratio:.4f}",
            stage=stage,
            name=name,
            verdict=verdict_badge(picture.verdict.judgement, picture.verdict.reason) if picture.verdict else (),
            tools=_MAP_TOGGLE if 'class="map"' in stage else (),
            numbers=self._numbers(picture, unfolded=number <= NUM_WORST),
        )

    def _stage(self, picture: PictureResult, name: str, side: int) -> tuple[Markup, float]:
        before, before_ratio, why = self._read(picture.content_path, side)
        after, ratio, why_not = None, None, "There is no output."
        if picture.output_path is not None:
            after, ratio, why_not = self._read(picture.output_path, side)
        if before is None or after is None or ratio is None:
            return self._half_stage(before or after, name, why if before is None else why_not), before_ratio or 1.0
        overlay = picture.verdict.map if picture.verdict else None
        shapes_differ = abs((before_ratio or ratio) / ratio - 1) > _SAME_SHAPE
        shown = markup(
            template_text("divider.html"),
            before=before,
            after=after,
            name=name,
            map=self._overlay(overlay, ratio) if overlay is not None else (),
            remark=Markup('<p class="remark">Before and after differ in shape.</p>') if shapes_differ else (),
        )
        return shown, ratio

    def _read(self, path: Path, side: int) -> tuple[Markup | None, float | None, str]:
        try:
            return *self._inliner.jpeg(path, side), ""
        except ImpastoError as error:
            return None, None, str(error)

    def _overlay(self, values: NDArray[np.float32], ratio: float) -> Piece:
        uri = self._inliner.map(values, ratio)
        return markup('<img class="map" src="${uri}" alt="" hidden>', uri=uri) if uri else ()

    def _half_stage(self, uri: Markup | None, name: str, why: str) -> Markup:
        shown = markup('<img class="after" src="${uri}" alt="${name}">', uri=uri, name=name) if uri else ()
        return markup('${shown}<p class="remark">${why}</p>', shown=shown, why=why)

    def _numbers(self, picture: PictureResult, unfolded: bool) -> Piece:
        scores = (picture.verdict.scores if picture.verdict else None) or {}
        # The gate's evidence is dozens of numbers, which belong in the JSON; its suspicions are what a reader weighs.
        suspicions = {name: value for name, value in scores.items() if name.startswith(SUSPICION)}
        if not picture.metrics and not suspicions:
            return ()
        return markup(
            '<details class="numbers"${open}><summary>Numbers ${ends}</summary><dl>${rows}</dl></details>',
            open=Markup(" open") if unfolded else "",
            ends=_ENDS if any(self._standing.of(*each) is not None for each in picture.metrics.items()) else (),
            rows=[
                *(self._row(name, value) for name, value in picture.metrics.items()),
                *(self._row(f"gate: {name}", value) for name, value in suspicions.items()),
            ],
        )

    def _row(self, name: str, value: float) -> Markup:
        share = self._standing.of(name, value)
        return markup(
            "<div><dt>${title}</dt><dd>${strip}</dd><dd>${value}</dd></div>",
            title=self._titles.get(name, name.replace("_", " ")),
            strip=_strip(share) if share is not None else (),
            value=number_text(value),
        )


def _strip(share: float) -> Markup:
    """Draw where a picture stands from the worst at the left to the best at the right."""
    return Markup(
        '<svg class="strip" viewBox="0 0 60 8" aria-hidden="true"><path d="M1 4H59M1 2V6M59 2V6"/>'
        f'<circle cx="{3 + 54 * share:.1f}" cy="4" r="3"/></svg>'
    )


def verdict_badge(judgement: Judgement, reason: str) -> Markup:
    """Show a judgement by shape, colour and word, and say why."""
    return markup(
        '<p class="verdict ${kind}"><span class="badge">${word}</span> <span class="reason">${reason}</span></p>',
        kind=judgement.value,
        word=JUDGEMENT_WORDS[judgement],
        reason=reason,
    )
