"""The report as a file: what stands in it, in which order, and that nothing from outside gets out of its place."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.errors import OutputError
from impasto.quality import report
from impasto.quality.report import write_report
from impasto.style.verdict import SUSPICION, Judgement, Verdict

from .report_cases import REFUSED, Page, evaluation, metric, result, save_picture, written

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&\u202egpj"


def inlined(page: Page, kind: str) -> list[Image.Image]:
    sources = [each["src"] for each in page.all("img", kind)]
    return [Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) for source in sources]


def test_the_worst_stand_first(tmp_path: Path) -> None:
    pictures = [result(tmp_path, f"{badness}.png", badness / 10) for badness in (3, 9, 1, 5)]
    assert written(evaluation(*pictures), tmp_path).names == ["9.png", "5.png", "3.png", "1.png"]


def test_what_nobody_could_judge_stands_last(tmp_path: Path) -> None:
    pictures = [result(tmp_path, "unknown.png", float("nan")), result(tmp_path, "b.png", 0.1)]
    assert written(evaluation(*pictures), tmp_path).names == ["b.png", "unknown.png"]


def test_names_tell_pictures_apart(tmp_path: Path) -> None:
    pictures = [result(tmp_path, "one/a.png", 2), result(tmp_path, "two/a.png", 1)]
    assert written(evaluation(*pictures), tmp_path).names == ["one/a.png", "two/a.png"]


def test_before_and_after_are_the_content_and_the_output(tmp_path: Path) -> None:
    page = written(evaluation(result(tmp_path)), tmp_path)
    before, after = inlined(page, "before"), inlined(page, "after")
    assert [image.format for image in (*before, *after)] == ["JPEG", "JPEG"]
    assert abs(np.asarray(before[0])[..., 2].mean() - 120) < 6
    assert abs(np.asarray(after[0])[..., 2].mean() - 30) < 6


def test_pictures_are_inlined_small(tmp_path: Path) -> None:
    pictures = [result(tmp_path, f"{n:02}.png", -n, output_size=(1300, 650)) for n in range(11)]
    sizes = [image.size for image in inlined(written(evaluation(*pictures), tmp_path), "after")]
    assert sizes == [(1000, 500)] * 10 + [(720, 360)]


def test_a_divider_is_a_slider_that_says_what_it_does(tmp_path: Path) -> None:
    (divider,) = written(evaluation(result(tmp_path, "a.png")), tmp_path).all("div", "divider")
    assert divider["role"] == "slider"
    assert divider["tabindex"] == "0"
    assert (divider["aria-valuemin"], divider["aria-valuenow"], divider["aria-valuemax"]) == ("0", "50", "100")
    assert "a.png" in divider["aria-label"]


def test_a_verdict_has_its_word_its_reason_and_its_map(tmp_path: Path) -> None:
    page = written(evaluation(result(tmp_path, verdict=REFUSED)), tmp_path)
    assert "Refused content lost" in page.text
    assert "1 refused" in page.text
    assert len(page.all("p", "refuse")) == 1
    assert "data-map" in page.source.partition("<main>")[2].partition("<script>")[0]
    (overlay,) = inlined(page, "map")
    assert (overlay.format, overlay.mode, overlay.size) == ("PNG", "RGBA", (160, 107))
    alpha = np.asarray(overlay)[..., 3]
    assert alpha[2, 2] > 100
    assert alpha[-2, 2] < 20


@pytest.mark.parametrize("values", [None, np.zeros((0, 4), np.float32), np.zeros((2, 3, 4), np.float32)])
def test_without_a_map_there_is_no_toggle(tmp_path: Path, values: np.ndarray | None) -> None:
    page = written(evaluation(result(tmp_path, verdict=Verdict(Judgement.PASS, map=values))), tmp_path)
    assert not page.all("img", "map")
    assert not [each for each in page.all("button") if "data-map" in each]
    assert "1 pass" in page.text


def test_a_map_with_values_out_of_range_is_shown(tmp_path: Path) -> None:
    values = np.array([[np.nan, -4.0], [7.0, np.inf]], np.float32)
    (overlay,) = inlined(
        written(evaluation(result(tmp_path, verdict=Verdict(Judgement.REVIEW, map=values))), tmp_path), "map"
    )
    alpha = np.asarray(overlay)[..., 3]
    assert (alpha[0, 0], alpha[0, -1]) == (0, 0)
    assert alpha[-1, 0] == alpha[-1, -1] == alpha.max() > 100


def test_everything_from_outside_is_escaped(tmp_path: Path) -> None:
    picture = result(
        tmp_path, verdict=Verdict(Judgement.REVIEW, HOSTILE, {f"{SUSPICION}{HOSTILE}": 1.0}), metrics={HOSTILE: 0.5}
    )
    hostile_metric = metric(HOSTILE, group=HOSTILE, title=HOSTILE, explanation=HOSTILE)
    references = [save_picture(tmp_path / '"><script>alert(2)<' / "script>.png")]
    page = written(
        evaluation(
            picture,
            title=HOSTILE,
            metrics=[hostile_metric],
            notes=[HOSTILE],
            curves={HOSTILE: [(0, 1.0), (9, 2.0)]},
            reference_paths=references,
        ),
        tmp_path,
    )
    assert len(page.all("script")) == 1
    assert not [each for _, each in page.elements if any(name.startswith("on") for name in each)]
    assert not [each for each in page.all("img") if not each["src"].startswith("data:image/")]
    assert page.text.count("<script>alert(1)</script>") >= 8


def test_suspicions_of_the_gate_are_shown_and_its_evidence_is_not(tmp_path: Path) -> None:
    verdict = Verdict(Judgement.PASS, scores={f"{SUSPICION}artefacts": 0.25, "artefacts.edges": 7.0})
    page = written(evaluation(result(tmp_path, verdict=verdict)), tmp_path)
    assert "gate: suspicion of artefacts" in page.text
    assert "artefacts.edges" not in page.text


def test_hostile_file_names_are_shown_as_they_are(tmp_path: Path) -> None:
    name = "a<b>&\"'\n\x1b[31m.png"
    page = written(evaluation(result(tmp_path, name)), tmp_path)
    assert page.names == ["a<b>&\"'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m.png"]
    assert not page.all("b", "png")
    (image,) = page.all("img", "after")
    assert image["alt"].startswith("After: a<b>&\"'")


def test_file_names_that_are_not_text_do_not_stop_it(tmp_path: Path) -> None:
    undecodable = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    page = written(evaluation(result(tmp_path, undecodable)), tmp_path)
    assert page.names == ["caf\N{REPLACEMENT CHARACTER}.png"]


def test_nothing_may_be_loaded_and_only_its_own_script_may_run(tmp_path: Path) -> None:
    page = written(evaluation(result(tmp_path)), tmp_path)
    (policy,) = [each["content"] for each in page.all("meta") if "http-equiv" in each]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for element in ("style", "script"):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", page.source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{element}-src"] == f"'sha256-{digest}'"
    assert not [each for _, each in page.elements if "style" in each]
    links = [each[key] for _, each in page.elements for key in ("src", "href") if key in each]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "http://" not in page.source
    assert "https://" not in page.source


def test_links_lead_to_what_is_there(tmp_path: Path) -> None:
    full = evaluation(result(tmp_path), notes=["x"], curves={"a": [(0, 1.0)]})
    for each in (full, evaluation(metrics=[])):
        page = written(each, tmp_path)
        ids = {element["id"] for _, element in page.elements if "id" in element}
        links = {element["href"][1:] for element in page.all("a")}
        assert links <= ids


def test_metrics_stand_in_groups_with_their_direction(tmp_path: Path) -> None:
    metrics = [
        metric("ssim", 0.9, "content", higher=True, title="MS-SSIM", explanation="Structure kept."),
        metric("kid", 0.0123, title="KID"),
        metric("odd", 3.0, "my own", title="Odd"),
        metric("fid", None, title="FID", explanation="Too few pictures."),
    ]
    text = written(evaluation(metrics=metrics), tmp_path).text.partition("How to read it")[2]
    expected = ["Likeness to the style", "KID 0.0123 ↓ lower", "FID –", "Too few pictures.", "Sameness of content"]
    expected += ["MS-SSIM 0.900 ↑ higher Structure kept.", "my own", "Odd"]
    places = [text.index(each) for each in expected]
    assert places == sorted(places)


def test_the_number_of_untouched_pictures_stands_beside(tmp_path: Path) -> None:
    measured = [replace(metric("kid", 0.25), untouched=0.75), metric("gram", 0.5)]
    page = written(evaluation(metrics=measured), tmp_path)
    assert "Value Untouched Better" in page.text
    assert "kid 0.250 0.750 ↓ lower" in page.text
    assert "gram 0.500 ↓ lower" in page.text
    assert "lower is better; untouched 0.750" in page.text
    assert "ntouched" not in written(evaluation(metrics=measured[1:]), tmp_path).text


def test_key_figures_are_the_first_of_each_group_that_has_one(tmp_path: Path) -> None:
    metrics = [metric("fid", None), metric("nan", float("nan")), metric("kid", 0.25), metric("gram", 0.75)]
    metrics += [metric("ssim", 0.5, "content", higher=True)]
    page = written(evaluation(result(tmp_path), metrics=metrics, seconds_per_picture=0.041), tmp_path)
    figures = re.search(r'<dl class="figures">(.*?)</dl>', page.source, re.DOTALL)
    assert figures
    assert re.findall("<dd>(.*?)</dd>", figures[1]) == ["0.250", "0.500", "41\u00a0ms"]


def test_numbers_of_a_picture_stand_between_the_worst_and_the_best(tmp_path: Path) -> None:
    pictures = [result(tmp_path, f"{n}.png", n, metrics={"gram": float(n), "unknown": 1.0}) for n in (3, 2, 1)]
    page = written(evaluation(*pictures), tmp_path)
    strips = re.findall(r'class="strip".*?cx="([\d.]+)"', page.source)
    assert [float(place) for place in strips] == [3, 30, 57]


def test_many_pictures_are_folded_and_at_last_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [result(tmp_path, f"{n:02}.png", -n) for n in range(24)]
    page = written(evaluation(*pictures), tmp_path)
    (folded,) = page.all("details", "rest")
    assert "open" not in folded
    assert len(page.names) == 24
    assert "left out" not in page.text
    monkeypatch.setattr(report, "MAX_PICTURES", 21)
    page = written(evaluation(*pictures), tmp_path)
    assert len(page.names) == 21
    assert "3 pictures of less badness are left out" in page.text
    assert "The other 14 pictures" in page.text


def test_a_few_more_pictures_lie_open(tmp_path: Path) -> None:
    page = written(evaluation(*[result(tmp_path, f"{n:02}.png", -n) for n in range(11)]), tmp_path)
    (rest,) = page.all("details", "rest")
    assert "open" in rest
    assert "The other 1 picture " in page.text


def test_the_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [result(tmp_path, f"{n:02}.png", -n) for n in range(14)]
    monkeypatch.setattr(report, "MAX_INLINE_BYTES", 1)
    page = written(evaluation(*pictures), tmp_path)
    assert len(page.names) == 10
    assert "4 pictures of less badness are left out" in page.text


def test_references_are_chosen_from_the_whole_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    references = [save_picture(tmp_path / f"r{n}.png") for n in range(9)]
    monkeypatch.setattr(report, "MAX_REFERENCES", 3)
    page = written(evaluation(reference_paths=[*references, tmp_path / "gone.png"]), tmp_path)
    assert [each["alt"] for each in page.all("img")] == ["r0.png", "r3.png", "r6.png"]
    assert "3 of 10" in page.text


def test_a_reference_that_is_gone_is_left_out(tmp_path: Path) -> None:
    references = [tmp_path / "gone.png", save_picture(tmp_path / "here.png")]
    assert [each["alt"] for each in written(evaluation(reference_paths=references), tmp_path).all("img")] == [
        "here.png"
    ]


def test_a_picture_without_output_is_shown_with_the_reason(tmp_path: Path) -> None:
    page = written(evaluation(result(tmp_path, output_path=None)), tmp_path)
    assert "There is no output." in page.text
    assert len(page.all("img")) == 1
    assert not page.all("div", "divider")


@pytest.mark.parametrize("gone", ["content_path", "output_path"])
def test_a_picture_that_is_gone_is_named(tmp_path: Path, gone: str) -> None:
    picture = result(tmp_path, "<b>.png")
    getattr(picture, gone).unlink()
    page = written(evaluation(picture), tmp_path)
    assert f"{getattr(picture, gone)} does not exist." in page.text
    assert len(page.all("img")) == 1


def test_pictures_that_are_both_gone_do_not_stop_the_others(tmp_path: Path) -> None:
    pictures = [result(tmp_path, "a.png", 2), result(tmp_path, "b.png", 1)]
    pictures[0].content_path.write_bytes(b"")
    pictures[0].output_path.unlink()  # type: ignore[union-attr]
    page = written(evaluation(*pictures), tmp_path)
    assert page.names == ["a.png", "b.png"]
    assert len(page.all("div", "divider")) == 1


def test_another_shape_is_remarked(tmp_path: Path) -> None:
    page = written(evaluation(result(tmp_path, output_size=(64, 64))), tmp_path)
    assert "differ in shape" in page.text
    assert page.all("article")[0]["data-ratio"] == "1.0000"
    same = written(evaluation(result(tmp_path, "b.png", output_size=(45, 30))), tmp_path)
    assert "differ in shape" not in same.text


def test_an_empty_evaluation_is_a_page_too(tmp_path: Path) -> None:
    page = written(evaluation(metrics=[]), tmp_path)
    assert "There are no pictures." in page.text
    assert "Nothing was measured." in page.text
    assert not page.all("img")


def test_the_same_evaluation_gives_the_same_file(tmp_path: Path) -> None:
    same = evaluation(result(tmp_path, verdict=REFUSED), curves={"a": [(0, 1.0), (5, 0.5)]})
    assert written(same, tmp_path).source == written(same, tmp_path).source


def test_an_older_report_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def failing() -> object:
        yield "a"
        raise OSError(28, "No space left on device")

    broken = evaluation(curves={"a": [(0, 1.0)]}, notes=failing())
    with pytest.raises(OutputError, match="disk is full"):
        write_report(broken, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        write_report(evaluation(), tmp_path / "nowhere" / "report.html")
