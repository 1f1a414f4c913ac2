"""Finds what has changed in one switch's calls by comparing each with how it was. No I/O.

It notices who rings, who talks with the caller, who separated them, and whether for good. It
doesn't change the picture of the channels (``telephony.channels``); ``telephony.node_calls`` does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.identity import CallId, ChannelId, LineName, NodeName, StationName
from domain.reasons import Party
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot
from telephony.call_events import (
    CallerGone,
    CallEvent,
    CallHeld,
    CallSeen,
    CustomerPickedUp,
    CustomerRings,
    RingingEnded,
    StationConnected,
    StationDisconnected,
    StationRinging,
)
from telephony.caller import name_of, number_of
from telephony.channels import RINGING, Channel, ChannelRole, Channels
from telephony.variables import ChannelVariable

_MARKED = re.compile(rf"\r\nChanVariable: {ChannelVariable.CALL}=[^\r]".encode())
"""The variable by which the dialplan marks a channel as a caller in a hotline."""

_NORMAL_CLEARING = 16

REBRIDGED_WITHIN_S = 2.0
"""Channels that are separated and joined again within this time count as talking throughout.

Asterisk does so when it optimises a local pair away, or moves a talk to another bridge.
"""


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
    rang: bool = False
    """Of a customer whom we called: it has been reported that their phone rings."""
    picked_up: bool = False
    """Of such a customer: it has been reported that somebody answered."""


class CallChanges:
    """The calls of one switch, by the uniqueid of the caller's channel."""

    def __init__(self, name: NodeName, channels: Channels) -> None:
        self.name = name
        self.calls: dict[str, Call] = {}
        self.stations_touched: set[StationName] = set()
        """Stations with a channel that came, went or changed state."""
        self._channels = channels
        self._apart: dict[tuple[str, StationName], float] = {}
        """Callers and stations that are apart, the earliest first, each with its deadline."""
        self._now = 0.0

    def take_stations_touched(self) -> set[StationName]:
        touched, self.stations_touched = self.stations_touched, set()
        return touched

    def touch(self, stations: Iterable[StationName]) -> None:
        """Somebody has come to these phones, or left them."""
        self.stations_touched.update(stations)

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

    def reconcile(self, snapshot: Snapshot, now: float) -> list[CallEvent]:
        """Make the channels what the snapshot says; returns what that has changed."""
        self._now = now
        events: list[CallEvent] = []
        gone = {channel.uniqueid: channel for channel in self._channels.replace(snapshot)}
        for channel in gone.values():
            channel.bridge = ""
        for call in self.calls.values():
            for uniqueid in tuple(call.ringing):
                channel = self._channels.by_id.get(uniqueid) or gone[uniqueid]
                if uniqueid in gone or self._rings_for(channel) is not call:
                    events += self.ring_over(channel, "unknown")
        for uniqueid in gone:
            if own := self.calls.get(uniqueid):
                events += self.over(own, Party.UNKNOWN, 0)
        for message in snapshot.channels:
            events += self._look_for_caller(self._channels.by_id[message.get("Uniqueid")], message)
        for call in self.calls.values():
            events += self._compare(call, orderly=False)
        for channel in self._channels.by_id.values():
            events += self._ring(channel)
        return events

    def changed(self, channel: Channel, message: Message) -> list[CallEvent]:
        """What an event about the channel may have changed, except who is in its bridge."""
        if (station := channel.station) is not None:
            self.stations_touched.add(station)
        if channel.role is ChannelRole.STATION:
            return self._ring(channel)
        if channel.phone:
            self.stations_touched.add(StationName(channel.phone))
        return self._look_for_caller(channel, message)

    def _look_for_caller(self, channel: Channel, message: Message) -> list[CallEvent]:
        if channel.role is not ChannelRole.LINE:
            return []
        if (own := self.calls.get(channel.uniqueid)) is not None:
            return self._progress(own)
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
        return [seen, *self._progress(call), *self._compare(call)]

    def _progress(self, call: Call) -> list[CallEvent]:
        """How far the customer whom we called has come. A phone may answer without ringing."""
        customer, events = call.caller, list[CallEvent]()
        if not customer.placed:
            return events
        if customer.state == RINGING and not call.rang:
            call.rang = True
            events.append(CustomerRings(call.id))
        if customer.ever_up and not call.picked_up:
            call.rang = call.picked_up = True
            events.append(CustomerPickedUp(call.id))
        return events

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
            events = self.ring_over(channel, "unknown")
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

    def ring_over(self, channel: Channel, why: str) -> list[CallEvent]:
        call = self.calls.get(channel.in_call)
        station = call.ringing.pop(channel.uniqueid, None) if call else None
        if call is None or station is None or channel.ever_up:
            return []
        return [RingingEnded(call.id, station, why)]

    def call_of(self, uniqueid: str) -> Call | None:
        """The call whose caller this is, or that this phone's channel was in last."""
        channel = self._channels.by_id.get(uniqueid)
        return self.calls.get(uniqueid) or (self.calls.get(channel.in_call) if channel else None)

    def calls_around(self, channel: Channel) -> set[str]:
        """The callers that may be concerned if this channel moves."""
        found = {other.uniqueid for other in self._channels.heard_by(channel)}
        found |= {channel.uniqueid, channel.in_call}
        return {uniqueid for uniqueid in found if uniqueid in self.calls}

    def apart_around(self, channel: Channel) -> set[str]:
        """Those of its callers with a station that may only be on its way to another bridge."""
        return {c for c in self.calls_around(channel) if self.calls[c].apart}

    def compare_all(self, callers: set[str], *, final: bool = False) -> list[CallEvent]:
        events: list[CallEvent] = []
        for uniqueid in sorted(callers):
            events += self._compare(self.calls[uniqueid], final=final)
        return events

    def _compare(self, call: Call, *, orderly: bool = True, final: bool = False) -> list[CallEvent]:
        """The changes in who hears the caller. Not ``orderly``: they happened in a gap. ``final``:
        whoever is apart won't be bridged again."""
        now: dict[StationName, list[Channel]] = {}
        for other in self._channels.heard_by(call.caller):
            if (station := other.station) is not None:
                now.setdefault(station, []).append(other)
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
            if asked or new or final or not orderly or not self._may_return(call, channels):
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
        alive = self._channels.by_id
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
            channel.held = channel.held and channel.nailed_up  # its phone stays as it is
        ago_s = max(0.0, self._now - apart.since)
        return StationDisconnected(call.id, station, apart.by, apart.cause, ago_s)

    def ends_itself(self, channel: Channel) -> list[CallEvent]:
        """Asterisk ends this channel, and nobody asked for that. Whoever a caller has just lost was
        not taken from them by a transfer then: Asterisk had given the caller up (its module
        ``res_rtp_asterisk`` does so, silently, if it can't send them a packet)."""
        call = self.calls.get(channel.uniqueid)
        if call is None or channel.hung_up:
            return []
        events: list[CallEvent] = []
        for station, apart in tuple(call.apart.items()):
            call.apart[station] = _Apart(apart.since, Party.SYSTEM, 0)
            events.append(self._parted(call, station))
        return events

    def _together(self, call: Call, station: StationName) -> _Apart | None:
        """Caller and station are together again, or apart for good: stop waiting."""
        self._apart.pop((call.caller.uniqueid, station), None)
        return call.apart.pop(station, None)

    def over(self, call: Call, by: Party, cause: int) -> list[CallEvent]:
        """The caller's channel is gone; ``by`` says who ended it if nobody was seen to hang up."""
        events = self._compare(call, orderly=by is not Party.UNKNOWN)
        events += [RingingEnded(call.id, station, "cancel") for station in call.ringing.values()]
        del self.calls[call.caller.uniqueid]
        lost = call.caller.lost
        if call.caller.hung_up:
            by = Party.SYSTEM if lost else Party.CALLER
        elif call.agent_hung_up:
            by = Party.AGENT
        gone = CallerGone(call.id, by, cause or call.caller.cause, lost, call.caller.sip)
        return [*events, gone]
