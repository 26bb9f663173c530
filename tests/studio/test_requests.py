"""What clients may ask for, field by field: what is said comes through, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from impasto.studio.requests import (
    AlikeQuery,
    ApplyRequest,
    FilmRequest,
    JobRequest,
    KeepRequest,
    LearnRequest,
    LiveWishes,
    RatingRequest,
    RenderQuery,
    StyleRenderQuery,
    WallQuery,
)

JOBS: TypeAdapter[Any] = TypeAdapter(JobRequest)
APPLY = {"kind": "apply", "uploads": ["a1"], "style": "noir"}
LEARN = {"kind": "learn", "references": ["a1"], "name": "mine"}
FILM = {"kind": "film", "upload": "a1", "style": "noir"}


@pytest.mark.parametrize(("asked", "kind"), [(APPLY, ApplyRequest), (LEARN, LearnRequest), (FILM, FilmRequest)])
def test_the_kind_says_what_it_is(asked: dict[str, Any], kind: type) -> None:
    assert type(JOBS.validate_python(asked)) is kind


@pytest.mark.parametrize("asked", [{}, {"kind": "dance"}, {**APPLY, "kind": "film"}, {**FILM, "kind": "apply"}])
def test_another_kind_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JOBS.validate_python(asked)


@pytest.mark.parametrize("asked", [APPLY, LEARN, FILM])
def test_what_was_meant_for_something_is_not_dropped(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        JOBS.validate_python({**asked, "strenght": 0.5})


@pytest.mark.parametrize(
    ("asked", "field", "value"),
    [
        (APPLY, "uploads", []),
        (APPLY, "uploads", ["../etc/passwd"]),
        (APPLY, "uploads", ["a1"] * 1001),
        (APPLY, "style", ""),
        (APPLY, "style", "noir\nmonet"),
        (APPLY, "strength", 1.01),
        (APPLY, "strength", -0.01),
        (APPLY, "strength", float("nan")),
        (APPLY, "texture_scale", 0.2),
        (APPLY, "texture_scale", float("inf")),
        (APPLY, "where", "everywhere"),
        (APPLY, "format", "bmp"),
        (APPLY, "quality", 0),
        (APPLY, "gate", "maybe"),
        (APPLY, "title", "a\x00b"),
        (APPLY, "title", "a" * 201),
        (LEARN, "references", []),
        (LEARN, "family", "dance"),
        (LEARN, "minutes", 0.01),
        (LEARN, "minutes", 241),
        (LEARN, "steps", 0),
        (LEARN, "name", "../mine"),
        (LEARN, "name", "a" * 65),
        (LEARN, "seed", -1),
        (LEARN, "pick", 0),
        (LEARN, "description", "two\nlines"),
        (FILM, "upload", "a b"),
        (FILM, "gate", "retry"),
        (FILM, "deinterlace", "perhaps"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(asked: dict[str, Any], field: str, value: Any) -> None:
    JOBS.validate_python(asked)
    with pytest.raises(ValidationError) as caught:
        JOBS.validate_python({**asked, field: value})
    assert field in caught.value.errors()[0]["loc"]


@pytest.mark.parametrize("where", ["", "subject", "background", "face-soft", "mask:a1"])
def test_places_are_regions_or_masks(where: str) -> None:
    assert JOBS.validate_python({**APPLY, "where": where}).where == where


class TestRendering:
    @pytest.mark.parametrize(
        ("download", "keep_location", "carries"),
        [(False, False, "nothing"), (False, True, "nothing"), (True, False, "all but location"), (True, True, "all")],
    )
    def test_what_is_downloaded_carries_what_was_asked_for(
        self, download: bool, keep_location: bool, carries: str
    ) -> None:
        assert RenderQuery(download=download, keep_location=keep_location).request().carries == carries

    def test_everything_that_is_asked_for_reaches_the_renderer(self) -> None:
        asked = {
            "style": "noir",
            "strength": 0.25,
            "keep_color": True,
            "where": "subject",
            "texture_scale": 2.0,
            "side": 300,
            "format": "webp",
            "quality": 80,
        }
        request = RenderQuery(**asked).request("some.style")
        assert {name: getattr(request, name) for name in asked} == asked
        assert request.style_path == "some.style"

    @pytest.mark.parametrize("side", [0, 16, 512, 4096])
    def test_sides(self, side: int) -> None:
        assert RenderQuery(side=side).side == side

    @pytest.mark.parametrize("side", [-1, 1, 15, 4097])
    def test_sides_that_are_refused(self, side: int) -> None:
        with pytest.raises(ValidationError):
            RenderQuery(side=side)

    def test_tiff_is_for_full_size(self) -> None:
        assert RenderQuery(format="tiff", side=0).format == "tiff"
        with pytest.raises(ValidationError, match="tiff is for full size only: side=0"):
            RenderQuery(format="tiff", side=512)

    def test_a_style_may_be_left_out_only_where_the_picture_itself_is_meant(self) -> None:
        assert RenderQuery().style == ""
        with pytest.raises(ValidationError):
            StyleRenderQuery()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (WallQuery, {"side": 8}),
        (AlikeQuery, {"by": "size"}),
        (AlikeQuery, {"limit": 101}),
        (KeepRequest, {"name": "no/name"}),
        (RatingRequest, {"upload": "a1", "style": "noir", "stars": 6}),
        (RatingRequest, {"upload": "a1", "style": "noir", "stars": float("nan")}),
        (LiveWishes, {"quality": 10}),
        (LiveWishes, {"style": ""}),
    ],
)
def test_the_rest_is_checked_as_well(kind: Any, asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**asked)


def test_live_wishes_change_only_what_they_name() -> None:
    wishes = LiveWishes(strength=0.5)
    assert wishes.model_dump(exclude_none=True) == {"strength": 0.5, "reset": False, "stats": False}
