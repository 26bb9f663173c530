"""A shot has one verdict, and one decision that outlives the process that made it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.film.shot_verdict import SampleVerdict, Setting, ShotDecision, ShotTry, ShotVerdict, combined
from impasto.style.verdict import Judgement

PASS, REVIEW, REFUSE = Judgement.PASS, Judgement.REVIEW, Judgement.REFUSE
judgements = st.lists(st.sampled_from(list(Judgement)), max_size=7)


def samples(*kinds: Judgement, reasons: dict[int, str] | None = None) -> list[SampleVerdict]:
    return [
        SampleVerdict(at, kind, "" if kind is PASS else (reasons or {}).get(at, "bands"))
        for at, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((PASS, PASS, PASS), PASS),
        ((PASS, PASS, REVIEW), PASS),
        ((PASS, REVIEW, REVIEW), REVIEW),
        ((PASS, PASS, REFUSE), REVIEW),
        ((PASS, REFUSE, REFUSE), REFUSE),
        ((PASS, REFUSE), REVIEW),
        ((REFUSE, REFUSE), REFUSE),
        ((REFUSE,), REFUSE),
        ((REVIEW,), REVIEW),
    ],
)
def test_one_frame_of_several_does_not_condemn_a_shot(kinds: tuple[Judgement, ...], expected: Judgement) -> None:
    assert combined(samples(*kinds)).judgement is expected


def test_nothing_judged_is_no_verdict() -> None:
    assert combined([]) == ShotVerdict()


@given(judgements, st.randoms())
def test_the_order_of_samples_does_not_matter(kinds: list[Judgement], random: Any) -> None:
    shuffled = list(kinds)
    random.shuffle(shuffled)
    assert combined(samples(*kinds)).judgement is combined(samples(*shuffled)).judgement


@given(judgements)
def test_a_shot_is_never_worse_than_its_worst_sample(kinds: list[Judgement]) -> None:
    found = combined(samples(*kinds)).judgement
    order = list(Judgement)
    assert found is None if not kinds else order.index(found or PASS) <= max(map(order.index, kinds))


@given(judgements)
def test_only_what_does_not_pass_has_a_reason(kinds: list[Judgement]) -> None:
    verdict = combined(samples(*kinds))
    assert bool(verdict.reason) == (verdict.judgement in (REVIEW, REFUSE))


def test_the_reason_is_that_of_the_worst_frames() -> None:
    found = combined(samples(REVIEW, REFUSE, REFUSE, REFUSE, reasons={0: "pale", 1: "torn", 2: "bands", 3: "bands"}))
    assert found.reason == "bands"


def test_a_shot_that_boils_is_to_be_looked_at() -> None:
    found = combined(samples(PASS, PASS), (1.0, 6.0))
    assert (found.judgement, found.reason) == (REVIEW, "unsteady")
    assert found.warping_ratio == pytest.approx(5.0)


def test_unsteadiness_hides_no_refusal() -> None:
    assert combined(samples(REFUSE), (1.0, 6.0)).reason == "bands"


@pytest.mark.parametrize("warping", [(4.0, 5.0), (0.0, 2.0), None])
def test_neither_motion_nor_what_nobody_sees_is_unsteady(warping: tuple[float, float] | None) -> None:
    assert combined(samples(PASS), warping).judgement is PASS


def test_a_still_shot_has_a_ratio() -> None:
    assert ShotVerdict(warping_in=0.0, warping_out=0.0).warping_ratio == 1
    assert ShotVerdict().warping_ratio is None


def decided(setting: Setting, last: ShotVerdict, *, is_refused: bool = False) -> ShotDecision:
    first = ShotTry(Setting(), ShotVerdict(REFUSE, "bands"))
    tries = (first, ShotTry(setting, last)) if setting != Setting() else (ShotTry(setting, last),)
    return ShotDecision(11, setting, last, tries, is_refused)


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (decided(Setting(), ShotVerdict(PASS)), ""),
        (decided(Setting(), ShotVerdict()), ""),
        (decided(Setting(), ShotVerdict(REVIEW, "pale")), "shot 12 looks doubtful (pale)."),
        (decided(Setting(), ShotVerdict(REFUSE, "torn"), is_refused=True), "the gate refused shot 12 (torn)."),
        (
            decided(Setting(0.75), ShotVerdict(PASS)),
            "shot 12 looked bad (bands); at 75% of the strength it passes.",
        ),
        (
            decided(Setting(0.5, is_steady=True), ShotVerdict(REVIEW, "pale")),
            "shot 12 looked bad (bands); at 50% of the strength, steadied it still looks doubtful (pale).",
        ),
    ],
)
def test_a_decision_says_what_came_of_it(decision: ShotDecision, expected: str) -> None:
    assert decision.message == expected


def test_a_shot_that_nothing_helped_says_so() -> None:
    bad = ShotVerdict(REFUSE, "bands")
    decision = ShotDecision(0, verdict=bad, tries=(ShotTry(Setting(), bad), ShotTry(Setting(0.5), bad)))
    assert decision.message == "shot 1 looks bad (bands), whatever was tried."


def test_a_decision_comes_back_from_json_without_its_pictures() -> None:
    verdict = combined(samples(PASS, REVIEW, REFUSE), (1.0, 1.5))
    decision = ShotDecision(
        3, Setting(0.5, is_steady=True), verdict, (ShotTry(Setting(), verdict),), True, b"before", b"after"
    )
    stored = decision.as_json()
    assert stored == json.loads(json.dumps(stored))  # lists and plain strings, so that a plan may hold it
    assert type(stored["verdict"]["judgement"]) is str
    back = ShotDecision.from_json(stored)
    assert (back.before, back.after) == (b"", b"")
    assert back.as_json() == stored
    assert (back.setting, back.verdict, back.tries) == (decision.setting, verdict, decision.tries)


@pytest.mark.parametrize("name", ["shot", "setting", "verdict", "tries", "is_refused"])
def test_a_damaged_decision_is_not_taken(name: str) -> None:
    stored = ShotDecision(0).as_json()
    del stored[name]
    with pytest.raises((KeyError, TypeError, ValueError)):
        ShotDecision.from_json(stored)


def test_pictures_are_not_shown_in_tracebacks() -> None:
    assert "JFIF" not in repr(ShotDecision(0, before=b"JFIF", after=b"JFIF"))


settings = st.builds(Setting, st.floats(0.01, 1), st.booleans())
verdicts = st.builds(
    ShotVerdict,
    st.none() | st.sampled_from(list(Judgement)),
    st.text(max_size=20),
    st.lists(
        st.builds(SampleVerdict, st.integers(0, 10**6), st.sampled_from(list(Judgement)), st.text(max_size=9)),
        max_size=3,
    ).map(tuple),
    st.none() | st.floats(0, 255),
    st.none() | st.floats(0, 255),
)
tries = st.lists(st.builds(ShotTry, settings, verdicts), max_size=3).map(tuple)


@given(st.builds(ShotDecision, st.integers(0, 5000), settings, verdicts, tries, st.booleans()))
def test_any_decision_survives_a_plan(decision: ShotDecision) -> None:
    text = json.dumps(decision.as_json(), allow_nan=False)
    assert ShotDecision.from_json(json.loads(text)) == decision


@given(st.builds(ShotDecision, st.integers(0, 5000), settings, verdicts, tries, st.booleans()))
def test_messages_are_one_line_that_names_the_shot(decision: ShotDecision) -> None:
    assert decision.message == "" or f"shot {decision.shot + 1}" in decision.message
