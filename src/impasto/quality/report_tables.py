"""The words and numbers of a report: key figures, verdict counts, the table of metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from impasto.quality.report_markup import Markup, Piece, markup
from impasto.quality.report_numbers import counted, is_number, number_text, seconds_text
from impasto.quality.results import GROUP_TITLES, Evaluation, MetricValue
from impasto.style.verdict import Judgement

JUDGEMENT_WORDS = {Judgement.PASS: "Pass", Judgement.REVIEW: "Review", Judgement.REFUSE: "Refused"}
_MAX_KEY_METRICS = 4
_COLUMNS = (
    ("metric", "Metric"),
    ("value", "Value"),
    ("untouched", "Untouched"),
    ("better", "Better"),
    ("how", "How to read it"),
)


def lead_text(evaluation: Evaluation) -> str:
    """Say in a sentence what was looked at."""
    parts = [counted(len(evaluation.pictures), "picture")]
    if evaluation.reference_paths:
        parts.append(f"against {counted(len(evaluation.reference_paths), 'reference')} of the style")
    return " ".join(parts) + "."


def key_figures(evaluation: Evaluation) -> Iterator[Markup]:
    """Yield the first metric with a value of each group, and the time per picture."""
    for metric in _key_metrics(evaluation.metrics):
        yield figure(number_text(metric.value), metric.title, _direction(metric))
    if is_number(evaluation.seconds_per_picture):
        yield figure(seconds_text(evaluation.seconds_per_picture or 0.0), "per picture", "")


def _key_metrics(metrics: Sequence[MetricValue]) -> list[MetricValue]:
    firsts: dict[str, MetricValue] = {}
    for metric in metrics:
        if is_number(metric.value):
            firsts.setdefault(metric.group, metric)
    return [firsts[group] for group in _group_order(firsts)][:_MAX_KEY_METRICS]


def _group_order(groups: Iterable[str]) -> list[str]:
    present = list(dict.fromkeys(groups))
    return [group for group in GROUP_TITLES if group in present] + [
        group for group in present if group not in GROUP_TITLES
    ]


def figure(value: str, title: str, remark: str) -> Markup:
    """Lay out a number that stands for itself at the top of a report."""
    return markup(
        "<div><dt>${title} <span>${remark}</span></dt><dd>${value}</dd></div>", title=title, value=value, remark=remark
    )


def _direction(metric: MetricValue) -> str:
    better = "↑ higher is better" if metric.higher_is_better else "↓ lower is better"
    return f"{better}; untouched {number_text(metric.untouched)}" if is_number(metric.untouched) else better


def verdict_counts(evaluation: Evaluation) -> Piece:
    """Count verdicts, as a bar and in words; nothing where no picture has one."""
    return judgement_counts(picture.verdict.judgement for picture in evaluation.pictures if picture.verdict)


def judgement_counts(judgements: Iterable[Judgement]) -> Piece:
    """Count judgements, as a bar and in words; nothing where there are none."""
    counts = Counter(judgements)
    if not counts:
        return ()
    bar, left = [], 0
    for judgement in JUDGEMENT_WORDS:
        bar.append(f'<rect class="{judgement}" x="{left}" width="{counts[judgement]}" height="1"/>')
        left += counts[judgement]
    words = [_count(judgement, counts[judgement]) for judgement in JUDGEMENT_WORDS if counts[judgement]]
    return markup(
        '<div class="verdicts"><svg viewBox="0 0 ${total} 1" preserveAspectRatio="none" aria-hidden="true">${bar}</svg>'
        "<ul>${words}</ul></div>",
        total=str(left),
        bar=Markup("".join(bar)),
        words=words,
    )


def _count(judgement: Judgement, number: int) -> Markup:
    word = {Judgement.PASS: "pass", Judgement.REVIEW: "to review", Judgement.REFUSE: "refused"}[judgement]
    return markup('<li class="${kind}"><b>${number}</b> ${word}</li>', kind=judgement, number=str(number), word=word)


def metrics_table(metrics: Sequence[MetricValue]) -> Piece:
    """Lay metrics out by group, each with its value, its better direction and how to read it.

    Where some have a number for the untouched pictures, it stands beside: that is what to beat.
    """
    if not metrics:
        return markup('<p class="quiet">Nothing was measured.</p>')
    with_untouched = any(is_number(metric.untouched) for metric in metrics)
    head = '<th scope="col" class="${kind}">${title}</th>'
    return markup(
        "<table><thead><tr>${heads}</tr></thead>${groups}</table>",
        heads=[
            markup(head, kind=kind, title=title) for kind, title in _COLUMNS if kind != "untouched" or with_untouched
        ],
        groups=[_group(group, metrics, with_untouched) for group in _group_order([each.group for each in metrics])],
    )


def _group(group: str, metrics: Sequence[MetricValue], with_untouched: bool) -> Markup:
    return markup(
        '<tbody><tr class="group"><th colspan="${width}" scope="rowgroup">${title}</th></tr>${rows}</tbody>',
        width=str(len(_COLUMNS) - (not with_untouched)),
        title=GROUP_TITLES.get(group, group),
        rows=[_row(metric, with_untouched) for metric in metrics if metric.group == group],
    )


def _row(metric: MetricValue, with_untouched: bool) -> Markup:
    arrow, word = ("↑", "higher") if metric.higher_is_better else ("↓", "lower")
    untouched = number_text(metric.untouched) if is_number(metric.untouched) else ""
    return markup(
        '<tr${kind}><th scope="row">${title}</th><td class="value">${value}</td>${untouched}'
        '<td class="better"><span aria-hidden="true">${arrow}</span> ${word}</td><td class="how">${how}</td></tr>',
        kind=Markup("") if is_number(metric.value) else Markup(' class="without"'),
        title=metric.title,
        value=number_text(metric.value),
        untouched=markup('<td class="untouched">${value}</td>', value=untouched) if with_untouched else (),
        arrow=arrow,
        word=word,
        how=metric.explanation,
    )
