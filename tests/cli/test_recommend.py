"""`impasto recommend` and `impasto rate`, with real styles and pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.style.library import default_library
from impasto.style.lut_member import pack_lut

from .conftest import Run, RunProcess

ROW = re.compile(r"^ *(\d+)  (\S+) +([1-5]\.\d) ± (\d\.\d) +([01]\.\d)  (\S.*)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: False)


@pytest.fixture
def photo(home: Path, picture: NDArray[np.uint8]) -> Path:
    Image.fromarray(picture).resize((320, 240)).save("photo.jpg", quality=95)
    return Path("photo.jpg")


def rows(output: str) -> list[tuple[str, ...]]:
    return ROW.findall(output)


def stars_of(output: str) -> dict[str, float]:
    return {style: float(stars) for _, style, stars, *_ in rows(output)}


def test_built_in_styles_are_ranked(run: Run, photo: Path) -> None:
    output = run("recommend", photo, "-n", 100).output
    found = rows(output)
    assert {row[1] for row in found} == {name for name, family, _ in default_library().overview() if family == "look"}
    assert [int(row[0]) for row in found] == list(range(1, len(found) + 1))
    stars = [float(row[2]) for row in found]
    assert stars == sorted(stars, reverse=True)
    first = found[0]
    assert f"impasto apply photo.jpg --style {first[1]} --strength {first[4]}" in output
    assert "rated nothing yet" in output
    assert run("recommend", photo, "-n", 100).output == output


def test_the_number_of_styles_is_chosen(run: Run, photo: Path) -> None:
    assert len(rows(run("recommend", photo).output)) == 5
    assert len(rows(run("recommend", photo, "--count", 2).output)) == 2
    run("recommend", photo, "-n", 0, code=2)


def test_recommending_writes_nothing(run: Run, photo: Path, home: Path) -> None:
    run("recommend", photo)
    assert not home.parent.exists()


def test_ratings_move_the_ranking_and_forgetting_moves_it_back(run: Run, photo: Path, home: Path) -> None:
    before = run("recommend", photo, "-n", 100).output
    ranked = [row[1] for row in rows(before)]
    worst, best = ranked[-1], ranked[0]
    assert (
        f"Kept: 5 stars for {worst} on photo.jpg. Ratings: 1."
        in run("rate", photo, "--style", worst, "--stars", 5).output
    )
    run("rate", photo, "--style", best, "--stars", 1)
    after = run("recommend", photo, "-n", 100).output
    now = [row[1] for row in rows(after)]
    assert now.index(worst) < now.index(best)
    assert stars_of(after)[worst] > stars_of(before)[worst] + 0.5
    assert "Your 2 rating(s) count in this." in after
    assert {row[1]: row[5] for row in rows(after)}[worst].endswith("; you gave it 5 stars")
    assert run("rate", "--forget").output == "Forgot all ratings.\n"
    assert not (home.parent / "taste.sqlite").exists()
    assert run("recommend", photo, "-n", 100).output == before
    assert run("rate", "--forget").output == "There were no ratings.\n"


def test_a_rating_is_of_one_strength_and_is_replaced(run: Run, photo: Path) -> None:
    run("rate", photo, "--style", "kodak", "--stars", 4, "--strength", 0.5)
    assert "Ratings: 2." in run("rate", photo, "--style", "kodak", "--stars", 1).output
    assert "Changed: 3.5 stars" in run("rate", photo, "-s", "kodak", "--stars", 3.5, "--strength", 0.5).output
    assert "Changed: 1 star for" in run("rate", photo, "-s", "kodak", "--stars", 1).output


def test_ones_own_styles_are_ranked_too(run: Run, photo: Path, save_look: Callable[..., Path], home: Path) -> None:
    axis = np.linspace(0, 1, 3)
    identity = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    save_look(home / "mine.style", mean_lut=pack_lut(identity * [0.9, 0.8, 0.7] + [0.1, 0.08, 0.02]))
    assert "mine" in stars_of(run("recommend", photo, "-n", 100).output)
    assert "for mine on" in run("rate", photo, "--style", home / "mine.style", "--stars", 4).output


def test_a_style_that_cannot_be_judged_is_named_and_the_rest_ranked(
    run: Run, photo: Path, save_look: Callable[..., Path], home: Path
) -> None:
    save_look(home / "early.style")
    (home / "broken.style").write_bytes(b"nothing")
    result = run("recommend", photo, "-n", 100)
    assert "early.style holds no mean look" in result.stderr
    assert "broken.style" in result.stderr
    looks = [name for name, family, _ in default_library().overview() if family == "look"]
    assert len(rows(result.stdout)) == len(looks) - 1
    assert "early.style holds no mean look" in run("rate", photo, "-s", "early", "--stars", 3, code=2).stderr


def test_only_looks_are_ranked_and_rated(run: Run, photo: Path, save_paint: Callable[..., Path], home: Path) -> None:
    before = run("recommend", photo, "-n", 100)
    save_paint(home / "oil.style")
    after = run("recommend", photo, "-n", 100)
    assert (after.stdout, after.stderr) == (before.stdout, "")
    assert "oil is a paint style: only looks" in run("rate", photo, "-s", "oil", "--stars", 3, code=2).stderr


def test_an_unknown_style_gives_the_nearest_names(run: Run, photo: Path) -> None:
    assert "did you mean 'kodak'?" in run("rate", photo, "--style", "kodack", "--stars", 4, code=2).stderr


@pytest.mark.parametrize("stars", ["0", "6", "many", "-1", "nan"])
def test_stars_out_of_range_are_refused(run: Run, photo: Path, home: Path, stars: str) -> None:
    result = run("rate", photo, "--style", "kodak", f"--stars={stars}", code=2)
    assert "stars" in result.stderr
    assert not home.parent.exists()


@pytest.mark.parametrize("strength", ["0", "1.5", "nan"])
def test_strengths_out_of_range_are_refused(run: Run, photo: Path, home: Path, strength: str) -> None:
    result = run("rate", photo, "--style", "kodak", "--stars", 3, "--strength", strength, code=2)
    assert "strength" in result.stderr
    assert not home.parent.exists()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("photo.jpg",),
        ("photo.jpg", "--style", "kodak"),
        ("photo.jpg", "--stars", "3"),
        ("--stars", "3", "-s", "noir"),
    ],
)
def test_a_rating_needs_all_three(run: Run, photo: Path, words: tuple[str, ...]) -> None:
    assert "impasto rate photo.jpg --style NAME --stars 4" in run("rate", *words, code=2).stderr


def test_forgetting_is_not_mixed_with_rating(run: Run, photo: Path) -> None:
    run("rate", photo, "--style", "kodak", "--stars", 4)
    assert "alone" in run("rate", photo, "--style", "kodak", "--stars", 4, "--forget", code=2).stderr
    assert "Your 1 rating(s)" in run("recommend", photo).output


@pytest.mark.parametrize("command", [("recommend",), ("rate", "--style", "kodak", "--stars", "3")])
def test_pictures_that_cannot_be_read(run: Run, photo: Path, command: tuple[str, ...]) -> None:
    Path("text.jpg").write_text("not a picture", encoding="utf-8")
    assert "does not exist" in run(*command, "missing.jpg", code=2).stderr
    assert "text.jpg" in run(*command, "text.jpg", code=2).stderr


def test_damaged_ratings_are_set_aside_and_that_is_said(run: Run, photo: Path, home: Path) -> None:
    run("rate", photo, "--style", "kodak", "--stars", 4)
    (home.parent / "taste.sqlite").write_bytes(b"scribbled over" * 100)
    result = run("recommend", photo)
    assert "taste.damaged-1.sqlite" in result.stderr
    assert len(rows(result.stdout)) == 5
    assert "rated nothing yet" in result.stdout
    assert (home.parent / "taste.damaged-1.sqlite").exists()
    assert "Ratings: 1." in run("rate", photo, "--style", "kodak", "--stars", 4).output


def test_grey_and_transparent_pictures_are_taken(run: Run, home: Path, picture: NDArray[np.uint8]) -> None:
    Image.fromarray(picture).convert("L").save("grey.png")
    Image.fromarray(picture).convert("RGBA").save("clear.png")
    for name in ("grey.png", "clear.png"):
        assert len(rows(run("recommend", name).output)) == 5
    assert "black and white" not in run("recommend", "grey.png", "-n", 100).output


def test_it_needs_nothing_that_only_learning_installs(run_process: RunProcess, photo: Path) -> None:
    run_process("rate", photo, "--style", "noir", "--stars", 5)
    assert "noir" in run_process("recommend", photo).stdout
