"""WebSockets: what has changed, and live pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup
from fastapi import APIRouter, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from impasto.errors import ImpastoError
from impasto.studio.hub import STYLES
from impasto.studio.live import MAX_FRAME_BYTES, LiveSession, Message, problem
from impasto.studio.refusals import RefusedError
from impasto.studio.requests import LiveWishes
from impasto.studio.state import Studio, TheStudio

router = APIRouter(prefix="/api/v1")
_PING_EVERY: Final = 20.0
_REST: Final = 0.25
"""Seconds between messages: nobody reads faster."""
_MAX_TEXT: Final = 4096
_CLOSE_CODES: Final = {"not_found": 4404, "too_many": 4429, "too_large": 1009}


@router.websocket("/events")
async def events(socket: WebSocket, studio: TheStudio) -> None:
    """Tell of every job and of the library as they change."""
    async with _accepted(socket):
        await _send_all(socket, _all_changes(studio))


@router.websocket("/jobs/{job_id}/events")
async def job_events(socket: WebSocket, studio: TheStudio, job_id: str) -> None:
    """Tell of one job until it has ended."""
    async with _accepted(socket):
        await _send_all(socket, _changes_of(studio, job_id))


@asynccontextmanager
async def _accepted(socket: WebSocket) -> AsyncIterator[None]:
    """Accept, and close with a code that says why it ended."""
    await socket.accept()
    code, reason = 1000, ""
    try:
        yield
    except RefusedError as refusal:
        code, reason = _CLOSE_CODES.get(refusal.code, 4400), refusal.code
    except (WebSocketDisconnect, RuntimeError):
        return
    if socket.client_state == WebSocketState.CONNECTED:
        with suppress(RuntimeError):
            await socket.close(code, reason)


async def _send_all(socket: WebSocket, messages: AsyncGenerator[dict[str, Any]]) -> None:
    """Send messages until they end or the browser goes."""
    refused: RefusedError | None = None

    async def wait_for_end() -> None:
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(wait_for_end)
        try:
            async with aclosing(messages):
                async for message in messages:
                    await socket.send_json(message)
        except RefusedError as error:
            refused = error
        group.cancel_scope.cancel()
    if refused is not None:
        raise refused


async def _all_changes(studio: Studio) -> AsyncGenerator[dict[str, Any]]:
    with studio.hub.subscribed() as subscription:
        yield {"type": "hello"}
        while True:
            changed = await subscription.changes(_PING_EVERY)
            for each in changed:
                yield await asyncio.to_thread(_change, studio, each)
            if not changed:
                yield {"type": "ping"}
            await asyncio.sleep(_REST)


def _change(studio: Studio, changed: str) -> dict[str, Any]:
    if changed == STYLES:
        return {"type": "styles"}
    try:
        return {"type": "job", "job": studio.jobs.shown(studio.jobs.get(changed), briefly=True)}
    except RefusedError:
        return {"type": "removed", "id": changed}


async def _changes_of(studio: Studio, job_id: str) -> AsyncGenerator[dict[str, Any]]:
    with studio.hub.subscribed(job_id) as subscription:
        while True:
            job = await asyncio.to_thread(studio.jobs.get, job_id)
            ended = job.has_ended
            yield {"type": "job", "job": await asyncio.to_thread(studio.jobs.shown, job)}
            if ended:
                return
            await asyncio.sleep(_REST)
            while not await subscription.changes(_PING_EVERY):
                yield {"type": "ping"}


@router.websocket("/live")
async def live(socket: WebSocket, studio: TheStudio) -> None:
    """Restyle the frames that a browser sends, one at a time."""
    async with _accepted(socket):
        with studio.live_sessions:
            await _run_live(socket, LiveSession(studio.shelf))


async def _run_live(socket: WebSocket, session: LiveSession) -> None:
    thread = ThreadPoolExecutor(1, thread_name_prefix="impasto-live")
    ended: Exception | None = None
    try:
        async with anyio.create_task_group() as group:
            try:
                await _serve_live(socket, session, thread, group)
            except (RefusedError, WebSocketDisconnect, RuntimeError) as error:
                ended = error
            group.cancel_scope.cancel()
    finally:
        # What is being loaded may take a while, for which nobody else shall wait.
        thread.submit(session.close)
        thread.shutdown(wait=False)
    if ended is not None:
        raise ended


async def _serve_live(socket: WebSocket, session: LiveSession, thread: ThreadPoolExecutor, group: TaskGroup) -> None:
    loop = asyncio.get_running_loop()

    async def tell(wait: Callable[[], Message]) -> None:
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.send_json(await anyio.to_thread.run_sync(wait, abandon_on_cancel=True))

    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text, data = message.get("text"), message.get("bytes")
        if len(text or "") > _MAX_TEXT or len(data or b"") > MAX_FRAME_BYTES:
            raise RefusedError("too_large", "A message is too large.")
        if data is not None:
            answer = await loop.run_in_executor(thread, _frame_answer, session, data)
            await (socket.send_bytes(answer) if isinstance(answer, bytes) else socket.send_json(answer))
        elif text is not None:
            answers, wait = await loop.run_in_executor(thread, _wish_answers, session, text)
            for said in answers:
                await socket.send_json(said)
            if wait is not None:
                group.start_soon(tell, wait)


def _frame_answer(session: LiveSession, data: bytes) -> bytes | Message:
    try:
        return session.restyle(data)
    except RefusedError as refusal:
        return {"type": "frame_error", "code": refusal.code, "message": refusal.message}


def _wish_answers(session: LiveSession, text: str) -> tuple[list[Message], Callable[[], Message] | None]:
    try:
        return session.change(LiveWishes.model_validate_json(text))
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False)[0]["msg"]
        return [problem(RefusedError("invalid", said))], None
    except RefusedError as refusal:
        return [problem(refusal)], None
    except ImpastoError as error:
        return [problem(RefusedError.of(error))], None
