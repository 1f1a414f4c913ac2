"""Carries out what follows from each event of a call: facts, news for the floor, music, stages."""

from datetime import UTC, datetime, timedelta
from typing import assert_never

from acd.events import StationChanged
from domain.floor_facts import Held, Resumed, Transferred
from domain.identity import ChannelId, QueueName
from domain.outbound_facts import CustomerAnswered, CustomerRang
from domain.reasons import TransferKind
from engine.agents.asides import Asides
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.agents.nailed_up import NailedUp
from engine.agents.outside_calls import OutsideCalls, is_outside
from engine.agents.passes_outside import PassesOutside
from engine.agents.room_keys import RoomKeys
from engine.agents.rooms import Rooms
from engine.board_ports import CallStage
from engine.calls.call import LiveCall, WaitKey
from engine.calls.gap import Gap, moment
from engine.calls.live_calls import LiveCalls
from engine.clock import epoch
from engine.orders import Orders
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
from telephony.complaints import Complaints, shown, where
from telephony.variables import ChannelVariable

MOST_HOLDS = 200
"""How many holds and resumes of one party in a call are recorded and answered with music. Phones
can send two thousand a second; each rewrites the call's record, while other calls' records wait."""


class CallReactions:
    """What each event of a call, a phone or a room means for the centre."""

    def __init__(
        self,
        calls: LiveCalls,
        floor: LiveFloor,
        talks: LiveTalks,
        nailed_up: NailedUp,
        rooms: Rooms,
        asides: Asides,
        outside: OutsideCalls,
        passes: PassesOutside,
        keys: RoomKeys,
        orders: Orders,
        channels: Calls,
    ) -> None:
        self._calls = calls
        self._floor = floor
        self._talks = talks
        self._nailed_up = nailed_up
        self._rooms = rooms
        self._asides = asides
        self._outside = outside
        self._passes = passes
        self._keys = keys
        self._orders = orders
        self._channels = channels
        self._complain = Complaints()

    def react_to(
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
            "a call is put on hold and resumed again and again, and that is no longer recorded;"
            " check the phone or the line that does it",
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
