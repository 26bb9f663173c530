"""Units: what is read, in which order it is shown to the style, and what is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.apply.stylizer import State
from impasto.errors import OutputError, UnreadableMediaError
from impasto.film.folder import JobFolder, UnitRecord, job_folder_for
from impasto.film.picture import Picture
from impasto.film.plan import FilmPlan, Memory, cut_units
from impasto.film.unit import UnitRunner, digest_of
from impasto.media.frame import Frame
from impasto.media.planar import PlanarFrame

from .test_plan import plan_of, shots_of


def picture_of(index: int, value: int = 0) -> PlanarFrame:
    y = np.full((4, 6), value or index, np.uint8)
    chroma = np.full((2, 3), 128, np.uint8)
    return PlanarFrame((y, chroma, chroma), index=index, pts=Fraction(index, 24))


@dataclass
class FakeSink:
    path: Path
    shown: list[tuple[int, int]] = field(default_factory=list)
    fails_at: int = -1

    def write(self, frame: Any) -> None:
        if frame.index == self.fails_at:
            raise OutputError("the disk is full")
        self.shown.append((frame.index, int(frame.planes[0][0, 0])))

    def close(self) -> None:
        self.path.write_text(repr(self.shown))

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass
class FakeMedium:
    """A film of so many pictures, that notes what is read of it."""

    num_frames: int
    read: list[tuple[int, int]] = field(default_factory=list)
    sinks: list[FakeSink] = field(default_factory=list)
    source: Path = Path("film.mp4")
    fails_at: int = -1

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        self.read.append((start, stop or self.num_frames))
        for index in range(start, min(stop or self.num_frames, self.num_frames)):
            yield picture_of(index)

    def open_sink(self, path: Path) -> FakeSink:
        self.sinks.append(FakeSink(path, fails_at=self.fails_at))
        return self.sinks[-1]


@dataclass(frozen=True, slots=True, eq=False)
class Seen(State):
    """The pictures of a shot that were shown so far."""

    indices: tuple[int, ...] = ()


class Rememberer:
    """Paints each picture with how many it remembers, and forgets at cuts."""

    stage = "network"

    def __init__(self) -> None:
        self.seen: dict[int, tuple[int, ...]] = {}

    def __call__(self, picture: Picture, state: State) -> tuple[Picture, State]:
        assert isinstance(picture, PlanarFrame)
        before = state.indices if isinstance(state, Seen) and state.shot == picture.shot else ()
        indices = (*before, picture.index)
        self.seen[picture.index] = indices
        y = np.full_like(picture.planes[0], len(indices))
        return picture.with_planes((y, *picture.planes[1:])), Seen(shot=picture.shot, indices=indices)


def planned(lengths: list[int], memory: Memory | None = None, longest: int = 8) -> FilmPlan:
    return plan_of(lengths, units=cut_units(shots_of(lengths), memory, longest))


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = job_folder_for(tmp_path / "out.mp4")
    made.path.mkdir()
    made.begin(plan_of())
    return made


def runner_of(folder: JobFolder, plan: FilmPlan, medium: Any, renderer: Any = None, **listeners: Any) -> UnitRunner:
    return UnitRunner(plan, folder, medium, renderer or Rememberer(), **listeners)


def test_a_film_is_read_once_in_one_go(folder: JobFolder) -> None:
    plan, medium = planned([10, 30, 3]), FakeMedium(43)
    records: list[UnitRecord] = []
    num_frames: list[int] = []
    runner_of(folder, plan, medium, on_frame=num_frames.append, on_unit=records.append).run(plan.units)
    assert medium.read == [(0, 43)]
    assert sum(num_frames) == 43
    assert [record.index for record in records] == list(range(len(plan.units)))
    assert [index for sink in medium.sinks for index, _ in sink.shown] == list(range(43))
    assert [folder.record_of(unit) for unit in plan.units] == records


def test_units_that_do_not_follow_one_another_are_read_one_by_one(folder: JobFolder) -> None:
    plan, medium = planned([40]), FakeMedium(40)
    runner_of(folder, plan, medium).run([plan.units[0], plan.units[2], plan.units[3]])
    assert medium.read == [(0, 8), (16, 32)]


@pytest.mark.parametrize("memory", [Memory(False, 3), Memory(True, 0), Memory(True, 3)], ids=str)
def test_a_unit_is_the_same_whatever_was_done_before_it(folder: JobFolder, memory: Memory) -> None:
    lengths = [20, 5, 30]
    plan = planned(lengths, memory)
    whole, alone = FakeMedium(55), FakeMedium(55)
    runner_of(folder, plan, whole).run(plan.units)
    for unit in reversed(plan.units):
        runner_of(folder, plan, alone).run([unit])
    assert [sink.shown for sink in whole.sinks] == [sink.shown for sink in reversed(alone.sinks)]
    assert len(whole.read) == 1


def test_what_a_unit_in_the_middle_of_a_shot_is_shown(folder: JobFolder) -> None:
    plan, renderer = planned([30], Memory(True, 3), 10), Rememberer()
    runner_of(folder, plan, FakeMedium(30), renderer).run([plan.units[1]])
    assert renderer.seen[10] == (0, 7, 8, 9, 10)
    assert renderer.seen[19] == (0, 7, 8, 9, *range(10, 20))


def test_a_style_forgets_at_cuts_within_a_unit(folder: JobFolder) -> None:
    plan, renderer = planned([3, 4], Memory(False, 3)), Rememberer()
    runner_of(folder, plan, FakeMedium(7), renderer).run(plan.units)
    assert [len(renderer.seen[index]) for index in range(7)] == [1, 2, 3, 1, 2, 3, 4]


def test_what_is_shown_only_to_warm_up_is_not_written(folder: JobFolder) -> None:
    plan, medium = planned([30], Memory(True, 3), 10), FakeMedium(30)
    runner_of(folder, plan, medium).run([plan.units[2]])
    assert [index for index, _ in medium.sinks[0].shown] == list(range(20, 30))
    record = folder.record_of(plan.units[2])
    assert record is not None
    assert len(record.digests) == 10


def test_a_film_that_has_become_shorter(folder: JobFolder) -> None:
    plan = planned([30])
    with pytest.raises(UnreadableMediaError, match=r"film.mp4 has no picture 20.*--overwrite"):
        runner_of(folder, plan, FakeMedium(20)).run(plan.units)
    assert [folder.record_of(unit) is not None for unit in plan.units] == [True, True, False, False]


def test_what_fails_leaves_whole_units_and_no_thread(folder: JobFolder) -> None:
    plan, medium = planned([30]), FakeMedium(30, fails_at=18)
    with pytest.raises(OutputError, match="full"):
        runner_of(folder, plan, medium).run(plan.units)
    assert [path.name for path in folder.units_dir.glob(".*")] == []
    assert folder.record_of(plan.units[0]) is not None
    own = ("impasto-read", "impasto-work", "impasto-close")  # others may be at pixels, in any test
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(own)]


def test_records_say_what_each_stage_took_and_how_bright_pictures_are(folder: JobFolder) -> None:
    plan = planned([8])
    runner_of(folder, plan, FakeMedium(8)).run(plan.units)
    record = folder.record_of(plan.units[0])
    assert record is not None
    assert set(record.seconds) == {"decode", "network", "check", "encode"}
    assert [row[0] for row in record.meter["lumas"]["0"]] == list(range(8))
    assert [row[2] for row in record.meter["lumas"]["0"]] == list(range(1, 9))


# --- digests --------------------------------------------------------------------------------------------------------


def test_a_digest_tells_pictures_apart() -> None:
    picture = picture_of(3)
    assert digest_of(picture) == digest_of(picture_of(3))
    changed = [plane.copy() for plane in picture.planes]
    changed[2][1, 1] += 1
    others = [picture_of(4), picture.with_planes((changed[0], changed[1], changed[2]))]
    others.append(replace(picture, alpha=np.zeros((4, 6), np.uint8)))
    assert len({digest_of(each) for each in (picture, *others)}) == 4


def test_a_digest_does_not_hang_on_how_pixels_lie_in_memory() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (5, 7, 4), np.uint8)
    view = pixels[..., :3]
    assert digest_of(Frame(view)) == digest_of(Frame(view.copy()))
