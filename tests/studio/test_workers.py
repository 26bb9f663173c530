"""What does the jobs: in this process where that will do, in one of its own where it counts."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.errors import ImpastoError, UsageError
from impasto.studio import work_learn, work_process, worker
from impasto.studio.assignment import Assignment, Teller
from impasto.studio.work_apply import apply, name_outputs, style_word, where_of
from impasto.studio.work_film import FilmTeller, apply_to_film
from impasto.studio.work_learn import LearningTeller, check_references, recipe_options
from impasto.studio.work_process import WorkProcess

from .studio_parts import API, OpenStudio, picture_bytes, post_apply, upload, wait_for_status

APPLY = {
    "kind": "apply",
    "uploads": ["a", "b"],
    "style": "pale",
    "strength": 1.0,
    "keep_color": False,
    "where": "",
    "texture_scale": 1.0,
    "format": "same",
    "quality": 95,
    "gate": "off",
    "keep_location": False,
}
FILM = {"upload": "a", "style": "pale", "gate": "off", "deinterlace": False}


class Told:
    """Keeps what a worker tells."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.tell = Teller(self._stream)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def assign(tmp_path: Path) -> Callable[..., Assignment]:
    """Return a function that makes the folder of a job: `assign(inputs, kind="apply", **request)`."""

    def make(inputs: dict[str, bytes], kind: str = "apply", **request: Any) -> Assignment:
        folder = tmp_path / "job"
        for name in ("inputs", "results"):
            (folder / name).mkdir(parents=True)
        names = {}
        for number, (name, data) in enumerate(inputs.items()):
            (folder / "inputs" / name).write_bytes(data)
            names[chr(ord("a") + number)] = name
        return Assignment(folder, kind, {**APPLY, "uploads": list(names), **request}, names)

    return make


class TestApply:
    def test_each_photo_becomes_a_result(
        self, assign: Callable[..., Assignment], told: Told, pale: str, assert_graded: Callable[..., None]
    ) -> None:
        job = assign({"one.png": picture_bytes("PNG"), "two.jpg": picture_bytes(seed=1)})
        assert apply(job, told.tell) == "2 photos are ready."
        assert sorted(path.name for path in job.results_dir.iterdir()) == ["one-pale.png", "two-pale.jpg"]
        source = np.asarray(Image.open(io.BytesIO(picture_bytes("PNG"))))
        assert_graded(np.asarray(Image.open(job.results_dir / "one-pale.png")), source)
        items = {item["upload"]: item for item in told.of("item")}
        assert {upload: (item["status"], item["result"]) for upload, item in items.items()} == {
            "a": ("done", "one-pale.png"),
            "b": ("done", "two-pale.jpg"),
        }
        assert [event["fraction"] for event in told.of("progress")] == [0.5, 1.0]

    def test_a_broken_one_leaves_the_others(
        self, assign: Callable[..., Assignment], told: Told, pale: str, tmp_path: Path
    ) -> None:
        job = assign({"one.jpg": picture_bytes(), "broken.jpg": b"\xff\xd8\xff no photo"})
        assert apply(job, told.tell) == "1 photo is ready, 1 failed."
        [failed] = [item for item in told.of("item") if item["status"] == "failed"]
        assert (failed["upload"], failed["result"]) == ("b", None)
        assert failed["message"].startswith("broken.jpg")
        assert str(tmp_path) not in json.dumps(told.events)

    def test_when_all_are_broken_the_job_fails(self, assign: Callable[..., Assignment], told: Told, pale: str) -> None:
        with pytest.raises(ImpastoError, match="Not one of 2"):
            apply(assign({"a.jpg": b"", "b.jpg": b"x"}), told.tell)

    def test_what_was_done_before_a_restart_is_not_done_again(
        self, assign: Callable[..., Assignment], told: Told, pale: str
    ) -> None:
        job = assign({"one.jpg": picture_bytes(), "two.jpg": picture_bytes(seed=1)})
        (job.results_dir / "one-pale.jpg").write_bytes(b"done already")
        assert apply(job, told.tell) == "2 photos are ready."
        assert (job.results_dir / "one-pale.jpg").read_bytes() == b"done already"
        assert {item["status"] for item in told.of("item")[2:]} == {"done"}

    @pytest.mark.parametrize(
        ("format_", "name", "kind"),
        [("jpeg", "one-pale.jpg", "JPEG"), ("webp", "one-pale.webp", "WEBP"), ("tiff", "one-pale.tif", "TIFF")],
    )
    def test_formats(
        self, assign: Callable[..., Assignment], told: Told, pale: str, format_: str, name: str, kind: str
    ) -> None:
        job = assign({"one.png": picture_bytes("PNG")}, format=format_)
        apply(job, told.tell)
        with Image.open(job.results_dir / name) as image:
            assert image.format == kind

    def test_what_cannot_be_written_becomes_a_jpeg(self, assign: Callable[..., Assignment]) -> None:
        job = assign({"phone.heic": b"", "one.avif": b"", "lake.jpg": b""})
        assert [path.name for path in name_outputs(job, "noir").values()] == [
            "phone-noir.jpg",
            "one-noir.jpg",
            "lake-noir.jpg",
        ]

    def test_results_of_one_name_are_told_apart(self, assign: Callable[..., Assignment]) -> None:
        job = assign({"a.jpg": b"", "a.heic": b"", "A.avif": b""})
        assert [path.name for path in name_outputs(job, "noir").values()] == [
            "a-noir.jpg",
            "a-noir (2).jpg",
            "A-noir (3).jpg",
        ]

    @pytest.mark.parametrize(
        ("style", "word"),
        [
            ("noir", "noir"),
            ("a:0.6,b:0.4", "a_0.6_b_0.4"),
            ("kodak+noir", "kodak+noir"),
            ("../x", "_x"),
            ("x" * 100, "x" * 60),
        ],
    )
    def test_what_a_style_is_called_in_file_names(self, style: str, word: str) -> None:
        assert style_word(style) == word

    def test_where(self, assign: Callable[..., Assignment], told: Told, pale: str) -> None:
        mask = io.BytesIO()
        Image.new("L", (64, 48), 0).save(mask, "PNG")
        job = assign({"one.png": picture_bytes("PNG"), "mask.png": mask.getvalue()}, uploads=["a"], where="mask:b")
        assert where_of(job, {"where": "subject"}) == "subject"
        assert where_of(job, {"where": ""}) is None
        apply(job, told.tell)
        result = np.asarray(Image.open(job.results_dir / "one-pale.png"))
        assert np.array_equal(result, np.asarray(Image.open(io.BytesIO(picture_bytes("PNG")))))
        with pytest.raises(UsageError, match="mask is gone"):
            where_of(job, {"where": "mask:zz"})

    @pytest.mark.parametrize("keep", [False, True])
    def test_places(self, assign: Callable[..., Assignment], told: Told, pale: str, keep: bool) -> None:
        exif = Image.Exif()
        exif[0x8825] = {1: "N", 2: (47.0, 30.0, 12.5)}
        job = assign({"one.jpg": picture_bytes(exif=exif.tobytes())}, keep_location=keep)
        apply(job, told.tell)
        assert bool(Image.open(job.results_dir / "one-pale.jpg").getexif().get_ifd(0x8825)) is keep


class TestFilm:
    def test_a_film_becomes_a_film_with_a_report(
        self, assign: Callable[..., Assignment], told: Told, pale: str, tmp_path: Path
    ) -> None:
        from film_clips import make_film

        make_film(tmp_path / "clip.mp4", frames=6, size=(64, 48))
        job = assign({"clip.mp4": (tmp_path / "clip.mp4").read_bytes()}, "film", **FILM)
        assert apply_to_film(job, told.tell) == "6 frames are ready."
        assert {"clip-pale.mp4", "clip-pale-report.html"} <= {path.name for path in job.results_dir.iterdir()}
        last = told.of("film")[-1]
        assert last["report_url"] == f"/api/v1/jobs/{job.folder.name}/files/clip-pale-report.html"
        assert last["frames_done"] == 6
        assert str(tmp_path) not in json.dumps(told.events)

    def test_stages_and_frames(self, told: Told) -> None:
        teller = FilmTeller(told.tell)
        teller.begin("looking", None)
        teller.begin("restyling", 4, 1)
        for _ in range(3):
            teller.advance(1)
        teller.say("A warning.")
        events = told.of("film")
        assert [event.get("stage") for event in events[:2]] == ["looking", "restyling"]
        assert events[1]["frames_done"] == 1
        assert events[-1]["frames_done"] == 4
        assert events[-1]["frames_per_second"] > 0
        assert told.of("say")[0]["text"] == "A warning."


@dataclass
class Standing:
    step: int
    fraction: float = 0.5
    seconds_left: float = 10.0
    scalars: dict[str, float] = field(default_factory=dict)
    distance: float = 0.2
    untouched_distance: float = 0.4


class TestLearn:
    def test_steps_words_and_samples(self, assign: Callable[..., Assignment], told: Told) -> None:
        job = assign({"a.jpg": b""}, "learn")
        job.samples_dir.mkdir()
        teller = LearningTeller(job, told.tell)
        teller.say(f"{job.folder}/inputs/a.jpg is fine")
        teller.progress(Standing(1, scalars={"loss": 0.5}))
        (job.samples_dir / "000003.jpg").write_bytes(b"")
        teller.progress(Standing(3))
        teller.progress(Standing(4))
        teller.say("The reds are off.")
        assert [event["text"] for event in told.of("say")] == ["a.jpg is fine", "The reds are off."]
        assert [event["step"] for event in told.of("say")] == [None, 4]
        assert [event["step"] for event in told.of("sample")] == [3]
        assert told.of("step")[0]["scalars"] == {"loss": 0.5}
        assert len(told.of("step")) < 3
        assert teller.verdict == "The reds are off."

    def test_it_ends_when_told_to_but_only_once(
        self, assign: Callable[..., Assignment], told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raised: list[int] = []
        monkeypatch.setattr(work_learn.signal, "raise_signal", raised.append)
        job = assign({"a.jpg": b""}, "learn")
        teller = LearningTeller(job, told.tell)
        teller.progress(Standing(1))
        job.stop.set()
        teller.progress(Standing(2))
        teller.progress(Standing(3))
        assert raised == [signal.SIGINT]

    def test_what_a_request_says_of_the_recipe(self) -> None:
        assert recipe_options({"minutes": 5, "steps": None, "seed": 0}) == {"minutes": 5, "seed": 0}

    def test_a_run_from_asking_to_the_style(
        self, assign: Callable[..., Assignment], told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("torch")
        import impasto.train.job as train_job

        seen: list[Any] = []

        @dataclass
        class Manifest:
            members: dict[str, str]
            metrics: dict[str, float]

        def learn_style(job: Any, listener: Any) -> Manifest:
            seen.append(job)
            listener.progress(Standing(1))
            listener.say("It looks right.")
            return Manifest({"preview.jpg": "x"}, {"validation": 0.1})

        monkeypatch.setattr(train_job, "learn_style", learn_style)
        request = {
            "references": ["a", "b"],
            "content": [],
            "family": "look",
            "minutes": 2,
            "steps": None,
            "seed": 7,
            "name": "mine",
            "description": "Words.",
            "license_note": "own",
            "pick": None,
            "grain": True,
        }
        job = assign({"a.png": picture_bytes("PNG"), "b.png": picture_bytes("PNG", seed=3)}, "learn", **request)
        (job.folder / "learned.style.checkpoint").write_bytes(b"")
        assert work_learn.learn(job, told.tell) == "mine is learned."
        [asked] = seen
        assert asked.resume
        assert (asked.description, asked.license_note, asked.grain) == ("Words.", "own", True)
        assert asked.output == job.folder / "learned.style"
        [learned] = told.of("learned")
        assert (learned["name"], learned["has_preview"], learned["verdict"]) == ("mine", True, "It looks right.")
        assert len(told.of("references")[0]["refused"]) == 2

    def test_films_may_be_learned_from(self, tmp_path: Path) -> None:
        path = tmp_path / "clip.mp4"
        path.write_bytes(b"")
        told = check_references({path: "a"}, {"a": "Clip.mp4"})
        assert told["accepted"] == [{"upload": "a", "name": "Clip.mp4"}]


class TestWorker:
    @pytest.mark.parametrize(
        ("raised", "message"),
        [
            (ImpastoError("lake.jpg is broken."), "lake.jpg is broken."),
            (KeyboardInterrupt(), "It was interrupted."),
            (MemoryError(), "There is not enough memory for this. Use smaller pictures."),
        ],
    )
    def test_what_ends_a_job_is_told(
        self,
        assign: Callable[..., Assignment],
        told: Told,
        monkeypatch: pytest.MonkeyPatch,
        raised: BaseException,
        message: str,
    ) -> None:
        def fail(*_: object) -> str:
            raise raised

        monkeypatch.setattr(worker, "_work_of", lambda _: fail)
        worker.do(assign({}), told.tell)
        assert told.events == [{"type": "failed", "message": message}]

    def test_each_kind_has_its_work(self) -> None:
        kinds = {kind: worker._work_of(kind).__module__.rpartition(".")[2] for kind in ("apply", "film", "learn")}
        assert kinds == {"apply": "work_apply", "film": "work_film", "learn": "work_learn"}

    def test_it_heeds_stop_and_goes_with_the_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ended: list[int] = []
        monkeypatch.setattr(os, "_exit", ended.append)
        stop = Event()
        worker.listen(io.StringIO("hello\n"), stop)
        assert (stop.is_set(), ended) == (False, [3])
        worker.listen(io.StringIO("stop\n"), stop)
        assert stop.is_set()


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], WorkProcess]:
    """Return a function that starts a process that does as a script says, in place of the worker."""

    def start(script: str) -> WorkProcess:
        (tmp_path / "script.py").write_text("import sys, json, time, os, signal\n" + script)
        popen = work_process.subprocess.Popen

        def launch(command: list[str], **how: Any) -> Any:
            return popen([sys.executable, str(tmp_path / "script.py"), *command[3:]], **how)

        monkeypatch.setattr(work_process.subprocess, "Popen", launch)
        return WorkProcess(tmp_path)

    return start


class TestProcess:
    def test_events_are_lines_and_the_rest_is_left_out(self, play: Callable[[str], WorkProcess]) -> None:
        work = play("print('{\"type\": \"say\"}'); print('nonsense'); print('[1]'); print('{\"type\": \"done\"}')")
        assert list(work.events()) == [{"type": "say"}, {"type": "done"}]

    def test_it_hears(self, play: Callable[[str], WorkProcess]) -> None:
        work = play("print(json.dumps({'type': 'say', 'text': sys.stdin.readline().strip()}), flush=True)")
        work.send("stop")
        assert list(work.events()) == [{"type": "say", "text": "stop"}]
        work.send("nobody hears this")

    def test_it_is_killed_even_when_it_does_not_want_to(
        self, play: Callable[[str], WorkProcess], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(work_process, "_PATIENCE_SECONDS", 0.2)
        work = play("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('{}', flush=True)\ntime.sleep(600)")
        events = work.events()
        assert next(events) == {}
        work.kill()
        assert list(events) == []
        assert "signal 9" in work.reason()

    def test_the_last_word_of_its_log_is_the_reason(self, play: Callable[[str], WorkProcess]) -> None:
        work = play("print('first', file=sys.stderr); print('ValueError: the last', file=sys.stderr); sys.exit(1)")
        list(work.events())
        assert work.reason() == "The worker has failed: ValueError: the last"

    def test_one_that_leaves_no_word(self, play: Callable[[str], WorkProcess]) -> None:
        work = play("sys.exit(1)")
        list(work.events())
        assert "no word" in work.reason()


def test_a_real_worker_in_a_process_of_its_own(open_studio: OpenStudio, pale: str) -> None:
    client = open_studio(real=True)
    photos = [upload(client, picture_bytes("PNG", seed=seed), f"{seed}.png") for seed in range(2)]
    job = post_apply(client, pale, photos)
    done = wait_for_status(client, job["id"], "done")
    assert [each["name"] for each in done["results"]] == ["0-pale.png", "1-pale.png"]
    assert [item["status"] for item in done["items"]] == ["done", "done"]
    assert done["message"] == "2 photos are ready."
    small = Image.open(io.BytesIO(client.get(done["results"][0]["url"]).content))
    assert small.size == (64, 48)
    assert client.get(f"{API}/data").json()["num_jobs"] == 1
