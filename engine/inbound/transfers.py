"""Brings a caller to one agent, or to somebody outside, because their flow says so."""

import structlog

from acd.commands import Offer
from domain.centre import OutsideNumber
from domain.identity import AgentCode, QueueName
from engine.agents.outside_calls import new_room
from engine.board_ports import CallStage
from engine.calls.call import LiveCall
from engine.inbound.bookmark import Bookmark
from engine.inbound.flow_means import FlowMeans
from engine.inbound.room import Room
from ivr_flows.steps import Enqueue, Left, QueueExit, TransferToAgent, TransferToNumber
from recordings.capture import capture
from telephony.agi.session import Session

log = structlog.get_logger()


class Transfers:
    """Transfers one caller, in one session."""

    def __init__(
        self, session: Session, call: LiveCall, means: FlowMeans, bookmark: Bookmark
    ) -> None:
        self._session = session
        self._call = call
        self._means = means
        self._bookmark = bookmark
        self._room = Room(session)

    def wait_for(
        self, step: TransferToAgent, usual: QueueName | None, language: str
    ) -> Enqueue | None:
        """The wait for this agent alone, in a queue that they serve: ``usual`` rather than another.

        None: they are not logged in, or serve no queue of the call's project.
        """
        queue = self._means.queued.queue_with(step.agent, self._call, usual)
        if queue is None:
            return None
        return Enqueue(step.node, queue, language, "default", step.exits, longest_s=step.longest_s)

    async def to_number(self, step: TransferToNumber) -> Left:
        """Call a number outside, and let the caller talk with whoever answers.

        They hear ringing meanwhile. The number is the flow's own, and goes out over its line only
        as long as an admin allows it there. The talk is recorded as those with agents are.
        """
        in_force = self._means.sessions.calls.in_force
        line = in_force.line(step.line)
        if any(way in in_force.hotlines for way in in_force.ways(step.number, step.line)):
            # It would take another channel each time, until the line has none left.
            self._means.complain(
                "a flow wants to call a number of the centre's own, which would lead back here; let"
                ' it go on in that number\'s flow ("go_on")',
                kind=step.number,
                number=step.number,
                node=step.node,
            )
            return Left(QueueExit.FAILED)
        if line is None or not line.flows_may_call:
            self._means.complain(
                "a flow wants to call a number over a line that flows may not call over; allow it"
                " at the line, or change the flow",
                kind=step.line,
                line=step.line,
                number=step.number,
                node=step.node,
            )
            return Left(QueueExit.FAILED)
        outside, call = self._means.outside, self._call
        who = OutsideNumber(step.number, step.number, step.line)
        room = new_room(step.number)
        await self._bookmark.calls_outside(step.node, step.exits[QueueExit.TALKED])
        await self._session.execute("PlayTones", "ring")
        try:
            ring = outside.begin(call, who, room, ring_s=step.longest_s)
            if not await self._session.until(ring):
                return await self._not_reached(QueueExit.FAILED)
            call.agent = None
            self._means.sessions.calls.stage(call, CallStage.RINGING)
            if not await self._session.until(outside.comes(call.id)):
                return await self._not_reached(QueueExit.TIMEOUT)
        finally:
            outside.drop(call.id)  # if it still rings
        await self._session.execute("StopPlayTones")
        call.recorded = True
        offer = Offer(call.id, QueueName(""), AgentCode(""), room, step.longest_s)
        why = await self._room.talk(offer, capture(call.id))
        if call.music:  # the talk has ended while the caller was on hold
            call.music = False
            await self._session.music_off()
        if why is not None:
            return await self._not_reached(QueueExit.FAILED)
        self._means.sessions.calls.stage(call, CallStage.AFTER)
        await self._bookmark.talked()
        return Left(QueueExit.TALKED)

    async def _not_reached(self, why: QueueExit) -> Left:
        await self._session.execute("StopPlayTones")
        self._means.sessions.calls.stage(self._call, CallStage.FLOW)
        return Left(why)
