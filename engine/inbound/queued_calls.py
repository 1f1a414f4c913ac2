"""Takes what sessions report about waiting callers and the phones that ring for them."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from acd.commands import Offer
from acd.events import CallLeft, CallQueued, OfferFailed
from domain.agent_facts import AgentState
from domain.floor_facts import OfferNotTaken, Queued
from domain.identity import AgentCode, NodeName, QueueName
from domain.reasons import OfferFailure
from engine.agents.consultations import Consultations
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.agents.rooms import Rooms
from engine.board_ports import CallStage
from engine.calls.call import LiveCall, PassedOn
from engine.calls.live_calls import LiveCalls
from engine.centre_in_force import CentreInForce
from engine.clock import Clock, ReportTiming
from engine.inbound.waited import waited_s
from telephony.ami.link import Link


class QueuedCalls:
    """Feeds the floor and writes the calls' records, for all sessions."""

    def __init__(
        self,
        in_force: CentreInForce,
        clock: Clock,
        calls: LiveCalls,
        floor: LiveFloor,
        talks: LiveTalks,
        rooms: Rooms,
        consultations: Consultations,
        links: Mapping[NodeName, Link],
        timing: ReportTiming,
    ) -> None:
        self._timing = timing
        self._in_force = in_force
        self._clock = clock
        self._calls = calls
        self._floor = floor
        self._talks = talks
        self._rooms = rooms
        self._consultations = consultations
        self._links = links

    def put(
        self,
        call: LiveCall,
        queue: QueueName,
        since: float | None,
        *,
        raised: int | None = None,
        announce: bool = True,
        only: AgentCode | None = None,
        alone: bool = False,
        longest_s: float | None = None,
    ) -> float:
        """The caller waits, since ``since`` (epoch s) if they did before. Returns since when.

        ``raised`` is how much they raise the queue's priority; None: by who they are. ``only`` is
        the agent who is kept for them, and with ``alone`` nobody else may ever have them; None:
        anybody may. They wait ``longest_s`` at most; None: as long as the queue says.
        """
        call.raised, call.announced_to, call.only = raised, announce, only
        call.alone, call.longest_s = alone, longest_s
        at = datetime.fromtimestamp(since, UTC) if since else datetime.now(UTC)
        call.queue, call.agent = queue, None
        if since is None:
            known = self._in_force.queues.get(queue)
            raised = self._raised(call)
            skill = None if known is None else known.skill
            self._calls.note(call, Queued(queue, skill, raised or None), at=at)
        self._calls.stage(call, CallStage.QUEUE)
        self._waits(call, queue, at, again=since is not None)
        return at.timestamp()

    def _waits(self, call: LiveCall, queue: QueueName, since: datetime, *, again: bool) -> None:
        now = datetime.now(UTC)
        waited = waited_s(since, call.returns, call.ledger.facts, now)
        place = self._clock.monotonic(since)
        queued = CallQueued(
            call.id,
            queue,
            place,
            call.announced_to,
            waited_s=waited,
            raised=self._raised(call),
            only=call.only,
            alone=call.alone,
            longest_s=call.longest_s,
        )
        self._floor.feed(queued)
        if again:
            call.returns.append(now)

    def _raised(self, call: LiveCall) -> int:
        if call.raised is not None:
            return call.raised
        return self._in_force.raised(call.caller, call.line, call.project)

    def queue_with(
        self, agent: AgentCode, call: LiveCall, usual: QueueName | None
    ) -> QueueName | None:
        """A queue of the call's project that this agent serves, ``usual`` rather than another; None
        if there is none, or they are not logged in."""
        seat = self._floor.core.agent(agent)
        if seat is None or seat.state is AgentState.LOGGED_OUT:
            return None
        served = [
            queue.name
            for queue in self._in_force.queues.values()
            if queue.project == call.project and seat.skills.get(queue.skill, 0) >= queue.min_level
        ]
        return usual if usual in served else next(iter(served), None)

    def is_full(self, queue: QueueName, most: int | None) -> bool:
        """Whether so many callers wait in the queue already; None: any number may."""
        return most is not None and self._floor.core.length(queue) >= most

    def left(self, call: LiveCall) -> None:
        """The caller's session no longer waits, for whatever reason."""
        call.inbox.clear()
        self._floor.feed(CallLeft(call.id))

    def offer_failed(self, call: LiveCall, offer: Offer, why: OfferFailure, since: float) -> None:
        """The agent's phone has stopped ringing without an answer, or without a talk."""
        if self._floor.offer_over(call.id, offer.station):
            why = OfferFailure.WITHDRAWN
        self._calls.note(call, OfferNotTaken(offer.agent, offer.station, why))
        call.agent = None
        self._calls.stage(call, CallStage.QUEUE)
        if why is OfferFailure.DROPPED:
            call.ledger.answered_in_vain(offer.station, datetime.now(UTC))
        self._floor.feed(OfferFailed(call.id, offer.agent, why))
        if why is OfferFailure.DROPPED:
            self._talks.must_have_ended(call)
            # Asterisk may have shown a talk; the caller waits again as if they had never stopped.
            self._waits(call, offer.queue, datetime.fromtimestamp(since, UTC), again=True)

    def caller_left_ringing(self, call: LiveCall, offer: Offer) -> None:
        """The caller has left Dial: hung up or transferred, while it rang or later."""
        self._floor.offer_over(call.id, offer.station)
        if offer.station not in call.ledger.phones:
            self._floor.feed(OfferFailed(call.id, offer.agent, OfferFailure.CALLER_LEFT))
        self._talks.must_have_ended(call)

    def comes_into_room(self, offer: Offer) -> bool:
        """Whether the agent's phone is nailed up, so that the caller comes into its room. The agent
        then hears it."""
        return self._rooms.announce(offer.station)

    def onward(self, call: LiveCall, *, phone_gone: bool) -> PassedOn | None:
        """Where a caller goes who is back from a talk; None: their agent hasn't sent them on."""
        return self._consultations.onward(call, phone_gone=phone_gone)

    async def somebody_comes(self, call: LiveCall) -> bool:
        """Wait for somebody outside to whom an agent has sent the caller on unasked; returns
        whether they have come into their room."""
        return await self._consultations.somebody_comes(call)

    def passed_on(self, call: LiveCall, agent: AgentCode) -> None:
        """A colleague's phone begins to ring for a caller whom an agent has sent on."""
        call.agent = agent
        self._calls.stage(call, CallStage.RINGING)

    def passed_in_vain(self, call: LiveCall) -> None:
        """Nobody took a caller whom an agent has sent on: they wait again."""
        self._consultations.in_vain(call)

    def dialling(self, call: LiveCall, offer: Offer, *, rings: bool = True) -> asyncio.TimerHandle:
        """The agent's phone begins to ring; the timer is to be cancelled when Dial is over.

        Unless the phone is answered, Dial ends by itself with the ringing. If it doesn't ring, they
        talk at once.
        """
        begun_s = offer.ring_s + self._timing.rung_out_s if rings else self._timing.late_s
        return asyncio.get_running_loop().call_later(
            begun_s, self._talks.must_have_begun, call, offer
        )

    def talk_over(self, call: LiveCall, offer: Offer, dialled_at: datetime) -> None:
        """The caller is back from a talk."""
        self._floor.offer_over(call.id, offer.station)
        talk = (call, offer, dialled_at, datetime.now(UTC))
        if self._links[call.channel.node].up:
            # AMI reports it too, perhaps a moment later, unless the link has only just come up.
            loop = asyncio.get_running_loop()
            loop.call_later(self._timing.late_s, self._talks.seen_by_session, *talk)
        else:
            self._talks.seen_by_session(*talk)
            self._talks.must_have_ended(call)
        self._calls.stage(call, CallStage.AFTER)
