from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper
from paint_styles import OTHER_TRUNK, make_paint_style

from impasto.errors import StyleFileError, UnknownStyleError, UsageError
from impasto.style.blend import BlendWarning, blend_styles, is_blend, load_blend, parse_blend, split_chain
from impasto.style.file import StyleFile, load_style, save_style
from impasto.style.finish import USUAL_GRAIN, Finish
from impasto.style.library import StyleLibrary
from impasto.style.lut_member import pack_lut, unpack_lut
from impasto.style.manifest import Needs, Sources
from impasto.style.runtime import OnnxRuntime

SaveLook = Callable[..., Path]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StyleLibrary:
    """Three paint styles of one trunk, one of another, one of none, and an empty working directory."""
    folder = tmp_path / "styles"
    for name, kind in (("monet", "identity"), ("ukiyo-e", "invert"), ("van-gogh", "sharpen")):
        make_paint_style(folder / f"{name}.style", kind)
    make_paint_style(folder / "foreign.style", "invert", trunk=OTHER_TRUNK)
    make_paint_style(folder / "lonely.style", "invert", trunk=None)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return StyleLibrary(tmp_path / "builtin", folder)


def numbers_of(style: StyleFile) -> dict[str, Any]:
    initializers = onnx.load_from_string(style.generator).graph.initializer
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in initializers}


def painted(style: StyleFile) -> tuple[Any, Any]:
    """Return a picture without very dark or bright places, and what the style makes of it."""
    content = 0.3 + 0.4 * np.random.default_rng(2).random((1, 3, 16, 24), np.float32)
    noise = np.zeros((1, 1, 16, 24), np.float32)
    return content, OnnxRuntime(style.generator).run({"content": content, "state": content, "noise": noise})["painted"]


# --- how a blend is written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "parsed"),
    [
        ("monet:0.6,ukiyoe:0.4", (("monet", 0.6), ("ukiyoe", 0.4))),
        (" monet : 0.6 , van gogh:.4 ", (("monet", 0.6), ("van gogh", 0.4))),
        ("monet:60,ukiyoe:40", (("monet", 60), ("ukiyoe", 40))),
        ("monet,ukiyoe", (("monet", 0.5), ("ukiyoe", 0.5))),
        ("monet", (("monet", 1.0),)),
        ("monet:1e-1,b:1", (("monet", 0.1), ("b", 1.0))),
        (r"C:\styles\monet.style:0.6,./b.style:0.4", ((r"C:\styles\monet.style", 0.6), ("./b.style", 0.4))),
        (r"C:\styles\monet.style,C:/b.style", ((r"C:\styles\monet.style", 0.5), ("C:/b.style", 0.5))),
    ],
)
def test_blends_are_read(spec: str, parsed: tuple[tuple[str, float], ...]) -> None:
    assert parse_blend(spec) == parsed


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "A style is missing"),
        ("monet:0.6,", "A style is missing"),
        (",", "A style is missing"),
        (":0.5,monet:0.5", "A style is missing"),
        ("monet:0.6,ukiyoe:-0.4", "weight of ukiyoe must be a number above 0, not '-0.4'"),
        ("monet:0.6,ukiyoe:nan", "weight of ukiyoe must be a number"),
        ("monet:inf,ukiyoe:1", "weight of monet must be a number"),
        ("monet:much,ukiyoe:1", "not 'much'"),
        ("monet:,ukiyoe:1", "weight of monet"),
        ("monet:0,ukiyoe:1", "weight of monet is 0: leave it out"),
        ("monet:0.5,monet:0.5", "monet is in the blend twice"),
        ("monet:0.6,ukiyoe", "each style of the blend"),
        ("monet:0,6,ukiyoe:0,4", "decimal point"),
    ],
)
def test_blends_that_make_no_sense(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_blend(spec)


@given(st.text(alphabet="ab:,.0519-+e/\\ n", max_size=20))
def test_any_text_is_read_or_refused(spec: str) -> None:
    try:
        parsed = parse_blend(spec)
    except UsageError:
        return
    assert all(name and math.isfinite(weight) and weight > 0 for name, weight in parsed)
    assert len({name for name, _ in parsed}) == len(parsed)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("monet", False),
        ("styles/monet.style", False),
        (r"C:\styles\monet.style", False),
        ("monet:0.6", True),
        ("monet:", True),
        ("monet,ukiyoe", True),
        ("a" * 300 + ",b", True),
    ],
)
def test_a_blend_is_told_from_a_name(spec: str, expected: bool) -> None:
    assert is_blend(spec) is expected


def test_a_file_whose_name_looks_like_a_blend_or_a_chain_is_a_file(library: StyleLibrary) -> None:
    for name in ("a,b.style", "a+b.style"):
        Path(name).write_bytes(b"x")
    assert not is_blend("a,b.style")
    assert split_chain("a+b.style") == ("a+b.style",)
    assert split_chain("a+c.style") == ("a", "c.style")


def test_chains_are_read() -> None:
    assert split_chain("kodak") == ("kodak",)
    assert split_chain("kodak + monet:0.6,b:0.4+noir") == ("kodak", "monet:0.6,b:0.4", "noir")
    for spec in ("+", "kodak+", "+monet", "a++b"):
        with pytest.raises(UsageError, match="A style is missing"):
            split_chain(spec)


# --- blends of paint styles -----------------------------------------------------------------------------------------


def test_numbers_are_interpolated_in_their_own_type(library: StyleLibrary) -> None:
    blend = load_blend("monet:0.25,van-gogh:0.75", library)
    one, other, both = map(
        numbers_of, [load_style(library.resolve("monet")), load_style(library.resolve("van-gogh")), blend]
    )
    assert list(both) == list(one)
    assert {array.dtype for array in both.values()} == {np.dtype(np.float16), np.dtype(np.float32)}
    for name, array in both.items():
        exact = 0.25 * one[name].astype(float) + 0.75 * other[name].astype(float)
        np.testing.assert_array_equal(array, exact.astype(array.dtype), err_msg=name)


def test_the_blend_paints_between_its_styles(library: StyleLibrary) -> None:
    content, result = painted(load_blend("monet:0.7,ukiyoe:0.3", library))
    np.testing.assert_allclose(result, 0.7 * content + 0.3 * (1 - content), atol=1e-3)


def test_numbers_on_which_all_agree_are_kept_exactly(library: StyleLibrary) -> None:
    copy = load_style(library.resolve("monet"))
    twin = StyleFile(copy.manifest.model_copy(update={"name": "twin"}), copy.generator)
    mean = numbers_of(blend_styles([(copy, 1 / 3), (twin, 2 / 3)]))
    for name, array in numbers_of(copy).items():
        np.testing.assert_array_equal(mean[name], array, err_msg=name)


def test_one_style_alone_is_itself(library: StyleLibrary) -> None:
    alone = load_blend("van_gogh", library)
    assert alone.generator == load_style(library.resolve("van-gogh")).generator
    assert alone.manifest.name == "van-gogh"
    assert alone.discriminator == b"discriminator"


def test_a_blend_can_be_saved_and_says_what_it_is(library: StyleLibrary) -> None:
    save_style(load_blend("monet:0.6,ukiyoe:0.4", library), "blend.style")
    blend = load_style("blend.style")
    manifest = blend.manifest
    assert (manifest.name, manifest.family) == ("monet-60-ukiyo-e-40", "paint")
    assert manifest.description == "A blend: 60% monet, 40% ukiyo-e."
    assert manifest.recipe == {"blend": {"monet": 0.6, "ukiyo-e": 0.4}}
    assert manifest.needs == load_style(library.resolve("monet")).manifest.needs
    assert (manifest.gate, manifest.metrics, manifest.curves) == (None, {}, {})
    assert blend.member_names == ("generator.onnx",)
    again = load_blend("./blend.style:0.5,van-gogh:0.5", library)
    assert again.manifest.name == "blend-50-van-gogh-50"


def test_sources_are_merged(library: StyleLibrary) -> None:
    folder = library.user_dir
    make_paint_style(folder / "a.style", sources=Sources.of(["a" * 64, "b" * 64], 5, "mine"))
    make_paint_style(folder / "b.style", sources=Sources.of(["b" * 64, "c" * 64], 3, "yours"), created=date(2027, 1, 1))
    merged = load_blend("a,b", library).manifest
    assert merged.sources == Sources.of(["a" * 64, "b" * 64, "c" * 64], 5, "a: mine; b: yours")
    assert merged.created == date(2027, 1, 1)
    many = Sources.of([f"{index:064x}" for index in range(300)], 3)
    make_paint_style(folder / "b.style", sources=many)
    counted = load_blend("a,b", library).manifest.sources
    assert (counted.num_references, counted.reference_sha256) == (302, ())
    assert counted.references_digest not in (None, many.references_digest)


def test_the_working_side_is_blended(library: StyleLibrary) -> None:
    trunk = load_style(library.resolve("monet")).manifest.needs.trunk
    make_paint_style(library.user_dir / "fine.style", needs=Needs(multiple=8, working_side=164, trunk=trunk))
    assert load_blend("monet:0.5,fine:0.5", library).manifest.needs.working_side == (64 + 164) // 2


def test_a_name_too_long_for_a_file_is_shortened(library: StyleLibrary) -> None:
    long = "x" * 60
    make_paint_style(library.user_dir / f"{long}.style", "invert")
    assert load_blend(f"monet,{long}", library).manifest.name.startswith("blend-of-2-")


def test_a_file_whose_name_cannot_name_a_style_counts_by_its_own(library: StyleLibrary) -> None:
    make_paint_style(Path("odd\nname (1).style"), "invert", name="odd")
    assert load_blend("monet:0.5,./odd\nname (1).style:0.5", library).manifest.name == "monet-50-odd-50"


@pytest.mark.parametrize(
    ("spec", "message"),
    [("monet:3,ukiyoe:1", "sum to 4, not 1: monet 75%, ukiyo-e 25%"), ("monet:0.6", "sum to 0.6.*use the strength")],
)
def test_weights_that_do_not_sum_to_one_are_said(library: StyleLibrary, spec: str, message: str) -> None:
    with pytest.warns(BlendWarning, match=message):
        load_blend(spec, library)


@pytest.mark.parametrize(
    "spec", ["monet:0.6,ukiyoe:0.4", "monet,ukiyoe,van-gogh", "monet:.333,ukiyoe:.333,vangogh:.333"]
)
def test_weights_that_sum_to_one_are_not(library: StyleLibrary, spec: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_blend(spec, library)


def test_the_scale_of_weights_does_not_matter(library: StyleLibrary) -> None:
    with pytest.warns(BlendWarning):
        scaled = load_blend("monet:3,ukiyoe:1", library)
    assert scaled.generator == load_blend("monet:0.75,ukiyoe:0.25", library).generator
    assert scaled.manifest == load_blend("monet:0.75,ukiyoe:0.25", library).manifest


def test_another_trunk_is_refused_with_those_that_do_blend(library: StyleLibrary) -> None:
    with pytest.raises(
        UsageError, match="monet and foreign do not blend: they descend from different trunks"
    ) as caught:
        load_blend("monet,foreign", library)
    assert "monet blends with ukiyo-e and van-gogh." in str(caught.value)
    assert "foreign blends" not in str(caught.value)


def test_a_style_without_a_trunk_is_refused(library: StyleLibrary) -> None:
    with pytest.raises(UsageError, match=r"lonely was learned from scratch.*monet blends with"):
        load_blend("monet,lonely", library)
    make_paint_style(library.user_dir / "lonely2.style", trunk=None)
    with pytest.raises(UsageError, match=r"were learned from scratch.*'lonely\+lonely2'"):
        load_blend("lonely,lonely2", library)


def test_networks_of_one_trunk_that_are_built_differently_are_refused(library: StyleLibrary) -> None:
    make_paint_style(library.user_dir / "wide.style", width=12)
    with pytest.raises(StyleFileError, match=r"monet and wide do not blend.*Layers or their sizes differ"):
        load_blend("monet,wide", library)


def test_a_network_that_is_none_is_refused(library: StyleLibrary) -> None:
    monet = load_style(library.resolve("monet"))
    broken = StyleFile(monet.manifest.model_copy(update={"name": "broken"}), b"not ONNX")
    with pytest.raises(StyleFileError, match="monet and broken"):
        blend_styles([(monet, 1), (broken, 1)])


def test_the_same_style_by_two_names_is_refused(library: StyleLibrary) -> None:
    with pytest.raises(UsageError, match="ukiyo-e is in the blend twice"):
        load_blend("ukiyoe:0.5,ukiyo-e:0.5", library)
    with pytest.raises(UnknownStyleError, match="monett"):
        load_blend("monett:0.5,ukiyo-e:0.5", library)


@pytest.mark.parametrize("weights", [[], [0.5, -0.5], [1, 0], [math.nan, 1], [math.inf, 1]])
def test_styles_are_not_blended_with_weights_that_make_no_sense(library: StyleLibrary, weights: list[float]) -> None:
    styles = [load_style(library.resolve(name)) for name in ("monet", "ukiyo-e")]
    with pytest.raises(UsageError, match="above 0"):
        blend_styles(list(zip(styles, weights, strict=False)))


# --- blends of looks ------------------------------------------------------------------------------------------------


def lut_of(style: StyleFile, thumbnail: Any) -> Any:
    return OnnxRuntime(style.generator).run({"thumbnail": thumbnail})["lut"]


def save_tinted(save_look: SaveLook, path: Path, tint: float, **fields: Any) -> Path:
    """Save the look of these tests, with every number of its LUT multiplied."""
    from conftest import look_model

    model = onnx.load_from_string(look_model())
    plain = next(tensor for tensor in model.graph.initializer if tensor.name == "plain")
    plain.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(plain) * np.float32(tint), "plain"))
    return save_look(path, generator=model.SerializeToString(), **fields)


def test_looks_blend_by_their_luts_for_each_picture(library: StyleLibrary, save_look: SaveLook) -> None:
    pale = load_style(save_look(library.user_dir / "pale.style"))
    dark = load_style(save_tinted(save_look, library.user_dir / "dark.style", 0.5))
    blend = load_blend("pale:0.3,dark:0.7", library)
    assert (blend.manifest.family, blend.manifest.needs) == ("look", pale.manifest.needs)
    for brightness in (0.2, 0.9):
        thumbnail = np.full((1, 3, 16, 16), brightness, np.float32)
        expected = 0.3 * lut_of(pale, thumbnail) + 0.7 * lut_of(dark, thumbnail)
        np.testing.assert_allclose(lut_of(blend, thumbnail), expected, atol=1e-6)


def test_the_mean_luts_of_looks_are_blended_where_all_have_one(library: StyleLibrary, save_look: SaveLook) -> None:
    tables = [np.full((5, 5, 5, 3), value, np.float32) for value in (0.25, 0.75)]
    for name, table in zip("ab", tables, strict=True):
        save_look(library.user_dir / f"{name}.style", mean_lut=pack_lut(table))
    mean = load_blend("a:0.5,b:0.5", library).mean_lut
    assert mean is not None
    np.testing.assert_allclose(unpack_lut(mean), 0.5, atol=1e-3)
    save_look(library.user_dir / "b.style")
    assert load_blend("a:0.5,b:0.5", library).mean_lut is None


def test_looks_of_other_sizes_are_refused(library: StyleLibrary, save_look: SaveLook) -> None:
    save_look(library.user_dir / "pale.style")
    save_look(library.user_dir / "fine.style", needs=Needs(thumbnail_side=16, lut_size=9))
    with pytest.raises(UsageError, match="different sizes"):
        load_blend("pale,fine", library)


def test_a_look_and_paint_are_refused_with_what_works(library: StyleLibrary, save_look: SaveLook) -> None:
    save_look(library.user_dir / "pale.style")
    with pytest.raises(UsageError, match=r"different families.*'pale\+monet'"):
        load_blend("pale,monet", library)


def test_a_blend_has_the_grain_of_its_styles_by_weight(library: StyleLibrary, save_look: SaveLook) -> None:
    save_look(library.user_dir / "grainy.style", finish=Finish(grain=USUAL_GRAIN, dust=1.0))
    save_look(library.user_dir / "clean.style")
    finish = load_blend("grainy:0.25,clean:0.75", library).manifest.finish
    assert finish is not None
    assert finish.grain is not None
    assert finish.dust == pytest.approx(0.25)
    assert finish.grain.amounts == pytest.approx([0.25 * value for value in USUAL_GRAIN.amounts])
    assert load_blend("clean:0.5,pale:0.5", saved_beside(library, save_look)).manifest.finish is None


def saved_beside(library: StyleLibrary, save_look: SaveLook) -> StyleLibrary:
    save_look(library.user_dir / "pale.style")
    return library
