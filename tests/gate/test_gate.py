from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pydantic import ValidationError

from impasto.errors import StyleFileError
from impasto.gate.breaking import CONTENT_DAMAGES, DAMAGES, FAILURE_OF, Made
from impasto.gate.gate import Gate
from impasto.gate.reasons import WORDS, find_reason
from impasto.style.file import load_style, save_style
from impasto.style.manifest import GateGroup, GateModel, GateScale, GateSign
from impasto.style.verdict import Judgement

from .networks import old_discriminator
from .pictures import photo, warm

SEED = 500


@pytest.fixture(scope="module")
def gate(make_style) -> Gate:
    return Gate(make_style())


def test_a_good_output_passes_without_a_reason(gate):
    verdict = gate.judge(warm(photo(SEED)), photo(SEED))
    assert (verdict.judgement, verdict.reason) == (Judgement.PASS, "")
    assert gate.judge(warm(photo(SEED))).judgement is Judgement.PASS


@pytest.mark.parametrize("kind", [*DAMAGES, *CONTENT_DAMAGES])
def test_damage_is_refused_for_the_right_reason(gate, kind):
    made = Made(photo(SEED), warm(photo(SEED)), warm(photo(SEED + 1)))
    output = {**DAMAGES, **CONTENT_DAMAGES}[kind](made, np.random.default_rng(3))
    verdict = gate.judge(output, made.content)
    assert verdict.judgement is not Judgement.PASS
    if kind not in ("blocky", "noisy"):  # of pictures as small as these, little content is left then
        assert verdict.reason.startswith(WORDS[FAILURE_OF[kind]])


def test_scores_say_what_the_judgement_follows_from(gate, gate_model):
    verdict = gate.judge(photo(SEED), photo(SEED))
    assert verdict.scores is not None
    worst = max(value for name, value in verdict.scores.items() if name.startswith("suspicion of "))
    assert worst > gate_model.beside.refuse
    assert verdict.judgement is Judgement.REFUSE


@pytest.mark.parametrize("content", [None, photo(SEED)])
def test_the_map_is_from_0_to_1(gate, content):
    for output in (warm(photo(SEED)), photo(SEED)):
        where = gate.judge(output, content).map
        assert where is not None
        assert where.dtype == np.float32
        assert where.ndim == 2
        assert (where.min(), where.max()) == (0, pytest.approx(1))


def test_the_map_points_at_the_damage(gate):
    output = warm(photo(SEED))
    output[:64, :64] = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
    where = gate.judge(output, photo(SEED)).map
    height, width = where.shape
    assert where[: height // 3, : width // 4].mean() > 3 * where[height // 2 :, width // 2 :].mean()


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_depth_does_not_matter(gate, dtype):
    def deep(picture):
        return (picture / 255).astype(np.float32) if dtype == np.float32 else picture.astype(np.uint16) * 257

    verdict = gate.judge(deep(warm(photo(SEED))), deep(photo(SEED)))
    assert verdict.scores == gate.judge(warm(photo(SEED)), photo(SEED)).scores


@pytest.mark.parametrize("shape", [(1, 1), (47, 300), (4000, 30)])
def test_what_is_too_small_is_for_a_person_to_see(gate, shape):
    verdict = gate.judge(np.full((*shape, 3), 99, np.uint8))
    assert (verdict.judgement, verdict.reason, verdict.map) == (Judgement.REVIEW, "too small to be judged", None)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_grey_picture_gets_a_verdict(gate, level):
    plain = np.full((100, 100, 3), level, np.uint8)
    for content in (None, plain, photo(0)):
        assert gate.judge(plain, content).judgement in set(Judgement)


def test_a_tiny_content_is_no_trouble(gate):
    assert gate.judge(warm(photo(SEED)), photo(SEED, 5, 5)).judgement in set(Judgement)


def test_of_a_weaker_style_nothing_is_said_about_being_in_style(gate):
    content = photo(SEED)
    assert gate.judge(content, content).judgement is Judgement.REFUSE
    assert gate.judge(content, content, is_full_strength=False).judgement is Judgement.PASS
    noise = np.random.default_rng(0).integers(0, 90, content.shape)
    noisy = (content * 0.6 + noise).astype(np.uint8)
    verdict = gate.judge(noisy, content, is_full_strength=False)
    assert verdict.judgement is Judgement.REFUSE
    assert not verdict.reason.startswith("not in style")


def test_threads_may_share_a_gate(gate):
    outputs = [warm(photo(seed)) for seed in range(600, 606)]
    alone = [gate.judge(output).scores for output in outputs]
    with ThreadPoolExecutor(3) as pool:
        assert [verdict.scores for verdict in pool.map(gate.judge, outputs)] == alone


def test_a_gate_is_the_same_from_a_file(gate, make_style, tmp_path):
    save_style(make_style(), tmp_path / "warm.style")
    loaded = Gate(load_style(tmp_path / "warm.style"))
    assert loaded.judge(warm(photo(SEED)), photo(SEED)).scores == gate.judge(warm(photo(SEED)), photo(SEED)).scores


@pytest.mark.parametrize("missing", ["gate", "discriminator", "both"])
def test_a_style_without_a_verdict_says_so(make_style, gate_model, discriminator, missing):
    style = make_style(
        gate=gate_model if missing == "discriminator" else None,
        judged_by=discriminator if missing == "gate" else None,
    )
    with pytest.raises(StyleFileError, match=r"carries no verdict.*[Ll]earn it again"):
        Gate(style)


def test_an_old_discriminator_is_no_verdict(make_style):
    with pytest.raises(StyleFileError, match="carries no verdict"):
        Gate(make_style(judged_by=old_discriminator()))


def test_another_version_s_expectation_is_no_verdict(make_style, gate_model):
    shorter = gate_model.model_copy(update={"expected": gate_model.expected[:-1]})
    with pytest.raises(StyleFileError, match="carries no verdict"):
        Gate(make_style(gate=shorter))


def test_few_pictures_are_a_caution(make_style, gate_model):
    assert Gate(make_style()).caution == ""
    few = gate_model.model_copy(update={"num_pictures": 4})
    assert "only 4 pictures" in Gate(make_style(gate=few)).caution


SCALE = GateScale(
    groups=tuple(
        GateGroup(failure=failure, bias=0, typical=typical, signs=())
        for failure, typical in (("style", 10.0), ("content", 100.0), ("artefacts", 50.0), ("faces", 20.0))
    ),
    review=3,
    refuse=5,
    farthest=8,
)


@pytest.mark.parametrize(
    ("found", "failure"),
    [
        ({"style": 8, "content": 9, "artefacts": 9, "faces": 2}, "style"),
        ({"style": 4, "content": 0, "artefacts": 45, "faces": 9}, "artefacts"),
        ({"style": 20, "content": 90, "artefacts": 80, "faces": 30}, "content"),
        ({"style": 4, "content": 55, "artefacts": 80, "faces": 18}, "faces"),
        ({"style": 2.9, "content": 2, "artefacts": 3.1, "faces": 2}, "artefacts"),
        ({"content": 40, "artefacts": 30, "faces": 0}, "artefacts"),  # style was not judged
    ],
)
def test_the_failure_to_blame(found, failure):
    assert find_reason(SCALE, found, {}) == (failure, WORDS[failure])


def group_with(*signs: tuple[str, float]) -> GateScale:
    made = tuple(GateSign(name=name, center=0, spread=1, above=weight, below=weight) for name, weight in signs)
    groups = (GateGroup(failure=made[0].name.partition(".")[0], bias=0, signs=made),)
    return GateScale(groups=groups, review=0, refuse=1, farthest=8)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"style.off_L": 5.0, "style.moved": 2.0}, "not in style: too bright"),
        ({"style.off_L": -5.0, "style.moved": 2.0}, "not in style: too dark"),
        ({"style.off_L": 1.0, "style.moved": -4.0}, "not in style: hardly changed"),
        ({"style.off_L": 1.0, "style.moved": 4.0}, "not in style: changed too much"),
        ({"style.off_L": 0.5, "style.moved": 0.5}, "not in style"),
    ],
)
def test_the_strongest_sign_is_put_in_words(numbers, words):
    scale = group_with(("style.off_L", 1.0), ("style.moved", 1.0))
    assert find_reason(scale, {"style": 3.0}, numbers)[1] == words


def test_a_sign_that_could_mean_anything_comes_last():
    scale = group_with(("artefacts.edges_fine", 1.0), ("artefacts.sharpness_change", 1.0))
    assert find_reason(scale, {"artefacts": 3.0}, {"artefacts.edges_fine": -8.0}) == (
        "artefacts",
        "artefacts: edges changed",
    )
    both = {"artefacts.edges_fine": -8.0, "artefacts.sharpness_change": -3.0}
    assert find_reason(scale, {"artefacts": 3.0}, both) == ("artefacts", "artefacts: blurred")


SIGN = {"name": "style.L_mean", "center": 1.0, "spread": 1.0}
GROUP = {"failure": "style", "bias": 0.0, "signs": [SIGN]}
SCALE_JSON = {"groups": [GROUP], "review": 1.0, "refuse": 2.0, "farthest": 8.0}
MODEL = {"num_pictures": 4, "expected": [[1.0, 2.0, 3.0]], "alone": SCALE_JSON, "beside": SCALE_JSON}


def test_a_model_is_read_from_plain_json():
    import json

    model = GateModel.model_validate_json(json.dumps(MODEL))
    assert model.alone.groups[0].signs[0].above == 0
    assert model.expected == ((1.0, 2.0, 3.0),)


@pytest.mark.parametrize(
    "change",
    [
        {"num_pictures": -1},
        {"num_pictures": "4"},
        {"expected": [[1.0, 2.0]]},
        {"expected": [[0.0, 0.0, 0.0]] * 65},
        {"alone": None},
        {"alone": SCALE_JSON | {"farthest": 0.0}},
        {"alone": SCALE_JSON | {"review": "NaN"}},
        {"alone": SCALE_JSON | {"groups": [GROUP] * 9}},
        {"alone": SCALE_JSON | {"groups": [GROUP | {"typical": 0.0}]}},
        {"alone": SCALE_JSON | {"groups": [GROUP | {"signs": [SIGN] * 129}]}},
        {"alone": SCALE_JSON | {"groups": [GROUP | {"signs": [SIGN | {"spread": 0.0}]}]}},
        {"alone": SCALE_JSON | {"groups": [GROUP | {"signs": [SIGN | {"above": -0.1}]}]}},
        {"alone": SCALE_JSON | {"groups": [GROUP | {"signs": [SIGN | {"name": "line\nbreak"}]}]}},
    ],
)
def test_a_model_that_makes_no_sense_is_refused(change):
    import json

    with pytest.raises(ValidationError):
        GateModel.model_validate_json(json.dumps(MODEL | change))
