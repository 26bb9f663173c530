"""Planning a job: one pass over the source, what the gate says of each shot, the LUTs of looks, and the units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from pydantic import JsonValue

from impasto.apply.film_look import chained_lut, film_thumbnail
from impasto.apply.film_space import lut_for_film
from impasto.apply.planar_lut import PlanarLut
from impasto.apply.stylizer import State
from impasto.film.folder import JobFolder, make_job_part
from impasto.film.looks import keep_lut, shot_thumbnails
from impasto.film.medium import Medium
from impasto.film.picture import Picture
from impasto.film.plan import FilmPlan, PlannedShot, cut_units
from impasto.film.rendering import restyle_picture
from impasto.film.shot_gate import LOOK_LADDER, Render, Run, ShotGate, require_passed, sample_runs
from impasto.film.shot_report import save_thumbnails
from impasto.film.shot_verdict import Setting, ShotDecision
from impasto.film.style import FilmStyle
from impasto.film.survey import Survey, Thumbnail, Thumbnails, clear_span
from impasto.media.planar import PlanarFrame
from impasto.version import __version__


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a job is planned for.

    Attributes
    ----------
    gate_mode
        One of `impasto.apply.gating.GATE_MODES`.
    wants_report
        Judge or not, render samples of each shot, for the pictures of the report.
    num_threads
        Of restyling samples.
    """

    medium: Medium
    style: FilmStyle
    gate_mode: str = "off"
    wants_report: bool = False
    num_threads: int = 1

    def describe(self) -> dict[str, JsonValue]:
        """Return what decides about pixels and their coding, as JSON."""
        return {**self.style.describe(), "gate": self.gate_mode, **self.medium.describe()}


def make_plan(request: PlanRequest, folder: JobFolder, on_frame: Callable[[int], None] | None = None) -> FilmPlan:
    """Plan a job, and keep the plan and all that it needs in the job's folder.

    Raises
    ------
    UnreadableMediaError
        The source cannot be read.
    UsageError
        The gate refuses a shot, and is to refuse.
    """
    medium, style = request.medium, request.style
    identity = medium.identify()
    links = style.looks() if medium.takes_luts else ()
    thumbnails = Thumbnails(lambda picture: film_thumbnail(picture, links)) if links else None
    surveyed = medium.survey(thumbnails, on_frame)
    num_damaged = medium.num_damaged
    medium.keep(folder.path, surveyed.times)
    own = list(shot_thumbnails(medium, surveyed.shots, thumbnails, links)) if thumbnails else []
    shots = surveyed.shots
    if request.gate_mode != "off" or request.wants_report:
        shots = _decided(request, folder, surveyed, own)
    if thumbnails:
        make_job_part(folder.luts_dir)
        for shot, small in zip(shots, own, strict=True):
            keep_lut(folder.luts_dir, shot.index, chained_lut(style.looks(shot.setting.strength), small))
    plan = FilmPlan(
        impasto_version=__version__,
        source=identity,
        request=request.describe(),
        num_damaged=num_damaged,
        shots=shots,
        units=cut_units(shots, None if links else style.memory),
    )
    folder.begin(plan)
    return plan


def _decided(
    request: PlanRequest, folder: JobFolder, surveyed: Survey, thumbnails: Sequence[list[Thumbnail]]
) -> tuple[PlannedShot, ...]:
    """Let the gate decide for each shot, from samples of it."""
    style = request.style
    judge = style.gate() if request.gate_mode != "off" else None
    # Paint has no steadier way yet, for which PAINT_LADDER asks: it would be rendered again to the same.
    gate = ShotGate(judge, request.gate_mode, is_full_strength=style.is_full_strength, ladder=LOOK_LADDER)
    run_length = 1 if thumbnails else 2
    runs = [sample_runs(*clear_span(surveyed.shots, shot), run_length=run_length) for shot in surveyed.shots]
    pictures = request.medium.pick([index for own in runs for run in own for index in run])
    decisions: list[ShotDecision] = []
    make_job_part(folder.thumbnails_dir)
    for shot, own in zip(surveyed.shots, runs, strict=True):
        contents = [[replace(picture, shot=shot.index) for picture in islice(pictures, len(run))] for run in own]
        render = _render_look(style, thumbnails[shot.index]) if thumbnails else _render_freely(request)
        decision = gate.decide(shot.index, contents, render)
        decisions.append(decision)
        if request.wants_report:
            save_thumbnails(folder.thumbnails_dir, decision)
    require_passed(decisions, request.medium.source.name)
    return tuple(
        shot.model_copy(update={"decision": decision.as_json()})
        for shot, decision in zip(surveyed.shots, decisions, strict=True)
    )


def _render_look(style: FilmStyle, thumbnails: Sequence[Thumbnail]) -> Render:
    def render(contents: Sequence[Run], setting: Setting) -> Sequence[Run]:
        first = contents[0][0]
        assert isinstance(first, PlanarFrame)
        lut = lut_for_film(chained_lut(style.looks(setting.strength), thumbnails), first.color)
        planar = PlanarLut(lut, first.color, first.bit_depth)
        return [[planar.apply(picture) for picture in run if isinstance(picture, PlanarFrame)] for run in contents]

    return render


def _render_freely(request: PlanRequest) -> Render:
    def render(contents: Sequence[Run], setting: Setting) -> Sequence[Run]:
        stylizer = request.style.stylizer(setting.strength, request.num_threads)

        def restyled(run: Run) -> Iterator[Picture]:
            state = State()
            for picture in run:
                result, state = restyle_picture(stylizer, picture, state)
                yield result

        return [list(restyled(run)) for run in contents]

    return render
