"""The files of a page, before any browser sees them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.conftest import Run
from PIL import Image

from impasto.errors import OutputError, StyleFileError, UsageError
from impasto.export import web
from impasto.export.web import PageWarning, site_files, write_site
from impasto.export.web_icons import icons
from impasto.style.file import StyleFile, load_style
from impasto.style.finish import Finish

from .web_fake_runtime import fake_runtime
from .web_networks import varied_model

PAGE_DIR = Path(web.__file__).with_name("web_page")
SaveStyle = Callable[..., Path]


def no_runtime() -> dict[str, bytes]:
    pytest.fail("the runtime was asked for")


@pytest.fixture
def look(tmp_path: Path, save_look: SaveStyle) -> StyleFile:
    return load_style(save_look(tmp_path / "pale.style"))


@pytest.fixture
def paint(tmp_path: Path, save_paint: SaveStyle) -> StyleFile:
    return load_style(save_paint(tmp_path / "oil.style"))


def files_of(style: StyleFile, name: str = "pale", **options: Any) -> dict[str, bytes]:
    return site_files(style, name, **({"strength": 1.0, "load_runtime": no_runtime} | options))


def kept_by(files: dict[str, bytes]) -> dict[str, Any]:
    found = re.search(rb"const KEPT = (\{.*?\});\n", files["sw.js"])
    assert found
    kept: dict[str, Any] = json.loads(found[1])
    return kept


def test_a_look_takes_no_runtime(look: StyleFile) -> None:
    files = files_of(look)
    assert {"style/network.json", "style/network.bin"} < set(files)
    assert "style/generator.onnx" not in files
    assert not any(path.startswith("runtime/") for path in files)
    assert json.loads(files["style/style.json"])["network"] == "script"


def test_a_look_that_no_script_runs_takes_the_runtime(tmp_path: Path, save_look: SaveStyle) -> None:
    style = load_style(save_look(tmp_path / "odd.style", varied_model(last="Sigmoid")))
    files = files_of(style, load_runtime=fake_runtime)
    assert files["style/generator.onnx"] == style.generator
    assert files["runtime/ort.wasm.min.mjs"] == fake_runtime()["ort.wasm.min.mjs"]
    assert "style/network.json" not in files


def test_a_paint_style_comes_with_its_runtime_and_the_license_of_that(paint: StyleFile) -> None:
    files = files_of(paint, load_runtime=fake_runtime)
    assert set(kept_by(files)["later"]) == {f"runtime/{name}" for name in (*fake_runtime(), "LICENSE.txt")}
    assert b"MIT License" in files["runtime/LICENSE.txt"]
    about = json.loads(files["style/style.json"])
    assert (about["family"], about["workingSide"], about["multiple"]) == ("paint", 64, 8)


def test_everything_that_a_page_loads_is_there_and_is_kept(paint: StyleFile) -> None:
    files = files_of(paint, load_runtime=fake_runtime)
    kept = kept_by(files)
    expected = {"./", *kept["shell"], *kept["later"], "sw.js", "site.json"}
    assert {"./", *files} == expected
    for path, content in files.items():
        if path.endswith(".js"):
            for name in re.findall(r"""(?:from|new Worker\(new URL\(|Asking\()\s*["']\./(.*?)["']""", content.decode()):
                assert f"js/{name}" in kept["shell"]
    for name in re.findall(r'(?:href|src)="([^"#{]+)"', files["index.html"].decode()):
        assert name in files


def test_nothing_comes_from_elsewhere(paint: StyleFile) -> None:
    for path, content in files_of(paint, load_runtime=fake_runtime).items():
        if path.endswith((".html", ".css", ".js", ".webmanifest")):
            assert not re.findall(rb"https?://[\w-]+[.][\w.]+", content), path


def test_the_page_and_what_keeps_it_allow_the_same() -> None:
    [stated] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page_text("index.html"))
    [kept] = re.findall(r"const POLICY = (.*?);\n", page_text("sw.js"), re.DOTALL)
    joined = "".join(re.findall(r'"([^"]*)"', kept))
    assert joined == f"{stated}; frame-ancestors 'self'"


def page_text(path: str) -> str:
    return (PAGE_DIR / path).read_text(encoding="utf-8")


def test_the_version_changes_with_any_byte(look: StyleFile, paint: StyleFile) -> None:
    versions = [
        kept_by(files_of(look))["version"],
        kept_by(files_of(look, strength=0.5))["version"],
        kept_by(files_of(look, name="paler"))["version"],
        kept_by(files_of(paint, load_runtime=fake_runtime))["version"],
        kept_by(files_of(paint, load_runtime=lambda: fake_runtime("invert")))["version"],
    ]
    assert len(set(versions)) == len(versions)
    assert kept_by(files_of(look))["version"] == versions[0]


def test_both_languages_say_everything() -> None:
    english, chinese = page_text("js/texts.js").split("\n  zh: {")
    keys = [
        set(re.findall(r"(?:^|[{,])\s*(\w+): (?=[\"'(]|\w+ =>)", part, re.MULTILINE)) for part in (english, chinese)
    ]
    assert keys[0] - {"en"} == keys[1] - {"en"} - {"zh"}
    asked = set(re.findall(r'data-text="(\w+)"', page_text("index.html")))
    assert asked <= keys[0]


def test_names_and_descriptions_are_text_and_not_markup(tmp_path: Path, save_look: SaveStyle) -> None:
    style = load_style(save_look(tmp_path / "pale.style", description='<script>1</script> "&'))
    page = files_of(style)["index.html"].decode()
    assert "<script>1" not in page
    assert "&lt;script&gt;1&lt;/script&gt; &quot;&amp;" in page
    assert "{{" not in page


def test_an_app_can_be_made_of_it(look: StyleFile) -> None:
    files = files_of(look)
    manifest = json.loads(files["manifest.webmanifest"])
    assert manifest["name"] == "Impasto · pale"
    assert manifest["display"] == "standalone"
    assert manifest["start_url"] == manifest["scope"] == "./"
    for icon in manifest["icons"]:
        with Image.open(io.BytesIO(files[icon["src"]])) as image:
            assert image.format == "PNG"
            assert f"{image.width}x{image.height}" == icon["sizes"]


def test_icons_show_what_the_style_makes() -> None:
    preview = np.zeros((80, 120, 3), np.uint8)
    preview[40:, :40] = (200, 60, 20)
    stream = io.BytesIO()
    Image.fromarray(preview).save(stream, "JPEG", quality=95)
    with Image.open(io.BytesIO(icons(stream.getvalue())[192])) as image:
        np.testing.assert_allclose(np.asarray(image)[60:130, 60:130], np.full((70, 70, 3), (200, 60, 20)), atol=12)
    with pytest.raises(StyleFileError, match="preview"):
        icons(b"no picture")


def test_a_family_that_no_page_runs_is_refused(look: StyleFile) -> None:
    manifest = look.manifest.model_copy(update={"family": "dream"})
    style = StyleFile(manifest, look.generator)
    with pytest.raises(StyleFileError, match=r"dream.*pip install --upgrade"):
        files_of(style)


def test_an_earlier_page_is_replaced_whole(tmp_path: Path, look: StyleFile, paint: StyleFile) -> None:
    folder = tmp_path / "site"
    written = write_site(paint, "oil", folder, load_runtime=fake_runtime)
    assert "runtime/LICENSE.txt" in written
    write_site(look, "pale", folder, load_runtime=no_runtime)
    assert not (folder / "runtime").exists()
    assert not list(tmp_path.glob(".impasto-*"))
    listed = json.loads((folder / "site.json").read_text(encoding="utf-8"))["files"]
    assert sorted(listed) == sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("place", ["notes.txt", "js/own.js", "style/mine/photo.jpg"])
def test_what_no_export_wrote_is_left_alone(tmp_path: Path, look: StyleFile, place: str) -> None:
    folder = tmp_path / "site"
    write_site(look, "pale", folder, load_runtime=no_runtime)
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=f"no export wrote, such as {place}"):
        write_site(look, "pale", folder, load_runtime=no_runtime)
    assert (folder / place).read_text(encoding="utf-8") == "mine"


def test_a_folder_without_a_list_is_not_taken_for_a_page(tmp_path: Path, look: StyleFile) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"a\.jpg"):
        write_site(look, "pale", tmp_path / "photos", load_runtime=no_runtime)
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(OutputError, match="is a file"):
        write_site(look, "pale", tmp_path / "file", load_runtime=no_runtime)
    with pytest.raises(OutputError, match="cannot be written"):
        write_site(look, "pale", tmp_path / "none" / "site", load_runtime=no_runtime)


def test_what_fails_leaves_the_earlier_page(
    tmp_path: Path, look: StyleFile, paint: StyleFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site"
    write_site(look, "pale", folder, load_runtime=no_runtime)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_bytes = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "generator.onnx":
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_site(paint, "oil", folder, load_runtime=fake_runtime)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not list(tmp_path.glob(".impasto-*"))


def test_a_chain_is_several_styles(home: Path, save_look: SaveStyle) -> None:
    from impasto import load
    from impasto.api.page import write_page

    for name in ("one", "two"):
        save_look(home / f"{name}.style")
    with pytest.raises(UsageError, match="several styles"):
        write_page(load("one+two"), "site")
    assert not Path("site").exists()


def test_grain_that_a_page_leaves_out_is_told(tmp_path: Path, save_look: SaveStyle) -> None:
    style = load_style(save_look(tmp_path / "old.style", finish=Finish(dust=1.0)))
    with pytest.warns(PageWarning, match="old lays grain or wear"):
        write_site(style, "old", tmp_path / "site", load_runtime=no_runtime)


def test_the_command_writes_a_page_and_says_how_to_try_it(run: Run, home: Path, save_look: SaveStyle) -> None:
    save_look(home / "pale.style")
    told = run("export", "pale", "--to", "web", "-o", "my site", "--strength", "0.5").stdout
    assert re.search(r"Wrote my site \(\d+ files, \d+\.\d MB\)", told)
    assert "--directory 'my site' 8000" in told
    about = json.loads(Path("my site/style/style.json").read_text(encoding="utf-8"))
    assert about["strength"] == 0.5
    run("export", "pale", "--to", "web", "-o", "my site")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pale", "--to", "web", "-o", "site", "--size", "33"], "--size is not for '--to web'"),
        (["pale", "--to", "web", "-o", "site", "--for", "a.png"], "--for is not for '--to web'"),
        (["pale", "-o", "a.cube", "--web-runtime", "a.tgz"], "--web-runtime is not for '--to cube'"),
        (["pale+pale", "--to", "web", "-o", "site"], "several styles"),
        (["oil", "--to", "web", "-o", "site", "--web-runtime", "pale.tgz"], "its hash is another"),
        (["oil", "--to", "web", "-o", "site", "--web-runtime", "none.tgz"], "none.tgz cannot be read"),
        (["pale", "--to", "web", "-o", "photos"], "photos holds what no export wrote"),
    ],
)
def test_what_the_command_refuses_leaves_nothing(
    run: Run, home: Path, save_look: SaveStyle, save_paint: SaveStyle, words: list[str], message: str
) -> None:
    save_look(home / "pale.style")
    save_paint(home / "oil.style")
    Path("pale.tgz").write_bytes(b"no package")
    Path("photos").mkdir()
    Path("photos/a.jpg").write_bytes(b"mine")
    assert message in run("export", *words, code=2).stderr
    assert sorted(path.name for path in Path().rglob("*")) == ["a.jpg", "pale.tgz", "photos"]
