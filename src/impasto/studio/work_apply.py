"""A style on many photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from impasto.api import load
from impasto.apply.run import ApplyOptions, ApplyReport
from impasto.errors import ImpastoError, UsageError
from impasto.media.credentials import load_credentials
from impasto.studio.assignment import Assignment, Teller
from impasto.studio.file_names import distinct_name

SUFFIXES: Final = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "tiff": ".tif"}
_WRITABLE: Final = frozenset(SUFFIXES.values())


def apply(assignment: Assignment, tell: Teller) -> str:
    """Restyle the photos of a job; return what became of them in a line.

    Raises
    ------
    ImpastoError
        Not one could be restyled.
    """
    asked = assignment.request
    outputs = name_outputs(assignment, str(asked["style"]))
    uploads = {assignment.input_path(upload_id): upload_id for upload_id in outputs}
    for upload_id in outputs:
        tell("item", upload=upload_id, name=assignment.inputs[upload_id], status="waiting")

    def show(path: Path, report: ApplyReport) -> None:
        failed, warned = dict(report.failed).get(path), dict(report.warned).get(path)
        upload_id = uploads[path]
        said = assignment.worded(failed or warned or "") or None
        result = None if failed else outputs[upload_id].name
        status = "failed" if failed else "done"
        tell("item", upload=upload_id, name=path.name, status=status, message=said, result=result)
        tell("progress", fraction=len(report) / len(uploads), message=f"{len(report)} of {len(uploads)} photos")

    options = ApplyOptions(
        skip_existing=True,
        quality=int(asked["quality"]),
        gate=str(asked["gate"]),
        keep_location=bool(asked["keep_location"]),
        sign=_signing(assignment, str(asked["style"])),
    )
    pairs = [(path, outputs[upload_id]) for path, upload_id in uploads.items()]
    report = load(asked["style"]).apply_to_files(
        pairs,
        float(asked["strength"]),
        options,
        show,
        keep_color=bool(asked["keep_color"]),
        texture_scale=float(asked["texture_scale"]),
        where=where_of(assignment, asked),
    )
    return _summary(report)


def _signing(assignment: Assignment, style: str) -> Callable[[Path, Path], None] | None:
    if assignment.sign_path is None:
        return None
    return partial(load_credentials(assignment.sign_path).write, style=style)


def _summary(report: ApplyReport) -> str:
    num_done = len(report.done) + len(report.skipped)
    if not num_done:
        raise ImpastoError(f"Not one of {len(report.failed)} photos could be restyled; see what was wrong with each.")
    failed = f", {len(report.failed)} failed" if report.failed else ""
    return f"{num_done} {'photo is' if num_done == 1 else 'photos are'} ready{failed}."


def where_of(assignment: Assignment, asked: Mapping[str, Any]) -> str | Path | None:
    """Return the region that a request names, or the path of its mask."""
    where = str(asked.get("where") or "")
    if where.startswith("mask:"):
        upload_id = where.removeprefix("mask:")
        if upload_id not in assignment.inputs:
            raise UsageError("The mask is gone. Upload it again.")
        return assignment.input_path(upload_id)
    return where or None


def name_outputs(assignment: Assignment, style: str) -> dict[str, Path]:
    """Return where the result of each photo goes: `portrait-STYLE.jpg`, in the order of the request."""
    taken: set[str] = set()
    outputs = {}
    for upload_id in dict.fromkeys(assignment.request["uploads"]):
        path = assignment.input_path(upload_id)
        format_ = assignment.request["format"]
        suffix = path.suffix if format_ == "same" else SUFFIXES[format_]
        suffix = suffix if suffix in _WRITABLE else ".jpg"
        name = distinct_name(f"{path.stem}-{style_word(style)}{suffix}", taken)
        taken.add(name.lower())
        outputs[upload_id] = assignment.results_dir / name
    return outputs


def style_word(style: str) -> str:
    """Return what a style is called within file names: a blend's colons and commas do not go everywhere."""
    return "".join(letter if letter.isalnum() or letter in "-_.+" else "_" for letter in style)[:60].strip(".")
