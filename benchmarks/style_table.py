"""Every metric of `impasto evaluate` over several styles and outsiders, one column each.

    python benchmarks/style_table.py --content PORTRAITS --count 40 \
        --style kodak REFERENCES --style noir REFERENCES --outputs NAME FOLDER REFERENCES

A style is applied to the content; an outsider's outputs lie in a folder, named as the content is. Contents are taken
evenly from the folder. The gate's verdicts are counted for styles, which carry one, and for nothing else.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import impasto
from impasto.errors import StyleFileError
from impasto.media.image_read import read_thumbnail_srgb
from impasto.quality.evaluation import EvaluateJob, evaluate
from impasto.quality.results import Evaluation

Column = dict[str, str]


def figures_of(evaluation: Evaluation) -> Column:
    column = {}
    for metric in evaluation.metrics:
        arrow = "↑" if metric.higher_is_better else "↓"
        column[f"{metric.name} {arrow}"] = "–" if metric.value is None else f"{metric.value:.3g}"
    return column


def measure_style(name: str, references: Path, content: list[Path], side: int) -> tuple[Column, Evaluation]:
    style = impasto.load(name)
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        outputs = [style.apply(path, output=Path(folder) / f"{path.stem}.png") for path in content]
        seconds = (time.perf_counter() - start) / len(content)
        evaluation = evaluate(
            EvaluateJob(content=content, references=[references], outputs=Path(folder), side=side, title=name)
        )
        verdicts = verdicts_of(style, content, outputs)
    column = {"seconds a picture, files": f"{seconds:.3f}", **figures_of(evaluation), "verdicts": verdicts}
    return column, evaluation


def verdicts_of(style: impasto.Style, content: list[Path], outputs: list[Path]) -> str:
    try:
        gate = style.gate()
    except StyleFileError:
        return "–"
    found = Counter[str]()
    for before, after in zip(content, outputs, strict=True):
        verdict = gate.judge(read_thumbnail_srgb(after, 1024), read_thumbnail_srgb(before, 1024))
        found[str(verdict.judgement)] += 1
    return ", ".join(f"{count} {judgement}" for judgement, count in found.items())


def print_table(columns: dict[str, Column]) -> None:
    rows = list(dict.fromkeys(row for column in columns.values() for row in column))
    print("| metric | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for row in rows:
        print(f"| {row} | " + " | ".join(column.get(row, "–") for column in columns.values()) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--style", nargs=2, action="append", default=[], metavar=("STYLE", "REFERENCES"))
    parser.add_argument("--outputs", nargs=3, action="append", default=[], metavar=("NAME", "FOLDER", "REFERENCES"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    paths = sorted(options.content.glob("*.jpg"))
    content = paths[:: max(1, len(paths) // options.count)][: options.count]
    columns: dict[str, Column] = {}
    for name, references in options.style:
        columns[name], evaluation = measure_style(name, Path(references), content, options.side)
        untouched = {metric.name: metric.untouched for metric in evaluation.metrics}
        columns[f"(untouched, {name})"] = {
            row: "–" if (value := untouched.get(row.split()[0])) is None else f"{value:.3g}" for row in columns[name]
        }
    for name, folder, references in options.outputs:
        job = EvaluateJob(content=content, references=[Path(references)], outputs=Path(folder), side=options.side)
        columns[name] = figures_of(evaluate(job))
    print_table(columns)
    if options.json:
        options.json.write_text(json.dumps(columns, indent=2))


if __name__ == "__main__":
    main()
