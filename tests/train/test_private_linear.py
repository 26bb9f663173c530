"""Private learning: that the promise is kept, what it costs, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.errors import UsageError
from impasto.train import private_linear
from impasto.train.private_linear import (
    NUM_DIRECTIONS,
    NUM_STEPS,
    Floats,
    Indices,
    PrivacyAccount,
    delta_of,
    epsilon_of,
    fit_private,
    fit_with,
    plan_account,
    shift_of,
)

NUM_FEATURES = 20


def blobs(number: int, num_classes: int = 3, num_features: int = NUM_FEATURES, seed: int = 0) -> tuple[Floats, Indices]:
    """Return features of which classes can be told, within a length of about 1."""
    random = np.random.default_rng(seed)
    centers = np.random.default_rng(99).standard_normal((num_classes, num_features))
    targets = random.integers(0, num_classes, number)
    features = centers[targets] + 0.3 * random.standard_normal((number, num_features))
    return features / (1.5 * math.sqrt(num_features)), targets


def noiseless(number: int) -> PrivacyAccount:
    return PrivacyAccount(math.inf, 0.0, 0.0, 0.0, NUM_STEPS, number)


# --- accounting -----------------------------------------------------------------------------------------------------


def test_delta_is_what_two_normal_distributions_say() -> None:
    """Delta is the most by which one distribution's probability of a set exceeds e^epsilon times the other's."""
    values = np.linspace(-12, 14, 400_001)
    width = values[1] - values[0]
    for shift, epsilon in ((0.5, 0.3), (1.0, 1.0), (2.0, 4.0)):
        first = np.exp(-((values - shift) ** 2) / 2) / math.sqrt(2 * math.pi)
        second = np.exp(-(values**2) / 2) / math.sqrt(2 * math.pi)
        excess = np.maximum(first - math.exp(epsilon) * second, 0).sum() * width
        assert delta_of(shift, epsilon) == pytest.approx(excess, abs=1e-7)


@given(epsilon=st.floats(0.01, 50), delta=st.floats(1e-9, 1e-2))
@settings(deadline=None, max_examples=40)
def test_shift_and_epsilon_are_each_others_inverse(epsilon: float, delta: float) -> None:
    shift = shift_of(epsilon, delta)
    assert delta_of(shift, epsilon) <= delta
    assert epsilon_of(shift, delta) == pytest.approx(epsilon, rel=1e-6)
    assert delta_of(1.01 * shift, epsilon) > delta


def test_what_tells_nothing_costs_nothing() -> None:
    assert delta_of(0.0, 0.0) == 0.0
    assert epsilon_of(0.0, 1e-5) == 0.0
    assert epsilon_of(1e-6, 1e-5) == 0.0


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 4.0, 20.0])
def test_the_account_spends_what_was_asked_and_no_more(epsilon: float) -> None:
    account = plan_account(epsilon, 5000, 10, 64)
    assert account.spent_epsilon == pytest.approx(epsilon, rel=1e-6)
    assert account.spent_epsilon <= epsilon * (1 + 1e-9)
    assert account.delta == 1e-5
    assert plan_account(epsilon, 50_000, 10, 64).delta == pytest.approx(2e-6)
    stated = account.as_json()
    assert stated["epsilon"] == epsilon
    assert "Gaussian" in stated["accounting"]


@pytest.mark.parametrize("epsilon", [0.5, 2.0, 8.0])
def test_opacus_agrees(epsilon: float) -> None:
    """Its accountant for the same noise gives an upper bound, which is not far above."""
    opacus = pytest.importorskip("opacus.accountants.analysis.rdp")
    orders = [1 + number / 10 for number in range(1, 1000)]
    account = plan_account(epsilon, 5000, 10, 64)
    steps = opacus.compute_rdp(q=1.0, noise_multiplier=account.noise_multiplier, steps=account.num_steps, orders=orders)
    mean = opacus.compute_rdp(q=1.0, noise_multiplier=account.mean_noise_multiplier, steps=1, orders=orders)
    bound, _ = opacus.get_privacy_spent(orders=orders, rdp=steps + mean, delta=account.delta)
    assert epsilon <= bound <= 1.35 * epsilon


# --- learning -------------------------------------------------------------------------------------------------------


def accuracy(account: PrivacyAccount, number: int, seed: int = 1) -> float:
    features, targets = blobs(number)
    learned = fit_with(account, features, targets, 3, 1.0, np.random.default_rng(seed))
    tested, truth = blobs(500, seed=7)
    return float((learned.logits(tested).argmax(axis=1) == truth).mean())


def test_without_noise_classes_are_told() -> None:
    assert accuracy(noiseless(300), 300) > 0.97


def test_more_privacy_costs_accuracy_and_more_pictures_buy_it_back() -> None:
    def mean(epsilon: float, number: int) -> float:
        account = plan_account(epsilon, number, 3, NUM_FEATURES)
        return float(np.mean([accuracy(account, number, seed) for seed in range(5)]))

    few, generous, many = mean(0.5, 200), mean(20.0, 200), mean(0.5, 4000)
    assert few < generous - 0.02
    assert few < many
    assert min(generous, many) > 0.95


def test_the_mean_of_the_features_is_taken_out() -> None:
    features, targets = blobs(400)
    shifted = features * 0.3 + 0.8 / math.sqrt(NUM_FEATURES)
    learned = fit_with(noiseless(400), shifted, targets, 3, 1.0, np.random.default_rng(0))
    assert (learned.logits(shifted).argmax(axis=1) == targets).mean() > 0.95


def test_many_features_are_reduced_the_same_way_for_everybody() -> None:
    features, targets = blobs(400, num_features=300)
    learned = fit_with(noiseless(400), features, targets, 3, 1.0, np.random.default_rng(0))
    assert learned.weights.shape == (3, 300)
    assert np.linalg.matrix_rank(learned.weights) <= 3
    again = private_linear._directions(300)
    assert again.shape == (NUM_DIRECTIONS, 300)
    assert np.array_equal(again, private_linear._directions(300))
    lengths = np.linalg.norm(features @ again.T, axis=1) / np.linalg.norm(features, axis=1)
    assert abs(lengths.mean() - 1) < 0.1


def test_noise_is_never_the_same_twice() -> None:
    features, targets = blobs(300)
    first, second = (fit_private(features, targets, 3, 8.0, 1.0) for _ in range(2))
    assert not np.array_equal(first.weights, second.weights)
    seeded = [fit_private(features, targets, 3, 8.0, 1.0, np.random.default_rng(3)) for _ in range(2)]
    assert np.array_equal(seeded[0].weights, seeded[1].weights)


# --- the promise ----------------------------------------------------------------------------------------------------


Change = Callable[[Floats], Floats]


@pytest.mark.parametrize("change", [lambda row: row * 1e6, lambda row: -row, np.zeros_like], ids=["far", "back", "no"])
def test_one_picture_moves_a_step_by_no_more_than_noise_is_made_for(change: Change) -> None:
    """One step without noise, with a picture and without it: the sums differ by a length of 1 at most."""
    features, targets = blobs(50)
    features[0] = change(features[0])
    rows = private_linear._cut(features)
    assert np.linalg.norm(rows, axis=1).max() <= 1 + 1e-12
    inputs = np.concatenate([4 * rows, np.ones((50, 1))], axis=1)
    truth = np.eye(3)[targets]
    one_step = PrivacyAccount(math.inf, 0.0, 0.0, 0.0, 1, 50)

    def total(chosen: slice) -> Floats:
        moved = private_linear._descend(inputs[chosen], truth[chosen], one_step, np.random.default_rng(0))
        return moved * len(inputs[chosen])

    rate = private_linear._MOST_RATE  # without noise the signal is without bound
    assert np.linalg.norm(total(slice(0, None)) - total(slice(1, None))) <= rate * (1 + 1e-9)


def test_noise_is_as_large_as_the_account_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pictures pull nowhere, what is learned is noise alone."""
    monkeypatch.setattr(private_linear, "_MOST_RATE", 2.0)
    inputs, truth = np.zeros((100, 5)), np.full((100, 4), 0.25)
    account = PrivacyAccount(1.0, 1e-5, 30.0, 10.0, 1, 100)
    learned = [private_linear._descend(inputs, truth, account, np.random.default_rng(seed)) for seed in range(400)]
    assert np.std(learned) == pytest.approx(2.0 * 30.0 / 100, rel=0.05)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan, math.inf, 101.0])
def test_what_is_no_epsilon(epsilon: float) -> None:
    with pytest.raises(UsageError, match="epsilon must be above 0"):
        plan_account(epsilon, 1000, 3, 64)


def test_an_epsilon_too_small_to_train_is_said_with_what_would_do() -> None:
    with pytest.raises(UsageError, match="too small to learn 10 classes from 300 pictures") as caught:
        plan_account(0.1, 300, 10, 64)
    words = str(caught.value).split()
    least, enough = float(words[words.index("Give") + 1]), int(words[words.index("pictures.") - 1])
    assert plan_account(least, 300, 10, 64).epsilon == least
    assert plan_account(0.1, enough + enough // 50, 10, 64).num_pictures > 300
    with pytest.raises(UsageError):
        plan_account(least - 0.2, 300, 10, 64)


def test_no_pictures_are_refused() -> None:
    with pytest.raises(UsageError, match="too small"):
        plan_account(8.0, 1, 2, 64)
