"""Streams a feed's frames to a page over a websocket."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

from aiohttp import WSCloseCode, web

from console.kit.context import SESSIONS, TIMING, user_of
from console.kit.guard import SESSION_COOKIE
from console.kit.permissions import scope
from storage.database_errors import AWAY
from storage.users import User

OPEN: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("open_streams")

SIGNED_OUT = 4401
"""Close code: the page must go to the login."""
CHANGED = 4403
"""Close code: the user's rights changed, and the page must be reloaded."""
ONCE_MORE_S = 0.5
"""How soon it is checked again if that failed just after a change."""
SEND_S = 15.0
"""A page that doesn't take a frame within this time is gone."""
GOODBYE_S = 0.5
"""How long a page may take to close; then it is cut off."""


class Frames(Protocol):
    """What is sent to a page."""

    async def next(self) -> str:
        """The next frame, once there is one."""


Reading = AbstractAsyncContextManager[Frames]


async def stream(request: web.Request, reading: Reading) -> web.WebSocketResponse:
    """Sends a feed's frames until the page goes, or its user may no longer see them."""
    user = user_of(request)
    token = request.cookies.get(SESSION_COOKIE, "")
    socket = web.WebSocketResponse(heartbeat=20.0, compress=False, max_msg_size=1024)
    await socket.prepare(request)
    request.app[OPEN].add(socket)
    sender = asyncio.create_task(_send(request, socket, reading))
    keeper = asyncio.create_task(_end_in_time(request, socket, token, user, sender))
    try:
        async for _ in socket:
            pass  # pages send nothing here; reading notices when one goes
    finally:
        request.app[OPEN].discard(socket)
        for task in (keeper, sender):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return socket


async def _send(request: web.Request, socket: web.WebSocketResponse, reading: Reading) -> None:
    async with reading as reader:
        while not socket.closed:
            frame = await reader.next()
            try:
                async with asyncio.timeout(SEND_S):
                    await socket.send_str(frame)
            except (TimeoutError, ConnectionError, RuntimeError):
                await _say_goodbye(request, socket, WSCloseCode.GOING_AWAY)
                return


async def _end_in_time(
    request: web.Request,
    socket: web.WebSocketResponse,
    token: str,
    user: User,
    sender: "asyncio.Task[None]",
) -> None:
    """Ends the stream as soon as its session ends or its user's rights change."""
    code = await until_it_must_end(request.app, token, user)
    sender.cancel()
    await _say_goodbye(request, socket, code)


async def until_it_must_end(app: web.Application, token: str, user: User) -> int:
    """Waits until this session ends or its user's rights change; returns the close code."""
    with app[SESSIONS].watch(token, user) as changed:
        changed.set()  # something may have changed since the page was requested
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(app[TIMING].ask_again_s):
                    await changed.wait()
            urgent = changed.is_set()
            changed.clear()
            try:
                code = _why_not(user, await app[SESSIONS].user(token))
            except AWAY:
                # What was allowed a moment ago stays so while the database is away; but after a
                # change, keep asking until the database answers.
                if urgent:
                    changed.set()
                    await asyncio.sleep(ONCE_MORE_S)
                continue
            if code is not None:
                return code


def _why_not(before: User, now: User | None) -> int | None:
    """The code with which a stream opened by ``before`` must close; None: it may go on."""
    if now is None:
        return SIGNED_OUT
    same = (now.role, scope(now), now.agent) == (
        before.role,
        scope(before),
        before.agent,
    )
    return None if same else CHANGED


async def _say_goodbye(request: web.Request, socket: web.WebSocketResponse, code: int) -> None:
    """Closes with this code; a page that doesn't answer, or doesn't even read, is cut off."""
    transport = request.transport
    try:
        async with asyncio.timeout(GOODBYE_S):
            await socket.close(code=code)
    except (TimeoutError, ConnectionError, RuntimeError):
        if transport is not None:
            transport.abort()


async def close_all(app: web.Application) -> None:
    """Closes all streams at shutdown, so that pages reconnect at once to the next controller."""
    await asyncio.gather(*[_close(socket) for socket in app[OPEN]])


async def _close(socket: web.WebSocketResponse) -> None:
    with suppress(ConnectionError, RuntimeError, TimeoutError):
        async with asyncio.timeout(1.0):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"restart")
