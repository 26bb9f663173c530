"""`learn_style` from films, with grain and wear that the style then carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from film_clips import make_film

from impasto.errors import NoReferencesError, UsageError
from impasto.style.file import StyleFile, load_style
from impasto.style.finish import USUAL_GRAIN, Finish
from impasto.style.manifest import Manifest
from impasto.train import look_run
from impasto.train.job import LearnJob, learn_style
from impasto.vision import encoders

from .conftest import TINY
from .pictures import save_scenes
from .test_job import Heard
from .tiny_encoder import TinyEncoder


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    """Learn with a small encoder, and leave the export out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoders.ENCODERS, "tiny", TinyEncoder)
        patch.setattr(look_run, "pack_style", lambda manifest, *_: StyleFile(manifest, b"a network"))
        yield


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old films")
    for name, seed in (("one.mp4", 0), ("two.mkv", 5)):
        make_film(folder / name, frames=48, size=(192, 144), cuts=(16, 32), seed=seed, options={"qp": "18"})
    return folder


def learned(output: Path, references: list[Path], content: list[Path], **options: object) -> tuple[Manifest, Heard]:
    heard = Heard()
    recipe = replace(TINY, steps=2)
    job = LearnJob(references, output, content, recipe, **options)  # type: ignore[arg-type]
    return learn_style(job, heard), heard


def test_a_style_is_learned_from_films_against_a_film(films: Path, tmp_path: Path) -> None:
    modern = make_film(tmp_path / "modern.mp4", frames=48, size=(192, 144), cuts=(24,), seed=9)
    manifest, heard = learned(tmp_path / "old.style", [films], [modern])
    assert load_style(tmp_path / "old.style").manifest == manifest
    num_references = manifest.sources.num_references
    assert 5 <= num_references <= 6
    assert manifest.sources.num_content == 2
    assert f"references: 3 frames of 3 shots in {films / 'one.mp4'}" in heard.messages
    assert f"content: 2 frames of 2 shots in {modern}" in heard.messages
    assert f"references: {num_references} of {num_references} pictures" in heard.messages
    assert manifest.finish is None


def test_films_and_pictures_go_together(films: Path, tmp_path: Path) -> None:
    photos = save_scenes(tmp_path / "photos", 4)
    manifest, _ = learned(tmp_path / "old.style", [films / "one.mp4", photos], [])
    assert manifest.sources.num_references == 7


def test_two_runs_from_films_are_alike(films: Path, tmp_path: Path) -> None:
    """Frames are known by what they show, so that an interrupted run finds them as they were."""
    first, second = (learned(tmp_path / f"{name}.style", [films], [])[0] for name in "ab")
    assert first.sources == second.sources
    assert first.metrics == second.metrics


def test_a_film_that_shows_nothing_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    with pytest.raises(NoReferencesError, match="no frame"):
        learned(tmp_path / "old.style", [tmp_path / "broken.mp4"], [])
    assert not (tmp_path / "old.style").exists()


def test_grain_is_learned_where_it_is_asked_for(tmp_path: Path) -> None:
    photos = save_scenes(tmp_path / "photos", 3, side=300)
    manifest, heard = learned(tmp_path / "grainy.style", [photos], [], grain=True)
    assert any(line.startswith("grain: deviation up to") for line in heard.messages)
    assert manifest.finish is not None
    assert manifest.finish.grain is not None
    # The scenes have noise of 6 levels at every pixel, which at a higher resolution would be more.
    assert 6 / 255 < manifest.finish.grain.amounts[4] < 9 / 255
    assert load_style(tmp_path / "grainy.style").manifest.finish == manifest.finish
    plain, quiet = learned(tmp_path / "plain.style", [photos], [])
    assert plain.finish is None
    assert not any("grain" in line for line in quiet.messages)


def test_a_style_carries_what_it_is_told_to(tmp_path: Path) -> None:
    photos = save_scenes(tmp_path / "photos", 3)
    manifest, _ = learned(tmp_path / "worn.style", [photos], [], finish="grain,dust:0.5")
    assert manifest.finish == Finish(grain=USUAL_GRAIN, dust=0.5)


def test_a_finish_that_cannot_be_understood_is_refused_before_work_begins(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its parts are"):
        learned(tmp_path / "worn.style", [tmp_path / "gone"], [], finish="rain")
