from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from impasto.errors import UnreadableMediaError
from impasto.live.capture import FIRST_WAIT, LONGEST_WAIT, Capture, Captured
from impasto.live.mailbox import Mailbox
from impasto.media.planar import PlanarFrame

from .live_parts import FakeClock, ListSource, plain_frame, timed_frames


class Keeping(Mailbox[Captured]):
    """Keeps all that is put."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Captured] = []

    def put(self, item: Captured) -> None:
        super().put(item)
        self.all.append(item)


class Sources:
    """Opens one source after another; what is an error is raised instead. Stops all when there are no more."""

    def __init__(self, *sources: ListSource | Exception, stop: Event) -> None:
        self.left = list(sources)
        self.stop = stop

    def __call__(self) -> ListSource:
        if not self.left:
            self.stop.set()
            return ListSource([])
        source = self.left.pop(0)
        if isinstance(source, Exception):
            raise source
        return source


def capture_of(
    *sources: ListSource | Exception, clock: FakeClock | None = None, rate: float | None = None
) -> tuple[Capture, Keeping, FakeClock]:
    clock, mailbox, stop = clock or FakeClock(), Keeping(), Event()
    return Capture(Sources(*sources, stop=stop), mailbox, clock, stop, rate=rate), mailbox, clock


def test_all_frames_of_a_film_come_and_then_the_end() -> None:
    source = ListSource(timed_frames(5))
    capture, mailbox, _ = capture_of(source)
    capture.run()
    assert [each.frame.index for each in mailbox.all] == list(range(5))
    assert source.is_closed
    assert mailbox.take(0) is not None
    assert mailbox.is_finished
    assert capture.error is None


def test_frames_carry_when_they_were_taken() -> None:
    clock = FakeClock()
    capture, mailbox, _ = capture_of(ListSource(timed_frames(3), clock, rate=10), clock=clock)
    capture.run()
    assert [each.at for each in mailbox.all] == pytest.approx([100.1, 100.2, 100.3])


def test_a_film_keeps_its_times_and_a_camera_gets_those_of_the_clock() -> None:
    film, camera = timed_frames(3), [plain_frame() for _ in range(3)]
    clock = FakeClock()
    capture, mailbox, _ = capture_of(ListSource(film, clock), clock=clock)
    capture.run()
    assert [each.frame.pts for each in mailbox.all] == [frame.pts for frame in film]
    capture, mailbox, _ = capture_of(ListSource(camera, clock, rate=10, is_endless=True), clock=clock)
    capture.run()
    assert [float(each.frame.pts) for each in mailbox.all] == pytest.approx([0, 0.1, 0.2])


def test_a_lost_camera_is_opened_again_and_times_go_on() -> None:
    clock = FakeClock()

    def some() -> ListSource:
        return ListSource([plain_frame()] * 4, clock, rate=10, is_endless=True, breaks="camera 0 gives no pictures")

    first, second = some(), some()
    capture, mailbox, _ = capture_of(first, second, clock=clock)
    capture.run()
    assert len(mailbox.all) == 8
    assert capture.num_reconnects == 2
    times = [each.frame.pts for each in mailbox.all]
    assert times == sorted(set(times))
    assert first.is_closed
    assert second.is_closed


def test_while_a_camera_is_away_it_is_said_why() -> None:
    clock = FakeClock()
    told: list[str] = []

    class Watching(FakeClock):
        def wait(self, event: Event, seconds: float) -> bool:
            told.append(capture.problem)
            return super().wait(event, seconds)

    clock = Watching()
    source = ListSource([plain_frame()] * 2, clock, is_endless=True, breaks="camera 0 gives no pictures: gone.")
    again = ListSource([plain_frame()], clock, is_endless=True)
    gone = UnreadableMediaError("There is no camera /dev/video0.")
    capture, mailbox, _ = capture_of(source, gone, again, clock=clock)
    capture.run()
    assert told[:2] == ["camera 0 gives no pictures: gone.", "There is no camera /dev/video0."]
    assert len(mailbox.all) == 3


def test_waiting_gets_longer_up_to_a_bound_and_short_again_after_success() -> None:
    clock = FakeClock()
    gone = [UnreadableMediaError("gone")] * 8

    def some() -> ListSource:
        return ListSource([plain_frame()], clock, is_endless=True)

    capture, _, clock = capture_of(some(), *gone, some(), clock=clock)
    capture.run()
    assert clock.waits[:4] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, 8 * FIRST_WAIT]
    assert max(clock.waits) == LONGEST_WAIT
    assert clock.waits[9] == FIRST_WAIT


def test_what_was_never_there_is_an_error() -> None:
    capture, mailbox, clock = capture_of(UnreadableMediaError("There is no camera /dev/video7."))
    capture.run()
    assert isinstance(capture.error, UnreadableMediaError)
    assert mailbox.is_finished
    assert clock.waits == []


def test_a_damaged_film_is_an_error_and_not_begun_again() -> None:
    capture, mailbox, _ = capture_of(ListSource(timed_frames(3), breaks="damaged"))
    capture.run()
    assert len(mailbox.all) == 3
    assert str(capture.error) == "damaged"


def test_a_fault_of_ours_ends_the_loop_instead_of_hanging_it() -> None:
    class Broken(ListSource):
        def __iter__(self) -> Iterator[PlanarFrame]:
            raise ZeroDivisionError
            yield

    source = Broken([])
    capture, mailbox, _ = capture_of(source)
    capture.run()
    assert isinstance(capture.error, ZeroDivisionError)
    assert mailbox.is_finished
    assert source.is_closed


def test_told_to_stop_it_stops() -> None:
    clock, mailbox, stop = FakeClock(), Keeping(), Event()

    def endless() -> Iterator[PlanarFrame]:
        while True:
            if len(mailbox.all) == 5:
                stop.set()
            yield plain_frame()

    source = ListSource(endless(), clock, is_endless=True)
    Capture(lambda: source, mailbox, clock, stop).run()
    assert len(mailbox.all) == 5
    assert source.is_closed


def test_no_more_frames_come_through_than_are_asked_for() -> None:
    clock = FakeClock()
    capture, mailbox, _ = capture_of(
        ListSource([plain_frame()] * 300, clock, rate=30, is_endless=True), clock=clock, rate=10
    )
    capture.run()
    assert len(mailbox.all) == pytest.approx(100, abs=2)
    assert len(mailbox.all) + capture.num_thinned == 300
    assert capture.rate == 10


def test_the_rate_is_that_of_the_source_where_it_is_lower() -> None:
    capture, _, _ = capture_of(ListSource(timed_frames(1), rate=24), rate=60)
    capture.run()
    assert capture.rate == 24
