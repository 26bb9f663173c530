from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import av
import numpy as np
import pytest
from film_clips import make_film
from PIL import Image

from impasto.errors import OutputError, StyleFileError, UnreadableMediaError, UsageError
from impasto.live.clock import SystemClock
from impasto.live.loop import SLOW_TO_BEGIN, STALLED_AFTER, LiveLoop
from impasto.live.pace import working_sides
from impasto.live.source_choice import SourceChoice
from impasto.live.sources import open_source
from impasto.live.stage import PAINT_RATE, LiveStage
from impasto.media.planar import PlanarFrame

from .live_parts import (
    BrighteningRuntime,
    FakeClock,
    FakeLook,
    FakePaint,
    Inline,
    ListSink,
    ListSource,
    drawn_frame,
    plain_frame,
    timed_frames,
)


def look(amount: float = 0.2, name: str = "bright") -> FakeLook:
    return FakeLook(name, BrighteningRuntime(amount))


class Stepped:
    """A loop whose thread of capture is the test: frames come when it says so."""

    def __init__(self, style: Any = None, sinks: int = 1, **more: Any) -> None:
        self.clock = FakeClock()
        self.sinks = [ListSink() for _ in range(sinks)]
        self.stage = LiveStage(style or look(), clock=self.clock, background=Inline())
        self.loop = LiveLoop(lambda: ListSource([]), self.stage, self.sinks, clock=self.clock, **more)
        self.loop._capture.rate = 25.0

    def give(self, frame: PlanarFrame) -> None:
        self.clock.time += 0.04
        self.loop._capture._take(frame, ListSource([], is_endless=True))

    def show(self) -> None:
        for outlet in self.loop._outlets:
            outlet.drain()


def test_a_frame_is_taken_restyled_and_shown() -> None:
    stepped = Stepped()
    stepped.give(plain_frame(100))
    assert stepped.loop.step()
    stepped.show()
    assert stepped.sinks[0].frames[0].planes[0].mean() == pytest.approx(144, abs=1)


def test_late_frames_are_dropped_and_counted() -> None:
    stepped = Stepped(look(0))
    for luma in (50, 60, 70):
        stepped.give(plain_frame(luma))
    stepped.loop.step()
    stepped.show()
    assert [round(frame.planes[0].mean()) for frame in stepped.sinks[0].frames] == [70]
    assert stepped.loop.status().num_dropped == 2


def test_latency_is_from_taking_to_showing() -> None:
    clock_cost = 0.030
    stepped = Stepped()
    style = FakePaint(stepped.clock, working_side=None, cost=lambda side: clock_cost)
    stepped.stage.switch(lambda: style)
    for _ in range(50):
        stepped.give(plain_frame())
        stepped.loop.step()
        stepped.show()
    measured = stepped.loop.status().measured
    assert measured.p50 == pytest.approx(clock_cost)
    assert measured.num_shown == 50
    assert measured.fps == pytest.approx(1 / (0.04 + clock_cost), rel=0.02)


def test_measuring_can_begin_anew() -> None:
    stepped = Stepped()
    for _ in range(2):
        for _ in range(5):
            stepped.give(plain_frame())
            stepped.give(plain_frame())
            stepped.loop.step()
            stepped.show()
        status = stepped.loop.status()
        assert (status.measured.num_shown, status.num_dropped) == (5, 5)
        stepped.loop.begin_measuring()
    assert stepped.loop.status().num_dropped == 0


def test_all_sinks_are_shown_the_same() -> None:
    stepped = Stepped(sinks=3)
    stepped.give(plain_frame())
    stepped.loop.step()
    stepped.show()
    assert len({id(sink.frames[0]) for sink in stepped.sinks}) == 1
    assert stepped.loop.status().measured.num_shown == 1


def test_it_works_without_a_sink() -> None:
    stepped = Stepped(sinks=0)
    stepped.give(plain_frame())
    stepped.loop.step()
    assert stepped.loop.status().measured.num_shown == 1


def test_status_tells_how_it_goes() -> None:
    stepped = Stepped()
    assert stepped.loop.status().size == (0, 0)
    stepped.give(plain_frame(size=(64, 48)))
    stepped.loop.step()
    status = stepped.loop.status()
    assert (status.state, status.problem, status.style) == ("running", "", "bright")
    assert (status.size, status.working_side, status.strength) == ((64, 48), None, 1.0)


def test_a_source_that_gives_nothing_any_more_is_told() -> None:
    stepped = Stepped()
    stepped.give(plain_frame())
    stepped.loop.step()
    stepped.clock.time += STALLED_AFTER + 5
    assert stepped.loop.step()
    status = stepped.loop.status()
    assert status.state == "waiting"
    assert "7 seconds" in status.problem
    stepped.give(plain_frame())
    stepped.loop.step()
    assert stepped.loop.status().state == "running"


def test_why_a_source_is_away_is_told() -> None:
    stepped = Stepped()
    stepped.give(plain_frame())
    stepped.loop.step()
    stepped.loop._capture.problem = "camera 0 gives no pictures: No such device."
    assert stepped.loop.status().state == "waiting"
    assert "No such device" in stepped.loop.status().problem


def test_a_source_may_take_a_while_to_begin() -> None:
    stepped = Stepped()
    for seconds, state in ((SLOW_TO_BEGIN - 1, "starting"), (2, "waiting")):
        stepped.clock.time += seconds
        stepped.loop.step()
        assert stepped.loop.status().state == state


@pytest.mark.parametrize(("asked", "given", "held"), [(None, 10.0, 10), (None, 25.0, PAINT_RATE), (25.0, 25.0, 25)])
def test_paint_holds_what_is_asked_or_what_is_fluent(asked: float | None, given: float, held: float) -> None:
    stepped = Stepped(rate=asked)
    style = FakePaint(stepped.clock, cost=lambda side: 0.1 * (side / 400) ** 2)
    stepped.stage.switch(lambda: style)
    stepped.loop._capture.rate = given
    for _ in range(300):
        stepped.give(plain_frame())
        stepped.loop.step()
    side = stepped.loop.status().working_side
    assert side is not None
    assert style.cost(side) <= 1 / held
    finer = [each for each in working_sides(400) if each > side]
    assert not finer or style.cost(min(finer)) > 0.7 / held


def test_style_and_strength_change_while_it_runs() -> None:
    stepped = Stepped(load_style=lambda name: look(float(name), name))
    stepped.give(plain_frame(100))
    stepped.loop.step()
    stepped.loop.switch("0.4").result(0)
    stepped.give(plain_frame(100))
    stepped.loop.step()
    assert stepped.loop.status().style == "0.4"
    assert stepped.loop.snapshot().planes[0].mean() == pytest.approx(188, abs=1)


def test_a_loop_of_one_style_says_so() -> None:
    with pytest.raises(UsageError):
        Stepped().loop.switch("other")


def test_a_snapshot_is_what_is_shown(tmp_path: Path) -> None:
    stepped = Stepped()
    with pytest.raises(UsageError, match="no picture"):
        stepped.loop.snapshot()
    stepped.give(drawn_frame())
    stepped.loop.step()
    frame = stepped.loop.snapshot(tmp_path / "a.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), frame.to_rgb().pixels)


def test_a_clip_holds_what_was_shown_between_start_and_stop(tmp_path: Path) -> None:
    stepped = Stepped(look(0))
    for part in range(3):
        if part == 1:
            stepped.loop.start_clip(tmp_path / "clip.mp4")
            assert stepped.loop.status().clip == tmp_path / "clip.mp4"
        for _ in range(4):
            stepped.give(plain_frame(60 + 50 * part))
            stepped.loop.step()
            if stepped.loop._clip is not None:
                wait_until(lambda: stepped.loop._clip[1]._mailbox._item is None)  # type: ignore[index]
        if part == 1:
            assert stepped.loop.stop_clip() == tmp_path / "clip.mp4"
    with av.open(str(tmp_path / "clip.mp4")) as container:
        lumas = [frame.to_ndarray()[:40].mean() for frame in container.decode(video=0)]
    assert lumas == pytest.approx([110] * 4, abs=2)
    assert stepped.loop.status().clip is None


def wait_until(is_so: Callable[[], bool]) -> None:
    """Give other threads a chance until something is so."""
    for _ in range(2000):
        if is_so():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it never was so")


def test_one_clip_at_a_time(tmp_path: Path) -> None:
    stepped = Stepped()
    stepped.loop.start_clip(tmp_path / "a.mp4")
    with pytest.raises(UsageError, match=r"a\.mp4"):
        stepped.loop.start_clip(tmp_path / "b.mp4")
    with pytest.raises(OutputError, match="nothing to record"):
        stepped.loop.stop_clip()
    assert stepped.loop.stop_clip() is None


def test_a_clip_that_cannot_be_written_ends_the_clip_and_not_the_loop(tmp_path: Path) -> None:
    stepped = Stepped()
    stepped.loop.start_clip(tmp_path / "none" / "a.mp4")
    stepped.give(drawn_frame())
    stepped.loop.step()
    clip = stepped.loop._clip
    assert clip is not None
    wait_until(lambda: clip[1].error is not None)
    stepped.give(drawn_frame())
    assert stepped.loop.step()
    status = stepped.loop.status()
    assert status.clip is None
    assert "a.mp4" in status.problem


def running(source: Callable[[], Any], sinks: list[ListSink], style: Any = None, clock: Any = None) -> LiveLoop:
    clock = clock or FakeClock()
    stage = LiveStage(style or look(), clock=clock, background=Inline())
    return LiveLoop(source, stage, sinks, clock=clock)


def test_run_ends_with_the_source_and_shows_its_last_frame() -> None:
    sink = ListSink()
    frames = timed_frames(30)
    loop = running(lambda: ListSource(frames), [sink], look(0))
    loop.run()
    status = loop.status()
    assert np.array_equal(sink.frames[-1].planes[0], frames[-1].planes[0])
    assert len(sink.frames) + status.num_dropped == 30
    assert sink.is_closed
    assert status.state == "ended"
    indices = [frame.pts for frame in sink.frames]
    assert indices == sorted(set(indices))


def test_run_ends_after_a_time() -> None:
    clock = FakeClock()

    def endless() -> Iterator[PlanarFrame]:
        while True:
            clock.time += 0.04
            yield plain_frame()

    source = ListSource(endless(), is_endless=True)
    sink = ListSink()
    running(lambda: source, [sink], clock=clock).run(seconds=2)
    assert sink.is_closed
    assert sink.frames


def test_a_source_that_is_not_there_ends_it_with_its_words() -> None:
    def fail() -> ListSource:
        raise UnreadableMediaError("There is no camera /dev/video9.")

    sink = ListSink()
    with pytest.raises(UnreadableMediaError, match="video9"):
        running(fail, [sink]).run()
    assert sink.is_closed


def test_a_sink_that_fails_ends_it_with_its_words() -> None:
    endless = ListSource(iter(plain_frame, None), is_endless=True)
    with pytest.raises(OutputError, match="disk"):
        running(lambda: endless, [ListSink(OutputError("the disk is full"))]).run()


def test_a_network_that_fails_ends_it_with_its_words() -> None:
    style = look()
    style.runtime.fails = True
    sink = ListSink()
    with pytest.raises(StyleFileError, match="broken"):
        running(lambda: ListSource(timed_frames(5)), [sink], style).run()
    assert sink.is_closed


def test_stop_ends_it_from_another_thread() -> None:
    clock = FakeClock()

    class Stopping(ListSink):
        def write(self, frame: PlanarFrame) -> None:
            super().write(frame)
            if len(self.frames) == 3:
                loop.stop()

    sink = Stopping()
    endless = ListSource(iter(plain_frame, None), is_endless=True)
    loop = running(lambda: endless, [sink], clock=clock)
    loop.run()
    assert endless.is_closed
    assert len(sink.frames) >= 3


def test_no_thread_is_left() -> None:
    before = {thread.name for thread in threading.enumerate() if thread.name.startswith("impasto-live")}
    clock = FakeClock()
    loop = LiveLoop(lambda: ListSource(timed_frames(5)), LiveStage(look(), clock=clock), [ListSink()], clock=clock)
    loop.run()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name in {"impasto-capture", "impasto-outlet"}]
    assert {name for name in names if name.startswith("impasto-live")} <= before


def test_memory_stays_flat_over_many_frames() -> None:
    """Nothing piles up, however many frames pass."""
    import gc

    clock = FakeClock()
    stage = LiveStage(look(), clock=clock, background=Inline())
    source = ListSource([], is_endless=True)
    loop = LiveLoop(lambda: source, stage, [ListSink()], clock=clock)
    frame = plain_frame(size=(16, 16))

    def objects() -> int:
        gc.collect()
        return len(gc.get_objects())

    counts = []
    for _ in range(3):
        for _ in range(400):
            clock.time += 0.04
            loop._capture._take(frame, source)
            loop.step()
            loop._outlets[0].drain()
        sink = loop._outlets[0].sink
        assert isinstance(sink, ListSink)
        sink.frames.clear()
        counts.append(objects())
    assert counts[2] - counts[1] < 200


def test_a_film_runs_through_real_threads_and_a_real_decoder(tmp_path: Path) -> None:
    """At a fake clock a film passes at once; most of its frames are dropped, the last is shown."""
    path = make_film(tmp_path / "a.mp4", frames=40, options={"qp": "0"})
    clock, stop, sink = FakeClock(), Event(), ListSink()
    stage = LiveStage(look(0), clock=clock, background=Inline())
    loop = LiveLoop(
        lambda: open_source(SourceChoice("file", str(path)), clock, stop), stage, [sink], clock=clock, stop=stop
    )
    loop.run()
    assert sink.frames[-1].pts * 24 == 39
    assert len(sink.frames) + loop.status().num_dropped == 40


def test_the_clock_of_this_machine_goes_forward_and_wakes_up() -> None:
    clock, event = SystemClock(), Event()
    first = clock.now()
    assert not clock.wait(event, -1)
    assert not clock.wait(event, 0.001)
    event.set()
    assert clock.wait(event, 100)
    assert clock.now() > first
