"""What workers tell, and what becomes of it; small parts that hold the rest together."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.errors import (
    ImpastoError,
    MissingExtraError,
    OutputError,
    StyleFileError,
    UnknownStyleError,
    UnreadableMediaError,
    UsageError,
)
from impasto.studio.archive_stream import zip_parts
from impasto.studio.assignment import Assignment, Teller, read_assignment
from impasto.studio.file_names import MAX_NAME, attachment, distinct_name, fit_name, new_id
from impasto.studio.job import Job
from impasto.studio.moments import said
from impasto.studio.rates import Rates
from impasto.studio.refusals import RefusedError, reworded
from impasto.studio.settings import Settings, as_address, is_loopback
from impasto.studio.state import Counted, StoredBytes
from impasto.studio.telling import MAX_MESSAGES, MAX_POINTS, MAX_SAMPLES, add_point, note_stopping, take_event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def job(kind: str = "apply") -> Job:
    return Job("0123", kind, "A job", "anna", {}, 0.0)  # type: ignore[arg-type]


class TestEvents:
    def test_progress(self) -> None:
        told = job()
        take_event(told, {"type": "progress", "fraction": 0.25, "seconds_left": 8, "message": "1 of 4"})
        assert (told.progress, told.seconds_left, told.message) == (0.25, 8.0, "1 of 4")
        take_event(told, {"type": "progress", "fraction": math.nan})
        assert (told.progress, told.seconds_left, told.message) == (None, None, "1 of 4")

    def test_items_are_replaced_not_repeated(self) -> None:
        told = job()
        for upload, status in (("a", "waiting"), ("b", "waiting"), ("a", "done")):
            take_event(told, {"type": "item", "upload": upload, "status": status})
        assert [(item["upload"], item["status"]) for item in told.state["items"]] == [("a", "done"), ("b", "waiting")]

    def test_ends(self) -> None:
        told = job()
        take_event(told, {"type": "failed"})
        assert told.state["outcome"] == "The job has failed."
        take_event(told, {"type": "done", "message": "Ready."})
        assert (told.state["outcome"], told.message) == ("done", "Ready.")

    def test_what_is_said_of_other_jobs_is_no_learning(self) -> None:
        told = job()
        take_event(told, {"type": "say", "text": "Hello"})
        assert (told.message, told.state) == ("Hello", {})

    def test_messages_samples_and_curves_do_not_grow_for_ever(self) -> None:
        told = job("learn")
        for step in range(500):
            take_event(told, {"type": "say", "step": step, "text": "x" * 5000})
            take_event(told, {"type": "sample", "step": step})
            take_event(told, {"type": "step", "step": step, "scalars": {"loss": step}})
        learn = told.state["learn"]
        assert len(learn["messages"]) == MAX_MESSAGES
        assert learn["messages"][-1]["step"] == 499
        assert len(learn["messages"][0]["text"]) == 1000
        assert len(learn["samples"]) == MAX_SAMPLES
        assert len(learn["curves"]["loss"]) <= MAX_POINTS
        assert learn["curves"]["loss"][0] == [0, 0.0]
        assert learn["curves"]["loss"][-1] == [499, 499.0]

    def test_values_that_are_none_stay_out_of_curves(self) -> None:
        told = job("learn")
        scalars = {"a": math.inf, "b": math.nan, "c": None, "d": "x", "e": 1}
        take_event(told, {"type": "step", "step": 1, "distance": math.inf, "scalars": scalars})
        assert told.state["learn"]["curves"] == {"e": [[1, 1.0]]}
        assert told.state["learn"]["distance"] is None

    def test_stopping(self) -> None:
        told = job("learn")
        note_stopping(told)
        assert told.state["learn"]["stopping"]
        take_event(told, {"type": "learned", "name": "x", "metrics": {"a": math.nan}, "has_preview": True})
        assert not told.state["learn"]["stopping"]
        assert told.state["learn"]["style"]["preview_url"] == "/api/v1/jobs/0123/preview"
        assert told.state["learn"]["style"]["metrics"] == {"a": None}

    @pytest.mark.parametrize(
        ("event", "progress"),
        [
            ({"stage": "looking", "frames_done": 5, "frames_total": 10}, 0.15),
            ({"stage": "restyling", "frames_done": 0, "frames_total": 10}, 0.3),
            ({"stage": "restyling", "frames_done": 10, "frames_total": 10}, 1.0),
            ({"stage": "restyling", "frames_done": 25, "frames_total": 10}, 1.0),
            ({"stage": "looking", "frames_done": 5, "frames_total": None}, None),
        ],
    )
    def test_how_far_a_film_is(self, event: dict[str, Any], progress: float | None) -> None:
        told = job("film")
        take_event(told, {"type": "film", **event, "nonsense": 1})
        assert told.progress == (None if progress is None else pytest.approx(progress))
        assert "nonsense" not in told.state["film"]

    @pytest.mark.parametrize("event", [{}, {"type": None}, {"type": "dance"}, {"type": ["done"]}, {"type": {"a": 1}}])
    def test_unknown_ones_are_ignored(self, event: dict[str, Any]) -> None:
        told = job()
        take_event(told, event)
        assert told == job()

    @settings(deadline=None)
    @given(st.sampled_from(["progress", "say", "done", "failed", "item"]), st.dictionaries(st.text(max_size=9), JSON))
    def test_whatever_is_told_can_be_shown_as_json(self, kind: str, fields: dict[str, Any]) -> None:
        told = job("learn")
        take_event(told, {**fields, "type": kind})
        told.state.pop("items", None)
        json.dumps(told.shown(None, None), allow_nan=False)

    @settings(deadline=None)
    @given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=2000))
    def test_curves_keep_their_ends_and_order(self, values: list[float]) -> None:
        points: list[list[float]] = []
        for step, value in enumerate(values):
            add_point(points, step, value)
        steps = [step for step, _ in points]
        assert steps == sorted(set(steps))
        assert (steps[0], steps[-1]) == (0, len(values) - 1)
        assert len(points) <= MAX_POINTS
        assert all(values[int(step)] == value for step, value in points)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "fit"),
        [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd.jpg"),
            ("C:\\Users\\a\\lake.jpeg", "lake.jpg"),
            ("a<b>:c|d?.png", "a_b_c_d.jpg"),
            (".hidden", "hidden.jpg"),
            ("...", "picture.jpg"),
            ("", "picture.jpg"),
            ("NUL.txt", "picture.jpg"),
            ("com1", "picture.jpg"),
            ("湖.jpg", "湖.jpg"),
            ("a\x00b\n.jpg", "a_b.jpg"),
            ("name.", "name.jpg"),
        ],
    )
    def test_some(self, name: str, fit: str) -> None:
        assert fit_name(name, ".jpg") == fit

    @settings(deadline=None)
    @given(st.text(max_size=300), st.sampled_from([".jpg", ".mp4", ""]))
    def test_any(self, name: str, suffix: str) -> None:
        fit = fit_name(name, suffix)
        assert fit
        assert fit.endswith(suffix)
        assert len(fit) <= MAX_NAME + len(suffix)
        assert len(fit.encode()) < 200
        assert not set(fit) & set('/\\\0\n\r"<>|?*:')
        assert fit[0] not in ". "
        assert Path(fit).name == fit

    @settings(deadline=None)
    @given(st.lists(st.sampled_from(["a.jpg", "A.jpg", "b.jpg", "a (2).jpg"]), max_size=12))
    def test_names_are_told_apart_even_where_case_is_not(self, names: list[str]) -> None:
        taken: set[str] = set()
        for name in names:
            taken.add(distinct_name(name, taken).lower())
        assert len(taken) == len(names)

    @settings(deadline=None)
    @given(st.text(min_size=1, max_size=80))
    def test_a_download_header_is_one_line_of_plain_letters(self, name: str) -> None:
        try:
            header = attachment(name)
        except UnicodeEncodeError:
            assert any("\ud800" <= letter <= "\udfff" for letter in name)
            return
        assert header.isascii()
        assert "\n" not in header
        assert "\r" not in header
        assert header.count('"') == 2

    def test_ids_do_not_repeat(self) -> None:
        assert len({new_id() for _ in range(1000)}) == 1000

    def test_moments(self) -> None:
        assert said(0.0) == "1970-01-01T00:00:00Z"
        assert said(None) is None


class TestRates:
    def test_a_bucket_fills_again(self) -> None:
        now = [0.0]
        rates = Rates(2.0, 3, lambda: now[0])
        for _ in range(3):
            rates.spend("anna")
        with pytest.raises(RefusedError) as refused:
            rates.spend("anna")
        assert refused.value.retry_after == pytest.approx(0.5)
        rates.spend("bert")
        now[0] += 0.5
        rates.spend("anna")
        with pytest.raises(RefusedError):
            rates.spend("anna")

    @settings(deadline=None)
    @given(st.lists(st.floats(0, 2), max_size=60))
    def test_no_more_than_the_burst_and_the_rate(self, pauses: list[float]) -> None:
        now, passed = [0.0], 0
        rates = Rates(5.0, 4, lambda: now[0])
        for pause in pauses:
            now[0] += pause
            try:
                rates.spend("anna")
            except RefusedError:
                continue
            passed += 1
        assert passed <= 4 + 5.0 * sum(pauses) + 1e-6

    def test_clients_are_forgotten(self) -> None:
        now = [0.0]
        rates = Rates(1.0, 1, lambda: now[0])
        for number in range(10_000):
            rates.spend(str(number))
        assert len(rates._left) <= 4097

    def test_so_many_at_once(self) -> None:
        counted = Counted(1)
        with counted, pytest.raises(RefusedError, match="already"), counted:
            pass
        with counted:
            pass


class TestRefusals:
    @pytest.mark.parametrize(
        ("error", "code", "status"),
        [
            (UsageError("x"), "invalid", 422),
            (UnknownStyleError("x"), "not_found", 404),
            (UnreadableMediaError("x"), "unreadable", 422),
            (StyleFileError("x"), "unreadable", 422),
            (MissingExtraError("x"), "missing_extra", 409),
            (OutputError("x"), "conflict", 409),
            (ImpastoError("x"), "refused", 409),
        ],
    )
    def test_errors_of_ours(self, error: ImpastoError, code: str, status: int) -> None:
        refused = RefusedError.of(error)
        assert (refused.code, refused.status) == (code, status)

    def test_paths_are_reworded_the_longest_first(self) -> None:
        hidden = {"/data/": "", "/data/uploads/1/original.jpg": "lake.jpg"}
        assert reworded("/data/uploads/1/original.jpg: broken", hidden) == "lake.jpg: broken"

    @pytest.mark.parametrize(("seconds", "header"), [(0.01, "1"), (2.4, "2"), (None, None)])
    def test_when_to_try_again(self, seconds: float | None, header: str | None) -> None:
        answer = RefusedError("too_many", "Too many.", retry_after=seconds).response()
        assert answer.status_code == 429
        assert answer.headers.get("Retry-After") == header


class TestSettings:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
    def test_hosts_of_this_machine_alone(self, host: str, tmp_path: Path) -> None:
        assert is_loopback(host)
        assert Settings(tmp_path, host=host).token is None

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org", "localhost.example.org", ""])
    def test_others(self, host: str) -> None:
        assert not is_loopback(host)

    def test_addresses(self) -> None:
        assert as_address("name") is None
        assert as_address("[::1]") is not None

    @pytest.mark.parametrize("days", [0, -1, math.nan])
    def test_things_are_kept_for_some_time(self, days: float, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="kept"):
            Settings(tmp_path, retention_days=days)


class TestFolder:
    def test_links_are_counted_once(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "file").write_bytes(bytes(1000))
        (tmp_path / "b").hardlink_to(tmp_path / "a" / "file")
        (tmp_path / "c").symlink_to(tmp_path / "nowhere")
        assert 1000 <= StoredBytes(tmp_path).measure() < 1200

    def test_it_is_measured_now_and_then(self, tmp_path: Path) -> None:
        stored = StoredBytes(tmp_path)
        assert stored.roughly() == 0
        (tmp_path / "file").write_bytes(bytes(1000))
        assert stored.roughly() == 0
        assert max(stored.roughly() for _ in range(64)) == 1000

    def test_a_zip_comes_in_parts(self, tmp_path: Path) -> None:
        data = {"a.bin": bytes(range(256)) * 4000, "ü.txt": b"text", "empty": b""}
        for name, content in data.items():
            (tmp_path / name).write_bytes(content)
        parts = list(zip_parts([tmp_path / name for name in data]))
        assert len(parts) > 4
        assert max(map(len, parts)) < 600_000
        with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
            assert archive.testzip() is None
            assert {name: archive.read(name) for name in archive.namelist()} == data


class TestAssignment:
    def test_it_is_read_from_its_folder(self, tmp_path: Path) -> None:
        asked = {"kind": "apply", "request": {"style": "noir"}, "inputs": {"a": "lake.jpg"}, "sign": "/cert.pem"}
        (tmp_path / "request.json").write_text(json.dumps(asked))
        assignment = read_assignment(tmp_path)
        assert assignment.input_path("a") == tmp_path / "inputs" / "lake.jpg"
        assert (assignment.results_dir, assignment.samples_dir) == (tmp_path / "results", tmp_path / "samples")
        assert assignment.sign_path == Path("/cert.pem")
        assert not assignment.stop.is_set()

    def test_one_of_an_older_studio_has_no_certificate(self, tmp_path: Path) -> None:
        (tmp_path / "request.json").write_text(json.dumps({"kind": "apply", "request": {}, "inputs": {}}))
        assert read_assignment(tmp_path).sign_path is None

    def test_messages_name_files_as_the_user_does(self, tmp_path: Path) -> None:
        assignment = Assignment(tmp_path, "apply", {}, {})
        assert assignment.worded(f"{tmp_path}/inputs/lake.jpg is broken") == "lake.jpg is broken"
        assert assignment.worded(f"{tmp_path}/results/lake.jpg is full") == "lake.jpg is full"

    def test_events_are_lines_of_json(self) -> None:
        stream = io.StringIO()
        Teller(stream)("say", text="two\nlines")
        assert stream.getvalue().count("\n") == 1
        assert json.loads(stream.getvalue()) == {"type": "say", "text": "two\nlines"}
