"""Takes what the Asterisks report: events in order, and snapshots after a lost link."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import assert_never

import structlog

from acd.events import StationChanged
from domain.call_facts import FellBack
from domain.floor_facts import Held, Resumed, Transferred
from domain.identity import CallId, ChannelId, LineName, NodeName, ProjectName, QueueName
from domain.outbound_facts import (
    CustomerAbandoned,
    CustomerAnswered,
    CustomerRang,
    DetectionBegan,
    MachineFound,
    MessagePlayed,
    OptedOut,
    PersonFound,
)
from domain.reasons import Party, TransferKind
from engine.admission import Admission
from engine.agents.asides import Asides
from engine.agents.kept_agents import KeptAgents
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.agents.nailed_up import NailedUp
from engine.agents.outside_calls import OutsideCalls, is_outside
from engine.agents.passes_outside import PassesOutside
from engine.agents.room_keys import RoomKeys
from engine.agents.rooms import Rooms
from engine.calls.call import LiveCall, WaitKey
from engine.calls.gap import Gap, moment
from engine.calls.live_calls import LiveCalls
from engine.changes import Changes
from engine.clock import Clock, epoch
from engine.orders import Orders
from engine.ports import CallStage
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot
from telephony.caller import name_of, number_of
from telephony.centre_calls import (
    CallerGone,
    CallerPressed,
    CallEvent,
    CallHeld,
    CallResumed,
    Calls,
    CallSeen,
    CallTransferred,
    CustomerPickedUp,
    CustomerRings,
    EventOfCall,
    PhoneChanged,
    RingingEnded,
    RoomClosed,
    RoomKey,
    RoomOpened,
    StationConnected,
    StationDisconnected,
    StationRinging,
    TransferAstray,
    TransferRefused,
)
from telephony.channels import number
from telephony.complaints import Complaints, shown, where
from telephony.registrations import Registrations
from telephony.variables import ChannelVariable

log = structlog.get_logger()

_SHOWN = 80

LATEST_S = 60.0
"""An event that seems to be older has been stamped by a clock that was set since, or is wrong."""

MOST_HOLDS = 200
"""How many holds and resumes of one party in a call are recorded and answered with music. Phones
can send two thousand a second; each rewrites the call's record, while other calls' records wait."""


class Switches:
    """All nodes' Asterisks; each link reports its node's events and snapshots.

    ``on_doubt`` is given a call that a snapshot doesn't have but that may be younger. ``on_gap`` is
    given each gap, to close it once more is known than the snapshot shows; None if nobody knows
    more.
    """

    def __init__(
        self,
        clock: Clock,
        changes: Changes,
        calls: LiveCalls,
        floor: LiveFloor,
        talks: LiveTalks,
        nailed_up: NailedUp,
        rooms: Rooms,
        asides: Asides,
        outside: OutsideCalls,
        passes: PassesOutside,
        keys: RoomKeys,
        kept_agents: KeptAgents,
        orders: Orders,
        channels: Calls,
        admission: Admission,
        on_doubt: Callable[[LiveCall], None],
        on_gap: Callable[[Gap], None] | None,
    ) -> None:
        self._clock = clock
        self._changes = changes
        self._calls = calls
        self._floor = floor
        self._talks = talks
        self._nailed_up = nailed_up
        self._rooms = rooms
        self._asides = asides
        self._outside = outside
        self._passes = passes
        self._keys = keys
        self._kept_agents = kept_agents
        self._orders = orders
        self._channels = channels
        self._admission = admission
        self._on_doubt = on_doubt
        self._on_gap = on_gap or self.close_gap
        self._complain = Complaints()
        self._registrations = Registrations()
        self._started_at = datetime.now(UTC)
        self._lost_at: dict[NodeName, datetime] = {}
        self._seen: set[NodeName] = set()
        self._timer: asyncio.TimerHandle | None = None

    def on_message(self, node: NodeName, message: Message) -> None:
        """Take one AMI event, in order."""
        if message.name == "UserEvent":
            self._on_dialplan(node, message)
        elif message.name == "Registry":
            self._registrations.handle(node, message, self._calls.in_force.centre.lines)
        happened_at = _happened_at(message)
        for event in self._channels.handle(node, message, self._clock.now()):
            self.on_call_event(event, happened_at=happened_at)
        if message.name == "Hangup":
            channel = ChannelId(node, message.get("Uniqueid"))
            rung = self._nailed_up.ended(channel, number(message.get("Cause")))
            if rung is not None:
                self._asides.phone_ended(rung)
            cause, sip = message.get("Cause"), message.get("TechCause")
            self._outside.ended(channel, number(cause), number(sip))
            self._asides.ended(channel)
        if message.name == "BridgeEnter":
            self._asides.entered(ChannelId(node, message.get("Uniqueid")))
        if message.name == "Newchannel":
            self._asides.arrived(ChannelId(node, message.get("Uniqueid")))
            self._admission.arrived(ChannelId(node, message.get("Uniqueid")))
        self._wind()

    def _wind(self) -> None:
        """Set a timer for when the channels' fold wants to be asked again."""
        deadline = self._channels.next_deadline()
        if deadline is not None and self._timer is None:
            delay = max(0.0, deadline - self._clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        for event in self._channels.tick(self._clock.now()):
            self.on_call_event(event)
        self._wind()

    def on_down(self, node: NodeName, _why: str, /) -> None:
        """A node's events have stopped coming."""
        self._lost_at.setdefault(node, datetime.now(UTC))
        self._changes.touch()

    def on_snapshot(self, node: NodeName, snapshot: Snapshot) -> None:
        """Take what is there after a login; what changed meanwhile comes out as events."""
        since = self._lost_at.pop(node, self._started_at)
        first = node not in self._seen
        gap = self._gap(node, since, snapshot, first=first)
        self._seen.add(node)
        there = {channel.get("Uniqueid") for channel in snapshot.channels}
        for event in self._channels.reconcile(node, snapshot, self._clock.now()):
            self.on_call_event(event, gap)
        for call in list(self._calls.by_id.values()):
            if call.channel.node != node or call.channel.uniqueid in there:
                continue
            if call.attached_at is None or not call.attached or call.attached_at < gap.since:
                self._talks.gone(call, Party.UNKNOWN, 0, gap)
            else:  # it may be younger than the snapshot
                self._on_doubt(call)
        self._talks.seen_in_snapshot(node)
        for name, stored in list(self._calls.unclosed.items()):
            channel = ChannelId.of(name)
            if channel.node == node and channel.uniqueid not in there:
                gap.lost.append(stored)
                del self._calls.unclosed[name]
        gap.going_on = [call for call in self._calls.by_id.values() if call.channel.node == node]
        for call in (*gap.over, *gap.going_on):
            call.ledger.gap_over(gap.until)
        for call in gap.going_on:
            # Nobody knows whether they are still on hold: better silence than music over a voice.
            asks = self._asides.about(call.id)
            if call.ledger.phones and (call.music or call.adopted) and asks is None:
                call.music = False
                self._orders.music(call, False)
                self._rooms.sound_again(call)
        self._nailed_up.seen_in_snapshot()
        self._kept_agents.seen_in_snapshot(node)
        self._asides.seen_in_snapshot(node, there, self._kept_agents.phones)
        talking = {phone for call in self._calls.by_id.values() for phone in call.ledger.phones}
        self._outside.seen_in_snapshot(talking)
        self._on_gap(gap)
        self._changes.touch()

    def lose(self, node: NodeName, calls: Collection[CallId]) -> None:
        """Treat this node's calls whose record has no end, and that Asterisk doesn't have, as a gap
        that has just ended."""
        mine = [name for name in calls if ChannelId.of(name).node == node]
        if not mine:
            return
        gap = self._gap(node, self._started_at, None, first=False)
        gap.lost = [self._calls.unclosed.pop(name) for name in mine]
        self._on_gap(gap)

    def _gap(self, node: NodeName, since: datetime, shown: Snapshot | None, *, first: bool) -> Gap:
        """A gap that ends now, with a snapshot or without."""
        now = datetime.now(UTC)
        gap = Gap(
            node=node,
            since=since,
            until=now,
            events_from=(shown and shown.events_from) or now,
            first=first,
            restarted=shown is not None and shown.restarted,
            known=frozenset([*self._calls.by_id, *(call.id for call in self._calls.just_over())]),
            agents=dict(self._floor.at_station),
        )
        self._calls.await_settlement(gap)
        return gap

    def close_gap(self, gap: Gap) -> None:
        """Record what must have happened in a gap, as the snapshot shows it."""
        for call in (*gap.over, *gap.going_on):
            self._calls.write(call, call.ledger.settle_as_supposed(gap.until))
        for call in gap.over:
            self._talks.on_call_over(call)
        self._calls.settled(gap)

    def _on_dialplan(self, node: NodeName, message: Message) -> None:
        """Take what the dialplan itself reports (UserEvent in extensions.conf)."""
        match message.get("UserEvent"):
            case "OffhookUnknownNumber":
                self._complain(
                    "a line dialled a number that is not a hotline; add it to the configuration's"
                    " hotlines, or have the carrier stop sending it",
                    number=message.get("Number")[:_SHOWN],
                    line=message.get("Line")[:_SHOWN],
                    caller=message.get("Caller")[:_SHOWN],
                    node=node,
                )
            case "OffhookLineFull":
                caller = number_of(message.get("Caller"))
                self._calls.refused(
                    ChannelId(node, message.get("Uniqueid")),
                    LineName(message.get("Line")),
                    caller,
                    name_of(message.get("Name"), caller),
                    message.get("Hotline"),
                    epoch(message.get("At"), datetime.now(UTC).timestamp()),
                )
            case "OffhookListens":
                if call := self._calls.get(CallId(message.get("Call"))):
                    self._calls.note(call, DetectionBegan())
            case "OffhookPerson":
                if call := self._calls.get(CallId(message.get("Call"))):
                    self._calls.note(call, PersonFound())
                    if call.follower is not None:
                        call.follower.is_person()
            case "OffhookMachine":
                if call := self._calls.get(CallId(message.get("Call"))):
                    self._calls.note(call, MachineFound())
                    if call.follower is not None:
                        call.follower.is_machine()
            case "OffhookNobodyFree":
                # The session says so too, if there was one.
                call = self._calls.get(CallId(message.get("Call")))
                if call and call.placed and not call.placed.is_test:
                    self._calls.note(call, CustomerAbandoned(by_customer=False))
                    if call.follower is not None:
                        call.follower.abandoned()
            case "OffhookMessage":
                if call := self._calls.get(CallId(message.get("Call"))):
                    self._calls.note(call, MessagePlayed(message.get("Whole") == "1"))
            case "OffhookOptedOut":
                if call := self._calls.get(CallId(message.get("Call"))):
                    project = message.get("Of")
                    self._calls.note(call, OptedOut(ProjectName(project) if project else None))
            case "OffhookFallback":
                if call := self._calls.get(CallId(message.get("Call"))):
                    queue = message.get("Queue")
                    self._calls.note(call, FellBack(QueueName(queue) if queue else None))
                    self._calls.stage(call, CallStage.FALLBACK)

    def on_call_event(
        self, event: CallEvent, gap: Gap | None = None, *, happened_at: datetime | None = None
    ) -> None:
        """Something happened in a call, or a snapshot after this gap shows that it did.
        ``happened_at`` is when by Asterisk's clock, if it says so.

        What goes wrong with one call must not cost the others in the same message.
        """
        try:
            self._carry_out(event, gap, happened_at)
        except Exception as error:
            self._complain(
                "an event of a call could not be handled; going on with the next one",
                kind=f"{type(event).__name__} {type(error).__name__}",
                level="error",
                what=shown(repr(event)),
                why=shown(repr(error)),
                where=where(error),
            )

    def _carry_out(self, event: CallEvent, gap: Gap | None, happened_at: datetime | None) -> None:
        match event:
            case PhoneChanged():
                self._floor.feed(StationChanged(event.station, event.state))
            case RoomOpened() if is_outside(event.station):
                self._outside.opened(event.station)
            case RoomOpened():
                self._nailed_up.opened(event.station)
                self._asides.opened(event.station)
            case RoomClosed() if is_outside(event.station):
                self._outside.closed(event.station)
            case RoomClosed():
                self._rooms.closed(event.station, event.leg)
                self._nailed_up.closed(event.station)
            case RoomKey():
                self._keys.key(event.station, event.key)
            case CallSeen():
                self._take_up(event, gap)
            case _:
                self._in_call(event, gap, happened_at)

    def _in_call(self, event: EventOfCall, gap: Gap | None, happened_at: datetime | None) -> None:
        call = self._calls.get(event.call)
        if call is None:
            return
        # The grace counts from the answer: an event that comes late must not make it later.
        at = None if happened_at is None else max(happened_at, call.entered_at)
        late_s = 0.0
        if happened_at is not None:
            late_s = max(0.0, (datetime.now(UTC) - happened_at).total_seconds())
        match event:
            case CustomerRings():
                self._calls.note(call, CustomerRang(), at=at)
                if call.follower is not None:
                    call.follower.rings()
            case CustomerPickedUp():
                call.picked_up = True
                self._calls.note(call, CustomerAnswered(), at=at, supposed=gap is not None)
                if call.follower is not None:
                    call.follower.answered()
            case StationRinging():
                if self._floor.was_withdrawn(call.id, event.station):
                    self._orders.stop_ringing(event.station)
                else:
                    self._passed_on(call)
            case RingingEnded():
                pass  # the session that dials reports it, and knows better
            case StationConnected():
                # Not at ``moment``: a restarted Asterisk shows talks of its own.
                now, seen = datetime.now(UTC), gap is None
                self._talks.connected(call, event.station, now, supposed=not seen, late_s=late_s)
                self._asides.met(call, event.station)
                self._music(call)
            case StationDisconnected():
                at = moment(gap) - timedelta(seconds=event.ago_s)
                supposed = gap is not None
                self._talks.disconnected(
                    call, event.station, event.by, at, supposed=supposed, late_s=late_s
                )
                self._music(call)
                self._passed_on(call)
                self._asides.parted(call, event.station)
            case CallHeld() | CallResumed():
                if not self._held_too_often(call, event):
                    self._held(call, event)
                    self._music(call)
            case CallerPressed():
                self._ends_wait(call, event.key, at)
            case CallTransferred():
                self._transferred(call, event)
            case TransferRefused():
                # Asterisk does it by itself only in two-party bridges, where recordings have gaps
                # (docs/decisions/0006-recording.md).
                self._transferred(
                    call, CallTransferred(call.id, event.station_from, event.to, TransferKind.BLIND)
                )
                self._orders.send_on(call, event.context, event.to)
            case TransferAstray():
                self._orders.send_on(call, "returned", "queue")
            case CallerGone():
                self._asides.customer_gone(call.id)
                self._passes.drop(call.id)
                by, lost, sip = event.by, event.lost, event.sip
                self._talks.gone(call, by, event.cause, gap, lost=lost, sip=sip, late_s=late_s)
            case _:
                assert_never(event)

    def _ends_wait(self, call: LiveCall, key: str, at: datetime | None) -> None:
        """The caller has pressed a key; perhaps one that ends their wait, and what they hear."""
        late = at is not None and call.keys_since is not None and at < call.keys_since
        if key in call.keys and not late:
            call.inbox.put(WaitKey(key))
            if call.announcing:
                self._orders.silence(call)

    def _passed_on(self, call: LiveCall) -> None:
        """Show on the board whose phone rings for a caller that an agent passed on."""
        view = self._channels.view(call.id)
        talked = call.stage in (CallStage.TALKING, CallStage.HELD) and not call.ledger.phones
        if talked and view is not None and view.ringing:
            call.agent = self._floor.at_station.get(view.ringing[0])
            self._calls.stage(call, CallStage.RINGING)

    def _music(self, call: LiveCall) -> None:
        """Play music while a phone holds the caller, and not a moment longer: it drowns out speech.

        Once the caller has left the talk, the session stops it, or what they hear next does.
        """
        view = self._channels.view(call.id)
        wanted = call.held_at_desk or (view is not None and view.held_by_phone)
        if view is not None and view.connected and wanted is not call.music:
            call.music = wanted
            self._orders.music(call, wanted)

    def _held_too_often(self, call: LiveCall, event: CallHeld | CallResumed) -> bool:
        """Whether to ignore the event. The last one that is not ignored is a resume."""
        whose = (event.station, event.by)
        if call.holds[whose] < MOST_HOLDS + isinstance(event, CallResumed):
            call.holds[whose] += 1
            return False
        self._complain(
            "a call is held and resumed without end, which is no longer recorded; check the"
            " phone or the line that does it",
            call=call.id,
            line=call.line,
            station=event.station,
            by=event.by.value,
        )
        return True

    def _held(self, call: LiveCall, event: CallHeld | CallResumed) -> None:
        held = isinstance(event, CallHeld)
        kind = Held if held else Resumed
        agent = self._floor.at_station.get(event.station)
        self._calls.note(call, kind(agent, event.station, event.by))
        view = self._channels.view(call.id)
        # The other side may still be holding.
        still = held or call.held_at_desk or (view is not None and view.held)
        self._calls.stage(call, CallStage.HELD if still else CallStage.TALKING)

    def _transferred(self, call: LiveCall, event: CallTransferred) -> None:
        agent = self._floor.at_station.get(event.station_from)
        self._calls.note(call, Transferred(agent, event.station_from, event.to, event.kind))

    def _take_up(self, event: CallSeen, gap: Gap | None) -> None:
        """Take up a call that Asterisk shows: known from its session, or from before our time."""
        known = event.call in self._calls.by_id
        variables = event.variables
        placed = self._calls.see_placed(ChannelId.of(event.call), event.channel_name)
        if placed is not None:
            return
        call = self._calls.take_up(
            ChannelId.of(event.call),
            event.channel_name,
            event.line,
            event.caller_number,
            variables.get(ChannelVariable.HOTLINE) or event.dialled,
            epoch(variables.get(ChannelVariable.ENTERED_AT, ""), datetime.now(UTC).timestamp()),
            event.caller_name,
        )
        if call is not None and not known:
            call.language = variables.get(ChannelVariable.LANG) or None
            call.queue = (
                QueueName(queue) if (queue := variables.get(ChannelVariable.QUEUE)) else None
            )
            if gap is not None and gap.first:
                self._calls.adopt(call)


def _happened_at(message: Message) -> datetime | None:
    """When it happened by Asterisk's stamp; None if that can't be. Events come late while a
    controller starts on a busy machine."""
    now = datetime.now(UTC)
    at = datetime.fromtimestamp(epoch(message.get("Timestamp"), now.timestamp()), UTC)
    return at if now - at <= timedelta(seconds=LATEST_S) else None
