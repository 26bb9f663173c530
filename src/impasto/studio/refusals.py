"""`RefusedError`: a request that is not done, with the status and the words that the client gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse

from impasto.errors import (
    ImpastoError,
    JobError,
    MissingExtraError,
    NoReferencesError,
    OutputError,
    StyleFileError,
    TrainingError,
    UnknownStyleError,
    UnreadableMediaError,
    UnusablePixelsError,
    UsageError,
)

_STATUS: Final = {
    "invalid": 422,
    "unauthorized": 401,
    "forbidden_host": 403,
    "forbidden_origin": 403,
    "not_found": 404,
    "method": 405,
    "conflict": 409,
    "refused": 409,
    "not_ready": 409,
    "missing_extra": 409,
    "timeout": 408,
    "too_large": 413,
    "storage_full": 413,
    "unsupported_type": 415,
    "unreadable": 422,
    "too_many": 429,
    "internal": 500,
}
_CODES: Final[tuple[tuple[type[ImpastoError], str], ...]] = (
    (UnknownStyleError, "not_found"),
    (UnreadableMediaError, "unreadable"),
    (UnusablePixelsError, "unreadable"),
    (StyleFileError, "unreadable"),
    (MissingExtraError, "missing_extra"),
    (NoReferencesError, "unreadable"),
    (OutputError, "conflict"),
    (JobError, "conflict"),
    (TrainingError, "conflict"),
    (UsageError, "invalid"),
)


class RefusedError(Exception):
    """A request that is not done.

    Parameters
    ----------
    code
        What programs tell it by; one of those in docs/studio.md.
    message
        One line for the user.
    retry_after
        Seconds after which it may be tried again.
    """

    def __init__(self, code: str, message: str, *, detail: Any = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.detail = code, message, detail
        self.status = _STATUS[code]
        self.retry_after = retry_after

    @classmethod
    def of(cls, error: ImpastoError, hidden: Mapping[str, str] | None = None) -> RefusedError:
        """Return an error of ours as a refusal.

        Parameters
        ----------
        hidden
            What the message must not show, such as paths on the server, and what stands there instead.
        """
        code = next((code for kind, code in _CODES if isinstance(error, kind)), "refused")
        return cls(code, reworded(str(error), hidden or {}))

    def body(self) -> dict[str, Any]:
        """Return the JSON that says it."""
        return {"error": {"code": self.code, "message": self.message, "detail": self.detail}}

    def response(self) -> JSONResponse:
        """Return the answer."""
        headers = {} if self.retry_after is None else {"Retry-After": str(max(1, round(self.retry_after)))}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(self.body(), self.status, headers)


def reworded(message: str, hidden: Mapping[str, str]) -> str:
    """Return a message with other words for some, the longest first."""
    for text in sorted(hidden, key=len, reverse=True):
        message = message.replace(text, hidden[text])
    return message
