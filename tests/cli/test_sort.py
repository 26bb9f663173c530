from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from impasto.cli.main import app

KINDS = {"lying": (1, 0), "standing": (0, 1)}


def picture(kind: str, seed: int) -> Image.Image:
    """Stripes of a random width, with a glow at a random place so that no two are alike."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64]
    y, x = random.uniform(0, 64, 2)
    glow = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / random.uniform(200, 900))
    across, along = KINDS[kind]
    stripes = np.sin((across * rows + along * columns) * random.uniform(0.5, 0.9) + random.uniform(0, 6))
    grey = 0.4 + 0.2 * stripes + 0.5 * glow
    return Image.fromarray((np.clip(grey, 0, 1)[..., None] * [255, 230, 200]).astype(np.uint8))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["sort", *map(str, arguments)])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sort") / "photos"
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
        for seed in range(10):
            picture(kind, seed + 100 * len(kind)).save(folder / kind / f"{seed}.png")
    return folder


@pytest.fixture(scope="module")
def classifier(photos: Path) -> Path:
    """A classifier on the shipped encoder."""
    path = photos.parent / "mine.classifier"
    report = photos.parent / "mine.html"
    result = run("train", photos, "-o", path, "--report", report, "--licence", "own photos", "--describe", "Stripes.")
    assert result.exit_code == 0, result.output
    assert "Accuracy in 5 folds" in result.output
    assert "2 classes" in result.output
    assert "<svg" in report.read_text(encoding="utf-8")
    return path


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    folder.mkdir()
    for kind in KINDS:
        for seed in range(3):
            picture(kind, seed + 1000 * len(kind)).save(folder / f"{kind}{seed}.png")
    return folder


def test_it_tells_where_pictures_belong(classifier: Path, shoot: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    result = run("apply", classifier, shoot, "--csv", table)
    assert result.exit_code == 0, result.output
    assert "6 picture(s)" in result.output
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["file", "label", "confidence"]
    assert all(row["label"] in ("unsure", Path(row["file"]).stem[:-1]) for row in rows), rows
    assert sum(row["label"] != "unsure" for row in rows) >= 3
    assert all(0 <= float(row["confidence"]) <= 1 for row in rows)


def test_it_prints_without_a_table(classifier: Path, shoot: Path) -> None:
    result = run("apply", classifier, shoot / "lying0.png")
    assert result.exit_code == 0
    assert "lying0.png" in result.output
    assert "1 picture(s)" in result.output


def test_it_moves_what_it_is_sure_of(classifier: Path, shoot: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    result = run("apply", classifier, shoot, "--move", "--csv", table)
    assert result.exit_code == 0, result.output
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(list(shoot.rglob("*.png"))) == 6
    for row in rows:
        assert Path(row["file"]).is_file()
        expected = shoot if row["label"] == "unsure" else shoot / row["label"]
        assert Path(row["file"]).parent == expected
    assert "moved" in result.output


def test_it_moves_elsewhere(classifier: Path, shoot: Path, tmp_path: Path) -> None:
    result = run("apply", classifier, shoot / "lying0.png", "--move", "--into", tmp_path / "sorted")
    assert result.exit_code == 0, result.output
    assert (shoot / "lying0.png").exists() != (tmp_path / "sorted" / "lying" / "lying0.png").exists()


def test_one_bad_picture_is_named_and_the_rest_is_told(classifier: Path, shoot: Path) -> None:
    (shoot / "broken.jpg").write_bytes(b"\xff\xd8\xffno")
    result = run("apply", classifier, shoot)
    assert result.exit_code == 1
    assert "broken.jpg" in result.output
    assert "6 picture(s)" in result.output


def test_evaluation_measures(classifier: Path, photos: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    result = run("evaluate", classifier, photos, "--report", report)
    assert result.exit_code == 0, result.output
    assert "Measured 20 picture(s)" in result.output
    assert "precision" in result.output
    assert report.exists()


def test_evaluation_takes_a_table(classifier: Path, photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,label\nlying/0.png,lying\nstanding/0.png,spiral\nlost.png,lying\n", encoding="utf-8")
    result = run("evaluate", classifier, photos, "--labels", table)
    assert result.exit_code == 0, result.output
    assert "Measured 1 picture(s)" in result.output
    assert "lost.png" in result.output
    assert "spiral" in result.output


def test_explanations_are_drawn(photos: Path, shoot: Path, tmp_path: Path) -> None:
    classifier = tmp_path / "small.classifier"
    assert run("train", photos, "--from", "none", "--epochs", 2, "--folds", 2, "-o", classifier).exit_code == 0
    drawn = tmp_path / "why.jpg"
    result = run("explain", classifier, shoot / "lying0.png", "-o", drawn)
    assert result.exit_code == 0, result.output
    assert "likeness to chance" in result.output
    width, height = Image.open(drawn).size
    assert height == 64
    assert width == 3 * 64 + 2 * 12
    result = run("explain", classifier, shoot / "lying0.png", "-o", drawn, "--label", "spiral")
    assert result.exit_code == 2
    assert "lying, standing" in result.output


def test_an_explanation_does_not_replace_the_picture(classifier: Path, shoot: Path) -> None:
    before = (shoot / "lying0.png").read_bytes()
    result = run("explain", classifier, shoot / "lying0.png", "-o", shoot / "lying0.png")
    assert result.exit_code == 2
    assert (shoot / "lying0.png").read_bytes() == before


def test_show_says_what_it_is(classifier: Path) -> None:
    result = run("show", classifier)
    assert result.exit_code == 0
    for expected in ("mine", "lying (10), standing (10)", "frozen", "own photos", "Stripes.", "in 5 folds"):
        assert expected in result.output


def test_a_small_network_learns_from_nothing_and_some_labels(photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    rows = [f"{kind}/{seed}.png,{kind if seed < 6 else ''}" for kind in KINDS for seed in range(10)]
    table.write_text("file,label\n" + "\n".join(rows), encoding="utf-8")
    path = tmp_path / "small.classifier"
    result = run("train", photos, "--labels", table, "--from", "none", "--epochs", 2, "--folds", 2, "-o", path)
    assert result.exit_code == 0, result.output
    assert "8 picture(s) have no label" in result.output
    assert "small" in run("show", path).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "nothing"), "'encoder' or 'none'"),
        (("--from", "none", "--finetune"), "Give one of them"),
        (("--sure", "1.5"), "share of labels"),
    ],
)
def test_options_that_contradict_are_refused(
    photos: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run("train", photos, "-o", tmp_path / "x.classifier", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "x.classifier").exists()


def test_one_class_is_refused(photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos / "lying", tmp_path / "one" / "lying")
    result = run("train", tmp_path / "one", "-o", tmp_path / "x.classifier")
    assert result.exit_code == 2
    assert "two or more classes" in result.output


def test_moving_needs_to_know_where(classifier: Path, shoot: Path) -> None:
    assert "--into" in run("apply", classifier, shoot / "lying0.png", "--move").output
    assert "give --move" in run("apply", classifier, shoot, "--into", shoot).output
    assert len(list(shoot.iterdir())) == 6


def test_the_table_does_not_replace_a_picture(classifier: Path, shoot: Path) -> None:
    result = run("apply", classifier, shoot, "--csv", shoot / "lying0.png")
    assert result.exit_code == 2
    assert Image.open(shoot / "lying0.png").size == (64, 64)


def test_a_style_is_no_classifier_and_the_reverse(
    classifier: Path, shoot: Path, tmp_path: Path, save_look: Callable[..., Path]
) -> None:
    style = save_look(tmp_path / "look.style")
    result = run("apply", style, shoot)
    assert result.exit_code == 2
    assert "is a style, not a classifier" in " ".join(result.output.split())
    disguised = shutil.copy(classifier, tmp_path / "mine.style")
    for given in (classifier, disguised):
        result = CliRunner().invoke(
            app, ["apply", str(shoot), "--style", str(given), "-o", str(tmp_path / "out")], catch_exceptions=False
        )
        assert result.exit_code == 2
        assert "is a classifier, not a style" in " ".join(result.output.split())


def test_the_command_is_known_without_anything_heavy() -> None:
    code = "import sys, impasto.cli.sort\nassert not {'numpy', 'torch', 'PIL', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
