from __future__ import annotations

import hashlib
import json
import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from impasto.errors import UsageError
from impasto.style.manifest import MAX_LISTED_REFERENCES, Manifest, Needs, SchemaVersion, Sources
from impasto.style.names import check_style_name, is_style_name

from .conftest import make_manifest

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    recipe=st.dictionaries(st.text(), json_values, max_size=4),
    metrics=st.dictionaries(
        st.from_regex(r"[a-z_]{1,20}", fullmatch=True), st.floats(allow_nan=False, allow_infinity=False)
    ),
)
def test_survives_json(recipe: dict[str, Any], metrics: dict[str, float]) -> None:
    manifest = make_manifest(recipe=recipe, metrics=metrics)
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def test_is_readable_json_with_an_iso_date() -> None:
    stated = json.loads(make_manifest().model_dump_json())
    assert stated["created"] == "2026-11-21"
    assert stated["schema_version"] == 1
    assert stated["needs"].items() >= {"thumbnail_side": 64, "lut_size": 17}.items()


def test_a_key_from_a_later_minor_version_is_ignored() -> None:
    stated = json.loads(make_manifest().model_dump_json())
    stated["mood"] = "wistful"
    stated["needs"]["colour_space"] = "oklab"
    assert Manifest.model_validate_json(json.dumps(stated)) == make_manifest()


def test_the_version_of_a_file_of_any_version_can_be_read() -> None:
    assert (
        SchemaVersion.model_validate_json('{"schema_version": 7, "name": ["quite", "different"]}').schema_version == 7
    )


def test_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        make_manifest().name = "other"


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": 2},
        {"schema_version": "1"},
        {"name": "../up"},
        {"name": ""},
        {"family": "sculpture"},
        {"description": "two\nlines"},
        {"description": "\x1b[2Jcleared"},
        {"description": "x" * 1001},
        {"created": "yesterday"},
        {"metrics": {"validation": math.nan}},
        {"metrics": {"validation": math.inf}},
        {"metrics": {"": 1.0}},
        {"thresholds": {"flicker": "low"}},
        {"curves": {"loss": ((1, math.nan),)}},
        {"curves": {"loss": ((-1, 0.5),)}},
        {"curves": {"loss": tuple((step, 0.0) for step in range(513))}},
        {"members": {"generator.onnx": "abc"}},
        {"needs": Needs(thumbnail_side=64)},
        {"recipe": {"encoder": object()}},
    ],
)
def test_refuses(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_manifest(**changes)


@pytest.mark.parametrize(
    "sizes",
    [
        {"thumbnail_side": 4},
        {"thumbnail_side": 9999},
        {"lut_size": 1},
        {"lut_size": 400},
        {"multiple": 0},
        {"multiple": 65},
        {"working_side": 63},
        {"working_side": 5000},
        {"trunk": "abc"},
    ],
)
def test_refuses_sizes_that_no_generator_has(sizes: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Needs(**sizes)


def test_each_family_states_its_own_sizes() -> None:
    paint = make_manifest(family="paint", needs=Needs(multiple=8, working_side=448, trunk="c" * 64))
    assert paint.needs.lut_size is None
    assert Manifest.model_validate_json(paint.model_dump_json()).needs == paint.needs
    dream = make_manifest(family="dream", needs=Needs(picture_side=64, latent_size=32, noise="mixture:4"))
    assert Manifest.model_validate_json(dream.model_dump_json()).needs == dream.needs
    for incomplete in (Needs(), Needs(picture_side=64), Needs(latent_size=32)):
        with pytest.raises(ValidationError, match="a dream needs"):
            make_manifest(family="dream", needs=incomplete)


@pytest.mark.parametrize("needs", [Needs(), Needs(multiple=8), Needs(working_side=448), Needs(lut_size=17)])
def test_a_paint_style_without_its_sizes_is_refused(needs: Needs) -> None:
    with pytest.raises(ValidationError, match=r"needs\.multiple and needs\.working_side"):
        make_manifest(family="paint", needs=needs)


def test_sources_do_not_depend_on_the_order_of_files() -> None:
    forward, backward = Sources.of(["a" * 64, "b" * 64], 3), Sources.of(["b" * 64, "a" * 64], 3)
    assert forward == backward
    assert forward.num_references == 2
    assert forward.references_digest == hashlib.sha256(("a" * 64 + "\n" + "b" * 64).encode()).hexdigest()


def test_many_sources_are_counted_and_digested_but_not_listed() -> None:
    hashes = [
        hashlib.sha256(bytes([index % 256, index // 256])).hexdigest() for index in range(MAX_LISTED_REFERENCES + 1)
    ]
    many, fewer = Sources.of(hashes, 0), Sources.of(hashes[1:], 0)
    assert many.num_references == MAX_LISTED_REFERENCES + 1
    assert many.reference_sha256 == ()
    assert len(fewer.reference_sha256) == MAX_LISTED_REFERENCES
    assert many.references_digest != fewer.references_digest


def test_a_hash_must_be_a_sha256() -> None:
    with pytest.raises(ValidationError):
        Sources.of(["deadbeef"], 1)


@pytest.mark.parametrize("name", ["wedding", "Kodak-2", "胶片", "été", "v1.2", "my wedding", "a", "x" * 64, "_mine"])
def test_names_that_people_use(name: str) -> None:
    assert check_style_name(name) == name
    assert make_manifest(name=name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "-x",
        "a/b",
        "a\\b",
        "a:b",
        "a*",
        "a ",
        " a",
        "a.",
        "x" * 65,
        "nul",
        "COM1",
        "con.txt",
        "a\n",
        "a\0b",
        "b.style",
    ],
)
def test_names_that_are_no_file_name_everywhere(name: str) -> None:
    assert not is_style_name(name)
    with pytest.raises(UsageError, match="cannot name a style"):
        check_style_name(name)


def test_a_decomposed_name_is_composed() -> None:
    assert check_style_name("e\u0301te\u0301") == "été"
    assert not is_style_name("e\u0301te\u0301")


@given(st.text(max_size=80))
def test_an_accepted_name_never_leaves_its_folder(name: str) -> None:
    if is_style_name(name):
        assert not set(name) & set('/\\:*?"<>|\0\n\r')
        assert name.strip(". ") == name


def test_created_is_a_date() -> None:
    assert make_manifest(created="2026-01-02").created == date(2026, 1, 2)
