"""What the page makes of a picture, held against what Impasto makes of it on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto import load
from impasto.apply.full_size import Painting
from impasto.apply.noise_field import noise_field
from impasto.apply.simplification import simplify
from impasto.apply.working_picture import working_picture, working_size
from impasto.errors import ImpastoError
from impasto.export.web_network import script_network
from impasto.export.web_runtime import runtime_files
from impasto.style.manifest import Needs

from .conftest import WriteSite
from .web_fake_runtime import fake_runtime
from .web_networks import INPUT_SHAPE, varied_model
from .web_sites import OpenedSite, in_page, opened, scene, seen, styled_in_page

pytestmark = pytest.mark.browser
BUILTIN = Path(impasto.__file__).parent / "style" / "builtin"
SavePaint = Callable[..., Path]


@pytest.fixture(scope="module")
def site(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenedSite]:
    """A page whose modules are tried one by one."""
    from impasto.export.web import write_site
    from impasto.style.file import load_style

    from .web_sites import SUB_PATH

    folder = tmp_path_factory.mktemp("modules")
    (folder / SUB_PATH).parent.mkdir(parents=True)
    write_site(load_style(BUILTIN / "kodak.style"), "kodak", folder / SUB_PATH, load_runtime=dict)
    with opened(browser, folder) as opened_site:
        opened_site.kept()
        yield opened_site


def assert_close(found: Any, expected: Any, *, mean: float, most: float) -> None:
    difference = np.abs(np.asarray(found, np.float64) - expected)
    assert difference.mean() <= mean
    assert difference.max() <= most


def test_the_script_computes_what_the_runtime_does(site: OpenedSite) -> None:
    import onnxruntime

    model = varied_model()
    described, packed = script_network(model) or pytest.fail("no script runs it")
    thumbnail = np.random.default_rng(2).random(INPUT_SHAPE, np.float32)
    [expected] = onnxruntime.InferenceSession(model).run(None, {"thumbnail": thumbnail})
    found = in_page(
        site,
        """const { ScriptNetwork } = await load("network");
        const result = new ScriptNetwork(JSON.parse(described), numbers.buffer).run("thumbnail", { shape, data: seen });
        return [result.shape, [...result.data]];""",
        described=described.decode(),
        numbers=np.frombuffer(packed, "<f4"),
        seen=thumbnail,
        shape=list(INPUT_SHAPE),
    )
    assert found[0] == list(expected.shape)
    np.testing.assert_allclose(found[1], expected.ravel(), rtol=1e-4, atol=1e-5)


def test_noise_is_the_same_to_the_last_digit(site: OpenedSite) -> None:
    found = in_page(site, 'return [...(await load("noise")).noiseField(37, 53)];')
    np.testing.assert_allclose(np.reshape(found, (37, 53)), noise_field(37, 53, 0)[0, 0], atol=1e-6)


@pytest.mark.parametrize("radius", [0, 1, 3, 5])
def test_pictures_are_simplified_alike(site: OpenedSite, radius: int) -> None:
    picture = np.moveaxis(scene(40, 56), -1, 0)[None].astype(np.float32) / 255
    found = in_page(
        site,
        'return [...(await load("simplify")).simplify(planes, 40, 56, radius)];',
        planes=picture,
        radius=radius,
    )
    assert_close(np.reshape(found, picture.shape), simplify(picture, radius, num_threads=1), mean=1e-5, most=2e-3)


@pytest.mark.parametrize(("size", "side"), [((180, 320), 64), ((40, 31), 64), ((33, 900), 48), ((90, 120), 90)])
def test_working_pictures_are_alike(site: OpenedSite, size: tuple[int, int], side: int) -> None:
    pixels = scene(*size)
    expected = working_size(*size, side, 8)
    height, width, *found = in_page(
        site,
        """const { workingSize } = await load("pace"), on = await stage();
        const size = workingSize({ height: height, width: width }, side, 8);
        on.setPending(picture(pixels, height, width), height, width);
        return [size.padded.height, size.padded.width, ...await on.working(size)];""",
        pixels=np.dstack([pixels, np.full(size, 255, np.uint8)]),
        height=size[0],
        width=size[1],
        side=side,
    )
    assert (height, width) == (expected.padded_height, expected.padded_width)
    planes = np.moveaxis(np.reshape(found, (height, width, 4))[..., :3], -1, 0)
    assert_close(planes, 255 * working_picture(pixels, expected, num_threads=1)[0], mean=0.3, most=1.1)


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("scale", [1, 2, 5])
def test_paintings_are_rendered_alike(site: OpenedSite, scale: int, strength: float) -> None:
    pixels = scene(36 * scale, 48 * scale)
    content = working_picture(pixels, working_size(*pixels.shape[:2], 36, 1), num_threads=1)[0][:, 8:-8, 8:-8]
    painted = (1 - np.roll(content, 1, axis=2) ** 2).astype(np.float32)
    expected = np.empty_like(pixels)
    Painting.of(content, painted, num_threads=1).render(pixels, strength, out=expected, keep_color=False, num_threads=1)
    found = in_page(
        site,
        """const { relate } = await load("relation"), on = await stage();
        on.setPending(picture(pixels, height, width), height, width);
        on.setPainting(relate(content, painted, 36, 48), { height: 36, width: 48 });
        on.draw({ strength: strength });
        return shown(on);""",
        pixels=np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)]),
        content=np.ascontiguousarray(content),
        painted=painted,
        height=pixels.shape[0],
        width=pixels.shape[1],
        strength=strength,
    )
    assert_close(seen(found, *pixels.shape[:2]), expected.astype(float), mean=0.4, most=2)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_a_look_is_that_of_impasto(site: OpenedSite, strength: float) -> None:
    pixels = scene(90, 160)
    expected = load("kodak").apply(pixels, strength)
    assert_close(styled_in_page(site, pixels, strength), expected.astype(float), mean=0.5, most=2)


def test_a_look_is_the_same_in_parts(site: OpenedSite) -> None:
    pixels = scene(96, 80)
    np.testing.assert_array_equal(styled_in_page(site, pixels, parts=3), styled_in_page(site, pixels))


@pytest.mark.parametrize(("kind", "radius"), [("identity", 0), ("invert", 3), ("grain", 2)])
def test_paint_is_that_of_impasto(
    browser: Any, tmp_path: Path, write_page: WriteSite, save_paint: SavePaint, kind: str, radius: int
) -> None:
    path = save_paint(tmp_path / "paint.style", kind, needs=Needs(multiple=8, working_side=64, simplification=radius))
    pixels = scene(96, 144)
    expected = load(path).apply(pixels, 0.8, runtime="onnx").astype(float)
    with opened(browser, write_page(path, load_runtime=lambda: fake_runtime(kind))) as site:
        site.kept()
        whole = styled_in_page(site, pixels, 0.8)
        parts = styled_in_page(site, pixels, 0.8, parts=3)
    assert_close(whole, expected, mean=0.5, most=3)
    assert_close(parts, expected, mean=0.5, most=3)


@pytest.fixture
def real_runtime(browser: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return onnxruntime-web, if an export on this machine has kept it."""
    monkeypatch.setenv("PATH", "")
    try:
        return runtime_files()
    except ImpastoError:
        pytest.skip("onnxruntime-web is not kept here: impasto export monet --to web -o FOLDER fetches it")


def test_a_shipped_paint_style_is_that_of_impasto(
    browser: Any, write_page: WriteSite, real_runtime: dict[str, bytes]
) -> None:
    pixels = scene(150, 200)
    style = load("monet")
    expected = style.apply(pixels, runtime="onnx").astype(float)
    with opened(browser, write_page(BUILTIN / "monet.style", load_runtime=lambda: real_runtime)) as site:
        site.kept()
        assert_close(styled_in_page(site, pixels), expected, mean=0.5, most=3)
