import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.apply.look import LookStylizer
from impasto.apply.lut import Lut3D
from impasto.apply.plan import plan_outputs
from impasto.apply.run import ApplyOptions, ApplyReport, apply_to_files
from impasto.apply.stylizer import State
from impasto.errors import OutputError, StyleFileError, UsageError
from impasto.media.frame import Frame

from .networks import constant


def make_inverting() -> LookStylizer:
    return LookStylizer(constant(Lut3D(1 - Lut3D.identity(9).table)), num_threads=1)


@pytest.fixture
def shoot(tmp_path) -> Path:
    """Six PNG files of different grey levels, in two folders."""
    folder = tmp_path / "shoot"
    (folder / "late").mkdir(parents=True)
    for k in range(6):
        pixels = np.full((30 + k, 20, 3), 10 * k, np.uint8)
        Image.fromarray(pixels).save(folder / ("late" if k % 2 else "") / f"{k}.png")
    return folder


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_layout_of_the_pixels_changes_no_byte_of_a_file(tmp_path, suffix, mode):
    source = tmp_path / ("in.jpg" if mode == "RGB" else "in.png")
    noise = np.random.default_rng(0).integers(0, 256, (333, 257, len(mode)), np.uint8)
    Image.fromarray(noise).save(source)
    lut = Lut3D(1 - Lut3D.identity(9).table)
    for padded in (False, True):
        stylizer = LookStylizer(constant(lut), num_threads=1, padded=padded)
        assert not apply_to_files([(source, tmp_path / f"{padded}.{suffix}")], lambda made=stylizer: made).failed
    assert (tmp_path / f"True.{suffix}").read_bytes() == (tmp_path / f"False.{suffix}").read_bytes()


def inverted_levels(folder: Path) -> dict[str, set[int]]:
    pictures = sorted(folder.rglob("*.png"))
    return {path.relative_to(folder).as_posix(): set(np.asarray(Image.open(path)).flat) for path in pictures}


EXPECTED = {
    "0.png": {255},
    "2.png": {235},
    "4.png": {215},
    "late/1.png": {245},
    "late/3.png": {225},
    "late/5.png": {205},
}


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_picture_is_restyled_and_reported(shoot, tmp_path, jobs):
    seen = []
    threads = set()

    def progress(path: Path, report: ApplyReport) -> None:
        threads.add(threading.current_thread())
        seen.append((path, len(report)))

    pairs = plan_outputs([shoot], tmp_path / "out")
    report = apply_to_files(pairs, make_inverting, ApplyOptions(jobs=jobs), progress)
    assert inverted_levels(tmp_path / "out") == EXPECTED
    assert sorted(report.done) == sorted(source for source, _ in pairs)
    assert (report.failed, report.skipped) == ([], [])
    assert sorted(path for path, _ in seen) == sorted(report.done)
    assert [count for _, count in seen] == [1, 2, 3, 4, 5, 6]
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bad_file_does_not_stop_the_rest(shoot, tmp_path, jobs):
    (shoot / "empty.jpg").write_bytes(b"")
    (shoot / "text.png").write_text("not a picture")
    truncated = (shoot / "4.png").read_bytes()[:-30]
    (shoot / "4.png").write_bytes(truncated)
    report = apply_to_files(plan_outputs([shoot], tmp_path / "out"), make_inverting, ApplyOptions(jobs=jobs))
    assert {path.name for path, _ in report.failed} == {"empty.jpg", "text.png", "4.png"}
    assert all(str(path) in message for path, message in report.failed)
    assert inverted_levels(tmp_path / "out") == {name: value for name, value in EXPECTED.items() if name != "4.png"}


def test_a_file_that_disappears_is_one_failure(shoot, tmp_path):
    pairs = plan_outputs([shoot], tmp_path / "out")
    (shoot / "2.png").unlink()
    report = apply_to_files(pairs, make_inverting)
    assert [(path.name, "2.png" in message) for path, message in report.failed] == [("2.png", True)]
    assert len(report.done) == 5
    assert not (tmp_path / "out" / "2.png").exists()


def test_existing_outputs_are_skipped_on_demand(shoot, tmp_path):
    pairs = plan_outputs([shoot], tmp_path / "out")
    apply_to_files(pairs[:2], make_inverting)
    written = {target: target.stat().st_mtime_ns for _, target in pairs[:2]}
    report = apply_to_files(pairs, make_inverting, ApplyOptions(skip_existing=True))
    assert report.skipped == [source for source, _ in pairs[:2]]
    assert len(report.done) == 4
    assert {target: target.stat().st_mtime_ns for target in written} == written


def test_existing_outputs_are_replaced_otherwise(shoot, tmp_path):
    pairs = plan_outputs([shoot / "0.png"], tmp_path / "out.png")
    (tmp_path / "out.png").write_bytes(b"old")
    assert len(apply_to_files(pairs, make_inverting).done) == 1
    assert set(np.asarray(Image.open(tmp_path / "out.png")).flat) == {255}


def test_inputs_are_replaced_only_with_leave(shoot):
    pairs = plan_outputs([shoot], shoot)
    before = (shoot / "0.png").read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        apply_to_files(pairs, make_inverting)
    assert (shoot / "0.png").read_bytes() == before
    assert len(apply_to_files(pairs, make_inverting, ApplyOptions(overwrite=True)).done) == 6
    assert inverted_levels(shoot) == EXPECTED


def test_an_output_that_is_another_input_is_refused_before_anything_is_written(shoot, tmp_path):
    pairs = [(shoot / "0.png", tmp_path / "new.png"), (shoot / "2.png", shoot / "late" / ".." / "0.png")]
    with pytest.raises(OutputError, match="itself an input"):
        apply_to_files(pairs, make_inverting)
    assert not (tmp_path / "new.png").exists()


def test_an_output_folder_that_cannot_be_made_is_a_failure(shoot, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    report = apply_to_files([(shoot / "0.png", tmp_path / "file" / "deep" / "0.png")], make_inverting)
    assert "cannot be made" in report.failed[0][1]


def test_an_output_that_is_a_folder_is_a_failure(shoot, tmp_path):
    (tmp_path / "out.png").mkdir()
    report = apply_to_files([(shoot / "0.png", tmp_path / "out.png")], make_inverting)
    assert "is a folder" in report.failed[0][1]


class Failing:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        raise self._error


@pytest.mark.parametrize(("error", "message"), [(ZeroDivisionError("odd"), "odd"), (MemoryError(), "too large")])
def test_an_unforeseen_error_is_a_failure_that_names_the_file(shoot, tmp_path, error, message):
    report = apply_to_files([(shoot / "0.png", tmp_path / "0.png")], lambda: Failing(error))
    assert str(shoot / "0.png") in report.failed[0][1]
    assert message in report.failed[0][1]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("error", [StyleFileError("broken style"), KeyboardInterrupt()])
def test_a_broken_style_and_ctrl_c_stop_the_run(shoot, tmp_path, error, jobs):
    pairs = plan_outputs([shoot], tmp_path / "out")
    with pytest.raises(type(error)):
        apply_to_files(pairs, lambda: Failing(error), ApplyOptions(jobs=jobs))
    assert not list(tmp_path.glob("out/**/*.png"))


def test_each_thread_gets_its_own_stylizer(shoot, tmp_path):
    made = []

    def make() -> LookStylizer:
        made.append(threading.get_ident())
        return make_inverting()

    apply_to_files(plan_outputs([shoot], tmp_path / "out"), make, ApplyOptions(jobs=3))
    assert 1 <= len(made) == len(set(made)) <= 3


def test_nothing_to_do(tmp_path):
    assert len(apply_to_files([], make_inverting)) == 0


def test_a_16bit_picture_stays_16bit_and_metadata_survives(tmp_path):
    pytest.importorskip("OpenImageIO")
    from impasto.media.image_read import read_image
    from impasto.media.image_write import write_image

    ramp = np.repeat(np.arange(0, 65536, 16, dtype=np.uint16), 3).reshape(64, 64, 3)
    write_image(Frame(ramp), tmp_path / "in.png")
    apply_to_files([(tmp_path / "in.png", tmp_path / "out.png")], make_inverting)
    assert np.abs(read_image(tmp_path / "out.png").pixels - (65535.0 - ramp)).max() <= 1


@pytest.mark.parametrize("options", [{"jobs": 0}, {"jobs": 1000}, {"quality": 0}, {"quality": 101}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match="must be from"):
        ApplyOptions(**options)


def test_contradicting_options_are_refused():
    with pytest.raises(UsageError, match="Choose one"):
        ApplyOptions(skip_existing=True, overwrite=True)
