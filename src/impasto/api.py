"""What `import impasto` offers: learn, load, list and apply styles."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import available_cores
from impasto.apply.gating import Gating
from impasto.apply.look import LookStylizer
from impasto.apply.lut import Lut3D
from impasto.apply.pixel_check import check_pixels
from impasto.apply.plan import FALLBACK_SUFFIX, Pair, plan_outputs
from impasto.apply.run import ApplyOptions, ApplyReport, Progress, apply_to_files
from impasto.apply.stylizer import State, Stylizer
from impasto.errors import MissingExtraError, OutputError, StyleFileError, UsageError
from impasto.export.mean_look import mean_look
from impasto.media.files import check_output
from impasto.media.frame import Frame
from impasto.style.file import StyleFile, load_style, save_style
from impasto.style.library import default_library
from impasto.style.names import STYLE_SUFFIX, is_style_name
from impasto.style.runtime import OnnxRuntime

if TYPE_CHECKING:
    from PIL.Image import Image

    from impasto.gate.gate import Gate

PathLike = str | os.PathLike[str]
_Scalar = TypeVar("_Scalar", bound=np.generic)


class Style:
    """A style, ready to be applied. `load` and `learn` make one.

    Attributes
    ----------
    path
        The file that it was loaded from or saved to; None while there is none.
    """

    def __init__(self, file: StyleFile, path: Path | None = None) -> None:
        self._file = file
        self.path = path

    def __repr__(self) -> str:
        return f"<impasto.Style {self.name!r} ({self.family}): {self.description}>"

    @property
    def name(self) -> str:
        """What the file is called, or what the style was called when it was learned."""
        return self.path.stem if self.path else self._file.manifest.name

    @property
    def family(self) -> str:
        """`look`, `paint` or `dream`."""
        return self._file.manifest.family

    @property
    def description(self) -> str:
        """One line about the style."""
        return self._file.manifest.description

    @property
    def recipe(self) -> dict[str, Any]:
        """The options that it was learned with."""
        return dict(self._file.manifest.recipe)

    @property
    def metrics(self) -> dict[str, float]:
        """How good the validation was, by metric name."""
        return dict(self._file.manifest.metrics)

    @property
    def curves(self) -> dict[str, tuple[tuple[int, float], ...]]:
        """How it was learned: (step, value) pairs by title."""
        return dict(self._file.manifest.curves)

    @property
    def sources(self) -> dict[str, Any]:
        """What it was learned from: counts, hashes, and the user's note on their licence."""
        return self._file.manifest.sources.model_dump()

    @overload
    def apply(
        self, image: PathLike, strength: float = 1.0, *, output: PathLike | None = None, overwrite: bool = False
    ) -> Path: ...
    @overload
    def apply(self, image: NDArray[_Scalar], strength: float = 1.0) -> NDArray[_Scalar]: ...
    @overload
    def apply(self, image: Image, strength: float = 1.0) -> Image: ...
    def apply(
        self, image: Any, strength: float = 1.0, *, output: PathLike | None = None, overwrite: bool = False
    ) -> Any:
        """Restyle one picture.

        Parameters
        ----------
        image
            The path of a picture, a Pillow image, or an H×W×3 RGB array of dtype uint8, uint16, or float in [0, 1].
        strength
            In [0, 1]: 0 changes nothing, 1 is the style as it was learned.
        output
            Where the result of a path goes; by default beside it, `portrait.jpg` to `portrait-STYLE.jpg`.
        overwrite
            Allow `output` to be the input itself.

        Returns
        -------
        The same kind: the path that was written, an image of the same size, or an array of the same shape and dtype. A
        Pillow image keeps its mode where that is RGB or RGBA; grey becomes RGB, since a look may tint it.

        Raises
        ------
        UsageError
            `strength` is out of range, or `output` is given for what is not a path.
        UnreadableMediaError, OutputError
            The file cannot be read or written.
        UnusablePixelsError
            The array or image is not a picture.
        """
        if isinstance(image, str | os.PathLike):
            return self._apply_to_path(Path(image), self._file_stylizer(strength), output, overwrite)
        stylizer = self.stylizer(strength)
        if output is not None:
            raise UsageError("'output' is for a path; what is in memory is returned.")
        if _is_pillow(image):
            return _apply_to_pillow(image, stylizer)
        restyled, _ = stylizer(Frame(check_pixels(image)), State())
        return restyled.pixels.astype(image.dtype, copy=restyled.pixels is image)

    def _apply_to_path(self, source: Path, stylizer: Stylizer, output: PathLike | None, overwrite: bool) -> Path:
        from impasto.media.image_read import read_image  # noqa: PLC0415
        from impasto.media.image_write import write_image  # noqa: PLC0415

        [(_, target)] = self.plan([source], output)
        check_output(target, source, overwrite)
        restyled, _ = stylizer(read_image(source), State())
        write_image(restyled, target)
        return target

    def plan(self, inputs: Sequence[PathLike], output: PathLike | None = None) -> list[Pair]:
        """Pair each picture among files and folders with the file that its result goes to.

        Without `output`, results go beside what was given: `portrait.jpg` to `portrait-STYLE.jpg`, and the folder
        `shoot` to `shoot-STYLE`.
        """
        given = [Path(path) for path in inputs]
        if output is not None:
            # As text, since a separator at the end says that a folder is meant.
            return plan_outputs(given, os.fspath(output))
        return [pair for path in given for pair in plan_outputs([path], _beside(path, self.name))]

    def apply_to_files(
        self,
        pairs: Sequence[Pair],
        strength: float = 1.0,
        options: ApplyOptions | None = None,
        progress: Progress | None = None,
    ) -> ApplyReport:
        """Restyle many files, as `plan` pairs them; one that fails does not stop the rest.

        Raises
        ------
        StyleFileError
            The options ask for the gate, and the style carries no verdict.
        """
        options = options or ApplyOptions()
        num_threads = max(1, available_cores() // options.jobs)

        def make_stylizer(fraction: float = 1.0) -> Stylizer:
            return self._file_stylizer(strength * fraction, num_threads)

        gating = None if options.gate == "off" else Gating(self.gate(), make_stylizer, is_full_strength=strength >= 1)
        return apply_to_files(pairs, make_stylizer, options, progress, gating)

    def gate(self) -> Gate:
        """Return what judges results of this style.

        Raises
        ------
        StyleFileError
            The style carries no verdict: it was learned by an older Impasto.
        """
        from impasto.gate.gate import Gate  # noqa: PLC0415  takes pydantic's and vision's modules, which few calls need

        try:
            return Gate(self._file)
        except StyleFileError as error:
            raise StyleFileError(f"{self.path or self.name}: {error}") from error

    def stylizer(self, strength: float = 1.0, num_threads: int | None = None) -> Stylizer:
        """Return what restyles frames.

        Raises
        ------
        StyleFileError
            The network cannot be used.
        """
        return LookStylizer(self._runtime, strength, thumbnail_side=self._thumbnail_side, num_threads=num_threads)

    def _file_stylizer(self, strength: float, num_threads: int | None = None) -> Stylizer:
        """Return what restyles frames that are written next, and so may be in the layout that encoders want."""
        side = self._thumbnail_side
        return LookStylizer(self._runtime, strength, thumbnail_side=side, num_threads=num_threads, padded=True)

    def lut(self, image: Any = None, strength: float = 1.0) -> Lut3D:
        """Return the 3D LUT of a look for sRGB colours: for one picture, or at the look's mean.

        Parameters
        ----------
        image
            As for `apply`; by default the mean over the pictures that the look was learned on.
        """
        if image is None:
            return mean_look(self._file.mean_lut, self._runtime, self._thumbnail_side).blended(strength)
        stylizer = LookStylizer(self._runtime, strength, thumbnail_side=self._thumbnail_side)
        return stylizer.lut_for(_srgb_frame(image))

    def save(self, path: PathLike) -> Path:
        """Write the style file, whole or not at all; return its path.

        Raises
        ------
        OutputError
            The path cannot be written.
        """
        save_style(self._file, Path(path))
        return Path(path)

    @cached_property
    def _runtime(self) -> OnnxRuntime:
        if self.family != "look":
            raise StyleFileError(
                f"{self.path or self.name} is of the family {self.family!r}, which this Impasto cannot apply: "
                "pip install --upgrade impasto."
            )
        try:
            return OnnxRuntime(self._file.generator)
        except StyleFileError as error:
            raise StyleFileError(f"{self.path or self.name}: {error}") from error

    @property
    def _thumbnail_side(self) -> int:
        side = self._file.manifest.needs.thumbnail_side
        assert side is not None, "the manifest of a look always states it"
        return side


def learn(
    references: PathLike | Sequence[PathLike],
    content: PathLike | Sequence[PathLike] | None = None,
    minutes: float = 5.0,
    *,
    output: PathLike | None = None,
    description: str = "",
    license_note: str = "",
    **options: Any,
) -> Style:
    """Learn a look from example pictures. Needs the extra `learn`.

    Parameters
    ----------
    references
        Pictures that show the look: files and folders.
    content
        Pictures as they are before; without any, they are made from the references.
    minutes
        Time to train for.
    output
        The style file to write. By default there is none: the style is in memory, for `Style.save`.
    description, license_note
        Kept in the style: one line about it, and what gives the right to use the references.
    **options
        Other fields of `impasto.train.recipe.Recipe`, such as `steps`, `seed` or `loss`.

    Raises
    ------
    NoReferencesError
        There is nothing usable to learn from.
    UsageError
        An option is unknown or out of range.
    TrainingError
        Losses stay non-finite.
    MissingExtraError
        The extra `learn` is not installed.
    """
    with learning_extra():
        from impasto.train.job import LearnJob, learn_look  # noqa: PLC0415
        from impasto.train.recipe import Recipe  # noqa: PLC0415
    if unknown := set(options) - {field.name for field in fields(Recipe)}:
        raise UsageError(f"learn() has no option {', '.join(sorted(unknown))}.")
    recipe = Recipe(minutes=minutes, **options)
    given = _as_paths(references)
    with TemporaryDirectory() as folder:
        path = Path(output) if output is not None else Path(folder) / (_name_after(given) + STYLE_SUFFIX)
        learn_look(LearnJob(given, path, _as_paths(content or ()), recipe, description, license_note))
        return Style(load_style(path), path) if output is not None else Style(load_style(path).in_memory())


@contextmanager
def learning_extra() -> Iterator[None]:
    """Within this, an import that fails for want of the extra `learn` says so.

    Raises
    ------
    MissingExtraError
        Names what to install.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "impasto").split(".")[0] == "impasto":
            raise
        raise MissingExtraError(f"Learning needs {error.name}: pip install 'impasto[learn]'") from error


def load(name_or_path: PathLike) -> Style:
    """Load a style file, or an installed style by its name.

    Raises
    ------
    UnknownStyleError
        There is none; the message gives the nearest names.
    StyleFileError
        The file is no style file, damaged, changed, unsafe, or from a newer Impasto.
    """
    path = default_library().resolve(os.fspath(name_or_path))
    return Style(load_style(path), path)


def styles() -> dict[str, str]:
    """Return the installed styles: name → one-line description."""
    return default_library().describe()


def _as_paths(given: PathLike | Sequence[PathLike]) -> list[Path]:
    return [Path(given)] if isinstance(given, str | os.PathLike) else [Path(path) for path in given]


def _name_after(references: Sequence[Path]) -> str:
    name = references[0].resolve().stem if references else ""
    return name if is_style_name(name) else "learned"


def _beside(path: Path, style_name: str) -> Path:
    path = path if path.name else path.resolve()
    if path.is_dir():
        return path.with_name(f"{path.name}-{style_name}")
    suffix = path.suffix if _is_writable(path) else FALLBACK_SUFFIX
    return path.with_name(f"{path.stem}-{style_name}{suffix}")


def _is_writable(path: Path) -> bool:
    from impasto.media.image_write import check_picture_suffix  # noqa: PLC0415

    try:
        check_picture_suffix(path)
    except OutputError:
        return False
    return True


def _is_pillow(image: Any) -> bool:
    """Tell by name, so that arrays do not make Pillow load."""
    return any(base.__module__ == "PIL.Image" for base in type(image).__mro__)


def _apply_to_pillow(image: Image, stylizer: Stylizer) -> Image:
    from impasto.export.pillow_image import frame_from_pillow, pillow_from_frame  # noqa: PLC0415

    restyled, _ = stylizer(frame_from_pillow(image), State())
    return pillow_from_frame(restyled, image)


def _srgb_frame(image: Any) -> Frame:
    from impasto.export.pillow_image import frame_from_pillow  # noqa: PLC0415
    from impasto.media.color_profile import to_srgb  # noqa: PLC0415
    from impasto.media.image_read import read_image  # noqa: PLC0415

    if isinstance(image, str | os.PathLike):
        return to_srgb(read_image(Path(image)))
    if _is_pillow(image):
        return to_srgb(frame_from_pillow(image))
    return Frame(check_pixels(image))
