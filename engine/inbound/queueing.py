"""One caller's wait for an agent: carries out the floor's commands on the caller's channel."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from acd.commands import Announce, GiveUp, Offer
from domain.floor_facts import PositionAnnounced
from domain.identity import AgentCode
from domain.reasons import GiveUpReason
from engine.agents.live_talks import must_wait_again
from engine.calls.call import LiveCall, MenuDue, WaitKey
from engine.calls.live_calls import LiveCalls
from engine.inbound.bookmark import Bookmark
from engine.inbound.queued_calls import QueuedCalls
from engine.inbound.speaking import Speech
from engine.inbound.to_agent import ToAgent
from ivr_flows.announcements import announcement
from ivr_flows.flow import Flow
from ivr_flows.steps import AgentFound, Done, Enqueue, Left, MenuIsDue, QueueExit
from telephony.agi.session import Session

_EXITS = {
    GiveUpReason.TIMEOUT: QueueExit.TIMEOUT,
    GiveUpReason.NOBODY_LOGGED_IN: QueueExit.NOBODY,
    GiveUpReason.UNKNOWN_QUEUE: QueueExit.FAILED,
}


class Queueing:
    """Waits with one caller, in one session; ``queued_at`` if they waited before (epoch s).

    ``raised`` is how much they raise a queue's priority unless the flow says so; None: by who they
    are.
    """

    def __init__(
        self,
        session: Session,
        call: LiveCall,
        calls: LiveCalls,
        queued: QueuedCalls,
        bookmark: Bookmark,
        speech: Speech,
        raised: int | None,
        queued_at: float | None,
    ) -> None:
        self._session = session
        self._call = call
        self._turn = call.turn
        self._calls = calls
        self._queued = queued
        self._bookmark = bookmark
        self._speech = speech
        self._raised = raised
        self._to_agent = ToAgent(session, call, bookmark, queued)
        self._queued_at = queued_at
        self._kept: tuple[Enqueue, float] | None = None
        """Where the caller waits and since when, while they walk the in-queue flow."""

    @property
    def keeps_place(self) -> bool:
        """Whether the caller waits, and walks the in-queue flow."""
        return self._kept is not None

    async def wait(
        self, step: Enqueue, flow: Flow | None, only: AgentCode | None = None
    ) -> Left | MenuIsDue:
        """Wait until an agent has talked with the caller, or the queue gives up on them, or they
        have pressed a key that ends the wait, or the in-queue flow is due.

        ``flow`` has the words of the announcements; None: there are none. ``only`` is the one agent
        who may have the caller.
        """
        if self._kept is not None and step.goes_on:
            # An agent may have sent them on, into a queue that the flow knows nothing of.
            queue, since = self._kept[0].queue, self._kept[1]
            step, self._kept = replace(step, queue=queue), None
        else:
            self.leave()
            again, self._queued_at = self._queued_at, None
            if again is None and self._queued.is_full(step.queue, step.most_waiting):
                return Left(QueueExit.OVERFLOW)
            since = self._put(step, again, only)
            step = replace(step, goes_on=False)
        stays = False
        try:
            with self._reminded(step):
                if not step.goes_on:
                    await self._bookmark.queued(step, since)
                if step.back:
                    await self._speech.say_waiting(step.back)
                await self._music(step)
                over = await self._until_over(step, since, flow, only)
            stays = isinstance(over, MenuIsDue)
            return over
        finally:
            if not stays:
                self._left()

    def leave(self) -> None:
        """Give up the place that the caller has kept, if they have one."""
        if self._kept is not None:
            self._kept = None
            self._left()

    def leave_unless_found(self) -> Done | AgentFound:
        """The caller wants to leave the queue; if the floor was quicker, they don't."""
        if self._call.inbox.decided:
            return AgentFound()
        self.leave()
        return Done()

    def _left(self) -> None:
        if self._call.turn == self._turn:  # otherwise a later session has the caller
            self._queued.left(self._call)

    async def _until_over(
        self, step: Enqueue, since: float, flow: Flow | None, only: AgentCode | None
    ) -> Left | MenuIsDue:
        while True:
            command = await self._session.idle(self._call.inbox.next())
            match command:
                case Announce():
                    await self._announce(command, step, flow)
                case Offer():
                    self._listen("")
                    talked = await self._to_agent.bring(command, since)
                    self._listen(step.keys)
                    if not talked:
                        await self._bookmark.waiting()
                        await self._session.music_on(step.music)
                    elif (queue := self._call.sent_to()) is not None:
                        step = replace(step, queue=queue, longest_s=None)
                        since, only = await self._wait_elsewhere(step), None
                    elif must_wait_again(self._call):
                        await self._wait_again(step, since, only)
                    else:
                        return Left(QueueExit.TALKED)
                case GiveUp():
                    await self._session.music_off()
                    return Left(_EXITS[command.why])
                case WaitKey():
                    if not self._call.inbox.decided:  # otherwise an agent was quicker
                        await self._session.music_off()
                        return Left(QueueExit.KEY, command.key)
                case MenuDue():
                    if step.every_s is not None and not self._call.inbox.urgent:
                        self._kept = step, since
                        return MenuIsDue()
                case _:
                    assert_never(command)

    @contextmanager
    def _reminded(self, step: Enqueue) -> Iterator[None]:
        """Let the inbox have the caller's keys and, when it is time, the in-queue flow."""
        inbox, timer = self._call.inbox, None
        self._listen(step.keys)
        if step.every_s is not None:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(step.every_s, inbox.put, MenuDue())
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
            if self._call.turn == self._turn:
                self._listen("")
                inbox.drop(MenuDue, WaitKey)

    def _listen(self, keys: str) -> None:
        """From now on these keys end the wait."""
        self._call.keys, self._call.keys_since = keys, datetime.now(UTC)

    def _put(self, step: Enqueue, since: float | None, only: AgentCode | None) -> float:
        return self._queued.put(
            self._call,
            step.queue,
            since,
            raised=self._raised if step.raised is None else step.raised,
            announce=only is None,
            only=only,
            alone=only is not None,
            longest_s=step.longest_s,
        )

    async def _wait_elsewhere(self, step: Enqueue) -> float:
        """An agent has sent the caller into another queue; returns since when they wait there."""
        since = self._put(step, None, None)
        await self._bookmark.queued(step, since)
        await self._music(step)
        return since

    async def _wait_again(self, step: Enqueue, since: float, only: AgentCode | None) -> None:
        """The phone died during the talk, or the colleague left as the caller was passed on: the
        caller waits again, with their place since ``since``."""
        self._put(step, since, only)
        await self._bookmark.waiting()
        await self._speech.say_waiting(step.again)
        await self._music(step)

    async def _announce(self, command: Announce, step: Enqueue, flow: Flow | None) -> None:
        announced = PositionAnnounced(command.position, command.expected_wait_s)
        self._calls.note(self._call, announced)
        if flow is not None:
            position, expected_s = command.position, command.expected_wait_s
            texts = announcement(flow, position, expected_s, step.language)
            await self._speech.say_waiting(texts)
        await self._music(step)

    async def _music(self, step: Enqueue) -> None:
        """Play music, unless there is already something better for the caller."""
        if not self._call.inbox:
            await self._session.music_on(step.music)
