"""What clients may ask for, checked as it comes in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from impasto.apply.regions import REGIONS
from impasto.studio.rendering import RenderRequest
from impasto.studio.shelf import MAX_SPEC
from impasto.style.names import is_style_name

MAX_UPLOADS = 1000


def _check_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds line breaks or control characters")
    return text


def _check_name(name: str) -> str:
    if not is_style_name(name):
        raise ValueError("use 1 to 64 letters, digits, '-' or '_'")
    return name


def _check_where(where: str) -> str:
    if where and where not in REGIONS and not where.startswith("mask:"):
        raise ValueError(f"is one of {', '.join(REGIONS)}, or mask:UPLOAD")
    return where


def _check_side(side: int) -> int:
    if side and side < 16:
        raise ValueError("is 0 for full size, or from 16")
    return side


Line = Annotated[str, Field(max_length=1000), AfterValidator(_check_line)]
Title = Annotated[str, Field(max_length=200), AfterValidator(_check_line)]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Spec = Annotated[str, Field(min_length=1, max_length=MAX_SPEC), AfterValidator(_check_line)]
StyleName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_check_name)]
Strength = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
TextureScale = Annotated[float, Field(ge=0.25, le=8, allow_inf_nan=False)]
WherePlace = Annotated[str, Field(max_length=80), AfterValidator(_check_where)]
Side = Annotated[int, Field(ge=0, le=4096), AfterValidator(_check_side)]
Quality = Annotated[int, Field(ge=1, le=100)]
PictureFormat = Literal["jpeg", "png", "webp", "tiff"]
GateMode = Literal["off", "warn", "retry", "refuse"]
Minutes = Annotated[float, Field(ge=0.05, le=240, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Asked(BaseModel):
    """Something that is asked for; unknown fields are refused, since they were meant for something."""

    model_config = ConfigDict(extra="forbid")


class RenderQuery(Asked):
    """How a picture is to be rendered."""

    style: Annotated[str, Field(max_length=MAX_SPEC), AfterValidator(_check_line)] = ""
    strength: Strength = 1.0
    keep_color: bool = False
    where: WherePlace = ""
    texture_scale: TextureScale = 1.0
    side: Side = 512
    format: PictureFormat = "jpeg"
    quality: Quality = 92
    download: bool = False
    keep_location: bool = False

    @model_validator(mode="after")
    def _is_possible(self) -> RenderQuery:
        if self.side and self.format == "tiff":
            raise ValueError("tiff is for full size only: side=0")
        return self

    def request(self, style_path: str | None = None) -> RenderRequest:
        """Return it for the renderer."""
        carries = "nothing" if not self.download else "all" if self.keep_location else "all but location"
        return RenderRequest(
            self.style,
            self.strength,
            self.keep_color,
            self.where,
            self.texture_scale,
            self.side,
            self.format,
            self.quality,
            carries,
            style_path,
        )


class StyleRenderQuery(RenderQuery):
    """How a picture is to be rendered in a style."""

    style: Spec


class LearnedRenderQuery(RenderQuery):
    """How a picture is to be rendered in the style that a job has learned."""

    upload: Id


class WallQuery(Asked):
    """Every style on one photo."""

    side: Annotated[int, Field(ge=16, le=1024)] = 512
    strength: Strength = 1.0
    styles: Annotated[str, Field(max_length=8000)] = ""


class AlikeQuery(Asked):
    """Photos like one."""

    by: Literal["content", "style"] = "content"
    limit: Annotated[int, Field(ge=1, le=100)] = 12


class ApplyRequest(Asked):
    """A style on many photos."""

    kind: Literal["apply"]
    uploads: Annotated[list[Id], Field(min_length=1, max_length=MAX_UPLOADS)]
    style: Spec
    strength: Strength = 1.0
    keep_color: bool = False
    where: WherePlace = ""
    texture_scale: TextureScale = 1.0
    format: Literal["same", "jpeg", "png", "webp", "tiff"] = "same"
    quality: Quality = 95
    gate: GateMode = "off"
    keep_location: bool = False
    title: Title = ""


class LearnRequest(Asked):
    """A style to be learned."""

    kind: Literal["learn"]
    references: Annotated[list[Id], Field(min_length=1, max_length=MAX_UPLOADS)]
    content: Annotated[list[Id], Field(max_length=MAX_UPLOADS)] = []
    family: Literal["look", "paint"] = "look"
    minutes: Minutes | None = None
    steps: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    name: StyleName
    description: Line = ""
    license_note: Line = ""
    grain: bool = False
    seed: Seed = 0
    pick: Annotated[int, Field(ge=1, le=MAX_UPLOADS)] | None = None
    title: Title = ""


class FilmRequest(Asked):
    """A style on a film."""

    kind: Literal["film"]
    upload: Id
    style: Spec
    strength: Strength = 1.0
    keep_color: bool = False
    where: WherePlace = ""
    texture_scale: TextureScale = 1.0
    gate: Literal["off", "warn", "refuse"] = "off"
    deinterlace: bool = False
    title: Title = ""


JobRequest = Annotated[ApplyRequest | LearnRequest | FilmRequest, Field(discriminator="kind")]


class KeepRequest(Asked):
    """A learned style for the library."""

    name: StyleName
    description: Line | None = None
    overwrite: bool = False


class RatingRequest(Asked):
    """How much somebody likes a look on a photo."""

    upload: Id
    style: StyleName
    strength: Strength = 1.0
    stars: Annotated[float, Field(ge=1, le=5, allow_inf_nan=False)]


class ReferencesRequest(Asked):
    """Pictures that may be learned from."""

    uploads: Annotated[list[Id], Field(min_length=1, max_length=MAX_UPLOADS)]


class SessionRequest(Asked):
    """A token, to be kept as a cookie."""

    token: Annotated[str, Field(min_length=1, max_length=256)]


class LiveWishes(Asked):
    """What a live session is to show; what is not said stays as it is."""

    style: Spec | None = None
    strength: Strength | None = None
    keep_color: bool | None = None
    texture_scale: TextureScale | None = None
    quality: Annotated[int, Field(ge=30, le=100)] | None = None
    reset: bool = False
    stats: bool = False
