"""What the callers' FastAGI sessions tell: a call has come, waits, was not answered, has talked."""

import asyncio
from datetime import UTC, datetime
from enum import StrEnum

from acd.commands import Offer
from acd.events import CallLeft, CallQueued, OfferFailed
from domain.centre import Centre
from domain.facts import OfferNotTaken, Queued
from domain.identity import CallId, ChannelId, LineName, QueueName
from domain.reasons import EndReason, OfferFailure, Party, Unlisted
from engine.admission import Admission
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.calls.call import Driver, LiveCall
from engine.calls.live_calls import LiveCalls
from engine.changes import Changes
from engine.clock import Clock
from engine.inbound.waited import waited_s
from engine.orders import Orders
from engine.ports import CallStage
from telephony.agi.agi_wire import SessionRefused
from telephony.centre_calls import Calls
from telephony.complaints import Complaints

_LOOK_AFTER_S = 5.0
_TOLD_WITHIN_S = 1.0
_RUNG_OUT_S = 2.0
_ENDS_WITHIN_S = 4.0


class Closing(StrEnum):
    """What becomes of new calls while the controller ends."""

    REFUSE = "refuse"  # Asterisk ends too: the carrier may send them elsewhere
    OWN_QUEUE = "own queue"  # Asterisk goes on: its own queue rings the phones


class Sessions:
    """One for all sessions; each speaks of its own call."""

    def __init__(
        self,
        centre: Centre,
        clock: Clock,
        changes: Changes,
        calls: LiveCalls,
        floor: LiveFloor,
        talks: LiveTalks,
        orders: Orders,
        channels: Calls,
        admission: Admission,
    ) -> None:
        self.closing: Closing | None = None
        """Set when the controller is about to end."""
        self.calls = calls
        self._skills = {queue.name: queue.skill for queue in centre.queues}
        self._clock = clock
        self._changes = changes
        self._floor = floor
        self._talks = talks
        self._links = orders.links
        self._channels = channels
        self._admission = admission
        self._complain = Complaints()
        self._tasks: set[asyncio.Task[None]] = set()

    async def admit(self, channel: ChannelId, line: str, hotline: str) -> None:
        """Returns when a session may drive this caller. Raises SessionRefused."""
        await self._admission.caller(channel, line, hotline)

    def is_driven(self, name: CallId) -> bool:
        """Whether a session drives the call already."""
        call = self.calls.get(name)
        return call is not None and call.attached

    async def released(self, name: CallId) -> None:
        """Returns when the session that drives the call has ended. Raises SessionRefused if it
        does not.

        A transfer or a cut brings a caller back with a later session. The server has ended the
        earlier one then, whose work here may take a moment more.
        """
        call = self.calls.get(name)
        if call is None or not call.attached:
            return
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                await call.released.wait()
        except TimeoutError:
            raise SessionRefused(
                "second", f"the earlier session of call {name} does not end"
            ) from None

    def enter(
        self,
        channel: ChannelId,
        channel_name: str,
        line: LineName,
        caller: str | None,
        number: str,
        entered_at: float,
        caller_name: str | None = None,
        driver: Driver | None = None,
    ) -> LiveCall | None:
        """A session drives this call from now on; None if ``number`` is no hotline.

        ``entered_at`` is in epoch seconds.
        """
        call = self.calls.take_up(
            channel, channel_name, line, caller, number, entered_at, caller_name
        )
        if call is not None:
            call.attached, call.attached_at = True, datetime.now(UTC)
            call.driver = driver
            call.released.clear()
            call.turn += 1
            call.inbox.clear()
            self._changes.touch()
        return call

    def taken_back(self, call: LiveCall, language: str | None) -> None:
        """The call was under way before this session, by a transfer or an earlier controller."""
        call.language = language
        if not call.served:
            self.calls.adopt(call)

    def queue(self, call: LiveCall, queue: QueueName, since: float | None) -> float:
        """The caller waits; ``since`` (epoch s) if they did before. Returns since when."""
        at = datetime.fromtimestamp(since, UTC) if since else datetime.now(UTC)
        call.queue, call.agent = queue, None
        if since is None:
            self.calls.note(call, Queued(queue, self._skills.get(queue)), at=at)
        self.calls.stage(call, CallStage.QUEUE)
        self._waits(call, queue, at, again=since is not None)
        return at.timestamp()

    def _waits(self, call: LiveCall, queue: QueueName, since: datetime, *, again: bool) -> None:
        now = datetime.now(UTC)
        waited = waited_s(since, call.returns, call.ledger.facts, now)
        place = self._clock.monotonic(since)
        self._floor.feed(CallQueued(call.id, queue, place, waited_s=waited))
        if again:
            call.returns.append(now)

    def left_queue(self, call: LiveCall) -> None:
        """The caller's session no longer waits, whatever the reason."""
        call.inbox.clear()
        self._floor.feed(CallLeft(call.id))

    def offer_failed(self, call: LiveCall, offer: Offer, why: OfferFailure, since: float) -> None:
        """The agent's phone has stopped ringing without an answer, or without a talk."""
        if self._floor.offer_over(call.id, offer.station):
            why = OfferFailure.WITHDRAWN
        self.calls.note(call, OfferNotTaken(offer.agent, offer.station, why))
        call.agent = None
        self.calls.stage(call, CallStage.QUEUE)
        if why is OfferFailure.DROPPED:
            call.ledger.answered_in_vain(offer.station, datetime.now(UTC))
        self._floor.feed(OfferFailed(call.id, offer.agent, why))
        if why is OfferFailure.DROPPED:
            self._talks.must_have_ended(call)
            # Asterisk may have shown a talk; the caller waits again, and never ceased to.
            self._waits(call, offer.queue, datetime.fromtimestamp(since, UTC), again=True)

    def caller_left_ringing(self, call: LiveCall, offer: Offer) -> None:
        """The caller is gone from Dial: hung up or transferred, while it rang or after."""
        self._floor.offer_over(call.id, offer.station)
        if offer.station not in call.ledger.phones:
            self._floor.feed(OfferFailed(call.id, offer.agent, OfferFailure.CALLER_LEFT))
        self._talks.must_have_ended(call)

    def dialling(self, call: LiveCall, offer: Offer) -> asyncio.TimerHandle:
        """The agent's phone begins to ring; to be cancelled when Dial is over.

        Dial ends by itself with the ringing, unless the phone was answered.
        """
        return asyncio.get_running_loop().call_later(
            offer.ring_s + _RUNG_OUT_S, self._talks.must_have_begun, call, offer
        )

    def talk_over(self, call: LiveCall, offer: Offer, dialled_at: datetime) -> None:
        """The caller is back from a talk."""
        self._floor.offer_over(call.id, offer.station)
        talk = (call, offer, dialled_at, datetime.now(UTC))
        if self._links[call.channel.node].up:
            # AMI reports it too, perhaps a moment later, unless the link came up only just now.
            loop = asyncio.get_running_loop()
            loop.call_later(_TOLD_WITHIN_S, self._talks.seen_by_session, *talk)
        else:
            self._talks.seen_by_session(*talk)
            self._talks.must_have_ended(call)
        self.calls.stage(call, CallStage.AFTER)

    def flow_ended(self, call: LiveCall, why: str) -> None:
        """The flow hangs up on purpose."""
        call.flow_ended = Unlisted(why)

    def refused(self, call: LiveCall) -> None:
        """The call is hung up unanswered, because the controller is about to end."""
        call.refused = EndReason.STOPPING

    def session_over(self, call: LiveCall) -> None:
        """No session drives the call any more; it may be gone, transferred, or lost."""
        call.attached, call.driver = False, None
        call.released.set()
        call.served = True
        self._changes.touch()
        # Its end comes over AMI; if the link missed it, somebody has to look.
        asyncio.get_running_loop().call_later(_LOOK_AFTER_S, self._look_after, call)

    def doubt(self, call: LiveCall) -> None:
        """A snapshot does not have the call, which may be younger: its channel is looked for."""
        task = asyncio.get_running_loop().create_task(self._settle(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, call: LiveCall) -> None:
        try:
            await self._admission.caller(call.channel, call.line, call.hotline.number)
        except SessionRefused as refused:
            if self.calls.get(call.id) is not call:
                return
            self._complain(
                "a session that began while AMI was down is ended",
                kind=refused.kind,
                call=call.id,
                why=str(refused),
            )
            if call.driver is not None:
                call.driver.end()
            self._talks.gone(call, Party.UNKNOWN, 0)

    def _look_after(self, call: LiveCall) -> None:
        link = self._links.get(call.channel.node)
        known = self._channels.view(call.id) is not None
        if link is not None and link.up and not known and not call.attached:
            self._talks.gone(call, Party.UNKNOWN, 0)
