"""What survives a server that stops, however it stops."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.errors import OutputError, UsageError
from impasto.studio.app import create_app
from impasto.studio.database import Database
from impasto.studio.fair_order import fair_order
from impasto.studio.job import MAX_STARTS, Job
from impasto.studio.job_queue import JobQueue
from impasto.studio.job_store import JobStore
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Limits, Settings

from .studio_parts import (
    API,
    BASE,
    FakeWork,
    FakeWorks,
    OpenStudio,
    TestClient,
    job_of,
    picture_bytes,
    post_apply,
    post_learn,
    upload,
    wait_for,
    wait_for_status,
)

DAY = 86400


@pytest.fixture
def started(home: Path, data_dir: Path, page_dir: Path) -> Callable[[FakeWorks], TestClient]:
    """Return a function that makes a studio over the same folder; enter it to start it."""

    def start(works: FakeWorks) -> TestClient:
        return TestClient(create_app(Settings(data_dir, page_dir=page_dir), works), base_url=BASE)

    return start


class TestStudio:
    def test_uploads_jobs_and_results_are_there_again(
        self, started: Callable[[FakeWorks], TestClient], pale: str
    ) -> None:
        works = FakeWorks()
        with started(works) as client:
            photo = upload(client)
            job = post_apply(client, pale, [photo], title="Kept")
            work = works.next()
            (work.folder / "results" / "out.jpg").write_bytes(picture_bytes())
            work.finish(message="Ready.")
            before = wait_for_status(client, job["id"], "done")
        with started(FakeWorks()) as client:
            assert job_of(client, job["id"]) == before
            assert client.get(before["results"][0]["url"]).content == picture_bytes()
            assert client.get(f"{API}/uploads/{photo}/preview").status_code == 200

    def test_what_ran_goes_on_and_what_waited_waits(
        self, started: Callable[[FakeWorks], TestClient], pale: str
    ) -> None:
        works = FakeWorks()
        with started(works) as client:
            first, second = post_apply(client, pale), post_apply(client, pale)
            work = works.next()
            (work.folder / "half-done").write_text("1")
            wait_for_status(client, first["id"], "running")
        assert work.killed.is_set()
        again = FakeWorks()
        with started(again) as client:
            work = again.next()
            assert work.folder.name == first["id"]
            assert (work.folder / "half-done").exists()
            assert job_of(client, second["id"])["position"] == 1
            work.finish()
            assert again.next().folder.name == second["id"]
            wait_for_status(client, first["id"], "done")

    def test_a_tab_that_is_closed_ends_nothing(self, started: Callable[[FakeWorks], TestClient], pale: str) -> None:
        works = FakeWorks()
        with started(works) as client:
            with client.websocket_connect("ws://127.0.0.1:8000/api/v1/events") as socket:
                socket.receive_json()
                job = post_apply(client, pale)
                works.next()
            assert not works.begun[0].killed.is_set()
            works.begun[0].finish()
            wait_for_status(client, job["id"], "done")

    def test_a_learning_job_keeps_its_curves(self, started: Callable[[FakeWorks], TestClient]) -> None:
        works = FakeWorks()
        with started(works) as client:
            job = post_learn(client)
            works.next().tell("step", step=5, fraction=0.2, scalars={"loss": 0.5})
            wait_for(lambda: (job_of(client, job["id"])["learn"] or {}).get("step"), lambda step: step == 5)
        again = FakeWorks()
        with started(again) as client:
            again.next()
            told = wait_for_status(client, job["id"], "running")
            assert told["learn"]["curves"] == {"loss": [[5, 0.5]]}

    def test_a_folder_that_nothing_knows_of_is_cleared(
        self, started: Callable[[FakeWorks], TestClient], data_dir: Path
    ) -> None:
        (data_dir / "jobs" / "left-over").mkdir(parents=True)
        with started(FakeWorks()):
            assert not (data_dir / "jobs" / "left-over").exists()

    def test_what_expired_goes_at_the_start(
        self, open_studio: OpenStudio, works: FakeWorks, pale: str, data_dir: Path
    ) -> None:
        client = open_studio()
        job = post_apply(client, pale)
        works.next().finish()
        wait_for_status(client, job["id"], "done")
        later = open_studio(retention_days=1e-12)
        wait_for(lambda: later.get(f"{API}/data").json()["num_jobs"], lambda number: number == 0)
        wait_for(lambda: later.get(f"{API}/uploads").json()["uploads"], lambda uploads: uploads == [])


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1e-3
        return self.now


class TestStore:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def changed(self) -> list[str]:
        return []

    @pytest.fixture
    def store(self, tmp_path: Path, clock: Clock, changed: list[str]) -> JobStore:
        settings = Settings(tmp_path, retention_days=2.0, limits=Limits(jobs=5, jobs_per_client=3))
        return JobStore(settings, Database(tmp_path), changed.append, clock)

    @pytest.fixture
    def photo(self, tmp_path: Path) -> Path:
        (tmp_path / "photo.jpg").write_bytes(b"photo")
        return tmp_path / "photo.jpg"

    def add(self, store: JobStore, client: str = "anna", **fields: Any) -> Job:
        return store.add("apply", {"title": "A job", **fields}, client, {})

    def test_a_server_that_was_killed_left_jobs_running(self, tmp_path: Path, store: JobStore, clock: Clock) -> None:
        self.add(store)
        job = store.start_next("short")
        assert job is not None
        anew = JobStore(Settings(tmp_path), Database(tmp_path), clock=clock)
        anew.recover()
        assert (anew.get(job.id).status, anew.get(job.id).num_starts) == ("queued", 1)
        assert "goes on" in anew.get(job.id).message

    def test_a_job_that_keeps_taking_the_server_down_is_given_up(
        self, tmp_path: Path, store: JobStore, clock: Clock
    ) -> None:
        job_id = self.add(store).id
        for _ in range(MAX_STARTS):
            anew = JobStore(Settings(tmp_path), Database(tmp_path), clock=clock)
            anew.recover()
            assert anew.start_next("short") is not None
        last = JobStore(Settings(tmp_path), Database(tmp_path), clock=clock)
        last.recover()
        assert last.get(job_id).status == "failed"
        assert "Try again" in (last.get(job_id).error or "")
        assert last.start_next("short") is None

    def test_each_client_has_so_many_and_all_together_too(self, store: JobStore) -> None:
        for _ in range(3):
            self.add(store)
        with pytest.raises(RefusedError) as refused:
            self.add(store)
        assert (refused.value.code, refused.value.status) == ("too_many", 429)
        self.add(store, "bert")
        self.add(store, "bert")
        with pytest.raises(RefusedError):
            self.add(store, "carl")
        assert store.count() == 5

    def test_what_has_ended_does_not_count(self, store: JobStore) -> None:
        for _ in range(3):
            self.add(store)
        job = store.start_next("short")
        assert job is not None
        store.end(job, "done")
        assert self.add(store).status == "queued"

    def test_inputs_are_links_where_they_can_be(self, store: JobStore, photo: Path) -> None:
        job = store.add("apply", {}, "anna", {"a": (photo, "one.jpg"), "b": (photo, "ONE.jpg")})
        assert job.inputs == {"a": "one.jpg", "b": "ONE (2).jpg"}
        linked = store.folder(job.id) / "inputs" / "one.jpg"
        assert linked.samefile(photo)
        store.delete(job.id)
        assert photo.read_bytes() == b"photo"

    def test_they_are_copies_elsewhere(self, store: JobStore, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError("another disk")

        monkeypatch.setattr("os.link", refuse)
        job = store.add("apply", {}, "anna", {"a": (photo, "one.jpg")})
        linked = store.folder(job.id) / "inputs" / "one.jpg"
        assert linked.read_bytes() == b"photo"
        assert not linked.samefile(photo)

    def test_an_input_that_is_gone_leaves_no_job(self, tmp_path: Path, store: JobStore) -> None:
        with pytest.raises(OutputError, match="cannot be kept"):
            store.add("apply", {}, "anna", {"a": (tmp_path / "nowhere.jpg", "one.jpg")})
        assert store.count() == 0
        assert list((tmp_path / "jobs").iterdir()) == []

    def test_ended_jobs_go_after_a_time_and_others_stay(self, store: JobStore, clock: Clock) -> None:
        ended, waiting = self.add(store), self.add(store)
        job = store.start_next("short")
        assert job is not None
        store.end(job, "failed", "It broke.")
        clock.now += 1.9 * DAY
        assert store.delete_expired() == 0
        clock.now += 0.2 * DAY
        assert store.delete_expired() == 1
        with pytest.raises(RefusedError):
            store.get(ended.id)
        assert store.get(waiting.id).status == "queued"
        assert not store.folder(ended.id).exists()

    def test_every_change_is_told(self, store: JobStore, changed: list[str]) -> None:
        job = self.add(store)
        store.start_next("short")
        running = store.get(job.id)
        store.update(running, lambda job: setattr(job, "message", "Hello"))
        store.end(running, "done")
        store.delete(job.id)
        assert changed == [job.id] * len(changed)
        assert len(changed) >= 4

    def test_what_a_job_that_ended_is_told_changes_nothing(self, store: JobStore) -> None:
        job = self.add(store)
        store.update(job, lambda job: setattr(job, "message", "Too early"))
        assert store.get(job.id).message == ""

    def test_an_unfinished_change_changes_nothing(self, store: JobStore) -> None:
        job = self.add(store)

        def refuse(job: Job) -> None:
            job.message = "Changed"
            raise RefusedError("refused", "No.")

        with pytest.raises(RefusedError):
            store.change(job.id, refuse)
        assert store.get(job.id).message == ""

    def test_shown_jobs_do_not_change_with_the_running_one(self, store: JobStore) -> None:
        self.add(store)
        job = store.start_next("short")
        assert job is not None
        job.state["items"] = [{"status": "waiting"}]
        shown = store.shown(job)
        job.state["items"][0]["status"] = "done"
        assert shown["items"] == [{"status": "waiting"}]


class TestQueue:
    @pytest.fixture
    def store(self, tmp_path: Path) -> JobStore:
        return JobStore(Settings(tmp_path), Database(tmp_path))

    @pytest.fixture
    def queue(self, store: JobStore, works: FakeWorks) -> Iterator[JobQueue]:
        queue = JobQueue(store, works)
        queue.start()
        yield queue
        queue.close()

    def add(self, store: JobStore, queue: JobQueue) -> Job:
        job = store.add("apply", {}, "anna", {})
        queue.notice(job)
        return job

    def ended(self, store: JobStore, job: Job) -> Job:
        return wait_for(lambda: store.get(job.id), lambda job: job.has_ended)

    def test_one_that_cannot_be_begun_fails_and_the_next_is_done(
        self, store: JobStore, works: FakeWorks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = [True]

        def launch(folder: Path) -> FakeWork:
            if broken.pop() if broken else False:
                raise OSError("no more processes")
            return works(folder)

        queue = JobQueue(store, launch)
        first, second = store.add("apply", {}, "anna", {}), store.add("apply", {}, "anna", {})
        queue.start()
        try:
            assert "no more processes" in (self.ended(store, first).error or "")
            works.next().finish()
            assert self.ended(store, second).status == "done"
        finally:
            queue.close()

    @pytest.mark.parametrize(
        "event",
        [
            {"type": "step", "step": "x"},
            {"type": "step", "scalars": 5},
            {"type": "film", "frames_done": "x", "frames_total": 5},
            {"type": "learned", "metrics": None},
        ],
        ids=str,
    )
    def test_a_worker_that_talks_nonsense_fails_alone(
        self, store: JobStore, queue: JobQueue, works: FakeWorks, event: dict[str, Any]
    ) -> None:
        first, second = self.add(store, queue), self.add(store, queue)
        work = works.next()
        work.tell(event["type"], **{name: value for name, value in event.items() if name != "type"})
        assert "The job has failed" in (self.ended(store, first).error or "")
        assert work.killed.is_set()
        works.next().finish()
        assert self.ended(store, second).status == "done"

    def test_a_database_that_fails_for_a_while(
        self, store: JobStore, works: FakeWorks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start_next, num_fails = store.start_next, [2]

        def fail(lane: str) -> Job | None:
            if num_fails[0] > 0:
                num_fails[0] -= 1
                raise sqlite3.OperationalError("disk full")
            return start_next(lane)

        monkeypatch.setattr(store, "start_next", fail)
        queue = JobQueue(store, works)
        job = store.add("apply", {}, "anna", {})
        queue.start()
        try:
            works.next().finish()
            assert self.ended(store, job).status == "done"
        finally:
            queue.close()

    def test_what_is_told_after_the_end_counts_for_nothing(
        self, store: JobStore, queue: JobQueue, works: FakeWorks
    ) -> None:
        job = self.add(store, queue)
        work = works.next()
        work.tell("done", message="Ready.")
        work.tell("failed", message="Not so.")
        work.vanish()
        assert self.ended(store, job).status in ("done", "failed")

    def test_done_wins_over_a_cancel_that_came_too_late(
        self, store: JobStore, queue: JobQueue, works: FakeWorks
    ) -> None:
        job = self.add(store, queue)
        work = works.next()
        wait_for(lambda: store.get(job.id).status, lambda status: status == "running")
        work.tell("done", message="Ready.")
        wait_for(lambda: store.get(job.id).message, lambda message: message == "Ready.")
        queue.cancel(job.id)
        assert self.ended(store, job).status == "done"

    def test_stopping_the_server_does_not_count_as_a_start(
        self, store: JobStore, queue: JobQueue, works: FakeWorks
    ) -> None:
        job = self.add(store, queue)
        works.next()
        wait_for(lambda: store.get(job.id).status, lambda status: status == "running")
        queue.close()
        assert (store.get(job.id).status, store.get(job.id).num_starts) == ("queued", 0)

    def test_the_certificate_is_named_to_the_worker(self, store: JobStore, works: FakeWorks, tmp_path: Path) -> None:
        queue = JobQueue(store, works, tmp_path / "cert.pem")
        queue.start()
        try:
            self.add(store, queue)
            told = json.loads((works.next().folder / "request.json").read_text())
            assert told["sign"] == str(tmp_path / "cert.pem")
        finally:
            queue.close()


class TestDatabase:
    def test_a_newer_one_is_left_alone(self, tmp_path: Path) -> None:
        database = Database(tmp_path)
        database.change("PRAGMA user_version = 99")
        database.close()
        with pytest.raises(UsageError, match="newer Impasto"):
            Database(tmp_path)

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "studio.sqlite").write_bytes(b"no database, for certain" * 100)
        with pytest.raises(OutputError, match="--data"):
            Database(tmp_path)

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError, match="--data"):
            Database(tmp_path / "file" / "data")

    def test_only_its_owner_looks_into_the_folder(self, tmp_path: Path) -> None:
        Database(tmp_path / "data").close()
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0

    def test_all_changes_or_none(self, tmp_path: Path) -> None:
        database = Database(tmp_path)

        def add_and_fail() -> None:
            with database.together():
                database.change("INSERT INTO uploads VALUES ('a', 1.0, '{}')")
                raise KeyError("something")

        with pytest.raises(KeyError):
            add_and_fail()
        assert database.rows("SELECT * FROM uploads") == []
        with database.together():
            database.change("INSERT INTO uploads VALUES ('a', 1.0, '{}')")
        assert database.rows("SELECT id FROM uploads") == [("a",)]


CLIENTS = st.sampled_from(["anna", "bert", "carl"])


def queued(clients: list[str]) -> list[Job]:
    return [Job(f"{number:04d}", "apply", "", client, {}, float(number)) for number, client in enumerate(clients)]


@settings(deadline=None)
@given(st.lists(CLIENTS, max_size=30), st.dictionaries(CLIENTS, st.floats(0, 100)))
def test_every_job_has_its_turn_and_one_clients_in_order(clients: list[str], last: dict[str, float]) -> None:
    jobs = queued(clients)
    order = fair_order(jobs, last)
    assert sorted(job.id for job in order) == [job.id for job in jobs]
    for client in set(clients):
        own = [job.created for job in order if job.client == client]
        assert own == sorted(own)


@settings(deadline=None)
@given(st.lists(CLIENTS, min_size=1, max_size=30), st.dictionaries(CLIENTS, st.floats(0, 100)))
def test_nobodys_next_job_waits_for_a_second_one_of_others(clients: list[str], last: dict[str, float]) -> None:
    order = [job.client for job in fair_order(queued(clients), last)]
    for end in range(len(order)):
        counts = {client: order[:end].count(client) for client in set(order)}
        waiting = {client for client in set(order) if counts[client] < order.count(client)}
        for client in waiting:
            assert counts[client] >= max(counts.values()) - 1


def test_who_waited_longest_goes_first() -> None:
    jobs = queued(["anna", "bert", "carl"])
    order = fair_order(jobs, {"anna": 50.0, "bert": 20.0})
    assert [job.client for job in order] == ["carl", "bert", "anna"]
