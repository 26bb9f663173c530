"""The monitor alone, on made-up observations. `test_monitored_runs.py` provokes both failures in real runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.train.monitor import Monitor, Observation, Remedy, accuracy, relative_diversity

HEALTHY = Observation(accuracy_on_real=0.55, accuracy_on_fake=0.6, diversity=0.9)
OVERPOWERED = Observation(accuracy_on_real=0.99, accuracy_on_fake=0.98, diversity=0.9)
COLLAPSED = Observation(accuracy_on_real=0.6, accuracy_on_fake=0.6, diversity=0.01)

shares = st.floats(0, 1)


def remedies(monitor: Monitor, observation: Observation, num_steps: int) -> list[Remedy]:
    seen = [monitor.observe(observation) for _ in range(num_steps)]
    return [remedy for remedy in seen if remedy is not None]


def test_a_healthy_run_is_left_alone() -> None:
    monitor = Monitor()
    assert remedies(monitor, HEALTHY, 1000) == []
    assert monitor.messages == []
    assert monitor.verdict().startswith("healthy: discriminator right on 55% of references and 60% of outputs")


@given(st.lists(st.tuples(st.floats(0, 0.85), st.floats(0, 0.85), st.floats(0.3, 1.5)), min_size=20, max_size=40))
def test_ups_and_downs_below_the_bounds_are_no_failure(steps: list[tuple[float, float, float]]) -> None:
    monitor = Monitor()
    assert {monitor.observe(Observation(*step)) for step in steps * 6} == {None}


def test_an_overpowering_discriminator_is_slowed_and_blurred() -> None:
    monitor = Monitor()
    [remedy] = remedies(monitor, OVERPOWERED, 150)
    assert "the discriminator overpowers the generator (it is right 98% of the time)" in remedy.message
    assert "Halved its rate" in remedy.message
    assert remedy.discriminator_rate_factor == 0.5
    assert remedy.generator_rate_factor == 1
    assert remedy.instance_noise > 0
    assert monitor.messages == [f"step {monitor.quiet_until - 100}: {remedy.message}"]
    assert monitor.verdict().startswith("the discriminator is ahead: ")


def test_collapsed_outputs_slow_the_generator() -> None:
    monitor = Monitor()
    [remedy] = remedies(monitor, COLLAPSED, 150)
    assert "the outputs have collapsed: all pictures come out nearly the same" in remedy.message
    assert remedy.generator_rate_factor == 0.5
    assert remedy.discriminator_rate_factor == 1
    assert remedy.instance_noise > 0


@pytest.mark.parametrize("side", ["accuracy_on_real", "accuracy_on_fake"])
def test_one_side_alone_is_no_overpowering(side: str) -> None:
    """A discriminator that calls everything real is right on all references and has learned nothing."""
    one_sided = replace(OVERPOWERED, **{side: 0.3})
    assert remedies(Monitor(), one_sided, 300) == []


def test_the_first_steps_are_not_judged() -> None:
    assert remedies(Monitor(), OVERPOWERED, 99) == []


def test_a_remedy_is_given_time_to_work() -> None:
    monitor = Monitor()
    assert len(remedies(monitor, OVERPOWERED, 199)) == 1
    assert len(remedies(monitor, OVERPOWERED, 1)) == 1


def test_a_single_odd_step_is_no_failure() -> None:
    monitor = Monitor()
    remedies(monitor, HEALTHY, 300)
    assert remedies(monitor, COLLAPSED, 3) == []


def test_a_run_that_turns_bad_is_seen() -> None:
    monitor = Monitor()
    assert remedies(monitor, HEALTHY, 300) == []
    assert remedies(monitor, COLLAPSED, 300)


def test_remedies_come_to_an_end() -> None:
    monitor = Monitor()
    remedies(monitor, OVERPOWERED, 3000)
    assert 2 <= len(monitor.messages) <= 10


@given(st.lists(st.builds(Observation, shares, shares, shares, shares, shares), min_size=1, max_size=30))
def test_smoothed_figures_stay_between_what_was_seen(observations: list[Observation]) -> None:
    monitor = Monitor()
    for observation in observations:
        monitor.observe(observation)
    for name, value in monitor.smoothed.items():
        seen = [getattr(observation, name) for observation in observations]
        assert min(seen) - 1e-9 <= value <= max(seen) + 1e-9
    assert set(monitor.smoothed) == set(vars(observations[0]))


def test_smoothing_starts_as_the_plain_mean() -> None:
    monitor = Monitor()
    for diversity in (0.2, 0.4, 0.9):
        monitor.observe(replace(HEALTHY, diversity=diversity))
    assert monitor.smoothed["diversity"] == pytest.approx(0.5)


@pytest.mark.parametrize(("before", "after"), [(0, 120), (50, 60), (99, 1), (100, 120), (150, 170)])
def test_a_monitor_that_was_saved_goes_on_as_if_nothing_had_happened(before: int, after: int) -> None:
    whole, first = Monitor(), Monitor()
    expected = remedies(whole, OVERPOWERED, before + after)
    found = remedies(first, OVERPOWERED, before)
    second = Monitor.from_state(json.loads(json.dumps(first.state())))
    found += remedies(second, OVERPOWERED, after)
    assert found == expected
    assert second.state() == whole.state()


def test_nothing_seen_is_said_so() -> None:
    assert Monitor().verdict() == "nothing seen yet"


# --- what is observed -----------------------------------------------------------------------------------------------


def test_accuracy_is_the_share_of_right_signs_over_heads() -> None:
    heads = [torch.tensor([2.0, -1.0, 3.0, 0.5]).view(4, 1, 1, 1), torch.tensor([-1.0, -2.0]).view(1, 1, 1, 2)]
    assert accuracy(heads, is_real=True) == pytest.approx((0.75 + 0) / 2)
    assert accuracy(heads, is_real=False) == pytest.approx((0.25 + 1) / 2)


def test_diversity_of_untouched_and_of_equal_outputs() -> None:
    inputs = torch.rand(4, 3, 16, 16)
    assert relative_diversity(inputs, inputs) == pytest.approx(1)
    assert relative_diversity(inputs, inputs * 0.25 + 0.5) == pytest.approx(0.25, rel=1e-4)
    assert relative_diversity(inputs, torch.full_like(inputs, 0.3)) == 0
    assert relative_diversity(inputs, inputs[:1].expand_as(inputs)) == 0


def test_diversity_is_of_pictures_and_not_of_their_texture() -> None:
    """The same pattern in every output, however lively, is a collapse."""
    pattern = torch.rand(1, 3, 16, 16).expand(4, -1, -1, -1)
    assert relative_diversity(torch.rand(4, 3, 16, 16), pattern) == 0


def test_diversity_needs_two_different_pictures() -> None:
    assert relative_diversity(torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)) == 1
