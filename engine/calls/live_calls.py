"""Keeps the calls in progress, and records what happens in them as it happens."""

import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import structlog

from domain.call_facts import CallBlocked, CallEnded, CallEntered, ControllerLost, TurnedAway
from domain.centre import Hotline
from domain.facts import CallFact
from domain.happening import Happening
from domain.identity import CallId, ChannelId, LineName, NodeName
from domain.outbound_facts import (
    CallPlaced,
    CustomerAbandoned,
    CustomerAnswered,
    CustomerRang,
    DetectionBegan,
    FateUnknown,
    MachineFound,
    MessagePlayed,
    NotReached,
    OptedOut,
    PersonFound,
)
from domain.reasons import Party
from engine.board_ports import CallStage
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.calls.logged import entered, fact_id
from engine.calls.placed import PlacedFor, placed_before, placed_fact
from engine.calls.way import FlowWay
from engine.centre_in_force import CentreInForce
from engine.changes import Changes
from engine.clock import Clock
from records.call_queries import StoredCall
from storage.outbox import Outbox
from telephony.complaints import Complaints, shown

log = structlog.get_logger()

_ONCE = (
    CallEntered, TurnedAway, CallEnded, CallPlaced, CustomerRang, CustomerAnswered, NotReached,
    CustomerAbandoned, FateUnknown, MessagePlayed, OptedOut, DetectionBegan, PersonFound,
    MachineFound,
)  # fmt: skip

_JUST_OVER_S = 10.0

BLOCKED_CAUSE = 34
"""Q.850: no circuit is free."""


class LiveCalls:
    """All calls in progress, by their ids."""

    def __init__(
        self, in_force: CentreInForce, outbox: Outbox, changes: Changes, clock: Clock
    ) -> None:
        self.by_id: dict[CallId, LiveCall] = {}
        self.unclosed: dict[CallId, StoredCall] = {}
        """An earlier controller's calls: without an end in the record, and not yet seen."""
        self.in_force = in_force
        self._outbox = outbox
        self._changes = changes
        self._clock = clock
        self._just_over: deque[tuple[float, LiveCall]] = deque()
        self._unsettled: list[Gap] = []
        self._before: dict[NodeName, list[LiveCall]] = {}
        """Of each node that can't be seen: the calls that were just over when that began."""
        self._complain = Complaints()

    def get(self, call: CallId) -> LiveCall | None:
        """The call, or None if it is over or was never seen."""
        return self.by_id.get(call)

    def hotline(self, call: CallId, number: str) -> Hotline | None:
        """The hotline of this number, None if there is none. Calls that are in one go on in it,
        even if it has been removed meanwhile."""
        live = self.by_id.get(call)
        purpose = None if live is None else live.purpose
        if isinstance(purpose, Hotline) and purpose.number == number:
            return purpose
        if (hotline := self.in_force.hotlines.get(number)) is not None:
            return hotline
        before = self.unclosed.get(call)
        record = before.record if before is not None else None
        if record is None or record.hotline != number or not (record.project and record.flow):
            return None
        return Hotline(number, record.project, record.flow, queue=record.queue)

    def on_line(self, call: CallId, line: str) -> bool:
        """Whether this is a call in progress, on that line."""
        if (live := self.by_id.get(call)) is not None:
            return live.line == line
        before = self.unclosed.get(call)
        return before is not None and before.record.line == line

    def take_up(
        self,
        channel: ChannelId,
        channel_name: str,
        line: LineName,
        caller: str | None,
        number: str,
        entered_at: float,
        caller_name: str | None = None,
    ) -> LiveCall | None:
        """The call; it is made and recorded when a session or an event first shows it.

        ``entered_at`` is in epoch seconds. Returns None if ``number`` is not a hotline's.
        """
        if call := self.by_id.get(channel.call):
            return call
        hotline = self.hotline(channel.call, number)
        if hotline is None:
            self._complain(
                "a call came for a number that is not a hotline; add it to the configuration's"
                " hotlines, or take it out of Asterisk's",
                level="error",
                number=shown(number),
                line=line,
            )
            return None
        caller = self.in_force.caller(line, caller)
        at = datetime.fromtimestamp(entered_at, UTC)
        call = self.by_id[channel.call] = LiveCall(
            channel=channel,
            channel_name=channel_name,
            line=line,
            caller=caller,
            caller_name=caller_name,
            purpose=hotline,
            languages=self.in_force.languages(hotline),
            entered_at=at,
            stage=CallStage.FLOW,
            stage_since=at,
        )
        if before := self.unclosed.pop(call.id, None):
            call.ledger.knew(before.timeline)
        self.note(call, entered(hotline, line, caller, caller_name), at=at)
        return call

    def place(self, channel: ChannelId, line: LineName, placed: PlacedFor) -> LiveCall:
        """Note a call that we are about to place. It is recorded before Asterisk is asked."""
        call = self._placed(channel, line, placed, datetime.now(UTC))
        self.note(call, placed_fact(placed, line), at=call.entered_at)
        return call

    def see_placed(self, channel: ChannelId, channel_name: str) -> LiveCall | None:
        """The call that we placed on this channel, perhaps in an earlier controller; None if it
        can't be known why."""
        if (call := self.by_id.get(channel.call)) is not None:
            call.channel_name = channel_name
            return call
        before = self.unclosed.get(channel.call)
        found = None if before is None else placed_before(before.timeline)
        if before is None or found is None:
            return None
        del self.unclosed[channel.call]
        placed, line, at = found
        call = self._placed(channel, line, placed, at)
        call.channel_name = channel_name
        call.picked_up = any(isinstance(fact.what, CustomerAnswered) for fact in before.timeline)
        call.recorded = call.picked_up
        call.ledger.knew(before.timeline)
        self.adopt(call)
        return call

    def _placed(
        self, channel: ChannelId, line: LineName, placed: PlacedFor, at: datetime
    ) -> LiveCall:
        call = self.by_id[channel.call] = LiveCall(
            channel=channel,
            channel_name="",
            line=line,
            caller=placed.number,
            caller_name=None,
            purpose=placed,
            languages=(),
            entered_at=at,
            stage=CallStage.DIALLED,
            stage_since=at,
        )
        self._changes.touch()
        return call

    def end(self, call: LiveCall) -> bool:
        """The call has ended; returns whether that is news."""
        if self.by_id.pop(call.id, None) is None:
            return False
        self._forget()
        self._just_over.append((self._clock.now(), call))
        return True

    def just_over(self) -> list[LiveCall]:
        """Calls that ended so recently that Asterisk's log may not have all of them yet.

        While a gap waits to be settled, that is all that have ended since, however long it takes;
        while a node can't be seen, also those of its calls that were just over before.
        """
        self._forget()
        over = [call for calls in self._before.values() for call in calls]
        over += [call for _, call in self._just_over]
        return list({call.id: call for call in over}.values())

    def out_of_sight(self, node: NodeName) -> None:
        """From now on nobody sees a node's events. Said again while that is so, it does nothing."""
        if node not in self._before:
            self._before[node] = [each for each in self.just_over() if each.channel.node == node]

    def await_settlement(self, gap: Gap) -> None:
        """A node is seen again. Forget no call that ends from now on until its gap is settled."""
        self._before.pop(gap.node, None)
        self._unsettled.append(gap)

    def settled(self, gap: Gap) -> None:
        """What happened in the gap is recorded."""
        self._unsettled = [other for other in self._unsettled if other is not gap]

    def _forget(self) -> None:
        if self._unsettled:
            return
        while self._just_over and self._just_over[0][0] < self._clock.now() - _JUST_OVER_S:
            self._just_over.popleft()

    def refused(
        self,
        channel: ChannelId,
        line: LineName,
        caller: str | None,
        caller_name: str | None,
        number: str,
        at: float,
    ) -> None:
        """Record a call that was refused because its line was full; ``at`` is in epoch seconds."""
        hotline = self.in_force.hotlines.get(number)
        if hotline is None:
            return
        caller = self.in_force.caller(line, caller)
        call, moment = channel.call, datetime.fromtimestamp(at, UTC)
        for what in (
            entered(hotline, line, caller, caller_name),
            CallBlocked(line),
            CallEnded(Party.SYSTEM, BLOCKED_CAUSE, why=None),
        ):
            self._outbox.put(CallFact(fact_id(call, what.kind), call, moment, what))
        self._changes.touch()

    def adopt(self, call: LiveCall) -> None:
        """Note that an earlier controller had this call."""
        if not call.adopted:
            call.adopted = True
            self.note(call, ControllerLost())

    def note(
        self,
        call: LiveCall,
        what: Happening,
        *,
        at: datetime | None = None,
        supposed: bool = False,
    ) -> None:
        """Write a fact into a call's timeline, if it is new to the call's ledger.

        It happened now, unless ``at`` says otherwise. ``supposed``: nobody saw it happen.
        """
        # A restarted controller writes some facts again.
        identity = fact_id(call.id, what.kind) if isinstance(what, _ONCE) else str(uuid.uuid4())
        fact = CallFact(identity, call.id, at or datetime.now(UTC), what)
        if call.ledger.enter(fact, supposed=supposed):
            self._outbox.put(fact)

    def way_in(
        self,
        call: LiveCall,
        flow: str,
        edition: int | None,
        revision: int | None,
        *,
        revisions: Mapping[str, int],
        secretive: bool,
    ) -> FlowWay:
        """The call's way through this flow: a new one, or it goes on in another session.
        ``revisions`` are those of all flows of the edition."""
        if call.way is None:
            call.way = FlowWay(flow, edition, revision, revisions=revisions, secretive=secretive)
        return call.way

    def note_way(self, call: LiveCall, at: datetime) -> None:
        """Write down how far the call has come in its flow since this was last done."""
        if call.way is not None and (taken := call.way.take(at)) is not None:
            self.note(call, taken, at=at)

    def way_over(self, call: LiveCall, at: datetime) -> None:
        """The call is over."""
        if call.way is not None:
            call.way.over(at, call.talked_at())
            self.note_way(call, at)
            call.way = None

    def write(self, call: LiveCall, facts: Iterable[CallFact]) -> None:
        """Record facts that the call's ledger has settled."""
        for fact in facts:
            if isinstance(fact.what, CallEnded):
                self.way_over(call, fact.at)
            self._outbox.put(fact)

    def stage(self, call: LiveCall, stage: CallStage) -> None:
        """Note how far the call has come, for the board."""
        call.stage, call.stage_since = stage, datetime.now(UTC)
        self._changes.touch()
