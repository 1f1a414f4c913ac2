"""The live streams: websockets that carry a feed's frames to a page."""

import asyncio
from contextlib import suppress

from aiohttp import WSCloseCode, web

from console import permissions
from console.board_view import Sight
from console.context import FEEDS, SESSIONS, user_of
from console.guard import SESSION_COOKIE
from storage.errors import AWAY
from storage.users import User

OPEN: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("open_streams")

SIGNED_OUT = 4401
"""Close code: the page must go to the login."""
CHANGED = 4403
"""Close code: the user's rights changed, the page must be loaded again."""
ASK_AGAIN_S = 15.0
"""So often it is checked that the session still counts."""
SEND_S = 15.0
"""A page that doesn't take a frame for so long is gone."""


async def stream(request: web.Request, sight: Sight) -> web.WebSocketResponse:
    """Sends what ``sight`` shows until the page goes, or its user may no longer see it."""
    user = user_of(request)
    token = request.cookies.get(SESSION_COOKIE, "")
    socket = web.WebSocketResponse(heartbeat=20.0, compress=False, max_msg_size=1024)
    await socket.prepare(request)
    request.app[OPEN].add(socket)
    sender = asyncio.create_task(_send(request, socket, sight, token, user))
    try:
        async for _ in socket:
            pass  # a page has nothing to say here; reading notices that it went
    finally:
        request.app[OPEN].discard(socket)
        sender.cancel()
        with suppress(asyncio.CancelledError):
            await sender
    return socket


async def _send(
    request: web.Request, socket: web.WebSocketResponse, sight: Sight, token: str, user: User
) -> None:
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    async with request.app[FEEDS].reader(sight) as reader:
        while not socket.closed:
            frame = await reader.next()
            if loop.time() - asked_at >= ASK_AGAIN_S:
                asked_at = loop.time()
                if code := await _no_longer(request, token, user):
                    await socket.close(code=code)
                    return
            try:
                async with asyncio.timeout(SEND_S):
                    await socket.send_str(frame)
            except (TimeoutError, ConnectionError, RuntimeError):
                await socket.close(code=WSCloseCode.GOING_AWAY)
                return


async def _no_longer(request: web.Request, token: str, user: User) -> int | None:
    try:
        now = await request.app[SESSIONS].user(token)
    except AWAY:
        return None  # what was allowed a moment ago stays so while the database is away
    if now is None:
        return SIGNED_OUT
    same = (now.role, permissions.scope(now), now.agent) == (
        user.role,
        permissions.scope(user),
        user.agent,
    )
    return None if same else CHANGED


async def close_all(app: web.Application) -> None:
    """At shutdown, so that pages reconnect at once to whoever comes next."""
    await asyncio.gather(*[_close(socket) for socket in app[OPEN]])


async def _close(socket: web.WebSocketResponse) -> None:
    with suppress(ConnectionError, RuntimeError, TimeoutError):
        async with asyncio.timeout(1.0):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"restart")
