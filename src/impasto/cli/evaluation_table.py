"""An evaluation in the terminal: metrics by group, the worst pictures, and what one must know."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.table import Table

from impasto.quality.results import GROUP_TITLES, Evaluation, MetricValue

_NUM_WORST = 3


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the table, the worst pictures and the notes."""
    console = Console(highlight=False, markup=False, soft_wrap=False)
    console.print(_table(evaluation))
    for line in _lines(evaluation):
        console.print(line, soft_wrap=True)


def _table(evaluation: Evaluation) -> Table:
    table = Table(title=evaluation.title, title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("Metric")
    table.add_column("Value", justify="right", no_wrap=True)
    table.add_column("Untouched", justify="right", no_wrap=True)
    table.add_column("Better", no_wrap=True)
    table.add_column("How to read it", style="dim")
    for group, metrics in groupby(evaluation.metrics, key=lambda metric: metric.group):
        table.add_section()
        table.add_row(GROUP_TITLES.get(group, group), style="bold")
        for metric in metrics:
            table.add_row(*_cells(metric))
    return table


def _cells(metric: MetricValue) -> Iterator[str]:
    yield metric.title
    yield _number(metric.value)
    yield "" if metric.untouched is None else _number(metric.untouched)
    yield "higher" if metric.higher_is_better else "lower"
    yield metric.explanation


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _lines(evaluation: Evaluation) -> Iterator[str]:
    if len(evaluation.pictures) > 1:
        worst = ", ".join(str(picture.content_path) for picture in evaluation.pictures[:_NUM_WORST])
        yield f"Worst: {worst}."
    yield from evaluation.notes
