"""The description at /openapi.json: it is right, and whatever it allows is answered without an error of the server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impasto.studio.app import create_app
from impasto.studio.settings import Limits, Settings

from .sights import PlainSight
from .studio_parts import API, FakeWorks, OpenStudio, TestClient, code_of, job_of, post_apply, upload

ROUTES = {
    "/health": {"get"},
    "/session": {"post", "delete"},
    "/data": {"get", "delete"},
    "/styles": {"get", "post"},
    "/styles/check": {"get"},
    "/styles/suggest": {"get"},
    "/styles/{name}": {"get", "delete"},
    "/styles/{name}/preview": {"get"},
    "/styles/{name}/file": {"get"},
    "/ratings": {"get", "post", "delete"},
    "/uploads": {"get", "post", "delete"},
    "/uploads/{upload_id}": {"get", "delete"},
    "/uploads/{upload_id}/preview": {"get"},
    "/uploads/{upload_id}/render": {"get"},
    "/uploads/{upload_id}/verdict": {"get"},
    "/uploads/{upload_id}/alike": {"get"},
    "/uploads/{upload_id}/wall": {"get"},
    "/jobs": {"get", "post"},
    "/jobs/{job_id}": {"get", "delete"},
    "/jobs/{job_id}/cancel": {"post"},
    "/jobs/{job_id}/stop": {"post"},
    "/jobs/{job_id}/retry": {"post"},
    "/jobs/{job_id}/files/{name}": {"get"},
    "/jobs/{job_id}/zip": {"get"},
    "/jobs/{job_id}/samples/{step}": {"get"},
    "/jobs/{job_id}/preview": {"get"},
    "/jobs/{job_id}/render": {"get"},
    "/jobs/{job_id}/keep": {"post"},
    "/references/check": {"post"},
}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    app = create_app(Settings(tmp_path_factory.mktemp("described")), FakeWorks())
    told: dict[str, Any] = app.openapi()
    return told


def test_it_is_served(client: TestClient, described: dict[str, Any]) -> None:
    assert client.get("/openapi.json").json() == described


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, told) for path, methods in described["paths"].items() for method, told in methods.items()]


def test_every_route_of_the_contract_and_no_other(described: dict[str, Any]) -> None:
    found = {path.removeprefix(API): set(methods) for path, methods in described["paths"].items()}
    assert found == ROUTES


def test_every_route_says_what_it_does_and_how_it_refuses(described: dict[str, Any]) -> None:
    for path, method, told in operations(described):
        assert told["description"].endswith("."), (method, path)
        assert told["tags"], (method, path)
        assert "4XX" in told["responses"], (method, path)
        schema = told["responses"]["4XX"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Refused"}


@pytest.mark.parametrize("path", ["/uploads", "/styles"])
def test_files_are_sent_as_they_are(described: dict[str, Any], path: str) -> None:
    body = described["paths"][API + path]["post"]["requestBody"]
    assert list(body["content"]) == ["application/octet-stream"]


@pytest.mark.parametrize("path", ["/uploads/{upload_id}", "/styles/{name}", "/jobs/{job_id}", "/ratings", "/session"])
def test_deleting_answers_nothing(described: dict[str, Any], path: str) -> None:
    assert "204" in described["paths"][API + path]["delete"]["responses"]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/uploads/{upload_id}/preview", "image/jpeg"),
        ("/uploads/{upload_id}/render", "image/jpeg"),
        ("/uploads/{upload_id}/wall", "application/x-ndjson"),
        ("/jobs/{job_id}/zip", "application/zip"),
        ("/styles/{name}/preview", "image/jpeg"),
        ("/styles/{name}/file", "application/octet-stream"),
    ],
)
def test_what_is_no_json_is_not_called_json(described: dict[str, Any], path: str, media_type: str) -> None:
    assert media_type in described["paths"][API + path]["get"]["responses"]["200"]["content"]


def test_the_sockets_are_told_of(described: dict[str, Any]) -> None:
    for path in ("events", "live"):
        assert f"/api/v1/{path}" in described["info"]["description"]


def test_operations_have_names_of_their_own(described: dict[str, Any]) -> None:
    names = [told["operationId"] for _, _, told in operations(described)]
    assert len(names) == len(set(names))


def test_the_page_is_not_part_of_it(described: dict[str, Any]) -> None:
    assert all(path.startswith(API) for path in described["paths"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/uploads", 405, "method"),
        ("PATCH", "/jobs", 405, "method"),
        ("POST", "/health", 405, "method"),
        ("GET", "/uploads/0123", 404, "not_found"),
        ("POST", "/jobs/0123/dance", 404, "not_found"),
    ],
)
def test_what_there_is_not(client: TestClient, method: str, path: str, status: int, code: str) -> None:
    answer = client.request(method, f"{API}{path}")
    assert (answer.status_code, code_of(answer)) == (status, code)


WORDS = st.one_of(
    st.sampled_from(["", "0", "-1", "noir", "noir:0.5,kodak:0.5", "true", "1e999", "nan", "mask:x", "../x", "{UP}"]),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["kind", "uploads", "style", "strength", "upload", "references", "name", "stars", "token", "where", "minutes"]
)
QUERIES = st.sampled_from(
    ["style", "strength", "side", "format", "quality", "limit", "name", "upload", "where", "styles", "download", "x"]
)
FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def filled(path: str, ids: list[str], word: str) -> str:
    """Return a path with ids in place of what stands for them."""
    from urllib.parse import quote

    for name, value in (("{upload_id}", ids[0]), ("{job_id}", ids[1])):
        path = path.replace(name, value if len(word) % 3 else quote(word, safe="") or "x")
    return path.replace("{name}", quote(word, safe="") or "noir").replace("{step}", quote(word, safe="") or "0")


@FUZZ
@given(st.data())
def test_no_request_whatever_makes_the_server_fail(
    open_studio: OpenStudio, works: FakeWorks, sight: PlainSight, data: Any
) -> None:
    client = _fuzzed(open_studio)
    ids = _ids(client)
    path, methods = data.draw(st.sampled_from(sorted(ROUTES.items())))
    method = data.draw(st.sampled_from(sorted(methods)))
    word = data.draw(WORDS).replace("{UP}", ids[0])
    query = {name: value.replace("{UP}", ids[0]) for name, value in data.draw(st.dictionaries(QUERIES, WORDS)).items()}
    body = data.draw(st.one_of(st.none(), st.dictionaries(FIELDS, VALUES, max_size=6), VALUES))
    if isinstance(body, dict) and data.draw(st.booleans()):
        body = {"kind": "apply", "uploads": [ids[0]], "style": "noir"} | body
    url = f"{API}{filled(path, ids, word)}"
    answer = (
        client.request(method, url, params=query, json=body)
        if body is not None
        else client.request(method, url, params=query)
    )
    assert answer.status_code < 500, (method, url, query, body, answer.text)
    if answer.status_code >= 400:
        code_of(answer)


_KEPT: dict[int, TestClient] = {}


def _fuzzed(open_studio: OpenStudio) -> TestClient:
    """Return one studio for all the examples of a test."""
    limits = Limits(requests_per_second=1e6, request_burst=10**6, jobs=3, jobs_per_client=3)
    if id(open_studio) not in _KEPT:
        _KEPT.clear()
        _KEPT[id(open_studio)] = open_studio(limits=limits)
    return _KEPT[id(open_studio)]


def _ids(client: TestClient) -> list[str]:
    """Return an upload and a job, made anew where an example has deleted them."""
    uploads = client.get(f"{API}/uploads").json()["uploads"]
    photo = uploads[0]["id"] if uploads else upload(client)
    jobs = client.get(f"{API}/jobs").json()["jobs"]
    return [photo, jobs[0]["id"] if jobs else post_apply(client, "noir", [photo])["id"]]


def test_jobs_are_shown_as_they_are_listed(client: TestClient, pale: str) -> None:
    job = post_apply(client, pale)
    [listed] = client.get(f"{API}/jobs").json()["jobs"]
    shown = job_of(client, job["id"])
    assert {name for name in shown if shown[name] != listed[name]} <= {"items", "status", "position", "started"}
