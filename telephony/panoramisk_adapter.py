"""Holds everything that Offhook uses of panoramisk; no other module of the product imports it.

We compose its parts instead of inheriting from them, and don't call what panoramisk 1.4 does wrong:

- its AMI protocol decodes each read by itself, which loses characters split over two, puts no
  deadline on replies, and after a reconnection sends unanswered actions again, even an Originate;
- its FastAGI application reads the environment without limit, spins for ever when a health check
  connects and closes, and swallows what a route raises, including its cancellation;
- its FastAGI request takes an unasked HANGUP line for a reply and loses ``result= (timeout)``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from panoramisk.actions import Action
from panoramisk.fast_agi import Application
from panoramisk.utils import IdGenerator

ReplyT = TypeVar("ReplyT")
SessionT = TypeVar("SessionT")

# Asterisk shows an OriginateResponse, with its ActionID, to every AMI client, so ids have to
# differ between controllers too. panoramisk's contain a UUID of this process.
_action_ids = IdGenerator("offhook")


class PendingAction(Generic[ReplyT]):
    """An AMI action that waits for its reply, and perhaps for a list of events after it.

    Its id, its future and the events received are panoramisk's ``Action``'s. Needs a running loop.
    """

    __slots__ = ("_action", "complete", "future", "id", "item", "name", "received")

    def __init__(self, name: str, *, item: str = "", complete: str = "") -> None:
        self.name = name
        self.item = item
        """The name of the list's events; empty if the action answers without one."""
        self.complete = complete
        """The name of the event that ends the list."""
        self._action = Action({"Action": name, "ActionID": _action_ids()})
        self.id: str = self._action.id
        self.future: asyncio.Future[ReplyT] = self._action.future
        self.received: list[ReplyT] = self._action.responses


class FastAgiRoutes(Generic[SessionT]):
    """The routes of a FastAGI server by the script's name, run by panoramisk's ``Application``."""

    def __init__(self, routes: Mapping[str, Callable[[SessionT], Awaitable[None]]]) -> None:
        self.names = sorted(routes)
        self._application = Application(loop=False)  # it only stores the loop
        for name, route in routes.items():
            self._application.add_route(name, _endpoint(route))

    async def run(self, name: str, session: SessionT) -> None:
        """Run the route ``name`` and raise what it raises. Raises ValueError if there is none."""
        if name not in self.names:
            raise ValueError(f"there is no FastAGI route {name!r}")
        stream = _CheckedStream(name, session)
        await self._application.handler(stream, stream)
        if stream.error is not None:
            try:
                raise stream.error
            finally:
                stream.error = None  # its traceback refers to the stream


class _CheckedStream(Generic[SessionT]):
    """Reader and writer for panoramisk of a session whose environment has been read and checked."""

    def __init__(self, name: str, session: SessionT) -> None:
        self.session = session
        self.error: BaseException | None = None
        self._name = name

    async def read(self, _most: int) -> bytes:
        return f"agi_network_script: {self._name}\n\n".encode()

    def get_extra_info(self, _name: str) -> None:
        """The peer, which panoramisk would log: nothing, because the server logs it."""

    def close(self) -> None:
        """The server closes the connection."""


class _Request(Generic[SessionT]):
    """The part of panoramisk's Request that a route here sees."""

    reader: _CheckedStream[SessionT]


def _endpoint(
    route: Callable[[SessionT], Awaitable[None]],
) -> Callable[[_Request[SessionT]], Awaitable[None]]:
    async def endpoint(request: _Request[SessionT]) -> None:
        stream = request.reader
        try:
            await route(stream.session)
        except BaseException as error:
            stream.error = error  # raised again by FastAgiRoutes.run

    return endpoint
