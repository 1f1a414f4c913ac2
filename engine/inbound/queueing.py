"""One caller's wait for an agent: carries out the floor's commands on the caller's channel."""

from dataclasses import replace
from typing import assert_never

from acd.commands import Announce, GiveUp, Offer
from domain.facts import PositionAnnounced
from domain.reasons import GiveUpReason
from engine.agents.live_talks import must_wait_again
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.inbound.bookmark import Bookmark
from engine.inbound.flow_entry import FlowEntry
from engine.inbound.queued_calls import QueuedCalls
from engine.inbound.speaking import Speech
from engine.inbound.to_agent import ToAgent
from ivr_flows.announcements import announcement
from ivr_flows.steps import Enqueue, QueueExit
from telephony.agi.session import Session

_EXITS = {
    GiveUpReason.TIMEOUT: QueueExit.TIMEOUT,
    GiveUpReason.NOBODY_LOGGED_IN: QueueExit.NOBODY,
    GiveUpReason.UNKNOWN_QUEUE: QueueExit.FAILED,
}


class Queueing:
    """Waits with one caller, in one session; ``queued_at`` if they waited before (epoch s)."""

    def __init__(
        self,
        session: Session,
        call: LiveCall,
        entry: FlowEntry,
        calls: LiveCalls,
        queued: QueuedCalls,
        bookmark: Bookmark,
        speech: Speech,
        queued_at: float | None,
    ) -> None:
        self._session = session
        self._call = call
        self._turn = call.turn
        self._entry = entry
        self._calls = calls
        self._queued = queued
        self._bookmark = bookmark
        self._speech = speech
        self._to_agent = ToAgent(session, call, bookmark, queued)
        self._queued_at = queued_at

    async def wait(self, step: Enqueue) -> QueueExit:
        """Wait until an agent has talked with the caller, or the queue gives up on them."""
        since = self._put(step, self._queued_at)
        self._queued_at = None
        try:
            await self._bookmark.queued(step, since)
            if step.back:
                await self._speech.say_waiting(step.back)
            await self._music(step)
            while True:
                command = await self._session.idle(self._call.inbox.next())
                match command:
                    case Announce():
                        await self._announce(command, step)
                    case Offer():
                        if await self._to_agent.bring(command, since):
                            if (queue := self._call.sent_to()) is not None:
                                step = replace(step, queue=queue)
                                since = await self._wait_elsewhere(step)
                                continue
                            if not must_wait_again(self._call):
                                return QueueExit.TALKED
                            await self._wait_again(step, since)
                            continue
                        await self._bookmark.waiting()
                        await self._session.music_on(step.music)
                    case GiveUp():
                        await self._session.music_off()
                        return _EXITS[command.why]
                    case _:
                        assert_never(command)
        finally:
            if self._call.turn == self._turn:  # otherwise a later session has the caller
                self._queued.left(self._call)

    def _put(self, step: Enqueue, since: float | None) -> float:
        return self._queued.put(self._call, step.queue, since, raised=self._entry.raised)

    async def _wait_elsewhere(self, step: Enqueue) -> float:
        """An agent has sent the caller into another queue; returns since when they wait there."""
        since = self._put(step, None)
        await self._bookmark.queued(step, since)
        await self._music(step)
        return since

    async def _wait_again(self, step: Enqueue, since: float) -> None:
        """The phone died during the talk, or the colleague left as the caller was passed on: the
        caller waits again, with their place since ``since``."""
        self._put(step, since)
        await self._bookmark.waiting()
        await self._speech.say_waiting(step.again)
        await self._music(step)

    async def _announce(self, command: Announce, step: Enqueue) -> None:
        texts = announcement(
            self._entry.flow, command.position, command.expected_wait_s, step.language
        )
        announced = PositionAnnounced(command.position, command.expected_wait_s)
        self._calls.note(self._call, announced)
        await self._speech.say_waiting(texts)
        await self._music(step)

    async def _music(self, step: Enqueue) -> None:
        """Play music, unless there is already something better for the caller."""
        if not self._call.inbox:
            await self._session.music_on(step.music)
