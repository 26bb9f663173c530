"""What an encoder does to the scheduling of threads is undone."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from threading import Event, Thread

import pytest
from film_clips import make_film

from impasto.media.film_encoding import Encoding
from impasto.media.film_read import FilmSource
from impasto.media.film_write import FilmSink
from impasto.media.priority import usual_priority

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux schedules threads one by one")


def scheduling(thread: int = 0) -> tuple[int, int]:
    return os.sched_getscheduler(thread), os.sched_getparam(thread).sched_priority


class Waiting:
    """A thread that lives until it is told to end."""

    def __init__(self) -> None:
        self._begun, self._end = Event(), Event()
        self._thread = Thread(target=self._wait)
        self._thread.start()
        self._begun.wait()

    def _wait(self) -> None:
        self._begun.set()
        self._end.wait()

    @property
    def number(self) -> int:
        number = self._thread.native_id
        assert number is not None
        return number

    def end(self) -> None:
        self._end.set()
        self._thread.join()


def make_batch(thread: int = 0) -> None:
    os.sched_setscheduler(thread, os.SCHED_BATCH, os.sched_param(0))


def test_threads_have_the_scheduling_that_they_had():
    before, old = scheduling(), Waiting()
    with usual_priority():
        make_batch()
        make_batch(old.number)
        new = Waiting()
        changed = [scheduling(thread)[0] for thread in (0, old.number, new.number)]
    after = [scheduling(thread) for thread in (0, old.number, new.number)]
    old.end()
    new.end()
    assert changed == [os.SCHED_BATCH] * 3
    assert after == [before] * 3


def test_it_is_undone_when_the_encoder_fails():
    before = scheduling()
    with pytest.raises(ValueError, match="no"), usual_priority():
        make_batch()
        raise ValueError("no")
    assert scheduling() == before


def test_a_thread_that_was_of_another_kind_stays_so():
    other = Waiting()
    make_batch(other.number)
    with usual_priority():
        pass
    found = scheduling(other.number)
    other.end()
    assert found == (os.SCHED_BATCH, 0)


def test_a_thread_that_has_ended_is_no_matter():
    with usual_priority():
        gone = Waiting()
        gone.end()


def test_writing_av1_leaves_no_thread_of_higher_priority(tmp_path: Path):
    before = scheduling()
    film = make_film(tmp_path / "film.mp4", 3, size=(64, 48), rate=Fraction(24))
    source = FilmSource(film)
    with FilmSink(tmp_path / "out.mp4", source.info, Encoding(codec="av1", preset="12")) as sink:
        for frame in source.frames():
            sink.write(frame)
            assert {scheduling(int(thread.name)) for thread in Path("/proc/self/task").iterdir()} == {before}
    assert scheduling() == before
