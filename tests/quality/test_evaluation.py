"""Evaluations from files, with an encoder small enough for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from train.tiny_encoder import TinyEncoder

from impasto.errors import MissingExtraError, NoReferencesError, UnreadableMediaError, UsageError
from impasto.quality import scoreboard
from impasto.quality.evaluation import EvaluateJob, evaluate
from impasto.quality.feature_metrics import FeatureDistance
from impasto.quality.metric import SharedPairMetric
from impasto.quality.reference_cache import ReferenceCache
from impasto.quality.registry import IMAGE_PAIR_METRICS
from impasto.quality.results import Evaluation
from impasto.style.verdict import Judgement, Verdict
from impasto.vision import encoders

from .pictures import textured

NAMES = ("a.png", "day 2/b.png", "c.png")
AGAINST_REFERENCES = {"fid", "kid", "patch_kid", "gram_distance", "color_distance", "art_fid"}
PAIRED = {"psnr", "ssim", "mse", "delta_e_2000"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[TinyEncoder]:
    made: list[TinyEncoder] = []

    def build() -> TinyEncoder:
        made.append(TinyEncoder())
        return made[-1]

    monkeypatch.setitem(encoders.ENCODERS, "tiny", build)
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return made


def levels(seed: int, height: int = 96, width: int = 112) -> NDArray[np.uint8]:
    return (textured(height, width, seed) * 255).round().astype(np.uint8)


def warm(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the style of these tests: red up, blue down, and contrast halved."""
    return (pixels * 0.5 + np.array([90, 60, 30])).round().astype(np.uint8)


def save(folder: str, pictures: Sequence[NDArray[np.uint8]], names: Sequence[str] = NAMES) -> Path:
    for name, pixels in zip(names, pictures, strict=True):
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return Path(folder)


@pytest.fixture
def content() -> Path:
    return save("content", [levels(seed) for seed in range(3)])


@pytest.fixture
def references() -> Path:
    return save("references", [warm(levels(seed)) for seed in range(10, 14)], ["0.png", "1.png", "2.png", "3.png"])


def job(**options: Any) -> EvaluateJob:
    given = {"content": [Path("content")], "references": [Path("references")], "encoder": "tiny", "side": 64}
    return EvaluateJob(**(given | options))


def values(evaluation: Evaluation) -> dict[str, float | None]:
    return {metric.name: metric.value for metric in evaluation.metrics}


def untouched(evaluation: Evaluation) -> dict[str, float | None]:
    return {metric.name: metric.untouched for metric in evaluation.metrics}


@pytest.mark.usefixtures("content", "references")
class TestOutputs:
    def test_outputs_in_style_beat_the_untouched_content(self) -> None:
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        found = evaluate(job(outputs=outputs))
        number = values(found)
        before = untouched(found)
        assert set(number) >= AGAINST_REFERENCES | {"content_distance", "ms_ssim", "edge_agreement", "sharpness"}
        assert not PAIRED & set(number)
        for name in AGAINST_REFERENCES - {"art_fid"}:
            assert number[name] < before[name], name  # type: ignore[operator]
        assert {name for name, value in before.items() if value is not None} == AGAINST_REFERENCES
        product = (1 + number["content_distance"]) * (1 + number["fid"])  # type: ignore[operator]
        assert number["art_fid"] == pytest.approx(product)
        assert before["art_fid"] == pytest.approx(1 + before["fid"])  # type: ignore[operator]

    def test_what_metrics_share_is_made_once_a_picture(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[type] = []
        builders: dict[type, Any] = {}
        for kind in IMAGE_PAIR_METRICS:
            if issubclass(kind, SharedPairMetric):
                shared = kind.pair_class

                def build(*pair: Any, shared: type = shared) -> Any:
                    made.append(shared)
                    return shared(*pair)

                monkeypatch.setattr(kind, "pair_class", builders.setdefault(shared, build))
        evaluate(job(outputs=save("out", [warm(levels(seed)) for seed in range(3)])))
        assert sorted(Counter(made).values()) == [3] * len(builders)

    def test_untouched_outputs_are_what_untouched_says(self) -> None:
        outputs = save("out", [levels(seed) for seed in range(3)])
        found = evaluate(job(outputs=outputs))
        number = values(found)
        for name, value in untouched(found).items():
            if value is not None:
                assert number[name] == pytest.approx(value, rel=1e-6), name
        assert number["content_distance"] == pytest.approx(0, abs=1e-6)
        assert number["ms_ssim"] == pytest.approx(1)
        assert number["diversity_kept"] == pytest.approx(1)

    def test_the_references_themselves_are_at_no_distance(self, references: Path) -> None:
        names = [path.name for path in sorted(references.iterdir())]
        save("same", [levels(seed) for seed in range(4)], names)
        number = values(evaluate(job(content=[Path("same")], outputs=references)))
        assert number["fid"] == pytest.approx(0, abs=1e-4)
        assert number["gram_distance"] == pytest.approx(0, abs=1e-6)
        assert number["color_distance"] == pytest.approx(0, abs=1e-6)
        assert number["kid"] <= 0  # type: ignore[operator]

    def test_collapsed_outputs_are_seen(self) -> None:
        found = values(evaluate(job(outputs=save("out", [warm(levels(10))] * 3))))
        assert found["diversity"] == 0
        assert found["diversity_kept"] == 0

    def test_the_broken_picture_comes_first(self) -> None:
        outputs = [warm(levels(seed)) for seed in range(3)]
        outputs[1] = levels(77)
        found = evaluate(job(outputs=save("out", outputs)))
        assert found.pictures[0].content_path.name == "b.png"
        scores = [picture.badness for picture in found.pictures]
        assert scores == sorted(scores, reverse=True)
        assert found.pictures[0].output_path == Path("out/day 2/b.png")
        assert found.pictures[0].metrics["edge_agreement"] < 0.5 < found.pictures[1].metrics["edge_agreement"]

    def test_numbers_of_a_picture_average_to_those_of_all(self) -> None:
        found = evaluate(job(outputs=save("out", [warm(levels(seed)) for seed in (0, 1, 5)])))
        for name in ("content_distance", "ms_ssim", "edge_agreement"):
            each = [picture.metrics[name] for picture in found.pictures]
            assert values(found)[name] == pytest.approx(np.mean(each))
        assert {"gram_distance", "color_distance"} <= set(found.pictures[0].metrics)
        assert all(np.isfinite(list(picture.metrics.values())).all() for picture in found.pictures)

    def test_truth_adds_the_paired_metrics(self) -> None:
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        truth = save("truth", [warm(levels(seed)) for seed in range(2)] + [levels(2)])
        found = evaluate(job(outputs=outputs, truth=truth))
        assert set(values(found)) >= PAIRED
        by_name = {picture.content_path.name: picture.metrics for picture in found.pictures}
        assert by_name["a.png"]["mse"] == 0
        assert by_name["c.png"]["mse"] > 0.001

    def test_content_without_truth_is_measured_otherwise(self) -> None:
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        truth = save("truth", [levels(0)], ["a.png"])
        found = evaluate(job(outputs=outputs, truth=truth))
        assert len(found.pictures) == 3
        assert sum("mse" in picture.metrics for picture in found.pictures) == 1
        assert any("truth" in note and "c.png" in note for note in found.notes)

    def test_outputs_of_another_size_are_resized_and_said_to_be(self) -> None:
        outputs = [Image.fromarray(levels(seed)).resize((224, 192), Image.Resampling.BICUBIC) for seed in range(3)]
        found = evaluate(job(outputs=save("out", [np.asarray(each) for each in outputs]), side=256))
        assert any("3 outputs differ in size" in note for note in found.notes)
        assert values(found)["ms_ssim"] > 0.95  # type: ignore[operator]
        same = evaluate(job(outputs=save("same", [levels(seed) for seed in range(3)])))
        assert not any("differ in size" in note for note in same.notes)

    def test_what_cannot_be_read_is_left_out_and_named(self) -> None:
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        (outputs / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        Path("references/4.png").write_bytes(b"")
        found = evaluate(job(outputs=outputs))
        assert sorted(picture.content_path.name for picture in found.pictures) == ["a.png", "b.png"]
        assert any("c.png" in note for note in found.notes)
        assert any("4.png is empty" in note for note in found.notes)
        assert not list(Path("home").rglob("*.npz")), "statistics of less than was asked for are not kept"

    def test_mismatched_names_are_notes_and_the_rest_is_measured(self) -> None:
        outputs = save("out", [warm(levels(0)), warm(levels(1))], ["a.png", "z.png"])
        found = evaluate(job(outputs=outputs))
        assert [picture.content_path.name for picture in found.pictures] == ["a.png"]
        assert any("c.png" in note for note in found.notes)
        assert any("z.png" in note for note in found.notes)

    def test_one_picture_says_which_metrics_have_no_meaning(self) -> None:
        outputs = save("out", [warm(levels(0))], ["a.png"])
        found = evaluate(job(content=[Path("content/a.png")], outputs=outputs))
        none = {metric.name: metric.explanation for metric in found.metrics if metric.value is None}
        assert {"fid", "kid", "art_fid", "diversity", "diversity_kept"} <= set(none)
        assert all("one output" in none[name] for name in ("fid", "kid", "art_fid", "diversity"))
        assert {"gram_distance", "patch_kid", "content_distance", "ms_ssim"} <= set(values(found)) - set(none)
        [note] = [note for note in found.notes if "one output" in note]
        assert "FID" in note and "KID" in note

    def test_one_reference_says_so_too(self) -> None:
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        found = evaluate(job(outputs=outputs, references=[Path("references/0.png")]))
        none = {metric.name: metric.explanation for metric in found.metrics if metric.value is None}
        assert "one reference" in none["fid"]
        assert "diversity" not in none

    def test_a_metric_whose_extra_is_missing_is_left_out_and_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def update(self: object, features: object, target: object) -> None:
            raise MissingExtraError("needs a thing: pip install thing")

        monkeypatch.setattr(FeatureDistance, "update", update)
        found = evaluate(job(outputs=save("out", [warm(levels(seed)) for seed in range(3)])))
        assert "content_distance" not in values(found)
        assert [note for note in found.notes if "pip install thing" in note] == [
            "Content distance: needs a thing: pip install thing"
        ]
        assert values(found)["fid"] is not None

    def test_few_pictures_are_warned_of(self, monkeypatch: pytest.MonkeyPatch) -> None:
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        assert any("3 outputs and 4 references" in note for note in evaluate(job(outputs=outputs)).notes)
        monkeypatch.setattr(scoreboard, "_FEW_PICTURES", 3)
        assert not any("4 references" in note for note in evaluate(job(outputs=outputs)).notes)


@pytest.mark.usefixtures("content", "references")
class TestRestyling:
    def test_a_restyled_picture_is_as_the_same_output_from_a_file(self) -> None:
        Path("made").mkdir()
        side = 96
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        found = evaluate(job(restyle=warm, restyled_dir=Path("made"), side=side))
        assert values(found) == pytest.approx(values(evaluate(job(outputs=outputs, side=side))))
        paths = [picture.output_path for picture in found.pictures]
        assert len(set(paths)) == 3
        first = next(picture for picture in found.pictures if picture.content_path.name == "a.png")
        assert first.output_path is not None
        assert np.array_equal(np.asarray(Image.open(first.output_path)), warm(levels(0)))

    def test_content_of_one_name_in_two_folders_is_no_obstacle(self) -> None:
        Path("made").mkdir()
        save("other", [levels(9)], ["a.png"])
        found = evaluate(job(content=[Path("content"), Path("other")], restyle=warm, restyled_dir=Path("made")))
        assert len({picture.output_path for picture in found.pictures}) == 4


@pytest.mark.usefixtures("content", "references")
class TestReferences:
    def test_they_are_looked_at_once(self, tiny: list[TinyEncoder]) -> None:
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        first = evaluate(job(outputs=outputs))
        second = evaluate(job(outputs=outputs))
        assert [encoder.num_calls for encoder in tiny] == [4 + 2 * 3, 2 * 3]
        assert values(second) == pytest.approx(values(first))
        for again, before in zip(second.pictures, first.pictures, strict=True):
            assert again.metrics == pytest.approx(before.metrics)
        assert len(second.reference_paths) == 4

    def test_a_changed_reference_is_looked_at_again(self, tiny: list[TinyEncoder]) -> None:
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        first = evaluate(job(outputs=outputs))
        Image.fromarray(levels(50)).save("references/0.png")
        assert values(evaluate(job(outputs=outputs)))["gram_distance"] != values(first)["gram_distance"]
        evaluate(job(outputs=outputs, side=96))
        assert [encoder.num_calls for encoder in tiny] == [10, 10, 10]

    def test_a_cache_that_cannot_be_written_is_a_note(self) -> None:
        Path("file").touch()
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        found = evaluate(job(outputs=outputs), cache=ReferenceCache(Path("file/cache")))
        assert values(found)["fid"] is not None
        assert any("not kept for the next time" in note for note in found.notes)


@pytest.mark.usefixtures("content", "references")
class TestBadInput:
    @pytest.mark.parametrize("options", [{}, {"outputs": Path("out"), "restyle": warm}, {"restyle": warm}])
    def test_outputs_come_from_one_place(self, options: dict[str, Any]) -> None:
        with pytest.raises(UsageError):
            job(**options)

    def test_a_side_too_small(self) -> None:
        with pytest.raises(UsageError, match="64 pixels at least, not 10"):
            job(outputs=Path("out"), side=10)

    def test_empty_folders(self) -> None:
        Path("empty").mkdir()
        outputs = save("out", [warm(levels(seed)) for seed in range(3)])
        for options in ({"content": [Path("empty")]}, {"outputs": Path("empty")}):
            with pytest.raises(UsageError, match="no pictures in empty"):
                evaluate(job(**({"outputs": outputs} | options)))
        with pytest.raises(NoReferencesError, match="references: no pictures in empty"):
            evaluate(job(outputs=outputs, references=[Path("empty")]))

    def test_nothing_that_can_be_read(self) -> None:
        outputs = save("out", [warm(levels(0))], ["a.png"])
        (outputs / "a.png").write_bytes(b"nothing")
        with pytest.raises(UnreadableMediaError, match=r"no picture could be measured.*a\.png"):
            evaluate(job(outputs=outputs))
        for path in Path("references").iterdir():
            path.write_bytes(b"")
        with pytest.raises(NoReferencesError, match=r"none can be read.*0\.png is empty"):
            evaluate(job(outputs=outputs))


@pytest.mark.usefixtures("content", "references")
def test_progress_ends_with_all(tiny: list[TinyEncoder]) -> None:
    seen: list[tuple[int, int, str]] = []
    outputs = save("out", [warm(levels(seed)) for seed in range(3)])
    evaluate(job(outputs=outputs), progress=lambda *step: seen.append(step))
    assert [done for done, _, _ in seen] == list(range(8))
    assert {total for _, total, _ in seen} == {7}
    assert [name for _, _, name in seen][4:7] == ["a.png", "c.png", "b.png"]


@pytest.mark.usefixtures("content", "references")
def test_verdicts_and_curves_of_the_style_are_in_the_evaluation(tmp_path: Path) -> None:
    judged: list[tuple[float, float]] = []

    def judge(output: NDArray[np.uint8], shown: NDArray[np.uint8]) -> Verdict:
        judged.append((float(output.mean()), float(shown.mean())))
        return Verdict(Judgement.REFUSE if len(judged) == 2 else Judgement.PASS, "blurred" * (len(judged) == 2))

    curves = {"loss": ((1, 0.5), (2, 0.25))}
    (tmp_path / "restyled").mkdir()
    found = evaluate(
        job(restyle=lambda pixels: pixels // 2, restyled_dir=tmp_path / "restyled", judge=judge, curves=curves)
    )
    verdicts = [picture.verdict for picture in found.pictures]
    assert sorted(verdict.judgement for verdict in verdicts if verdict) == ["pass", "pass", "refuse"]
    assert all(output < shown for output, shown in judged), "outputs come first"
    assert found.curves == curves
