"""Measures outputs against their contents and against references of a style."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError, NoReferencesError, OutputError, UnreadableMediaError, UsageError
from impasto.media.frame import Frame
from impasto.quality.badness import badness
from impasto.quality.features import FeatureReader
from impasto.quality.metric import Image
from impasto.quality.pairing import pair_by_place, pictures_in
from impasto.quality.reference_cache import ReferenceCache, cache_key
from impasto.quality.results import Evaluation, PictureResult
from impasto.quality.scoreboard import Scoreboard, directions
from impasto.style.verdict import Verdict

Levels = NDArray[np.uint8]
Restyle = Callable[[Levels], Levels]
"""Makes an output of a content: H×W×3 sRGB."""
JudgeOutput = Callable[[Levels, Levels], Verdict]
"""Gives a verdict on an output beside its content."""
Progress = Callable[[int, int, str], None]
"""Called with the number of pictures done, that of all, and what is being looked at."""

SMALLEST_SIDE = 64


@dataclass(frozen=True)
class EvaluateJob:
    """What to measure, and how.

    Attributes
    ----------
    content, references
        Pictures, and folders of them.
    outputs
        The folder of what was made of the content, paired with it by place in the folder.
    restyle, restyled_dir
        Instead of `outputs`: what makes them, and an existing folder for them. They are made at the size at which
        pictures are looked at.
    truth
        A folder with what the outputs should be, paired in the same way.
    judge
        The verdict of the style's gate on an output beside its content.
    curves
        How the style was learned, for the report.
    encoder
        As for `impasto.vision.encoders.load_encoder`.
    side
        Pictures are looked at with a short side of at most so many pixels.

    Raises
    ------
    UsageError
        Outputs are given in both ways or in none, or `side` is too small.
    """

    content: Sequence[Path]
    references: Sequence[Path]
    outputs: Path | None = None
    restyle: Restyle | None = None
    restyled_dir: Path | None = None
    truth: Path | None = None
    judge: JudgeOutput | None = None
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    encoder: str = "efficientnet-lite0"
    side: int = 512
    title: str = "Evaluation"

    def __post_init__(self) -> None:
        if (self.outputs is None) == (self.restyle is None):
            raise UsageError("Give a style, or a folder of outputs: one of them.")
        if (self.restyle is None) != (self.restyled_dir is None):
            raise UsageError("What is restyled needs a folder to go to.")
        if self.side < SMALLEST_SIDE:
            raise UsageError(f"Pictures are looked at with a side of {SMALLEST_SIDE} pixels at least, not {self.side}.")


def evaluate(job: EvaluateJob, progress: Progress | None = None, cache: ReferenceCache | None = None) -> Evaluation:
    """Measure outputs by every metric that fits what is given.

    Pictures are read one at a time, and small. One that cannot be read is left out and named in the notes.

    Raises
    ------
    UsageError
        A folder is empty, nothing can be paired, or the encoder is unknown.
    NoReferencesError
        None of the references can be read.
    UnreadableMediaError
        A path does not exist, or no output can be read.
    MissingExtraError
        The extra `learn` is not installed, or what the encoder needs.
    """
    return _Evaluator(job, progress or _silent, cache or ReferenceCache()).run()


@dataclass(frozen=True, slots=True)
class _Task:
    content: Path
    output: Path | None
    target: Path | None


class _Evaluator:
    def __init__(self, job: EvaluateJob, progress: Progress, cache: ReferenceCache) -> None:
        self._job, self._progress, self._cache = job, progress, cache
        self._notes: list[str] = []
        self._num_resized = 0
        self._tasks = self._pair()
        self._references = self._find_references()
        self._num_steps = len(self._tasks) + len(self._references)
        self._board = Scoreboard(_feature_reader(job.encoder))

    def _pair(self) -> list[_Task]:
        content = pictures_in(self._job.content, "content")
        outputs: dict[Path, Path] = {}
        targets: dict[Path, Path] = {}
        if self._job.outputs is not None:
            outputs, notes = pair_by_place(content, self._job.outputs, "outputs")
            self._notes += notes
        if self._job.truth is not None:
            targets, notes = pair_by_place(content, self._job.truth, "truth")
            self._notes += notes
        return [
            _Task(path, outputs.get(path), targets.get(path))
            for path in content
            if path in outputs or self._job.outputs is None
        ]

    def _find_references(self) -> list[Path]:
        try:
            return list(pictures_in(self._job.references, "references"))
        except UsageError as error:
            raise NoReferencesError(str(error)) from error

    def run(self) -> Evaluation:
        self._look_at_references()
        pictures = []
        for number, task in enumerate(self._tasks):
            self._progress(len(self._references) + number, self._num_steps, task.content.name)
            try:
                pictures.append(self._measure(task))
            except (UnreadableMediaError, MissingExtraError) as error:
                self._notes.append(f"Left out: {error}")
        if not pictures:
            raise UnreadableMediaError(f"no picture could be measured. {self._notes[-1]}")
        self._progress(self._num_steps, self._num_steps, "")
        return self._summary(pictures)

    def _look_at_references(self) -> None:
        """Take in all references, from the cache where they are known."""
        key = self._cache_key()
        if key is not None and self._cache.load(key, self._board.references):
            self._board.num_references = len(self._references)
            return
        unreadable = []
        for number, path in enumerate(self._references):
            self._progress(number, self._num_steps, path.name)
            try:
                self._board.add_reference(_floats(self._read(path)))
                self._board.num_references += 1
            except (UnreadableMediaError, MissingExtraError) as error:
                unreadable.append(f"Left out: {error}")
        self._notes += unreadable
        if not self._board.num_references:
            raise NoReferencesError(f"references: none can be read. {unreadable[0]}")
        if not unreadable and key is not None:
            self._remember(key)

    def _cache_key(self) -> str | None:
        try:
            return cache_key(self._references, self._job.encoder, self._job.side)
        except OSError:  # a reference that may not be read, of which more is said when it is its turn
            return None

    def _remember(self, key: str) -> None:
        try:
            self._cache.save(key, self._board.references)
        except OutputError as error:
            self._notes.append(f"Statistics of the references are not kept for the next time: {error}")

    def _measure(self, task: _Task) -> PictureResult:
        content = self._read(task.content)
        output, output_path = self._output(task, content)
        target = None if task.target is None else _floats(_resized(self._read(task.target), content))
        values = self._board.add_output(_floats(output), _floats(content), target)
        verdict = None if self._job.judge is None else self._job.judge(output, content)
        return PictureResult(task.content, output_path, values, badness=0.0, verdict=verdict)

    def _output(self, task: _Task, content: Levels) -> tuple[Levels, Path]:
        """Return the output of a task at the size of its content, and where it is."""
        if task.output is not None:
            self._num_resized += _picture_size(task.output) != _picture_size(task.content)
            return _resized(self._read(task.output), content), task.output
        from impasto.media.image_write import write_image  # noqa: PLC0415

        assert self._job.restyle is not None
        assert self._job.restyled_dir is not None
        output = self._job.restyle(content)
        path = self._job.restyled_dir / f"{self._board.num_outputs:06d}-{task.content.stem}.png"
        write_image(Frame(output), path)
        return output, path

    def _read(self, path: Path) -> Levels:
        from impasto.media.image_read import read_thumbnail_srgb  # noqa: PLC0415

        return read_thumbnail_srgb(path, self._job.side, fit_short_side=True)

    def _summary(self, pictures: Sequence[PictureResult]) -> Evaluation:
        values = self._board.metric_values()
        scores = badness([picture.metrics for picture in pictures], directions(values))
        scored = [replace(picture, badness=score) for picture, score in zip(pictures, scores, strict=True)]
        if self._num_resized:
            self._notes.append(f"{self._num_resized} outputs differ in size from their content; resized to compare.")
        self._notes += self._board.notes(values)
        self._notes.append(
            f"Features are those of {self._job.encoder}, of pictures with a short side of {self._job.side} pixels at "
            "most: compare FID, KID and distances of features with such only."
        )
        return Evaluation(
            title=self._job.title,
            metrics=values,
            pictures=sorted(scored, key=lambda picture: -picture.badness),
            reference_paths=self._references,
            curves=self._job.curves,
            notes=self._notes,
        )


def _feature_reader(encoder: str) -> FeatureReader:
    try:
        from impasto.vision.feature_maps import FeatureMaps  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"Measuring features needs {error.name}: pip install 'impasto[learn]'") from error
    maps = FeatureMaps(encoder)
    return FeatureReader(maps, maps.strides)


def _picture_size(path: Path) -> tuple[int, int]:
    from impasto.media.image_read import picture_size  # noqa: PLC0415

    return picture_size(path)


def _resized(levels: Levels, like: Levels) -> Levels:
    if levels.shape == like.shape:
        return levels
    from PIL import Image as PillowImage  # noqa: PLC0415

    size = (like.shape[1], like.shape[0])
    return np.asarray(PillowImage.fromarray(levels).resize(size, PillowImage.Resampling.LANCZOS))


def _floats(levels: Levels) -> Image:
    return levels.astype(np.float32) / np.float32(255)


def _silent(_done: int, _total: int, _name: str) -> None:
    return
