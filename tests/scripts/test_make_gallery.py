"""The gallery shows every paint style there is, in sheets that a page can carry."""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from paint_styles import make_paint_style
from PIL import Image

from impasto.errors import UsageError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    for package in ("skimage", "sklearn"):
        pytest.importorskip(package)
    spec = importlib.util.spec_from_file_location("make_gallery", ROOT / "scripts" / "make_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data_dir(gallery: ModuleType, tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "portraits" / "pixabay"
    folder.mkdir(parents=True)
    for number, name in enumerate(gallery.PIXABAY):
        plain = np.full((150, 120, 3), (40 * number, 90, 120), np.uint8)
        Image.fromarray(plain).save(folder / name)
    return tmp_path / "data"


def built_in(gallery: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a folder of styles be what the package carries."""
    library = gallery.default_library()
    monkeypatch.setattr(gallery, "default_library", lambda: type(library)(folder, folder.parent / "none"))
    monkeypatch.setattr(gallery.impasto, "load", lambda name, load=gallery.impasto.load: load(folder / f"{name}.style"))


def images_of(page: str) -> list[str]:
    return re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)


class TestThePage:
    @pytest.fixture
    def docs(
        self, gallery: ModuleType, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save_look: object
    ) -> Path:
        make_paint_style(tmp_path / "styles" / "invert.style", "invert")
        make_paint_style(tmp_path / "styles" / "sharpen.style", "sharpen")
        save_look(tmp_path / "styles" / "film.style")  # type: ignore[operator]
        built_in(gallery, tmp_path / "styles", monkeypatch)
        stale = tmp_path / "docs" / "images" / "gallery" / "gone.jpg"
        stale.parent.mkdir(parents=True)
        stale.touch()
        gallery.main([str(data_dir), "--docs", str(tmp_path / "docs")])
        return tmp_path / "docs"

    def test_it_shows_each_paint_style_and_no_look(self, docs: Path) -> None:
        page = (docs / "gallery.md").read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["invert", "sharpen", "Pictures"]
        assert "A paint style that does invert." in page
        assert "my own paintings." in page
        assert all((docs / image).is_file() for image in images_of(page))
        assert len(images_of(page)) == 3

    def test_the_sheets_are_those_of_the_page_small_and_of_one_size(self, docs: Path) -> None:
        sheets = sorted((docs / "images" / "gallery").iterdir())
        assert [path.name for path in sheets] == ["invert.jpg", "originals.jpg", "sharpen.jpg"]
        assert all(path.stat().st_size <= 200_000 for path in sheets)
        assert len({Image.open(path).size for path in sheets}) == 1

    def test_each_picture_is_in_the_style(self, docs: Path) -> None:
        """Inverted tiles and their originals sum to white."""
        sheets = [
            np.asarray(Image.open(docs / "images" / "gallery" / f"{name}.jpg"), np.float32)
            for name in ("invert", "originals")
        ]
        total = (sheets[0] + sheets[1]).mean(axis=2)
        tiles = [(140, 140 + 288 * column) for column in range(6)] + [(430, 200 + 430 * column) for column in range(4)]
        for row, column in tiles:
            assert np.median(total[row - 40 : row + 40, column - 40 : column + 40]) == pytest.approx(255, abs=12)


def test_named_styles_are_shown_whatever_their_family(
    gallery: ModuleType, data_dir: Path, tmp_path: Path, save_look: object
) -> None:
    save_look(tmp_path / "film.style")  # type: ignore[operator]
    gallery.main([str(data_dir), "--style", str(tmp_path / "film.style"), "--docs", str(tmp_path / "docs")])
    assert "## film" in (tmp_path / "docs" / "gallery.md").read_text(encoding="utf-8")


def test_without_a_paint_style_there_is_no_page(
    gallery: ModuleType, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "styles").mkdir()
    built_in(gallery, tmp_path / "styles", monkeypatch)
    with pytest.raises(UsageError, match="--style"):
        gallery.main([str(data_dir), "--docs", str(tmp_path / "docs")])
    assert not (tmp_path / "docs").exists()


def test_missing_portraits_are_named(gallery: ModuleType, data_dir: Path, tmp_path: Path) -> None:
    (data_dir / "portraits" / "pixabay" / gallery.PIXABAY[1]).unlink()
    with pytest.raises(SystemExit, match=gallery.PIXABAY[1]):
        gallery.pictures(tmp_path / "data")


@pytest.mark.parametrize("roughness", [5, 120])
def test_the_roughest_sheet_fits(gallery: ModuleType, roughness: float) -> None:
    noise = np.random.default_rng(0).normal(128, roughness, (568, 1720, 3)).clip(0, 255).astype(np.uint8)
    encoded = gallery.compact_jpeg(Image.fromarray(noise))
    assert len(encoded) <= 200_000
    assert Image.open(io.BytesIO(encoded)).width >= 500
