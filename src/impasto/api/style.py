"""`Style`: a style, ready to be applied."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from impasto.api.inputs import apply_to_pillow, is_pillow, srgb_frame
from impasto.apply.blocks import available_cores
from impasto.apply.gating import Gating
from impasto.apply.look import LookStylizer
from impasto.apply.lut import Lut3D
from impasto.apply.pixel_check import check_pixels
from impasto.apply.plan import Pair, plan_beside, plan_outputs
from impasto.apply.regions import Where
from impasto.apply.run import ApplyOptions, ApplyReport, Progress, apply_to_files
from impasto.apply.stylizer import State, Stylizer
from impasto.apply.stylizers import StylizerOptions, make_stylizer, within
from impasto.errors import StyleFileError, UsageError
from impasto.export.mean_look import mean_look
from impasto.media.files import check_output
from impasto.media.frame import Frame
from impasto.style.file import StyleFile, save_style
from impasto.style.runtime import OnnxRuntime, Runtime
from impasto.style.runtimes import AUTO, load_runtime

if TYPE_CHECKING:
    from PIL.Image import Image

    from impasto.gate.gate import Gate

PathLike = str | os.PathLike[str]
_Scalar = TypeVar("_Scalar", bound=np.generic)


class How(TypedDict, total=False):
    """What `Style.stylizer` takes beside the strength."""

    keep_color: bool
    texture_scale: float
    where: Where | None
    runtime: str
    finish: float | str | None


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
        self._runtimes: dict[tuple[str, int], Runtime] = {}

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
        self,
        image: PathLike,
        strength: float = 1.0,
        *,
        output: PathLike | None = None,
        overwrite: bool = False,
        **how: Unpack[How],
    ) -> Path: ...
    @overload
    def apply(self, image: NDArray[_Scalar], strength: float = 1.0, **how: Unpack[How]) -> NDArray[_Scalar]: ...
    @overload
    def apply(self, image: Image, strength: float = 1.0, **how: Unpack[How]) -> Image: ...
    def apply(
        self,
        image: Any,
        strength: float = 1.0,
        *,
        output: PathLike | None = None,
        overwrite: bool = False,
        **how: Unpack[How],
    ) -> Any:
        """Restyle one picture.

        Parameters
        ----------
        image
            The path of a picture, a Pillow image, or an H×W×3 RGB array of dtype uint8, uint16, or float in [0, 1].
        output
            Where the result of a path goes; by default beside it, `portrait.jpg` to `portrait-STYLE.jpg`.
        overwrite
            Allow `output` to be the input itself.
        strength, **how
            As for `stylizer`: `keep_color`, `texture_scale`, `where`, `runtime` and `finish`.

        Returns
        -------
        The same kind: the path that was written, an image of the same size, or an array of the same shape and dtype. A
        Pillow image keeps its mode where that is RGB or RGBA; grey becomes RGB, since a style may tint it.

        Raises
        ------
        UsageError
            An option is out of range, or `output` is given for what is not a path.
        UnreadableMediaError, OutputError
            The file cannot be read or written.
        UnusablePixelsError
            The array or image is not a picture.
        """
        options = StylizerOptions(strength, **how)
        if isinstance(image, str | os.PathLike):
            return self._apply_to_path(Path(image), options, output, overwrite)
        if output is not None:
            raise UsageError("'output' is for a path; what is in memory is returned.")
        stylizer = self._stylizer(options)
        if is_pillow(image):
            return apply_to_pillow(image, stylizer)
        restyled, _ = stylizer(Frame(check_pixels(image)), State())
        return restyled.pixels.astype(image.dtype, copy=restyled.pixels is image)

    def _apply_to_path(self, source: Path, options: StylizerOptions, output: PathLike | None, overwrite: bool) -> Path:
        from impasto.media.image_read import read_image  # noqa: PLC0415
        from impasto.media.image_write import write_image  # noqa: PLC0415

        stylizer = self._stylizer(options, padded=True)
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
        # As text, since a separator at the end says that a folder is meant.
        return plan_beside(given, self.name) if output is None else plan_outputs(given, os.fspath(output))

    def apply_to_files(
        self,
        pairs: Sequence[Pair],
        strength: float = 1.0,
        options: ApplyOptions | None = None,
        progress: Progress | None = None,
        **how: Unpack[How],
    ) -> ApplyReport:
        """Restyle many files, as `plan` pairs them; one that fails does not stop the rest.

        Parameters
        ----------
        strength, **how
            As for `stylizer`: `keep_color`, `texture_scale`, `where`, `runtime` and `finish`.

        Raises
        ------
        UsageError
            An option is out of range.
        StyleFileError
            The options ask for the gate, and the style carries no verdict.
        """
        options = options or ApplyOptions()
        whole = StylizerOptions(strength, **how)
        num_threads = max(1, available_cores() // options.jobs)

        def stylizer_at(fraction: float = 1.0) -> Stylizer:
            return self._stylizer(replace(whole, strength=strength * fraction), num_threads, padded=True)

        # What every picture would fail on is said once, before the first.
        stylizer_at()
        gating = None if options.gate == "off" else Gating(self.gate(), stylizer_at, is_full_strength=whole.is_whole)
        return apply_to_files(pairs, stylizer_at, options, progress, gating)

    def gate(self) -> Gate:
        """Return what judges results of this style.

        Raises
        ------
        StyleFileError
            The style carries no verdict: it is a blend, or was learned by an older Impasto.
        """
        from impasto.gate.gate import Gate  # noqa: PLC0415  takes pydantic's and vision's modules, which few calls need

        with self._naming_the_file():
            return Gate(self._file)

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except StyleFileError as error:
            raise StyleFileError(f"{self.path or self.name}: {error}") from error

    def stylizer(
        self,
        strength: float = 1.0,
        num_threads: int | None = None,
        *,
        keep_color: bool = False,
        texture_scale: float = 1.0,
        where: Where | None = None,
        runtime: str = AUTO,
        finish: float | str | None = None,
    ) -> Stylizer:
        """Return what restyles frames.

        Parameters
        ----------
        strength
            In [0, 1]: 0 changes nothing, 1 is the style as it was learned.
        num_threads
            Threads for one frame; default: every core this process may use.
        keep_color
            Take lightness from the style, hue and chroma from the photo.
        texture_scale
            Size of strokes against the picture, 0.25 to 8; only of a paint style, since a look has none.
        where
            "subject", "background", "face-soft", or a mask: an array H×W, or the path of a grey picture, white where
            the style goes. It must have the picture's size or aspect. None: the whole picture.
        runtime
            What runs the network: "auto" takes the fastest that is installed; see `impasto.style.runtimes`.
        finish
            What is laid over the result; None for what the style carries, "off" for nothing. Also a strength of that,
            or parts such as "grain:1,dust:0.5"; see `impasto.style.finish.parse_finish`.

        Raises
        ------
        UsageError
            An option is out of range, or a look is given a texture scale.
        StyleFileError
            The network cannot be used.
        MissingExtraError
            A package is needed that is not installed.
        """
        options = StylizerOptions(strength, keep_color, texture_scale, where, runtime, finish)
        return self._stylizer(options, num_threads)

    def _stylizer(self, options: StylizerOptions, num_threads: int | None = None, *, padded: bool = False) -> Stylizer:
        """Return what restyles frames; `padded`, as for `LookStylizer`, where they are written next."""
        stylizer = self._stylizer_everywhere(options, num_threads, padded=padded)
        return within(stylizer, options.where, num_threads=num_threads)

    def _stylizer_everywhere(self, options: StylizerOptions, num_threads: int | None, *, padded: bool) -> Stylizer:
        named = self._file.manifest.model_copy(update={"name": self.name})
        with self._naming_the_file():
            return make_stylizer(
                named,
                lambda: self._runtime(options.runtime, num_threads),
                options,
                num_threads=num_threads,
                padded=padded,
            )

    def lut(self, image: Any = None, strength: float = 1.0) -> Lut3D:
        """Return the 3D LUT of a look for sRGB colours: for one picture, or at the look's mean.

        Parameters
        ----------
        image
            As for `apply`; by default the mean over the pictures that the look was learned on.

        Raises
        ------
        UsageError
            The style is no look.
        """
        if self.family != "look":
            raise UsageError(f"'{self.name}' is a {self.family} style, which is no LUT: only looks are.")
        side = self._file.manifest.needs.thumbnail_side
        assert side is not None, "the manifest of a look always states it"
        with self._naming_the_file():
            if image is None:
                return mean_look(self._file.mean_lut, self._runtime(), side).blended(strength)
            return LookStylizer(self._runtime(), strength, thumbnail_side=side).lut_for(srgb_frame(image))

    def save(self, path: PathLike) -> Path:
        """Write the style file, whole or not at all; return its path.

        Raises
        ------
        OutputError
            The path cannot be written.
        """
        save_style(self._file, Path(path))
        return Path(path)

    def runtime_name(self, runtime: str = AUTO) -> str:
        """Return the name of what runs the network where `runtime` is asked for, such as what "auto" takes here."""
        loaded = (each.name for (asked, _), each in self._runtimes.items() if asked == runtime)
        return next(loaded, None) or self._runtime(runtime).name

    def _runtime(self, name: str = AUTO, num_threads: int | None = None) -> Runtime:
        """Load the generator once for each runtime and number of threads; a look's is too small for threads."""
        key = name, (1 if self.family == "look" else num_threads or available_cores())
        if key not in self._runtimes:
            self._runtimes[key] = self._load_runtime(*key)
        return self._runtimes[key]

    def _load_runtime(self, name: str, num_threads: int) -> Runtime:
        if self.family == "look" and name == AUTO:
            # Its network takes less time than others need to load.
            return OnnxRuntime(self._file.generator, num_threads)
        return load_runtime(self._file.generator, name, num_threads=num_threads)
