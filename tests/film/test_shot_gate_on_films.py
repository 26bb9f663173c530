"""The gate of shots on real film frames, with the gate of a built-in style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_clips import make_film

import impasto
from impasto.apply.stylizer import State
from impasto.film.shot_gate import ShotGate, sample_runs
from impasto.film.shot_meter import ShotMeter, measure_flicker, merged_lumas
from impasto.film.shot_verdict import Setting
from impasto.gate.gate import Gate
from impasto.media.film_read import FilmSource
from impasto.media.planar import PlanarFrame
from impasto.style.verdict import Judgement

from .report_cases import PASS, Says, scene

pytest.importorskip("av")


@pytest.fixture(scope="module")
def kodak() -> impasto.Style:
    return impasto.load("kodak")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> list[PlanarFrame]:
    path = make_film(tmp_path_factory.mktemp("film") / "film.mp4", frames=20, size=(160, 90))
    return list(FilmSource(path))


def picked(film: Sequence[PlanarFrame], runs: Sequence[range]) -> list[list[PlanarFrame]]:
    return [[film[index] for index in run] for run in runs]


def restyled(style: impasto.Style) -> Any:
    def render(runs: Sequence[Sequence[PlanarFrame]], setting: Setting) -> list[list[PlanarFrame]]:
        stylizer = style.stylizer(strength=setting.strength, num_threads=1)
        return [[PlanarFrame.from_rgb(stylizer(each.to_rgb(), State())[0], each) for each in run] for run in runs]

    return render


def spoiled(runs: Sequence[Sequence[PlanarFrame]], setting: Setting) -> list[list[PlanarFrame]]:
    """Nothing of the content is left, but for what less strength lets through."""

    def one(frame: PlanarFrame) -> PlanarFrame:
        share = setting.strength
        noise = np.random.default_rng(frame.index).integers(16, 235, frame.planes[0].shape)
        luma = share * noise + (1 - share) * frame.planes[0]
        return frame.with_planes((luma.astype(np.uint8), *frame.planes[1:]))

    return [[one(frame) for frame in run] for run in runs]


def test_the_gate_of_a_style_judges_frames_as_they_are_coded(kodak: impasto.Style, film: list[PlanarFrame]) -> None:
    contents = picked(film, sample_runs(0, 20))
    decision = ShotGate(Gate(kodak._file), "warn").decide(0, contents, restyled(kodak))
    assert [sample.index for sample in decision.verdict.samples] == [3, 10, 16]
    assert decision.verdict.judgement in set(Judgement)


def test_what_is_no_picture_any_more_is_refused(kodak: impasto.Style) -> None:
    content = [[planar(scene(seed, (320, 180)), seed)] for seed in range(3)]
    gate = ShotGate(Gate(kodak._file), "refuse")
    assert gate.decide(0, content, spoiled).is_refused
    kept = ShotGate(Gate(kodak._file), "retry").decide(0, content, spoiled)
    assert len(kept.tries) == 3
    assert not kept.is_refused


def planar(pixels: np.ndarray, index: int = 0) -> PlanarFrame:
    from impasto.media.frame import Frame

    height, width = pixels.shape[:2]
    luma, chroma = np.zeros((height, width), np.uint8), np.zeros((height // 2, width // 2), np.uint8)
    like = PlanarFrame((luma, chroma, chroma), index=index, pts=Fraction(index, 24))
    return PlanarFrame.from_rgb(Frame(pixels), like)


def test_workers_decide_alike(kodak: impasto.Style, film: list[PlanarFrame]) -> None:
    contents = picked(film, sample_runs(0, 20))
    first, second = (
        ShotGate(Gate(kodak._file), "retry").decide(0, contents, restyled(impasto.load("kodak"))) for _ in range(2)
    )
    assert first == second
    assert first.as_json() == second.as_json()


def test_ten_bits_and_hdr_are_judged_as_they_are_shown(tmp_path: Path) -> None:
    from film_clips import HDR10

    path = make_film(
        tmp_path / "hdr.mp4", frames=6, size=(128, 72), codec="libx265", pixel_format="yuv420p10le", tags=HDR10
    )
    frames = list(FilmSource(path))
    assert frames[0].bit_depth == 10
    gate = Says(PASS)
    decision = ShotGate(gate).decide(0, picked(frames, sample_runs(0, 6)), lambda runs, _: runs)
    for output, content, _ in gate.asked:
        assert content == output
        assert output > 255  # 16 bits are judged, not 8
    assert decision.before == decision.after != b""


def test_units_that_share_a_shot_measure_it_as_one_would(film: list[PlanarFrame]) -> None:
    def record(frames: Sequence[PlanarFrame]) -> dict[str, Any]:
        meter = ShotMeter()
        for frame in frames:
            meter.add(frame, replace(frame, planes=(frame.planes[0] // 2, *frame.planes[1:])))
        return meter.record()

    whole = merged_lumas([record(film)])
    parts = merged_lumas([record(film[11:]), record(film[:11])])
    assert whole == parts
    assert measure_flicker(whole[0]) == measure_flicker(parts[0])
    assert len(whole[0]) == 20
