from __future__ import annotations

import numpy as np
import pytest

from impasto.live.meter import Measured, Meter


def test_nothing_is_measured_without_frames() -> None:
    assert Meter().measured(5.0) == Measured()


def test_a_steady_rate_is_told_exactly() -> None:
    meter = Meter()
    for number in range(100):
        meter.show(number / 25 - 0.01, number / 25)
    measured = meter.measured(99 / 25)
    assert measured.fps == pytest.approx(25)
    assert measured.mean_fps == pytest.approx(25)
    assert measured.num_shown == 100


def test_the_rate_falls_when_nothing_comes() -> None:
    meter = Meter()
    for number in range(50):
        meter.show(number / 25, number / 25)
    assert meter.measured(2.0).fps > meter.measured(3.0).fps > 0
    assert meter.measured(60.0).fps == 0


def test_the_window_forgets_and_the_total_does_not() -> None:
    meter = Meter()
    for number in range(100):
        meter.show(number / 10, number / 10 + 0.5)
    for number in range(100):
        meter.show(20 + number / 20, 20 + number / 20 + 0.01)
    measured = meter.measured(25.0)
    assert measured.p95 == pytest.approx(0.01)
    assert measured.fps == pytest.approx(20, rel=0.02)
    assert measured.all_p95 == pytest.approx(0.5)
    assert measured.all_p50 == pytest.approx(0.01)


def test_percentiles_are_those_of_the_latencies() -> None:
    meter = Meter()
    latencies = np.random.default_rng(0).gamma(4, 0.01, 500)
    for number, latency in enumerate(latencies):
        meter.show(number / 1000, number / 1000 + latency)
    measured = meter.measured(0.6)
    assert (measured.p50, measured.p95) == pytest.approx(np.percentile(latencies, [50, 95]))
    assert (measured.all_p50, measured.all_p95) == pytest.approx(np.percentile(latencies, [50, 95]), abs=0.0015)


def test_a_latency_beyond_all_bounds_still_counts() -> None:
    meter = Meter()
    meter.show(0, 1000)
    assert meter.measured(1000).all_p50 >= 3.9


def test_clocks_that_disagree_make_no_negative_latency() -> None:
    meter = Meter()
    meter.show(5.0, 4.9)
    assert meter.measured(5.0).p50 == 0


def test_memory_does_not_grow() -> None:
    meter = Meter()
    for number in range(5000):
        meter.show(number, number)
    assert len(meter._recent) <= 1024
    assert meter.measured(5000).num_shown == 5000
