"""The gate over films: what it makes of shots, and what a report tells of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.api.film_style import AppliedStyle
from impasto.media.frame import Pixels
from impasto.style.verdict import Judgement, Verdict

from .conftest import Run
from .films import assert_all_else_is_kept, keep_digests, lumas, mean_difference, short_film


class StrictGate:
    """Refuses what differs much from its content; reviews what differs somewhat."""

    def judge(self, output: Pixels, content: Pixels | None = None, *, is_full_strength: bool = True) -> Verdict:
        assert content is not None
        change = float(np.abs(output.astype(float) - content).mean())
        judgement = Judgement.REFUSE if change > 14 else Judgement.REVIEW if change > 9 else Judgement.PASS
        return Verdict(judgement, f"change of {change:.0f}", {"change": change})


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AppliedStyle, "gate", lambda self: StrictGate())


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("style", ["pale", "brush"])
def test_a_doubtful_shot_is_named(run: Run, pale: str, brush: str, film: Path, style: str) -> None:
    result = run("apply", film, "-s", style, "-o", "out.mp4", "--gate", "warn")
    assert_all_else_is_kept(film, "out.mp4")
    for line in result.stderr.splitlines():
        assert "film.mp4: shot" in line


@pytest.mark.usefixtures("strict")
def test_a_refused_shot_is_rendered_with_less(run: Run, pale: str, film: Path) -> None:
    run("apply", film, "-s", pale, "-o", "plain.mp4")
    plain = mean_difference(lumas(film), lumas("plain.mp4"))
    result = run("apply", film, "-s", pale, "-o", "out.mp4", "--gate", "retry", "--report", "report.json")
    retried = mean_difference(lumas(film), lumas("out.mp4"))
    shots = json.loads(Path("report.json").read_text())["shots"]
    changed = [shot for shot in shots if shot["strength"] < 1]
    assert changed
    assert retried < plain
    assert sum("of the strength" in line for line in result.stderr.splitlines()) == len(changed)
    for shot in shots:
        span = slice(shot["start"], shot["stop"])
        ratio = mean_difference(lumas(film)[span], lumas("out.mp4")[span]) / mean_difference(
            lumas(film)[span], lumas("plain.mp4")[span]
        )
        assert ratio == pytest.approx(shot["strength"], abs=0.12)


@pytest.mark.parametrize("style", ["pale", "brush"])
def test_no_frame_of_a_dissolve_is_judged(
    run: Run, pale: str, brush: str, home: Path, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    """What two shots make together is neither of them."""
    from impasto.film.medium import FilmMedium
    from impasto.film.survey import Survey

    asked: list[int] = []
    pick, survey = FilmMedium.pick, FilmMedium.survey

    def noted(medium: FilmMedium, indices: Sequence[int]) -> Any:
        asked.extend(indices)
        return pick(medium, indices)

    def dissolving(*given: Any) -> Survey:
        found = survey(*given)
        first, second, *rest = found.shots
        mixed = second.model_copy(
            update={"transition": "dissolve", "transition_start": first.start + 4}
        )  # frames 4 to 16 show both
        return replace(found, shots=(first, mixed, *rest))

    monkeypatch.setattr(AppliedStyle, "gate", lambda self: StrictGate())
    monkeypatch.setattr(FilmMedium, "pick", noted)
    monkeypatch.setattr(FilmMedium, "survey", dissolving)
    short_film("film.mp4")
    run("apply", "film.mp4", "-s", style, "-o", "out.mp4", "--gate", "warn")
    assert asked
    assert not set(asked) & set(range(4, 17))
    assert {index < 4 for index in asked} == {True, False}


@pytest.mark.usefixtures("strict")
def test_a_film_with_a_refused_shot_is_not_made_where_that_is_asked(run: Run, pale: str, film: Path) -> None:
    result = run("apply", film, "-s", pale, "-o", "out.mp4", "--gate", "refuse", code=2)
    assert "refused shot" in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert not Path("out.mp4").exists()
    assert not list(Path().glob("*.impasto-job"))


@pytest.mark.usefixtures("strict")
def test_a_job_that_is_resumed_keeps_its_decisions(
    run: Run, pale: str, film: Path, small_units: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from .test_jobs import stop_after

    kept = keep_digests(monkeypatch)
    run("apply", film, "-s", pale, "-o", "whole.mp4", "--gate", "retry")
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        run("apply", film, "-s", pale, "-o", "out.mp4", "--gate", "retry", code=130)
    monkeypatch.setattr(AppliedStyle, "gate", None)  # nobody asks it again
    result = run("apply", film, "-s", pale, "-o", "out.mp4", "--gate", "retry", "--resume")
    assert "film.mp4: shot" in result.stderr
    assert kept[0] == kept[1]
    other = run("apply", film, "-s", pale, "-o", "out.mp4", "--overwrite", "--resume")
    assert "film.mp4: shot" not in other.stderr


def test_a_report_without_a_gate_shows_each_shot(run: Run, pale: str, film: Path) -> None:
    run("apply", film, "-s", pale, "-o", "out.mp4", "--report", "report.html")
    told = json.loads(Path("report.json").read_text())
    assert [(shot["start"], shot["stop"]) for shot in told["shots"]] == [(0, 17), (17, 40)]
    assert told["totals"]["frames"] == 40
    assert {"decode", "look", "encode"} <= set(told["totals"]["stage_seconds"])
    assert all(shot["seconds"] > 0 for shot in told["shots"])
    assert told["film"]["codec"] == "h264"
    assert Path("report.html").read_text().count("<img") >= 4


def test_a_look_flickers_no_more_than_its_film(run: Run, pale: str, home: Path) -> None:
    short_film("film.mkv", codec="ffv1", audio=0)
    run("apply", "film.mkv", "-s", pale, "-o", "out.mkv", "--report", "report.json")
    for shot in json.loads(Path("report.json").read_text())["shots"]:
        assert shot["flicker_out"] <= shot["flicker_in"] + 0.02
        assert shot["flicker_added"] < 0.05


def test_a_report_is_of_one_film(run: Run, pale: str, film: Path) -> None:
    short_film("other.mp4", frames=3, cuts=())
    result = run("apply", film, "other.mp4", "-s", pale, "-o", "out", "--report", "report.html", code=2)
    assert "one film" in result.stderr
    assert not Path("out").exists()


def test_a_report_that_cannot_be_written_leaves_the_film_and_says_so(run: Run, pale: str, film: Path) -> None:
    result = run("apply", film, "-s", pale, "-o", "out.mp4", "--report", "nowhere/report.html", code=2)
    assert "nowhere" in result.stderr
    assert len(result.stderr.splitlines()) <= 2
