"""From style files of any family to stylizers, with options that are checked before anything is loaded."""

from datetime import date

import numpy as np
import pytest

from impasto.apply.chain import ChainStylizer
from impasto.apply.finish import unfinished
from impasto.apply.look import LookStylizer
from impasto.apply.lut import Lut3D
from impasto.apply.masked import MaskedStylizer
from impasto.apply.paint import PaintStylizer
from impasto.apply.stylizer import State
from impasto.apply.stylizers import StylizerOptions, make_stylizer, within
from impasto.errors import StyleFileError, UsageError
from impasto.media.frame import Frame
from impasto.style.finish import USUAL_GRAIN, Finish
from impasto.style.manifest import Manifest, Needs, Sources
from impasto.vision.lab import rgb_to_lab

from .networks import FakePaint, constant

LOOK, PAINT = Needs(thumbnail_side=8, lut_size=9), Needs(multiple=8, working_side=64)


def manifest(family="paint", needs=PAINT):
    sources = Sources.of(["0" * 64], 1, "")
    return Manifest(
        name="oil", family=family, description="", created=date(2026, 12, 1), impasto_version="0", needs=needs,
        recipe={}, sources=sources,
    )  # fmt: skip


def photo(height=70, width=90):
    return np.random.default_rng(0).integers(60, 190, (height, width, 3)).astype(np.uint8)


def inverted(content):
    return 1 - content


def darkening():
    return constant(Lut3D(Lut3D.identity(9).table * 0.5))


def never():
    raise AssertionError("the network was loaded")


def test_each_family_has_its_stylizer():
    assert isinstance(make_stylizer(manifest(), FakePaint, StylizerOptions()), PaintStylizer)
    assert isinstance(make_stylizer(manifest("look", LOOK), darkening, StylizerOptions()), LookStylizer)


def test_a_dream_is_refused_before_its_network_is_loaded():
    with pytest.raises(StyleFileError, match=r"is a dream.*'impasto dream'"):
        make_stylizer(manifest("dream", Needs(picture_side=16, latent_size=4)), never, StylizerOptions())


def test_a_family_of_the_future_is_refused_before_its_network_is_loaded():
    future = manifest("dream", Needs(picture_side=16, latent_size=4)).model_copy(update={"family": "sculpture"})
    with pytest.raises(StyleFileError, match=r"family 'sculpture'.*upgrade"):
        make_stylizer(future, never, StylizerOptions())


def test_a_look_refuses_a_texture_scale_before_its_network_is_loaded():
    with pytest.raises(UsageError, match="'oil' is a look, which has no texture"):
        make_stylizer(manifest("look", LOOK), never, StylizerOptions(texture_scale=2))


def test_what_the_manifest_says_reaches_the_network():
    runtime = FakePaint()
    needs = Needs(multiple=32, working_side=100)
    make_stylizer(manifest(needs=needs), lambda: runtime, StylizerOptions(texture_scale=2))(Frame(photo()), State())
    height, width = runtime.inputs[0]["content"].shape[2:]
    assert height % 32 == width % 32 == 0
    assert 50 <= height < 50 + 2 * 32


@pytest.mark.parametrize("family", ["look", "paint"])
def test_strength_and_kept_colour_reach_every_family(family):
    pixels = photo()
    runtime = darkening() if family == "look" else FakePaint(lambda content: content * 0.5)
    needs = LOOK if family == "look" else PAINT

    def result(**options):
        stylizer = make_stylizer(manifest(family, needs), lambda: runtime, StylizerOptions(**options))
        return stylizer(Frame(pixels), State())[0].pixels.astype(float)

    whole = result()
    assert np.abs(result(strength=0.5) - (pixels + whole) / 2).max() <= 1.01
    kept, before = rgb_to_lab(result(keep_color=True) / 255), rgb_to_lab(pixels / 255)
    assert kept[..., 0].mean() < 0.75 * before[..., 0].mean()
    chroma, chroma_before = (np.hypot(lab[..., 1], lab[..., 2]).mean() for lab in (kept, before))
    assert chroma > 0.8 * chroma_before


@pytest.mark.parametrize(
    "options",
    [{"strength": 1.1}, {"strength": -0.1}, {"strength": float("nan")}, {"texture_scale": 0.1}, {"texture_scale": 9}],
)
def test_options_out_of_range(options):
    with pytest.raises(UsageError):
        StylizerOptions(**options)


@pytest.mark.parametrize(
    ("options", "is_whole"),
    [
        ({}, True),
        ({"texture_scale": 2}, True),
        ({"runtime": "onnx"}, True),
        ({"strength": 0.9}, False),
        ({"keep_color": True}, False),
        ({"where": "subject"}, False),
    ],
)
def test_a_gate_is_told_what_shows_less_than_the_style(options, is_whole):
    assert StylizerOptions(**options).is_whole is is_whole


def test_everywhere_needs_no_mask():
    stylizer = make_stylizer(manifest(), FakePaint, StylizerOptions())
    assert within(stylizer, None) is stylizer
    assert isinstance(within(stylizer, np.ones((4, 4), bool)), MaskedStylizer)


def test_a_mask_holds_for_a_chain_as_a_whole():
    pixels, mask = photo(), np.zeros((70, 90), bool)
    mask[:35] = True
    twice = ChainStylizer([make_stylizer(manifest(), lambda: FakePaint(inverted), StylizerOptions()) for _ in range(2)])
    whole, _ = twice(Frame(pixels), State())
    part, state = within(twice, mask)(Frame(pixels), State())
    np.testing.assert_array_equal(part.pixels[35:], pixels[35:])
    np.testing.assert_array_equal(part.pixels[:35], whole.pixels[:35])
    assert [each.canvas is not None for each in state.states] == [True, True]


def grainy(family="paint", needs=PAINT):
    return manifest(family, needs).model_copy(update={"finish": Finish(grain=USUAL_GRAIN, dust=1.0)})


@pytest.mark.parametrize("family", ["look", "paint"])
def test_a_finish_that_a_style_carries_is_laid_over_its_results(family):
    needs = LOOK if family == "look" else PAINT
    runtime = darkening() if family == "look" else FakePaint(lambda content: content * 0.5)
    frame = Frame(photo())

    def result(made, **options):
        return make_stylizer(made, lambda: runtime, StylizerOptions(**options))(frame, State())[0].pixels.astype(float)

    plain = result(manifest(family, needs))
    finished = result(grainy(family, needs))
    assert 0.5 < np.abs(finished - plain).mean() < 12
    np.testing.assert_array_equal(result(grainy(family, needs), finish=0), plain)
    assert np.abs(result(grainy(family, needs), finish="grain:2") - plain).mean() > np.abs(finished - plain).mean()
    assert (result(manifest(family, needs), finish="dust:4") != plain).any()


def test_less_of_a_style_is_less_of_its_finish():
    frame = Frame(np.full((90, 120, 3), 128, np.uint8))
    keeping = constant(Lut3D.identity(9))

    def deviation(strength):
        options = StylizerOptions(strength, finish="grain")
        stylizer = make_stylizer(grainy("look", LOOK), lambda: keeping, options)
        return stylizer(frame, State())[0].pixels.std()

    assert deviation(0) == 0
    assert deviation(0.5) == pytest.approx(deviation(1) / 2, rel=0.1)


def test_a_finish_that_cannot_be_understood_is_refused_before_the_network_is_loaded():
    with pytest.raises(UsageError, match="its parts are"):
        make_stylizer(manifest(), never, StylizerOptions(finish="rain"))


def test_a_finish_lies_over_what_a_mask_spares():
    """Else grain would show the outline of the mask."""
    pixels, mask = photo(), np.zeros((70, 90), bool)
    mask[:35] = True
    stylizer = within(make_stylizer(grainy(), FakePaint, StylizerOptions(finish="grain:3")), mask)
    plain, _ = unfinished(stylizer)(Frame(pixels), State())
    np.testing.assert_array_equal(plain.pixels[35:], pixels[35:])
    whole, _ = stylizer(Frame(pixels), State())
    for rows in (slice(35), slice(35, None)):
        assert (whole.pixels[rows] != plain.pixels[rows]).mean() > 0.5
