"""Serves a customer who has answered our call: brings them to an agent, or to the message.

The dialplan plays the message by itself (``[outbound]``), and does so too if there is no controller
to serve the session.
"""

import asyncio
import contextlib
from typing import Protocol, assert_never

from acd.commands import Announce, GiveUp, Offer
from domain.identity import AgentCode, QueueName
from domain.outbound_facts import CustomerAbandoned
from engine.admission import Admission
from engine.agents.live_talks import has_talked, must_wait_again
from engine.calls.call import LiveCall, MenuDue, SessionCommand, WaitKey
from engine.inbound.bookmark import Bookmark
from engine.inbound.caller_sessions import Sessions
from engine.inbound.queued_calls import QueuedCalls
from engine.inbound.to_agent import ToAgent
from engine.outbound.placed_session import driven
from telephony.agi.session import Session

_BEGIN_WITHIN_S = 1.5
"""So long a customer waits for a controller that has only just started to know its campaigns."""
_LONGEST_GRACE_S = 10.0
"""No campaign may have a longer one."""


class Host(Protocol):
    """What a campaign says about a customer of its who has answered."""

    @property
    def queue(self) -> QueueName | None:
        """Where they wait; None: nowhere, and they hear the message."""

    @property
    def raised(self) -> int:
        """How much they raise the queue's priority; negative: its own callers go first."""

    @property
    def only(self) -> AgentCode | None:
        """The agent who is kept for them; None: anybody of the queue may have them."""

    def grace_left_s(self) -> float:
        """How much longer they may wait for an agent, in seconds."""

    def asks_for_agent(self, waited_s: float) -> None:
        """They ask for an agent in a flow, and have waited for so long already."""

    def abandoned(self) -> None:
        """They got no agent in time."""


class Hosts(Protocol):
    """Finds the host of a call."""

    async def begun(self) -> None:
        """Wait until it is known which campaigns run here."""

    def host_of(self, call: LiveCall) -> Host | None:
        """None if its campaign is not run here any more."""


class AnsweredCalls:
    """Serves the route ``placed`` of the FastAGI server."""

    def __init__(
        self, sessions: Sessions, admission: Admission, queued: QueuedCalls, hosts: Hosts
    ) -> None:
        self._sessions = sessions
        self._admission = admission
        self._queued = queued
        self._hosts = hosts

    async def serve(self, session: Session) -> None:
        """Bring one customer to an agent within the grace. HungUp ends it quietly.

        Raises SessionRefused if it can't be a call of ours.
        """
        line, left = session.args if len(session.args) == 2 else ("", "")
        until = asyncio.get_running_loop().time() + _seconds(left)
        async with driven(self._sessions, self._admission, session, line) as call:
            await self._serve(session, call, until)

    async def _serve(self, session: Session, call: LiveCall, until: float) -> None:
        bookmark = Bookmark(session, served=False)
        await begun(session, self._hosts)
        if call.placed is not None and call.placed.is_test:
            await bookmark.nobody()  # the dialplan plays the message
            return
        host = self._hosts.host_of(call)
        if (
            host is not None
            and host.queue is not None
            and await self._wait(session, call, host, until)
        ):
            return
        if has_talked(call):
            await bookmark.talked()
            return
        self._sessions.calls.note(call, CustomerAbandoned(by_customer=False))
        if host is not None:
            host.abandoned()
        await bookmark.nobody()

    async def _wait(self, session: Session, call: LiveCall, host: Host, until: float) -> bool:
        """Wait for an agent; returns whether they talked. ``until`` is the end of the grace by
        Asterisk: it has counted while there was no controller, and another one did."""
        assert host.queue is not None  # noqa: S101 - looked at
        bookmark = Bookmark(session, served=False)
        to_agent = ToAgent(session, call, bookmark, self._queued)
        queue, since = host.queue, None
        try:
            while True:
                only = None if has_talked(call) else host.only
                now = self._queued.put(
                    call, queue, since, raised=host.raised, announce=False, only=only
                )
                since = since or now
                if not await self._wait_once(session, call, host, to_agent, since, until):
                    return False
                if (other := call.sent_to()) is not None:
                    queue, since = other, None
                elif not must_wait_again(call):
                    return True
                await bookmark.waiting()
        finally:
            self._queued.left(call)

    async def _wait_once(
        self,
        session: Session,
        call: LiveCall,
        host: Host,
        to_agent: ToAgent,
        since: float,
        until: float,
    ) -> bool:
        """Wait until an agent has talked with them, or nobody will; returns which."""
        bookmark = Bookmark(session, served=False)
        if has_talked(call):
            await session.music_on()
        while True:
            command = await self._next(session, call, host, until)
            match command:
                case Offer():
                    if await to_agent.bring(command, since):
                        return True
                    await bookmark.waiting()
                case GiveUp() | None:
                    return False
                case Announce() | WaitKey() | MenuDue():
                    pass
                case _:
                    assert_never(command)

    async def _next(
        self, session: Session, call: LiveCall, host: Host, until: float
    ) -> SessionCommand | None:
        """The floor's next command; None if it doesn't come within the grace. Who has talked to
        somebody, and waits again, waits as long as the queue's callers do."""
        coming = call.inbox.next()
        left_s: float | None = None
        if not has_talked(call):
            left_s = max(0.0, min(host.grace_left_s(), until - asyncio.get_running_loop().time()))
        try:
            async with asyncio.timeout(left_s):
                return await session.idle(coming)
        except TimeoutError:
            return None


async def begun(session: Session, hosts: Hosts) -> None:
    """Wait until it is known which campaigns run here, but not for long: a customer waits, too."""
    with contextlib.suppress(TimeoutError):  # the controller has only just started
        async with asyncio.timeout(_BEGIN_WITHIN_S):
            await session.until(hosts.begun())


def _seconds(milliseconds: str) -> float:
    """How much of the grace is left, as the dialplan says; 0 if that can't be."""
    try:
        left_s = int(milliseconds) / 1000
    except ValueError:
        return 0.0
    return min(max(left_s, 0.0), _LONGEST_GRACE_S)
