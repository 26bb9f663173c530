from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from impasto.sorting.backbones import Kind
from impasto.sorting.labels import is_label
from impasto.sorting.manifest import ClassifierManifest, Measured
from impasto.style.manifest import Privacy

PLAIN: dict[str, Any] = {
    "name": "mine",
    "created": date(2026, 11, 21),
    "impasto_version": "0.1.0",
    "labels": ("cat", "dog"),
}
MEASURED: dict[str, Any] = {
    "accuracy": 0.9,
    "low": 0.8,
    "high": 1.0,
    "coverage": 0.95,
    "sure_accuracy": 0.97,
    "calibration_error": 0.02,
    "num_folds": 5,
}


def made(**changes: Any) -> ClassifierManifest:
    return ClassifierManifest(**{**PLAIN, **changes})


def test_it_survives_json() -> None:
    manifest = made(measured=Measured(**MEASURED, gain=-0.01), backbone=Kind.SMALL, counts=(3, 4), license_note="mine")
    assert ClassifierManifest.model_validate_json(manifest.model_dump_json()) == manifest


PRIVACY: dict[str, Any] = {
    "epsilon": 4.0,
    "delta": 1e-5,
    "noise_multiplier": 8.8,
    "mean_noise_multiplier": 3.4,
    "clipping_norm": 1.0,
    "feature_bound": 6.0,
    "sampling_rate": 1.0,
    "num_steps": 60,
    "num_pictures": 600,
    "accountant": "exact",
    "neighbours": "one picture",
}


def test_an_account_survives_json_and_older_files_have_none() -> None:
    manifest = made(privacy=Privacy(**PRIVACY, known="the names"))
    text = manifest.model_dump_json()
    assert ClassifierManifest.model_validate_json(text) == manifest
    older = json.loads(text)
    del older["privacy"]
    assert ClassifierManifest.model_validate_json(json.dumps(older)).privacy is None


@pytest.mark.parametrize("part", [name for name, value in PRIVACY.items() if not isinstance(value, str)])
@pytest.mark.parametrize("value", [0, -1.0, float("nan")])
def test_an_account_holds_numbers_that_make_sense(part: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Privacy(**{**PRIVACY, part: value})


def test_defaults_are_careful() -> None:
    manifest = made()
    assert manifest.threshold == 0.5
    assert manifest.backbone is Kind.FROZEN
    assert manifest.measured is None


def test_it_never_changes() -> None:
    with pytest.raises(ValidationError):
        made().threshold = 0.1  # type: ignore[misc]


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": ("cat",)},
        {"labels": ("cat", "Cat")},
        {"labels": ("cat", "..")},
        {"labels": ("cat", "a/b")},
        {"labels": tuple(f"class {number}" for number in range(1001))},
        {"labels": ("cat", 3)},
        {"name": ""},
        {"name": "a\nb"},
        {"description": "\x1b[31m"},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"threshold": -0.1},
        {"threshold": 1.1},
        {"strange": 2.0},
        {"counts": (-1, 2)},
        {"num_unlabelled": -1},
        {"backbone": "pickle"},
        {"schema_version": 3},
        {"members": {"head.safetensors": "no hash"}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**wrong)


@pytest.mark.parametrize("part", ["accuracy", "low", "high", "coverage", "sure_accuracy", "calibration_error"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_shares_are_shares(part: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Measured(**{**MEASURED, part: value})


def test_a_gain_may_be_a_loss() -> None:
    assert Measured(**MEASURED, gain=-0.2).gain == -0.2
    with pytest.raises(ValidationError):
        Measured(**MEASURED, gain=-1.2)


@given(st.text(max_size=90))
def test_every_class_can_be_a_folder(label: str) -> None:
    if not is_label(label):
        with pytest.raises(ValidationError):
            made(labels=("cat and dog", label))
        return
    assert "/" not in label
    assert "\\" not in label
    assert label not in (".", "..")
    assert label.isprintable()
