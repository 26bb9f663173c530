"""The one pass before a film is restyled, and the LUTs that come of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.apply.lut import Lut3D
from impasto.apply.stylizer import State
from impasto.errors import UnreadableMediaError
from impasto.film.looks import KeptLuts, LookRenderer, keep_lut, shot_thumbnails
from impasto.film.medium import FilmMedium
from impasto.film.plan import PlannedShot
from impasto.film.survey import Thumbnails, clear_span, survey
from impasto.media.film_encoding import Encoding
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame

from .films import short_film
from .test_plan import shots_of
from .test_unit import picture_of


def brightness(picture: PlanarFrame) -> Any:
    return np.full((2, 2, 3), picture.index / 1000, np.float32)


def indices_of(thumbnails: Sequence[Any]) -> list[int]:
    return [round(float(thumbnail[0, 0, 0]) * 1000) for thumbnail in thumbnails]


def test_thumbnails_are_spread_over_a_span() -> None:
    thumbnails = Thumbnails(brightness)
    for index in range(200):
        thumbnails.add(picture_of(index, 1))
    found = indices_of(thumbnails.between(30, 150))
    assert len(found) == 5
    assert min(found) >= 30
    assert max(found) < 150
    assert max(np.diff(found)) <= 2 * min(np.diff(found))
    assert indices_of(thumbnails.between(60, 67)) == [60, 66]
    assert thumbnails.between(61, 65) == []


def test_a_long_film_keeps_no_more_thumbnails_than_memory_is_worth() -> None:
    thumbnails = Thumbnails(brightness, max_kept=20)
    for index in range(1000):
        thumbnails.add(picture_of(index, 1))
        assert len(thumbnails._kept) <= 20
    assert len(thumbnails._kept) > 8
    assert len(indices_of(thumbnails.between(0, 1000))) == 5


def test_a_thumbnail_keeps_16_bits() -> None:
    thumbnails = Thumbnails(lambda picture: np.full((1, 1, 3), 0.123456, np.float32))
    thumbnails.add(picture_of(0))
    assert float(thumbnails.between(0, 1)[0][0, 0, 0]) == pytest.approx(0.123456, abs=1e-5)


def test_the_frames_that_show_one_shot_alone() -> None:
    shots = tuple(
        shot.model_copy(update={"transition_start": start})
        for shot, start in zip(shots_of([10, 20, 30]), (0, 7, 2), strict=True)
    )
    assert clear_span(shots, shots[0]) == (0, 7)
    assert clear_span(shots, shots[1]) == (10, 30)  # it has no frame of its own
    assert clear_span(shots, shots[2]) == (30, 60)


def test_a_survey_finds_shots_and_times(tmp_path: Path) -> None:
    film = short_film(tmp_path / "film.mp4", vfr=True)
    medium = FilmMedium(film, tmp_path / "out.mp4", Encoding())
    seen: list[int] = []
    num_frames: list[int] = []
    surveyed = medium.survey(None, num_frames.append, lambda picture: seen.append(picture.index))
    assert [(shot.start, shot.stop) for shot in surveyed.shots] == [(0, 17), (17, 40)]
    assert list(surveyed.times) == [picture.pts for picture in medium.frames()]
    assert seen == list(range(40))
    assert sum(num_frames) == 40


def test_a_film_without_pictures_is_refused() -> None:
    with pytest.raises(UnreadableMediaError, match=r"film.mp4 has no pictures"):
        survey(iter(()), Path("film.mp4"), Fraction(24))


class NotingMedium:
    def __init__(self) -> None:
        self.picked: list[int] = []

    def pick(self, indices: Sequence[int]) -> Iterator[PlanarFrame]:
        for index in indices:
            self.picked.append(index)
            yield picture_of(index, 100)


def test_shots_too_short_for_a_thumbnail_are_looked_at_again() -> None:
    thumbnails = Thumbnails(brightness)
    for index in range(24):
        thumbnails.add(picture_of(index, 1))
    medium: Any = NotingMedium()
    found = list(shot_thumbnails(medium, shots_of([7, 3, 2, 12]), thumbnails, ()))
    assert [len(own) for own in found] == [2, 1, 1, 2]
    assert medium.picked == [8, 11]


# --- LUTs -----------------------------------------------------------------------------------------------------------


def brightening(step: float) -> Lut3D:
    axis = np.linspace(0, 1, 5, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    return Lut3D((grid * (1 - step) + step).astype(np.float32))


@pytest.fixture
def luts(tmp_path: Path) -> KeptLuts:
    for number in range(3):
        keep_lut(tmp_path, number, brightening(number / 10))
    return KeptLuts(tmp_path, 3, Color())


def test_kept_luts_are_read_when_asked_for(luts: KeptLuts, tmp_path: Path) -> None:
    assert len(luts) == 3
    np.testing.assert_array_equal(luts[1].table, brightening(0.1).table)
    assert [lut.table[0, 0, 0, 0] for lut in luts[1:]] == pytest.approx([0.1, 0.2])
    (tmp_path / "000002.npy").write_bytes(b"nothing")
    assert len(luts[:2]) == 2
    with pytest.raises(UnreadableMediaError, match=r"000002.npy.*--overwrite"):
        luts[2]
    with pytest.raises(IndexError):
        luts[3]


def test_luts_of_films_that_are_not_srgb_are_made_for_them(tmp_path: Path) -> None:
    keep_lut(tmp_path, 0, brightening(0.1))
    hdr = KeptLuts(tmp_path, 1, Color(primaries="bt2020", transfer="smpte2084", full_range=False, bit_depth=10))
    assert np.abs(hdr[0].resampled(5).table - brightening(0.1).table).max() > 0.05


def test_each_picture_gets_the_lut_of_its_shot(luts: KeptLuts) -> None:
    renderer = LookRenderer(shots_of([4, 4, 4]), luts, Color(transfer="bt709", full_range=False), 8, 1)
    for index, share in ((0, 0.0), (5, 0.1), (11, 0.2)):
        result, state = renderer(picture_of(index, 100), State())
        assert isinstance(result, PlanarFrame)
        expected = 100 + share * (235 - 100)
        assert result.planes[0][0, 0] == pytest.approx(expected, abs=1)
        assert state.lut is None


def test_shots_flow_into_each_other_over_a_dissolve(luts: KeptLuts) -> None:
    shots = [
        shot.model_copy(update={"transition_start": start})
        for shot, start in zip(shots_of([10, 10, 10]), (0, 2, 20), strict=True)
    ]
    renderer = LookRenderer(shots, luts, Color(transfer="bt709", full_range=False), 8, 1)
    values = [int(renderer(picture_of(index, 100), State())[0].planes[0][0, 0]) for index in range(12)]  # type: ignore[union-attr]
    assert values[:2] == [100, 100]
    assert values == sorted(values)
    assert values[10] == values[11] == pytest.approx(113, abs=1)
    assert 100 < values[5] < values[10]


def test_no_flicker_within_a_shot(tmp_path: Path, luts: KeptLuts) -> None:
    """The same picture comes out the same, wherever in the shot it stands."""
    renderer = LookRenderer(shots_of([50, 50, 50]), luts, Color(transfer="bt709", full_range=False), 8, 1)
    for shot in range(3):
        results = {
            renderer(picture_of(index, 77), State())[0].planes[0].tobytes()  # type: ignore[union-attr]
            for index in range(50 * shot, 50 * shot + 50)
        }
        assert len(results) == 1


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_single_pictures_are_those_of_the_whole_film(tmp_path: Path, suffix: str) -> None:
    codec = {".avi": "mpeg4"}.get(suffix, "libx264")
    film = short_film(tmp_path / f"film{suffix}", codec=codec, audio=0)
    medium = FilmMedium(film, tmp_path / f"out{suffix}", Encoding())
    whole = list(medium.frames())
    wanted = [0, 3, 4, 11, 12, 30, 39]
    picked = list(medium.pick(wanted))
    assert [picture.index for picture in picked] == wanted
    for picture in picked:
        for plane, expected in zip(picture.planes, whole[picture.index].planes, strict=True):
            np.testing.assert_array_equal(plane, expected)


def test_what_was_learned_of_a_film_is_kept_for_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    from impasto.media import film_read

    film = short_film(tmp_path / "film.mp4", vfr=True)
    medium = FilmMedium(film, tmp_path / "out.mp4", Encoding(crf=20))
    surveyed = medium.survey(None)
    medium.keep(tmp_path, surveyed.times)
    received = pickle.loads(pickle.dumps(medium))
    assert received.describe() == medium.describe()
    monkeypatch.setattr(film_read, "read_index", None)  # nobody reads the whole film again
    assert [picture.index for picture in received.frames(20, 22)] == [20, 21]
    ticks = [int(tick) * received.info.time_base for tick in received._ticks(tmp_path)]
    assert ticks == list(surveyed.times)
    (tmp_path / "times.npy").unlink()
    with pytest.raises(UnreadableMediaError, match="--overwrite"):
        received._ticks(tmp_path)


def test_planned_shots_are_those_found() -> None:
    from impasto.vision.shot import Shot

    shot = Shot(2, 10, 25, Fraction(10, 24), Fraction(25, 24), "dissolve", 7)
    planned = PlannedShot.of(shot)
    assert (planned.index, planned.start, planned.stop) == (2, 10, 25)
    assert (planned.transition, planned.transition_start) == ("dissolve", 7)
    assert planned.start_time == pytest.approx(Fraction(10, 24))
    assert float(planned.stop_time) == pytest.approx(25 / 24)
