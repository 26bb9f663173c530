"""The gate in a style file: what calibration wrote comes back, and what a stranger wrote is refused."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from impasto.errors import StyleFileError
from impasto.style.file import load_style, save_style
from impasto.style.manifest import GateModel, Manifest

from .conftest import make_manifest, make_style, manifest_text, write_zip

numbers = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e6)
names = st.from_regex(r"[a-z]{1,12}\.[a-z_]{1,20}", fullmatch=True)
signs = st.fixed_dictionaries(
    {
        "name": names,
        "center": numbers,
        "spread": positive,
        "above": st.floats(0, 1e3),
        "below": st.floats(0, 1e3),
    }
)
groups = st.fixed_dictionaries(
    {"failure": names, "bias": numbers, "typical": positive, "signs": st.lists(signs, max_size=3)}
)
scales = st.fixed_dictionaries(
    {"groups": st.lists(groups, max_size=3), "review": numbers, "refuse": numbers, "farthest": positive}
)
models = st.fixed_dictionaries(
    {
        "num_pictures": st.integers(0, 10_000),
        "expected": st.lists(st.lists(numbers, min_size=3, max_size=3), max_size=4),
        "alone": scales,
        "beside": scales,
    }
)


def stated() -> dict[str, Any]:
    """Return a gate as `style.json` holds it."""
    sign = {"name": "artefacts.noise", "center": 0.5, "spread": 0.2, "above": 1.5, "below": 0.0}
    group = {"failure": "artefacts", "bias": -3.0, "typical": 4.0, "signs": [sign]}
    scale = {"groups": [group], "review": 2.0, "refuse": 3.5, "farthest": 8.0}
    expected = [[0.1, 0.2, 0.3], [1.0, 0.0, -1.0]]
    return {"num_pictures": 40, "expected": expected, "alone": scale, "beside": deepcopy(scale)}


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Return `stated()` with one place in it replaced."""
    model: Any = stated()
    place = model
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return model  # type: ignore[no-any-return]


@settings(max_examples=30, deadline=None)
@given(models)
def test_any_calibration_survives_json(model: dict[str, Any]) -> None:
    gate = GateModel.model_validate(model)
    manifest = make_manifest(gate=gate)
    back = Manifest.model_validate_json(manifest.model_dump_json())
    assert back.gate == gate
    assert back == manifest


def test_it_travels_in_a_style_file(tmp_path: Path) -> None:
    gate = GateModel.model_validate(stated())
    save_style(make_style(manifest=make_manifest(gate=gate)), tmp_path / "a.style")
    loaded = load_style(tmp_path / "a.style").manifest.gate
    assert loaded == gate
    assert loaded is not None
    assert loaded.alone.groups[0].signs[0].name == "artefacts.noise"


def test_a_style_can_do_without_as_older_ones_do(tmp_path: Path) -> None:
    save_style(make_style(), tmp_path / "a.style")
    assert load_style(tmp_path / "a.style").manifest.gate is None


def test_what_a_later_version_adds_is_ignored() -> None:
    assert GateModel.model_validate(changed(("alone", "mood"), "strict")) == GateModel.model_validate(stated())


SIGN = ("beside", "groups", 0, "signs", 0)
HOSTILE: list[tuple[tuple[str | int, ...], Any]] = [
    (("num_pictures",), -1),
    (("num_pictures",), "40"),
    (("expected",), [[0.0, 0.0]]),
    (("expected",), [[0.0, 0.0, math.nan]]),
    (("expected",), [[0.0, 0.0, 0.0]] * 65),
    (("alone",), None),
    (("alone", "review"), math.inf),
    (("alone", "refuse"), math.nan),
    (("alone", "farthest"), 0.0),
    (("alone", "groups"), [stated()["alone"]["groups"][0]] * 9),
    (("alone", "groups", 0, "failure"), ""),
    (("alone", "groups", 0, "failure"), "two\nlines"),
    (("alone", "groups", 0, "failure"), "\x1b[2J"),
    (("alone", "groups", 0, "bias"), math.nan),
    (("alone", "groups", 0, "typical"), 0.0),
    (("alone", "groups", 0, "signs"), [stated()["alone"]["groups"][0]["signs"][0]] * 129),
    ((*SIGN, "name"), "x" * 10_000),
    ((*SIGN, "center"), math.inf),
    ((*SIGN, "spread"), 0.0),
    ((*SIGN, "spread"), -1.0),
    ((*SIGN, "above"), -0.5),
    ((*SIGN, "below"), -0.5),
]


@pytest.mark.parametrize(("path", "value"), HOSTILE, ids=lambda each: str(each)[:40])
def test_what_would_divide_by_zero_flood_or_excuse_damage_is_refused(path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(ValidationError):
        GateModel.model_validate(changed(path, value))


@pytest.mark.parametrize("gate", [changed((*SIGN, "spread"), 0), [], 7, {"alone": {}}], ids=str)
def test_a_file_with_such_a_gate_is_refused_as_any_other_bad_manifest(tmp_path: Path, gate: Any) -> None:
    members = {"generator.onnx": b"generator"}
    text = manifest_text(members, gate=gate)
    assert json.loads(text)["gate"] == gate
    path = write_zip(tmp_path / "a.style", [("style.json", text), *members.items()])
    with pytest.raises(StyleFileError, match=r"a\.style"):
        load_style(path)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        GateModel.model_validate(stated()).alone.review = 100.0
