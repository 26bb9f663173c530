"""The loop over files: read, restyle, write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from impasto.apply.finish import finished, unfinished
from impasto.apply.gating import GATE_MODES, Gating
from impasto.apply.plan import Pair
from impasto.apply.stylizer import State, Stylizer
from impasto.errors import ImpastoError, OutputError, StyleFileError, UsageError
from impasto.media.files import check_output
from impasto.media.frame import Frame
from impasto.media.location import without_location

MAX_JOBS = 64


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How `apply_to_files` works.

    Attributes
    ----------
    jobs
        Pictures in work at once, each on a thread: decoding, networks and LUTs all run without the GIL.
    skip_existing
        Leave out pictures whose output exists.
    overwrite
        Allow an output to replace an input. Other files are replaced in any case.
    quality
        Of JPEG and WebP, 1 to 100.
    gate
        What to do with what the style's gate does not pass: one of `GATE_MODES`.
    keep_location
        Let results say where the picture was taken, if the input does.
    sign
        Called with a finished picture and the path of the output, where it writes the picture with a signed note;
        see `impasto.media.credentials`.

    Raises
    ------
    UsageError
        A value is out of range, or two contradict each other.
    """

    jobs: int = 1
    skip_existing: bool = False
    overwrite: bool = False
    quality: int = 95
    gate: str = "off"
    keep_location: bool = True
    sign: Callable[[Path, Path], None] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.jobs <= MAX_JOBS:
            raise UsageError(f"The number of jobs must be from 1 to {MAX_JOBS}, not {self.jobs}.")
        if not 1 <= self.quality <= 100:
            raise UsageError(f"The quality must be from 1 to 100, not {self.quality}.")
        if self.gate not in GATE_MODES:
            raise UsageError(f"The gate is one of {', '.join(GATE_MODES)}, not '{self.gate}'.")
        if self.skip_existing and self.overwrite:
            raise UsageError("Existing outputs cannot be both skipped and overwritten. Choose one.")


@dataclass(slots=True)
class ApplyReport:
    """What became of the inputs.

    Attributes
    ----------
    done, skipped
        Input paths.
    failed
        Input paths, each with what went wrong.
    warned
        Input paths that are done, each with what the gate has against the result.
    """

    done: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    warned: list[tuple[Path, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.done) + len(self.skipped) + len(self.failed)


Progress = Callable[[Path, ApplyReport], None]
"""Called with each input as it is finished, and the report so far; always on the thread that called."""


def apply_to_files(
    pairs: Sequence[Pair],
    make_stylizer: Callable[[], Stylizer],
    options: ApplyOptions | None = None,
    progress: Progress | None = None,
    gating: Gating | None = None,
) -> ApplyReport:
    """Restyle pictures from files to files.

    A picture that cannot be read, restyled or written is reported and does not stop the rest. Outputs appear whole or
    not at all; their folders are made.

    Parameters
    ----------
    pairs
        Input and output of each picture, as from `impasto.apply.plan.plan_outputs`.
    make_stylizer
        Called once on each working thread, so that a stylizer need not be safe to share.
    options
        Default: `ApplyOptions()`.
    progress
        Called after each picture.
    gating
        The gate; needed where `options.gate` is not "off".

    Raises
    ------
    OutputError
        An output is one of the inputs, and `overwrite` is not set. Nothing has been written then.
    StyleFileError
        The style itself is broken, which every picture would show alike.
    """
    options = options or ApplyOptions()
    report = ApplyReport()
    if options.gate == "off":
        gating = None
    elif gating is None:
        raise UsageError("There is no gate to judge results by.")
    _refuse_to_replace_inputs(pairs, options)
    work: list[Pair] = []
    for pair in pairs:
        if options.skip_existing and pair[1].exists():
            report.skipped.append(pair[0])
            _notify(progress, pair[0], report)
        else:
            work.append(pair)
    for source, outcome in _finished(work, _PairWorker(make_stylizer, options, gating), options.jobs):
        if outcome.error is None:
            report.done.append(source)
        else:
            report.failed.append((source, outcome.error))
        if outcome.warning is not None:
            report.warned.append((source, outcome.warning))
        _notify(progress, source, report)
    return report


def _notify(progress: Progress | None, source: Path, report: ApplyReport) -> None:
    if progress is not None:
        progress(source, report)


def _refuse_to_replace_inputs(pairs: Sequence[Pair], options: ApplyOptions) -> None:
    if options.overwrite or options.skip_existing:
        return
    inputs = {source.resolve() for source, _ in pairs}
    for _, target in pairs:
        if target.resolve() in inputs:
            raise OutputError(f"{target} is itself an input. Choose another output, or allow it with --overwrite.")


@dataclass(frozen=True, slots=True)
class _Outcome:
    error: str | None = None
    warning: str | None = None


class _PairWorker:
    """Restyles one file; returns what went wrong, if anything."""

    def __init__(self, make_stylizer: Callable[[], Stylizer], options: ApplyOptions, gating: Gating | None) -> None:
        self._make_stylizer = make_stylizer
        self._options = options
        self._gating = gating
        self._local = threading.local()

    def __call__(self, pair: Pair) -> _Outcome:
        try:
            return self._restyle(*pair)
        except StyleFileError:
            raise
        except ImpastoError as error:
            return _Outcome(str(error))
        except MemoryError:
            return _Outcome(f"{pair[0]} is too large for the memory there is. Use fewer jobs, or a smaller picture.")
        except Exception as error:  # one bad file, however it is bad, must not stop the rest
            return _Outcome(f"{pair[0]} cannot be restyled: {type(error).__name__}: {error}")

    def _restyle(self, source: Path, target: Path) -> _Outcome:
        from impasto.media.image_read import read_image  # noqa: PLC0415  imports Pillow

        check_output(target, source, self._options.overwrite)
        frame = read_image(source)
        if not self._options.keep_location:
            frame = replace(frame, metadata=without_location(frame.metadata))
        stylizer = self._stylizer()
        restyled, _ = (stylizer if self._gating is None else unfinished(stylizer))(frame, State())
        warning = None
        if self._gating is not None:
            passed = self._gating.pass_on(frame, restyled, self._options.gate)
            if passed.frame is None:
                return _Outcome(f"{source} was not restyled: {passed.message}")
            restyled, warning = finished(passed.frame, stylizer), passed.message
        # The input's pixels are not needed any more, and writing takes memory of its own.
        del frame
        _make_folder(target.parent)
        self._write(restyled, target)
        return _Outcome(warning=f"{source}: {warning}" if warning else None)

    def _write(self, frame: Frame, target: Path) -> None:
        from impasto.media.image_write import write_image  # noqa: PLC0415  imports Pillow

        sign, quality = self._options.sign, self._options.quality
        if sign is None:
            write_image(frame, target, quality=quality)
            return
        unsigned = target.with_name(f".{target.stem}.unsigned{target.suffix}")
        try:
            write_image(frame, unsigned, quality=quality)
            sign(unsigned, target)
        finally:
            unsigned.unlink(missing_ok=True)

    def _stylizer(self) -> Stylizer:
        if not hasattr(self._local, "stylizer"):
            self._local.stylizer = self._make_stylizer()
        stylizer: Stylizer = self._local.stylizer
        return stylizer


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made: {error.strerror}.") from error


def _finished(work: Sequence[Pair], worker: _PairWorker, jobs: int) -> Iterator[tuple[Path, _Outcome]]:
    """Yield each input with its outcome, in the order of finishing; stop starting new ones when the caller stops."""
    if jobs == 1:
        for pair in work:
            yield pair[0], worker(pair)
        return
    with ThreadPoolExecutor(jobs, thread_name_prefix="impasto-job") as pool:
        running: dict[Future[_Outcome], Path] = {pool.submit(worker, pair): pair[0] for pair in work}
        try:
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
