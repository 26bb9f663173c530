from __future__ import annotations

from threading import Event

from impasto.errors import OutputError
from impasto.live.capture import Captured
from impasto.live.outlet import Outlet
from impasto.media.planar import PlanarFrame

from .live_parts import ListSink, plain_frame


def captured(luma: int = 100, at: float = 0.0) -> Captured:
    return Captured(plain_frame(luma), at)


def test_what_is_put_is_shown_and_told() -> None:
    sink, told = ListSink(), []
    outlet = Outlet(sink, told.append).start()
    frame = captured()
    outlet.put(frame)
    outlet.close()
    assert sink.frames == [frame.frame]
    assert told == [frame]
    assert sink.is_closed
    assert outlet.num_shown == 1


def test_a_slow_sink_shows_the_newest() -> None:
    class Slow(ListSink):
        def __init__(self) -> None:
            super().__init__()
            self.begun, self.may_go_on = Event(), Event()

        def write(self, frame: PlanarFrame) -> None:
            self.begun.set()
            self.may_go_on.wait(20)
            super().write(frame)

    sink = Slow()
    outlet = Outlet(sink).start()
    outlet.put(captured(10))
    sink.begun.wait(20)
    for luma in range(20, 30):
        outlet.put(captured(luma))
    sink.may_go_on.set()
    outlet.close()
    assert [int(frame.planes[0][0, 0]) for frame in sink.frames] == [10, 29]
    assert outlet.num_dropped == 9


def test_a_sink_that_fails_is_remembered_and_takes_no_more() -> None:
    error = OutputError("the disk is full")
    outlet = Outlet(ListSink(error)).start()
    for _ in range(3):
        outlet.put(captured())
    outlet.close()
    assert outlet.error is error
    assert outlet.num_shown == 0


def test_closing_what_fails_to_close_is_remembered() -> None:
    class Full(ListSink):
        def close(self) -> None:
            raise OutputError("the disk is full")

    outlet = Outlet(Full()).start()
    outlet.put(captured())
    outlet.close()
    assert isinstance(outlet.error, OutputError)


def test_one_that_was_never_started_can_be_closed() -> None:
    sink = ListSink()
    Outlet(sink).close()
    assert sink.is_closed


def test_what_lies_ready_can_be_shown_at_once() -> None:
    sink = ListSink()
    outlet = Outlet(sink)
    outlet.drain()
    outlet.put(captured())
    outlet.drain()
    outlet.drain()
    assert len(sink.frames) == 1
