"""What a studio is started with: where it keeps things, whom it answers, and how much it takes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from impasto.errors import UsageError
from impasto.style.archive import TOTAL_LIMIT

_MIB: Final = 1 << 20
LOOPBACK_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
MIN_TOKEN_LENGTH: Final = 16
PAGE_DIR: Final = Path(__file__).parent / "page"


def default_data_dir() -> Path:
    """Return where the studio of this user keeps uploads and jobs."""
    from platformdirs import user_data_path  # noqa: PLC0415

    return user_data_path("impasto", appauthor=False) / "studio"


def is_loopback(host: str) -> bool:
    """Tell whether a name or address can only be reached from this machine."""
    if host == "localhost":
        return True
    address = as_address(host)
    return address is not None and address.is_loopback


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an IP address, or None for what is a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the studio takes. What goes beyond is refused with a 4xx.

    Attributes
    ----------
    photo_bytes, photo_pixels
        Of one photo.
    film_bytes, film_seconds
        Of one film.
    style_bytes
        Of a style file from elsewhere.
    json_bytes
        Of any other request.
    stored_bytes
        Of all uploads, previews and jobs together.
    jobs, jobs_per_client
        Unfinished ones.
    references
        Pictures that one job takes.
    renders, renders_per_client
        Pictures that wait to be rendered for the page.
    requests_per_second, request_burst
        From one address.
    live_sessions, event_sockets
        WebSockets that are open at once.
    upload_seconds
        How long the next part of a body may take to come.
    """

    photo_bytes: int = 200 * _MIB
    photo_pixels: int = 150_000_000
    film_bytes: int = 8 << 30
    film_seconds: float = 3600.0
    style_bytes: int = TOTAL_LIMIT
    json_bytes: int = _MIB
    stored_bytes: int = 50 << 30
    jobs: int = 200
    jobs_per_client: int = 40
    references: int = 1000
    renders: int = 512
    renders_per_client: int = 128
    requests_per_second: float = 100.0
    request_burst: int = 500
    live_sessions: int = 4
    event_sockets: int = 64
    upload_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a studio is set up.

    Attributes
    ----------
    data_dir
        Where everything lies that the studio keeps, but for the library of styles.
    host
        The address to listen on.
    token
        What every request must show; needed for a host that others can reach.
    allowed_hosts
        Names, beside those of this machine, by which browsers may reach the studio.
    retention_days
        After which uploads and finished jobs are deleted.
    page_dir
        The files of the page.
    sign_path
        A certificate with its key; what is downloaded is then signed as AI-edited.

    Raises
    ------
    UsageError
        Others could reach the studio, and there is no token, or one that could be guessed.
    """

    data_dir: Path
    host: str = LOOPBACK_HOST
    port: int = DEFAULT_PORT
    token: str | None = None
    allowed_hosts: frozenset[str] = frozenset()
    retention_days: float = 7.0
    limits: Limits = field(default_factory=Limits)
    page_dir: Path = PAGE_DIR
    sign_path: Path | None = None

    def __post_init__(self) -> None:
        if self.token is None and not is_loopback(self.host):
            raise UsageError(f"On {self.host} others can reach the studio: it needs a token.")
        if self.token is not None and not (len(self.token) >= MIN_TOKEN_LENGTH and self.token.isascii()):
            raise UsageError(f"A token must have at least {MIN_TOKEN_LENGTH} plain characters.")
        if not self.retention_days > 0:
            raise UsageError(f"Things must be kept for some time, not {self.retention_days:g} days.")
