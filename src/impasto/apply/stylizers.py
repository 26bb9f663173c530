"""From a style file to what restyles frames, whatever its family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from impasto.apply.finish import FinishedStylizer, finish_of, unfinished
from impasto.apply.look import LookStylizer
from impasto.apply.lut import check_strength
from impasto.apply.masked import MaskedStylizer
from impasto.apply.paint import Brush, PaintStylizer
from impasto.apply.regions import Where, region_for
from impasto.apply.restore import RestoreStylizer
from impasto.apply.stylizer import Stylizer
from impasto.errors import StyleFileError, UsageError
from impasto.style.manifest import Manifest
from impasto.style.runtime import Runtime
from impasto.style.runtimes import AUTO


@dataclass(frozen=True, slots=True)
class StylizerOptions:
    """How a style is applied.

    Attributes
    ----------
    strength
        In [0, 1]: 0 changes nothing, 1 is the style as it was learned.
    keep_color
        Take lightness from the style, hue and chroma from the photo.
    texture_scale
        Of a paint style: size of strokes against the picture.
    where
        One of `impasto.apply.regions.REGIONS`, a mask, or the path of one; None for the whole picture.
    runtime
        What runs the network of a paint style, by name.
    finish
        What is laid over the result: a strength of the finish that the style carries, parts, or "off", as
        `impasto.style.finish.parse_finish` takes them. None: what the style carries. The style's strength weakens it,
        too. Of several styles in turn, the last one's counts.

    Raises
    ------
    UsageError
        A value is out of range.
    """

    strength: float = 1.0
    keep_color: bool = False
    texture_scale: float = 1.0
    where: Where | None = None
    runtime: str = AUTO
    finish: float | str | None = None

    def __post_init__(self) -> None:
        check_strength(self.strength)
        Brush(texture_scale=self.texture_scale)

    @property
    def is_whole(self) -> bool:
        """Whether the result shows all of the style everywhere, as the style's gate expects."""
        return self.strength >= 1 and self.where is None and not self.keep_color


def make_stylizer(
    manifest: Manifest,
    load_runtime: Callable[[], Runtime],
    options: StylizerOptions,
    *,
    num_threads: int | None = None,
    padded: bool = False,
) -> Stylizer:
    """Return what restyles frames with a look or a paint style, as options say, but everywhere.

    Raises
    ------
    StyleFileError
        The network cannot be used, or this Impasto does not know the family.
    UsageError
        A look is given a texture scale, or the finish cannot be understood.
    """
    finish = finish_of(manifest, options.finish)
    finish = finish.scaled(options.strength) if finish else None
    stylizer = _unfinished(manifest, load_runtime, options, num_threads=num_threads, padded=padded)
    return FinishedStylizer(stylizer, finish, num_threads=num_threads) if finish else stylizer


def _unfinished(
    manifest: Manifest,
    load_runtime: Callable[[], Runtime],
    options: StylizerOptions,
    *,
    num_threads: int | None,
    padded: bool,
) -> Stylizer:
    needs, strength, keep_color = manifest.needs, options.strength, options.keep_color
    if manifest.family == "look":
        if options.texture_scale != 1:
            raise UsageError(f"'{manifest.name}' is a look, which has no texture: leave out the texture scale.")
        assert needs.thumbnail_side is not None, "the manifest of a look always states it"
        return LookStylizer(
            load_runtime(),
            strength,
            thumbnail_side=needs.thumbnail_side,
            keep_color=keep_color,
            num_threads=num_threads,
            padded=padded,
        )
    if manifest.family == "paint":
        assert needs.working_side is not None, "the manifest of a paint style always states it"
        assert needs.multiple is not None, "the manifest of a paint style always states it"
        brush = Brush(
            needs.working_side,
            needs.multiple,
            options.texture_scale,
            keep_color,
            simplification=needs.simplification,
        )
        return PaintStylizer(load_runtime(), brush, strength, num_threads=num_threads, padded=padded)
    if manifest.family == "restore":
        if options.texture_scale != 1 or keep_color:
            raise UsageError(f"'{manifest.name}' restores: leave out the texture scale and keeping colour.")
        assert needs.multiple is not None, "the manifest of a style that restores always states it"
        return RestoreStylizer(load_runtime(), needs.multiple, strength)
    if manifest.family == "dream":
        raise StyleFileError(
            f"'{manifest.name}' is a dream: it makes pictures of noise and restyles none. Say 'impasto dream' for them."
        )
    raise StyleFileError(
        f"The style is of the family {manifest.family!r}, which this Impasto cannot apply: "
        "pip install --upgrade impasto."
    )


def within(stylizer: Stylizer, where: Where | None, *, num_threads: int | None = None) -> Stylizer:
    """Return a stylizer that does the same in a region only; see `region_for` for what it may raise.

    A finish lies over the whole picture all the same: grain with a hole in it would show the region's outline.
    """
    if where is None:
        return stylizer
    masked = MaskedStylizer(unfinished(stylizer), region_for(where), num_threads=num_threads)
    return stylizer.over(masked) if isinstance(stylizer, FinishedStylizer) else masked
