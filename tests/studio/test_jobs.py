"""Jobs as clients see them, done by the test itself."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impasto.studio.settings import Limits

from .studio_parts import (
    API,
    FakeWork,
    FakeWorks,
    OpenStudio,
    TestClient,
    code_of,
    job_of,
    picture_bytes,
    post_apply,
    post_learn,
    upload,
    wait_for,
    wait_for_status,
)

FIELDS = {
    *("id", "kind", "title", "status", "position", "progress", "message", "error", "created", "started", "finished"),
    *("expires", "seconds_left", "can_cancel", "can_retry", "can_stop", "request", "results", "zip_url", "items"),
    *("learn", "film"),
}


def put_result(work: FakeWork, name: str = "portrait-pale.jpg", data: bytes | None = None) -> bytes:
    """Let the work write a result."""
    data = picture_bytes(seed=7) if data is None else data
    (work.folder / "results" / name).write_bytes(data)
    return data


class TestApply:
    def test_from_asking_to_the_end(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        photo = upload(client)
        job = post_apply(client, pale, [photo])
        assert set(job) == FIELDS
        assert (job["kind"], job["title"], job["can_cancel"]) == ("apply", "pale · portrait.jpg", True)
        assert [(item["upload"], item["status"]) for item in job["items"]] == [(photo, "waiting")]
        work = works.next()
        assert wait_for_status(client, job["id"], "running")["started"]
        work.tell("item", upload=photo, name="portrait.jpg", status="done", result="portrait-pale.jpg")
        work.tell("progress", fraction=0.5, seconds_left=3, message="1 of 2")
        running = wait_for(lambda: job_of(client, job["id"]), lambda told: told["progress"] == 0.5)
        assert (running["seconds_left"], running["message"]) == (3.0, "1 of 2")
        put_result(work)
        work.finish(message="1 photo is ready.")
        done = wait_for_status(client, job["id"], "done")
        assert (done["progress"], done["message"], done["error"]) == (1.0, "1 photo is ready.", None)
        assert (done["can_cancel"], done["can_retry"], done["can_stop"]) == (False, False, False)
        assert done["items"][0]["result"] == "portrait-pale.jpg"
        assert done["expires"] > done["finished"] >= done["started"]

    def test_the_worker_gets_what_was_asked_for(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        photo = upload(client)
        how = {"strength": 0.4, "keep_color": True, "format": "png", "quality": 80}
        post_apply(client, pale, [photo], **how)
        work = works.next()
        told = json.loads((work.folder / "request.json").read_text())
        assert told["inputs"] == {photo: "portrait.jpg"}
        assert {name: told["request"][name] for name in how} == how
        assert (work.folder / "inputs" / "portrait.jpg").read_bytes() == picture_bytes()
        assert told["sign"] is None

    def test_photos_of_one_name_are_told_apart(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        photos = [upload(client, picture_bytes(seed=seed)) for seed in range(3)]
        post_apply(client, pale, photos)
        names = json.loads((works.next().folder / "request.json").read_text())["inputs"]
        assert list(names.values()) == ["portrait.jpg", "portrait (2).jpg", "portrait (3).jpg"]

    def test_a_photo_named_twice_is_done_once(self, client: TestClient, pale: str) -> None:
        photo = upload(client)
        assert len(post_apply(client, pale, [photo, photo])["items"]) == 1

    def test_the_title_is_ones_own_or_made(self, client: TestClient, pale: str) -> None:
        photos = [upload(client), upload(client)]
        assert post_apply(client, pale, photos)["title"] == "pale · 2 photos"
        assert post_apply(client, pale, photos, title="Wedding")["title"] == "Wedding"

    @pytest.mark.parametrize(
        "fields",
        [
            {"uploads": []},
            {"uploads": "x"},
            {"uploads": ["../x"]},
            {"strength": 3},
            {"style": ""},
            {"format": "gif"},
            {"quality": 0},
            {"gate": "perhaps"},
            {"title": "x" * 201},
            {"title": "two\nlines"},
            {"where": "sky"},
            {"more": 1},
            {"kind": "dance"},
            {"kind": None},
        ],
    )
    def test_what_cannot_be_asked_for(self, client: TestClient, pale: str, fields: dict[str, Any]) -> None:
        asked = {"kind": "apply", "uploads": [upload(client)], "style": pale, **fields}
        answer = client.post(f"{API}/jobs", json=asked)
        assert (answer.status_code, code_of(answer)) == (422, "invalid")
        assert client.get(f"{API}/jobs").json() == {"jobs": []}

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"apply"', b"\xff\xfe", b"[" * 5000])
    def test_bodies_that_say_nothing(self, client: TestClient, body: bytes) -> None:
        answer = client.post(f"{API}/jobs", content=body, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500
        code_of(answer)

    def test_what_every_photo_would_fail_on_is_said_at_once(self, client: TestClient, pale: str) -> None:
        photo = upload(client)
        for fields, status in (
            ({"style": "nosuch"}, 404),
            ({"texture_scale": 2}, 422),
            ({"gate": "refuse"}, 422),
            ({"where": "mask:0123"}, 404),
            ({"uploads": ["0123"]}, 404),
        ):
            asked = {"kind": "apply", "uploads": [photo], "style": pale, **fields}
            answer = client.post(f"{API}/jobs", json=asked)
            assert answer.status_code == status, (fields, answer.text)

    def test_too_many_photos(self, open_studio: OpenStudio, pale: str) -> None:
        client = open_studio(limits=Limits(references=1))
        asked = {"kind": "apply", "uploads": [upload(client), upload(client)], "style": pale}
        answer = client.post(f"{API}/jobs", json=asked)
        assert (answer.status_code, code_of(answer)) == (413, "too_large")

    def test_a_mask_comes_along(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        photo, mask = upload(client), upload(client, picture_bytes("PNG"), "mask.png")
        job = post_apply(client, pale, [photo], where=f"mask:{mask}")
        assert (works.next().folder / "inputs" / "mask.png").exists()
        assert [item["upload"] for item in job["items"]] == [photo]


class TestKinds:
    @pytest.fixture
    def film(self, client: TestClient, tmp_path: Path) -> str:
        from film_clips import make_film

        make_film(tmp_path / "clip.mp4", frames=3, size=(64, 48))
        return upload(client, (tmp_path / "clip.mp4").read_bytes(), "clip.mp4")

    def test_a_film_is_a_job_of_its_own(self, client: TestClient, film: str, pale: str) -> None:
        answer = client.post(f"{API}/jobs", json={"kind": "apply", "uploads": [film], "style": pale})
        assert (answer.status_code, code_of(answer)) == (409, "refused")
        answer = client.post(f"{API}/jobs", json={"kind": "film", "upload": film, "style": pale})
        assert (answer.status_code, answer.json()["kind"]) == (202, "film")

    def test_a_photo_is_no_film(self, client: TestClient, pale: str) -> None:
        answer = client.post(f"{API}/jobs", json={"kind": "film", "upload": upload(client), "style": pale})
        assert (answer.status_code, code_of(answer)) == (409, "refused")

    def test_what_a_film_tells(self, client: TestClient, works: FakeWorks, film: str, pale: str) -> None:
        job = client.post(f"{API}/jobs", json={"kind": "film", "upload": film, "style": pale}).json()
        work = works.next()
        work.tell("film", stage="looking", frames_done=3, frames_total=3)
        work.tell("film", stage="restyling", frames_done=1, frames_total=4, frames_per_second=12.5)
        told = wait_for(lambda: job_of(client, job["id"]), lambda told: (told["film"] or {}).get("frames_done") == 1)
        assert told["film"] == {
            "stage": "restyling",
            "frames_done": 1,
            "frames_total": 4,
            "frames_per_second": 12.5,
            "warnings": [],
            "report_url": None,
        }
        assert 0.3 < told["progress"] < 0.6

    def test_without_an_extra_it_is_said_what_to_install(
        self, client: TestClient, film: str, pale: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("impasto.studio.routes_jobs.extras", lambda: {"learn": False, "video": False})
        for asked, extra in (
            ({"kind": "film", "upload": film, "style": pale}, "video"),
            ({"kind": "learn", "references": [upload(client)], "name": "x"}, "learn"),
        ):
            answer = client.post(f"{API}/jobs", json=asked)
            assert (answer.status_code, code_of(answer)) == (409, "missing_extra")
            assert f"impasto[{extra}]" in answer.json()["error"]["message"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "../x"},
            {"name": ""},
            {"references": []},
            {"minutes": 0},
            {"minutes": 1000},
            {"steps": 0},
            {"family": "dance"},
            {"seed": -1},
            {"pick": 0},
            {"description": "two\nlines"},
        ],
    )
    def test_learning_that_cannot_be_asked_for(self, client: TestClient, fields: dict[str, Any]) -> None:
        asked = {"kind": "learn", "references": [upload(client)], "name": "my-look", **fields}
        answer = client.post(f"{API}/jobs", json=asked)
        assert (answer.status_code, code_of(answer)) == (422, "invalid")


class TestResults:
    @pytest.fixture
    def done(self, client: TestClient, works: FakeWorks, pale: str) -> dict[str, Any]:
        """A job with two pictures, a report, a hidden file and one that is none of ours."""
        job = post_apply(client, pale)
        work = works.next()
        put_result(work, "b.jpg", picture_bytes(seed=1))
        put_result(work, "a ü.png", picture_bytes("PNG"))
        put_result(work, "report.html", b"<script>alert(1)</script>")
        put_result(work, ".half.jpg")
        put_result(work, "notes.txt", b"secret")
        work.finish()
        return wait_for_status(client, job["id"], "done")

    def test_what_is_listed(self, client: TestClient, done: dict[str, Any]) -> None:
        assert [each["name"] for each in done["results"]] == ["a ü.png", "b.jpg", "report.html"]
        media_types = [each["media_type"] for each in done["results"]]
        assert media_types == ["image/png", "image/jpeg", "text/html"]
        assert done["results"][0]["bytes"] == len(picture_bytes("PNG"))
        assert [bool(each["preview_url"]) for each in done["results"]] == [True, True, False]

    def test_each_is_downloaded(self, client: TestClient, done: dict[str, Any]) -> None:
        answer = client.get(done["results"][0]["url"])
        assert answer.content == picture_bytes("PNG")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        shown = client.get(done["results"][0]["preview_url"])
        assert shown.content == picture_bytes("PNG")
        assert "Content-Disposition" not in shown.headers

    def test_a_page_among_them_never_runs_here(self, client: TestClient, done: dict[str, Any]) -> None:
        answer = client.get(done["results"][2]["url"] + "?inline=1")
        assert answer.headers["Content-Disposition"].startswith("attachment")

    @pytest.mark.parametrize("name", [".half.jpg", "notes.txt", "nosuch.jpg", "..%2frequest.json", "request.json"])
    def test_others_are_not_given(self, client: TestClient, done: dict[str, Any], name: str) -> None:
        assert client.get(f"{API}/jobs/{done['id']}/files/{name}").status_code == 404

    def test_parts_of_a_file(self, client: TestClient, done: dict[str, Any]) -> None:
        answer = client.get(done["results"][1]["url"], headers={"Range": "bytes=10-19"})
        assert (answer.status_code, answer.content) == (206, picture_bytes(seed=1)[10:20])
        beyond = client.get(done["results"][1]["url"], headers={"Range": "bytes=99999999-"})
        assert beyond.status_code == 416

    def test_all_in_a_zip(self, client: TestClient, done: dict[str, Any]) -> None:
        answer = client.get(done["zip_url"])
        assert answer.headers["Content-Type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["a ü.png", "b.jpg", "report.html"]
            assert archive.read("b.jpg") == picture_bytes(seed=1)

    def test_before_there_are_any(self, client: TestClient, pale: str) -> None:
        job = post_apply(client, pale)
        assert (job["results"], job["zip_url"]) == ([], None)
        answer = client.get(f"{API}/jobs/{job['id']}/zip")
        assert (answer.status_code, code_of(answer)) == (409, "not_ready")

    def test_they_go_with_the_job(self, client: TestClient, done: dict[str, Any], data_dir: Path) -> None:
        assert client.delete(f"{API}/jobs/{done['id']}").status_code == 204
        assert list((data_dir / "jobs").iterdir()) == []
        for path in ("", "/zip", "/files/b.jpg", "/preview", "/samples/1"):
            assert client.get(f"{API}/jobs/{done['id']}{path}").status_code == 404
        for act in ("cancel", "retry", "stop"):
            assert client.post(f"{API}/jobs/{done['id']}/{act}").status_code == 404
        assert client.delete(f"{API}/jobs/{done['id']}").status_code == 404


class TestEnds:
    def test_one_that_fails_says_why_and_may_be_tried_again(
        self, client: TestClient, works: FakeWorks, pale: str
    ) -> None:
        job = post_apply(client, pale)
        works.next().fail("The photo is broken.")
        failed = wait_for_status(client, job["id"], "failed")
        assert (failed["error"], failed["can_retry"], failed["can_cancel"]) == ("The photo is broken.", True, False)
        again = client.post(f"{API}/jobs/{job['id']}/retry").json()
        assert (again["error"], again["progress"], again["finished"]) == (None, None, None)
        works.next().finish()
        assert wait_for_status(client, job["id"], "done")["error"] is None

    def test_one_whose_worker_dies_says_so(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        job = post_apply(client, pale)
        works.next().vanish()
        assert wait_for_status(client, job["id"], "failed")["error"] == "It just ended."

    def test_cancelling_one_that_runs(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        job = post_apply(client, pale)
        work = works.next()
        assert client.post(f"{API}/jobs/{job['id']}/cancel").status_code == 200
        assert work.killed.wait(20)
        cancelled = wait_for_status(client, job["id"], "cancelled")
        assert (cancelled["error"], cancelled["can_retry"]) == (None, True)
        assert cancelled["finished"]

    def test_cancelling_one_that_waits(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        first, second = post_apply(client, pale), post_apply(client, pale)
        works.next()
        assert client.post(f"{API}/jobs/{second['id']}/cancel").json()["status"] == "cancelled"
        works.begun[0].finish()
        wait_for_status(client, first["id"], "done")
        assert works.none_begins()

    def test_one_that_has_ended_cannot_be_cancelled(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        job = post_apply(client, pale)
        works.next().finish()
        wait_for_status(client, job["id"], "done")
        for act in ("cancel", "retry", "stop"):
            answer = client.post(f"{API}/jobs/{job['id']}/{act}")
            assert (answer.status_code, code_of(answer)) == (409, "refused"), act

    def test_one_that_was_cancelled_may_be_tried_again(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        job = post_apply(client, pale)
        works.next()
        client.post(f"{API}/jobs/{job['id']}/cancel")
        wait_for_status(client, job["id"], "cancelled")
        client.post(f"{API}/jobs/{job['id']}/retry")
        works.next().finish()
        wait_for_status(client, job["id"], "done")

    def test_deleting_one_that_runs_ends_it(
        self, client: TestClient, works: FakeWorks, pale: str, data_dir: Path
    ) -> None:
        job = post_apply(client, pale)
        work = works.next()
        assert client.delete(f"{API}/jobs/{job['id']}").status_code == 204
        assert work.killed.is_set()
        assert client.get(f"{API}/jobs").json() == {"jobs": []}
        assert list((data_dir / "jobs").iterdir()) == []

    def test_deleting_one_that_waits(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        post_apply(client, pale)
        second = post_apply(client, pale)
        assert client.delete(f"{API}/jobs/{second['id']}").status_code == 204
        works.next().finish()
        assert works.none_begins()


class TestQueue:
    def test_one_after_the_other_and_each_knows_its_place(
        self, client: TestClient, works: FakeWorks, pale: str
    ) -> None:
        jobs = [post_apply(client, pale)["id"] for _ in range(3)]
        works.next()
        wait_for_status(client, jobs[0], "running")
        assert [job_of(client, each)["position"] for each in jobs] == [None, 1, 2]
        assert works.none_begins()
        works.begun[0].finish()
        works.next()
        wait_for_status(client, jobs[1], "running")
        assert [job_of(client, each)["position"] for each in jobs] == [None, None, 1]

    def test_who_asks_for_much_does_not_keep_others_waiting(
        self, client: TestClient, works: FakeWorks, pale: str
    ) -> None:
        busy = [post_apply(client, pale, asking="busy-client", title=f"busy {number}") for number in range(3)]
        works.next()
        other = post_apply(client, pale, asking="other-client", title="other")
        assert job_of(client, other["id"])["position"] == 1
        works.begun[0].finish()
        assert works.next().folder.name == other["id"]
        works.begun[1].finish()
        assert works.next().folder.name == busy[1]["id"]

    def test_what_takes_long_does_not_hold_up_what_takes_seconds(
        self, client: TestClient, works: FakeWorks, pale: str
    ) -> None:
        learning = post_learn(client)
        assert works.next().folder.name == learning["id"]
        quick = post_apply(client, pale)
        assert works.next().folder.name == quick["id"]

    def test_lists_are_newest_first_and_brief(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        first, second = post_apply(client, pale)["id"], post_learn(client)["id"]
        jobs = client.get(f"{API}/jobs").json()["jobs"]
        assert [job["id"] for job in jobs] == [second, first]
        assert all(job["items"] is None for job in jobs)
        assert [job["id"] for job in client.get(f"{API}/jobs?limit=1").json()["jobs"]] == [second]


class TestLearn:
    @pytest.fixture
    def learned(self, client: TestClient, works: FakeWorks, save_look: Callable[..., Path]) -> dict[str, Any]:
        """A job that has learned the look of these tests."""
        job = post_learn(client, description="Pale days.")
        work = works.next()
        save_look(work.folder / "learned.style", description="As it was learned.")
        work.tell("learned", name="my-look", metrics={"validation": 0.5}, has_preview=False, verdict="It looks right.")
        work.finish(message="my-look is learned.")
        return wait_for_status(client, job["id"], "done")

    def test_what_is_told_while_it_learns(self, client: TestClient, works: FakeWorks) -> None:
        job = post_learn(client)
        work = works.next()
        work.tell("references", accepted=[{"upload": "a", "name": "a.jpg"}], refused=[])
        for step in range(3):
            scalars = {"generator/loss": 1.0 / (step + 1)}
            work.tell("step", step=step, fraction=step / 4, seconds_left=9, distance=0.3, scalars=scalars)
        work.tell("say", step=2, text="The reds are off.")
        work.tell("sample", step=2)
        told = wait_for(lambda: job_of(client, job["id"])["learn"], lambda learn: learn and learn["samples"])
        assert told["step"] == 2
        assert told["curves"] == {"generator/loss": [[0, 1.0], [1, 0.5], [2, 1 / 3]]}
        assert told["messages"] == [{"step": 2, "text": "The reds are off."}]
        assert told["samples"] == [{"step": 2, "url": f"{API}/jobs/{job['id']}/samples/2"}]
        assert told["references"]["accepted"] == [{"upload": "a", "name": "a.jpg"}]
        [brief] = client.get(f"{API}/jobs").json()["jobs"]
        assert (brief["learn"]["step"], brief["learn"]["curves"], brief["learn"]["samples"]) == (2, None, None)

    def test_samples_are_pictures(self, client: TestClient, works: FakeWorks) -> None:
        job = post_learn(client)
        work = works.next()
        (work.folder / "samples").mkdir()
        (work.folder / "samples" / "000042.jpg").write_bytes(picture_bytes())
        assert client.get(f"{API}/jobs/{job['id']}/samples/42").content == picture_bytes()
        assert client.get(f"{API}/jobs/{job['id']}/samples/43").status_code == 404
        assert client.get(f"{API}/jobs/{job['id']}/samples/x").status_code == 422

    def test_it_may_be_ended_early(self, client: TestClient, works: FakeWorks) -> None:
        job = post_learn(client)
        work = works.next()
        assert wait_for_status(client, job["id"], "running")["can_stop"]
        stopping = client.post(f"{API}/jobs/{job['id']}/stop").json()
        assert (stopping["learn"]["stopping"], stopping["can_stop"]) == (True, False)
        assert work.words == ["stop"]
        work.tell("learned", name="my-look", metrics={}, has_preview=False, verdict="")
        work.finish()
        assert wait_for_status(client, job["id"], "done")["learn"]["stopping"] is False

    def test_one_that_waits_cannot_be_stopped_only_cancelled(self, client: TestClient, works: FakeWorks) -> None:
        post_learn(client)
        second = post_learn(client)
        answer = client.post(f"{API}/jobs/{second['id']}/stop")
        assert (answer.status_code, code_of(answer)) == (409, "refused")

    def test_what_was_learned_is_tried_before_it_is_kept(self, client: TestClient, learned: dict[str, Any]) -> None:
        assert learned["learn"]["style"] == {
            "name": "my-look",
            "preview_url": None,
            "metrics": {"validation": 0.5},
            "kept": False,
            "kept_as": None,
        }
        photo = upload(client)
        url = f"{API}/jobs/{learned['id']}/render"
        answer = client.get(url, params={"upload": photo, "side": 32})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        taken = client.get(url, params={"upload": photo, "download": True, "side": 0})
        assert "portrait-my-look.jpg" in taken.headers["Content-Disposition"]
        assert client.get(url, params={"upload": "0123"}).status_code == 404
        assert client.get(f"{API}/jobs/{learned['id']}/preview").status_code == 404

    def test_keeping_it(self, client: TestClient, learned: dict[str, Any]) -> None:
        answer = client.post(f"{API}/jobs/{learned['id']}/keep", json={"name": "days"})
        assert (answer.status_code, answer.json()["description"]) == (201, "Pale days.")
        kept = job_of(client, learned["id"])["learn"]["style"]
        assert (kept["kept"], kept["kept_as"]) == (True, "days")
        again = client.post(f"{API}/jobs/{learned['id']}/keep", json={"name": "days"})
        assert (again.status_code, code_of(again)) == (409, "conflict")
        over = client.post(
            f"{API}/jobs/{learned['id']}/keep", json={"name": "days", "overwrite": True, "description": "Other."}
        )
        assert (over.status_code, over.json()["description"]) == (201, "Other.")
        client.delete(f"{API}/jobs/{learned['id']}")
        assert client.get(f"{API}/styles/days").status_code == 200

    @pytest.mark.parametrize("asked", [{}, {"name": "../x"}, {"name": "a", "more": 1}, {"name": "con"}])
    def test_names_that_cannot_be_kept(
        self, client: TestClient, learned: dict[str, Any], asked: dict[str, Any]
    ) -> None:
        answer = client.post(f"{API}/jobs/{learned['id']}/keep", json=asked)
        assert (answer.status_code, code_of(answer)) == (422, "invalid")

    def test_nothing_is_kept_before_something_is_learned(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        for job in (post_learn(client), post_apply(client, pale)):
            for answer in (
                client.post(f"{API}/jobs/{job['id']}/keep", json={"name": "early"}),
                client.get(f"{API}/jobs/{job['id']}/preview"),
            ):
                assert (answer.status_code, code_of(answer)) == (409, "not_ready")


class TestReferences:
    def check(self, client: TestClient, uploads: list[str]) -> Any:
        return client.post(f"{API}/references/check", json={"uploads": uploads})

    def test_which_can_be_learned_from(self, client: TestClient) -> None:
        import numpy as np
        from PIL import Image

        def noise(seed: int) -> bytes:
            stream = io.BytesIO()
            pixels = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), np.uint8)
            Image.fromarray(pixels).resize((512, 384)).save(stream, "PNG")
            return stream.getvalue()

        good, other, small = upload(client, noise(0), "a.png"), upload(client, noise(1), "b.png"), upload(client)
        twin = upload(client, noise(0), "copy.png")
        told = self.check(client, [good, other, small, twin]).json()
        assert {each["upload"] for each in told["accepted"]} <= {good, other}
        assert told["accepted"]
        refused = {each["upload"]: each["fault"] for each in told["refused"]}
        assert refused[twin] == "duplicate"
        assert refused[small] == "too small"
        assert all(each["reason"] for each in told["refused"])
        assert "/uploads/" not in json.dumps(told)
        assert told["summary"].startswith("references")

    def test_what_cannot_be_asked_for(self, client: TestClient) -> None:
        assert self.check(client, []).status_code == 422
        assert self.check(client, ["0123"]).status_code == 404
