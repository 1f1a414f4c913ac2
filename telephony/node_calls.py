"""Works out calls from one switch's events: who talks, who rings, who hung up. No I/O.

Events only change the picture of the channels (``telephony.channels``); what is reported about a
call is the difference between how it looked before and after. So a snapshot after a lost connection
is treated like any event, and can't contradict them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from domain.identity import CallId, ChannelId, LineName, NodeName, StationName
from domain.reasons import Party, TransferKind
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot, fault_of
from telephony.call_events import (
    CallerGone,
    CallEvent,
    CallHeld,
    CallResumed,
    CallSeen,
    CallTransferred,
    RingingEnded,
    StationConnected,
    StationDisconnected,
    StationRinging,
    TransferAstray,
    TransferRefused,
)
from telephony.caller import name_of, number_of
from telephony.channels import RINGING, Channel, ChannelRole, Channels, number
from telephony.variables import ChannelVariable

_MARKED = re.compile(rf"\r\nChanVariable: {ChannelVariable.CALL}=[^\r]".encode())
"""The variable by which the dialplan marks a channel as a caller in a hotline."""

_NORMAL_CLEARING = 16

REBRIDGED_WITHIN_S = 2.0
"""Channels that are separated and joined again within this time count as talking throughout.

Asterisk does so when it optimises a local pair away, or moves a talk to another bridge."""


@dataclass(frozen=True, slots=True)
class _Apart:
    """Since when a phone no longer hears the caller, and who separated them, if it is final."""

    since: float
    by: Party
    cause: int


@dataclass(slots=True, eq=False)
class Call:
    """A caller's channel and the stations that ring for it or talk with it."""

    id: CallId
    caller: Channel
    connected: dict[StationName, list[Channel]] = field(default_factory=dict)
    ringing: dict[str, StationName] = field(default_factory=dict)
    """By the uniqueid of the phone's channel."""
    apart: dict[StationName, _Apart] = field(default_factory=dict)
    """Connected stations that have left the bridge, perhaps only on their way to another."""
    agent_hung_up: bool = False
    """The agent ended the last talk."""


_OfChannel = Callable[["NodeCalls", Channel, Message], list[CallEvent]]
_Apply = Callable[["NodeCalls", Message], list[CallEvent]]


class NodeCalls:
    """The calls of one Asterisk, by the uniqueid of the caller's channel."""

    def __init__(
        self, name: NodeName, stations: frozenset[StationName], lines: frozenset[LineName]
    ) -> None:
        self.name = name
        self.channels = Channels(stations, lines)
        self.calls: dict[str, Call] = {}
        self.stations_touched: set[StationName] = set()
        """Stations with a channel that came, went or changed state."""
        self._apart: dict[tuple[str, StationName], float] = {}
        """Callers and stations that are apart, the earliest first, each with its deadline."""
        self._now = 0.0

    def take_stations_touched(self) -> set[StationName]:
        touched, self.stations_touched = self.stations_touched, set()
        return touched

    def next_deadline(self) -> float | None:
        """When ``tick`` must be called; None: not before the next event."""
        return next(iter(self._apart.values()), None)

    def tick(self, now: float) -> list[CallEvent]:
        """Report those that have been apart for too long as disconnected."""
        self._now = now
        events: list[CallEvent] = []
        for (caller, station), deadline in tuple(self._apart.items()):
            if deadline > now:
                break
            events.append(self._parted(self.calls[caller], station))
        return events

    def handle(self, message: Message, now: float) -> list[CallEvent]:
        """Take the next event, in the order in which Asterisk sent them. Raises ValueError for one
        that makes no sense, and changes nothing then."""
        return [*self.tick(now), *self._handle(message)]

    def _handle(self, message: Message) -> list[CallEvent]:
        name = message.name
        if of_channel := self._OF_CHANNEL.get(name):
            channel = self.channels.by_id.get(message.get("Uniqueid"))
            return of_channel(self, channel, message) if channel else []
        apply = self._APPLY.get(name)
        return apply(self, message) if apply else []

    def reconcile(self, snapshot: Snapshot, now: float) -> list[CallEvent]:
        """Become what the snapshot says; returns what changed meanwhile."""
        self._now = now
        events: list[CallEvent] = []
        gone = {channel.uniqueid: channel for channel in self.channels.replace(snapshot)}
        for channel in gone.values():
            channel.bridge = ""
        for call in self.calls.values():
            for uniqueid in tuple(call.ringing):
                channel = self.channels.by_id.get(uniqueid) or gone[uniqueid]
                if uniqueid in gone or self._rings_for(channel) is not call:
                    events += self._ring_over(channel, "unknown")
        for uniqueid in gone:
            if own := self.calls.get(uniqueid):
                events += self._over(own, Party.UNKNOWN, 0)
        for message in snapshot.channels:
            events += self._look_for_caller(self.channels.by_id[message.get("Uniqueid")], message)
        for call in self.calls.values():
            events += self._compare(call, orderly=False)
        for channel in self.channels.by_id.values():
            events += self._ring(channel)
        return events

    # --- events about a known channel

    def _known(self, channel: Channel, message: Message) -> list[CallEvent]:
        self.channels.update(channel, message)
        return self._changed(channel, message)

    def _rename(self, channel: Channel, message: Message) -> list[CallEvent]:
        before = self._calls_around(channel)
        self.channels.rename(channel, message.get("Newname"))
        return self._compare_all(before | self._calls_around(channel))

    def _enter(self, channel: Channel, message: Message) -> list[CallEvent]:
        events = self._known(channel, message)
        before = self._calls_around(channel)
        self.channels.enter(channel, message.get("BridgeUniqueid"))
        return events + self._compare_all(before | self._calls_around(channel))

    def _leave(self, channel: Channel, message: Message) -> list[CallEvent]:
        bridge = message.get("BridgeUniqueid")
        events: list[CallEvent] = []
        if not channel.bridge:  # an heir may leave before the one it replaced is gone
            for uniqueid in tuple(self.channels.bridges.get(bridge, ())):
                if self.channels.by_id[uniqueid].heir == channel.uniqueid:
                    events += self._inherit(self.channels.by_id[uniqueid])
        if channel.bridge != bridge:
            return events
        before = self._calls_around(channel)
        self.channels.leave(channel)
        return events + self._compare_all(before)

    def _inherit(self, channel: Channel) -> list[CallEvent]:
        """Give its place in a bridge to its heir, if it has one."""
        before = self._calls_around(channel)
        heir = self.channels.inherit(channel)
        return self._compare_all(before | self._calls_around(heir)) if heir else []

    def _hold(self, channel: Channel, message: Message) -> list[CallEvent]:
        held = message.name == "Hold"
        if channel.held is held:
            return []
        channel.held = held
        kind = CallHeld if held else CallResumed
        own = self.calls.get(channel.uniqueid)
        if own is not None:
            return [kind(own.id, station, Party.CALLER) for station in own.connected]
        call = self.calls.get(channel.in_call)
        station = StationName(channel.endpoint)
        if call is None or channel not in call.connected.get(station, ()):
            return []
        return [kind(call.id, station, Party.AGENT)]

    def _hang_up_request(self, channel: Channel, message: Message) -> list[CallEvent]:
        self.channels.hang_up(channel, number(message.get("Cause")))
        # SIP's code for a request that nobody answered; a BYE has no code (measured).
        channel.lost = channel.lost or message.get("TechCause") == "408"
        return self._known(channel, message) + self._compare_all(self._apart_around(channel))

    def _soft_hang_up_request(self, channel: Channel, message: Message) -> list[CallEvent]:
        channel.ended_by_system = True
        return self._known(channel, message)

    def _hang_up(self, channel: Channel, message: Message) -> list[CallEvent]:
        events = self._known(channel, message) + self._inherit(channel)
        before = self._calls_around(channel)
        self.channels.remove(channel)
        events += self._ring_over(channel, channel.dial_status or "unknown")
        events += self._compare_all(before)
        own = self.calls.get(channel.uniqueid)
        if own is not None:
            events += self._over(own, Party.SYSTEM, number(message.get("Cause")))
        return events

    # --- other events

    def _new_channel(self, message: Message) -> list[CallEvent]:
        if fault := fault_of(message):
            raise ValueError(f"a new channel with {fault}")
        return self._changed(self.channels.add(message), message)

    def _bridge_over(self, message: Message) -> list[CallEvent]:
        touched: set[str] = set()
        for uniqueid in tuple(self.channels.bridges.get(message.get("BridgeUniqueid"), ())):
            channel = self.channels.by_id[uniqueid]
            touched |= self._calls_around(channel)
            self.channels.leave(channel)
        return self._compare_all(touched)

    def _dial_end(self, message: Message) -> list[CallEvent]:
        channel = self.channels.by_id.get(message.get("DestUniqueid"))
        if channel is not None:
            channel.dial_status = message.get("DialStatus").lower()
        return []

    def _blind_transfer(self, message: Message) -> list[CallEvent]:
        ends = ("Transferee", "Transferer")
        to = message.get("Extension")
        if message.get("Result") != "Fail":
            return self._transferred(message, ("Transferer",), ends, to, TransferKind.BLIND)
        channel = self.channels.by_id.get(message.get("TransfererUniqueid"))
        call = self._call_of(channel.uniqueid) if channel else None
        if channel is None or channel.role is not ChannelRole.STATION or call is None:
            return []
        station = StationName(channel.endpoint)
        return [TransferRefused(call.id, station, message.get("Context"), to)]

    def _attended_transfer(self, message: Message) -> list[CallEvent]:
        transferers = ("OrigTransferer", "SecondTransferer")
        ends = ("Transferee", "TransferTarget", *transferers)
        to = message.get("SecondTransfererExten")
        for prefix in ends[:2]:
            target = self.channels.by_id.get(message.get(f"{prefix}Uniqueid"))
            if target is not None and target.role is ChannelRole.STATION:
                to = target.endpoint
        # The phone may have named its two calls the other way round, or the colleague called it.
        to = to or message.get("OrigTransfererExten") or self._other_phone(message)
        if left := self._left_without_a_phone(message):
            return [TransferAstray(call.id) for call in left]
        events = self._transferred(message, transferers, ends, to, TransferKind.ATTENDED)
        transferred = [event for event in events if isinstance(event, CallTransferred)]
        for prefix in transferers:
            channel = self.channels.by_id.get(message.get(f"{prefix}Uniqueid"))
            if channel is not None and transferred:
                channel.heir = ChannelId.of(transferred[0].call).uniqueid
        # Dial leads to a colleague; any other application that a phone is in is a feature code.
        astray = message.get("DestType") == "App" and message.get("DestApp") != "Dial"
        return events + [TransferAstray(event.call) for event in transferred if astray]

    def _other_phone(self, message: Message) -> str:
        """The only phone that an attended transfer leaves in the two bridges; empty if there is
        none, or more than one."""
        transferers = {message.get(f"{one}TransfererUniqueid") for one in ("Orig", "Second")}
        phones = {
            self.channels.by_id[uniqueid].endpoint
            for prefix in ("Orig", "Second")
            for uniqueid in self.channels.bridges.get(message.get(f"{prefix}BridgeUniqueid"), ())
            if uniqueid not in transferers
            and self.channels.by_id[uniqueid].role is ChannelRole.STATION
        }
        return phones.pop() if len(phones) == 1 else ""

    def _left_without_a_phone(self, message: Message) -> list[Call]:
        """The callers that an attended transfer leaves without a phone: an agent has joined two of
        them, or transferred a talk to itself."""
        if message.get("Result") != "Success":
            return []
        uniqueids = {message.get(f"{prefix}TransfererUniqueid") for prefix in ("Orig", "Second")}
        calls = [call for uniqueid in sorted(uniqueids) if (call := self._call_of(uniqueid))]
        if len(uniqueids) == 1:
            return calls
        bridges = {message.get(f"{prefix}BridgeUniqueid") for prefix in ("Orig", "Second", "Dest")}
        there = [call for call in calls if call.caller.bridge and call.caller.bridge in bridges]
        return there if len({call.id for call in there}) == 2 else []

    def _transferred(
        self,
        message: Message,
        transferers: tuple[str, ...],
        ends: tuple[str, ...],
        to: str,
        kind: TransferKind,
    ) -> list[CallEvent]:
        """A transfer that succeeded. ``transferers`` and ``ends`` are prefixes of the event's
        channels."""
        if message.get("Result") != "Success":
            return []
        station = ""
        for prefix in transferers:
            channel = self.channels.by_id.get(message.get(f"{prefix}Uniqueid"))
            if channel is not None and channel.role is ChannelRole.STATION and not station:
                station = channel.endpoint
        calls = (self._call_of(message.get(f"{prefix}Uniqueid")) for prefix in ends)
        call = next((call for call in calls if call), None)
        if call is None or not station:
            return []
        return [CallTransferred(call.id, StationName(station), to, kind)]

    # --- differences

    def _changed(self, channel: Channel, message: Message) -> list[CallEvent]:
        """What an event about the channel may have changed, except who is in its bridge."""
        if channel.role is ChannelRole.STATION:
            self.stations_touched.add(StationName(channel.endpoint))
            return self._ring(channel)
        return self._look_for_caller(channel, message)

    def _look_for_caller(self, channel: Channel, message: Message) -> list[CallEvent]:
        if channel.role is not ChannelRole.LINE or channel.uniqueid in self.calls:
            return []
        if not _MARKED.search(message.raw):
            return []
        variables = {name: value for name, value in message.variables().items() if value}
        call = Call(ChannelId(self.name, channel.uniqueid).call, channel)
        self.calls[channel.uniqueid] = call
        dialled = variables.get(ChannelVariable.HOTLINE) or channel.exten
        line = LineName(channel.endpoint)
        caller = number_of(message.get("CallerIDNum"))
        name = name_of(variables.get(ChannelVariable.CALLER_NAME, ""), caller)
        seen = CallSeen(call.id, channel.name, line, caller, dialled, variables, name)
        return [seen, *self._compare(call)]

    def _ring(self, channel: Channel) -> list[CallEvent]:
        call = self._rings_for(channel)
        station = StationName(channel.endpoint)
        if (
            call is None
            or channel.uniqueid in call.ringing
            or channel in call.connected.get(station, ())
        ):
            return []
        events = self._joins(channel, call)
        call.ringing[channel.uniqueid] = station
        call.agent_hung_up = False
        return [*events, StationRinging(call.id, station)]

    def _joins(self, channel: Channel, call: Call) -> list[CallEvent]:
        """From now on the phone's channel belongs to this call and rings for no other."""
        events: list[CallEvent] = []
        if channel.in_call != call.caller.uniqueid:
            events = self._ring_over(channel, "unknown")
        channel.in_call = call.caller.uniqueid
        return events

    def _rings_for(self, channel: Channel) -> Call | None:
        """The call that it was dialled for: usually its linkedid is the caller's uniqueid."""
        if channel.role is not ChannelRole.STATION or channel.state != RINGING or channel.bridge:
            return None  # a channel in a bridge has answered, whatever its state says
        call = self.calls.get(channel.linkedid)
        if call is not None:
            return call
        linked = (c for c in self.calls.values() if c.caller.linkedid == channel.linkedid)
        # If there are several, always the same one, in whatever order they became known.
        return min(linked, key=lambda c: c.caller.uniqueid, default=None)

    def _ring_over(self, channel: Channel, why: str) -> list[CallEvent]:
        call = self.calls.get(channel.in_call)
        station = call.ringing.pop(channel.uniqueid, None) if call else None
        if call is None or station is None or channel.ever_up:
            return []
        return [RingingEnded(call.id, station, why)]

    def _call_of(self, uniqueid: str) -> Call | None:
        """The call whose caller this is, or that this phone's channel was in last."""
        channel = self.channels.by_id.get(uniqueid)
        return self.calls.get(uniqueid) or (self.calls.get(channel.in_call) if channel else None)

    def _calls_around(self, channel: Channel) -> set[str]:
        """The callers that may be concerned if this channel moves."""
        found = {other.uniqueid for other in self.channels.heard_by(channel)}
        found |= {channel.uniqueid, channel.in_call}
        return {uniqueid for uniqueid in found if uniqueid in self.calls}

    def _apart_around(self, channel: Channel) -> set[str]:
        """Those of its callers with a station that may only be on its way to another bridge."""
        return {c for c in self._calls_around(channel) if self.calls[c].apart}

    def _compare_all(self, callers: set[str]) -> list[CallEvent]:
        events: list[CallEvent] = []
        for uniqueid in sorted(callers):
            events += self._compare(self.calls[uniqueid])
        return events

    def _compare(self, call: Call, *, orderly: bool = True) -> list[CallEvent]:
        """The changes in who hears the caller. Not ``orderly``: they happened while nobody
        looked."""
        now: dict[StationName, list[Channel]] = {}
        for other in self.channels.heard_by(call.caller):
            if other.role is ChannelRole.STATION:
                now.setdefault(StationName(other.endpoint), []).append(other)
        before, call.connected = call.connected, now
        new = now.keys() - before.keys()
        events: list[CallEvent] = []
        for station, channels in before.items():
            if station in now:
                self._together(call, station)
                continue
            call.connected[station] = channels  # until they are reported as disconnected
            if station not in call.apart:
                by, cause, asked = self._who_parted(call, channels, orderly)
                call.apart[station] = _Apart(self._now, by, cause)
                self._apart[call.caller.uniqueid, station] = self._now + REBRIDGED_WITHIN_S
            else:
                asked = False
            if asked or new or not orderly or not self._may_return(call, channels):
                events.append(self._parted(call, station))
        for station, channels in now.items():
            if station in call.apart:
                continue
            for channel in channels:
                events += self._joins(channel, call)
                channel.ever_up = True
                call.ringing.pop(channel.uniqueid, None)
            if station in new:
                call.agent_hung_up = False
                events.append(StationConnected(call.id, station))
                if call.caller.held:
                    events.append(CallHeld(call.id, station, Party.CALLER))
                if any(channel.held for channel in channels):
                    events.append(CallHeld(call.id, station, Party.AGENT))
        return events

    def _may_return(self, call: Call, channels: list[Channel]) -> bool:
        """Whether both sides are still there, so that they may be bridged again."""
        alive = self.channels.by_id
        return (
            call.caller.uniqueid in alive
            and not call.caller.hung_up
            and any(c.uniqueid in alive and not c.hung_up for c in channels)
        )

    def _who_parted(
        self, call: Call, left: list[Channel], orderly: bool
    ) -> tuple[Party, int, bool]:
        """Who separated caller and phone, the cause, and whether somebody asked for the end."""
        ended = min((c for c in left if c.hung_up), key=lambda c: c.hung_up, default=None)
        caller = call.caller
        if ended is not None and not 0 < caller.hung_up < ended.hung_up:
            call.agent_hung_up = True
            return Party.AGENT, ended.cause, True
        if caller.hung_up:
            return Party.UNKNOWN if caller.lost else Party.CALLER, caller.cause, True
        if orderly and not any(c.ended_by_system for c in (caller, *left)):
            # Nobody asked for the end: a transfer separated them, or they are being moved to
            # another bridge. BlindTransfer and AttendedTransfer say so too, but come sometimes
            # before and sometimes after the channels have moved (measured).
            return Party.AGENT, _NORMAL_CLEARING, False
        return Party.UNKNOWN, 0, True

    def _parted(self, call: Call, station: StationName) -> StationDisconnected:
        """Caller and station are apart for good."""
        apart = self._together(call, station) or _Apart(self._now, Party.UNKNOWN, 0)
        for channel in call.connected.pop(station):
            channel.held = False
        ago_s = max(0.0, self._now - apart.since)
        return StationDisconnected(call.id, station, apart.by, apart.cause, ago_s)

    def _together(self, call: Call, station: StationName) -> _Apart | None:
        """Caller and station are together again, or apart for good: stop waiting."""
        self._apart.pop((call.caller.uniqueid, station), None)
        return call.apart.pop(station, None)

    def _over(self, call: Call, by: Party, cause: int) -> list[CallEvent]:
        """The caller's channel is gone; ``by`` says who ended it if nobody was seen to hang up."""
        events = self._compare(call, orderly=by is not Party.UNKNOWN)
        events += [RingingEnded(call.id, station, "cancel") for station in call.ringing.values()]
        del self.calls[call.caller.uniqueid]
        lost = call.caller.lost
        if call.caller.hung_up:
            by = Party.SYSTEM if lost else Party.CALLER
        elif call.agent_hung_up:
            by = Party.AGENT
        return [*events, CallerGone(call.id, by, cause or call.caller.cause, lost)]

    _OF_CHANNEL: ClassVar[Mapping[str, _OfChannel]] = {
        "Newstate": _known,
        "Newexten": _known,
        "DialBegin": _known,
        "Rename": _rename,
        "BridgeEnter": _enter,
        "BridgeLeave": _leave,
        "Hold": _hold,
        "Unhold": _hold,
        "HangupRequest": _hang_up_request,
        "SoftHangupRequest": _soft_hang_up_request,
        "Hangup": _hang_up,
    }
    """Events about the channel ``Uniqueid``; if it is not known, they are older than the
    snapshot."""

    _APPLY: ClassVar[Mapping[str, _Apply]] = {
        "Newchannel": _new_channel,
        "BridgeDestroy": _bridge_over,
        "DialEnd": _dial_end,
        "BlindTransfer": _blind_transfer,
        "AttendedTransfer": _attended_transfer,
    }
