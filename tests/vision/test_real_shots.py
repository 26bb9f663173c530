"""Shots, stills and seconds of real films, whose cuts people have looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.vision.frame_scores import FrameScorer
from impasto.vision.shot_finder import ShotFinder
from impasto.vision.shots import find_shots
from impasto.vision.telling import choose_seconds, choose_stills

pytest.importorskip("av")

FILMS = Path(__file__).resolve().parents[3] / "shared" / "data" / "video"
CUTS = {
    "multishot_film_640x360_audio": [121, 217, 313, 409, 469, 498, 542, 589, 685],
    "bbb_480p_30s_audio": [285, 378, 553],
    "bbb_1080p_5s": [],
    "chaplin_pd_audio": [],
    "flower_cc0": [],
    "his_girl_friday_pd_audio": [],
    "carphone_xiph_176x144": [],
    "intel_people_indoor_20s": [],
    "intel_person_walk": [],
    "talking_d20": [],
    "talking_s18": [],
    "talking_s29": [],
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILMS.is_dir(), reason="../shared/data is absent"),
]


@pytest.mark.parametrize("name", CUTS)
def test_cuts_are_found_and_nothing_else(name: str) -> None:
    shots = find_shots(FILMS / f"{name}.mp4")
    assert [shot.start for shot in shots[1:]] == CUTS[name]
    assert {shot.transition for shot in shots} == {"cut"}


def test_stills_and_seconds_of_a_film_of_ten_shots() -> None:
    from impasto.media.film_read import FilmSource

    source = FilmSource(FILMS / "multishot_film_640x360_audio.mp4")
    finder, scorer, scores = ShotFinder(source.info.rate), FrameScorer(faces=False), []
    for frame in source:
        finder.add(frame)
        if score := scorer.add(frame):
            scores.append(score)
    shots = finder.finish()
    stills = choose_stills(shots, scores, 10)
    starts = [shot.start for shot in shots]
    assert len({int(np.searchsorted(starts, still.index, "right")) for still in stills}) >= 9
    spans = choose_seconds(shots, scores, 10)
    assert float(sum(span.duration for span in spans)) == pytest.approx(10, abs=0.1)
    assert len({span.shot for span in spans}) >= 4
