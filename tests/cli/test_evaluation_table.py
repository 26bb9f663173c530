"""What `impasto evaluate` prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.cli.evaluation_table import print_evaluation
from impasto.quality.results import Evaluation, MetricValue, PictureResult


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def metric(title: str, value: float | None, group: str = "style", **options: object) -> MetricValue:
    return MetricValue(
        title.lower(),
        title,
        value,
        bool(options.get("higher")),
        "Read it so.",
        group,
        **({"untouched": options["untouched"]} if "untouched" in options else {}),
    )


def pictures(*names: str) -> list[PictureResult]:
    return [PictureResult(Path(name), None, {}, badness) for badness, name in enumerate(names)]


def printed(evaluation: Evaluation, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_evaluation(evaluation)
    lines = [line.replace("│", " ") for line in capsys.readouterr().out.splitlines()]
    return [line.strip() for line in lines]


def row(lines: list[str], title: str) -> list[str]:
    [found] = [line.split() for line in lines if line.startswith(title)]
    return found


def test_each_metric_is_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = [metric("Gram", 0.123456, untouched=2.0), metric("SSIM", 0.9, higher=True, group="content")]
    lines = printed(Evaluation("Kodak", metrics, []), capsys)
    assert lines[0].startswith("Kodak")
    assert row(lines, "Gram")[1:4] == ["0.1235", "2", "lower"]
    assert row(lines, "SSIM")[1:3] == ["0.9", "higher"]
    assert all(line.endswith("Read it so.") for line in lines if line.startswith(("Gram", "SSIM")))


def test_what_was_not_measured_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    assert row(printed(Evaluation("K", [metric("FID", None)], []), capsys), "FID")[1] == "–"


def test_groups_come_once_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = [metric("Gram", 1.0), metric("FID", 2.0), metric("SSIM", 3.0, group="of my own")]
    lines = printed(Evaluation("K", metrics, []), capsys)
    places = [next(place for place, line in enumerate(lines) if line.startswith(word)) for word in ("Gram", "FID")]
    own = lines.index("of my own")
    assert places[0] < places[1] < own
    assert sum(line == "of my own" for line in lines) == 1


def test_the_worst_three_are_named_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(Evaluation("K", [], pictures("a.png", "b.png", "c.png", "d.png")), capsys)
    assert "Worst: a.png, b.png, c.png." in lines
    assert not any("Worst" in line for line in printed(Evaluation("K", [], pictures("a.png")), capsys))


def test_notes_come_last_and_brackets_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(Evaluation("K", [metric("[bold]", 1.0)], [], notes=["See [red]this[/red]."]), capsys)
    assert lines[-1] == "See [red]this[/red]."
    assert any(line.startswith("[bold]") for line in lines)
